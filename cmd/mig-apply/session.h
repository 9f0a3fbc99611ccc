#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>

#include "lexer.h"

/*
 * What the statements of a step that is alone make of their session without
 * saying so: a function, DO or CALL may set the search_path, and a run that
 * goes on could not do it again.
 */
struct session {
	char *settings; /* when last asked; owned, NULL: not known */
	bool suspect;	/* what ran since may have changed them unseen */
};

struct alone;

/*
 * Where no transaction is open, before the statement at hand: see to it that
 * the row of the one before says so where that has changed them.  Returns as
 * run.h has it.
 */
int session_check(struct alone *);

/* The statement at hand has run. */
void session_note(struct session *, const struct lex_item *);

void session_free(struct session *);

#endif
