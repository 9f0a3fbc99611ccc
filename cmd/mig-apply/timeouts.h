#ifndef TIMEOUTS_H
#define TIMEOUTS_H

#include <stddef.h>

#include "lexer.h"
#include "run.h"

/*
 * The timeouts of the session around a statement outside of a transaction.
 *
 * One with CONCURRENTLY has none but the statement timeout that the step or its
 * text sets: one of the role or the database would leave half an index.  One
 * that leaves nothing when it gives up, as VACUUM, has the lock timeout of the
 * step.  Any other waits for locks as long as its text says, else for ever.
 */
struct timeouts {
	char undo[3][64]; /* what puts them back */
	size_t n;
};

/*
 * Where the session is shared it can have no timeouts of our own; where a pooler
 * may share it, that is looked at.  Returns 0, or -1 with a fault, where the
 * statement must not run with those that it has, or with a failure.
 */
int timeouts_check(struct run *, size_t step, const struct lex_item *);

/* Returns 0, or -1 with a fault or failure; timeouts_reset() is due then too. */
int timeouts_set(struct timeouts *, struct run *, size_t step,
    const struct lex_item *);

/* Put them back.  Returns as worker_send() does. */
int timeouts_reset(struct timeouts *, struct run *);

#endif
