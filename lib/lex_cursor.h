#ifndef LEX_CURSOR_H
#define LEX_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/*
 * Goes through a statement's text word by word and name by name, stepping over
 * blank space and comments.  What is accepted must stand right at the cursor,
 * so that no bracket, operator or quote is overlooked in between.
 */
struct cursor {
	const struct lex_item *item;
	size_t off;  /* the next token begins here */
	size_t word; /* the first word that begins at `off` or behind */
};

/* Start at a word that is the first of its statement. */
struct cursor cursor_at(const struct lex_item *, size_t word);

/*
 * Start at the next statement of a joined item, from word `*n` on, which steps
 * behind its first word.  False if there is no further one.
 */
bool cursor_next(const struct lex_item *, size_t *n, struct cursor *);

/* Step over keywords, given in upper case: "IF NOT EXISTS"; all or none. */
bool cursor_accept(struct cursor *, const char *keywords);

/* Step over one of a list of single keywords that ends in NULL. */
bool cursor_accept_any(struct cursor *, const char *const *keywords);

/* Step over this byte, over digits. */
bool cursor_accept_byte(struct cursor *, char);
bool cursor_accept_number(struct cursor *);

/*
 * Step over '...' without a prefix, over ( ... ).  False, too, where a backslash
 * or a dollar quote leaves the end unsure.
 */
bool cursor_accept_literal(struct cursor *);
bool cursor_accept_parens(struct cursor *);

/*
 * Step over a name, with its schema and quotes; variables may be parts of it.
 * False, and no step, if none stands here.
 */
bool cursor_accept_name(struct cursor *, size_t *off, size_t *len);

/* Whether a byte, or nothing, is what comes next. */
bool cursor_at_byte(const struct cursor *, char);
bool cursor_at_end(const struct cursor *);

/* Whether no further word is in this statement, whatever else is. */
bool cursor_at_last(const struct cursor *);

#endif
