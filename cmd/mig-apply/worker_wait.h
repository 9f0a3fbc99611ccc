#ifndef WORKER_WAIT_H
#define WORKER_WAIT_H

#include <stdbool.h>

#include "worker.h"

/* What the files of the worker share. */

bool worker_lost(const struct worker *);

/* Remember the first failure; the result is freed with it. */
void worker_fail(struct worker *, const struct worker_sent *, PGresult *);

/* An error that is none of the server's: libpq had no memory for the answer. */
bool worker_is_nomem(const PGresult *);

/*
 * libpq waits for ever for what has come, but for which it had no memory: of the
 * end of a pipeline its message shows it, of the answer to COPY only that there
 * is none still.
 */
bool worker_is_stuck(const struct worker *);

/*
 * Send what is buffered and wait until something can be done.  Returns -1
 * where the connection is gone.
 */
int worker_wait(struct worker *, bool unsent);

#endif
