/* Splits SQL text into statements as psql does: psqlscan.l by hand, pushed. */

#include "lexer.h"
#include "lex_input.h"
#include "lex_watch.h"

#include <stdlib.h>
#include <string.h>

enum state {
	STATE_PLAIN,		/* between tokens */
	STATE_WORD,
	STATE_NUMBER,		/* or a parameter: $1 */
	STATE_QUOTE,		/* '...' or "..." */
	STATE_TAG,		/* perhaps the beginning of a dollar quote */
	STATE_DOLLAR,		/* a dollar quote's body */
	STATE_COMMENT,		/* to the end of the line */
	STATE_BLOCK,		/* a block comment */
	STATE_VARIABLE,		/* perhaps a psql variable */
	STATE_PLACEHOLDER,	/* perhaps ${name} */
	STATE_META,		/* a backslash command */
	STATE_LINE,		/* the rest of the line of a COPY */
	STATE_DATA,		/* COPY data */
	STATE_DONE		/* `last` is all there is to say */
};

struct lexer {
	unsigned flags;
	enum state state;
	enum lex_kind kind;	/* what the handler of a state has found */
	struct lex_input in;

	/* The statement at hand. */
	bool begun;		/* its first token or block comment was met */
	bool solid;		/* it has a token */
	struct lex_watch watch;
	struct lex_item item;
	struct lex_var *vars;
	size_t vars_size;
	size_t parens, brackets;
	struct lex_place outer;	/* of the outermost open parenthesis, or of the
				   BEGIN when it is that */

	/* The token at hand. */
	struct lex_place opened;
	char quote;
	bool escapes;		/* a backslash escapes */
	bool doubles;		/* the quote doubled is a quote */
	size_t tag_len;		/* of the dollar quote, with both $ */
	size_t matched;		/* so much of it was seen at its end */
	size_t nest;		/* of block comments, less one */

	/* COPY. */
	size_t copies;		/* data is to come for so many */
	bool line_start;
	char *held;		/* what follows the COPY in its line */
	size_t held_len;
	struct lex_place held_at;

	/* Whether backslashes escape in '...'. */
	bool escaping;
	bool session_escaping;	/* without SET LOCAL */
	bool next_escaping;	/* from `next_line` on */
	size_t next_line;

	struct lex_item last;	/* of LEX_END and LEX_BAD */
};

static bool
is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ident_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c >= 0x80;
}

/* Of psql's variable names and dollar quotes' tags. */
static bool
is_name(int c)
{
	return is_ident_start(c) || is_digit(c);
}

static bool
is_placeholder(int c)
{
	return is_name(c) || c == '.' || c == ':' || c == '-';
}

/* What a handler returns: an item is found, or more is needed; or go on. */
static bool
found(struct lexer *lx, enum lex_kind kind)
{
	lx->kind = kind;
	return true;
}

static bool
more(struct lexer *lx)
{
	return found(lx, LEX_MORE);
}

static bool
done(struct lexer *lx, struct lex_item *item, enum lex_kind kind)
{
	lx->state = STATE_DONE;
	*item = lx->last;
	return found(lx, kind);
}

static bool
bad(struct lexer *lx, struct lex_item *item, const char *what,
    struct lex_place place)
{
	lx->last.text = what;
	lx->last.len = strlen(what);
	lx->last.line = place.line;
	lx->last.col = place.col;
	return done(lx, item, LEX_BAD);
}

/* The byte at `off` in what was fed. */
static int
at(const struct lexer *lx, size_t off)
{
	return (unsigned char)lx->in.buf[off];
}

/*
 * Statements
 */

/* A token or block comment begins at `pos`, and with it maybe a statement. */
static void
begin(struct lexer *lx)
{
	struct lex_place place;

	lx->in.token = lx->in.pos;
	if (lx->begun)
		return;
	lx->begun = true;
	lex_input_keep(&lx->in);
	place = lex_input_place(&lx->in, lx->in.pos);
	lx->item.line = place.line;
	lx->item.col = place.col;
}

static void
begin_token(struct lexer *lx)
{
	begin(lx);
	lx->solid = true;
}

