/* The statement at hand: its beginning, words, variables and end. */

#include "lex_state.h"

#include <stdlib.h>
#include <string.h>

bool
lexer_found(struct lexer *lx, enum lex_kind kind)
{
	lx->kind = kind;
	return true;
}

bool
lexer_more(struct lexer *lx)
{
	return lexer_found(lx, LEX_MORE);
}

bool
lexer_done(struct lexer *lx, struct lex_item *item, enum lex_kind kind)
{
	lx->state = STATE_DONE;
	*item = lx->last;
	return lexer_found(lx, kind);
}

bool
lexer_bad(struct lexer *lx, struct lex_item *item, const char *what,
    struct lex_place place)
{
	lx->last.text = what;
	lx->last.len = strlen(what);
	lx->last.line = place.line;
	lx->last.col = place.col;
	return lexer_done(lx, item, LEX_BAD);
}

void
lexer_begin(struct lexer *lx)
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

void
lexer_begin_token(struct lexer *lx)
{
	lexer_begin(lx);
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

void
lexer_add_word(struct lexer *lx, bool quoted)
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

bool
lexer_add_var(struct lexer *lx, const struct lex_var *var)
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
		while (n < len && lexer_is_placeholder((unsigned char)text[n]))
			n++;
		var.name_len = n - var.name;
		if (n == len || text[n] != '}' || var.name_len == 0)
			continue;
		var.len = ++n - var.off;
		if (!lexer_add_var(lx, &var))
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

bool
lexer_end_statement(struct lexer *lx, struct lex_item *item, size_t end,
    bool semicolon)
{
	bool solid = lx->solid;

	if (solid) {
		lx->item.len = lex_input_text(&lx->in, end);
		lx->item.text = lx->in.buf + lx->in.start;
		while (!semicolon &&
		    lexer_is_blank(lx->item.text[lx->item.len - 1]))
			lx->item.len--;
		/* what stood here was read */
		lx->in.buf[lx->in.start + lx->item.len] = '\0';
		lx->item.semicolon = semicolon;
		lx->copies = lx->watch.copies;
		lx->item.copy_in = lx->copies > 0;
		if ((lx->flags & LEX_PLACEHOLDERS) && !add_placeholders(lx))
			return lexer_done(lx, item, LEX_NOMEM);
		change_strings(lx);
		lx->item.vars = lx->vars;
		*item = lx->item;
	}
	forget_statement(lx);
	lx->state = solid && lx->copies > 0 ? STATE_LINE : STATE_PLAIN;
	return solid && lexer_found(lx, LEX_STATEMENT);
}

bool
lexer_end_text(struct lexer *lx, struct lex_item *item)
{
	if (lx->watch.begins > 0)
		return lexer_bad(lx, item,
		    "BEGIN without END in a function's body", lx->outer);
	if (lx->parens > 0)
		return lexer_bad(lx, item, "unclosed parenthesis", lx->outer);
	if (lx->solid)
		return lexer_end_statement(lx, item, lx->in.pos, false);
	return lexer_done(lx, item, LEX_END);
}
