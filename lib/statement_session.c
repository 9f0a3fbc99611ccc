/* What a statement leaves to those behind it in its session. */

#include "statement.h"

#include <string.h>

#include "lex_cursor.h"

/*
 * SELECT set_config('name', 'value', false), as pg_dump begins its files: it
 * does nothing else and can run again.
 */
static bool
is_set_config(struct cursor c)
{
	static const char *const locals[] = { "FALSE", "TRUE", NULL };
	size_t off, len;

	return cursor_accept(&c, "SELECT") &&
	    cursor_accept_name(&c, &off, &len) && cursor_accept_byte(&c, '(') &&
	    cursor_accept_literal(&c) && cursor_accept_byte(&c, ',') &&
	    cursor_accept_literal(&c) && cursor_accept_byte(&c, ',') &&
	    cursor_accept_any(&c, locals) && cursor_accept_byte(&c, ')') &&
	    cursor_at_end(&c);
}

/* A query that calls it: what else that does is not known. */
static bool
calls_set_config(const struct lex_item *item)
{
	size_t i;

	for (i = 1; i < item->nwords; i++)
		if (lex_is(item, i, "SET_CONFIG"))
			return lex_is(item, 0, "SELECT") ||
			    lex_is(item, 0, "WITH");
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

/* LOAD too: it does nothing where the library is there already. */
static bool
is_set(struct cursor c)
{
	static const char *const words[] = { "DISCARD", "LOAD", "RESET", NULL };

	if (cursor_accept_any(&c, words))
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
	cursor_accept(&c, "OR REPLACE");
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
		return STATEMENT_LEAVES_OBJECT;
	if (is_set(c) || (calls_set_config(item) && is_set_config(c)))
		return STATEMENT_LEAVES_SETTING;
	return is_of_session(c) || makes_temporary(item) ||
		calls_set_config(item) ?
	    STATEMENT_LEAVES_OBJECT :
	    STATEMENT_LEAVES_NOTHING;
}

/*
 * What leaves no trace in the session
 *
 * Safe is what only writes definitions to the catalogs: a default, a check, a
 * view's query, a function's body are stored and not run.  Not safe is what
 * can run a function of the user's, since that may call set_config() or take
 * an advisory lock: queries, DML (triggers), TRUNCATE (triggers), CREATE TABLE
 * AS, a materialized view's query, bounds of PARTITION OF (expressions), an
 * ALTER TABLE that computes a column or checks rows, scripts of extensions,
 * validators and handlers that a user wrote.  Index builds, ANALYZE, VACUUM,
 * REINDEX and CLUSTER do run functions of the user's, but as a security-
 * restricted operation, in which settings are put back and temporary objects,
 * cursors, LISTEN and PREPARE are refused.  Event triggers are not seen: who
 * has them sees them run on every statement.
 */

static bool
keeps_create_table(struct cursor *c)
{
	const struct lex_item *item = c->item;
	size_t off, len, n;

	cursor_accept(c, "IF NOT EXISTS");
	if (!cursor_accept_name(c, &off, &len) ||
	    statement_in_temporary(item, off, len) ||
	    cursor_accept(c, "PARTITION OF") || item->nwords == LEX_WORDS)
		return false;
	for (n = c->word; n < item->nwords; n++)
		if (item->words[n].depth == 0 && lex_is(item, n, "AS"))
			return false;
	return true;
}

/* With elements it is several statements. */
static bool
keeps_create_schema(struct cursor *c)
{
	size_t off, len;

	cursor_accept(c, "IF NOT EXISTS");
	if (!cursor_accept(c, "AUTHORIZATION") &&
	    cursor_accept_name(c, &off, &len))
		cursor_accept(c, "AUTHORIZATION");
	cursor_accept_name(c, &off, &len);
	return cursor_at_end(c);
}

static bool
keeps_create(struct cursor *c)
{
	static const char *const safe[] = { "AGGREGATE", "CAST", "COLLATION",
		"DATABASE", "FUNCTION", "GROUP", "INDEX", "OPERATOR", "POLICY",
		"PROCEDURE", "PUBLICATION", "ROLE", "RULE", "SEQUENCE",
		"STATISTICS", "TRIGGER", "TYPE", "USER", "VIEW", NULL };
	size_t off, len;

	cursor_accept(c, "OR REPLACE");
	if (cursor_accept(c, "UNLOGGED TABLE") || cursor_accept(c, "TABLE"))
		return keeps_create_table(c);
	if (cursor_accept(c, "CONSTRAINT TRIGGER") ||
	    cursor_accept(c, "RECURSIVE VIEW") ||
	    cursor_accept(c, "UNIQUE INDEX"))
		return true;
	if (cursor_accept(c, "SCHEMA"))
		return keeps_create_schema(c);
	if (!cursor_accept_any(c, safe))
		return false;
	cursor_accept(c, "IF NOT EXISTS");
	return !cursor_accept_name(c, &off, &len) ||
	    !statement_in_temporary(c->item, off, len);
}

/*
 * A column of a type, and with a default, of which no function of the user's
 * is part: a domain may have a check, a default is computed.
 */
static bool
keeps_add_column(struct cursor *c)
{
	static const char *const safe[] = { "BIGINT", "BIGSERIAL", "BOOL",
		"BOOLEAN", "BYTEA", "CHAR", "CHARACTER", "CURRENT_TIMESTAMP",
		"DATE", "DECIMAL", "DEFAULT", "DOUBLE", "FALSE", "FLOAT4",
		"FLOAT8", "INET", "INT", "INT2", "INT4", "INT8", "INTEGER",
		"INTERVAL", "JSON", "JSONB", "NOT", "NOW", "NULL", "NUMERIC",
		"PRECISION", "REAL", "SERIAL", "SMALLINT", "TEXT", "TIME",
		"TIMESTAMP", "TIMESTAMPTZ", "TRUE", "UUID", "VARCHAR",
		"VARYING", "WITH", "WITHOUT", "ZONE", NULL };
	size_t off, len, depth = 0;

	cursor_accept(c, "COLUMN");
	cursor_accept(c, "IF NOT EXISTS");
	if (!cursor_accept_name(c, &off, &len))
		return false;
	for (;;)
		if (cursor_accept_byte(c, '('))
			depth++;
		else if (depth > 0 && cursor_accept_byte(c, ')'))
			depth--;
		else if (!cursor_accept_any(c, safe) &&
		    !cursor_accept_literal(c) && !cursor_accept_number(c) &&
		    !cursor_accept_byte(c, '[') &&
		    !cursor_accept_byte(c, ']') &&
		    !(depth > 0 && cursor_accept_byte(c, ',')))
			break;
	return depth == 0 && (cursor_at_end(c) || cursor_at_byte(c, ','));
}

static bool
keeps_drop(struct cursor *c)
{
	size_t off, len;

	if (!cursor_accept(c, "CONSTRAINT"))
		cursor_accept(c, "COLUMN");
	cursor_accept(c, "IF EXISTS");
	if (!cursor_accept_name(c, &off, &len))
		return false;
	if (!cursor_accept(c, "CASCADE"))
		cursor_accept(c, "RESTRICT");
	return cursor_at_end(c) || cursor_at_byte(c, ',');
}

static bool
keeps_alter_column(struct cursor *c)
{
	static const char *const marks[] = { "NOT NULL", "DEFAULT", NULL };
	size_t off, len, i;

	cursor_accept(c, "COLUMN");
	if (!cursor_accept_name(c, &off, &len))
		return false;
	if (cursor_accept(c, "SET NOT NULL"))
		return cursor_at_end(c) || cursor_at_byte(c, ',');
	if (!cursor_accept(c, "DROP"))
		return false;
	for (i = 0; marks[i] != NULL; i++)
		if (cursor_accept(c, marks[i]))
			return cursor_at_end(c) || cursor_at_byte(c, ',');
	return false;
}

/* All actions must be known; those of `whole` stand alone. */
static bool
keeps_alter_table(struct cursor *c)
{
	static const char *const whole[] = { "CLUSTER", "DISABLE", "ENABLE",
		"FORCE", "INHERIT", "NO", "OWNER", "RENAME", "REPLICA", NULL };
	size_t off, len;
	bool keeps;

	cursor_accept(c, "IF EXISTS");
	cursor_accept(c, "ONLY");
	if (!cursor_accept_name(c, &off, &len))
		return false;
	do {
		if (cursor_accept(c, "ADD"))
			keeps = keeps_add_column(c);
		else if (cursor_accept(c, "DROP"))
			keeps = keeps_drop(c);
		else if (cursor_accept(c, "ALTER"))
			keeps = keeps_alter_column(c);
		else if (cursor_accept(c, "SET SCHEMA") ||
		    cursor_accept_any(c, whole))
			return memchr(c->item->text + c->off, ',',
				   c->item->len - c->off) == NULL;
		else
			keeps = false;
	} while (keeps && cursor_accept_byte(c, ','));
	return keeps;
}

static bool
keeps_alter(struct cursor *c)
{
	static const char *const safe[] = { "AGGREGATE", "DATABASE", "DEFAULT",
		"FUNCTION", "GROUP", "INDEX", "MATERIALIZED", "POLICY",
		"PROCEDURE", "PUBLICATION", "ROLE", "ROUTINE", "SCHEMA",
		"SEQUENCE", "STATISTICS", "SYSTEM", "TRIGGER", "TYPE", "USER",
		"VIEW", NULL };

	if (cursor_accept(c, "TABLE"))
		return keeps_alter_table(c);
	return cursor_accept_any(c, safe);
}

/* The text of a variable can be anything, unless psql quotes it. */
static bool
has_open_variable(const struct lex_item *item)
{
	size_t i;

	for (i = 0; i < item->nvars; i++)
		if (item->vars[i].form != LEX_LITERAL &&
		    item->vars[i].form != LEX_IDENTIFIER)
			return true;
	return false;
}

bool
statement_keeps_session(const struct lex_item *item)
{
	static const char *const safe[] = { "ANALYZE", "CLUSTER", "COMMENT",
		"GRANT", "LOCK", "REINDEX", "REVOKE", "VACUUM", NULL };
	struct cursor c;

	if (item->joined || item->nwords == 0 || has_open_variable(item))
		return false;
	c = cursor_at(item, 0);
	if (cursor_accept(&c, "CREATE"))
		return keeps_create(&c);
	if (cursor_accept(&c, "ALTER"))
		return keeps_alter(&c);
	if (cursor_accept(&c, "DROP"))
		return !cursor_accept(&c, "EXTENSION");
	return cursor_accept_any(&c, safe);
}

bool
statement_is_plain(const struct lex_item *item)
{
	static const char *const words[] = { "ALTER", "COPY", "CREATE",
		"DELETE", "INSERT", "MERGE", "REFRESH", "TRUNCATE", "UPDATE",
		NULL };
	struct cursor c;

	if (statement_keeps_session(item))
		return true;
	if (item->joined || item->nwords == 0 || item->nvars > 0 ||
	    statement_session(item) != STATEMENT_LEAVES_NOTHING)
		return false;
	c = cursor_at(item, 0);
	return cursor_accept_any(&c, words);
}
