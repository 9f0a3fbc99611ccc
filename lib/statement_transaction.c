/*
 * What cannot run in a transaction block: the calls of
 * PreventInTransactionBlock() in the server (tried on 15: research E10).
 */

#include "statement.h"

#include <string.h>

#include "lex_cursor.h"

/* Whether the value of an option, at the cursor, is false. */
static bool
is_false(struct cursor *c)
{
	static const char *const words[] = { "FALSE", "OFF", "0", "'false'",
		"'off'", "'0'", NULL };
	size_t i, len, rest = c->item->len - c->off;

	for (i = 0; words[i] != NULL; i++) {
		len = strlen(words[i]);
		if (rest >= len &&
		    (cursor_accept(c, words[i]) ||
			memcmp(c->item->text + c->off, words[i], len) == 0))
			return true;
	}
	return false;
}

/*
 * Whether an option of a list in parentheses, at the cursor, is given and
 * true; or, if `is` is false, given and false.
 */
static bool
has_option(struct cursor c, const char *name, bool is)
{
	bool has = false;
	size_t depth;

	if (!cursor_at_byte(&c, '('))
		return false;
	while (c.word < c.item->nwords) {
		depth = c.item->words[c.word].depth;
		if (depth == 0)
			break;
		c.off = c.item->words[c.word].off;
		if (cursor_accept(&c, name)) {
			cursor_accept_byte(&c, '=');
			has = is_false(&c) != is;
		} else
			c.word++;
	}
	return has;
}

/* REINDEX [(options)] what [CONCURRENTLY] name */
static const char *
reindex(struct cursor *c)
{
	bool concurrently;

	concurrently = has_option(*c, "CONCURRENTLY", true);
	cursor_accept_parens(c);
	cursor_accept(c, "VERBOSE");
	if (cursor_accept(c, "SCHEMA"))
		return "REINDEX SCHEMA";
	if (cursor_accept(c, "DATABASE"))
		return "REINDEX DATABASE";
	if (cursor_accept(c, "SYSTEM"))
		return "REINDEX SYSTEM";
	if (!cursor_accept(c, "INDEX"))
		cursor_accept(c, "TABLE");
	return concurrently || cursor_accept(c, "CONCURRENTLY") ?
	    "REINDEX CONCURRENTLY" :
	    NULL;
}

/* A CLUSTER that names no table works on all that were clustered before. */
static const char *
cluster(struct cursor *c)
{
	cursor_accept_parens(c);
	cursor_accept(c, "VERBOSE");
	return cursor_at_last(c) && c->item->nvars == 0 ? "CLUSTER" : NULL;
}

/*
 * Whether a WITH (...) behind the cursor says no to an option, as far as the
 * lexer keeps its words.
 */
static bool
says_no(struct cursor c, const char *name)
{
	while (!cursor_at_last(&c)) {
		if (cursor_at_byte(&c, '(') && has_option(c, name, false))
			return true;
		c.off = c.item->words[c.word].off;
		if (!cursor_accept(&c, "WITH"))
			c.word++;
	}
	return false;
}

/* Only with a replication slot to create. */
static const char *
create_subscription(struct cursor *c)
{
	return says_no(*c, "CONNECT") || says_no(*c, "CREATE_SLOT") ?
	    NULL :
	    "CREATE SUBSCRIPTION";
}

/* What refreshes it, as it does of itself where other publications are named. */
static const char *
alter_subscription(struct cursor *c)
{
	size_t off, len;

	if (!cursor_accept_name(c, &off, &len))
		return NULL;
	if (cursor_accept(c, "REFRESH PUBLICATION"))
		return "ALTER SUBSCRIPTION REFRESH PUBLICATION";
	if (says_no(*c, "REFRESH"))
		return NULL;
	if (cursor_accept(c, "SET PUBLICATION"))
		return "ALTER SUBSCRIPTION SET PUBLICATION";
	if (cursor_accept(c, "ADD PUBLICATION"))
		return "ALTER SUBSCRIPTION ADD PUBLICATION";
	return cursor_accept(c, "DROP PUBLICATION") ?
	    "ALTER SUBSCRIPTION DROP PUBLICATION" :
	    NULL;
}

static const char *
create(struct cursor *c)
{
	if (cursor_accept(c, "DATABASE"))
		return "CREATE DATABASE";
	if (cursor_accept(c, "TABLESPACE"))
		return "CREATE TABLESPACE";
	if (cursor_accept(c, "SUBSCRIPTION"))
		return create_subscription(c);
	cursor_accept(c, "UNIQUE");
	return cursor_accept(c, "INDEX CONCURRENTLY") ?
	    "CREATE INDEX CONCURRENTLY" :
	    NULL;
}

static const char *
drop(struct cursor *c)
{
	if (cursor_accept(c, "DATABASE"))
		return "DROP DATABASE";
	if (cursor_accept(c, "TABLESPACE"))
		return "DROP TABLESPACE";
	return cursor_accept(c, "INDEX CONCURRENTLY") ?
	    "DROP INDEX CONCURRENTLY" :
	    NULL;
}

/* ALTER TABLE [IF EXISTS] name DETACH PARTITION partition CONCURRENTLY */
static const char *
alter_table(struct cursor *c)
{
	size_t off, len;

	cursor_accept(c, "IF EXISTS");
	cursor_accept(c, "ONLY");
	return cursor_accept_name(c, &off, &len) &&
		cursor_accept(c, "DETACH PARTITION") &&
		cursor_accept_name(c, &off, &len) &&
		cursor_accept(c, "CONCURRENTLY") ?
	    "DETACH PARTITION CONCURRENTLY" :
	    NULL;
}

static const char *
alter(struct cursor *c)
{
	size_t off, len;

	if (cursor_accept(c, "SYSTEM"))
		return "ALTER SYSTEM";
	if (cursor_accept(c, "TABLE"))
		return alter_table(c);
	if (cursor_accept(c, "DATABASE"))
		return cursor_accept_name(c, &off, &len) &&
			cursor_accept(c, "SET TABLESPACE") ?
		    "ALTER DATABASE SET TABLESPACE" :
		    NULL;
	return cursor_accept(c, "SUBSCRIPTION") ? alter_subscription(c) : NULL;
}

static const char *
not_in_transaction_at(struct cursor *c)
{
	if (cursor_accept(c, "CREATE"))
		return create(c);
	if (cursor_accept(c, "DROP"))
		return drop(c);
	if (cursor_accept(c, "ALTER"))
		return alter(c);
	if (cursor_accept(c, "REINDEX"))
		return reindex(c);
	if (cursor_accept(c, "VACUUM"))
		return "VACUUM";
	if (cursor_accept(c, "CLUSTER"))
		return cluster(c);
	return cursor_accept(c, "DISCARD ALL") ? "DISCARD ALL" : NULL;
}

const char *
statement_not_in_transaction(const struct lex_item *item)
{
	const char *name = NULL;
	struct cursor c;
	size_t n = 0;

	while (name == NULL && cursor_next(item, &n, &c))
		name = not_in_transaction_at(&c);
	return name;
}
