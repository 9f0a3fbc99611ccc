#ifndef CONCURRENTLY_H
#define CONCURRENTLY_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/*
 * What a statement with CONCURRENTLY, outside of a transaction, waits for once
 * it has begun, by the sources of PostgreSQL 13 to 18:
 *
 *	CREATE INDEX	 who has a lock on the table that is more than a
 *			 reader's; then all snapshots in the database
 *	REINDEX		 the same, and in the end whoever has a lock at all
 *	DROP INDEX	 whoever has a lock on the table of the index
 *	DETACH PARTITION whoever has a lock on the table or the partition
 */
struct concurrently {
	bool readers;	/* readers of the relations too */
	bool snapshots; /* all of the database */
	size_t n;	/* names: of tables, or of indexes for their tables */
	size_t off[2], len[2];
};

/*
 * Whether the statement is one of these; then what it waits for, with the names
 * as spans of its text.  REINDEX of a schema or database has no names.
 */
bool concurrently_read(struct concurrently *, const struct lex_item *);

#endif
