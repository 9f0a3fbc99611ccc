#ifndef SETTLING_H
#define SETTLING_H

#include <stdbool.h>
#include <libpq-fe.h>

#include "settle.h"

/* A look that is going on.  For settle.c and settle_build.c only. */
struct settling {
	struct settle *s;
	PGconn *conn;
	const struct lex_item *item;
	const struct lex_item *sent; /* the same with its variables put in */
	bool failed;		     /* the server said so */
	bool inside; /* settle_enter() was within a transaction */
	struct fault *f;
};

/*
 * Set the answer; `sql` is the settle's from here on.  Returns 0, or -1 with a
 * fault, as all that follow.
 */
int settle_say(struct settling *, enum settle_verdict, char *sql,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A part of the statement's text; owned by the caller; NULL without memory. */
char *settle_span(const struct settling *, size_t off, size_t len);

/*
 * Ask with one or two names, which are freed.  Returns as db_query(), or NULL
 * with a fault where one of them is NULL.
 */
PGresult *settle_ask(struct settling *, const char *sql, int n, char *first,
    char *second);

/*
 * Ask for the invalid indexes, as settle-invalid.sql has it, of what a part of
 * the text names, or of all tables where its length is 0.
 */
PGresult *settle_ask_invalid(struct settling *, size_t off, size_t len,
    bool reindex, bool schema);

/*
 * What is set and asked between these two is of a transaction that changes
 * nothing, or of a part of the one at hand, and is rolled back.
 */
void settle_enter(struct settling *);
void settle_leave(struct settling *);

/* Whether there is one row, and true in this column. */
bool settle_is_true(const PGresult *, int column);

/* What became of a CREATE INDEX CONCURRENTLY. */
int settle_build(struct settling *);

#endif
