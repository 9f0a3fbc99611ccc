#ifndef TELL_H
#define TELL_H

#include <stddef.h>

#include "fault.h"
#include "measure.h"
#include "report.h"

/*
 * What a rehearsal found: records of the report as soon as they are known, or
 * for people one table at the end.
 */
struct tell {
	struct report *report;
	struct table *table; /* for people, or NULL */
	bool nomem;
};

/* A statement that has run. */
struct tell_statement {
	size_t step;	  /* from 1 */
	size_t statement; /* from 1 in the step; 0: what its COMMIT does */
	const char *where;
	long long ms;
	const char *command; /* of its command tag */
	long long rows;	     /* of its command tag; -1: it has none */
};

/* Returns 0, or -1 without memory.  The report is lent. */
int tell_begin(struct tell *, struct report *);

void tell_statement(struct tell *, const struct tell_statement *,
    const struct measure *);

/* It did not run, and why; statement 0: none of its step. */
void tell_skip(struct tell *, size_t step, size_t statement, const char *where,
    const char *why);

/* It failed: a row for people, who have the error on stderr too. */
void tell_failed(struct tell *, size_t step, const char *where);

/* Print the table, and free what there is.  Returns 0, or -1 with a fault. */
int tell_end(struct tell *, struct fault *);

#endif
