#ifndef FILLED_H
#define FILLED_H

#include <stddef.h>

#include "lexer.h"
#include "run.h"
#include "vars.h"

/* A statement as the server will see it, its variables put in. */
struct filled {
	struct vars_text text;
	struct lexer *lexer;  /* NULL: nothing was put in */
	struct lex_item item; /* lent by these, or of the script */
};

/*
 * `was` is lent for its life.  Line and column stay those of the file; the item
 * has no words where variables have made it no statement.  Returns 0, or -1
 * with a fault; to be freed either way.
 */
int filled_read(struct filled *, struct run *, size_t step,
    const struct lex_item *was);

/* The same of a text of our own, which stands at a place of the step's text. */
int filled_text(struct filled *, struct run *, const char *text, size_t line,
    size_t col);

/* The values in it are wiped. */
void filled_free(struct filled *);

#endif
