/* Connections and queries. */

#include "db.h"

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "text.h"

/* Seconds that connecting may take, where the user says nothing else. */
#define CONNECT_TIMEOUT "10"

/* Longest name that a server keeps whole. */
#define NAME_MAX_BYTES 63

static bool
set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

static bool
any_set(const char *const *names)
{
	for (; *names != NULL; names++)
		if (set(*names))
			return true;
	return false;
}

/* Append ` keyword='value'` for a variable that is set. */
static void
add_keyword(FILE *fp, const char *keyword, const char *name)
{
	const char *s = getenv(name);

	if (s == NULL || *s == '\0')
		return;
	fprintf(fp, "%s='", keyword);
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', fp);
		fputc(*s, fp);
	}
	fputs("' ", fp);
}

static int
postgres_variables(struct db_target *t, struct fault *f)
{
	size_t len;
	FILE *fp;

	fp = memfile_open(&t->conninfo, &len);
	if (fp == NULL)
		return fault_nomem(f);
	add_keyword(fp, "host", "POSTGRES_HOST");
	add_keyword(fp, "port", "POSTGRES_PORT");
	add_keyword(fp, "user", "POSTGRES_USER");
	add_keyword(fp, "password", "POSTGRES_PASSWORD");
	add_keyword(fp, "dbname",
	    set("POSTGRES_DATABASE") ? "POSTGRES_DATABASE" : "POSTGRES_DB");
	if (fclose(fp) != 0)
		return fault_nomem(f);
	t->from = "POSTGRES_*";
	return 0;
}

/* Overwrite an argument that holds a password. */
static void
wipe_password(char *arg, const PQconninfoOption *options)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, "password") == 0 &&
		    options->val != NULL)
			memset(arg, '*', strlen(arg));
}

/*
 * Whether a URI has an @ where none belongs: libpq would take a part of an
 * unescaped password for the host, and its message would show it.
 */
static bool
is_stray_at(const char *uri)
{
	const char *s, *end, *at;

	if (strncmp(uri, "postgresql://", 13) != 0 &&
	    strncmp(uri, "postgres://", 11) != 0)
		return false;
	s = strstr(uri, "://") + 3;
	end = s + strcspn(s, "?");
	at = memchr(s, '@', (size_t)(end - s));
	if (at == NULL)
		return false;
	return memchr(s, '/', (size_t)(at - s)) != NULL ||
	    memchr(at + 1, '@', (size_t)(end - at) - 1) != NULL;
}

/* Check a string's syntax.  A bare word is the name of a database. */
static int
check_conninfo(const struct db_target *t, char *arg, struct fault *f)
{
	PQconninfoOption *options;
	char *error = NULL;

	if (strchr(t->conninfo, '=') == NULL &&
	    strstr(t->conninfo, "://") == NULL)
		return 0;
	if (is_stray_at(t->conninfo)) {
		fault_set(f, EXIT_USAGE,
		    "%s: the password or a name in the "
		    "URI holds a character that must be escaped",
		    t->from);
		return fault_hint(f,
		    "write @ as %%40, / as %%2F, : as %%3A, "
		    "? as %%3F, # as %%23, %% as %%25; or keep the password "
		    "in ~/.pgpass");
	}
	options = PQconninfoParse(t->conninfo, &error);
	if (options == NULL &&
	    (error == NULL || strcmp(error, "out of memory\n") == 0)) {
		PQfreemem(error);
		return fault_nomem(f);
	}
	if (options == NULL) {
		/* the message may quote the string, password and all */
		fault_set(f, EXIT_USAGE, "%s is no connection string or URI",
		    t->from);
		fault_hint(f,
		    "as in postgresql://user@host/database or "
		    "\"host=... dbname=...\"; a password is best kept in "
		    "~/.pgpass");
		PQfreemem(error);
		return -1;
	}
	if (arg != NULL)
		wipe_password(arg, options);
	PQconninfoFree(options);
	return 0;
}

int
db_target(struct db_target *t, char *arg, struct fault *f)
{
	static const char *const libpq[] = { "PGHOST", "PGHOSTADDR", "PGPORT",
		"PGDATABASE", "PGUSER", "PGSERVICE", NULL };
	static const char *const postgres[] = { "POSTGRES_HOST",
		"POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_DATABASE",
		"POSTGRES_DB", NULL };
	const char *url = arg != NULL ? arg : getenv("DATABASE_URL");

	t->conninfo = NULL;
	t->from = "libpq's own settings";
	if (url == NULL || (arg == NULL && *url == '\0')) {
		if (any_set(libpq) || !any_set(postgres))
			return 0;
		return postgres_variables(t, f);
	}
	t->from = arg != NULL ? "-d" : "DATABASE_URL";
	t->conninfo = strdup(url);
	if (t->conninfo == NULL)
		return fault_nomem(f);
	return check_conninfo(t, arg, f);
}

