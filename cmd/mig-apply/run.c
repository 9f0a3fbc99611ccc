/* Carries out the steps of a plan. */

#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "spool.h"
#include "sql.h"
#include "statement.h"
#include "stop.h"

/* Steps that one connection runs: its caches grow with each (DESIGN 5.7). */
#define RENEW 500

/* Milliseconds between two tries to cancel. */
#define CANCEL_EVERY 100

/* The head of a text, where its directives stand. */
#define HEAD 65536

/* The directives at the head of a step's text. */
static int
look_at_head(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct step_look *look = &r->looks[step];
	struct directives d = DIRECTIVES_INIT;
	char head[HEAD];
	ssize_t n;
	int result;

	n = spool_read(r->plan->spool, s->run.off, head,
	    s->run.len < HEAD ? s->run.len : HEAD, r->fault);
	if (n == -1)
		return -1;
	result = directives_read(&d, head, (size_t)n,
	    s->m.path == NULL ? "-" : s->m.path, 1, r->fault);
	if (result == 0 && d.has_lock_timeout)
		look->lock_timeout = d.lock_timeout;
	if (result == 0 && d.role != NULL && look->role == NULL) {
		look->role = strdup(d.role);
		if (look->role == NULL)
			result = fault_nomem(r->fault);
	}
	directives_free(&d);
	return result;
}

/* A statement of a `tx` step that would end the step's transaction. */
static int
refuse_control(struct run *r, const struct plan_step *s,
    const struct lex_item *item)
{
	const char *path;
	size_t line;

	path = plan_where(s, item->line, &line);
	fault_set(r->fault, EXIT_STREAM, "%s:%zu:%zu: transaction control "
	    "in a tx step", path, line, item->col);
	return fault_hint(r->fault, "mig-plan refuses this too: how was the "
	    "plan made?");
}

static int
look_at_text(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct step_look *look = &r->looks[step];
	struct script *script;
	struct lex_item item;
	enum lex_kind kind;
	int result = 0;

	look->statements = 0;
	script = script_open(r->plan, s, r->backslash_quotes, r->fault);
	if (script == NULL)
		return -1;
	while (result == 0 && (kind = script_next(script, &item, r->fault))
	    != LEX_END) {
		if (kind == LEX_BAD)
			result = -1;
		if (kind != LEX_STATEMENT)
			continue;
		look->statements++;
		if (statement_alters_extension(&item))
			look->extension = true;
		if (s->m.mode == MODE_TX && statement_controls_transaction(
		    statement_kind(&item)))
			result = refuse_control(r, s, &item);
	}
	script_close(script);
	return result;
}

int
run_look(struct run *r)
{
	const struct plan_step *s;
	size_t i;

	if (r->looks == NULL)
		r->looks = calloc(r->plan->nsteps + 1, sizeof(*r->looks));
	if (r->looks == NULL)
		return fault_nomem(r->fault);
	for (i = 0; i < r->plan->nsteps; i++) {
		s = &r->plan->steps[i];
		r->looks[i].lock_timeout = -1;
		if (s->action == PLAN_RESUME || s->action == PLAN_ADOPT)
			return fault_set(r->fault, EXIT_STREAM, "step %zu: "
			    "this mig-apply cannot %s", i + 1,
			    plan_action_name(s->action));
		if (!s->run.present)
			continue;
		if (look_at_head(r, i) == -1 || look_at_text(r, i) == -1)
			return -1;
		if (r->options->one && s->m.mode != MODE_TX) {
			fault_set(r->fault, EXIT_USAGE, "-1: step %zu (%s) "
			    "cannot run in a transaction with others: its "
			    "mode is %s", i + 1, s->m.path == NULL ?
			    s->m.name : s->m.path,
			    migration_mode_name(s->m.mode));
			return fault_hint(r->fault, "without -1 each step "
			    "is a transaction of its own");
		}
	}
	return 0;
}

void
run_step_done(struct run *r, size_t step)
{
	report_done(&r->report, step + 1, &r->plan->steps[step]);
	r->seq++;
	r->at = step + 1;
	r->deadline = 0;
	r->tries = 0;
	watch_reset(&r->watch);
	if (r->next > r->at)
		report_start(&r->report, r->at + 1, &r->plan->steps[r->at]);
}

/* Whether a command tag is that of transaction control. */
static bool
is_control(const char *tag)
{
	static const char *const tags[] = { "BEGIN", "COMMIT", "ROLLBACK",
	    "START TRANSACTION", "PREPARE TRANSACTION" };
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(tag, tags[i]) == 0)
			return true;
	return false;
}

