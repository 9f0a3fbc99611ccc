#ifndef HISTORY_STATE_H
#define HISTORY_STATE_H

#include "history.h"

/*
 * Set `state`, the digest of what is applied and what stopped part-way; for
 * history.c only.  Returns 0, or -1 with a fault.
 */
int history_state(struct history *, struct fault *);

#endif
