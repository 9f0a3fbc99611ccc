#ifndef INDEXDEF_H
#define INDEXDEF_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/*
 * What a CREATE INDEX says of its index, to compare a statement with what
 * pg_get_indexdef() says of an index that is there.  Pure; the parts are spans
 * of the item's text, as they are written, and absent where the length is 0.
 */

struct indexdef_part {
	size_t off, len;
};

/* A column, or an expression, with what stands behind it. */
struct indexdef_key {
	struct indexdef_part value;
	bool column; /* its value is a name alone */
	bool descending;
	bool nulls_first;
	struct indexdef_part collation;
	struct indexdef_part opclass;
};

#define INDEXDEF_KEYS 32 /* the server's own limit */

struct indexdef {
	const char *text; /* of the item; lent */
	bool unique;
	bool nulls_equal;	     /* NULLS NOT DISTINCT */
	struct indexdef_part method; /* absent: btree */
	size_t nkeys, nincluded;
	struct indexdef_key keys[INDEXDEF_KEYS];
	struct indexdef_part included[INDEXDEF_KEYS];
	struct indexdef_part where; /* what stands behind WHERE */
};

/* Read it from a statement; false where it cannot be followed to its end. */
bool indexdef_read(struct indexdef *, const struct lex_item *);

/*
 * NULL, or what surely differs between a statement and the index that is there,
 * as "the order of a column".  The server names no collation and operator class
 * that goes without saying: `named` has them all, its columns are whatever they
 * may be.  Expressions and conditions may mean the same in other words: they do
 * not differ.  Storage parameters and tablespaces are not looked at.
 */
const char *indexdef_differ(const struct indexdef *statement,
    const struct indexdef *there, const struct indexdef *named);

/*
 * Of one of two that do not differ: a query of `table` for the expressions and
 * the condition that may, so that two such queries are planned alike where they
 * mean the same.  `*sql` is owned, NULL where there is nothing to compare.
 * Returns 0, or -1 without memory.
 */
int indexdef_query(const struct indexdef *, const struct indexdef *other,
    const char *table, char **sql);

#endif
