/*
 * What a statement is, by its words.  The sources are the reference pages of
 * PostgreSQL's commands, the calls of PreventInTransactionBlock() in the
 * server (tried on 15: research E10), and its table of keywords: a word that
 * is reserved there cannot be a name unless it is quoted.
 */

#include "statement.h"
#include "lex_cursor.h"
#include "lex_watch.h"

#include <string.h>

/* Find the next statement of an item, from word `*n` on. */
static bool
next_statement(const struct lex_item *item, size_t *n, struct cursor *c)
{
	while (*n < item->nwords && !item->words[*n].first)
		++*n;
	if (*n == item->nwords)
		return false;
	*c = cursor_at(item, (*n)++);
	return true;
}

/* No further word in this statement. */
static bool
is_last(const struct cursor *c)
{
	return c->word >= c->item->nwords || c->item->words[c->word].first;
}

static enum statement_kind
rollback_kind(struct cursor *c)
{
	if (cursor_accept(c, "PREPARED"))
		return STATEMENT_PREPARE_TRANSACTION;
	if (!cursor_accept(c, "WORK"))
		cursor_accept(c, "TRANSACTION");
	return cursor_accept(c, "TO") ? STATEMENT_SAVEPOINT :
					STATEMENT_ROLLBACK;
}

static enum statement_kind
kind_at(struct cursor *c)
{
	if (cursor_accept(c, "BEGIN") || cursor_accept(c, "START TRANSACTION"))
		return STATEMENT_BEGIN;
	if (cursor_accept(c, "COMMIT"))
		return cursor_accept(c, "PREPARED") ?
		    STATEMENT_PREPARE_TRANSACTION :
		    STATEMENT_COMMIT;
	if (cursor_accept(c, "END"))
		return STATEMENT_COMMIT;
	if (cursor_accept(c, "ABORT"))
		return STATEMENT_ROLLBACK;
	if (cursor_accept(c, "ROLLBACK"))
		return rollback_kind(c);
	/* PREPARE transaction AS ... prepares a statement of that name. */
	if (cursor_accept(c, "PREPARE TRANSACTION") && is_last(c))
		return STATEMENT_PREPARE_TRANSACTION;
	if (cursor_accept(c, "SAVEPOINT") || cursor_accept(c, "RELEASE"))
		return STATEMENT_SAVEPOINT;
	return STATEMENT_OTHER;
}

enum statement_kind
statement_kind(const struct lex_item *item)
{
	enum statement_kind kind = STATEMENT_OTHER;
	struct cursor c;
	size_t n = 0;

	while (kind == STATEMENT_OTHER && next_statement(item, &n, &c))
		kind = kind_at(&c);
	return kind;
}

bool
statement_controls_transaction(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_PREPARE_TRANSACTION:
		return true;
	case STATEMENT_OTHER:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return false;
}

/*
 * What cannot run in a transaction block
 */

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
	return is_last(c) && c->item->nvars == 0 ? "CLUSTER" : NULL;
}

/*
 * Only with a replication slot to create.  An approximation: the options are
 * looked for among the words that the lexer keeps, and the last WITH counts.
 */
static const char *
create_subscription(struct cursor *c)
{
	while (!is_last(c)) {
		if (cursor_at_byte(c, '(') &&
		    (has_option(*c, "CONNECT", false) ||
			has_option(*c, "CREATE_SLOT", false)))
			return NULL;
		c->off = c->item->words[c->word].off;
		if (!cursor_accept(c, "WITH"))
			c->word++;
	}
	return "CREATE SUBSCRIPTION";
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
	if (cursor_accept(c, "SUBSCRIPTION"))
		return cursor_accept_name(c, &off, &len) &&
			cursor_accept(c, "REFRESH PUBLICATION") ?
		    "ALTER SUBSCRIPTION REFRESH PUBLICATION" :
		    NULL;
	return NULL;
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

	while (name == NULL && next_statement(item, &n, &c))
		name = not_in_transaction_at(&c);
	return name;
}

bool
statement_alters_extension(const struct lex_item *item)
{
	static const char *const verbs[] = { "CREATE", "ALTER", "DROP", NULL };
	struct cursor c;
	size_t n = 0;

	while (next_statement(item, &n, &c))
		if (cursor_accept_any(&c, verbs) &&
		    cursor_accept(&c, "EXTENSION"))
			return true;
	return false;
}

/*
 * The table and the index
 */

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

static bool
is_temporary(const struct lex_item *item, size_t off, size_t len)
{
	const char *name = item->text + off;

	if (len > 0 && *name == '"')
		name++, len--;
	return len >= 7 && lex_watch_equal(name, 7, "PG_TEMP");
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
	return is && !is_temporary(item, *off, *len);
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
	    is_temporary(item, off, len) || cursor_accept(c, "PARTITION OF") ||
	    item->nwords == LEX_WORDS)
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
	    !is_temporary(c->item, off, len);
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
