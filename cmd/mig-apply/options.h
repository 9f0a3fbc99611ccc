#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "directive.h"
#include "vars.h"

/* What the user asked for. */
struct options {
	bool one; /* -1: all steps in one transaction */
	bool ask; /* -i */
	bool analyze;
	bool rehearse;
	bool verbose;
	bool quiet;
	bool json;
	bool bare;
	/* in milliseconds */
	long wait;	     /* for the lock of the history */
	long limits[LIMITS]; /* of steps that do not say it; -1: none */
};

struct arguments {
	struct options options;
	struct vars *vars;
	char *conninfo; /* of -d, or NULL; lent */
};

/*
 * Read the arguments.  Ends the process where they are wrong, or where all that
 * was asked for is a text.
 */
void options_parse(struct arguments *, int argc, char *argv[]);

#endif
