/* The messages that a step is made of. */

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sql.h"
#include "statement.h"
#include "text.h"

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
send_lock_timeout(struct run *r, size_t step)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SET LOCAL lock_timeout = %ld",
	    run_limit(r, step, LIMIT_LOCK));
	return send_set(r, sql);
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

int
send_role(struct run *r, const char *role)
{
	struct worker_sent sent = { WORKER_BEGIN, 0, 0 };
	char *quoted, *sql;
	int result;

	if (role == NULL)
		return 0;
	r->dirty = true;
	quoted = PQescapeIdentifier(r->worker.conn, role, strlen(role));
	if (quoted == NULL)
		return fault_nomem(r->fault);
	/* of the step's own, not of the history */
	sent.step = r->next == 0 ? 0 : r->next - 1;
	result = asprintf(&sql, "SET LOCAL ROLE %s", quoted);
	PQfreemem(quoted);
	if (result == -1)
		return fault_nomem(r->fault);
	result = worker_send(&r->worker, &sent, sql, 0, NULL);
	free(sql);
	return result;
}

int
send_session_role(struct run *r, size_t step)
{
	const char *role = r->looks[step].role;
	char *quoted, *sql;
	int result;

	if (role == NULL)
		return 0;
	quoted = PQescapeIdentifier(r->worker.conn, role, strlen(role));
	if (quoted == NULL)
		return fault_nomem(r->fault);
	result = asprintf(&sql, "SET ROLE %s", quoted);
	PQfreemem(quoted);
	if (result == -1)
		return fault_nomem(r->fault);
	result = send_set(r, sql);
	free(sql);
	return result;
}

int
send_reset_role(struct run *r, size_t step)
{
	return r->looks[step].role == NULL ? 0 : send_set(r, "RESET ROLE");
}

int
send_own_role(struct run *r)
{
	/* LOCAL: a role that the text took on for longer comes back; DEFAULT:
	 * ALTER ROLE ... SET role may have us be another than we log in as */
	if (r->dirty &&
	    (send_set(r, "SET LOCAL SESSION AUTHORIZATION DEFAULT") == -1 ||
		send_set(r, "SET LOCAL role TO DEFAULT") == -1))
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
	if (send_lock_timeout(r, step) == -1 || send_pid(r, step) == -1)
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

	/* the role that the step took on may have no right to the log */
	if (send_own_role(r) == -1 || send_history(r) == -1)
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
	const char *values[4];
	char number[24], *sql;
	int result;

	snprintf(number, sizeof(number), "%zu", statement);
	values[0] = m->series;
	values[1] = m->version;
	values[2] = m->name;
	values[3] = number;
	sql = db_sql(change, r->schema);
	if (sql == NULL)
		return fault_nomem(r->fault);
	result = worker_send(&r->worker, &sent, sql, 4, values);
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

/* Remember the table that a statement creates or changes, once. */
static int
note_table(struct run *r, const struct lex_item *item)
{
	char **tables;
	size_t i, off, len;

	if (!r->options->analyze || !statement_table(item, &off, &len))
		return 0;
	for (i = 0; i < r->ntables; i++)
		if (strlen(r->tables[i]) == len &&
		    memcmp(r->tables[i], item->text + off, len) == 0)
			return 0;
	tables = reallocarray(r->tables, r->ntables + 1, sizeof(*tables));
	if (tables == NULL)
		return fault_nomem(r->fault);
	r->tables = tables;
	tables[r->ntables] = strndup(item->text + off, len);
	if (tables[r->ntables] == NULL)
		return fault_nomem(r->fault);
	r->ntables++;
	return 0;
}

/* What the statement may leave in its session. */
static void
note_session(struct run *r, const struct lex_item *item)
{
	size_t i;

	if (!statement_keeps_session(item))
		r->dirty = true;
	if (r->dirty && (r->alone || r->careful || !statement_is_plain(item)))
		r->deep = true;
	for (i = 0; r->watch.pooled && i < item->nwords; i++)
		r->prepares = r->prepares || lex_is(item, i, "PREPARE");
}

/* The data behind a COPY, piece by piece. */
struct data {
	struct script *script;
	struct fault *fault;
};

static int
next_data(void *arg, const char **text, size_t *len)
{
	struct data *d = arg;
	struct lex_item item;

	switch (script_next(d->script, &item, d->fault)) {
	case LEX_DATA:
		*text = item.text;
		*len = item.len;
		return 1;
	case LEX_DATA_END:
	case LEX_END:
		return 0;
	case LEX_MORE:
	case LEX_STATEMENT:
	case LEX_META:
	case LEX_BAD:
	case LEX_NOMEM:
		break;
	}
	return -1;
}

/* COPY ... TO STDOUT, which the pipeline cannot carry. */
static bool
copies_out(const struct lex_item *item)
{
	size_t i;

	if (!lex_is(item, 0, "COPY"))
		return false;
	for (i = 1; i < item->nwords; i++)
		if (lex_is(item, i, "STDOUT"))
			return true;
	return false;
}

/*
 * Variables may bring in anything: a `tx` step must still be the one
 * transaction that the plan says it is; and COPY is not for the pipeline.
 */
static int
check_put(struct run *r, size_t step, const struct lex_item *was,
    const struct vars_text *text, bool *copies)
{
	struct lexer *lexer;
	struct lex_item item;
	enum lex_kind kind = LEX_END;
	const char *path;
	bool ok = true;
	size_t line;

	*copies = copies_out(was);
	if (was->nvars == 0)
		return 0;
	lexer = lex_new(r->worker.backslash_quotes ? LEX_BACKSLASH_QUOTES : 0);
	if (lexer == NULL || lex_feed(lexer, text->text, text->len) == -1) {
		lex_free(lexer);
		return fault_nomem(r->fault);
	}
	lex_finish(lexer);
	while (ok && (kind = lex_next(lexer, &item)) == LEX_STATEMENT) {
		*copies |= lex_is(&item, 0, "COPY");
		ok = r->plan->steps[step].m.mode != MODE_TX ||
		    !statement_controls_transaction(statement_kind(&item));
	}
	lex_free(lexer);
	if (ok)
		return kind == LEX_NOMEM ? fault_nomem(r->fault) : 0;
	path = plan_where(&r->plan->steps[step], was->line, &line);
	return fault_set(r->fault, EXIT_USAGE,
	    "%s:%zu: a variable makes "
	    "this transaction control in a tx step",
	    path, line);
}

int
send_statement(struct run *r, struct script *script,
    const struct lex_item *item, size_t step, size_t statement, bool wait)
{
	struct worker_sent sent = { WORKER_STATEMENT, step, statement };
	struct data data = { script, r->fault };
	struct worker_copy copy = { next_data, &data };
	struct vars_text text;
	bool copies;
	int result;

	if (note_table(r, item) == -1)
		return -1;
	note_session(r, item);
	if (vars_put(r->vars, r->worker.conn, &r->plan->steps[step], item,
		&text, r->fault) == -1)
		return -1;
	if (check_put(r, step, item, &text, &copies) == -1)
		result = -1;
	else if (wait || item->copy_in || item->joined || copies ||
	    text.len >= WORKER_BIG)
		result = worker_run(&r->worker, &sent, text.text, item->joined,
		    item->copy_in ? &copy : NULL);
	else
		result = worker_send(&r->worker, &sent, text.text, 0, NULL);
	vars_text_free(&text);
	return result;
}
