/* What follows on a failure: another try, or an end in good order. */

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "run.h"
#include "stop.h"
#include "text.h"

/* Milliseconds that the row of a failure waits for a lock. */
#define FAILURE_LOCK 1000

/* Roll back what is open, so that the connection can be used again. */
static int
roll_back(struct run *r)
{
	worker_sync(&r->worker);
	if (r->worker.failure.lost)
		return -1;
	worker_clear(&r->worker);
	r->dirty = r->deep = r->prepares = true;
	if (PQtransactionStatus(r->worker.conn) != PQTRANS_IDLE)
		send_set(r, "ROLLBACK");
	else if (r->shared)
		/* a pooler has handed it on, the next one is another's */
		r->dirty = false;
	send_put_back(r, false);
	r->making = false;
	r->timed = false;
	r->next = r->at;
	return worker_sync(&r->worker);
}

/* There is no other try: say so where that is for want of memory. */
static bool
lost_in_retry(struct run *r)
{
	if (r->worker.failure.nomem)
		fault_nomem(r->fault);
	return false;
}

/*
 * Whether what failed may be tried again: the lock was not to be had, or others
 * were in its way.
 */
static bool
may_retry(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;
	const char *state = db_sqlstate(failure->result);

	if (failure->result == NULL || stop_signal() != 0 || r->report.broken)
		return false;
	if (strcmp(state, "55P03") != 0 && strcmp(state, "40P01") != 0 &&
	    strcmp(state, "40001") != 0)
		return false;
	if (failure->lost)
		return lost_in_retry(r);
	if (r->deadline == 0)
		r->deadline = report_clock() + run_retry(r);
	return report_clock() < r->deadline;
}

/*
 * Wait before the next try: longer each time, and never the same.  False where
 * we are told to stop meanwhile.
 */
static bool
pause_before_retry(struct run *r)
{
	long long most = r->tries < 6 ? 250LL << r->tries : 15000;
	long long left = r->deadline - report_clock();

	r->tries++;
	if (most > left)
		most = left > 0 ? left : 1;
	stop_poll(NULL, 0,
	    (int)(most / 2 +
		(long long)arc4random_uniform((uint32_t)(most / 2 + 1))));
	watch_reset(&r->watch);
	return stop_signal() == 0;
}

/* Say what was in the way; without memory not who. */
static void
say_retry(struct run *r)
{
	const PGresult *result = r->worker.failure.result;
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char *why = NULL;

	failure_blame(r);
	if (*r->watch.blamed != '\0' &&
	    asprintf(&why, "%s: blocked by %s", text, r->watch.blamed) == -1)
		why = NULL;
	report_retry(&r->report, r->at + 1, &r->plan->steps[r->at],
	    db_sqlstate(result), why == NULL ? text : why);
	free(why);
}

bool
run_statement_retried(struct run *r)
{
	if (!may_retry(r))
		return false;
	say_retry(r);
	/* the session stays as the statements before this have left it */
	worker_sync(&r->worker);
	if (r->worker.failure.lost)
		return false;
	worker_clear(&r->worker);
	r->dirty = r->dirty || r->shared;
	if (PQtransactionStatus(r->worker.conn) != PQTRANS_IDLE &&
	    send_set(r, "ROLLBACK") == -1)
		return false;
	if ((r->shared && send_put_back(r, false) == -1) ||
	    worker_sync(&r->worker) == -1)
		return false;
	return pause_before_retry(r);
}

/*
 * Whether the prepared append is gone, by a function that the text has set off:
 * in the next try it is prepared where it is needed.
 */
static bool
has_lost_append(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;

	if (r->careful || r->alone || failure->sent.what != WORKER_LOG ||
	    strcmp(db_sqlstate(failure->result), "26000") != 0)
		return false;
	r->careful = true;
	return true;
}

bool
run_retried(struct run *r)
{
	if (has_lost_append(r)) {
		r->again = true;
		return roll_back(r) == 0;
	}
	if (r->alone || !may_retry(r))
		return false;
	say_retry(r);
	if (roll_back(r) == -1)
		return lost_in_retry(r);
	r->again = true;
	return pause_before_retry(r);
}

/*
 * A message of the server as a value that it takes: a text that had another
 * encoding may have left bytes in it that are none in ours.  Owned.
 */
static char *
sound(const char *message)
{
	char *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	if (fp == NULL)
		return NULL;
	text_show(fp, message, strlen(message));
	return fclose(fp) == 0 ? text : NULL;
}

