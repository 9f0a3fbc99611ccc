#ifndef SPOOL_H
#define SPOOL_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"

/*
 * Bytes that are written once and read back from any place: in memory while
 * they are few, beyond that in an unlinked temporary file (TMPDIR).
 */
struct spool;

struct spool *spool_new(void);
void spool_free(struct spool *);

/* Append.  Returns 0, or -1 with a fault. */
int spool_add(struct spool *, const void *data, size_t len, struct fault *);

/* Bytes written so far: where the next ones will stand. */
off_t spool_size(const struct spool *);

/*
 * Read up to `len` bytes from `off` to `buf`.  Returns how many, fewer than
 * `len` only at the end, or -1 with a fault.
 */
ssize_t spool_read(const struct spool *, off_t off, void *buf, size_t len,
    struct fault *);

#endif
