#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>
#include <libpq-fe.h>

#include "fault.h"
#include "lexer.h"

/*
 * What became of a statement that ran outside of a transaction and whose end
 * nobody saw: found out by looking at the catalogs, never guessed.  Sources:
 * the reference pages of the commands, and what they leave behind on 13 to 18
 * (tried).
 */

enum settle_verdict {
	SETTLE_AGAIN,	/* nothing is left of it: it runs again */
	SETTLE_DONE,	/* it is done */
	SETTLE_FIRST,	/* `sql` takes away what it left; then it runs again */
	SETTLE_INSTEAD, /* `sql` ends what it began */
	SETTLE_BUSY,	/* a session is at work there still */
	SETTLE_UNKNOWN	/* a person must look */
};

struct settle {
	enum settle_verdict verdict;
	char *sql; /* of FIRST and INSTEAD, else NULL; owned */
	char *why; /* for a person, of all verdicts; owned */
};

/*
 * Look what became of a statement; `conn` has the role and the search_path that
 * it ran with.  `sent` is the same with its variables put in, where they are
 * known: BUSY is whoever runs that still, of the sessions that this login may
 * see.  `failed` says that the server has said so: AGAIN means then that nothing
 * is left of it.  What holds a variable is UNKNOWN.  What mig-apply began to
 * create was not there before (bare.c), so that what has its name is its own.
 * Returns 0, or -1 with a fault.
 */
int settle_look(struct settle *, PGconn *, const struct lex_item *,
    const struct lex_item *sent, bool failed, struct fault *);
void settle_free(struct settle *);

#endif
