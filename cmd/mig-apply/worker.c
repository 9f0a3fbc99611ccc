/* The connection that runs the steps, and its pipeline. */

#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "stop.h"
#include "worker_wait.h"

/* Answers that may be outstanding before the sender waits for some. */
#define OUTSTANDING 1024

bool
worker_lost(const struct worker *w)
{
	return PQstatus(w->conn) != CONNECTION_OK;
}

/* The line is lost: is there a COMMIT whose answer will not come? */
static void
note_commits(struct worker *w)
{
	if (queue_has(&w->queue, WORKER_COMMIT))
		w->failure.commit_sent = true;
}

/*
 * An error that stands nowhere in the server's source is a pooler's, which cuts
 * the line then: what the server did, or will do, it does not say.
 */
static bool
is_of_pooler(const PGresult *result)
{
	return PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL &&
	    PQresultErrorField(result, PG_DIAG_SOURCE_FILE) == NULL;
}

void
worker_fail(struct worker *w, const struct worker_sent *sent, PGresult *result)
{
	if (w->failure.failed) {
		PQclear(result);
		return;
	}
	w->failure.failed = true;
	w->failure.sent = *sent;
	w->failure.result = result;
	w->failure.lost = worker_lost(w) || is_of_pooler(result);
	if (!w->failure.lost)
		return;
	note_commits(w);
	if (sent->what == WORKER_COMMIT)
		w->failure.commit_sent = true;
}

/*
 * The connection is gone, or libpq had no memory for what came through it:
 * nothing that is outstanding will be answered.
 */
static void
fail_lost(struct worker *w)
{
	static const struct worker_sent nothing = { WORKER_SYNC, 0, 0 };

	worker_fail(w, w->queue.n > 0 ? queue_front(&w->queue) : &nothing,
	    NULL);
	w->failure.lost = true;
	w->failure.nomem = !worker_lost(w);
	note_commits(w);
	w->queue.n = 0;
}

const char *
worker_lost_why(const struct worker_failure *failure)
{
	return failure->nomem ? "out of memory" : "the connection was lost";
}

bool
worker_is_nomem(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_FATAL_ERROR &&
	    *db_sqlstate(result) == '\0';
}

PGresult *
worker_result(const PGresult *result)
{
	union {
		const PGresult *in;
		PGresult *out;
	} u = { result };

	return u.out;
}

/* Take one result of the statement at the front. */
static void
take(struct worker *w, PGresult *result)
{
	const struct worker_sent sent = *queue_front(&w->queue);

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		/* behind worker_run() libpq gives ours row by row, too */
		if (sent.what != WORKER_STATEMENT && !w->failure.failed)
			w->done(w->arg, &sent, result);
		break;
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		if (!w->failure.failed || w->failure.unsent)
			w->done(w->arg, &sent, result);
		break;
	case PGRES_PIPELINE_ABORTED:
		break;
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_COPY_BOTH:
	case PGRES_PIPELINE_SYNC:
		if (worker_is_nomem(result)) {
			fail_lost(w);
			break;
		}
		worker_fail(w, &sent, result);
		return;
	}
	PQclear(result);
}

/* Take all answers that are there. */
static void
take_all(struct worker *w)
{
	PGresult *result;

	while (w->queue.n > 0 && !PQisBusy(w->conn)) {
		result = PQgetResult(w->conn);
		if (result == NULL) {
			if (worker_lost(w)) {
				fail_lost(w);
				return;
			}
			/* the end of one statement's results */
			queue_drop(&w->queue);
			if (w->queue.n > 0 &&
			    queue_front(&w->queue)->what == WORKER_STATEMENT)
				PQsetSingleRowMode(w->conn);
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			queue_drop(&w->queue);
			continue;
		}
		take(w, result);
		if (worker_lost(w) && w->queue.n > 0) {
			fail_lost(w);
			return;
		}
	}
}

