/* What became of a statement that ran outside of a transaction. */

#include "settle.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "lex_cursor.h"
#include "settling.h"
#include "sql.h"
#include "statement.h"

int
settle_say(struct settling *l, enum settle_verdict verdict, char *sql,
    const char *fmt, ...)
{
	va_list ap;
	int n;

	l->s->verdict = verdict;
	l->s->sql = sql;
	va_start(ap, fmt);
	n = vasprintf(&l->s->why, fmt, ap);
	va_end(ap);
	if (n == -1)
		l->s->why = NULL;
	return n == -1 ? fault_nomem(l->f) : 0;
}

char *
settle_span(const struct settling *l, size_t off, size_t len)
{
	return strndup(l->item->text + off, len);
}

PGresult *
settle_ask(struct settling *l, const char *sql, int n, char *first,
    char *second)
{
	const char *values[2] = { first, second };
	PGresult *result = NULL;

	if (first == NULL || (n == 2 && second == NULL))
		fault_nomem(l->f);
	else
		result = db_query(l->conn, sql, n, values, EXIT_NOVERDICT,
		    "catalog", l->f);
	free(first);
	free(second);
	return result;
}

void
settle_enter(struct settling *l)
{
	l->inside = PQtransactionStatus(l->conn) == PQTRANS_INTRANS;
	PQclear(
	    PQexec(l->conn, l->inside ? "SAVEPOINT mig" : "BEGIN READ ONLY"));
}

void
settle_leave(struct settling *l)
{
	PQclear(PQexec(l->conn, l->inside ? "ROLLBACK TO mig" : "ROLLBACK"));
}

bool
settle_is_true(const PGresult *result, int column)
{
	return PQntuples(result) == 1 && *PQgetvalue(result, 0, column) == 't';
}

PGresult *
settle_ask_invalid(struct settling *l, size_t off, size_t len, bool reindex,
    bool schema)
{
	const char *values[3] = { NULL, reindex ? "t" : "f",
		schema ? "t" : "f" };
	char *name = len > 0 ? settle_span(l, off, len) : NULL;
	PGresult *result = NULL;

	values[0] = name;
	/* without a name it would be a question about all tables */
	if (len > 0 && name == NULL)
		fault_nomem(l->f);
	else
		result = db_query(l->conn, sql_settle_invalid, 3, values,
		    EXIT_NOVERDICT, "catalog", l->f);
	free(name);
	return result;
}

/* The columns of settle-drop.sql. */
enum { DROP_THERE, DROP_PIDS, DROP_ELSEWHERE, DROP_INVALID };

static int
judge_drop(struct settling *l, const PGresult *result, const char *name)
{
	const char *pids = db_value(result, 0, DROP_PIDS);

	if (!settle_is_true(result, DROP_THERE))
		return settle_say(l, SETTLE_DONE, NULL, "index %s is gone",
		    name);
	if (settle_is_true(result, DROP_ELSEWHERE))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "there is an index %s, perhaps of another schema of the "
		    "search_path",
		    name);
	if (pids != NULL)
		return settle_say(l, SETTLE_BUSY, NULL,
		    "pid %s is at work on the table of index %s: it is being "
		    "dropped still, or a VACUUM runs",
		    pids, name);
	return settle_say(l,
	    l->failed && settle_is_true(result, DROP_INVALID) ? SETTLE_UNKNOWN :
								SETTLE_AGAIN,
	    NULL, "index %s is still there", name);
}

static int
look_drop(struct settling *l)
{
	struct cursor c = cursor_at(l->item, 0);
	size_t off, len;
	PGresult *result;
	char *name;
	int ok = -1;

	cursor_accept(&c, "DROP INDEX CONCURRENTLY");
	cursor_accept(&c, "IF EXISTS");
	if (!cursor_accept_name(&c, &off, &len) || cursor_at_byte(&c, ','))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "which index is it?");
	name = settle_span(l, off, len);
	result = settle_ask(l, sql_settle_drop, 1, settle_span(l, off, len),
	    NULL);
	if (result != NULL && name != NULL)
		ok = judge_drop(l, result, name);
	else if (result != NULL)
		fault_nomem(l->f);
	PQclear(result);
	free(name);
	return ok;
}

