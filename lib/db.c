/* Queries, and what their failures say. */

#include "db.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memfile.h"
#include "text.h"

/* Longest name that a server keeps whole. */
#define NAME_MAX_BYTES 63

char *
db_describe(const PGconn *conn, const struct db_target *t)
{
	const char *version = PQparameterStatus(conn, "server_version");
	char *text;

	if (asprintf(&text,
		"database %s as %s on %s port %s, PostgreSQL %s "
		"(from %s)",
		PQdb(conn), PQuser(conn), PQhost(conn), PQport(conn),
		version == NULL ? "?" : version, t->from) == -1)
		return NULL;
	return text;
}

const char *
db_schema_name(void)
{
	const char *name = getenv("MIG_SCHEMA");

	return name != NULL && *name != '\0' ? name : "mig";
}

char *
db_schema(PGconn *conn, struct fault *f)
{
	const char *name = db_schema_name();
	char *quoted, *copy;

	/* the server would cut it in SQL, but not where we compare it */
	if (strlen(name) > NAME_MAX_BYTES) {
		fault_set(f, EXIT_USAGE, "MIG_SCHEMA is longer than %d bytes",
		    NAME_MAX_BYTES);
		return NULL;
	}
	if (text_bad(name, strlen(name)) != strlen(name)) {
		fault_set(f, EXIT_USAGE, "MIG_SCHEMA is no name of a schema");
		return NULL;
	}
	if (strncmp(name, "pg_", 3) == 0) {
		fault_set(f, EXIT_USAGE,
		    "MIG_SCHEMA is %s: names in pg_ are the server's own",
		    name);
		return NULL;
	}
	/* $tag$ would end a quote of the texts that we put it into */
	if (strchr(name, '$') != strrchr(name, '$')) {
		fault_set(f, EXIT_USAGE, "MIG_SCHEMA is %s: more than one $",
		    name);
		return NULL;
	}
	quoted = PQescapeIdentifier(conn, name, strlen(name));
	copy = quoted == NULL ? NULL : strdup(quoted);
	PQfreemem(quoted);
	if (copy == NULL)
		fault_nomem(f);
	return copy;
}

/* Put `name` where `mark` stands. */
static char *
put_name(const char *sql, const char *mark, const char *name)
{
	const char *next;
	char *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	if (fp == NULL)
		return NULL;
	while ((next = strstr(sql, mark)) != NULL) {
		fwrite(sql, 1, (size_t)(next - sql), fp);
		fputs(name, fp);
		sql = next + strlen(mark);
	}
	fputs(sql, fp);
	return fclose(fp) == 0 ? text : NULL;
}

char *
db_sql(const char *sql, const char *schema)
{
	return put_name(sql, ":\"mig\"", schema);
}

char *
db_sql_table(const char *sql, const char *table)
{
	return put_name(sql, ":\"table\"", table);
}

/*
 * How a question that failed ends a command.  What is no error of the server,
 * on a line that holds, is libpq's want of memory.
 */
static enum exits
code_of(PGconn *conn, const PGresult *result, enum exits code)
{
	const char *level = PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	if (PQstatus(conn) != CONNECTION_OK)
		return EXIT_CONNECT;
	if (code == EXIT_UNKNOWN)
		return code;
	/* the session ends, though the line may not show it yet */
	if (level != NULL && strcmp(level, "FATAL") == 0)
		return EXIT_CONNECT;
	return *db_sqlstate(result) == '\0' ? EXIT_STREAM : code;
}

static bool
succeeded(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_COMMAND_OK ||
	    PQresultStatus(result) == PGRES_TUPLES_OK;
}

PGresult *
db_query(PGconn *conn, const char *sql, int n, const char *const *values,
    enum exits code, const char *what, struct fault *f)
{
	PGresult *result;

	result = PQexecParams(conn, sql, n, NULL, values, NULL, NULL, 0);
	if (succeeded(result))
		return result;
	db_fault(f, code_of(conn, result, code), what, conn, result);
	PQclear(result);
	return NULL;
}

int
db_batch(PGconn *conn, const char *sql, PGresult **results, size_t n,
    enum exits code, const char *what, struct fault *f)
{
	PGresult *result;
	size_t i, got = 0;
	bool failed = false;

	for (i = 0; i < n; i++)
		results[i] = NULL;
	if (PQsendQuery(conn, sql) == 0)
		return db_fault(f, code_of(conn, NULL, code), what, conn, NULL);
	while ((result = PQgetResult(conn)) != NULL) {
		if (!failed && succeeded(result) && got < n) {
			results[got++] = result;
			continue;
		}
		if (!failed)
			db_fault(f, code_of(conn, result, code), what, conn,
			    result);
		failed = true;
		PQclear(result);
	}
	if (!failed && got < n)
		return db_fault(f, code_of(conn, NULL, code), what, conn, NULL);
	return failed ? -1 : 0;
}