int
worker_wait(struct worker *w, bool unsent)
{
	struct pollfd fds[2];
	int n;

	fds[0].fd = PQsocket(w->conn);
	fds[0].events = (short)(unsent ? POLLIN | POLLOUT : POLLIN);
	fds[1].fd = w->other(w->arg);
	fds[1].events = POLLIN;
	fds[0].revents = fds[1].revents = 0;
	n = stop_poll(fds, 2, w->interval);
	if (n == -1 && errno != EINTR)
		return -1;
	if (n > 0 && fds[1].revents != 0)
		w->ready(w->arg);
	if (n > 0 && (fds[0].revents & ~POLLOUT) != 0 &&
	    PQconsumeInput(w->conn) == 0)
		return -1;
	w->tick(w->arg);
	return 0;
}

/* Whether there is none to be had just now. */
static bool
is_out_of_memory(void)
{
	void *volatile some = malloc(64);
	bool none = some == NULL;

	free(some);
	return none;
}

bool
worker_is_stuck(const struct worker *w)
{
	return PQisBusy(w->conn) &&
	    (strstr(PQerrorMessage(w->conn), "out of memory") != NULL ||
		is_out_of_memory());
}

/*
 * Go on until at most `outstanding` answers are owed and all is sent.
 */
static int
settle(struct worker *w, size_t outstanding)
{
	int unsent;

	for (;;) {
		unsent = PQflush(w->conn);
		if (unsent == -1 && PQconsumeInput(w->conn) == 0)
			break;
		take_all(w);
		if (w->failure.lost)
			return -1;
		if (w->queue.n <= outstanding && unsent <= 0)
			return 0;
		if (worker_is_stuck(w) || worker_wait(w, unsent > 0) == -1)
			break;
	}
	take_all(w);
	fail_lost(w);
	return -1;
}

static int
connect_worker(struct worker *w, struct fault *f)
{
	const char *value;
	PGresult *pid = NULL;

	stop_enter_call();
	w->conn = db_connect(w->target, getprogname(), f);
	/* a pooler may have let us in with no connection to spare */
	if (w->conn != NULL && w->pooled &&
	    (pid = db_first(w->conn, "SELECT pg_catalog.pg_backend_pid()",
		 f)) == NULL) {
		PQfinish(w->conn);
		w->conn = NULL;
	}
	stop_leave_call();
	PQclear(pid);
	if (w->conn == NULL)
		return -1;
	if (w->reader.hide != NULL)
		db_set_reader(w->conn, &w->reader);
	value = PQparameterStatus(w->conn, "standard_conforming_strings");
	w->backslash_quotes = value != NULL && strcmp(value, "off") == 0;
	w->append[0] = '\0';
	if (PQsetnonblocking(w->conn, 1) == -1 ||
	    PQenterPipelineMode(w->conn) == 0) {
		fault_set(f, EXIT_CONNECT, "%s", PQerrorMessage(w->conn));
		return -1;
	}
	return 0;
}

int
worker_open(struct worker *w, const struct db_target *target, bool pooled,
    struct fault *f)
{
	w->target = target;
	w->pooled = pooled;
	return connect_worker(w, f);
}

int
worker_renew(struct worker *w, struct fault *f)
{
	/* what is left in a transaction a pooler hands to nobody */
	if (w->pooled && PQexitPipelineMode(w->conn) == 1)
		PQclear(PQexec(w->conn, "BEGIN"));
	PQfinish(w->conn);
	w->conn = NULL;
	w->queue.n = 0;
	return connect_worker(w, f);
}

void
worker_close(struct worker *w)
{
	PQclear(w->failure.result);
	w->failure.result = NULL;
	PQfinish(w->conn);
	w->conn = NULL;
	queue_free(&w->queue);
}

/* Whether all is well so far, and one more can be sent. */
static bool
may_send(struct worker *w, const struct worker_sent *sent)
{
	if (w->failure.failed)
		return false;
	if (queue_reserve(&w->queue) == 0)
		return true;
	worker_fail(w, sent, NULL);
	w->failure.nomem = w->failure.unsent = true;
	return false;
}

