#ifndef ALONE_H
#define ALONE_H

#include <stdbool.h>
#include <stddef.h>

#include "resume.h"
#include "run.h"
#include "saves.h"
#include "session.h"

/* A step on its way. */
struct alone {
	struct run *run;
	size_t step;
	struct script *script;
	struct lex_item item;
	size_t k;	    /* the statement at hand, from 1 */
	char *hexes;	    /* of the statements so far, HASH_HEX each */
	size_t open;	    /* the first that is not committed, from 1 */
	bool last;	    /* it is the last one */
	bool intent;	    /* it was begun outside of a transaction */
	bool part;	    /* this run has committed a part */
	bool logged;	    /* the step's row of the log is written */
	bool inner;	    /* it ended one that it did not begin */
	bool inside;	    /* what was passed over ends in a transaction */
	char *begin;	    /* the BEGIN of the one at hand */
	bool own;	    /* one of the text's own is open, from `open` on */
	bool chained;	    /* no BEGIN of the text stands there */
	bool bound;	    /* it cannot be tried again */
	struct saves saves; /* of the one that is open */
	struct session session;
	struct resume resume;
};

/*
 * Within alone.c, bare.c and own.c.  Each returns 0, or -1 where something has
 * failed, as run.h has it.
 */

/*
 * Send the statement at hand and wait for its answer; a signal rolls it back
 * where it is `inside` of a transaction.
 */
int alone_send(struct alone *, bool inside);

/*
 * After statements, in their transaction: how far we are, or, behind the last
 * one, the row of the log.
 */
int alone_send_done(struct alone *);

/* The same in a transaction of our own. */
int alone_done(struct alone *);

/* A part is committed: what comes next is tried for as long as any. */
void alone_committed(struct alone *);

/* Read the text again, up to what stands before a statement. */
int alone_rewind(struct alone *, size_t statement);

/* Commit that the statement at hand is about to begin. */
int alone_intent(struct alone *);

/* Run the statement at hand by itself. */
int alone_one(struct alone *);

/* Run it as the text has it: within its BEGIN and COMMIT, or by itself. */
int own_run(struct alone *);

/*
 * Something has failed: whether the text's transaction at hand is to be run
 * again from its BEGIN, which comes next then.
 */
bool own_retried(struct alone *);

/* Follow what is passed over, to know where its transactions end. */
int own_follow(struct alone *);

#endif
