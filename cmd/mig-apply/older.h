#ifndef OLDER_H
#define OLDER_H

#include <stddef.h>

#include "lexer.h"
#include "run.h"

/*
 * Before a statement with CONCURRENTLY begins: wait until those have ended whom
 * it would wait for, having built half an index by then.  They are the
 * transactions of the first look; later ones are younger than our wait.  Other
 * statements are not held up.  The item holds no variables.
 *
 * Returns 0, or -1 with a fault or failure, or when we are told to stop;
 * nothing has begun then.
 */
int older_wait(struct run *, size_t step, const struct lex_item *);

#endif
