#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>

#include "fault.h"
#include "lexer.h"
#include "plan.h"

/* Reads the text of a step of a plan, statement by statement. */
struct script;

/* Returns NULL without memory.  The plan is lent. */
struct script *script_open(const struct plan *, const struct plan_step *,
    bool backslash_quotes, struct fault *);

/*
 * The next item: LEX_STATEMENT, LEX_DATA, LEX_DATA_END or LEX_END; LEX_BAD
 * with a fault on anything else.  psql's \restrict and \unrestrict are left
 * out.
 */
enum lex_kind script_next(struct script *, struct lex_item *, struct fault *);

void script_close(struct script *);

#endif
