/* The index that a statement builds concurrently. */

#include "built.h"

#include <stdlib.h>
#include <string.h>

#include "statement.h"

int
built_read(struct built *b, const struct lex_item *item, struct fault *f)
{
	size_t table, table_len, off, len;

	memset(b, 0, sizeof(*b));
	if (!statement_table(item, &table, &table_len) ||
	    !statement_builds_index(item, &off, &len))
		return 0;
	b->table = strndup(item->text + table, table_len);
	b->index = strndup(item->text + off, len);
	return b->table == NULL || b->index == NULL ? fault_nomem(f) : 0;
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
	result = run_query(r, sql, 2, values);
	if (result == NULL || send_reset_role(r, step) == 0)
		return result;
	PQclear(result);
	return NULL;
}
