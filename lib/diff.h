#ifndef DIFF_H
#define DIFF_H

#include <stdio.h>

#include "fault.h"

/* A text and what it is called in the heading of a difference. */
struct diff_side {
	const char *label;
	const char *text;
};

/*
 * Show on `fp` how two texts differ, as diff(1) -u does, which is run for it
 * without a shell; in colour where `fp` is a terminal that takes it.  Bytes
 * that could harm a terminal are escaped.  Returns 0, or -1 with a fault
 * where diff(1) could not be run.
 */
int diff_show(FILE *fp, const struct diff_side *before,
    const struct diff_side *after, struct fault *);

#endif
