/* Splits SQL text into statements as psql does: psqlscan.l by hand, pushed. */

#include "lexer.h"
#include "lex_state.h"

#include <stdlib.h>

static bool
scan_done(struct lexer *lx, struct lex_item *item)
{
	*item = lx->last;
	return true;
}

static lexer_handler *const scan[] = {
	[STATE_PLAIN] = lexer_scan_plain,
	[STATE_WORD] = lexer_scan_word,
	[STATE_NUMBER] = lexer_scan_number,
	[STATE_QUOTE] = lexer_scan_quote,
	[STATE_TAG] = lexer_scan_tag,
	[STATE_DOLLAR] = lexer_scan_dollar,
	[STATE_COMMENT] = lexer_scan_comment,
	[STATE_BLOCK] = lexer_scan_block,
	[STATE_VARIABLE] = lexer_scan_variable,
	[STATE_PLACEHOLDER] = lexer_scan_placeholder,
	[STATE_META] = lexer_scan_meta,
	[STATE_LINE] = lexer_scan_line,
	[STATE_DATA] = lexer_scan_data,
	[STATE_DONE] = scan_done,
};

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

struct lexer *
lex_text(const char *text, size_t len, unsigned flags)
{
	struct lexer *lx;

	lx = lex_new(flags);
	if (lx == NULL || lex_feed(lx, text, len) == -1) {
		lex_free(lx);
		return NULL;
	}
	lex_finish(lx);
	return lx;
}

enum lex_kind
lex_next(struct lexer *lx, struct lex_item *item)
{
	while (!scan[lx->state](lx, item))
		;
	return lx->kind;
}
