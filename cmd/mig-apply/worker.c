/* The connection that runs the steps, and its pipeline. */

#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "stop.h"

/* Answers that may be outstanding before the sender waits for some. */
#define OUTSTANDING 1024

static bool
lost(struct worker *w)
{
	return PQstatus(w->conn) != CONNECTION_OK;
}

static struct worker_sent *
front(struct worker *w)
{
	return &w->queue[w->first];
}

static void
drop_front(struct worker *w)
{
	w->first = (w->first + 1) % w->room;
	w->n--;
}

/* The line is lost: is there a COMMIT whose answer will not come? */
static void
note_commits(struct worker *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->queue[(w->first + i) % w->room].what == WORKER_COMMIT)
			w->failure.commit_sent = true;
}

/* Remember the first failure. */
static void
fail(struct worker *w, const struct worker_sent *sent, PGresult *result)
{
	if (w->failure.failed) {
		PQclear(result);
		return;
	}
	w->failure.failed = true;
	w->failure.sent = *sent;
	w->failure.result = result;
	w->failure.lost = lost(w);
	if (w->failure.lost)
		note_commits(w);
}

/* The connection is gone: nothing that is outstanding will be answered. */
static void
fail_lost(struct worker *w)
{
	static const struct worker_sent nothing = { WORKER_SYNC, 0, 0 };

	fail(w, w->n > 0 ? front(w) : &nothing, NULL);
	w->failure.lost = true;
	note_commits(w);
	w->n = 0;
}

static int
push(struct worker *w, const struct worker_sent *sent)
{
	struct worker_sent *queue;
	size_t i, room;

	if (w->n == w->room) {
		room = w->room == 0 ? 256 : w->room * 2;
		queue = calloc(room, sizeof(*queue));
		if (queue == NULL)
			return -1;
		for (i = 0; i < w->n; i++)
			queue[i] = w->queue[(w->first + i) % w->room];
		free(w->queue);
		w->queue = queue;
		w->first = 0;
		w->room = room;
	}
	w->queue[(w->first + w->n++) % w->room] = *sent;
	return 0;
}

/* Take one result of the statement at the front. */
static void
take(struct worker *w, PGresult *result)
{
	const struct worker_sent sent = *front(w);

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		break;
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		if (!w->failure.failed)
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
		fail(w, &sent, result);
		return;
	}
	PQclear(result);
}

/* Take all answers that are there. */
static void
take_all(struct worker *w)
{
	PGresult *result;

	while (w->n > 0 && !PQisBusy(w->conn)) {
		result = PQgetResult(w->conn);
		if (result == NULL) {
			if (lost(w)) {
				fail_lost(w);
				return;
			}
			/* the end of one statement's results */
			drop_front(w);
			if (w->n > 0 && front(w)->what == WORKER_STATEMENT)
				PQsetSingleRowMode(w->conn);
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			drop_front(w);
			continue;
		}
		take(w, result);
		if (lost(w) && w->n > 0) {
			fail_lost(w);
			return;
		}
	}
}

/*
 * Send what is buffered and wait until something can be done.  Returns -1
 * where the connection is gone.
 */
static int
wait_some(struct worker *w, bool unsent)
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
		if (w->n <= outstanding && unsent <= 0)
			return 0;
		if (wait_some(w, unsent > 0) == -1)
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

	stop_enter_call();
	w->conn = db_connect(w->target, getprogname(), f);
	stop_leave_call();
	if (w->conn == NULL)
		return -1;
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
worker_open(struct worker *w, const struct db_target *target, struct fault *f)
{
	w->target = target;
	return connect_worker(w, f);
}

int
worker_renew(struct worker *w, struct fault *f)
{
	PQfinish(w->conn);
	w->conn = NULL;
	return connect_worker(w, f);
}

void
worker_close(struct worker *w)
{
	PQclear(w->failure.result);
	w->failure.result = NULL;
	PQfinish(w->conn);
	w->conn = NULL;
	free(w->queue);
	w->queue = NULL;
	w->n = w->room = 0;
}

/* What was sent is under way: remember it, and let answers in. */
static int
sent_ok(struct worker *w, const struct worker_sent *sent, int ok)
{
	if (!ok) {
		fail(w, sent, NULL);
		w->failure.lost = lost(w);
		return -1;
	}
	if (push(w, sent) == -1) {
		fail(w, sent, NULL);
		return -1;
	}
	if (w->n == 1 && sent->what == WORKER_STATEMENT)
		PQsetSingleRowMode(w->conn);
	if (w->n < OUTSTANDING)
		return w->failure.failed ? -1 : 0;
	worker_flush(w);
	settle(w, OUTSTANDING / 2);
	return w->failure.failed ? -1 : 0;
}

int
worker_send(struct worker *w, const struct worker_sent *sent, const char *sql,
    int n, const char *const *values)
{
	if (w->failure.failed)
		return -1;
	return sent_ok(w, sent,
	    PQsendQueryParams(w->conn, sql, n, NULL, values, NULL, NULL, 0));
}