/* The next statement begins at `pos` or behind it. */
static void
forget_statement(struct lexer *lx)
{
	lx->begun = lx->solid = false;
	lx->parens = lx->brackets = 0;
	lx->item.joined = false;
	lx->item.nwords = lx->item.nvars = 0;
	lex_watch_item(&lx->watch);
	lex_input_drop(&lx->in);
}

static void
add_word(struct lexer *lx, bool quoted)
{
	struct lex_item *item = &lx->item;
	struct lex_word *word;
	size_t depth = lx->parens + lx->brackets;

	if (item->nwords < (depth > 0 ? LEX_INNER_WORDS : LEX_WORDS)) {
		word = &item->words[item->nwords++];
		word->off = lex_input_in_text(&lx->in, lx->in.token);
		word->len = lx->in.pos - lx->in.token;
		word->depth = (unsigned)depth;
		word->quoted = quoted;
		word->first = !lx->watch.begun;
	}
	lx->watch.begun = true;
}

static bool
add_var(struct lexer *lx, const struct lex_var *var)
{
	struct lex_var *vars;
	size_t size;

	if (lx->item.nvars == lx->vars_size) {
		size = lx->vars_size == 0 ? 16 : 2 * lx->vars_size;
		vars = reallocarray(lx->vars, size, sizeof(*vars));
		if (vars == NULL)
			return false;
		lx->vars = vars;
		lx->vars_size = size;
	}
	lx->vars[lx->item.nvars++] = *var;
	return true;
}

