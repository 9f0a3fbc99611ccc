#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <libpq-fe.h>

#include "db.h"
#include "fault.h"
#include "history.h"
#include "plan.h"

/*
 * The watch connection: it holds the lock, in a READ COMMITTED transaction
 * that is idle (which does not hold up CREATE INDEX CONCURRENTLY).  Another
 * asks the server what a worker is doing that takes long.
 */
struct watch {
	const struct db_target *target;
	PGconn *conn;
	PGconn *asker;			  /* NULL before the first question */
	PostgresPollingStatusType coming; /* how far the asker is */
	bool mute;			  /* there is no asker to be had */
	bool standby;		/* the server takes no changes at all */
	bool read_only;		/* nor does it for this role */
	long statement_timeout; /* of a new session, in ms; 0: none */
	char role[256];		/* of a new session */
	char database[256];
	char since[32]; /* when the server was started, in its own words */
	int worker_pid;
	bool pooled;	     /* a pooler stands between */
	bool locked;	     /* the lock of the history is had */
	bool asked;	     /* a question is under way */
	bool waiting;	     /* the worker waits for a lock on a relation */
	bool lost;	     /* the connection is gone, and the lock */
	long long asked_at;  /* report_clock() of the last question */
	char progress[160];  /* "building index 42% orders_at", or "" */
	char blockers[2048]; /* "pid 4711 (app, ...)", or "", by now */
	char blamed[2048];   /* the same of the last time that there were any */
};

/*
 * Connect, begin, and take the lock, and those of other tools that have a
 * history in the database or that the plan adopts, trying for `wait` milliseconds.
 * Returns 0, or -1 with a fault: EXIT_CONNECT, or EXIT_BUSY that names the
 * holder.
 */
int watch_open(struct watch *, const struct db_target *,
    const struct plan_tool *, long wait, struct fault *);

/*
 * Read the history, and see that what another tool has in its own is what
 * the plan adopts, holding no lock on either afterwards.  Returns 0, or -1
 * with a fault: EXIT_STALE where that differs.  After it the connection waits
 * for nothing.
 */
int watch_history(struct watch *, struct history *, const struct plan_tool *,
    struct fault *);

/* The same for a question about the history: history_query(). */
PGresult *watch_query(struct watch *, const char *sql, struct fault *);

/* Let go of the connection that asks: a pool may have no more than that. */
void watch_spare(struct watch *);

void watch_close(struct watch *);

/*
 * Whether the lock is still ours, as far as is known without asking.
 */
bool watch_holds(struct watch *);

/* For the waiting loop of the worker: a descriptor, what to do with it. */
int watch_socket(const struct watch *);
void watch_ready(struct watch *);

/*
 * How many milliseconds may lie between two questions, so that a wait of
 * `lock_timeout` is seen; 0: it has no end.
 */
int watch_interval(long lock_timeout);

/* Ask what the worker is doing, if that many are over. */
void watch_ask(struct watch *, int interval);

/*
 * A statement did not get its lock, and nobody may have asked in time: see to
 * it that `blamed` says who had it, as far as that can be found.
 */
void watch_blame(struct watch *, const char *statement);

/* Forget what was known: another step or try begins. */
void watch_reset(struct watch *);

#endif
