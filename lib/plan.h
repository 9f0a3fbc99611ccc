#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "fault.h"
#include "hash.h"
#include "migration.h"
#include "stream.h"

/*
 * A plan, as mig-stream(5) has it: what mig-plan writes and mig-apply carries
 * out.  Pure.
 *
 *	state	DIGEST
 *	allow	out-of-order
 *	tool	TOOL  SCHEMA  TABLE  ROWS	what is adopted
 *	need	NAME
 *	step	N  ACTION  SERIES  VERSION  MODE  SHA256  NAME  PATH  KIND
 *		CONVENTION
 *	resume	N  STATEMENT  SQL	from that statement on; SQL runs first
 *	from	PATH  LINE		the text that follows stands there
 *	<TAB>text
 *	keep	N  up|down  SHA256  PATH  TEXT	kept in the history, not run
 */

enum plan_action {
	PLAN_APPLY,
	PLAN_REPEAT,
	PLAN_REVERT,
	PLAN_RESUME,
	PLAN_BASELINE,
	PLAN_ADOPT,
	PLAN_ACCEPT,
	PLAN_FORGET,
	PLAN_EXEC
};

/* Text longer than this is not kept in the history, only its digest. */
#define PLAN_KEEP_MAX (4UL * 1024 * 1024)

const char *plan_action_name(enum plan_action);

/* Returns 0 and sets `*action`, or -1 where there is no such name. */
int plan_action_find(const char *name, enum plan_action *action);

/* Whether steps of this action run the text that they carry. */
bool plan_action_runs(enum plan_action);

/*
 * The history of another tool that a plan adopts: the tool, its table, and the
 * digest of what that says (foreign.h).
 */
struct plan_tool {
	char *name; /* NULL: there is none */
	char *schema;
	char *table;
	char *rows;
};

/*
 * Writing: plan_begin(), plan_state(), plan_allow(), plan_tool() and
 * plan_need() as needed, then for each step plan_step(), perhaps plan_resume(),
 * perhaps plan_from() and pieces by stream_text(), perhaps plan_keep();
 * stream_end().
 */
int plan_begin(struct stream_writer *, FILE *fp, enum stream_style);
void plan_state(struct stream_writer *, const char *digest);
void plan_allow(struct stream_writer *, const char *word);
void plan_tool(struct stream_writer *, const char *name, const char *schema,
    const char *table, const char *rows);
void plan_need(struct stream_writer *, const char *name);
void plan_step(struct stream_writer *, size_t n, enum plan_action,
    const struct migration *);
void plan_from(struct stream_writer *, const char *path, size_t line);

/*
 * Step `n` goes on from a statement, counted from 1: those before it are done.
 * `first` (NULL: nothing) is an SQL statement that runs before it.
 */
void plan_resume(struct stream_writer *, size_t n, size_t statement,
    const char *first);

/* Keep a text with step `n`; `down` says which of the two it is. */
void plan_keep(struct stream_writer *, size_t n, bool down, const char *sha256,
    const char *path, const char *text);

/* Where a part of a step's text stands. */
struct plan_place {
	size_t at; /* line of the step's text, from 1 */
	char *path;
	size_t line; /* in that file, from 1 */
};

/* A text of a step, in the plan's spool. */
struct plan_text {
	off_t off;
	size_t len;
	bool present;
};

struct plan_step {
	enum plan_action action;
	struct migration m;    /* down_sha256, down_path: of the kept text */
	struct plan_text run;  /* what runs */
	struct plan_text up;   /* kept: the up text of what does not run */
	struct plan_text down; /* kept: the down text */
	size_t resume;	       /* the statement to go on from; 0: all run */
	char *first;	       /* SQL that runs before it, or NULL */
	struct plan_place *places;
	size_t nplaces;
};

struct spool;

struct plan {
	char *state;
	bool out_of_order;
	struct plan_tool tool;
	char **needs;
	size_t nneeds;
	struct plan_step *steps;
	size_t nsteps;
	struct spool *spool;
	char digest[HASH_HEX];
};

/*
 * Read a whole plan and check every line of it; nothing in `plan` may be used
 * unless this succeeds.  Returns 0, or -1 with a fault (EXIT_STREAM).
 */
int plan_read(struct plan *plan, FILE *fp, const char *name, struct fault *);

/*
 * Read a text of the plan whole, NUL-terminated and owned by the caller, or
 * NULL with a fault.
 */
char *plan_text_read(const struct plan *, const struct plan_text *,
    struct fault *);

/* What a message calls a step: its path, its name where it has none; lent. */
const char *plan_step_label(const struct plan_step *);

/*
 * Where line `line` of a step's text stands: its path (lent) and line there.
 */
const char *plan_where(const struct plan_step *, size_t line, size_t *there);

void plan_free(struct plan *);

#endif
