/* Runs the steps of a plan in one transaction, measures, and rolls back. */

#include "rehearse.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "sql.h"
#include "statement.h"
#include "stop.h"
#include "tell.h"

struct rehearsal {
	struct run *run;
	struct measure measure;
	struct tell tell;
	size_t step;	  /* at hand */
	size_t statement; /* at hand, from 1; 0: none */
	size_t left_out;  /* the first step that was, from 1; 0: none */
	size_t ran;	  /* steps with a text that did run */
	long long enums;  /* measure.enums when the step began */
	char command[64]; /* of the last answer to a statement */
	long long rows;
};

/* An answer of the server that is no error. */
static void
answer(void *arg, const struct worker_sent *sent, const PGresult *result)
{
	struct rehearsal *h = ((struct run *)arg)->rehearsal;
	const char *rows = PQcmdTuples(worker_result(result));

	if (sent->what == WORKER_PID)
		run_note_pid((struct run *)arg, result);
	if (sent->what != WORKER_STATEMENT)
		return;
	strlcpy(h->command, PQcmdStatus(worker_result(result)),
	    sizeof(h->command));
	/* "INSERT 0 5", "UPDATE 5": the numbers are told apart from it */
	h->command[strcspn(h->command, "0123456789")] = '\0';
	while (*h->command != '\0' && h->command[strlen(h->command) - 1] == ' ')
		h->command[strlen(h->command) - 1] = '\0';
	h->rows = *rows == '\0' ? -1 : strtoll(rows, NULL, 10);
}

/* Whether to go on: nobody said stop, and somebody reads the report. */
static bool
go_on(struct rehearsal *h)
{
	return stop_signal() == 0 && report_ok(&h->run->report) &&
	    watch_holds(&h->run->watch);
}

/* Measure what has happened since the last time, and tell it. */
static int
measure_and_tell(struct rehearsal *h, const char *where, long long began)
{
	struct tell_statement said = { h->step + 1, h->statement, where,
		report_clock() - began, h->command, h->rows };

	if (measure_take(&h->measure, &h->run->worker, h->run->fault) == -1) {
		if (h->run->fault->code == EXIT_UNKNOWN)
			fault_set(h->run->fault, EXIT_UNKNOWN,
			    "%s: ended the transaction of the rehearsal: look "
			    "at what it did",
			    where);
		return -1;
	}
	tell_statement(&h->tell, &said, &h->measure);
	return 0;
}

static int
rehearse_statement(struct rehearsal *h, struct script *script,
    const struct lex_item *item)
{
	struct run *r = h->run;
	long long began = report_clock();
	const char *path;
	size_t line;
	char *where;
	int result;

	path = plan_where(&r->plan->steps[h->step], item->line, &line);
	if (asprintf(&where, "%s:%zu:%zu", path, line, item->col) == -1)
		return fault_nomem(r->fault);
	if (statement_sets_transaction(item)) {
		tell_skip(&h->tell, h->step + 1, h->statement, where,
		    "a rehearsal is one transaction");
		free(where);
		return 0;
	}
	h->command[0] = '\0';
	h->rows = -1;
	result = send_statement(r, script, item, h->step, h->statement, true);
	if (result == 0)
		result = measure_and_tell(h, where, began);
	free(where);
	return result;
}

static int
rehearse_text(struct rehearsal *h)
{
	struct run *r = h->run;
	struct script *script;
	struct lex_item item;
	enum lex_kind kind;
	int result = 0;

	script = script_open(r->plan, &r->plan->steps[h->step],
	    r->worker.backslash_quotes, r->fault);
	if (script == NULL)
		return -1;
	while (result == 0 &&
	    (kind = script_next(script, &item, r->fault)) != LEX_END) {
		if (kind == LEX_BAD || !go_on(h))
			result = -1;
		else if (kind == LEX_STATEMENT) {
			h->statement++;
			result = rehearse_statement(h, script, &item);
		}
	}
	script_close(script);
	return result;
}

/* Let constraints wait for the end of the next step if they are made so. */
static int
defer_again(struct rehearsal *h, const char *names)
{
	char *sql;
	int result;

	if (names == NULL)
		return 0;
	if (asprintf(&sql, "SET CONSTRAINTS %s DEFERRED", names) == -1)
		return fault_nomem(h->run->fault);
	result = send_set(h->run, sql);
	free(sql);
	return result;
}

/*
 * What COMMIT would do: check deferred constraints and run deferred triggers,
 * as our own role and with the settings that the step has left.
 */