/* An answer of the server that is no error. */
static void
answer(void *arg, const struct worker_sent *sent, const PGresult *result)
{
	struct run *r = arg;
	/* the result is ours to read; libpq's prototype lacks the const */
	union {
		const PGresult *in;
		PGresult *out;
	} u = { result };
	const char *tag = PQcmdStatus(u.out);
	size_t i;

	if (sent->what == WORKER_STATEMENT && is_control(tag) &&
	    r->plan->steps[sent->step].m.mode == MODE_TX &&
	    strcmp(tag, "ROLLBACK") != 0)
		r->escaped = true;
	if (sent->what != WORKER_COMMIT || r->alone)
		return;
	if (strcmp(tag, "COMMIT") != 0) {
		r->escaped = true;
		return;
	}
	r->exists = true;
	if (!r->options->one) {
		run_step_done(r, sent->step);
		return;
	}
	for (i = r->at; i < r->plan->nsteps; i++)
		run_step_done(r, i);
}

/*
 * Whether what runs now is to be canceled: a transaction at the first signal,
 * or when nobody reads the report any more; anything else at the second.
 */
static bool
must_cancel(const struct run *r)
{
	if (r->alone)
		return stop_count() > 1;
	return stop_count() > 0 || r->report.broken;
}

/* Cancel, and again while it goes on: one may come between two statements. */
static void
cancel(struct run *r)
{
	long long now = report_clock();

	if (r->ending || r->worker.failure.failed || now < r->next_cancel)
		return;
	r->next_cancel = now + CANCEL_EVERY;
	r->canceled = true;
	worker_cancel(&r->worker);
}

/* While the worker waits. */
static void
tick(void *arg)
{
	struct run *r = arg;

	if (must_cancel(r))
		cancel(r);
	if (r->at >= r->plan->nsteps)
		return;
	watch_ask(&r->watch);
	report_progress(&r->report, r->at + 1, &r->plan->steps[r->at],
	    *r->watch.blockers != '\0' ? r->watch.blockers :
	    r->watch.progress);
}

static int
other(void *arg)
{
	struct run *r = arg;

	return watch_socket(&r->watch);
}

static void
ready(void *arg)
{
	struct run *r = arg;

	watch_ready(&r->watch);
}

/* The statements of a step's text, in the transaction at hand. */
static int
send_text(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct script *script;
	struct lex_item item;
	enum lex_kind kind;
	size_t n = 0;
	int result = 0;

	if (!s->run.present)
		return 0;
	script = script_open(r->plan, s, r->worker.backslash_quotes,
	    r->fault);
	if (script == NULL)
		return -1;
	while (result == 0 && (kind = script_next(script, &item, r->fault))
	    != LEX_END) {
		if (kind == LEX_STATEMENT)
			result = send_statement(r, script, &item, step, ++n,
			    false);
		else if (kind == LEX_BAD)
			result = -1;
	}
	script_close(script);
	return result;
}

/* What a step does to the tables of progress, besides its row of the log. */
static int
send_forget(struct run *r, size_t step)
{
	const struct migration *m = &r->plan->steps[step].m;
	struct worker_sent sent = { WORKER_SET, step, 0 };
	const char *values[4];
	char *sql;
	int result;

	if (r->plan->steps[step].action != PLAN_FORGET)
		return 0;
	values[0] = m->series;
	values[1] = m->version;
	values[2] = m->name;
	values[3] = "0";
	sql = db_sql(sql_progress_delete, r->schema);
	if (sql == NULL)
		return fault_nomem(r->fault);
	result = worker_send(&r->worker, &sent, sql, 4, values);
	free(sql);
	return result;
}

/* A step in a transaction, without waiting for its end. */
static int
send_step(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	bool whole = !r->options->one, last = step + 1 == r->plan->nsteps;

	if (step == r->at)
		report_start(&r->report, step + 1, s);
	r->next = step + 1;
	if ((whole || step == 0 ? send_begin(r, step) :
				  send_settings(r, step)) == -1)
		return -1;
	if (send_text(r, step) == -1 || send_forget(r, step) == -1 ||
	    send_log(r, step, plan_action_name(s->action), NULL) == -1)
		return -1;
	if ((whole || last) && send_commit(r, step) == -1)
		return -1;
	if (send_put_back(r, !whole && !last) == -1)
		return -1;
	return worker_flush(&r->worker);
}

/* A connection of its own for step `next`, if it wants one. */
static int
renew(struct run *r)
{
	if (r->options->one || r->next == r->renewed)
		return 0;
	if (r->next - r->renewed < RENEW && !r->looks[r->next].extension)
		return 0;
	if (worker_sync(&r->worker) == -1)
		return -1;
	if (worker_renew(&r->worker, r->fault) == -1) {
		if (r->at > 0)
			r->fault->code = EXIT_FAILED;
		return -1;
	}
	r->watch.worker_pid = PQbackendPID(r->worker.conn);
	r->renewed = r->next;
	r->dirty = false;
	return 0;
}

