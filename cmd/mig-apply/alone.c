/* Runs a step that is not one transaction: modes `none` and `own`. */

#include "alone.h"

#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "hash.h"
#include "sql.h"
#include "statement.h"
#include "stop.h"

/* Note the digest of the statement at hand; its text will not stay. */
static int
note_statement(struct alone *a)
{
	char *hexes;

	/* room grows by powers of two */
	if ((a->k & (a->k - 1)) == 0) {
		hexes = reallocarray(a->hexes, a->k * 2, HASH_HEX);
		if (hexes == NULL)
			return fault_nomem(a->run->fault);
		a->hexes = hexes;
	}
	progress_digest(&a->item, a->hexes + (a->k - 1) * HASH_HEX);
	return 0;
}

/* Write how far the step has come, in the transaction at hand. */
static int
put_progress(struct alone *a, size_t statement, const char *state)
{
	struct run *r = a->run;
	const struct plan_step *s = &r->plan->steps[a->step];
	struct worker_sent sent = { WORKER_LOG, a->step, 0 };
	const char *values[9];
	char k[24], n[24], *sql;
	int result;

	snprintf(k, sizeof(k), "%zu", statement);
	snprintf(n, sizeof(n), "%zu", r->looks[a->step].statements);
	values[0] = s->m.series;
	values[1] = s->m.version;
	values[2] = s->m.name;
	values[3] = plan_action_name(s->action);
	values[4] = k;
	values[5] = n;
	values[6] = a->hexes + (statement - 1) * HASH_HEX;
	values[7] = state;
	values[8] = r->id;
	sql = db_sql(sql_progress_put, r->schema);
	if (sql == NULL)
		return fault_nomem(r->fault);
	result = worker_send(&r->worker, &sent, sql, 9, values);
	free(sql);
	return result == 0 ? send_fence(r, a->step) : -1;
}

static int
send_last(struct alone *a)
{
	if (send_log(a->run, a->step,
		plan_action_name(a->run->plan->steps[a->step].action),
		NULL) == -1)
		return -1;
	a->logged = true;
	return send_progress_change(a->run, a->step, sql_progress_delete, 0);
}

/*
 * After statements, in their transaction: how far we are, or, behind the last
 * one, the row of the log.
 */
int
alone_send_done(struct alone *a)
{
	size_t k;

	if (a->last)
		return send_last(a);
	if (send_own_session(a->run) == -1)
		return -1;
	/* one that is rolled back has no row */
	for (k = a->open; k <= a->k; k++)
		if (a->hexes[(k - 1) * HASH_HEX] != '\0' &&
		    put_progress(a, k, "done") == -1)
			return -1;
	return 0;
}

void
alone_committed(struct alone *a)
{
	a->part = a->run->partial = true;
	a->run->deadline = 0;
	a->run->tries = 0;
}

/*
 * A transaction of our own, with the row of the log or of progress.  It is not
 * tried again, and so waits as long as the tries of a statement take.
 */
int
alone_done(struct alone *a)
{
	struct run *r = a->run;
	long once = run_limit(r, a->step, LIMIT_LOCK), ms = run_retry(r);

	if (send_begin_own(r, ms > once ? ms : once) == -1 ||
	    alone_send_done(a) == -1 || send_commit(r, a->step) == -1 ||
	    worker_sync(&r->worker) == -1)
		return -1;
	alone_committed(a);
	return 0;
}

int
alone_intent(struct alone *a)
{
	struct run *r = a->run;

	if (send_begin_own(r, run_limit(r, a->step, LIMIT_LOCK)) == -1 ||
	    send_own_session(r) == -1 ||
	    put_progress(a, a->k, "intent") == -1 ||
	    send_commit(r, a->step) == -1)
		return -1;
	return worker_sync(&r->worker);
}

int
alone_send(struct alone *a, bool inside)
{
	int result;

	a->run->rolls_back = inside;
	result = send_statement(a->run, a->script, &a->item, a->step, a->k,
	    true);
	a->run->rolls_back = false;
	return result;
}

