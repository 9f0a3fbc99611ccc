/* What became of an index that was being built. */

#include "settling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "indexdef.h"
#include "sql.h"
#include "statement.h"

/* The columns of settle-build.sql. */
enum { IS_THERE, IS_OF_TABLE, IS_VALID, INDEX, PIDS, DEFINITION, NAMED };

/*
 * How the server would go about a query, or why it does not say; without
 * waiting long for the table.  NULL without memory.
 */
static PGresult *
plan_of(struct settling *l, const char *query)
{
	PGresult *result;
	char *sql;

	if (asprintf(&sql, "EXPLAIN (VERBOSE, COSTS OFF) %s", query) == -1)
		return NULL;
	settle_enter(l);
	PQclear(PQexec(l->conn, "SET LOCAL lock_timeout = '10s'"));
	PQclear(PQexec(l->conn, "SET LOCAL row_security = on"));
	result = PQexec(l->conn, sql);
	settle_leave(l);
	free(sql);
	return result;
}

/*
 * The server writes an expression down in words of its own: two that it plans
 * alike are the same.  NULL, or what differs; for want of rights nothing does.
 */
static const char *
differ_plans(const PGresult *a, const PGresult *b)
{
	int i, n = PQntuples(a);

	if (strcmp(db_sqlstate(a), "42501") == 0 ||
	    strcmp(db_sqlstate(b), "42501") == 0)
		return NULL;
	if (PQresultStatus(a) != PGRES_TUPLES_OK ||
	    PQresultStatus(b) != PGRES_TUPLES_OK)
		return "an expression, or WHERE, that is not to be compared now";
	for (i = 0; i < n && i < PQntuples(b); i++)
		if (strcmp(PQgetvalue(a, i, 0), PQgetvalue(b, i, 0)) != 0)
			break;
	return i < n || PQntuples(b) != n ? "an expression, or WHERE" : NULL;
}

static int
compare_plans(struct settling *l, const struct indexdef *ours,
    const struct indexdef *there, const char *table, const char **differs)
{
	char *first = NULL, *second = NULL;
	PGresult *a, *b;
	int ok = 0;

	if (indexdef_query(ours, there, table, &first) == -1 ||
	    indexdef_query(there, ours, table, &second) == -1)
		ok = fault_nomem(l->f);
	if (ok == 0 && first != NULL && second != NULL) {
		a = plan_of(l, first);
		b = plan_of(l, second);
		*differs = differ_plans(a, b);
		PQclear(a);
		PQclear(b);
	}
	free(first);
	free(second);
	return ok;
}

/* What the server says of an index. */
struct said {
	struct lexer *lexer; /* has the text of `def` */
	struct indexdef def;
	bool read;
};

static int
hear(struct settling *l, struct said *s, const char *text)
{
	struct lex_item item;

	s->lexer = lex_text(text, strlen(text), 0);
	if (s->lexer == NULL)
		return fault_nomem(l->f);
	s->read = lex_next(s->lexer, &item) == LEX_STATEMENT &&
	    indexdef_read(&s->def, &item);
	return 0;
}

/* What is not understood does not differ. */
static int
compare_read(struct settling *l, const struct said *there,
    const struct said *named, const char *table, const char **differs)
{
	struct indexdef ours;

	if (!there->read || !named->read || !indexdef_read(&ours, l->item))
		return 0;
	*differs = indexdef_differ(&ours, &there->def, &named->def);
	return *differs != NULL ?
	    0 :
	    compare_plans(l, &ours, &there->def, table, differs);
}

/*
 * Whether the index that is there is the one that the statement makes: somebody
 * may have put another in its place.  Sets `differs` to what surely does, or to
 * NULL.
 */
static int
compare(struct settling *l, const PGresult *result, const char *table,
    const char **differs)
{
	struct said there = { .lexer = NULL }, named = { .lexer = NULL };
	int ok = -1;

	*differs = NULL;
	if (hear(l, &there, PQgetvalue(result, 0, DEFINITION)) == 0 &&
	    hear(l, &named, PQgetvalue(result, 0, NAMED)) == 0)
		ok = compare_read(l, &there, &named, table, differs);
	lex_free(there.lexer);
	lex_free(named.lexer);
	return ok;
}

