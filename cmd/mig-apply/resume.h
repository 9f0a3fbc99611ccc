#ifndef RESUME_H
#define RESUME_H

#include <stdbool.h>
#include <stddef.h>

#include "progress.h"
#include "run.h"
#include "settle.h"

/*
 * Going on with a `none` or `own` step that stopped part-way, as its plan says
 * from where: what is done is passed over, but for its settings; what was open
 * must still be as it was when the plan was made.
 */
struct resume {
	struct run *run;
	size_t step;
	struct progress progress;
	bool begun; /* what the plan runs first is done */
	bool open;  /* the statement at hand was begun by an earlier run */
	size_t line, col; /* of the last one that was */
};

/* Returns 0, or -1 with a fault or failure. */
int resume_open(struct resume *, struct run *, size_t step);
void resume_close(struct resume *);

/*
 * Look by the worker's connection, in the role of its step, what became of a
 * statement: settle_look().  Returns 0, or -1 with a fault or failure; `found`
 * is to be freed either way.
 */
int resume_look(struct run *, size_t step, const struct lex_item *, bool failed,
    struct settle *found, struct fault *);

/*
 * Statement `k` of the text, which `script` has just given, is next; `hex` is
 * its digest.  Returns 1 where it is done and passed over, 0 where it is to
 * run, -1 with a fault or failure.
 */
int resume_pass(struct resume *, struct script *, const struct lex_item *,
    const char *hex, size_t k);

/*
 * Before anything else runs: what the plan runs first, and the progress made
 * to agree.  Once done it does nothing.  Returns 0 or -1.
 */
int resume_begin(struct resume *);

#endif