/* A step that runs outside of one transaction. */
static int
run_alone(struct run *r, size_t step)
{
	int result;

	if (worker_sync(&r->worker) == -1)
		return -1;
	r->alone = true;
	r->partial = false;
	report_start(&r->report, step + 1, &r->plan->steps[step]);
	r->next = step + 1;
	result = alone_run(r, step);
	if (result == 0) {
		r->partial = false;
		r->alone = false;
		free(r->started);
		r->started = NULL;
		run_step_done(r, step);
		result = send_put_back(r, false);
	}
	return result;
}

static int
next_step(struct run *r)
{
	const struct plan_step *s = &r->plan->steps[r->next];

	if (renew(r) == -1)
		return -1;
	if (!watch_holds(&r->watch)) {
		fault_set(r->fault, r->at > 0 ? EXIT_FAILED : EXIT_CONNECT,
		    "the connection that holds the lock was lost; stopped "
		    "before step %zu", r->next + 1);
		return -1;
	}
	if (s->run.present && s->m.mode != MODE_TX)
		return run_alone(r, r->next);
	return send_step(r, r->next);
}

/* Roll back what is open, so that the connection can be used again. */
static int
roll_back(struct run *r)
{
	worker_sync(&r->worker);
	if (r->worker.failure.lost)
		return -1;
	worker_clear(&r->worker);
	if (PQtransactionStatus(r->worker.conn) != PQTRANS_IDLE)
		send_set(r, "ROLLBACK");
	r->dirty = true;
	send_put_back(r, false);
	r->making = false;
	r->next = r->at;
	return worker_sync(&r->worker);
}

/*
 * Whether a failed step may be tried again: the lock was not to be had, or
 * others were in its way.
 */
static bool
may_retry(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;
	const char *state = db_sqlstate(failure->result);

	if (failure->result == NULL || r->alone || stop_signal() != 0 ||
	    r->report.broken || failure->lost)
		return false;
	if (strcmp(state, "55P03") != 0 && strcmp(state, "40P01") != 0 &&
	    strcmp(state, "40001") != 0)
		return false;
	if (r->deadline == 0)
		r->deadline = report_clock() + r->options->retry * 1000;
	return report_clock() < r->deadline;
}

/* Wait before the next try: longer each time, and never the same. */
static void
pause_before_retry(struct run *r)
{
	long long most = r->tries < 6 ? 250LL << r->tries : 15000;
	long long left = r->deadline - report_clock();

	r->tries++;
	if (most > left)
		most = left > 0 ? left : 1;
	stop_poll(NULL, 0, (int)(most / 2 +
	    (long long)arc4random_uniform((uint32_t)(most / 2 + 1))));
}

/* Returns true where the steps from `at` on are to be sent again. */
static bool
retried(struct run *r)
{
	const PGresult *result = r->worker.failure.result;
	char state[6];
	char *why;

	if (!may_retry(r))
		return false;
	strlcpy(state, db_sqlstate(result), sizeof(state));
	if (asprintf(&why, "%s%s%s", PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY), *r->watch.blockers != '\0' ?
	    ": blocked by " : "", r->watch.blockers) == -1)
		return false;
	report_retry(&r->report, r->at + 1, &r->plan->steps[r->at], state,
	    why);
	free(why);
	if (roll_back(r) == -1)
		return false;
	pause_before_retry(r);
	return stop_signal() == 0;
}

/* Put the failure into the log, where there is one. */
static void
log_failure(struct run *r, size_t step, const char *message)
{
	struct fault *fault = r->fault, second = FAULT_INIT;

	if (!r->exists || r->options->one)
		return;
	r->fault = &second;
	r->at = r->next = step;
	if (send_log(r, step, "fail", message) == 0 &&
	    worker_sync(&r->worker) == 0)
		r->seq++;
	fault_free(&second);
	r->fault = fault;
}

/* Say what failed, and leave nothing open. */
static void
report_failure(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;
	const struct worker_sent sent = failure->sent;
	size_t step = sent.step < r->at ? r->at : sent.step;
	const char *message = r->fault->text;
	char state[6] = "", *place = NULL;

	if (step >= r->plan->nsteps)
		return;
	if (failure->result != NULL) {
		strlcpy(state, db_sqlstate(failure->result), sizeof(state));
		place = failure_place(r, &sent, failure->result);
		message = PQresultErrorField(failure->result,
		    PG_DIAG_MESSAGE_PRIMARY);
	}
	report_fail(&r->report, step + 1, &r->plan->steps[step],
	    *state == '\0' ? NULL : state, place,
	    message == NULL ? "out of memory" : message);
	free(place);
	if (roll_back(r) == 0 && r->fault->text != NULL &&
	    stop_signal() == 0)
		log_failure(r, step, r->fault->text);
}