/* As run_log_failure(), but for the end of it. */
static int
append_failure(struct run *r, const char *message)
{
	char *text = sound(message);
	int result;

	result = text == NULL ? -1 : send_begin_own(r, FAILURE_LOCK);
	if (result == 0)
		result = send_log(r, r->at, "fail", text);
	free(text);
	if (result == 0)
		result = send_set(r, "COMMIT");
	if (worker_sync(&r->worker) == -1)
		result = -1;
	r->making = false;
	return result;
}

int
run_log_failure(struct run *r, const char *message)
{
	struct fault *fault = r->fault, ignored = FAULT_INIT;
	int result;

	r->fault = &ignored;
	result = append_failure(r, message);
	if (result == 0) {
		r->exists = true;
		r->seq++;
	} else if (!r->worker.failure.lost) {
		worker_clear(&r->worker);
		if (PQtransactionStatus(r->worker.conn) != PQTRANS_IDLE)
			send_set(r, "ROLLBACK");
		worker_sync(&r->worker);
	}
	fault_free(&ignored);
	r->fault = fault;
	return result;
}

/* Say what failed, and leave nothing open. */
static void
report_failure(struct run *r)
{
	const struct worker_sent sent = r->worker.failure.sent;
	/* what is ours is about the first step that is not done */
	size_t step = sent.what == WORKER_SET || sent.step < r->at ? r->at :
								     sent.step;

	if (step >= r->plan->nsteps)
		return;
	free(failure_report(r, step));
	if (roll_back(r) == -1 || r->fault->text == NULL ||
	    stop_signal() != 0 || !r->exists || r->options->one || r->fenced)
		return;
	r->at = step;
	run_log_failure(r, r->fault->text);
}

const char *
run_stands(const struct run *r)
{
	return r->at == 0 ? "nothing was done" : "the ones before it are done";
}

/* Where a run stands that was told to stop, or that nobody listens to. */
static void
explain_stop(struct run *r)
{
	enum exits code = r->report.broken ? EXIT_STREAM : EXIT_FAILED;

	if (r->partial) {
		fault_set(r->fault, EXIT_UNKNOWN,
		    "stopped part-way in step %zu of %zu, which is not one "
		    "transaction",
		    r->at + 1, r->plan->nsteps);
		fault_hint(r->fault,
		    "plan again: it goes on from there, or says why not; mig-plan "
		    "--status says how far it came");
	} else if (r->at == r->plan->nsteps)
		fault_set(r->fault, code, "stopped, but all steps are done");
	else
		fault_set(r->fault, code,
		    "stopped: step %zu of %zu is rolled back, %s", r->at + 1,
		    r->plan->nsteps, run_stands(r));
}

PGresult *
run_query(struct run *r, const char *sql, int n, const char *const *values)
{
	PGresult *result = worker_query(&r->worker, sql, n, values, r->fault);

	if (result == NULL && r->fault->code == EXIT_UNKNOWN && !r->partial)
		r->fault->code = EXIT_FAILED;
	return result;
}

bool
run_stood(const struct run *r)
{
	return r->next <= r->at && r->at < r->plan->nsteps &&
	    r->plan->steps[r->at].resume != 0;
}

enum exits
run_give_up(struct run *r)
{
	bool failed, unknown;

	r->ending = true;
	r->partial = r->partial || run_stood(r);
	if (r->worker.failure.unsent && r->at == r->plan->nsteps)
		return EXIT_DONE; /* but for putting the session back */
	if (r->worker.failure.lost && lost_look(r) == 0 &&
	    r->at == r->plan->nsteps)
		return EXIT_DONE;
	unknown = r->worker.failure.lost &&
	    (r->worker.failure.commit_sent || r->alone);
	failed = r->worker.failure.failed;
	if (r->fault->text == NULL && !r->worker.failure.lost &&
	    (r->canceled || stop_signal() != 0)) {
		explain_stop(r);
	} else if (failed && r->fault->text == NULL && !r->fault->nomem)
		failure_explain(r);
	if (failed || r->next > r->at)
		report_failure(r);
	else if (PQstatus(r->worker.conn) == CONNECTION_OK)
		roll_back(r);
	if (r->fault->nomem)
		r->fault->code = r->partial || unknown ? EXIT_UNKNOWN :
							 EXIT_FAILED;
	/* what was on its way when that was said may be done by now */
	if (r->fault->code == EXIT_CONNECT && r->at > 0)
		r->fault->code = EXIT_FAILED;
	return r->fault->code == EXIT_DONE ? EXIT_FAILED : r->fault->code;
}
