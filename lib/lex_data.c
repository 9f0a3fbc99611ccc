/* Backslash commands and COPY data: what is not SQL. */

#include "lex_state.h"

#include <stdlib.h>
#include <string.h>

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
	return lexer_found(lx, kind);
}

/*
 * The command leaves a hole in the statement round it, together with its line
 * feed if it has the line to itself.
 */
bool
lexer_scan_meta(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t from = in->token;

	while (in->pos < in->end && lexer_at(lx, in->pos) != '\n')
		in->pos++;
	if (lex_input_dry(in))
		return lexer_more(lx);
	give(lx, item, LEX_META, from, in->pos);
	item->line = lx->opened.line;
	item->col = lx->opened.col;
	if (!lx->begun)
		lex_input_drop(in);
	else {
		if (from > in->part && lexer_at(lx, from - 1) == '\n')
			from--;
		lex_input_hole(in, from);
	}
	lx->state = STATE_PLAIN;
	return true;
}

/* The data follows the line; what is left of this is read after the data. */
bool
lexer_scan_line(struct lexer *lx, struct lex_item *item)
{
	struct lex_input *in = &lx->in;
	size_t i;

	if (!in->kept) {
		lex_input_keep(in);
		in->token = in->pos;
	}
	while (in->token < in->end && lexer_at(lx, in->token) != '\n')
		in->token++;
	if (in->token == in->end && !in->finished)
		return lexer_more(lx);
	if (in->token < in->end)
		in->token++;
	for (i = in->pos; i < in->token && lexer_is_blank(lexer_at(lx, i)); i++)
		;
	if (i < in->token) {
		lx->held_len = in->token - in->pos;
		lx->held = malloc(lx->held_len);
		if (lx->held == NULL)
			return lexer_done(lx, item, LEX_NOMEM);
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
		return lexer_done(lx, item, LEX_NOMEM);
	item->text = "";
	free(lx->held);
	lx->held = NULL;
	return true;
}

bool
lexer_scan_data(struct lexer *lx, struct lex_item *item)
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
		return lexer_more(lx);
	return end_data(lx, item, (size_t)mark);
}
