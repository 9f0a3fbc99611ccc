#ifndef REHEARSE_H
#define REHEARSE_H

#include "run.h"

/*
 * Rehearse the plan of a run: its `tx` steps, one after another in a single
 * transaction that is rolled back whatever comes.  Nothing is written to the
 * history, nor is it made.  Each statement is measured and told (tell.h).
 *
 * Between steps the session is put back; deferred constraints are checked at
 * the end of each, as its COMMIT would.  What cannot be rehearsed so is told as
 * left out, with the reason.
 *
 * Returns the exit code; where it is not EXIT_DONE, the fault says why.
 */
enum exits rehearse_steps(struct run *);

#endif
