#ifndef SECTION_H
#define SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "convention.h"
#include "fault.h"

/*
 * The markers by which a convention keeps up and down text in one file: says
 * of each line to which text it belongs.  Pure.
 */

enum section_verdict {
	SECTION_UP,
	SECTION_DOWN,
	SECTION_MARK /* a marker: belongs to neither */
};

struct section {
	const struct convention *convention;
	const char *path;	 /* for messages; lent */
	bool down;		 /* the section at hand */
	bool begun;		 /* a line other than a comment was before */
	size_t depth;		 /* before that: of block comments */
	bool has_up, has_down;	 /* their markers were there */
	bool block;		 /* within StatementBegin ... StatementEnd */
	bool none_up, none_down; /* the tool's directive was there */
};

void section_init(struct section *, const struct convention *,
    const char *path);

/*
 * Look at line `number`, without its LF (of a longer line the first 64 KiB).
 * Returns 0, or -1 with a fault.
 */
int section_line(struct section *, const char *line, size_t len, size_t number,
    enum section_verdict *, struct fault *);

/* The file has ended.  Returns 0, or -1 with a fault. */
int section_end(const struct section *, struct fault *);

#endif
