#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fault.h"

/*
 * Tables for a person at a terminal: columns aligned, coloured, as wide as
 * the terminal.  Streams are for programs: stream.h.
 */

enum table_colour {
	TABLE_PLAIN,
	TABLE_GOOD, /* green: applied, in order */
	TABLE_WAIT, /* yellow: pending, to be done */
	TABLE_BAD,  /* red: needs somebody's care */
	TABLE_FAINT /* of no account */
};

struct table_column {
	const char *title;
	bool right; /* numbers: flush right */
	bool cut;   /* cut short where the terminal is narrow */
};

struct table;

/* Whether `fp` is a terminal: then a command prints for a person. */
bool table_wanted(FILE *fp);

/* Whether to write colours to `fp`: a terminal, and NO_COLOR not set. */
bool table_coloured(FILE *fp);

/*
 * A new table of `n` columns to be printed to `fp`, or NULL without memory.
 */
struct table *table_new(FILE *fp, const struct table_column *, size_t n);

/*
 * Add a row of `n` values, copied; NULL: an empty cell.  Bytes that could harm
 * a terminal are escaped.  `colour` is of the whole row.  Returns 0, or -1
 * without memory.
 */
int table_row(struct table *, const char *const *values, enum table_colour);

/*
 * Give one cell of the last row a colour of its own.  Returns 0, or -1 without
 * memory or such a cell.
 */
int table_cell(struct table *, size_t column, enum table_colour);

/*
 * Print it; nothing where it has no rows.  Where the terminal is too narrow,
 * columns behind the fourth are left out, from the right; those that may be
 * cut stay.  Returns 0, or -1 with a fault.
 */
int table_print(struct table *, struct fault *);

void table_free(struct table *);

/* What switches a colour on (TABLE_PLAIN: off) on a terminal; lent. */
const char *table_escape(enum table_colour);

#endif