static int
rehearse_commit(struct rehearsal *h)
{
	struct run *r = h->run;
	/* of the step's own, not of the history */
	struct worker_sent sent = { WORKER_BEGIN, h->step, 0 };
	struct tell_statement commit = { h->step + 1, 0, NULL, 0, "COMMIT",
		-1 };
	long long began = report_clock();
	size_t line;

	h->statement = 0;
	if (worker_run(&r->worker, &sent, "SET CONSTRAINTS ALL IMMEDIATE",
		false, NULL) == -1)
		return -1;
	commit.ms = report_clock() - began;
	if (measure_take(&h->measure, &r->worker, r->fault) == -1)
		return -1;
	commit.where = plan_where(&r->plan->steps[h->step], 1, &line);
	tell_statement(&h->tell, &commit, &h->measure);
	return 0;
}

/*
 * The end of a step.  Its COMMIT is told where the database has anything that
 * may be deferred, so that the same plan gives the same records.
 */
static int
end_step(struct rehearsal *h)
{
	struct run *r = h->run;
	PGresult *result;
	int done = 0;

	/* dirty or not: SET LOCAL must not reach the next step */
	r->dirty = r->deep = true;
	if (send_own_session(r) == -1)
		return -1;
	result = measure_ask(&r->worker, sql_rehearse_deferrable, 0, NULL,
	    r->fault);
	if (result == NULL)
		return -1;
	if (strcmp(PQgetvalue(result, 0, 0), "0") != 0)
		done = rehearse_commit(h);
	if (done == 0)
		done = send_put_back(r, true);
	if (done == 0)
		done = defer_again(h, db_value(result, 0, 1));
	PQclear(result);
	return done == -1 ? -1 : worker_sync(&r->worker);
}

/* A step that only writes to the history has nothing to rehearse. */
static int
rehearse_step(struct rehearsal *h)
{
	struct run *r = h->run;
	const struct plan_step *s = &r->plan->steps[h->step];

	r->at = h->step;
	r->next = h->step + 1;
	watch_reset(&r->watch);
	report_start(&r->report, h->step + 1, s, 0);
	if (s->run.present) {
		if (send_settings(r, h->step) == -1 ||
		    worker_sync(&r->worker) == -1 ||
		    measure_pass(&h->measure, &r->worker, r->fault) == -1)
			return -1;
		h->enums = h->measure.enums;
		if (rehearse_text(h) == -1 || end_step(h) == -1)
			return -1;
		h->ran++;
	}
	report_rehearsed(&r->report, h->step + 1, s);
	return 0;
}

/* A step that is not one transaction is left out. */
static void
leave_out(struct rehearsal *h, const char *why)
{
	const struct plan_step *s = &h->run->plan->steps[h->step];
	size_t line;

	tell_skip(&h->tell, h->step + 1, 0, plan_where(s, 1, &line), why);
	if (h->left_out == 0)
		h->left_out = h->step + 1;
}

static int
rehearse_all(struct rehearsal *h)
{
	struct run *r = h->run;
	const struct plan_step *s;

	if (send_set(r, "BEGIN") == -1 || worker_sync(&r->worker) == -1 ||
	    measure_begin(&h->measure, &r->worker, r->fault) == -1)
		return -1;
	if (!h->measure.counts)
		warnx("the server counts neither scans nor rows: track_counts "
		      "is off");
	for (; h->step < r->plan->nsteps; h->step++) {
		s = &r->plan->steps[h->step];
		h->statement = 0;
		if (!go_on(h))
			return -1;
		if (s->run.present && s->m.mode == MODE_NONE)
			leave_out(h, "its mode is none");
		else if (s->run.present && s->m.mode == MODE_OWN)
			leave_out(h, "its mode is own");
		else if (rehearse_step(h) == -1)
			return -1;
	}
	return 0;
}

/*
 * A new value of an enum cannot be used by the transaction that adds it.
 * Applied, an earlier step would have committed it: that is no failure, but
 * the end of what can be rehearsed.  Where the step at hand has added values
 * too, it may be one of these: that fails in an apply as well.
 */
static bool
is_enum_of_earlier_step(const struct rehearsal *h)
{
	const struct worker_failure *failure = &h->run->worker.failure;

	return failure->failed && failure->result != NULL &&
	    strcmp(db_sqlstate(failure->result), "55P04") == 0 &&
	    h->enums > 0 && h->measure.enums == h->enums;
}

/* Leave out the rest of the plan, from the statement at hand on. */
static void
leave_out_rest(struct rehearsal *h)
{
	struct run *r = h->run;
	char *where;

	where = failure_place(r, &r->worker.failure.sent,
	    r->worker.failure.result);
	tell_skip(&h->tell, h->step + 1, h->statement, where,
	    "the value of an enum that an earlier step adds is not committed");
	free(where);
	while (++h->step < r->plan->nsteps)
		leave_out(h, "a step before it was left out");
}

