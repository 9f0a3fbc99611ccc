/* The messages that a step is made of. */

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sql.h"

int
send_set(struct run *r, const char *sql)
{
	/* a step counts as sent before its first message is */
	struct worker_sent sent = { WORKER_SET, r->next == 0 ? 0 : r->next - 1,
		0 };

	return worker_send(&r->worker, &sent, sql, 0, NULL);
}

/* The statements that make the history, in the transaction at hand. */
int
send_history(struct run *r)
{
	struct history_ddl ddl;
	size_t i;
	int result = 0;

	if (r->exists || r->making)
		return 0;
	if (history_ddl(&ddl, r->schema, r->history.schema_exists, r->fault) ==
	    -1)
		return -1;
	for (i = 0; result == 0 && i < ddl.n; i++)
		result = send_set(r, ddl.statements[i]);
	history_ddl_free(&ddl);
	r->making = true;
	return result;
}

static int
send_lock_timeout(struct run *r, long ms)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SET LOCAL lock_timeout = %ld", ms);
	return send_set(r, sql);
}

int
send_begin_own(struct run *r, long ms)
{
	return send_set(r, "BEGIN") == -1 ? -1 : send_lock_timeout(r, ms);
}

/* Back to what the server has. */
static int
send_no_timeout(struct run *r)
{
	if (!r->timed)
		return 0;
	r->timed = false;
	return send_set(r, "SET LOCAL statement_timeout TO DEFAULT");
}

/* For the step's own statements, not for what the history needs. */
static int
send_statement_timeout(struct run *r, size_t step)
{
	long ms = run_limit(r, step, LIMIT_STATEMENT);
	char sql[64];

	if (ms == -1)
		return send_no_timeout(r);
	r->timed = true;
	snprintf(sql, sizeof(sql), "SET LOCAL statement_timeout = %ld", ms);
	return send_set(r, sql);
}

/* `set`, a SET ROLE, and the role; owned, NULL with a fault. */
static char *
role_sql(struct run *r, const char *set, const char *role)
{
	char *quoted, *sql;

	quoted = PQescapeIdentifier(r->worker.conn, role, strlen(role));
	if (quoted == NULL || asprintf(&sql, "%s %s", set, quoted) == -1) {
		sql = NULL;
		fault_nomem(r->fault);
	}
	PQfreemem(quoted);
	return sql;
}

int
send_role(struct run *r, const char *role)
{
	struct worker_sent sent = { WORKER_BEGIN, 0, 0 };
	char *sql;
	int result;

	if (role == NULL)
		return 0;
	r->dirty = true;
	sql = role_sql(r, "SET LOCAL ROLE", role);
	if (sql == NULL)
		return -1;
	/* of the step's own, not of the history */
	sent.step = r->next == 0 ? 0 : r->next - 1;
	result = worker_send(&r->worker, &sent, sql, 0, NULL);
	free(sql);
	return result;
}

int
send_session_role(struct run *r, size_t step)
{
	const struct worker_sent sent = { WORKER_BEGIN, step, 0 };
	char *sql;
	int result;

	if (r->looks[step].role == NULL)
		return 0;
	sql = role_sql(r, "SET ROLE", r->looks[step].role);
	if (sql == NULL)
		return -1;
	result = worker_send(&r->worker, &sent, sql, 0, NULL);
	free(sql);
	return result;
}

int
send_reset_role(struct run *r, size_t step)
{
	return r->looks[step].role == NULL ? 0 : send_set(r, "RESET ROLE");
}

int
send_own_session(struct run *r)
{
	/* LOCAL: what the text took on for longer comes back; DEFAULT: ALTER
	 * ROLE ... SET role may have us be another than we log in as */
	if (r->dirty &&
	    (send_set(r, "SET LOCAL SESSION AUTHORIZATION DEFAULT") == -1 ||
		send_set(r, "SET LOCAL role TO DEFAULT") == -1 ||
		send_set(r, "SET LOCAL client_encoding = 'UTF8'") == -1))
		return -1;
	return send_no_timeout(r);
}

