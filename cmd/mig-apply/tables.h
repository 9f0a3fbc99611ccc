#ifndef TABLES_H
#define TABLES_H

#include <stdio.h>
#include <libpq-fe.h>

#include "lexer.h"

struct run;

/*
 * The tables that statements have created or changed, for --analyze.  Which one
 * a name means is asked behind its statement, in its search_path.
 */
struct tables {
	FILE *fp;   /* their oids, as the elements of an array; NULL: none */
	char *oids; /* what was written to it */
	size_t len;
	char last[16]; /* of them */
};

/*
 * The name that a statement, which has no variables, gives to its table; owned.
 * NULL where --analyze was not said or there is nothing to ask.  Returns 0, or
 * -1 with a fault.
 */
int tables_name(struct run *, const struct lex_item *, char **name);

/* Ask which table it is.  Returns as worker_send(). */
int tables_ask(struct run *, size_t step, const char *name);

/* Note the answer; what there is no memory for is told by run_analyze(). */
void tables_note(struct tables *, const PGresult *);

void tables_free(struct tables *);

#endif
