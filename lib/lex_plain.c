/* Between tokens: what begins with the next byte. */

#include "lex_state.h"

void
lexer_open_quote(struct lexer *lx, bool escapes, bool doubles)
{
	lex_watch_other(&lx->watch);
	lx->opened = lex_input_place(&lx->in, lx->in.token);
	lx->quote = lx->in.buf[lx->in.pos++];
	lx->escapes = escapes;
	lx->doubles = doubles;
	lx->state = STATE_QUOTE;
}

static bool
at_quote(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	lexer_begin_token(lx);
	if (lex_input_place(&lx->in, lx->in.pos).line >= lx->next_line)
		lx->escaping = lx->next_escaping;
	lexer_open_quote(lx, lx->escaping, true);
	return false;
}

static bool
at_double_quote(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	lexer_begin_token(lx);
	lexer_open_quote(lx, false, true);
	return false;
}

static bool
at_open(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	lexer_begin_token(lx);
	lex_watch_other(&lx->watch);
	if (lexer_at(lx, lx->in.pos) == '[')
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
	lexer_begin_token(lx);
	depth = lexer_at(lx, lx->in.pos++) == ']' ? &lx->brackets : &lx->parens;
	if (*depth > 0)
		--*depth;
	return false;
}

static bool
at_semicolon(struct lexer *lx, struct lex_item *item)
{
	if (lx->parens == 0 && lx->watch.begins == 0)
		return lexer_end_statement(lx, item, lx->in.pos++, true);
	lexer_begin(lx);
	lx->in.pos++;
	return false;
}

/* A token of one byte of which nothing depends. */
static bool
at_other(struct lexer *lx, struct lex_item *item)
{
	(void)item;
	lexer_begin_token(lx);
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
		return lexer_more(lx);
	if (c == ';' || c == ':') {
		lexer_begin(lx);
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
		return lexer_more(lx);
	at_other(lx, item);
	if (c == ':' || c == '=')
		lx->in.pos++;
	else if (c == '\'' || c == '"') {
		lx->quote = (char)c;
		lx->in.pos++;
		lx->state = STATE_VARIABLE;
	} else if (lexer_is_name(c)) {
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
		return lexer_more(lx);
	at_other(lx, item);
	if (c == '{' && (lx->flags & LEX_PLACEHOLDERS)) {
		lx->in.pos++;
		lx->state = STATE_PLACEHOLDER;
	} else if (lexer_is_digit(c))
		lx->state = STATE_NUMBER;
	else if (c == '$' || lexer_is_name_start(c))
		lx->state = STATE_TAG;
	return false;
}

static bool
at_minus(struct lexer *lx, struct lex_item *item)
{
	int c;

	c = lex_input_peek(&lx->in, 1);
	if (c == LEX_PEEK_CUT)
		return lexer_more(lx);
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
		return lexer_more(lx);
	if (c != '*')
		return at_other(lx, item);
	lexer_begin(lx);
	lx->opened = lex_input_place(&lx->in, lx->in.pos);
	lx->in.pos += 2;
	lx->nest = 0;
	lx->state = STATE_BLOCK;
	return false;
}

static lexer_handler *const at_byte[128] = {
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

bool
lexer_scan_plain(struct lexer *lx, struct lex_item *item)
{
	int c;

	while (
	    lx->in.pos < lx->in.end && lexer_is_blank(lexer_at(lx, lx->in.pos)))
		lx->in.pos++;
	if (lex_input_dry(&lx->in))
		return lexer_more(lx);
	c = lex_input_peek(&lx->in, 0);
	if (c == LEX_PEEK_END)
		return lexer_end_text(lx, item);
	if (c < 128 && at_byte[c] != NULL)
		return at_byte[c](lx, item);
	if (!lexer_is_name(c))
		return at_other(lx, item);
	lexer_begin_token(lx);
	lx->state = lexer_is_digit(c) ? STATE_NUMBER : STATE_WORD;
	return false;
}