static int
judge_detach(struct settling *l, const PGresult *result, const char *table,
    const char *partition)
{
	char *sql;

	if (!settle_is_true(result, 0))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "table %s or its partition %s is not there", table,
		    partition);
	if (!settle_is_true(result, 1))
		return settle_say(l, SETTLE_DONE, NULL,
		    "partition %s is detached", partition);
	if (!settle_is_true(result, 2))
		return settle_say(l, SETTLE_AGAIN, NULL,
		    "partition %s is still attached", partition);
	if (asprintf(&sql, "ALTER TABLE %s DETACH PARTITION %s FINALIZE", table,
		partition) == -1)
		return fault_nomem(l->f);
	return settle_say(l, SETTLE_INSTEAD, sql,
	    "partition %s is half detached", partition);
}

static int
look_detach(struct settling *l)
{
	struct cursor c = cursor_at(l->item, 0);
	size_t off, len, part, part_len;
	char *table, *partition;
	PGresult *result;
	int ok = -1;

	cursor_accept(&c, "ALTER TABLE");
	cursor_accept(&c, "IF EXISTS");
	cursor_accept(&c, "ONLY");
	if (!cursor_accept_name(&c, &off, &len) ||
	    !cursor_accept(&c, "DETACH PARTITION") ||
	    !cursor_accept_name(&c, &part, &part_len))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "which partition is it?");
	table = settle_span(l, off, len);
	partition = settle_span(l, part, part_len);
	result = settle_ask(l, sql_settle_detach, 2, settle_span(l, off, len),
	    settle_span(l, part, part_len));
	if (result != NULL && table != NULL && partition != NULL)
		ok = judge_detach(l, result, table, partition);
	else if (result != NULL)
		fault_nomem(l->f);
	PQclear(result);
	free(table);
	free(partition);
	return ok;
}

/* CREATE or DROP of what has a name of its own in a catalog. */
static int
look_object(struct settling *l)
{
	static const char *const words[] = { "DATABASE", "TABLESPACE",
		"SUBSCRIPTION" };
	struct cursor c = cursor_at(l->item, 0);
	bool create = cursor_accept(&c, "CREATE"), there;
	size_t off, len, i = 0;
	PGresult *result;

	if (!create)
		cursor_accept(&c, "DROP");
	while (i < 2 && !cursor_accept(&c, words[i]))
		i++;
	if (i == 2)
		cursor_accept(&c, words[i]);
	cursor_accept(&c, "IF EXISTS");
	if (!cursor_accept_name(&c, &off, &len))
		return settle_say(l, SETTLE_UNKNOWN, NULL, "what is its name?");
	result = settle_ask(l, sql_settle_object, 2, strdup(words[i]),
	    settle_span(l, off, len));
	if (result == NULL)
		return -1;
	there = settle_is_true(result, 0);
	PQclear(result);
	return settle_say(l, there == create ? SETTLE_DONE : SETTLE_AGAIN, NULL,
	    "%s %.*s is %sthere", words[i], (int)len, l->item->text + off,
	    there ? "" : "not ");
}

/* What does no harm when it runs again, however far it had come. */
static int
look_harmless(struct settling *l)
{
	return settle_say(l, SETTLE_AGAIN, NULL, "it can run again");
}

/* The words of REINDEX before the name. */
static bool
accept_reindex(struct cursor *c, bool *schema)
{
	static const char *const words[] = { "INDEX", "TABLE", "SCHEMA", NULL };

	cursor_accept(c, "REINDEX");
	cursor_accept_parens(c);
	cursor_accept(c, "VERBOSE");
	*schema = lex_is(c->item, c->word, "SCHEMA");
	if (!cursor_accept_any(c, words))
		return false;
	cursor_accept(c, "CONCURRENTLY");
	return true;
}

/*
 * It can run again; but the indexes that it had begun are left, invalid.  One
 * may be of another run, so that none is dropped.
 */
