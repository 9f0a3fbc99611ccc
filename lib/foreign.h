#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "convention.h"
#include "fault.h"
#include "hash.h"
#include "migration.h"

/*
 * What another migration tool says it has applied, from the table that it
 * keeps in a database.  Nothing here writes to that table.
 */

/* What a tool keeps to know a file by. */
enum foreign_check {
	FOREIGN_LINES, /* a CRC-32 of its lines */
	FOREIGN_BYTES, /* a SHA-384 of its bytes */
	FOREIGN_TEXT   /* its statements */
};

struct foreign_tool {
	const char *name;  /* "flyway" */
	const char *title; /* for a person: "Flyway" */
	enum foreign_check check;
	const char *conventions[3]; /* as which its files may be listed */
	const char *schema;	    /* of its table; NULL: it varies */
	const char *table;
	const char *sql; /* reads it */
};

enum foreign_state {
	FOREIGN_APPLIED,
	FOREIGN_CODE,	  /* applied, and no SQL */
	FOREIGN_BASELINE, /* all up to its version count as applied */
	FOREIGN_FAILED
};

/* What stands between the statements of FOREIGN_TEXT. */
#define FOREIGN_JOIN '\x1e'

/* Strings are owned; NULL where the tool has none. */
struct foreign_entry {
	enum foreign_state state;
	enum migration_kind kind;
	char *version; /* NULL: repeatable */
	char *name;
	char *checksum; /* as text, or the statements */
	char *at;
	char *by;
};

struct foreign {
	const struct foreign_tool *tool; /* NULL: nothing was read */
	char *schema;
	char *table;
	struct foreign_entry *entries; /* in the order of their application */
	size_t n;
	char digest[HASH_HEX]; /* of the entries, but not of who and when */
};

/* The tool of that name, or NULL; and tool `n`, NULL beyond the last. */
const struct foreign_tool *foreign_tool_find(const char *name);
const struct foreign_tool *foreign_tool_at(size_t n);

/*
 * Whether the files of a tool may be listed as those of a convention, which
 * then finds the same versions and texts.
 */
bool foreign_tool_reads(const struct foreign_tool *, const struct convention *);

/*
 * Whether a database has the table that a tool uses by default.  Returns 1, 0
 * or -1 with a fault.
 */
int foreign_is_there(PGconn *, const struct foreign_tool *, struct fault *);

/*
 * Read a tool's table: `table` as SQL names it, with its schema or without,
 * or where it is NULL the one that the tool uses by default.  Returns 0, or
 * -1 with a fault: EXIT_USAGE (there is no such table, or several, or it is
 * another kind of table), EXIT_NOVERDICT (no right to read it), EXIT_CONNECT.
 */
int foreign_read(struct foreign *, PGconn *, const struct foreign_tool *,
    const char *table, struct fault *);
void foreign_free(struct foreign *);

/*
 * Whether a tool's table has still the entries that a digest is of.  Returns
 * 0, or -1 with a fault: EXIT_STALE where it has not, EXIT_STREAM for an
 * unknown tool, or one of the above.
 */
int foreign_same(PGconn *, const char *tool, const char *schema,
    const char *table, const char *digest, struct fault *);

#endif
