/* Within tokens: where they end, and what they are. */

#include "lex_state.h"

#include <string.h>

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
		lexer_open_quote(lx, true, true);
		break;
	case 'B':
	case 'b':
	case 'X':
	case 'x':
		if (c != '\'')
			return false;
		lexer_open_quote(lx, false, false);
		break;
	case 'U':
	case 'u':
		if (c != '&')
			return false;
		c = lex_input_peek(in, 1);
		if (c != '\'' && c != '"')
			return false;
		in->pos++;
		lexer_open_quote(lx, false, true);
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
		c = lexer_at(lx, in->pos);
		if (lexer_is_name(c))
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

bool
lexer_scan_word(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t begins = lx->watch.begins;
	int c;

	(void)item;
	if (!end_word(lx))
		return lexer_more(lx);
	if (in->pos - in->token == 1) {
		c = lex_input_peek(in, 0);
		if (c == '&' && lex_input_peek(in, 1) == LEX_PEEK_CUT)
			return lexer_more(lx);
		if (is_prefix(lx, c))
			return false;
	}
	lexer_add_word(lx, false);
	lex_watch_identifier(&lx->watch, in->buf + in->token,
	    in->pos - in->token, lx->parens, lx->brackets);
	if (begins == 0 && lx->watch.begins > 0)
		lx->outer = lex_input_place(in, in->token);
	lx->state = STATE_PLAIN;
	return false;
}

/* Junk behind the digits is taken with them, but no dollar quote. */
bool
lexer_scan_number(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end &&
	    (lexer_is_name(lexer_at(lx, in->pos)) ||
		lexer_at(lx, in->pos) == '.'))
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
	lex_watch_other(&lx->watch);
	if (lexer_at(lx, in->token) != '$')
		lexer_add_word(lx, false);
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
	while (in->pos < in->end && lexer_at(lx, in->pos) != lx->quote &&
	    lexer_at(lx, in->pos) != '\\')
		in->pos++;
}

bool
lexer_scan_quote(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	int c, next;

	for (;;) {
		skip_quoted(lx);
		c = lex_input_peek(in, 0);
		next = lex_input_peek(in, c < 0 ? 0 : 1);
		if (next == LEX_PEEK_CUT)
			return lexer_more(lx);
		if (c == LEX_PEEK_END || (c == '\\' && next == LEX_PEEK_END))
			return lexer_bad(lx, item,
			    lx->quote == '"' ?
				"unterminated quoted identifier" :
				"unterminated quoted string",
			    lx->opened);
		if (c == lx->quote && !(lx->doubles && next == c))
			break;
		in->pos += 2;
	}
	in->pos++;
	if (lx->quote == '"')
		lexer_add_word(lx, true);
	lx->state = STATE_PLAIN;
	return false;
}

bool
lexer_scan_tag(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end && lexer_is_name(lexer_at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
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
bool
lexer_scan_dollar(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	const char *p;

	while (in->pos < in->end && lx->matched < lx->tag_len) {
		if (lx->matched == 0) {
			p = memchr(in->buf + in->pos, '$', in->end - in->pos);
			in->pos = p == NULL ? in->end :
					      (size_t)(p - in->buf) + 1;
			lx->matched = p != NULL;
		} else if (lexer_at(lx, in->pos) ==
		    lexer_at(lx, in->tag + lx->matched)) {
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
		return lexer_bad(lx, item, "unterminated dollar-quoted string",
		    lx->opened);
	return lexer_more(lx);
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
	while (from > in->part && lexer_is_blank(lexer_at(lx, from - 1)) &&
	    lexer_at(lx, from - 1) != '\n')
		from--;
	if (from == in->part || lexer_at(lx, from - 1) != '\n')
		return false;
	for (from = in->token + 2;
	     from < in->pos && lexer_is_blank(lexer_at(lx, from));)
		from++;
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (in->pos - from >= strlen(marks[i]) &&
		    memcmp(in->buf + from, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

bool
lexer_scan_comment(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	while (in->pos < in->end && lexer_at(lx, in->pos) != '\n' &&
	    lexer_at(lx, in->pos) != '\r')
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
	lx->state = STATE_PLAIN;
	return is_break(lx) && lexer_end_statement(lx, item, in->token, false);
}

bool
lexer_scan_block(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	int c, next;

	for (;; in->pos++) {
		while (in->pos < in->end && lexer_at(lx, in->pos) != '*' &&
		    lexer_at(lx, in->pos) != '/')
			in->pos++;
		c = lex_input_peek(in, 0);
		next = lex_input_peek(in, c < 0 ? 0 : 1);
		if (next == LEX_PEEK_CUT)
			return lexer_more(lx);
		if (next == LEX_PEEK_END)
			return lexer_bad(lx, item, "unterminated /* comment",
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

bool
lexer_scan_variable(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	struct lex_var var;
	size_t name = in->token + (lx->quote == '\0' ? 1 : 2);

	while (in->pos < in->end && lexer_is_name(lexer_at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
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
	if (!lexer_add_var(lx, &var))
		return lexer_done(lx, item, LEX_NOMEM);
	lx->state = STATE_PLAIN;
	return false;
}

/* Only stepped over: all of them are found when the statement is whole. */
bool
lexer_scan_placeholder(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;

	(void)item;
	while (in->pos < in->end && lexer_is_placeholder(lexer_at(lx, in->pos)))
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
	if (lex_input_peek(in, 0) != '}' || in->pos - in->token == 2)
		return step_back(lx);
	in->pos++;
	lx->state = STATE_PLAIN;
	return false;
}
