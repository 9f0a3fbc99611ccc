#ifndef EFFECT_H
#define EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "measure.h"

/*
 * Within measure.c: the relations of a measure, and what the answers of the
 * server make of them.
 */

/* The columns of the questions about relations. */
enum column {
	COLUMN_OID,
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_FILE,
	COLUMN_COUNTS,
	COLUMN_TABLE = COLUMN_COUNTS + MEASURE_COUNTS
};

/* A field as a number. */
long long effect_number(const PGresult *, int row, int column);
unsigned effect_oid(const PGresult *, int row, int column);

/* The order of relations, and one among the first `n`, which are in it. */
int effect_by_oid(const void *, const void *);
struct relation *effect_relation(const struct measure *, size_t n,
    unsigned oid);

bool effect_is_table(const struct relation *);

/* Take over what a row says of one that is there; 0, or -1 without memory. */
int effect_fill(struct relation *, const PGresult *, int row);

/*
 * Compare what was asked for with what was known, and note what is to be told.
 * Returns 0, or -1 without memory.
 */
int effect_compare(struct measure *, const PGresult *);

#endif