/* The history must be there before anything that is no transaction. */
static int
make_history(struct alone *a)
{
	struct run *r = a->run;

	if (r->exists)
		return 0;
	if (send_begin_own(r, run_limit(r, a->step, LIMIT_LOCK)) == -1 ||
	    send_history(r) == -1 || send_set(r, "COMMIT") == -1 ||
	    worker_sync(&r->worker) == -1)
		return -1;
	r->exists = true;
	return 0;
}

/* A callback that stopped part-way is no migration: it begins anew. */
static int
forget_callback(struct alone *a)
{
	struct run *r = a->run;

	if (r->plan->steps[a->step].action != PLAN_EXEC)
		return 0;
	if (send_begin_own(r, run_limit(r, a->step, LIMIT_LOCK)) == -1 ||
	    send_progress_change(r, a->step, sql_progress_delete, 0) == -1 ||
	    send_set(r, "COMMIT") == -1)
		return -1;
	return worker_sync(&r->worker);
}

/* The server refuses the statement in a transaction. */
static bool
refused_in_transaction(const struct worker *w)
{
	const char *state = db_sqlstate(w->failure.result);

	return w->failure.failed && !w->failure.lost &&
	    (strcmp(state, "25001") == 0 || strcmp(state, "2D000") == 0);
}

static int
run_in_transaction(struct alone *a)
{
	struct run *r = a->run;

	if (send_begin(r, a->step) == -1 || alone_send(a, true) == -1)
		return -1;
	if (alone_send_done(a) == -1 || send_commit(r, a->step) == -1 ||
	    (r->shared && send_put_back(r, false) == -1) ||
	    worker_sync(&r->worker) == -1)
		return -1;
	alone_committed(a);
	return 0;
}

/* What failed in a transaction runs outside of one, if that is why. */
static int
run_refused(struct alone *a)
{
	struct worker *w = &a->run->worker;

	worker_sync(w);
	if (a->item.copy_in || !refused_in_transaction(w))
		return -1;
	worker_clear(w);
	a->logged = false;
	if (send_set(a->run, "ROLLBACK") == -1 ||
	    (a->run->shared && send_put_back(a->run, false) == -1) ||
	    worker_sync(w) == -1)
		return -1;
	return bare_run(a);
}

int
alone_rewind(struct alone *a, size_t statement)
{
	struct run *r = a->run;
	enum lex_kind kind;

	script_close(a->script);
	a->script = script_open(r->plan, &r->plan->steps[a->step],
	    r->worker.backslash_quotes, r->fault);
	a->k = 0;
	while (a->script != NULL && a->k + 1 < statement) {
		kind = script_next(a->script, &a->item, r->fault);
		if (kind == LEX_BAD || kind == LEX_END)
			return -1;
		a->k += kind == LEX_STATEMENT;
	}
	return a->script == NULL ? -1 : 0;
}

/* Read the statement at hand, and what follows on it, again. */
static int
read_again(struct alone *a)
{
	enum lex_kind kind;

	if (alone_rewind(a, a->k) == -1)
		return -1;
	do
		kind = script_next(a->script, &a->item, a->run->fault);
	while (kind == LEX_DATA || kind == LEX_DATA_END);
	a->k++;
	return kind == LEX_STATEMENT ? 0 : -1;
}

/* A statement by itself. */
int
alone_one(struct alone *a)
{
	a->open = a->k;
	if (statement_not_in_transaction(&a->item) != NULL)
		return bare_run(a);
	while (run_in_transaction(a) == -1) {
		if (!run_statement_retried(a->run))
			return run_refused(a);
		a->logged = false;
		/* its data have gone by */
		if (a->item.copy_in && read_again(a) == -1)
			return -1;
	}
	return 0;
}

/*
 * "...; COMMIT; BEGIN; ..." leaves its tool's transaction for another one,
 * which the tool ends.
 */
static int
finish_inner(struct alone *a)
{
	a->last = true;
	if (alone_send_done(a) == -1 || send_commit(a->run, a->step) == -1)
		return -1;
	return worker_sync(&a->run->worker);
}