/* Of a pooler's connections it may be any: ask which, for the watch. */
static int
send_pid(struct run *r, size_t step)
{
	struct worker_sent sent = { WORKER_PID, step, 0 };

	if (!r->watch.pooled || r->looks[step].sets_transaction)
		return 0;
	if (worker_send(&r->worker, &sent, "SELECT pg_catalog.pg_backend_pid()",
		0, NULL) == -1)
		return -1;
	/* the answer is of use while the step waits for a lock */
	return worker_flush(&r->worker);
}

int
send_settings(struct run *r, size_t step)
{
	if (send_lock_timeout(r, run_limit(r, step, LIMIT_LOCK)) == -1 ||
	    send_pid(r, step) == -1)
		return -1;
	if (!r->looks[step].sets_transaction && send_history(r) == -1)
		return -1;
	if (send_statement_timeout(r, step) == -1)
		return -1;
	return send_role(r, r->looks[step].role);
}

int
send_begin(struct run *r, size_t step)
{
	struct worker_sent sent = { WORKER_BEGIN, step, 0 };

	r->timed = false;
	if (worker_send(&r->worker, &sent, "BEGIN", 0, NULL) == -1)
		return -1;
	/* a step that is alone keeps its session from transaction to other */
	if (!r->alone && send_put_back(r, true) == -1)
		return -1;
	return send_settings(r, step);
}

/*
 * A text of the plan as it is kept in the history: NULL for one that there is
 * not or that is too long.
 */
static int
kept_text(struct run *r, const struct plan_text *t, char **text)
{
	*text = NULL;
	if (!t->present || t->len > PLAN_KEEP_MAX)
		return 0;
	*text = plan_text_read(r->plan, t, r->fault);
	return *text == NULL ? -1 : 0;
}

/* The server cannot turn a text into the encoding of the database. */
static int
refuse_text(struct run *r, size_t step)
{
	char *why = r->fault->text;

	r->fault->text = NULL;
	fault_set(r->fault, r->partial ? EXIT_UNKNOWN : EXIT_FAILED,
	    "%s: the history cannot hold its text: %s",
	    plan_step_label(&r->plan->steps[step]), why);
	free(why);
	return fault_hint(r->fault,
	    "the database is in encoding %s: put another for that character, "
	    "in a comment too",
	    PQparameterStatus(r->worker.conn, "server_encoding"));
}

int
send_check_texts(struct run *r, size_t step)
{
	static const char question[] =
	    "SELECT pg_catalog.length($1::pg_catalog.text), "
	    "pg_catalog.length($2::pg_catalog.text)";
	const struct plan_step *s = &r->plan->steps[step];
	const char *encoding, *values[2];
	PGresult *result;
	char *sql, *down;
	int ok = -1;

	encoding = PQparameterStatus(r->worker.conn, "server_encoding");
	if (encoding != NULL && strcmp(encoding, "UTF8") == 0)
		return 0;
	if (kept_text(r, s->run.present ? &s->run : &s->up, &sql) == -1)
		return -1;
	if (kept_text(r, &s->down, &down) == 0) {
		values[0] = sql;
		values[1] = down;
		result = run_query(r, question, 2, values);
		if (result == NULL && r->fault->text != NULL &&
		    strstr(r->fault->text, " 22P05: ") != NULL)
			refuse_text(r, step);
		ok = result == NULL ? -1 : 0;
		PQclear(result);
		free(down);
	}
	free(sql);
	return ok;
}

/* The row of the log for a step; `fail` says how it ended, else NULL. */
static int
send_row(struct run *r, size_t step, struct history_row *row)
{
	struct worker_sent sent = { WORKER_LOG, step, 0 };
	const char *values[HISTORY_COLUMNS];
	char seq[24];

	history_append_values(row, seq, values);
	/* what is prepared stays where it is, and a pooler moves us on */
	if (r->worker.pooled)
		return worker_send(&r->worker, &sent, r->append,
		    HISTORY_COLUMNS, values);
	if (r->worker.append[0] == '\0' &&
	    worker_prepare(&r->worker, r->append) == -1)
		return -1;
	return worker_send_append(&r->worker, &sent, HISTORY_COLUMNS, values);
}

