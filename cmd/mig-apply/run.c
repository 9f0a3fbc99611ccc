/* Carries out the steps of a plan. */

#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "sql.h"
#include "stop.h"

/* Steps that one connection runs: its caches grow with each (DESIGN 5.7). */
#define RENEW 500

/* Milliseconds between two tries to cancel. */
#define CANCEL_EVERY 100

/* Milliseconds that the worker waits, at most, before it looks around. */
#define TICK 200

void
run_step_done(struct run *r, size_t step)
{
	const long long ended = r->looks[step].ended;

	report_done(&r->report, step + 1, &r->plan->steps[step], ended);
	r->seq++;
	r->at = step + 1;
	r->deadline = 0;
	r->tries = 0;
	watch_reset(&r->watch);
	if (r->next > r->at)
		report_start(&r->report, r->at + 1, &r->plan->steps[r->at],
		    ended);
}

void
run_note_worker(struct run *r)
{
	/* a pooler invents one, and each transaction has its own */
	r->watch.worker_pid = r->watch.pooled ? 0 :
						PQbackendPID(r->worker.conn);
}

void
run_note_pid(struct run *r, const PGresult *result)
{
	if (PQntuples(result) == 1)
		r->watch.worker_pid = (int)strtol(PQgetvalue(result, 0, 0),
		    NULL, 10);
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
	const char *tag = PQcmdStatus(worker_result(result));
	size_t i;

	if (sent->what == WORKER_STATEMENT && is_control(tag) &&
	    r->plan->steps[sent->step].m.mode == MODE_TX &&
	    strcmp(tag, "ROLLBACK") != 0)
		r->escaped = true;
	if (sent->what == WORKER_PID)
		run_note_pid(r, result);
	if (sent->what == WORKER_TABLE)
		tables_note(&r->tables, result);
	if (sent->what == WORKER_LOG && r->options->one)
		r->looks[sent->step].ended = report_clock();
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
 * or when nobody reads the report any more; anything else at the second, unless
 * it waits for a lock, when it has others wait too and has done nothing yet.
 */
static bool
must_cancel(const struct run *r)
{
	int signals = stop_count();

	if (!r->alone)
		return signals > 0 || r->report.broken;
	return signals > 1 ||
	    (signals == 1 && (r->rolls_back || r->watch.waiting));
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
	char doing[sizeof(r->watch.progress) + sizeof(r->watch.blockers) + 16];
	int interval;

	if (must_cancel(r))
		cancel(r);
	if (r->at >= r->plan->nsteps)
		return;
	interval = watch_interval(run_limit(r, r->at, LIMIT_LOCK));
	r->worker.interval = interval < TICK ? interval : TICK;
	watch_ask(&r->watch, interval);
	/* what is in a transaction has a lock timeout, and says so then */
	if (r->bare && *r->watch.blockers != '\0') {
		report_wait(&r->report, r->at + 1, &r->plan->steps[r->at],
		    r->watch.blockers);
		r->bare = false;
	}
	snprintf(doing, sizeof(doing), "%s%s%s", r->watch.progress,
	    *r->watch.blockers == '\0'	   ? "" :
		*r->watch.progress == '\0' ? "waits for " :
					     ", waits for ",
	    r->watch.blockers);
	report_progress(&r->report, r->at + 1, &r->plan->steps[r->at], doing);
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
	script = script_open(r->plan, s, r->worker.backslash_quotes, r->fault);
	if (script == NULL)
		return -1;
	while (result == 0 &&
	    (kind = script_next(script, &item, r->fault)) != LEX_END) {
		if (kind == LEX_STATEMENT)
			result = send_statement(r, script, &item, step, ++n,
			    false);
		else if (kind == LEX_BAD)
			result = -1;
	}
	script_close(script);
	return result;
}

/* What a step does to the table of progress, besides its row of the log. */
static int
send_forget(struct run *r, size_t step)
{
	if (r->plan->steps[step].action != PLAN_FORGET)
		return 0;
	return send_progress_change(r, step, sql_progress_delete, 0);
}

/*
 * Begin the step's transaction, in a session that is put back.  That can be
 * done in it, which saves a transaction; not what is deep, since BEGIN heeds
 * settings; nor where SET TRANSACTION comes, which nothing may precede.
 */
static int
begin_step(struct run *r, size_t step)
{
	bool apart = r->deep || r->looks[step].sets_transaction;

	if (apart && send_put_back(r, false) == -1)
		return -1;
	return send_begin(r, step);
}

/* A step in a transaction, without waiting for its end. */
static int
send_step(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	bool whole = !r->options->one, last = step + 1 == r->plan->nsteps;

	if (step == r->at)
		report_start(&r->report, step + 1, s, 0);
	r->next = step + 1;
	if ((whole || step == 0 ? begin_step(r, step) :
				  send_settings(r, step)) == -1)
		return -1;
	if (send_text(r, step) == -1 || send_forget(r, step) == -1 ||
	    send_log(r, step, plan_action_name(s->action), NULL) == -1)
		return -1;
	if ((whole || last) && send_commit(r, step) == -1)
		return -1;
	if (!whole && !last && send_put_back(r, true) == -1)
		return -1;
	return worker_flush(&r->worker);
}

bool
run_same_server(const struct run *r)
{
	const PGconn *lock = r->watch.conn, *worker = r->worker.conn;

	return strcmp(PQhost(lock), PQhost(worker)) == 0 &&
	    strcmp(PQport(lock), PQport(worker)) == 0 &&
	    strcmp(PQdb(lock), PQdb(worker)) == 0;
}

static int
check_server(struct run *r)
{
	const PGconn *lock = r->watch.conn, *worker = r->worker.conn;

	if (run_same_server(r))
		return 0;
	return fault_set(r->fault, EXIT_CONNECT,
	    "a second connection leads to another server: %s port %s, not "
	    "%s port %s",
	    PQhost(worker), PQport(worker), PQhost(lock), PQport(lock));
}

/*
 * Whether step `next` wants a connection of its own.  One that is tried again
 * does: a library of an extension that it had made stays loaded after the
 * rollback, and TimescaleDB's does not let itself be made twice.  And what
 * follows on other defaults of sessions is to have them, as in a run that
 * begins there.
 */
static bool
wants_new(const struct run *r)
{
	if (r->again)
		return true;
	if (r->options->one || r->next == r->renewed)
		return false;
	return r->next - r->renewed >= RENEW || r->looks[r->next].extension ||
	    r->looks[r->next - 1].defaults;
}

static int
renew(struct run *r)
{
	if (!wants_new(r))
		return 0;
	if (worker_sync(&r->worker) == -1)
		return -1;
	/* a pool may have no more than this one */
	if (r->watch.pooled)
		watch_spare(&r->watch);
	if (worker_renew(&r->worker, r->fault) == -1)
		return -1;
	run_note_worker(r);
	r->renewed = r->next;
	r->again = false;
	r->dirty = r->deep = false;
	return check_server(r);
}

/* A step that runs outside of one transaction. */
static int
run_alone(struct run *r, size_t step)
{
	int result;

	if (send_put_back(r, false) == -1 || worker_sync(&r->worker) == -1)
		return -1;
	r->alone = true;
	r->partial = r->plan->steps[step].resume != 0;
	report_start(&r->report, step + 1, &r->plan->steps[step], 0);
	r->next = step + 1;
	result = alone_run(r, step);
	if (result == 0) {
		r->partial = false;
		r->alone = false;
		free(r->started);
		r->started = NULL;
		run_step_done(r, step);
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
		fault_set(r->fault, EXIT_CONNECT,
		    "the connection that holds the lock was lost; stopped "
		    "before step %zu",
		    r->next + 1);
		return -1;
	}
	if (s->run.present && s->m.mode != MODE_TX)
		return run_alone(r, r->next);
	return send_step(r, r->next);
}

/* Whether to go on: nobody said stop, and somebody reads the report. */
static bool
go_on(struct run *r)
{
	return stop_signal() == 0 && report_ok(&r->report);
}

/* Stop between two steps, if what was sent comes to its end. */
static int
stop_before_next(struct run *r)
{
	const char *what = stop_signal() != 0 ?
	    "stopped" :
	    "the report cannot be written any more: stopped";
	enum exits code = stop_signal() != 0 ? EXIT_FAILED : EXIT_STREAM;

	if (worker_sync(&r->worker) == -1)
		return -1;
	if (r->at == 0)
		return fault_set(r->fault, code, "%s: nothing was done", what);
	return fault_set(r->fault, code,
	    "%s before step %zu of %zu; the ones before it are done", what,
	    r->at + 1, r->plan->nsteps);
}

/* Send all steps and take all answers; -1 where something failed. */
static int
send_all(struct run *r)
{
	while (r->next < r->plan->nsteps) {
		if (!go_on(r))
			return stop_before_next(r);
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
		return fault_set(r->fault, EXIT_UNKNOWN,
		    "step %zu ended its "
		    "own transaction: look at what it did",
		    r->at + 1);
	return 0;
}

/* What a notice shows: no value of a variable. */
static char *
hide(const void *vars, const char *text)
{
	return vars_hide(vars, text);
}

int
run_open(struct run *r)
{
	r->worker.reader = (struct db_reader){ hide, r->vars };
	r->worker.done = answer;
	r->worker.tick = tick;
	r->worker.other = other;
	r->worker.ready = ready;
	r->worker.arg = r;
	r->worker.interval = TICK;
	if (worker_open(&r->worker, r->target, r->watch.pooled, r->fault) ==
		-1 ||
	    check_server(r) == -1)
		return -1;
	r->shared = r->watch.pooled;
	run_note_worker(r);
	stop_hold();
	return 0;
}

/*
 * A refusal says that nothing was done: by its end, once all answers are there,
 * that may not be so.
 */
static enum exits
code_of_refusal(struct run *r, enum exits code)
{
	if ((code != EXIT_USAGE && code != EXIT_STREAM) || r->report.broken)
		return code;
	if (r->partial)
		r->fault->code = EXIT_UNKNOWN;
	else if (r->at > 0)
		r->fault->code = EXIT_FAILED;
	return r->fault->code;
}

enum exits
run_steps(struct run *r)
{
	if (run_open(r) == -1 || pool_check(r) == -1)
		return r->fault->code;
	r->exists = r->history.exists;
	r->seq = r->history.seq;
	while (send_all(r) == -1)
		if (!run_retried(r))
			return code_of_refusal(r, run_give_up(r));
	return EXIT_DONE;
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
	tables_free(&r->tables);
	free(r->looks);
	free(r->schema);
	free(r->append);
	free(r->os_user);
	free(r->started);
	vars_free(r->vars);
}