/* The last statement is behind us: the row of the log, if need be. */
static int
finish(struct alone *a)
{
	struct run *r = a->run;
	PGTransactionStatusType status;

	if (worker_sync(&r->worker) == -1)
		return -1;
	status = PQtransactionStatus(r->worker.conn);
	if (a->logged && status == PQTRANS_INTRANS) {
		/* COMMIT AND CHAIN at the end: there is nothing in it */
		return send_set(r, "ROLLBACK") == -1 ? -1 :
						       worker_sync(&r->worker);
	}
	if (a->inner && status == PQTRANS_INTRANS)
		return finish_inner(a);
	if (status != PQTRANS_IDLE) {
		fault_set(r->fault, r->partial ? EXIT_UNKNOWN : EXIT_FAILED,
		    "%s: leaves a transaction open; it is rolled back",
		    plan_step_label(&r->plan->steps[a->step]));
		return fault_hint(r->fault, "add the COMMIT that is missing");
	}
	if (a->logged)
		return 0;
	a->last = true;
	return alone_done(a);
}

/* The statement at hand: pass over it, or run it. */
static int
run_next(struct alone *a)
{
	int passed;

	a->k++;
	a->intent = false;
	if (note_statement(a) == -1)
		return -1;
	a->last = a->k == a->run->looks[a->step].statements;
	passed = resume_pass(&a->resume, a->script, &a->item,
	    a->hexes + (a->k - 1) * HASH_HEX, a->k);
	if (passed != 0)
		return passed == 1 ? own_follow(a) : -1;
	if ((PQtransactionStatus(a->run->worker.conn) == PQTRANS_IDLE &&
		session_check(a) == -1) ||
	    own_run(a) == -1)
		return -1;
	session_note(&a->session, &a->item);
	return 0;
}

static int
run_statements(struct alone *a)
{
	struct run *r = a->run;
	enum lex_kind kind;

	while ((kind = script_next(a->script, &a->item, r->fault)) != LEX_END) {
		if (kind == LEX_BAD)
			return -1;
		if (kind != LEX_STATEMENT)
			continue;
		if (!watch_holds(&r->watch))
			return fault_set(r->fault,
			    r->partial ? EXIT_UNKNOWN : EXIT_FAILED,
			    "the connection that "
			    "holds the lock was lost; stopped before "
			    "statement %zu of step %zu",
			    a->k + 1, a->step + 1);
		/* of more than one, those that are done stay done */
		if (stop_signal() != 0 || run_next(a) == -1)
			return -1;
	}
	return resume_begin(&a->resume) == -1 ? -1 : finish(a);
}

/* When the step begins, by the server's clock. */
static int
note_start(struct run *r)
{
	PGresult *result;

	free(r->started);
	r->started = NULL;
	/* spelled so that no DateStyle reads it otherwise */
	result = run_query(r,
	    "SELECT pg_catalog.to_char("
	    "pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', "
	    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
	    0, NULL);
	if (result == NULL)
		return -1;
	r->started = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return r->started == NULL ? fault_nomem(r->fault) : 0;
}

int
alone_run(struct run *r, size_t step)
{
	struct alone a;
	int result;

	memset(&a, 0, sizeof(a));
	a.run = r;
	a.step = step;
	if (make_history(&a) == -1 || forget_callback(&a) == -1 ||
	    note_start(r) == -1 || send_check_texts(r, step) == -1)
		return -1;
	result = resume_open(&a.resume, r, step);
	if (result == 0) {
		a.script = script_open(r->plan, &r->plan->steps[step],
		    r->worker.backslash_quotes, r->fault);
		result = a.script == NULL ? -1 : run_statements(&a);
		while (result == -1 && own_retried(&a))
			result = run_statements(&a);
	}
	script_close(a.script);
	resume_close(&a.resume);
	saves_free(&a.saves);
	session_free(&a.session);
	free(a.begin);
	free(a.hexes);
	return result;
}
