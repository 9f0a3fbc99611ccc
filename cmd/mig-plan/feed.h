#ifndef FEED_H
#define FEED_H

#include "hash.h"
#include "mig-plan.h"
#include "source.h"

/*
 * A text that a plan carries, in pieces, from its file or from memory, with a
 * digest of all that went by.
 */
struct feed {
	struct source *source; /* NULL: from memory */
	const char *given;
	struct hash hash;
	size_t next; /* the line on which the next piece begins */
};

/* The text that a step runs.  Returns 0, or -1 with a fault. */
int feed_step(struct feed *, const struct step *, struct fault *);

/* A file that \i reads in. */
int feed_file(struct feed *, const char *path, struct fault *);

/* The next piece: 1, 0 at the end, -1 with a fault. */
int feed_next(struct feed *, struct source_piece *, struct fault *);

/*
 * Close it, and put the digest of what was read into `hex`, if that is not
 * NULL.
 */
void feed_close(struct feed *, char hex[HASH_HEX]);

/*
 * A whole part of a migration's file, owned, and, if `hex` is not NULL, its
 * digest; NULL with a fault.  What is far longer than `most` bytes is cut behind
 * those.
 */
char *feed_whole(const struct migration *, enum source_part, size_t most,
    size_t *len, char hex[HASH_HEX], struct fault *);

#endif