/* The steps end before the last one. */
static enum exits
give_up(struct run *r)
{
	bool failed;

	r->ending = true;
	if (r->worker.failure.lost && lost_look(r) == 0 &&
	    r->at == r->plan->nsteps)
		return EXIT_DONE;
	failed = r->worker.failure.failed;
	if (r->fault->text == NULL && !r->worker.failure.lost &&
	    (r->canceled || stop_signal() != 0)) {
		fault_set(r->fault, r->report.broken ? EXIT_STREAM :
		    EXIT_FAILED, "stopped: step %zu of %zu "
		    "is rolled back, the ones before it are done",
		    r->at + 1, r->plan->nsteps);
		if (r->partial)
			fault_set(r->fault, EXIT_UNKNOWN, "stopped part-way "
			    "in step %zu of %zu, which is not one "
			    "transaction", r->at + 1, r->plan->nsteps);
	} else if (failed && r->fault->text == NULL)
		failure_explain(r);
	if (failed || r->next > r->at)
		report_failure(r);
	else if (PQstatus(r->worker.conn) == CONNECTION_OK)
		roll_back(r);
	return r->fault->code == EXIT_DONE ? EXIT_FAILED : r->fault->code;
}

/* Whether to go on: nobody said stop, and somebody reads the report. */
static bool
go_on(struct run *r)
{
	if (stop_signal() != 0) {
		fault_set(r->fault, EXIT_FAILED, "stopped before step %zu "
		    "of %zu; the ones before it are done", r->next + 1,
		    r->plan->nsteps);
		return false;
	}
	if (report_ok(&r->report))
		return true;
	fault_set(r->fault, EXIT_STREAM, "the report cannot be written any "
	    "more: stopped before step %zu of %zu", r->next + 1,
	    r->plan->nsteps);
	return false;
}

/* Send all steps and take all answers; -1 where something failed. */
static int
send_all(struct run *r)
{
	while (r->next < r->plan->nsteps) {
		if (!go_on(r)) {
			worker_sync(&r->worker);
			return -1;
		}
		if (next_step(r) == -1) {
			worker_sync(&r->worker);
			return -1;
		}
		if (r->escaped)
			break;
	}
	if (worker_sync(&r->worker) == -1)
		return -1;
	if (r->escaped)
		return fault_set(r->fault, EXIT_UNKNOWN, "step %zu ended its "
		    "own transaction: look at what it did", r->at + 1);
	return 0;
}

enum exits
run_steps(struct run *r)
{
	r->worker.done = answer;
	r->worker.tick = tick;
	r->worker.other = other;
	r->worker.ready = ready;
	r->worker.arg = r;
	r->worker.interval = 200;
	if (worker_open(&r->worker, r->target, r->fault) == -1)
		return r->fault->code;
	r->watch.worker_pid = PQbackendPID(r->worker.conn);
	r->exists = r->history.exists;
	r->seq = r->history.seq;
	while (send_all(r) == -1)
		if (!retried(r))
			return give_up(r);
	return EXIT_DONE;
}

void
run_analyze(struct run *r)
{
	static const struct worker_sent sent = { WORKER_SET, 0, 0 };
	char *sql;
	size_t i;

	for (i = 0; i < r->ntables && stop_signal() == 0; i++) {
		if (asprintf(&sql, "ANALYZE %s", r->tables[i]) == -1)
			return;
		if (worker_run(&r->worker, &sent, sql, false, NULL) == -1) {
			db_fault(r->fault, EXIT_DONE, sql, r->worker.conn,
			    r->worker.failure.result);
			report_wipe(&r->report);
			fault_print(r->fault, stderr);
			fault_free(r->fault);
			if (r->worker.failure.lost) {
				free(sql);
				return;
			}
			worker_clear(&r->worker);
		}
		free(sql);
	}
}

void
run_free(struct run *r)
{
	size_t i;

	worker_close(&r->worker);
	watch_close(&r->watch);
	history_free(&r->history);
	for (i = 0; r->looks != NULL && i < r->plan->nsteps; i++)
		free(r->looks[i].role);
	for (i = 0; i < r->ntables; i++)
		free(r->tables[i]);
	free(r->tables);
	free(r->looks);
	free(r->schema);
	free(r->append);
	free(r->os_user);
	free(r->started);
	vars_free(r->vars);
}
