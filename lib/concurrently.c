/* What a statement with CONCURRENTLY waits for. */

#include "concurrently.h"

#include <string.h>

#include "lex_cursor.h"
#include "statement.h"

static void
accept_name(struct concurrently *w, struct cursor *c)
{
	if (cursor_accept_name(c, &w->off[w->n], &w->len[w->n]))
		w->n++;
}

static void
read_build(struct concurrently *w, struct cursor *c)
{
	size_t off, len;

	w->snapshots = true;
	cursor_accept(c, "CREATE");
	cursor_accept(c, "UNIQUE");
	cursor_accept(c, "INDEX CONCURRENTLY");
	cursor_accept(c, "IF NOT EXISTS");
	if (!cursor_accept(c, "ON") &&
	    (!cursor_accept_name(c, &off, &len) || !cursor_accept(c, "ON")))
		return;
	cursor_accept(c, "ONLY");
	accept_name(w, c);
}

static void
read_drop(struct concurrently *w, struct cursor *c)
{
	w->readers = true;
	cursor_accept(c, "DROP INDEX CONCURRENTLY");
	cursor_accept(c, "IF EXISTS");
	accept_name(w, c);
}

static void
read_detach(struct concurrently *w, struct cursor *c)
{
	w->readers = true;
	cursor_accept(c, "ALTER TABLE");
	cursor_accept(c, "IF EXISTS");
	cursor_accept(c, "ONLY");
	accept_name(w, c);
	cursor_accept(c, "DETACH PARTITION");
	accept_name(w, c);
}

static void
read_reindex(struct concurrently *w, struct cursor *c)
{
	w->readers = w->snapshots = true;
	cursor_accept(c, "REINDEX");
	cursor_accept_parens(c);
	cursor_accept(c, "VERBOSE");
	if (!cursor_accept(c, "INDEX") && !cursor_accept(c, "TABLE"))
		return;
	cursor_accept(c, "CONCURRENTLY");
	accept_name(w, c);
}

/*
 * The word is reserved: no name is written like it without quotes.  REINDEX may
 * have it among its options.
 */
static bool
has_word(const struct lex_item *item)
{
	size_t i;

	for (i = 0; i < item->nwords; i++)
		if (lex_is(item, i, "CONCURRENTLY"))
			return true;
	return false;
}

bool
concurrently_read(struct concurrently *w, const struct lex_item *item)
{
	const char *name = statement_not_in_transaction(item);
	struct cursor c;

	memset(w, 0, sizeof(*w));
	if (name == NULL || item->joined || !has_word(item))
		return false;
	c = cursor_at(item, 0);
	if (strncmp(name, "REINDEX", 7) == 0)
		read_reindex(w, &c);
	else if (strncmp(name, "CREATE", 6) == 0)
		read_build(w, &c);
	else if (strncmp(name, "DROP", 4) == 0)
		read_drop(w, &c);
	else
		read_detach(w, &c);
	return true;
}