static int
by_offset(const void *a, const void *b)
{
	const struct lex_var *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* Find each ${name}, wherever it stands. */
static bool
add_placeholders(struct lexer *lx)
{
	const char *text = lx->item.text, *p;
	struct lex_var var = { .form = LEX_PLACEHOLDER };
	size_t len = lx->item.len, i, n;

	for (i = 0; i < len; i = n) {
		p = memchr(text + i, '$', len - i);
		if (p == NULL)
			break;
		var.off = (size_t)(p - text);
		n = var.off + 1;
		if (n == len || text[n] != '{')
			continue;
		var.name = ++n;
		while (n < len && is_placeholder((unsigned char)text[n]))
			n++;
		var.name_len = n - var.name;
		if (n == len || text[n] != '}' || var.name_len == 0)
			continue;
		var.len = ++n - var.off;
		if (!add_var(lx, &var))
			return false;
	}
	if (lx->item.nvars > 1)
		qsort(lx->vars, lx->item.nvars, sizeof(var), by_offset);
	return true;
}

/* As psql asks for the setting once a line, a change counts from the next. */
static void
change_strings(struct lexer *lx)
{
	bool local;

	switch (lex_watch_strings(&lx->item, &local)) {
	case LEX_STRINGS_KEPT:
		return;
	case LEX_STRINGS_ON:
		lx->next_escaping = false;
		break;
	case LEX_STRINGS_OFF:
		lx->next_escaping = true;
		break;
	case LEX_STRINGS_RESET:
		lx->next_escaping = lx->flags & LEX_BACKSLASH_QUOTES;
		break;
	case LEX_STRINGS_END:
		lx->next_escaping = lx->session_escaping;
		break;
	}
	if (!local)
		lx->session_escaping = lx->next_escaping;
	lx->next_line = lex_input_place(&lx->in, lx->in.pos).line + 1;
}

/* The statement, if there is one, ends before `end`. */
static bool
end_statement(struct lexer *lx, struct lex_item *item, size_t end,
    bool semicolon)
{
	bool solid = lx->solid;

	if (solid) {
		lx->item.len = lex_input_text(&lx->in, end);
		lx->item.text = lx->in.buf + lx->in.start;
		while (!semicolon &&
		    is_blank(lx->item.text[lx->item.len - 1]))
			lx->item.len--;
		lx->item.semicolon = semicolon;
		lx->copies = lx->watch.copies;
		lx->item.copy_in = lx->copies > 0;
		if ((lx->flags & LEX_PLACEHOLDERS) && !add_placeholders(lx))
			return done(lx, item, LEX_NOMEM);
		change_strings(lx);
		lx->item.vars = lx->vars;
		*item = lx->item;
	}
	forget_statement(lx);
	lx->state = solid && lx->copies > 0 ? STATE_LINE : STATE_PLAIN;
	return solid && found(lx, LEX_STATEMENT);
}

/* All was read, and no token is open. */
static bool
end_text(struct lexer *lx, struct lex_item *item)
{
	if (lx->watch.begins > 0)
		return bad(lx, item, "BEGIN without END in a function's body",
		    lx->outer);
	if (lx->parens > 0)
		return bad(lx, item, "unclosed parenthesis", lx->outer);
	if (lx->solid)
		return end_statement(lx, item, lx->in.pos, false);
	return done(lx, item, LEX_END);
}

/*
 * Tokens: what begins at `pos`, between tokens
 */

static bool
open_quote(struct lexer *lx, bool escapes, bool doubles)
{
	lex_watch_other(&lx->watch);
	lx->opened = lex_input_place(&lx->in, lx->in.token);
	lx->quote = lx->in.buf[lx->in.pos++];
	lx->escapes = escapes;
	lx->doubles = doubles;
	lx->state = STATE_QUOTE;
	return false;
}

static bool
at_quote(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	begin_token(lx);
	if (lex_input_place(&lx->in, lx->in.pos).line >= lx->next_line)
		lx->escaping = lx->next_escaping;
	return open_quote(lx, lx->escaping, true);
}

static bool
at_double_quote(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	begin_token(lx);
	return open_quote(lx, false, true);
}

static bool
at_open(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	begin_token(lx);
	lex_watch_other(&lx->watch);
	if (at(lx, lx->in.pos) == '[')
		lx->brackets++;
	else if (lx->parens++ == 0 && lx->watch.begins == 0)
		lx->outer = lex_input_place(&lx->in, lx->in.pos);
	lx->in.pos++;
	return false;
}

static bool
at_close(struct lexer *lx, struct lex_item *item)
{
	size_t *depth;

	(void)item;
	begin_token(lx);
	depth = at(lx, lx->in.pos++) == ']' ? &lx->brackets : &lx->parens;
	if (*depth > 0)
		--*depth;
	return false;
}

static bool
at_semicolon(struct lexer *lx, struct lex_item *item)
{
	if (lx->parens == 0 && lx->watch.begins == 0)
		return end_statement(lx, item, lx->in.pos++, true);
	begin(lx);
	lx->in.pos++;
	return false;
}

/* A token of one byte of which nothing depends. */
static bool
at_other(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	begin_token(lx);
	lex_watch_other(&lx->watch);
	lx->in.pos++;
	return false;
}

/* \; and \: stand for the second byte; anything else is a command. */
static bool
at_backslash(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	int c;

	(void)item;
	c = lex_input_peek(in, 1);
	if (c == LEX_PEEK_CUT)
		return more(lx);
	if (c == ';' || c == ':') {
		begin(lx);
		in->pos++;
		lex_input_hole(in, in->pos - 1);
		in->pos++;
		if (c == ';') {
			lx->item.joined = true;
			lex_watch_statement(&lx->watch);
		}
		return false;
	}
	in->token = in->pos;
	if (!lx->begun)
		lex_input_keep(in);
	lx->opened = lex_input_place(in, in->pos);
	lx->state = STATE_META;
	return false;
}

static bool
at_colon(struct lexer *lx, struct lex_item *item)
{
	int c;

	c = lex_input_peek(&lx->in, 1);
	if (c == LEX_PEEK_CUT)
		return more(lx);
	at_other(lx, item);
	if (c == ':' || c == '=')
		lx->in.pos++;
	else if (c == '\'' || c == '"') {
		lx->quote = (char)c;
		lx->in.pos++;
		lx->state = STATE_VARIABLE;
	} else if (is_name(c)) {
		lx->quote = '\0';
		lx->state = STATE_VARIABLE;
	}
	return false;
}

static bool
at_dollar(struct lexer *lx, struct lex_item *item)
{
	int c;

	c = lex_input_peek(&lx->in, 1);
	if (c == LEX_PEEK_CUT)
		return more(lx);
	at_other(lx, item);
	if (c == '{' && (lx->flags & LEX_PLACEHOLDERS)) {
		lx->in.pos++;
		lx->state = STATE_PLACEHOLDER;
	} else if (is_digit(c))
		lx->state = STATE_NUMBER;
	else if (c == '$' || is_ident_start(c))
		lx->state = STATE_TAG;
	return false;
}

static bool
at_minus(struct lexer *lx, struct lex_item *item)
{
	int c;

	c = lex_input_peek(&lx->in, 1);
	if (c == LEX_PEEK_CUT)
		return more(lx);
	if (c != '-')
		return at_other(lx, item);
	lx->in.token = lx->in.pos;
	lx->in.pos += 2;
	lx->state = STATE_COMMENT;
	return false;
}

static bool
at_slash(struct lexer *lx, struct lex_item *item)
{
	int c;

	c = lex_input_peek(&lx->in, 1);
	if (c == LEX_PEEK_CUT)
		return more(lx);
	if (c != '*')
		return at_other(lx, item);
	begin(lx);
	lx->opened = lex_input_place(&lx->in, lx->in.pos);
	lx->in.pos += 2;
	lx->nest = 0;
	lx->state = STATE_BLOCK;
	return false;
}

typedef bool handler(struct lexer *, struct lex_item *);

static handler *const at_byte[128] = {
	['\''] = at_quote,
	['"'] = at_double_quote,
	['('] = at_open,
	['['] = at_open,
	[')'] = at_close,
	[']'] = at_close,
	[';'] = at_semicolon,
	['\\'] = at_backslash,
	[':'] = at_colon,
	['$'] = at_dollar,
	['-'] = at_minus,
	['/'] = at_slash,
};

static bool
scan_plain(struct lexer *lx, struct lex_item *item)
{
	int c;

	while (lx->in.pos < lx->in.end && is_blank(at(lx, lx->in.pos)))
		lx->in.pos++;
	if (lex_input_dry(&lx->in))
		return more(lx);
	c = lex_input_peek(&lx->in, 0);
	if (c == LEX_PEEK_END)
		return end_text(lx, item);
	if (c < 128 && at_byte[c] != NULL)
		return at_byte[c](lx, item);
	if (!is_name(c))
		return at_other(lx, item);
	begin_token(lx);
	lx->state = is_digit(c) ? STATE_NUMBER : STATE_WORD;
	return false;
}

/*
 * States: within a token
 */

/* It was not what it seemed: only its first byte is a token. */
static bool
step_back(struct lexer *lx)
{
	lx->in.pos = lx->in.token + 1;
	lx->state = STATE_PLAIN;
	return false;
}

/*
 * If the word that ends at `pos` is a quote's prefix, open that: E'', B'', X'',
 * U&'', U&"".  N is none: psql reads N'' as a name and a plain quote.
 */
static bool
is_prefix(struct lexer *lx, int c)
{
	struct lex_input *in = &lx->in;

	switch (in->buf[in->token]) {
	case 'E':
	case 'e':
		if (c != '\'')
			return false;
		open_quote(lx, true, true);
		break;
	case 'B':
	case 'b':
	case 'X':
	case 'x':
		if (c != '\'')
			return false;
		open_quote(lx, false, false);
		break;
	case 'U':
	case 'u':
		if (c != '&')
			return false;
		c = lex_input_peek(in, 1);
		if (c != '\'' && c != '"')
			return false;
		in->pos++;
		open_quote(lx, false, true);
		break;
	default:
		return false;
	}
	return true;
}

/* Move `pos` to the end of the word: there, or not yet known. */
static bool
end_word(struct lexer *lx)
{
	struct lex_input *in = &lx->in;
	int c;

	for (; in->pos < in->end; in->pos++) {
		c = at(lx, in->pos);
		if (is_name(c))
			continue;
		if (c != '$')
			break;
		if ((lx->flags & LEX_PLACEHOLDERS) == 0)
			continue;
		c = lex_input_peek(in, 1);
		if (c == LEX_PEEK_CUT)
			return false;
		if (c == '{')
			break;
	}
	return !lex_input_dry(in);
}

static bool
scan_word(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t begins = lx->watch.begins;
	int c;

	(void)item;
	if (!end_word(lx))
		return more(lx);
	if (in->pos - in->token == 1) {
		c = lex_input_peek(in, 0);
		if (c == '&' && lex_input_peek(in, 1) == LEX_PEEK_CUT)
			return more(lx);
		if (is_prefix(lx, c))
			return false;
	}
	add_word(lx, false);
	lex_watch_identifier(&lx->watch, in->buf + in->token,
	    in->pos - in->token, lx->parens, lx->brackets);
	if (begins == 0 && lx->watch.begins > 0)
		lx->outer = lex_input_place(in, in->token);
	lx->state = STATE_PLAIN;
	return false;
}

/* Junk behind the digits is taken with them, but no dollar quote. */
static bool
scan_number(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end &&
	    (is_name(at(lx, in->pos)) || at(lx, in->pos) == '.'))
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	lex_watch_other(&lx->watch);
	if (at(lx, in->token) != '$')
		add_word(lx, false);
	lx->state = STATE_PLAIN;
	return false;
}

