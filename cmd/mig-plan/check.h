#ifndef CHECK_H
#define CHECK_H

#include <sys/types.h>

#include "feed.h"
#include "mig-plan.h"
#include "source.h"

/* The first pass over the texts: what its files share. */

/* A line of the text that was fed, and which line of the file it is. */
struct mark {
	size_t fed;
	size_t line;
};

/* A text that is being checked. */
struct text {
	struct planner *p;
	const struct step *step;
	struct part *part;
	struct text *outer; /* that reads this one in, or NULL */
	size_t depth;
	size_t *files; /* read in so far */
	dev_t dev;
	ino_t ino;

	struct lexer *lexer;
	struct mark *marks;
	size_t nmarks;
	size_t fed;		   /* lines */
	struct source_piece piece; /* that is being read */
	size_t piece_fed;	   /* lines fed before it */
	size_t included;	   /* line of the last \i as it was fed */
	size_t includes;	   /* \i since the last statement */
	bool stopped;		   /* no sense in reading on */
	bool unread;		   /* it could not be read to its end */
};

/* The line of the file that was fed as line `fed`. */
size_t check_line(const struct text *, size_t fed);

/* Complain about an item: `path:line:col: what`. */
void check_complain(struct text *, const struct lex_item *, enum exits code,
    const char *what, const char *help);

/* The same where the text itself is bad. */
void check_bad(struct text *, const struct lex_item *, const char *what,
    const char *help);

/* Check a text to its end, and close its feed. */
int check_text(struct text *, struct feed *);

/* check_mode.c: complain about what the mode does not allow. */
void check_mode(struct text *, const struct lex_item *);

/* check_include.c: \i and psql's other commands */

/* A backslash command.  Returns 0, or -1 with a fault. */
int check_meta(struct text *, const struct lex_item *);

/*
 * Whether a \i stood within a statement.  Before its first word is before
 * it, but for a block comment; the lines of each \i are not in its text.
 */
bool check_is_torn(const struct text *, const struct lex_item *);

#endif