int
worker_send_append(struct worker *w, const struct worker_sent *sent, int n,
    const char *const *values)
{
	if (w->failure.failed)
		return -1;
	return sent_ok(w, sent,
	    PQsendQueryPrepared(w->conn, w->append, n, values, NULL, NULL, 0));
}

int
worker_prepare(struct worker *w, const char *sql)
{
	static const struct worker_sent sent = { WORKER_SET, 0, 0 };

	if (w->failure.failed)
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
		settle(w, w->n);
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
		if (PQpipelineSync(w->conn) == 0 || push(w, &sent) == -1)
			fail_lost(w);
		else
			settle(w, 0);
	}
	return w->failure.failed ? -1 : 0;
}

void
worker_clear(struct worker *w)
{
	PQclear(w->failure.result);
	memset(&w->failure, 0, sizeof(w->failure));
}

/* Send all of COPY's data.  Returns -1 where the connection is gone. */
static int
send_copy(struct worker *w, const struct worker_copy *copy)
{
	const char *text;
	size_t len;
	int got = -1, put;

	while (copy != NULL && !w->canceled &&
	    (got = copy->next(copy->arg, &text, &len)) == 1) {
		while ((put = PQputCopyData(w->conn, text, (int)len)) == 0)
			if (PQflush(w->conn) == -1 || wait_some(w, true) == -1)
				return -1;
		if (put == -1)
			return -1;
		/* the buffer is kept small, whatever the size of the data */
		while (PQflush(w->conn) == 1)
			if (wait_some(w, true) == -1)
				return -1;
		w->tick(w->arg);
	}
	if (w->canceled)
		got = -1;
	while ((put = PQputCopyEnd(w->conn,
		    got == 0	     ? NULL :
			w->canceled  ? "canceled" :
			copy == NULL ? "no data for COPY here" :
				       "the data ended badly")) == 0)
		if (wait_some(w, true) == -1)
			return -1;
	return put == -1 ? -1 : 0;
}

/* Read and throw away what COPY TO STDOUT gives. */
static int
drain_copy(struct worker *w)
{
	char *buf;
	int n;

	while ((n = PQgetCopyData(w->conn, &buf, 1)) >= 0) {
		if (n > 0)
			PQfreemem(buf);
		else if (wait_some(w, false) == -1)
			return -1;
	}
	return n == -2 ? -1 : 0;
}

/* Wait for a result outside of the pipeline; NULL at their end. */
static int
next_result(struct worker *w, PGresult **result)
{
	int unsent;

	for (;;) {
		unsent = PQflush(w->conn);
		if (unsent == -1)
			return -1;
		if (!PQisBusy(w->conn))
			break;
		if (wait_some(w, unsent > 0) == -1)
			return -1;
	}
	*result = PQgetResult(w->conn);
	return 0;
}

/* Take all results of what was sent outside of the pipeline. */
static int
run_results(struct worker *w, const struct worker_sent *sent,
    const struct worker_copy *copy)
{
	PGresult *result;

	for (;;) {
		if (next_result(w, &result) == -1)
			return -1;
		if (result == NULL)
			return 0;
		switch (PQresultStatus(result)) {
		case PGRES_COPY_IN:
			PQclear(result);
			if (send_copy(w, copy) == -1)
				return -1;
			break;
		case PGRES_COPY_OUT:
			PQclear(result);
			if (drain_copy(w) == -1)
				return -1;
			break;
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
		case PGRES_EMPTY_QUERY:
			if (!w->failure.failed)
				w->done(w->arg, sent, result);
			PQclear(result);
			break;
		case PGRES_SINGLE_TUPLE:
			PQclear(result);
			break;
		case PGRES_PIPELINE_ABORTED:
		case PGRES_BAD_RESPONSE:
		case PGRES_NONFATAL_ERROR:
		case PGRES_FATAL_ERROR:
		case PGRES_COPY_BOTH:
		case PGRES_PIPELINE_SYNC:
			fail(w, sent, result);
			break;
		}
	}
}

int
worker_run(struct worker *w, const struct worker_sent *sent, const char *sql,
    bool joined, const struct worker_copy *copy)
{
	int ok;

	if (w->failure.failed || worker_sync(w) == -1)
		return -1;
	if (PQexitPipelineMode(w->conn) == 0) {
		fail(w, sent, NULL);
		return -1;
	}
	ok = joined ?
	    PQsendQuery(w->conn, sql) :
	    PQsendQueryParams(w->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
	if (ok)
		PQsetSingleRowMode(w->conn);
	if (!ok || run_results(w, sent, copy) == -1 || lost(w)) {
		fail(w, sent, NULL);
		w->failure.lost = lost(w);
		w->failure.commit_sent = sent->what == WORKER_COMMIT;
		if (w->failure.lost)
			return -1;
	}
	PQenterPipelineMode(w->conn);
	return w->failure.failed ? -1 : 0;
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
	if (lost(w)) {
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