/* A failure may be of the rehearsal's own making. */
static void
hint_for(struct rehearsal *h, const char *state)
{
	struct fault *f = h->run->fault;

	if (strcmp(state, "53200") == 0)
		fault_hint(f,
		    "a rehearsal keeps all locks to its end: raise "
		    "max_locks_per_transaction, or plan fewer steps (mig-plan "
		    "-n)");
	else if (strcmp(state, "55P04") == 0 && h->enums > 0)
		fault_hint(f,
		    "values of enums that earlier steps add are not yet "
		    "committed in a rehearsal");
	else if (h->run->looks[h->step].extension && h->ran > 0)
		fault_hint(f,
		    "applied, a step that alters an extension has a new "
		    "connection, which a rehearsal cannot give it");
	else if (h->left_out != 0 && f->hint == NULL)
		fault_hint(f,
		    "step %zu was left out, and what it makes is not there",
		    h->left_out);
}

/* Why it ended, as a fault. */
static void
explain(struct rehearsal *h)
{
	struct run *r = h->run;
	struct fault *f = r->fault;
	const struct worker_failure *failure = &r->worker.failure;
	const char *state = db_sqlstate(failure->result);

	if (stop_signal() != 0)
		fault_set(f, EXIT_FAILED,
		    "stopped in step %zu of %zu: all is rolled back",
		    h->step + 1, r->plan->nsteps);
	else if (r->report.broken)
		fault_set(f, EXIT_STREAM,
		    "the report cannot be written: all is rolled back");
	else if (failure->lost && failure->result == NULL) {
		fault_set(f, failure->nomem ? EXIT_FAILED : EXIT_CONNECT,
		    "%s in step %zu of the rehearsal, of which nothing remains",
		    worker_lost_why(failure), h->step + 1);
		if (!failure->nomem)
			hint_for(h, "");
	} else if (failure->failed && f->text == NULL) {
		failure_explain(r);
		/* nothing is changed by what did not end */
		if (strncmp(state, "57P", 3) == 0)
			f->code = EXIT_CONNECT;
		hint_for(h, state);
	} else if (!failure->failed && f->text == NULL && !f->nomem)
		fault_set(f, EXIT_CONNECT,
		    "the connection that holds the lock was lost; stopped "
		    "before step %zu",
		    h->step + 1);
}

/* The record of the failure. */
static void
report_failure(struct rehearsal *h)
{
	char *place = failure_report(h->run, h->step);

	tell_failed(&h->tell, h->step + 1, place);
	free(place);
}

/* Roll back; where the line is lost the server does so by itself. */
static void
roll_back(struct run *r)
{
	r->ending = true;
	worker_sync(&r->worker);
	if (r->worker.failure.lost)
		return;
	worker_clear(&r->worker);
	send_set(r, "ROLLBACK");
	/* advisory locks and the like stay, and the session may too */
	r->dirty = r->prepares = r->shared;
	send_put_back(r, false);
	worker_sync(&r->worker);
}

/* Begin, rehearse, and say how it ended. */
static enum exits
rehearse(struct rehearsal *h)
{
	struct run *r = h->run;

	if (run_open(r) == -1)
		return r->fault->code;
	r->worker.done = answer;
	if (rehearse_all(h) == 0)
		return EXIT_DONE;
	worker_sync(&r->worker);
	if (is_enum_of_earlier_step(h)) {
		leave_out_rest(h);
		return EXIT_DONE;
	}
	explain(h);
	if (h->step < r->plan->nsteps)
		report_failure(h);
	return r->fault->code == EXIT_DONE ? EXIT_FAILED : r->fault->code;
}

enum exits
rehearse_steps(struct run *r)
{
	struct rehearsal *h;
	struct fault second = FAULT_INIT;
	enum exits code;

	h = calloc(1, sizeof(*h));
	if (h == NULL || tell_begin(&h->tell, &r->report) == -1) {
		free(h);
		fault_nomem(r->fault);
		return EXIT_STREAM;
	}
	h->run = r;
	r->rehearsal = h;
	/* so that nothing thinks of making the history */
	r->exists = true;
	code = rehearse(h);
	if (r->worker.conn != NULL)
		roll_back(r);
	if (tell_end(&h->tell, code == EXIT_DONE ? r->fault : &second) == -1 &&
	    code == EXIT_DONE)
		code = EXIT_STREAM;
	fault_free(&second);
	measure_free(&h->measure);
	r->rehearsal = NULL;
	free(h);
	return code;
}
