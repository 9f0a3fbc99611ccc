/* What a statement leaves to those behind it in its session. */

#include "statement.h"

#include "lex_cursor.h"

/* SELECT ... set_config(...), as pg_dump begins its files. */
static bool
calls_set_config(const struct lex_item *item)
{
	size_t i;

	if (!lex_is(item, 0, "SELECT"))
		return false;
	for (i = 1; i < item->nwords; i++)
		if (lex_is(item, i, "SET_CONFIG"))
			return true;
	return false;
}

bool
statement_sets_transaction(const struct lex_item *item)
{
	size_t at;

	if (!lex_is(item, 0, "SET"))
		return false;
	at = lex_is(item, 1, "LOCAL") || lex_is(item, 1, "SESSION") ? 2 : 1;
	if (lex_is(item, at, "TRANSACTION"))
		return !lex_is(item, at + 1, "READ");
	return lex_is(item, at, "TRANSACTION_ISOLATION") ||
	    lex_is(item, at, "TRANSACTION_DEFERRABLE");
}

static bool
is_set(struct cursor c)
{
	if (cursor_accept(&c, "RESET") || cursor_accept(&c, "DISCARD"))
		return true;
	return cursor_accept(&c, "SET") && !cursor_accept(&c, "LOCAL") &&
	    !cursor_accept(&c, "TRANSACTION") &&
	    !cursor_accept(&c, "CONSTRAINTS");
}

/* SELECT ... INTO TEMPORARY, and whatever is made in pg_temp by its name. */
static bool
makes_temporary(const struct lex_item *item)
{
	size_t i, at;

	for (i = 0; i < item->nwords; i++) {
		if (lex_is(item, i, "PG_TEMP"))
			return lex_is(item, 0, "CREATE");
		if (!lex_is(item, i, "INTO"))
			continue;
		at = i + 1;
		if (lex_is(item, at, "LOCAL") || lex_is(item, at, "GLOBAL"))
			at++;
		if (lex_is(item, at, "TEMP") || lex_is(item, at, "TEMPORARY"))
			return true;
	}
	return false;
}

static bool
is_of_session(struct cursor c)
{
	static const char *const words[] = { "DECLARE", "LISTEN", "PREPARE",
		NULL };

	if (cursor_accept_any(&c, words))
		return true;
	if (!cursor_accept(&c, "CREATE"))
		return false;
	if (cursor_accept(&c, "OR REPLACE"))
		return cursor_accept(&c, "TEMP") ||
		    cursor_accept(&c, "TEMPORARY");
	if (!cursor_accept(&c, "LOCAL"))
		cursor_accept(&c, "GLOBAL");
	return cursor_accept(&c, "TEMP") || cursor_accept(&c, "TEMPORARY");
}

enum statement_session
statement_session(const struct lex_item *item)
{
	struct cursor c;

	if (item->nwords == 0)
		return STATEMENT_LEAVES_NOTHING;
	c = cursor_at(item, 0);
	if (item->joined)
		return statement_keeps_session(item) ?
		    STATEMENT_LEAVES_NOTHING :
		    STATEMENT_LEAVES_OBJECT;
	if (is_set(c) || calls_set_config(item))
		return STATEMENT_LEAVES_SETTING;
	return is_of_session(c) || makes_temporary(item) ?
	    STATEMENT_LEAVES_OBJECT :
	    STATEMENT_LEAVES_NOTHING;
}
