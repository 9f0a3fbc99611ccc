#ifndef MIG_PLAN_H
#define MIG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "db.h"
#include "fault.h"
#include "foreign.h"
#include "hash.h"
#include "history.h"
#include "lexer.h"
#include "migration.h"
#include "plan.h"
#include "stream.h"

/* What mig-plan is asked for. */
enum task {
	TASK_APPLY,
	TASK_REVERT,
	TASK_BASELINE,
	TASK_ADOPT,
	TASK_FORGET,
	TASK_CLEAN,
	TASK_STATUS
};

/* [SERIES:]VERSION, or a name; lent by the arguments. */
struct chosen {
	char *series; /* NULL: not said */
	char *version;
	bool used; /* it named a migration */
};

struct choice {
	bool given;
	bool all; /* no migration was named */
	struct chosen *items;
	size_t n;
};

struct options {
	enum task task;
	char *conninfo;
	enum stream_style style;
	const char *columns; /* of --status */
	bool people;	     /* stdout is a terminal */
	bool quiet;
	bool verbose;
	long long count; /* -n; -1: not said */
	struct choice to;
	long long revert; /* --revert; -1: not said */
	struct choice revert_to;
	struct choice baseline;
	struct choice adopt;	 /* [SERIES:]TOOL */
	const char *adopt_table; /* NULL: the tool's own */
	struct choice accept;
	struct choice forget;
	struct choice settle_done;  /* --settle NAME=done */
	struct choice settle_again; /* --settle NAME=again */
	const char *clean;	    /* the database's name */
	bool status;
	bool check;
	bool out_of_order;
	bool allow_missing;
};

/* What a migration is like, files and history seen together. */
enum state {
	STATE_APPLIED,
	STATE_BASELINE, /* counts as applied, was never run */
	STATE_PENDING,
	STATE_REPEAT,	    /* repeatable: new, or its text changed */
	STATE_OUT_OF_ORDER, /* pending, below one that is applied */
	STATE_FAILED,	    /* pending, its last try was rolled back */
	STATE_PARTIAL,	    /* stopped part-way */
	STATE_CHANGED,	    /* applied with another text */
	STATE_MISSING,	    /* applied, not in the listing */
	STATE_IGNORED	    /* not to be run */
};

/* A migration of the listing, or one of the history that it lacks. */
struct item {
	const struct migration *m;
	const struct history_entry *entry; /* NULL: not applied */
	const struct history_open *open;   /* NULL: nothing went wrong */
	size_t group;
	enum state state;
	bool listed;
	bool pending; /* to be run, sooner or later */
	bool out_of_order;
	bool planned; /* a step was made of it */
};

/* A series: items[first] and its successors. */
struct group {
	const char *series;
	size_t first, n;
	const struct history_entry *highest;  /* applied version, or NULL */
	const struct history_entry *baseline; /* Flyway's B, or NULL */
};

/* Where the text of a step comes from. */
enum text_from {
	TEXT_NONE,
	TEXT_UP,   /* the file's up text */
	TEXT_DOWN, /* the file's down text */
	TEXT_GIVEN /* `text` */
};

/* A text, and the places in it where psql's \i brings in another. */
struct part {
	char *path;
	size_t line; /* of the \i, in the text round it */
	char sha256[HASH_HEX];
	bool open_end; /* its last statement has no semicolon */
	struct part *kids;
	size_t nkids;
};

struct step {
	enum plan_action action;
	struct migration m; /* as the plan says it; strings are lent */
	const struct migration *file; /* of the listing, or NULL */
	enum text_from from;
	char *text;   /* owned */
	bool keep_up; /* of `file` */
	bool keep_down;
	bool out_of_order;
	struct part part;
	struct resume *resume; /* NULL: the whole text runs; owned */
};

struct planner {
	struct options o;
	struct db_target target;
	PGconn *conn;
	struct migration_list list;
	struct history history;
	struct foreign foreign; /* of TASK_ADOPT */
	struct item *items;
	size_t n;
	struct migration *stopped; /* those that only the history has */
	struct group *groups;
	size_t ngroups;
	struct step *steps;
	size_t nsteps, room;
	char **needs; /* sorted */
	size_t nneeds;
	enum exits code; /* of what was complained about */
	bool nomem;	 /* among it: out of memory */
	char *hint;	 /* on that, still to be printed */
	struct fault f;
};

/* options.c */