int
send_log(struct run *r, size_t step, const char *action, const char *error)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct history_row row;
	char *sql, *down;
	int result;

	/* the role that the step took on may have no right to the log, and
	 * its encoding would spoil the row */
	if (send_own_session(r) == -1 || send_history(r) == -1)
		return -1;
	/* and it may have dropped what was prepared */
	if (r->deep)
		r->worker.append[0] = '\0';
	if (kept_text(r, s->run.present ? &s->run : &s->up, &sql) == -1)
		return -1;
	if (kept_text(r, &s->down, &down) == -1) {
		free(sql);
		return -1;
	}
	memset(&row, 0, sizeof(row));
	row.seq = r->seq + (long long)(step - r->at) + 1;
	row.action = action;
	row.m = &s->m;
	row.sql = sql;
	row.down = down;
	row.plan = r->plan->digest;
	row.os_user = r->os_user;
	row.host = r->host;
	row.started = r->started;
	row.follows = r->options->one && step > 0;
	row.error = error;
	result = send_row(r, step, &row);
	free(sql);
	free(down);
	return result;
}

int
send_progress_change(struct run *r, size_t step, const char *change,
    size_t statement)
{
	const struct migration *m = &r->plan->steps[step].m;
	struct worker_sent sent = { WORKER_SET, step, 0 };
	const char *values[5];
	char number[24], *sql;
	int result;

	snprintf(number, sizeof(number), "%zu", statement);
	values[0] = m->series;
	values[1] = m->version;
	values[2] = m->name;
	values[3] = number;
	values[4] = r->id;
	sql = db_sql(change, r->schema);
	if (sql == NULL)
		return fault_nomem(r->fault);
	result = worker_send(&r->worker, &sent, sql, statement == 0 ? 3 : 5,
	    values);
	free(sql);
	return result;
}

int
send_fence(struct run *r, size_t step)
{
	struct worker_sent sent = { WORKER_LOG, step, 0 };
	char set[48], *sql;
	int result;

	snprintf(set, sizeof(set), "SET LOCAL mig.seq = %lld", r->seq);
	sql = db_sql(sql_progress_fence, r->schema);
	if (sql == NULL)
		return fault_nomem(r->fault);
	result = send_set(r, set);
	if (result == 0)
		result = worker_send(&r->worker, &sent, sql, 0, NULL);
	free(sql);
	return result;
}

int
send_commit(struct run *r, size_t step)
{
	struct worker_sent sent = { WORKER_COMMIT, step, 0 };

	return worker_send(&r->worker, &sent, "COMMIT", 0, NULL);
}

/*
 * What puts a session back.  A pooler sets the encoding when it hands one out,
 * which RESET undoes; and what others have prepared in it stays.
 */
static const struct {
	enum { EACH, DIRECT_DEEP, POOLED, POOLED_PREPARES } when;
	const char *sql;
} put_back[] = {
	{ EACH, "RESET SESSION AUTHORIZATION" },
	{ EACH, "RESET ROLE" },
	{ EACH, "RESET ALL" },
	{ POOLED, "SET client_encoding = 'UTF8'" },
	{ EACH, "CLOSE ALL" },
	{ EACH, "UNLISTEN *" },
	{ EACH, "DISCARD TEMP" },
	{ EACH, "DISCARD SEQUENCES" },
	{ DIRECT_DEEP, "DEALLOCATE ALL" },
	{ POOLED_PREPARES, sql_deallocate },
	{ EACH, "SELECT pg_catalog.pg_advisory_unlock_all()" },
};

static bool
puts_back(const struct run *r, size_t i)
{
	bool pooled = r->watch.pooled;

	switch (put_back[i].when) {
	case EACH:
		return true;
	case DIRECT_DEEP:
		return !pooled && r->deep;
	case POOLED:
		return pooled;
	case POOLED_PREPARES:
		return pooled && r->prepares;
	}
	return false;
}

/* Put the session back as it was before the step. */
int
send_put_back(struct run *r, bool inside)
{
	const size_t n = sizeof(put_back) / sizeof(put_back[0]);
	size_t i;

	if (!r->dirty)
		return 0;
	if (!inside && send_set(r, "BEGIN") == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (puts_back(r, i) && send_set(r, put_back[i].sql) == -1)
			return -1;
	if (!inside && send_set(r, "COMMIT") == -1)
		return -1;
	if (r->deep)
		r->worker.append[0] = '\0';
	r->dirty = r->deep = r->prepares = false;
	return 0;
}
