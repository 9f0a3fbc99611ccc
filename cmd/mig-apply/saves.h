#ifndef SAVES_H
#define SAVES_H

#include <stddef.h>

#include "lexer.h"

/* The savepoints of a transaction that a text has of its own. */
struct save {
	char *name;
	size_t statement; /* that made it */
};

struct saves {
	struct save *items;
	size_t n;
};

/*
 * Follow statement `k`, which has done its work: SAVEPOINT, RELEASE or ROLLBACK
 * TO.  Returns the statement behind which the last of them has undone all, k
 * where it has undone nothing; 0 without memory.
 */
size_t saves_follow(struct saves *, const struct lex_item *, size_t k);

/* Another transaction begins. */
void saves_free(struct saves *);

#endif
