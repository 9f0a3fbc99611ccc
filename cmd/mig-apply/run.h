#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "directive.h"
#include "history.h"
#include "options.h"
#include "plan.h"
#include "report.h"
#include "script.h"
#include "tables.h"
#include "vars.h"
#include "watch.h"
#include "worker.h"

/* What a look at a step's text said, before anything ran; and its end. */
struct step_look {
	size_t statements;
	bool extension;	       /* wants a connection of its own */
	bool defaults;	       /* what comes behind it wants a new one */
	bool sets_transaction; /* nothing may be asked before its text */
	size_t session_line;   /* what it leaves is needed behind it; or 0 */
	long limits[LIMITS];   /* milliseconds, of directives; -1: none */
	char *role;	       /* of its directive, or NULL */
	long long ended; /* with -1: report_clock() of its last row; else 0 */
};

/* A plan being carried out. */
struct run {
	const struct options *options;
	const struct db_target *target;
	struct plan *plan;
	struct vars *vars;
	struct step_look *looks;
	struct history history;
	struct watch watch;
	struct worker worker;
	struct report report;

	bool backslash_quotes; /* standard_conforming_strings is off */
	char *schema;	       /* of the history, quoted */
	char *append;	       /* the statement that appends to the log */
	char *os_user;
	char host[256];
	char id[33];   /* of this run, for its rows of progress */
	bool exists;   /* the history is there, committed */
	bool making;   /* it is being made by what was sent */
	bool fenced;   /* its last row says that the line was lost */
	long long seq; /* of the last row that is committed */

	size_t at;	       /* the first step that is not done */
	size_t next;	       /* the next step to be sent */
	size_t renewed;	       /* `next` when the worker was new */
	bool again;	       /* `next` was tried: in a new session now */
	bool alone;	       /* the step at hand is `none` or `own` */
	bool rolls_back;       /* a cancel rolls its statement back */
	bool bare;	       /* its statement may wait, and has not said so */
	bool dirty;	       /* what was sent may leave session state */
	bool deep;	       /* by more than what plain statements set off */
	bool careful;	       /* all that is dirty counts as deep */
	bool shared;	       /* each transaction may be another session's */
	bool probed;	       /* whether it is, we have looked */
	bool prepares;	       /* the text has a PREPARE */
	bool timed;	       /* the step's statement timeout is set */
	bool escaped;	       /* a statement ended its step's transaction */
	bool partial;	       /* the step at hand has committed a part */
	char *started;	       /* when a step that is alone began, or NULL */
	bool canceled;	       /* we canceled because we were told to stop */
	long long next_cancel; /* report_clock() of the next try at that */
	bool ending;	       /* what runs now is to be left alone */
	long long deadline;    /* for the tries of step `at`; 0: first try */
	int tries;
	struct tables tables;	     /* created or changed, for --analyze */
	struct rehearsal *rehearsal; /* or NULL */
	struct fault *fault;
};

/*
 * Look at all texts of the plan; again when `backslash_quotes` has changed.
 * Returns 0, or -1 with a fault.
 */
int run_look(struct run *);

/*
 * A limit of a step, in milliseconds: its directive's, else the option's; -1
 * where neither was said and there is none by default.  A wait for a lock ends
 * before the statement timeout does.
 */
long run_limit(const struct run *, size_t step, enum directive_limit);

/* How long the step at hand, or with -1 all of them, are tried again. */
long run_retry(const struct run *);

/*
 * Carry out the steps.  Returns the exit code; where it is not EXIT_DONE, the
 * fault says why.
 */
enum exits run_steps(struct run *);

/*
 * Connect the worker, and let it call us while it waits.  Returns 0, or -1
 * with a fault.
 */
int run_open(struct run *);

/*
 * Of several hosts, whether the worker has got the one where the lock is, or
 * was, and the state was looked at.
 */
bool run_same_server(const struct run *);

/* What the watch asks about: a new connection of the worker. */
void run_note_worker(struct run *);

/* The answer to WORKER_PID. */
void run_note_pid(struct run *, const PGresult *);

/*
 * Refuse what needs a session of its own, before the first step, where a pooler
 * gives none (pool.c).  Returns 0, or -1 with a fault.
 */
int pool_check(struct run *);

/*
 * Where there is a pooler, look once whether the session is shared indeed.
 * Takes a connection.  Returns 1, 0, or -1 with a fault or failure.
 */