/* Read the arguments; ends the program for -h, --version and bad usage. */
void options_read(struct options *, int argc, char *argv[]);
void options_free(struct options *);

/* picture.c: files and history seen together */

/* Fill in items and groups.  Returns 0, or -1 with a fault. */
int picture_make(struct planner *);

/* The state's name. */
const char *state_name(enum state);

/* choose.c: what the arguments name */

/* The group of that name, or NULL. */
struct group *picture_group(const struct planner *, const char *series);

/*
 * The one group that a choice is about, or NULL with a usage fault: of several
 * series one must be named.
 */
struct group *picture_choose(struct planner *, const struct chosen *);

/* The item of a group with that version, or NULL. */
struct item *picture_find(const struct planner *, const struct group *,
    const char *version);

/* Whether a choice names an item; marks what it names as used. */
bool picture_chosen(struct choice *, const struct item *);

/* Order of two versions in a group, as its convention has it. */
int picture_version_cmp(const struct planner *, const struct group *,
    const char *, const char *);

/* refuse.c: what stands against a plan */

/* Complain about an item on stderr; the run will end with `code`. */
void complain(struct planner *, enum exits code, const struct item *,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Print a fault.  Without memory much goes wrong, of which once is enough.
 */
void print_fault(struct planner *, const struct fault *);

/*
 * Print a fault, which decides how the run ends, and empty it.  Its hint comes
 * later: with another complaint or complain_end().
 */
void complain_fault(struct planner *, struct fault *);
void complain_end(struct planner *);

/* Print a line `hint: ...`, or a note unless -q. */
void hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const struct planner *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Refuse what stopped part-way. */
void refuse_partial(struct planner *);

/* Refuse what is changed, missing and out of order, unless allowed. */
void refuse_states(struct planner *);

/* Complain about each name of a choice that names no `what`. */
void refuse_unused(struct planner *, const struct choice *, const char *option,
    const char *what);

/* resume.c: going on with what stopped part-way */

/*
 * Have a step go on where its migration stopped.  Returns 0, or -1 with a
 * fault.
 */
int resume_begin(struct planner *, struct step *, struct item *);

/*
 * The next statement of the step's text, in order.  Returns 0, or -1 with a
 * fault that is about this statement.
 */
int resume_statement(struct planner *, const struct step *,
    const struct lex_item *, struct fault *);

/* The text has ended, or was `stopped` reading.  Complains, and shows it, where it is not what ran. */
void resume_end(struct planner *, const struct step *, bool stopped);

/* Where to go on: the statement, and the SQL to run first, lent or NULL. */
size_t resume_from(const struct step *, const char **first);

void resume_free(struct resume *);

/* step.c */

/* Add a step for a migration, or NULL without memory (a fault is set). */
struct step *step_add(struct planner *, enum plan_action,
    const struct migration *);
void steps_free(struct planner *);

/* Remember that a variable is needed.  Returns 0, or -1 with a fault. */
int need_add(struct planner *, const char *name, size_t len);

/* order.c: what is pending, in order */

/* Make the steps of TASK_APPLY.  Returns 0, or -1 with a fault. */
int order_steps(struct planner *);

/* callback.c: Flyway's callbacks */

/* Put callbacks round the steps.  Returns 0, or -1 with a fault. */
int callback_steps(struct planner *);

/* mark.c: steps that run nothing */

/* A step that records the text of a file.  Returns 0, or -1 with a fault. */
int mark(struct planner *, enum plan_action, struct item *);

int accept_steps(struct planner *);
int baseline_steps(struct planner *);
int forget_steps(struct planner *);

/* adopt.c: taking over what another tool has applied */
int adopt_steps(struct planner *);

/* Before a first plan: note a tool that has a history in the database. */
void adopt_note(struct planner *);

/* revert.c */
int revert_steps(struct planner *);

/* clean.c */
int clean_steps(struct planner *);

/* check.c: the first of two passes over the texts */

/*
 * Check every text that will run, collect the variables, and complain about
 * what cannot run.  Returns 0, or -1 with a fault.
 */
int check_steps(struct planner *);

/* write.c: the second pass, which writes the plan */
int write_plan(struct planner *);

/* status.c */

/* Print the status.  Returns 0, or -1 with a fault. */
int status_print(struct planner *);

/* The answer of --check; with --verbose it says on stderr what is open. */
enum exits status_check(const struct planner *);

#endif