static int
look_reindex(struct settling *l)
{
	struct cursor c = cursor_at(l->item, 0);
	size_t off = 0, len = 0;
	bool schema, named;
	const char *left;
	PGresult *result;
	int ok;

	named = accept_reindex(&c, &schema) &&
	    cursor_accept_name(&c, &off, &len);
	result = settle_ask_invalid(l, off, named ? len : 0, true, schema);
	if (result == NULL)
		return -1;
	left = db_value(result, 0, 0);
	if (left == NULL)
		ok = look_harmless(l);
	else
		ok = settle_say(l, l->failed ? SETTLE_UNKNOWN : SETTLE_AGAIN,
		    NULL,
		    "it can run again, but leaves an invalid index to be "
		    "dropped by hand: %s",
		    left);
	PQclear(result);
	return ok;
}

/*
 * Nobody may run it still: sets `pids` to who does, owned, or NULL.  The role
 * of a step does not see what the sessions of whoever has connected do.
 */
static int
look_running(struct settling *l, char **pids)
{
	PGresult *result;
	const char *found;

	*pids = NULL;
	settle_enter(l);
	PQclear(PQexec(l->conn, "SET LOCAL SESSION AUTHORIZATION DEFAULT"));
	PQclear(PQexec(l->conn, "SET LOCAL ROLE NONE"));
	result = settle_ask(l, sql_settle_running, 1,
	    strndup(l->sent->text, l->sent->len), NULL);
	settle_leave(l);
	if (result == NULL)
		return -1;
	found = db_value(result, 0, 0);
	if (found != NULL)
		*pids = strdup(found);
	PQclear(result);
	return found != NULL && *pids == NULL ? fault_nomem(l->f) : 0;
}

/* The name of what is known, as statement_not_in_transaction() has it. */
static const char *
name_of(const struct lex_item *item)
{
	const char *name;

	if (item->joined || item->nvars > 0)
		return NULL;
	name = statement_not_in_transaction(item);
	return name == NULL && lex_is(item, 0, "DROP") &&
		lex_is(item, 1, "SUBSCRIPTION") ?
	    "DROP SUBSCRIPTION" :
	    name;
}

/* By what it is. */
static int
look(struct settling *l)
{
	static const struct {
		const char *name; /* of name_of() */
		int (*look)(struct settling *);
	} looks[] = {
		{ "ALTER DATABASE SET TABLESPACE", look_harmless },
		{ "ALTER SUBSCRIPTION REFRESH PUBLICATION", look_harmless },
		{ "ALTER SUBSCRIPTION SET PUBLICATION", look_harmless },
		{ "ALTER SYSTEM", look_harmless },
		{ "CLUSTER", look_harmless },
		{ "CREATE DATABASE", look_object },
		{ "CREATE INDEX CONCURRENTLY", settle_build },
		{ "CREATE SUBSCRIPTION", look_object },
		{ "CREATE TABLESPACE", look_object },
		{ "DETACH PARTITION CONCURRENTLY", look_detach },
		{ "DISCARD ALL", look_harmless },
		{ "DROP DATABASE", look_object },
		{ "DROP INDEX CONCURRENTLY", look_drop },
		{ "DROP SUBSCRIPTION", look_object },
		{ "DROP TABLESPACE", look_object },
		{ "REINDEX CONCURRENTLY", look_reindex },
		{ "REINDEX DATABASE", look_reindex },
		{ "REINDEX SCHEMA", look_reindex },
		{ "REINDEX SYSTEM", look_harmless },
		{ "VACUUM", look_harmless },
	};
	const char *name = name_of(l->item);
	size_t i;

	for (i = 0; name != NULL && i < sizeof(looks) / sizeof(looks[0]); i++)
		if (strcmp(looks[i].name, name) == 0)
			return looks[i].look(l);
	return settle_say(l, SETTLE_UNKNOWN, NULL, "%s",
	    l->item->nvars > 0 ? "it holds a variable" :
				 "no catalog tells how far it came");
}

int
settle_look(struct settle *s, PGconn *conn, const struct lex_item *item,
    const struct lex_item *sent, bool failed, struct fault *f)
{
	struct settling l = { s, conn, item, sent, failed, false, f };
	char *pids;
	int result;

	memset(s, 0, sizeof(*s));
	if (look_running(&l, &pids) == -1)
		return -1;
	result = pids == NULL ? look(&l) :
				settle_say(&l, SETTLE_BUSY, NULL,
				    "pid %s is at work on it still", pids);
	free(pids);
	return result;
}

void
settle_free(struct settle *s)
{
	free(s->sql);
	free(s->why);
	memset(s, 0, sizeof(*s));
}
