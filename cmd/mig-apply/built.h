#ifndef BUILT_H
#define BUILT_H

#include <stddef.h>
#include <libpq-fe.h>

#include "run.h"

/* The index that a statement builds concurrently, by name. */
struct built {
	char *table; /* as they are written; owned */
	char *index; /* NULL: it builds none */
};

/*
 * Read it from a statement that holds no variables.  Returns 0, or -1 with a
 * fault; to be freed either way.
 */
int built_read(struct built *, const struct lex_item *, struct fault *);
void built_free(struct built *);

/*
 * Ask about it, in the role of its step: $1 is the table, $2 the index.
 * Returns as worker_query(), or NULL with a failure.
 */
PGresult *built_ask(const struct built *, struct run *, size_t step,
    const char *sql);

#endif
