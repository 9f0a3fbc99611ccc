#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

struct convention;
struct migration;

/*
 * The text of a migration, read from its file in pieces: a leading BOM
 * dropped, CRLF read as LF, nothing else changed, and, where the convention
 * keeps up and down in one file, the part that was asked for.  A file of any
 * size takes the same memory.
 */

enum source_part {
	SOURCE_UP,    /* the up text of a file that may hold both */
	SOURCE_DOWN,  /* the down text of a file that may hold both */
	SOURCE_WHOLE, /* a file that is one text: a down file of its own */
	SOURCE_BOTH   /* both, each piece saying which it is of */
};

/* A piece: at most 64 KiB, of one line or of whole lines; lent. */
struct source_piece {
	const char *text;
	size_t len;
	size_t line;	       /* of the file, where the piece begins, from 1 */
	enum source_part part; /* SOURCE_UP or SOURCE_DOWN */
};

struct source;

/*
 * Open the file at `path`.  Returns NULL with a fault (EXIT_STREAM) that
 * names the path where it cannot be read.
 */
struct source *source_open(const char *path, const struct convention *,
    enum source_part, struct fault *);

/*
 * Open only what is a file, to read its bytes as they are, and without hanging
 * on a fifo.  Returns a descriptor, or -1 with a fault.
 */
int source_open_raw(const char *path, struct fault *);

/*
 * Open the up text (SOURCE_UP) or the down text (SOURCE_DOWN) of a migration,
 * whether they stand in one file or in two.  The migration must have it.
 */
struct source *source_open_part(const struct migration *, enum source_part,
    struct fault *);

/*
 * The next piece.  Returns 1, 0 at the end, or -1 with a fault: a read error,
 * a NUL byte, ill-formed UTF-8, or section markers that the convention does
 * not allow, as `path:line: ...`.
 */
int source_next(struct source *, struct source_piece *, struct fault *);

/* Whether the file has a down section, even an empty one; at its end. */
bool source_has_down(const struct source *);

/*
 * Whether a directive of the convention's own tool says that a part cannot
 * run in a transaction; at the end of the file.
 */
bool source_says_none(const struct source *, enum source_part);

void source_close(struct source *);

#endif
