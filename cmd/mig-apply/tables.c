/* The tables that were created or changed, and ANALYZE of them. */

#include "tables.h"

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "run.h"
#include "sql.h"
#include "statement.h"
#include "stop.h"

/* Whether to_regclass() reads it: no comment is in it, and no U&"...". */
static bool
is_name(const char *s, size_t len)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("&-/", s[i]) != NULL)
			return false;
	return true;
}

int
tables_name(struct run *r, const struct lex_item *item, char **name)
{
	size_t off, len;

	*name = NULL;
	if (!r->options->analyze || !statement_table(item, &off, &len) ||
	    !is_name(item->text + off, len))
		return 0;
	/* behind it another has the session */
	if (r->shared && statement_not_in_transaction(item) != NULL)
		return 0;
	*name = strndup(item->text + off, len);
	return *name == NULL ? fault_nomem(r->fault) : 0;
}

int
tables_ask(struct run *r, size_t step, const char *name)
{
	struct worker_sent sent = { WORKER_TABLE, step, 0 };

	return worker_send(&r->worker, &sent,
	    "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", 1, &name);
}

void
tables_note(struct tables *t, const PGresult *result)
{
	const char *oid;

	if (PQntuples(result) == 0)
		return;
	oid = db_value(result, 0, 0);
	if (oid == NULL || strcmp(oid, t->last) == 0)
		return;
	if (t->fp == NULL)
		t->fp = memfile_open(&t->oids, &t->len);
	if (t->fp == NULL)
		return;
	fprintf(t->fp, "%s%s", *t->last == '\0' ? "{" : ",", oid);
	strlcpy(t->last, oid, sizeof(t->last));
}

void
tables_free(struct tables *t)
{
	if (t->fp != NULL)
		fclose(t->fp);
	free(t->oids);
	memset(t, 0, sizeof(*t));
}

/* Tell what went wrong; it changes nothing else. */
static void
tell(struct run *r)
{
	report_wipe(&r->report);
	fault_print(r->fault, stderr);
	fault_free(r->fault);
}

/* The names, as they are by now; of what is gone there is none. */
static PGresult *
names_of(struct run *r)
{
	struct tables *t = &r->tables;
	const char *value;
	int result;

	fputc('}', t->fp);
	result = fclose(t->fp);
	t->fp = NULL;
	if (result != 0) {
		fault_nomem(r->fault);
		return NULL;
	}
	if (send_put_back(r, false) == -1 || worker_sync(&r->worker) == -1)
		return NULL;
	value = t->oids;
	return run_query(r, sql_tables, 1, &value);
}

/*
 * Nothing is to wait for a lock without end.  Where the session is shared, the
 * setting goes with each statement, in a transaction of its own.
 */
static int
limit_locks(struct run *r, char sql[64])
{
	snprintf(sql, 64, "SET %slock_timeout = %ld", r->shared ? "LOCAL " : "",
	    r->options->limits[LIMIT_LOCK]);
	return r->shared ? 0 : send_set(r, sql);
}

/* Returns -1 where the connection is gone. */
static int
analyze(struct run *r, const char *limit, const char *name)
{
	static const struct worker_sent sent = { WORKER_SET, 0, 0 };
	const char *plain;
	char *sql;
	int result = 0;

	if (asprintf(&sql, "%s;ANALYZE %s", limit, name) == -1) {
		fault_nomem(r->fault);
		tell(r);
		return 0;
	}
	plain = sql + strlen(limit) + 1;
	if (worker_run(&r->worker, &sent, r->shared ? sql : plain, r->shared,
		NULL) == -1) {
		db_fault(r->fault, EXIT_DONE, plain, r->worker.conn,
		    r->worker.failure.result);
		tell(r);
		result = r->worker.failure.lost ? -1 : 0;
		if (result == 0)
			worker_clear(&r->worker);
	}
	free(sql);
	return result;
}

void
run_analyze(struct run *r)
{
	PGresult *names;
	char limit[64];
	int i;

	if (r->tables.fp == NULL)
		return;
	names = names_of(r);
	if (names == NULL && (r->fault->text != NULL || r->fault->nomem))
		tell(r);
	else if (names != NULL)
		limit_locks(r, limit);
	for (i = 0; names != NULL && i < PQntuples(names); i++)
		if (stop_signal() != 0 ||
		    analyze(r, limit, PQgetvalue(names, i, 0)) == -1)
			break;
	PQclear(names);
}
