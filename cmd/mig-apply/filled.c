/* A statement with its variables put in, taken apart once more. */

#include "filled.h"

#include <string.h>

static int
read_item(struct filled *s, struct run *r, const char *text, size_t len,
    size_t line, size_t col)
{
	enum lex_kind kind;

	s->lexer = lex_text(text, len,
	    r->worker.backslash_quotes ? LEX_BACKSLASH_QUOTES : 0);
	if (s->lexer == NULL)
		return fault_nomem(r->fault);
	kind = lex_next(s->lexer, &s->item);
	if (kind == LEX_NOMEM)
		return fault_nomem(r->fault);
	if (kind != LEX_STATEMENT)
		memset(&s->item, 0, sizeof(s->item));
	s->item.line = line;
	s->item.col = col;
	return 0;
}

int
filled_read(struct filled *s, struct run *r, size_t step,
    const struct lex_item *was)
{
	memset(s, 0, sizeof(*s));
	if (was->nvars == 0) {
		s->item = *was;
		return 0;
	}
	if (vars_put(r->vars, r->worker.conn, &r->plan->steps[step], was,
		&s->text, r->fault) == -1)
		return -1;
	return read_item(s, r, s->text.text, s->text.len, was->line, was->col);
}

int
filled_text(struct filled *s, struct run *r, const char *text, size_t line,
    size_t col)
{
	memset(s, 0, sizeof(*s));
	return read_item(s, r, text, strlen(text), line, col);
}

void
filled_free(struct filled *s)
{
	lex_free(s->lexer);
	vars_text_free(&s->text);
}
