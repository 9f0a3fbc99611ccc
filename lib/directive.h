#ifndef DIRECTIVE_H
#define DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "migration.h"

/*
 * Our own directives: comments at the head of a migration's text, before its
 * first statement.
 *
 *	-- mig: no-transaction
 *	-- mig: own-transaction
 *	-- mig: requires SERIES VERSION		(several)
 *	-- mig: lock-timeout DURATION		(5s, 500ms, 2min; 0: none)
 *	-- mig: retry DURATION
 *	-- mig: concurrently-wait DURATION
 *	-- mig: statement-timeout DURATION	(0: none)
 *	-- mig: role NAME
 *	-- mig: repeatable			(plain convention)
 */

struct directive_need {
	char *series;
	char *version;
};

/* How long things may take; mig-apply(1) has an option for each. */
enum directive_limit {
	LIMIT_LOCK,	    /* one wait for a lock; 0: for ever */
	LIMIT_RETRY,	    /* all tries together */
	LIMIT_CONCURRENTLY, /* waiting for others before CONCURRENTLY */
	LIMIT_STATEMENT,    /* one statement; 0: for ever */
	LIMITS
};

struct directives {
	bool has_mode; /* one of the first two was there */
	enum migration_mode mode;
	bool has_limit[LIMITS];
	long limits[LIMITS]; /* milliseconds */
	char *role;	     /* NULL: none */
	struct directive_need *needs;
	size_t nneeds;
	size_t repeatable; /* the line that says so; 0: none does */
	bool ended;	   /* the first statement was reached */
	unsigned depth;	   /* of block comments, at the end of a piece */
};

#define DIRECTIVES_INIT \
	{ \
		false, MODE_TX, { false }, { 0 }, NULL, NULL, 0, 0, false, 0 \
	}

/*
 * Read a piece of text: whole lines, the first of them line `line` of the
 * file `path`.  To be called with one piece after another, until `ended` or,
 * so that no directive in a wrong place is passed over in silence, to the end.
 * Returns 0, or -1 with a fault as `path:line: ...`: an unknown word, a
 * missing or superfluous argument, one word twice, one below the head, or a
 * comment that was meant as a directive and is none.
 */
int directives_read(struct directives *, const char *text, size_t len,
    const char *path, size_t line, struct fault *);

/*
 * The same of a text that has none: a fault where a line begins with one, or
 * ends with one of a known word.
 */
int directives_refuse(const char *text, size_t len, const char *path,
    size_t line, struct fault *);

/* Free what they own; they may be used again. */
void directives_free(struct directives *);

#endif