void
db_target_free(struct db_target *t)
{
	free(t->conninfo);
	t->conninfo = NULL;
}

/* Print a notice: who, its level, its text, for a terminal. */
static void
print_notice(void *arg, const PGresult *result)
{
	const char *level, *text;

	(void)arg;
	level = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (level == NULL || text == NULL)
		return;
	fflush(stdout);
	fprintf(stderr, "%s: %s: ", getprogname(), level);
	text_show(stderr, text, strlen(text));
	fputc('\n', stderr);
	text = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	if (text != NULL) {
		fputs("HINT: ", stderr);
		text_show(stderr, text, strlen(text));
		fputc('\n', stderr);
	}
}

/* The first line of what libpq says when it could not connect. */
static int
connect_fault(struct fault *f, PGconn *conn, const struct db_target *t)
{
	char *text;
	size_t len;

	text = strdup(conn == NULL ? "out of memory" : PQerrorMessage(conn));
	if (text == NULL)
		return fault_nomem(f);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	fault_set(f, EXIT_CONNECT, "%s", text);
	free(text);
	if (conn != NULL && PQconnectionNeedsPassword(conn))
		fault_hint(f,
		    "put the password into ~/.pgpass or "
		    "PGPASSWORD");
	else
		fault_hint(f,
		    "-d, DATABASE_URL or PGHOST and its like say "
		    "where the database is; here %s did",
		    t->from);
	return -1;
}

PGconn *
db_connect(const struct db_target *t, const char *application, struct fault *f)
{
	static const char *const lines[][2] = {
		{ "keepalives_idle", "30" },
		{ "keepalives_interval", "10" },
		{ "keepalives_count", "3" },
		{ "tcp_user_timeout", "60000" },
	};
	const char *keys[10], *values[10];
	size_t n;
	PGconn *conn;

	/* what stands before "dbname" gives way to what is in that */
	for (n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
		keys[n] = lines[n][0];
		values[n] = lines[n][1];
	}
	if (!set("PGCONNECT_TIMEOUT")) {
		keys[n] = "connect_timeout";
		values[n++] = CONNECT_TIMEOUT;
	}
	keys[n] = "fallback_application_name";
	values[n++] = application;
	if (t->conninfo != NULL) {
		keys[n] = "dbname";
		values[n++] = t->conninfo;
	}
	keys[n] = "client_encoding";
	values[n++] = "UTF8";
	keys[n] = NULL;
	values[n] = NULL;
	conn = PQconnectdbParams(keys, values, 1);
	if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
		connect_fault(f, conn, t);
		PQfinish(conn);
		return NULL;
	}
	PQsetNoticeReceiver(conn, print_notice, NULL);
	return conn;
}

PGconn *
db_connect_plain(const struct db_target *t, const char *application,
    struct fault *f)
{
	PGconn *conn;

	conn = db_connect(t, application, f);
	if (conn == NULL)
		return NULL;
	if (db_exec(conn,
		"SELECT pg_catalog.set_config('search_path', '', "
		"false), pg_catalog.set_config('TimeZone', 'UTC', false), "
		"pg_catalog.set_config('client_min_messages', 'warning', false)",
		EXIT_CONNECT, "connection", f) == -1) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}

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
	return set("MIG_SCHEMA") ? getenv("MIG_SCHEMA") : "mig";
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
	if (PQstatus(conn) != CONNECTION_OK)
		return EXIT_CONNECT;
	return *db_sqlstate(result) == '\0' && code != EXIT_UNKNOWN ?
	    EXIT_STREAM :
	    code;
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
db_exec_all(PGconn *conn, const char *sql, enum exits code, const char *what,
    struct fault *f)
{
	PGresult *result;
	int ok;

	result = PQexec(conn, sql);
	ok = succeeded(result) ?
	    0 :
	    db_fault(f, code_of(conn, result, code), what, conn, result);
	PQclear(result);
	return ok;
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
	char *line;

	text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	level = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (text != NULL) {
		fault_set(f, code, "%s: %s %s: %s", prefix,
		    level == NULL ? "ERROR" : level, db_sqlstate(result), text);
		set_detail(f, result);
		return -1;
	}
	line = strdup(PQerrorMessage(conn));
	if (line == NULL)
		return fault_nomem(f);
	line[strcspn(line, "\n")] = '\0';
	fault_set(f, code, "%s: %s", prefix,
	    *line == '\0' ? "the connection was lost" : line);
	free(line);
	return -1;
}