/* Move `pos` to the next quote or escape, or to the end. */
static void
skip_quoted(struct lexer *lx)
{
	struct lex_input *in = &lx->in;
	const char *p;

	if (!lx->escapes) {
		p = memchr(in->buf + in->pos, lx->quote, in->end - in->pos);
		in->pos = p == NULL ? in->end : (size_t)(p - in->buf);
		return;
	}
	while (in->pos < in->end && at(lx, in->pos) != lx->quote &&
	    at(lx, in->pos) != '\\')
		in->pos++;
}

static bool
scan_quote(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	int c, next;

	for (;;) {
		skip_quoted(lx);
		c = lex_input_peek(in, 0);
		next = lex_input_peek(in, c < 0 ? 0 : 1);
		if (next == LEX_PEEK_CUT)
			return more(lx);
		if (c == LEX_PEEK_END || (c == '\\' && next == LEX_PEEK_END))
			return bad(lx, item, lx->quote == '"' ?
			    "unterminated quoted identifier" :
			    "unterminated quoted string", lx->opened);
		if (c == lx->quote && !(lx->doubles && next == c))
			break;
		in->pos += 2;
	}
	in->pos++;
	if (lx->quote == '"')
		add_word(lx, true);
	lx->state = STATE_PLAIN;
	return false;
}

