/* The worker outside of its pipeline: a text that is waited for, and COPY. */

#include "worker.h"

#include <string.h>

#include "worker_wait.h"

/*
 * libpq had no room for what was put: send what is before it.  Where that does
 * not help there is no memory, which libpq does not tell from a socket that
 * would block.  Returns -1 then, or where the connection is gone.
 */
static int
make_room(struct worker *w, bool *sent)
{
	int unsent;

	if (*sent)
		return -1;
	*sent = true;
	while ((unsent = PQflush(w->conn)) == 1)
		if (worker_wait(w, true) == -1)
			return -1;
	return unsent;
}

/* Send all of COPY's data.  Returns -1 where the connection is gone. */
static int
send_copy(struct worker *w, const struct worker_copy *copy)
{
	const char *text;
	size_t len;
	int got = -1, put;
	bool sent;

	while (copy != NULL && !w->canceled &&
	    (got = copy->next(copy->arg, &text, &len)) == 1) {
		sent = false;
		while ((put = PQputCopyData(w->conn, text, (int)len)) == 0)
			if (make_room(w, &sent) == -1)
				return -1;
		if (put == -1)
			return -1;
		/* the buffer is kept small, whatever the size of the data */
		while (PQflush(w->conn) == 1)
			if (worker_wait(w, true) == -1)
				return -1;
		w->tick(w->arg);
	}
	if (w->canceled)
		got = -1;
	sent = false;
	while ((put = PQputCopyEnd(w->conn,
		    got == 0	     ? NULL :
			w->canceled  ? "canceled" :
			copy == NULL ? "no data for COPY here" :
				       "the data ended badly")) == 0)
		if (make_room(w, &sent) == -1)
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
		else if (worker_wait(w, false) == -1)
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
		if (worker_is_stuck(w) || worker_wait(w, unsent > 0) == -1)
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
			if (worker_is_nomem(result)) {
				PQclear(result);
				return -1;
			}
			worker_fail(w, sent, result);
			break;
		}
	}
}

/*
 * Send a text outside of the pipeline.  Unless it may block, libpq moves what
 * is left each time that the socket takes a part: for a long text and the small
 * buffer of a Unix socket that is the square of its length.  The server is on
 * this machine then, and waits for this text.
 */
static bool
send_text(struct worker *w, const char *sql, bool joined)
{
	bool block = *PQhost(w->conn) == '/' && strlen(sql) >= WORKER_BIG;
	int ok;

	if (block)
		PQsetnonblocking(w->conn, 0);
	ok = joined ?
	    PQsendQuery(w->conn, sql) :
	    PQsendQueryParams(w->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
	if (block)
		PQsetnonblocking(w->conn, 1);
	return ok == 1;
}

int
worker_run(struct worker *w, const struct worker_sent *sent, const char *sql,
    bool joined, const struct worker_copy *copy)
{
	bool ok, broken = false;

	if (w->failure.failed || worker_sync(w) == -1)
		return -1;
	if (PQexitPipelineMode(w->conn) == 0) {
		worker_fail(w, sent, NULL);
		return -1;
	}
	ok = send_text(w, sql, joined);
	if (ok) {
		PQsetSingleRowMode(w->conn);
		broken = run_results(w, sent, copy) == -1;
	}
	if (!ok || broken || worker_lost(w)) {
		worker_fail(w, sent, NULL);
		w->failure.lost = broken || worker_lost(w);
		w->failure.nomem = broken && !worker_lost(w);
		if (w->failure.lost)
			return -1;
	}
	PQenterPipelineMode(w->conn);
	return w->failure.failed ? -1 : 0;
}
