/* The index that a statement builds concurrently. */

#include "built.h"

#include <stdlib.h>
#include <string.h>

#include "statement.h"

static int
read_item(struct built *b, const struct lex_item *item, struct fault *f)
{
	size_t table, table_len, off, len;

	if (!statement_table(item, &table, &table_len) ||
	    !statement_builds_index(item, &off, &len))
		return 0;
	b->table = strndup(item->text + table, table_len);
	b->index = strndup(item->text + off, len);
	return b->table == NULL || b->index == NULL ? fault_nomem(f) : 0;
}

/* The same of a text that variables were put into. */
static int
read_text(struct built *b, struct run *r, const struct vars_text *text)
{
	struct lexer *lexer;
	struct lex_item item;
	enum lex_kind kind;
	int result = -1;

	lexer = lex_new(r->worker.backslash_quotes ? LEX_BACKSLASH_QUOTES : 0);
	if (lexer == NULL || lex_feed(lexer, text->text, text->len) == -1)
		fault_nomem(r->fault);
	else {
		lex_finish(lexer);
		kind = lex_next(lexer, &item);
		result = kind == LEX_STATEMENT ? read_item(b, &item, r->fault) :
		    kind == LEX_NOMEM	       ? fault_nomem(r->fault) :
						 0;
	}
	lex_free(lexer);
	return result;
}

int
built_read(struct built *b, struct run *r, size_t step,
    const struct lex_item *item)
{
	struct vars_text text;
	int result;

	memset(b, 0, sizeof(*b));
	if (item->nvars == 0)
		return read_item(b, item, r->fault);
	if (vars_put(r->vars, r->worker.conn, &r->plan->steps[step], item,
		&text, r->fault) == -1)
		return -1;
	result = read_text(b, r, &text);
	vars_text_free(&text);
	return result;
}

void
built_free(struct built *b)
{
	free(b->table);
	free(b->index);
}

PGresult *
built_ask(const struct built *b, struct run *r, size_t step, const char *sql)
{
	const char *values[2] = { b->table, b->index };
	PGresult *result;

	if (send_session_role(r, step) == -1)
		return NULL;
	result = worker_query(&r->worker, sql, 2, values, r->fault);
	if (result == NULL || send_reset_role(r, step) == 0)
		return result;
	PQclear(result);
	return NULL;
}