static bool
scan_tag(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end && is_name(at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	if (lex_input_peek(in, 0) != '$')
		return step_back(lx);
	in->pos++;
	in->tag = in->token;
	lx->tag_len = in->pos - in->token;
	lx->matched = 0;
	lx->opened = lex_input_place(in, in->token);
	lx->state = STATE_DOLLAR;
	return false;
}

/*
 * As no $ is within a tag, a mismatch leaves nothing matched but, perhaps,
 * the $ that was met instead.
 */
static bool
scan_dollar(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	const char *p;

	while (in->pos < in->end && lx->matched < lx->tag_len) {
		if (lx->matched == 0) {
			p = memchr(in->buf + in->pos, '$', in->end - in->pos);
			in->pos = p == NULL ? in->end :
			    (size_t)(p - in->buf) + 1;
			lx->matched = p != NULL;
		} else if (at(lx, in->pos) == at(lx, in->tag + lx->matched)) {
			in->pos++;
			lx->matched++;
		} else
			lx->matched = 0;
	}
	if (lx->matched == lx->tag_len) {
		lx->state = STATE_PLAIN;
		return false;
	}
	if (in->finished)
		return bad(lx, item, "unterminated dollar-quoted string",
		    lx->opened);
	return more(lx);
}

/* Whether the comment from `token` to `pos` ends a statement. */
static bool
is_break(const struct lexer *lx)
{
	static const char *const marks[] = { "+goose StatementEnd",
		"+migrate StatementEnd" };
	static const char drizzle[] = "--> statement-breakpoint";
	const struct lex_input *in = &lx->in;
	size_t i, from = in->token;

	if ((lx->flags & LEX_BREAKS) == 0 || !lx->begun)
		return false;
	if (in->pos - from >= sizeof(drizzle) - 1 &&
	    memcmp(in->buf + from, drizzle, sizeof(drizzle) - 1) == 0)
		return true;
	while (from > in->part && is_blank(at(lx, from - 1)) &&
	    at(lx, from - 1) != '\n')
		from--;
	if (from == in->part || at(lx, from - 1) != '\n')
		return false;
	for (from = in->token + 2; from < in->pos && is_blank(at(lx, from));)
		from++;
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (in->pos - from >= strlen(marks[i]) &&
		    memcmp(in->buf + from, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

static bool
scan_comment(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	while (in->pos < in->end && at(lx, in->pos) != '\n' &&
	    at(lx, in->pos) != '\r')
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	lx->state = STATE_PLAIN;
	return is_break(lx) && end_statement(lx, item, in->token, false);
}

static bool
scan_block(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	int c, next;

	for (;; in->pos++) {
		while (in->pos < in->end && at(lx, in->pos) != '*' &&
		    at(lx, in->pos) != '/')
			in->pos++;
		c = lex_input_peek(in, 0);
		next = lex_input_peek(in, c < 0 ? 0 : 1);
		if (next == LEX_PEEK_CUT)
			return more(lx);
		if (next == LEX_PEEK_END)
			return bad(lx, item, "unterminated /* comment",
			    lx->opened);
		if (c == '/' && next == '*')
			lx->nest++;
		else if (c != '*' || next != '/')
			continue;
		else if (lx->nest-- == 0)
			break;
		in->pos++;
	}
	in->pos += 2;
	lx->state = STATE_PLAIN;
	return false;
}

static bool
scan_variable(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	struct lex_var var;
	size_t name = in->token + (lx->quote == '\0' ? 1 : 2);

	while (in->pos < in->end && is_name(at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	var.name_len = in->pos - name;
	if (lx->quote != '\0') {
		if (lex_input_peek(in, 0) != lx->quote || var.name_len == 0)
			return step_back(lx);
		in->pos++;
		var.form = lx->quote == '"' ? LEX_IDENTIFIER : LEX_LITERAL;
	} else
		var.form = lx->brackets > 0 ? LEX_SUBSCRIPT : LEX_PLAIN;
	var.off = lex_input_in_text(in, in->token);
	var.len = in->pos - in->token;
	var.name = lex_input_in_text(in, name);
	if (!add_var(lx, &var))
		return done(lx, item, LEX_NOMEM);
	lx->state = STATE_PLAIN;
	return false;
}

/* Only stepped over: all of them are found when the statement is whole. */
static bool
scan_placeholder(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end && is_placeholder(at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	if (lex_input_peek(in, 0) != '}' || in->pos - in->token == 2)
		return step_back(lx);
	in->pos++;
	lx->state = STATE_PLAIN;
	return false;
}

/* Give a piece of the text as an item. */
static bool
give(struct lexer *lx, struct lex_item *item, enum lex_kind kind, size_t from,
    size_t end)
{
	struct lex_place place;

	place = lex_input_place(&lx->in, from);
	memset(item, 0, sizeof(*item));
	item->text = lx->in.buf + from;
	item->len = end - from;
	item->line = place.line;
	item->col = place.col;
	return found(lx, kind);
}

/*
 * The command leaves a hole in the statement round it, together with its line
 * feed if it has the line to itself.
 */
static bool
scan_meta(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t from = in->token;

	while (in->pos < in->end && at(lx, in->pos) != '\n')
		in->pos++;
	if (lex_input_dry(in))
		return more(lx);
	give(lx, item, LEX_META, from, in->pos);
	item->line = lx->opened.line;
	item->col = lx->opened.col;
	if (!lx->begun)
		lex_input_drop(in);
	else {
		if (from > in->part && at(lx, from - 1) == '\n')
			from--;
		lex_input_hole(in, from);
	}
	lx->state = STATE_PLAIN;
	return true;
}

/*
 * COPY data
 */

/* The data follows the line; what is left of this is read after the data. */
static bool
scan_line(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t i;

	if (!in->kept) {
		lex_input_keep(in);
		in->token = in->pos;
	}
	while (in->token < in->end && at(lx, in->token) != '\n')
		in->token++;
	if (in->token == in->end && !in->finished)
		return more(lx);
	if (in->token < in->end)
		in->token++;
	for (i = in->pos; i < in->token && is_blank(at(lx, i)); i++)
		;
	if (i < in->token) {
		lx->held_len = in->token - in->pos;
		lx->held = malloc(lx->held_len);
		if (lx->held == NULL)
			return done(lx, item, LEX_NOMEM);
		memcpy(lx->held, in->buf + in->pos, lx->held_len);
		lx->held_at = lex_input_place(in, in->pos);
	}
	in->pos = in->token;
	lex_input_drop(in);
	lx->line_start = true;
	lx->state = STATE_DATA;
	return false;
}

/*
 * The length of the line \. at `pos`, its line feed included; 0 if it is none,
 * and LEX_PEEK_CUT if that is not known yet.
 */
static int
data_mark(const struct lexer *lx)
{
	int c, i;

	if (!lx->line_start || lex_input_peek(&lx->in, 0) != '\\')
		return 0;
	for (i = 1;; i++) {
		c = lex_input_peek(&lx->in, (size_t)i);
		if (c == LEX_PEEK_CUT)
			return c;
		if (i >= 2 && c == '\n')
			return i + 1;
		if (i >= 2 && c == LEX_PEEK_END)
			return i;
		if ((i != 1 || c != '.') && (i != 2 || c != '\r'))
			return 0;
	}
}

static bool
end_data(struct lexer *lx, struct lex_item *item, size_t mark)
{
	struct lex_input *in = &lx->in;

	give(lx, item, LEX_DATA_END, in->pos, in->pos);
	item->semicolon = mark > 0;
	in->pos += mark;
	lx->line_start = true;
	if (--lx->copies > 0)
		return true;
	lx->state = STATE_PLAIN;
	if (lx->held == NULL)
		return true;
	if (lex_input_back(in, lx->held, lx->held_len, lx->held_at) == -1)
		return done(lx, item, LEX_NOMEM);
	item->text = "";
	free(lx->held);
	lx->held = NULL;
	return true;
}

static bool
scan_data(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t from = in->pos;
	const char *p;
	int mark = 0;

	while (in->pos < in->end && (mark = data_mark(lx)) == 0) {
		p = memchr(in->buf + in->pos, '\n', in->end - in->pos);
		lx->line_start = p != NULL;
		in->pos = p == NULL ? in->end : (size_t)(p - in->buf) + 1;
	}
	if (in->pos > from)
		return give(lx, item, LEX_DATA, from, in->pos);
	if (mark == LEX_PEEK_CUT || lex_input_dry(in))
		return more(lx);
	return end_data(lx, item, (size_t)mark);
}

static bool
scan_done(struct lexer *lx, struct lex_item *item)
{
	*item = lx->last;
	return true;
}

static handler *const scan[] = {
	[STATE_PLAIN] = scan_plain,
	[STATE_WORD] = scan_word,
	[STATE_NUMBER] = scan_number,
	[STATE_QUOTE] = scan_quote,
	[STATE_TAG] = scan_tag,
	[STATE_DOLLAR] = scan_dollar,
	[STATE_COMMENT] = scan_comment,
	[STATE_BLOCK] = scan_block,
	[STATE_VARIABLE] = scan_variable,
	[STATE_PLACEHOLDER] = scan_placeholder,
	[STATE_META] = scan_meta,
	[STATE_LINE] = scan_line,
	[STATE_DATA] = scan_data,
	[STATE_DONE] = scan_done,
};

/*
 * The lexer
 */

struct lexer *
lex_new(unsigned flags)
{
	struct lexer *lx;

	lx = calloc(1, sizeof(*lx));
	if (lx == NULL)
		return NULL;
	lx->flags = flags;
	lx->state = STATE_PLAIN;
	lx->escaping = flags & LEX_BACKSLASH_QUOTES;
	lx->session_escaping = lx->next_escaping = lx->escaping;
	lex_input_init(&lx->in);
	lex_watch_item(&lx->watch);
	return lx;
}

void
lex_free(struct lexer *lx)
{
	if (lx == NULL)
		return;
	lex_input_free(&lx->in);
	free(lx->vars);
	free(lx->held);
	free(lx);
}

int
lex_feed(struct lexer *lx, const char *text, size_t len)
{
	return lex_input_add(&lx->in, text, len);
}

void
lex_finish(struct lexer *lx)
{
	lx->in.finished = true;
}

enum lex_kind
lex_next(struct lexer *lx, struct lex_item *item)
{
	while (!scan[lx->state](lx, item))
		;
	return lx->kind;
}
