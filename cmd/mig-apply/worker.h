#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "db.h"
#include "fault.h"
#include "queue.h"

/*
 * The worker: the connection that runs the steps.  Statements are sent
 * through libpq's pipeline and answered later, in order; the first that fails
 * makes the server skip all behind it until the next worker_sync().  While it
 * waits, `tick` is called now and then, and signals are taken.
 */

/* A text of this size or more is for worker_run(), whatever it is. */
#define WORKER_BIG (8UL * 1024 * 1024)

/* The first failure since the last worker_clear(). */
struct worker_failure {
	bool failed;
	bool lost;	  /* the connection is gone, or is as good as that */
	bool nomem;	  /* for want of memory */
	bool unsent;	  /* not sent at all: what was before may be well */
	bool commit_sent; /* lost with a COMMIT unanswered */
	struct worker_sent sent;
	PGresult *result; /* owned; NULL where the server said nothing */
};

struct worker {
	const struct db_target *target;
	PGconn *conn;
	bool pooled; /* through a pooler: prepare nothing, leave nothing */
	struct queue queue;
	struct worker_failure failure;
	char append[24];       /* name of the prepared statement, or "" */
	unsigned prepared;     /* how many names were used up */
	bool backslash_quotes; /* standard_conforming_strings is off */
	bool canceled;	       /* we asked the server to cancel */

	struct db_reader reader; /* of the notices; none where `hide` is NULL */

	/* called with each good answer */
	void (*done)(void *, const struct worker_sent *, const PGresult *);
	/* called at least every `interval` ms while waiting */
	void (*tick)(void *);
	/* a further descriptor to wait for, or -1; called when readable */
	int (*other)(void *);
	void (*ready)(void *);
	void *arg;
	int interval;
};

/* Connect, through a pooler or not.  Returns 0, or -1 with a fault. */
int worker_open(struct worker *, const struct db_target *, bool pooled,
    struct fault *);

/*
 * Close the connection and open a new one, in the server too; what is
 * outstanding will not be answered.  Returns 0, or -1 with a fault.
 */
int worker_renew(struct worker *, struct fault *);

void worker_close(struct worker *);

/*
 * Send a statement with text parameters.  Waits only where too much is
 * outstanding.  Returns 0, or -1 where something failed before: see
 * `failure`.
 */
int worker_send(struct worker *, const struct worker_sent *, const char *sql,
    int n, const char *const *values);

/* The same for the statement that was prepared under `append`. */
int worker_send_append(struct worker *, const struct worker_sent *, int n,
    const char *const *values);

/* Prepare the statement that worker_send_append() runs. */
int worker_prepare(struct worker *, const char *sql);

/* Ask for the answers to what was sent so far, without waiting for them. */
int worker_flush(struct worker *);

/*
 * Wait for all answers.  After it the pipeline takes statements again.
 * Returns 0 if all was well since the last time, or -1: see `failure`, which
 * stays until worker_clear().
 */
int worker_sync(struct worker *);

/* Why a connection was lost, in words. */
const char *worker_lost_why(const struct worker_failure *);

/* An answer for what reads it, where libpq's prototype lacks the const. */
PGresult *worker_result(const PGresult *);

/* Forget a failure that has been dealt with. */
void worker_clear(struct worker *);

/*
 * Run a text outside of the pipeline, and wait for it.  Data for COPY FROM
 * STDIN comes from `copy`, which returns 1 with a piece, 0 at the end, -1 to
 * give up.  Returns 0, or -1: see `failure`.
 */
struct worker_copy {
	int (*next)(void *, const char **, size_t *);
	void *arg;
};

int worker_run(struct worker *, const struct worker_sent *, const char *sql,
    bool joined, const struct worker_copy *);

/*
 * The connection outside of its pipeline, for questions, once all is answered;
 * NULL where that fails.  worker_enter() goes back: 0, or, if the connection
 * was lost meanwhile, -1, the fault being emptied and `failure` set.
 */
PGconn *worker_leave(struct worker *);
int worker_enter(struct worker *, struct fault *);

/*
 * Ask a quick question outside of the pipeline; nothing may be outstanding.
 * Returns a result to be cleared, or NULL with a fault.
 */
PGresult *worker_query(struct worker *, const char *sql, int n,
    const char *const *values, struct fault *);

/*
 * Set a failure aside, so that something can be put right before it is dealt
 * with, and bring it back.
 */
struct worker_failure worker_keep(struct worker *);
void worker_bring_back(struct worker *, const struct worker_failure *);

/* Ask the server to cancel what it is doing. */
void worker_cancel(struct worker *);

#endif
