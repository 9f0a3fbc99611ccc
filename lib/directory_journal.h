#ifndef DIRECTORY_JOURNAL_H
#define DIRECTORY_JOURNAL_H

#include <stddef.h>

#include "fault.h"

/*
 * Drizzle's meta/_journal.json: the migrations that are, in their order.
 */

struct journal {
	char **tags; /* file names without ".sql" */
	size_t n;
};

/*
 * Read the journal of the directory `dir`.  Returns 0, or -1 with a fault;
 * `journal` is to be freed either way.
 */
int journal_read(struct journal *, const char *dir, struct fault *);

/* Place of a file name (with ".sql") in the journal, from 1; 0: not in it. */
size_t journal_place(const struct journal *, const char *file);

void journal_free(struct journal *);

#endif