int
db_exec(PGconn *conn, const char *sql, enum exits code, const char *what,
    struct fault *f)
{
	PGresult *result;

	result = db_query(conn, sql, 0, NULL, code, what, f);
	PQclear(result);
	return result == NULL ? -1 : 0;
}

/* Seconds that connecting may take; 0: for ever. */
static int
timeout_of(PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn), *o;
	int seconds = 0;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "connect_timeout") == 0 &&
		    o->val != NULL)
			seconds = (int)strtol(o->val, NULL, 10);
	PQconninfoFree(options);
	return seconds;
}

/* Milliseconds of so many seconds and a half, for poll(2). */
static int
poll_time(time_t seconds)
{
	return seconds < INT_MAX / 1000 ? (int)seconds * 1000 + 500 : INT_MAX;
}

/* Wait for the answer; false when it took too long. */
static bool
answered(PGconn *conn, int seconds)
{
	struct pollfd fd = { PQsocket(conn), POLLIN, 0 };
	struct timespec now;
	time_t until;
	int ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec + seconds;
	while (PQisBusy(conn)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = seconds <= 0      ? -1 :
		    now.tv_sec > until ? 0 :
					 poll_time(until - now.tv_sec);
		if (ms == 0)
			return false;
		if (poll(&fd, 1, ms) > 0 && PQconsumeInput(conn) == 0)
			break;
	}
	return true;
}

static int
no_answer(struct fault *f, int seconds)
{
	fault_set(f, EXIT_CONNECT,
	    "connected, but there was no answer within %d s: a pooler may have "
	    "no connection to the server to spare",
	    seconds);
	return fault_hint(f,
	    "raise the size of the pool, of which a mig-apply takes two or "
	    "three, or connect without it");
}

PGresult *
db_first(PGconn *conn, const char *sql, struct fault *f)
{
	PGresult *result = NULL, *next;
	int seconds = timeout_of(conn);

	if (PQsendQuery(conn, sql) == 1 && !answered(conn, seconds)) {
		no_answer(f, seconds);
		return NULL;
	}
	/* the last, or the first that has failed: behind it the line may go */
	while ((next = PQgetResult(conn)) != NULL) {
		if (result != NULL && !succeeded(result)) {
			PQclear(next);
			continue;
		}
		PQclear(result);
		result = next;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	db_fault(f, code_of(conn, result, EXIT_CONNECT), "connection", conn,
	    result);
	/* the state is that of every refusal of pgbouncer */
	if (f->text != NULL && strstr(f->text, "statement pooling") != NULL) {
		f->code = EXIT_USAGE;
		fault_hint(f,
		    "what runs in a transaction needs a pool in session or "
		    "transaction mode, or a connection without a pooler");
	}
	PQclear(result);
	return NULL;
}

const char *
db_sqlstate(const PGresult *result)
{
	const char *state;

	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return state == NULL ? "" : state;
}

const char *
db_value(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ?
	    NULL :
	    PQgetvalue(result, row, column);
}

/* DETAIL, HINT and CONTEXT as lines, or nothing. */
static void
set_detail(struct fault *f, const PGresult *result)
{
	static const struct {
		int field;
		const char *title;
	} parts[] = {
		{ PG_DIAG_MESSAGE_DETAIL, "DETAIL" },
		{ PG_DIAG_MESSAGE_HINT, "HINT" },
		{ PG_DIAG_CONTEXT, "CONTEXT" },
	};
	const char *value;
	char *text;
	size_t i, len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	if (fp == NULL)
		return;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		value = PQresultErrorField(result, parts[i].field);
		if (value != NULL)
			fprintf(fp, "%s: %s\n", parts[i].title, value);
	}
	if (fclose(fp) != 0)
		return;
	if (len > 0)
		fault_detail(f, text);
	free(text);
}

int
db_fault(struct fault *f, enum exits code, const char *prefix, PGconn *conn,
    const PGresult *result)
{
	const char *level, *text;

	text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	level = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (text != NULL) {
		fault_set(f, code, "%s: %s %s: %s", prefix,
		    level == NULL ? "ERROR" : level, db_sqlstate(result), text);
		set_detail(f, result);
		return -1;
	}
	text = PQresultErrorMessage(result);
	if (*text == '\0')
		text = PQerrorMessage(conn);
	if (*text == '\0')
		text = PQstatus(conn) == CONNECTION_OK ?
		    "out of memory" :
		    "the connection was lost";
	return fault_set(f, code, "%s: %.*s", prefix, (int)strcspn(text, "\n"),
	    text);
}
