#ifndef DIRECTORY_READING_H
#define DIRECTORY_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "directory.h"
#include "directory_scan.h"

/*
 * The steps by which directory.c reads the directories of one series; for it
 * alone.
 */

struct reading {
	const struct directory_options *options;
	const char *series;
	const struct convention *convention;
	bool sure;	 /* of the convention: heads are not asked */
	char *signed_by; /* a file whose head spoke for it */
	struct directory_scan scan;
	struct migration_list ups, downs;
	char **warnings;
	size_t nwarnings;
	bool nomem; /* a warning was lost for want of memory */
};

/*
 * Keep a warning.  They are told at the end, since what looks wrong in one convention may be right in the next.
 */
void reading_warn(struct reading *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void reading_forget_warnings(struct reading *);
void reading_tell_warnings(struct reading *);

/*
 * Make `ups` and `downs` anew of the names in `scan`.  Returns 0, or -1 with a
 * fault.
 */
int reading_names(struct reading *, struct fault *);

/*
 * Put both into order, leave out what the tool leaves out, and give each up
 * text its down text.  `dir` is the first directory.  Returns 0, or -1 with a
 * fault.
 */
int reading_order(struct reading *, const char *dir, struct fault *);

/* Put the up texts into order once more, now that their kinds are known. */
void reading_sort(struct reading *);

/* Returns 0, or -1 with a fault that names two that cannot both be. */
int reading_refuse_equal(const struct reading *, struct fault *);

/*
 * Where equal versions are allowed, give all but the first of each their name
 * as well, in the tool's order: the history knows a migration by its version.
 * Returns 0, or -1 with a fault.
 */
int reading_tell_apart(struct reading *, struct fault *);

/*
 * Read the texts: digests, modes, directives.  Returns 0, 1 where a head
 * speaks for another convention, which `convention` then is and for which all
 * is to be done again, or -1 with a fault.
 */
int reading_texts(struct reading *, struct fault *);

/* The same by the head of the last text alone. */
int reading_ask_last(struct reading *, struct fault *);

/*
 * Of the last texts, call those repeatable that say so, up to one that does
 * not.  Returns 0, or -1 with a fault.
 */
int reading_last_kinds(struct reading *, struct fault *);

#endif