int pool_probe(struct run *);

/* A step is done: say so, and that the next one, if sent, is under way. */
void run_step_done(struct run *, size_t step);

/*
 * worker_query() between two statements: where the server refuses to answer, no
 * more has happened than before.
 */
PGresult *run_query(struct run *, const char *sql, int n,
    const char *const *values);

/*
 * After a failure (recover.c): whether the steps from `at` on are to be sent
 * again, all being rolled back.
 */
bool run_retried(struct run *);

/*
 * The same within a step that is alone: whether the statement that failed, or
 * the text's transaction about it, is to be sent again.  What was open is
 * rolled back.
 */
bool run_statement_retried(struct run *);

/*
 * Or end, with nothing left open, the failure in the report and in the log, and
 * return the exit code.
 */
enum exits run_give_up(struct run *);

/*
 * Append a row that says that step `at` failed, in a transaction of our own.
 * Returns 0, or -1, with nothing left open unless the line is lost.
 */
int run_log_failure(struct run *, const char *message);

/* What became of the steps before `at`, in words. */
const char *run_stands(const struct run *);

/* Whether step `at` is to go on, and has not: it stands part-way, as it stood. */
bool run_stood(const struct run *);

/* tables.c: analyze what was created or changed; problems are warnings. */
void run_analyze(struct run *);

void run_free(struct run *);

/*
 * Within the run: the pieces that steps of all modes are made of (send.c,
 * send_statement.c).
 * Each returns 0, or -1 where something has failed: the worker's `failure`,
 * or the run's fault.
 */
int send_set(struct run *, const char *sql);
int send_begin(struct run *, size_t step);

/*
 * Begin a transaction of our own, for the history, in which no lock is waited
 * for longer than `ms` milliseconds (0: for ever).
 */
int send_begin_own(struct run *, long ms);
int send_settings(struct run *, size_t step);
int send_role(struct run *, const char *role);

/*
 * The role of a step's directive, for what runs outside of a transaction, and
 * our own again.
 */
int send_session_role(struct run *, size_t step);
int send_reset_role(struct run *, size_t step);
int send_log(struct run *, size_t step, const char *action, const char *error);

/*
 * See that the history can hold the texts of a step, before anything runs that
 * cannot be rolled back: the encoding of the database may lack a character.
 */
int send_check_texts(struct run *, size_t step);
int send_commit(struct run *, size_t step);

/*
 * Change a step's rows of progress by one of progress-*.sql: all, or, where a
 * statement is not 0, what is said of it there.
 */
int send_progress_change(struct run *, size_t step, const char *change,
    size_t statement);

/* Behind a row of progress: fail where another run has ended the step. */
int send_fence(struct run *, size_t step);
int send_history(struct run *);

/*
 * Put the session back, `inside` of a transaction or with one of its own, which
 * must follow on COMMIT without a wait if the session is shared.  Only where it
 * is `deep` are prepared statements dropped, our own among them.
 */
int send_put_back(struct run *, bool inside);

/*
 * For the rest of a transaction be who we are when we connect, and write as
 * we do then, for the history's sake.
 */
int send_own_session(struct run *);

/*
 * Send the statement that `script` has just given, and its COPY data; `wait`
 * for its answer, outside of the pipeline, if wanted.
 */
int send_statement(struct run *, struct script *, const struct lex_item *,
    size_t step, size_t statement, bool wait);

/* Run a `none` or `own` step from its first statement to its last (alone.c). */
int alone_run(struct run *, size_t step);

/*
 * The line was lost, and with it answers: connect again, and see in the
 * history what was done, which counts as done then.  Returns 0, with a fault
 * unless everything is done; -1 where it cannot be known (lost.c).
 */
int lost_look(struct run *);

/*
 * The worker's failure as a fault, with its place in the file as
 * path:line:col (failure.c).
 */
void failure_explain(struct run *);

/* See to it that the watch knows who was in the way of what failed. */
void failure_blame(struct run *);

/* Where a statement stands: owned, NULL without memory. */
char *failure_place(struct run *, const struct worker_sent *, const PGresult *);

/*
 * The record of the worker's failure, or else of the fault, in the report.
 * Returns its place as failure_place() does; NULL also where it has none.
 */
char *failure_report(struct run *, size_t step);

#endif
