/* Where a database is, and how one gets there. */

#include "db.h"

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "text.h"

/* Seconds that connecting may take, where the user says nothing else. */
#define CONNECT_TIMEOUT "10"

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

/* Overwrite an argument that holds a password, whichever libpq calls one. */
static void
wipe_password(char *arg, const PQconninfoOption *options)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->dispchar, "*") == 0 && options->val != NULL)
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

/* Print a text of the server behind a word, as its reader may have it. */
static void
print_field(const struct db_reader *reader, const char *word, const char *text)
{
	char *hidden = NULL;

	if (reader != NULL &&
	    (hidden = reader->hide(reader->arg, text)) == NULL)
		text = "out of memory";
	fprintf(stderr, "%s: ", word);
	if (hidden != NULL)
		text = hidden;
	text_show(stderr, text, strlen(text));
	fputc('\n', stderr);
	free(hidden);
}

/* Print a notice: who, its level, its text, for a terminal. */
static void
print_notice(void *reader, const PGresult *result)
{
	const char *level, *text;

	level = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (level == NULL || text == NULL)
		return;
	fflush(stdout);
	fprintf(stderr, "%s: ", getprogname());
	print_field(reader, level, text);
	text = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	if (text != NULL)
		print_field(reader, "HINT", text);
}

void
db_set_reader(PGconn *conn, struct db_reader *reader)
{
	PQsetNoticeReceiver(conn, print_notice, reader);
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

/* What every connection is begun with. */
static PGconn *
start(const struct db_target *t, const char *application, bool wait)
{
	static const char *const lines[][2] = {
		{ "keepalives_idle", "30" },
		{ "keepalives_interval", "10" },
		{ "keepalives_count", "3" },
		{ "tcp_user_timeout", "60000" },
	};
	const char *keys[10], *values[10];
	size_t n;

	/* what stands before "dbname" gives way to what is in that; the last
	 * goes with the others, which count for nothing beside it */
	for (n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
		keys[n] = lines[n][0];
		values[n] = lines[n][1];
	}
	if (t->conninfo != NULL && strstr(t->conninfo, "keepalives") != NULL)
		n--;
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
	return wait ? PQconnectdbParams(keys, values, 1) :
		      PQconnectStartParams(keys, values, 1);
}

PGconn *
db_connect(const struct db_target *t, const char *application, struct fault *f)
{
	PGconn *conn;

	conn = start(t, application, true);
	if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
		connect_fault(f, conn, t);
		PQfinish(conn);
		return NULL;
	}
	db_set_reader(conn, NULL);
	return conn;
}

PGconn *
db_connect_start(const struct db_target *t, const char *application)
{
	return start(t, application, false);
}

bool
db_is_pooled(PGconn *conn, const PGresult *pid)
{
	return strtol(PQgetvalue(pid, 0, 0), NULL, 10) != PQbackendPID(conn);
}

/*
 * Where a policy would hide rows of the history, they must not look unapplied:
 * without row_security the server refuses.
 *
 * Settings of a session would stay with a connection that a pooler hands to
 * others, and be missing in the next one that we are given: through a pooler
 * all is one transaction.
 */
static int
begin_plain(PGconn *conn, struct fault *f)
{
	PGresult *result;
	char *sql;

	if (asprintf(&sql,
		"SELECT pg_catalog.set_config('search_path', '', false), "
		"pg_catalog.set_config('TimeZone', 'UTC', false), "
		"pg_catalog.set_config('client_min_messages', 'warning', false), "
		"pg_catalog.set_config('row_security', 'off', false), "
		"pg_catalog.set_config('lock_timeout', '10s', false) "
		"WHERE pg_catalog.pg_backend_pid() "
		"OPERATOR(pg_catalog.=) '%d'::pg_catalog.int4",
		PQbackendPID(conn)) == -1)
		return fault_nomem(f);
	result = db_first(conn, sql, f);
	free(sql);
	if (result != NULL && PQntuples(result) == 0) {
		PQclear(result);
		result = db_first(conn,
		    "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;"
		    "SET LOCAL search_path = '';"
		    "SET LOCAL TimeZone = 'UTC';"
		    "SET LOCAL client_min_messages = 'warning';"
		    "SET LOCAL row_security = off;"
		    "SET LOCAL lock_timeout = '10s';"
		    "SELECT",
		    f);
	}
	PQclear(result);
	return result == NULL ? -1 : 0;
}

PGconn *
db_connect_plain(const struct db_target *t, const char *application,
    struct fault *f)
{
	PGconn *conn;

	conn = db_connect(t, application, f);
	if (conn != NULL && begin_plain(conn, f) == -1) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}

void
db_close(PGconn *conn)
{
	PGTransactionStatusType status;

	status = conn == NULL ? PQTRANS_UNKNOWN : PQtransactionStatus(conn);
	/* a pooler would throw the connection away */
	if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)
		PQclear(PQexec(conn, "ROLLBACK"));
	PQfinish(conn);
}