/* It is there, and no build of it is under way. */
static int
judge_built(struct settling *l, const PGresult *result, const char *table)
{
	const char *definition = PQgetvalue(result, 0, DEFINITION), *differs;
	const char *name = PQgetvalue(result, 0, INDEX);
	bool valid = settle_is_true(result, IS_VALID);
	char *sql;

	if (compare(l, result, table, &differs) == -1)
		return -1;
	if (differs != NULL)
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "index %s is %svalid, but not the one of this statement "
		    "(%s): %s",
		    name, valid ? "" : "in", differs, definition);
	if (valid)
		return settle_say(l, SETTLE_DONE, NULL, "index %s is valid",
		    name);
	if (asprintf(&sql, "DROP INDEX CONCURRENTLY IF EXISTS %s", name) == -1)
		return fault_nomem(l->f);
	return settle_say(l, SETTLE_FIRST, sql,
	    "index %s is invalid, left by the build that stopped", name);
}

static int
judge_build(struct settling *l, const PGresult *result, const char *table)
{
	const char *name, *pids;

	name = PQgetvalue(result, 0, INDEX);
	pids = db_value(result, 0, PIDS);
	if (settle_is_true(result, IS_THERE) &&
	    !settle_is_true(result, IS_OF_TABLE))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "%s is there, but no index of that table", name);
	if (pids != NULL && !settle_is_true(result, IS_VALID))
		return settle_say(l, SETTLE_BUSY, NULL,
		    "pid %s is at work on the table of index %s: it is being "
		    "built still, or a VACUUM runs",
		    pids, name);
	if (!settle_is_true(result, IS_THERE))
		return settle_say(l, SETTLE_AGAIN, NULL, "there is no index %s",
		    name);
	return judge_built(l, result, table);
}

/* The table is not there: it may go by another name. */
static int
look_moved(struct settling *l, size_t off, size_t len)
{
	const char *found;
	PGresult *result;
	int ok;

	result = settle_ask(l, sql_settle_moved, 1, settle_span(l, off, len),
	    NULL);
	if (result == NULL)
		return -1;
	found = db_value(result, 0, 0);
	if (found == NULL || l->failed)
		ok = settle_say(l, SETTLE_AGAIN, NULL,
		    "neither the index nor its table is there");
	else
		ok = settle_say(l, SETTLE_UNKNOWN, NULL,
		    "the table is not there, but index %s: was it renamed?",
		    found);
	PQclear(result);
	return ok;
}

/* The server has chosen the name: which it was is not known. */
static int
look_unnamed(struct settling *l)
{
	const char *found;
	size_t off, len;
	PGresult *result;
	int ok;

	if (!statement_table(l->item, &off, &len))
		return settle_say(l, SETTLE_UNKNOWN, NULL,
		    "which table is it?");
	result = settle_ask_invalid(l, off, len, false, false);
	if (result == NULL)
		return -1;
	found = db_value(result, 0, 0);
	if (found == NULL)
		ok = settle_say(l, l->failed ? SETTLE_AGAIN : SETTLE_UNKNOWN,
		    NULL,
		    "an index without a name in the statement, and its table "
		    "has no invalid one");
	else
		ok = settle_say(l, SETTLE_UNKNOWN, NULL,
		    "an index without a name in the statement; invalid is %s",
		    found);
	PQclear(result);
	return ok;
}

int
settle_build(struct settling *l)
{
	size_t off, len, at, at_len;
	PGresult *result;
	char *table;
	int ok = -1;

	if (!statement_builds_index(l->item, &off, &len) ||
	    !statement_table(l->item, &at, &at_len))
		return look_unnamed(l);
	table = settle_span(l, at, at_len);
	result = settle_ask(l, sql_settle_build, 2, settle_span(l, at, at_len),
	    settle_span(l, off, len));
	if (result != NULL && PQntuples(result) == 0)
		ok = look_moved(l, off, len);
	else if (result != NULL && table != NULL)
		ok = judge_build(l, result, table);
	else if (result != NULL)
		fault_nomem(l->f);
	PQclear(result);
	free(table);
	return ok;
}
