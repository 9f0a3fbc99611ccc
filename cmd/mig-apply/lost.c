/* What became of the steps when the connection was lost. */

#include <stdlib.h>

#include "report.h"
#include "run.h"
#include "sql.h"
#include "stop.h"

/* Milliseconds in which the server must be back, and the old backend gone. */
#define PATIENCE 20000

/* The same once a signal has come. */
#define IMPATIENCE 5000

/* The same in which there must be memory again. */
#define PATIENCE_NOMEM 3000

/* Wait a little; false when it was long enough. */
static bool
wait_until(long long until)
{
	if (report_clock() >= until || stop_since() >= IMPATIENCE ||
	    stop_count() > 1)
		return false;
	stop_poll(NULL, 0, 100);
	return true;
}

/*
 * Of several hosts another one may answer at once: a standby has not heard yet
 * of what was committed, and knows nothing of the old backend.
 */
static int
connect_again(struct run *r, long long until)
{
	struct fault ignored = FAULT_INIT;
	int result;

	do {
		result = worker_renew(&r->worker, &ignored);
		fault_free(&ignored);
		if (result == 0 && !run_same_server(r))
			result = -1;
	} while (result == -1 && wait_until(until));
	return result;
}

/*
 * The old backend may not have noticed yet, and go on with what it has got:
 * only when it is gone nothing changes any more.
 */
static int
end_backend(struct run *r, int pid, long long until)
{
	struct fault ignored = FAULT_INIT;
	const char *values[2];
	PGresult *result;
	char number[24];
	bool gone;

	snprintf(number, sizeof(number), "%d", pid);
	values[0] = number;
	values[1] = r->watch.since;
	do {
		result = worker_query(&r->worker, sql_lost_end, 2, values,
		    &ignored);
		fault_free(&ignored);
		if (result == NULL)
			return -1;
		gone = PQntuples(result) == 0;
		PQclear(result);
	} while (!gone && wait_until(until));
	return gone ? 0 : -1;
}

/* Whether there is a history now: 1, 0, or -1 where that cannot be known. */
static int
history_exists(struct run *r)
{
	struct fault ignored = FAULT_INIT;
	const char *value = r->schema;
	PGresult *result;
	int there;

	result = worker_query(&r->worker,
	    "SELECT pg_catalog.to_regclass($1 "
	    "|| '.log') IS NOT NULL",
	    1, &value, &ignored);
	fault_free(&ignored);
	if (result == NULL)
		return -1;
	there = *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	return there;
}

/*
 * What the history says: steps done since, and whether a part of the one at
 * hand is.
 */
static int
ask(struct run *r, size_t *done, bool *partial)
{
	struct fault ignored = FAULT_INIT;
	const char *values[5] = { NULL };
	PGresult *result;
	char seq[24], *sql;
	int there = history_exists(r);

	*done = 0;
	*partial = false;
	if (there != 1)
		return there;
	r->exists = true;
	snprintf(seq, sizeof(seq), "%lld", r->seq);
	values[0] = r->plan->digest;
	values[1] = seq;
	if (r->alone) {
		values[2] = r->plan->steps[r->at].m.series;
		values[3] = r->plan->steps[r->at].m.version;
		values[4] = r->plan->steps[r->at].m.name;
	}
	sql = db_sql(sql_lost_look, r->schema);
	if (sql == NULL)
		return -1;
	result = worker_query(&r->worker, sql, 5, values, &ignored);
	free(sql);
	fault_free(&ignored);
	if (result == NULL)
		return -1;
	*done = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
	*partial = *PQgetvalue(result, 0, 1) != '0';
	PQclear(result);
	return 0;
}

/*
 * Behind a pooler the old backend may have somebody else's work by now, and
 * must not be ended.  If it still has ours, that cannot be committed any more
 * once a row of the log stands in its way.
 */
static int
fence(struct run *r, long long until)
{
	size_t done;
	bool partial;

	do {
		if (ask(r, &done, &partial) == -1)
			return -1;
		while (done-- > 0 && r->at < r->plan->nsteps)
			run_step_done(r, r->at);
		if (r->at == r->plan->nsteps)
			return 0;
		/* it stands where that step's own would */
		if (run_log_failure(r, "the connection was lost") == 0) {
			r->fenced = true;
			return 0;
		}
		if (r->worker.failure.lost)
			return -1;
	} while (wait_until(until));
	return -1;
}

/* Why it was lost, with what the server has said of it; owned, or NULL. */
static char *
why_lost(const struct worker_failure *failure)
{
	const char *said = failure->result == NULL ?
	    NULL :
	    PQresultErrorField(failure->result, PG_DIAG_MESSAGE_PRIMARY);
	char *why;

	if (asprintf(&why, "%s%s%s%s", worker_lost_why(failure),
		said == NULL ? "" : " (", said == NULL ? "" : said,
		said == NULL ? "" : ")") == -1)
		return NULL;
	return why;
}

/* Say where it stands. */
static void
explain(struct run *r, const char *why)
{
	if (r->at == r->plan->nsteps) {
		report_wipe(&r->report);
		fprintf(stderr,
		    "%s: %s, but the last step is done: the history has "
		    "it\n",
		    getprogname(), why);
		return;
	}
	if (r->partial) {
		fault_set(r->fault, EXIT_UNKNOWN,
		    "%s: step %zu of %zu stopped part-way", why, r->at + 1,
		    r->plan->nsteps);
		fault_hint(r->fault, "mig-plan --status says how far it came");
		return;
	}
	fault_set(r->fault, r->at == 0 ? EXIT_CONNECT : EXIT_FAILED,
	    "%s: step %zu of %zu is rolled back, %s", why, r->at + 1,
	    r->plan->nsteps, run_stands(r));
}

/* See to it that the old backend changes nothing any more. */
static int
settle_backend(struct run *r, long long until)
{
	if (!r->watch.pooled)
		return end_backend(r, r->watch.worker_pid, until);
	/* no row stands in the way of a statement by itself */
	return r->alone ? 0 : fence(r, until);
}

int
lost_look(struct run *r)
{
	const struct worker_failure failure = r->worker.failure;
	long long until = report_clock() +
	    (failure.nomem ? PATIENCE_NOMEM : PATIENCE);
	char *why;
	size_t done;
	bool partial;

	if (!failure.commit_sent && !r->alone)
		return -1;
	fault_free(r->fault);
	worker_keep(&r->worker);
	if (connect_again(r, until) == -1 || settle_backend(r, until) == -1 ||
	    ask(r, &done, &partial) == -1) {
		worker_bring_back(&r->worker, &failure);
		r->worker.failure.lost = true;
		return -1;
	}
	why = why_lost(&failure);
	PQclear(failure.result);
	run_note_worker(r);
	r->dirty = r->making = false;
	if (done > 0)
		r->alone = false;
	while (done-- > 0 && r->at < r->plan->nsteps)
		run_step_done(r, r->at);
	/* what is not done may yet come, from behind a pooler */
	r->partial = partial || (r->watch.pooled && r->alone) || run_stood(r);
	explain(r, why == NULL ? worker_lost_why(&failure) : why);
	free(why);
	return 0;
}
