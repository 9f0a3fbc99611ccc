#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "fault.h"
#include "hash.h"
#include "lexer.h"
#include "migration.h"

/*
 * How far a migration has come that runs outside of one transaction: the rows
 * of mig.progress, as mig-history(5) has them.
 */

struct progress_row {
	size_t statement; /* from 1 */
	char sha256[HASH_HEX];
	bool open;    /* begun outside of a transaction, its end not seen */
	bool session; /* what it has set in its session cannot be set again */
};

struct progress {
	struct progress_row *rows; /* in order of their statements */
	size_t n;
};

/*
 * What a statement is known by: the digest of its text without the blank space
 * behind it, which is not there where the end of a file ends the statement.
 */
void progress_digest(const struct lex_item *, char hex[HASH_HEX]);

/*
 * Read the rows of a migration; none is no error.  Returns 0, or -1 with a
 * fault as history_query() has it.
 */
int progress_read(struct progress *, PGconn *, const struct migration *,
    struct fault *);
void progress_free(struct progress *);

/* The row of a statement, or NULL. */
const struct progress_row *progress_find(const struct progress *,
    size_t statement);

/* The last statement that is done; 0: none. */
size_t progress_done(const struct progress *);

#endif