/* What was sent is under way: remember it, and let answers in. */
static int
sent_ok(struct worker *w, const struct worker_sent *sent, int ok)
{
	if (!ok) {
		worker_fail(w, sent, NULL);
		w->failure.lost = worker_lost(w);
		w->failure.unsent = !worker_lost(w);
		return -1;
	}
	queue_push(&w->queue, sent);
	if (w->queue.n == 1 && sent->what == WORKER_STATEMENT)
		PQsetSingleRowMode(w->conn);
	if (w->queue.n < OUTSTANDING)
		return w->failure.failed ? -1 : 0;
	worker_flush(w);
	settle(w, OUTSTANDING / 2);
	return w->failure.failed ? -1 : 0;
}

int
worker_send(struct worker *w, const struct worker_sent *sent, const char *sql,
    int n, const char *const *values)
{
	if (!may_send(w, sent))
		return -1;
	return sent_ok(w, sent,
	    PQsendQueryParams(w->conn, sql, n, NULL, values, NULL, NULL, 0));
}

int
worker_send_append(struct worker *w, const struct worker_sent *sent, int n,
    const char *const *values)
{
	if (!may_send(w, sent))
		return -1;
	return sent_ok(w, sent,
	    PQsendQueryPrepared(w->conn, w->append, n, values, NULL, NULL, 0));
}

int
worker_prepare(struct worker *w, const char *sql)
{
	static const struct worker_sent sent = { WORKER_SET, 0, 0 };

	if (!may_send(w, &sent))
		return -1;
	snprintf(w->append, sizeof(w->append), "mig_append_%u", w->prepared++);
	return sent_ok(w, &sent,
	    PQsendPrepare(w->conn, w->append, sql, 0, NULL));
}

int
worker_flush(struct worker *w)
{
	if (w->failure.failed)
		return -1;
	if (PQsendFlushRequest(w->conn) == 0 || PQflush(w->conn) == -1 ||
	    PQconsumeInput(w->conn) == 0)
		settle(w, w->queue.n);
	else
		take_all(w);
	w->tick(w->arg);
	return w->failure.failed ? -1 : 0;
}

int
worker_sync(struct worker *w)
{
	static const struct worker_sent sent = { WORKER_SYNC, 0, 0 };

	if (!w->failure.lost) {
		if (queue_reserve(&w->queue) == -1 ||
		    PQpipelineSync(w->conn) == 0)
			fail_lost(w);
		else {
			queue_push(&w->queue, &sent);
			settle(w, 0);
		}
	}
	return w->failure.failed ? -1 : 0;
}

void
worker_clear(struct worker *w)
{
	PQclear(w->failure.result);
	memset(&w->failure, 0, sizeof(w->failure));
}

PGconn *
worker_leave(struct worker *w)
{
	if (worker_sync(w) == -1)
		return NULL;
	PQexitPipelineMode(w->conn);
	stop_enter_call();
	return w->conn;
}

int
worker_enter(struct worker *w, struct fault *f)
{
	stop_leave_call();
	if (worker_lost(w)) {
		/* as with all that is sent, `failure` says so */
		fault_free(f);
		fail_lost(w);
		return -1;
	}
	PQenterPipelineMode(w->conn);
	return 0;
}

PGresult *
worker_query(struct worker *w, const char *sql, int n,
    const char *const *values, struct fault *f)
{
	PGresult *result;

	if (worker_leave(w) == NULL)
		return NULL;
	result = db_query(w->conn, sql, n, values, EXIT_UNKNOWN, "question", f);
	if (worker_enter(w, f) == 0)
		return result;
	PQclear(result);
	return NULL;
}

struct worker_failure
worker_keep(struct worker *w)
{
	struct worker_failure failure = w->failure;

	memset(&w->failure, 0, sizeof(w->failure));
	return failure;
}

void
worker_bring_back(struct worker *w, const struct worker_failure *failure)
{
	PQclear(w->failure.result);
	w->failure = *failure;
	if (PQstatus(w->conn) != CONNECTION_OK)
		w->failure.lost = true;
}

void
worker_cancel(struct worker *w)
{
	cancel_send(w->conn);
	w->canceled = true;
}
