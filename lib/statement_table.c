/* The table that a statement changes, and the index that it builds. */

#include "statement.h"

#include "lex_cursor.h"
#include "lex_watch.h"

bool
statement_in_temporary(const struct lex_item *item, size_t off, size_t len)
{
	const char *name = item->text + off;

	if (len > 0 && *name == '"')
		name++, len--;
	return len >= 7 && lex_watch_equal(name, 7, "PG_TEMP");
}

/* The words between CREATE and TABLE that make no temporary table. */
static bool
accept_create_table(struct cursor *c)
{
	cursor_accept(c, "UNLOGGED");
	if (!cursor_accept(c, "TABLE") &&
	    !cursor_accept(c, "MATERIALIZED VIEW"))
		return false;
	cursor_accept(c, "IF NOT EXISTS");
	return true;
}

/* CREATE [UNIQUE] INDEX, up to ON; the name's length is 0 if it has none. */
static bool
accept_create_index(struct cursor *c, bool *concurrently, size_t *off,
    size_t *len)
{
	cursor_accept(c, "UNIQUE");
	if (!cursor_accept(c, "INDEX"))
		return false;
	*concurrently = cursor_accept(c, "CONCURRENTLY");
	cursor_accept(c, "IF NOT EXISTS");
	*len = 0;
	if (cursor_accept(c, "ON"))
		return true;
	return cursor_accept_name(c, off, len) && cursor_accept(c, "ON");
}

/* COPY table ... FROM, not COPY (query) and not TO. */
static bool
copy_table(struct cursor *c, size_t *off, size_t *len)
{
	const struct lex_item *item = c->item;
	size_t n;

	cursor_accept(c, "BINARY");
	if (!cursor_accept_name(c, off, len))
		return false;
	for (n = c->word; n < item->nwords; n++)
		if (item->words[n].depth == 0)
			return lex_is(item, n, "FROM");
	return false;
}

/* Step to the name of the table. */
static bool
accept_table(struct cursor *c)
{
	bool concurrently;
	size_t off, len;

	if (cursor_accept(c, "CREATE")) {
		if (accept_create_table(c))
			return true;
		if (!accept_create_index(c, &concurrently, &off, &len))
			return false;
	} else if (cursor_accept(c, "ALTER TABLE")) {
		if (cursor_accept(c, "ALL"))
			return false;
		cursor_accept(c, "IF EXISTS");
	} else if (cursor_accept(c, "TRUNCATE"))
		cursor_accept(c, "TABLE");
	else if (!cursor_accept(c, "INSERT INTO") &&
	    !cursor_accept(c, "UPDATE") && !cursor_accept(c, "DELETE FROM"))
		return false;
	if (cursor_accept(c, "ONLY"))
		cursor_accept_byte(c, '(');
	return true;
}

bool
statement_table(const struct lex_item *item, size_t *off, size_t *len)
{
	struct cursor c;
	bool is;

	if (item->joined || item->nwords == 0)
		return false;
	c = cursor_at(item, 0);
	if (cursor_accept(&c, "COPY"))
		is = copy_table(&c, off, len);
	else
		is = accept_table(&c) && cursor_accept_name(&c, off, len);
	return is && !statement_in_temporary(item, *off, *len);
}

bool
statement_builds_index(const struct lex_item *item, size_t *off, size_t *len)
{
	bool concurrently;
	struct cursor c;

	if (item->joined || item->nwords == 0)
		return false;
	c = cursor_at(item, 0);
	return cursor_accept(&c, "CREATE") &&
	    accept_create_index(&c, &concurrently, off, len) && concurrently &&
	    *len > 0;
}
