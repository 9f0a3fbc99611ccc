#ifndef VARS_H
#define VARS_H

#include <libpq-fe.h>

#include "fault.h"
#include "lexer.h"
#include "plan.h"

/*
 * The variables of mig-apply -v, and how they are put into a statement.
 * Values are given when applying; they are in no plan, log or history.
 */
struct vars;

struct vars *vars_new(void);
void vars_free(struct vars *);

/*
 * Add `name=value`, or `name` alone: the value of that environment variable.
 * A value in `arg` is overwritten in it, so that no process title shows it.
 * Returns 0, or -1 with a usage fault.
 */
int vars_add(struct vars *, char *arg, struct fault *);

/*
 * Add Flyway's own placeholders of this connection (flyway:user and its
 * like) and of the run.  Returns 0, or -1 without memory.
 */
int vars_add_flyway(struct vars *, PGconn *, struct fault *);

/*
 * Check that every variable of the plan was given: 0, or -1 with a usage
 * fault that names those that were not.
 */
int vars_check(const struct vars *, const struct plan *, struct fault *);

/*
 * A copy of a text of the server in which `:name` stands for each value that
 * was given with -v (of four bytes or more), be it quoted as in SQL, for the
 * log, the report and the terminal; owned, NULL without memory.
 */
char *vars_hide(const struct vars *, const char *text);

/*
 * A statement as it is sent, NUL-terminated; lent by the item where there is
 * nothing to put in.
 */
struct vars_text {
	const char *text;
	size_t len;
	char *owned; /* the same, or NULL */
};

/* Free it; the values in it are wiped. */
void vars_text_free(struct vars_text *);

/*
 * The text of a statement with its variables put in.  Returns 0, or -1 with a
 * fault.
 */
int vars_put(const struct vars *, PGconn *, const struct plan_step *,
    const struct lex_item *, struct vars_text *, struct fault *);

/*
 * Where byte `off` of the text that vars_put() made stands in the item's own
 * text.
 */
size_t vars_origin(const struct vars *, PGconn *, const struct plan_step *,
    const struct lex_item *, size_t off);

#endif
