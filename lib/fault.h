#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdio.h>

#include "exits.h"

/*
 * What went wrong, for a caller that decides what to do about it.  Library
 * code never prints and never exits: it fills in a fault and returns -1.
 */
struct fault {
	enum exits code; /* how a command ends because of this */
	char *text;	 /* one line, the object first; NULL: none */
	char *detail;	 /* further lines, or NULL */
	char *hint;	 /* what to do about it, or NULL */
	bool nomem;	 /* there was no memory, even for a text */
};

#define FAULT_INIT \
	{ \
		EXIT_DONE, NULL, NULL, NULL, false \
	}

/*
 * Fill in `f`, whatever it held before, with an exit code and a printf(3)
 * text.  Always returns -1, so that a caller may return its value.
 */
int fault_set(struct fault *f, enum exits code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for running out of memory.  Always returns -1. */
int fault_nomem(struct fault *f);

/*
 * As fault_set() with EXIT_STREAM and ": " strerror(errno) behind the text.
 * Always returns -1.
 */
int fault_errno(struct fault *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Add a hint (one line, no full stop) to a fault.  Always returns -1. */
int fault_hint(struct fault *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Set the detail lines of a fault; the text is copied.  Returns -1. */
int fault_detail(struct fault *f, const char *detail);

/*
 * Print a fault to `fp` as `progname: text`, its detail lines and
 * `hint: ...`; bytes that could harm a terminal are escaped.
 */
void fault_print(const struct fault *f, FILE *fp);

/* Free what a fault owns; it may be used again. */
void fault_free(struct fault *f);

#endif
