#ifndef BARE_H
#define BARE_H

#include "alone.h"

/*
 * Run the statement at hand, which cannot be in a transaction; again where it
 * left nothing and others were in its way.  Returns as alone.h has it.
 */
int bare_run(struct alone *);

#endif
