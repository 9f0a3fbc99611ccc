/* Runs a statement that cannot be in a transaction. */

#include "bare.h"

#include <string.h>

#include "built.h"
#include "filled.h"
#include "older.h"
#include "sql.h"
#include "statement.h"
#include "timeouts.h"

/* Whether a word, which may be NULL, is one of a list that ends in NULL. */
static bool
is_among(const char *word, const char *const *words)
{
	for (; word != NULL && *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Whether a statement creates what has a name of its own in a catalog. */
static bool
creates_object(const struct lex_item *item)
{
	static const char *const names[] = { "CREATE DATABASE",
		"CREATE SUBSCRIPTION", "CREATE TABLESPACE", NULL };

	return is_among(statement_not_in_transaction(item), names);
}

/*
 * Whether what the statement creates is there already: then it creates nothing,
 * and what is there is not ours.  Returns 1, 0, or -1 with a fault or failure.
 */
static int
is_there(struct alone *a, const struct lex_item *item, const struct built *b)
{
	struct settle found;
	PGresult *result;
	int there;

	if (creates_object(item)) {
		there = resume_look(a->run, a->step, item, false, &found,
		    a->run->fault);
		if (there == 0)
			there = found.verdict == SETTLE_DONE;
		settle_free(&found);
		return there;
	}
	if (b->index == NULL)
		return 0;
	result = built_ask(b, a->run, a->step, sql_settle_build);
	if (result == NULL)
		return -1;
	there = PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	return there;
}

/* Whether an earlier run has left more than that it began this statement. */
static bool
was_partial(const struct alone *a)
{
	return a->resume.progress.n > (a->resume.open ? 1 : 0);
}

/* The statement at hand has left nothing: it was not begun. */
static int
forget_intent(struct alone *a)
{
	struct run *r = a->run;

	if (send_begin_own(r, run_limit(r, a->step, LIMIT_LOCK)) == -1 ||
	    send_own_session(r) == -1 ||
	    send_progress_change(r, a->step, sql_progress_forget, a->k) == -1 ||
	    send_set(r, "COMMIT") == -1 || worker_sync(&r->worker) == -1)
		return -1;
	a->intent = false;
	r->partial = a->part || was_partial(a);
	return 0;
}

/*
 * One that the statement has built is valid.  IF NOT EXISTS may have found
 * another, which is not ours.
 */
static int
check_index(struct alone *a, const struct built *b)
{
	struct run *r = a->run;
	PGresult *result;

	if (b->index == NULL)
		return 0;
	result = built_ask(b, r, a->step, sql_invalid_indexes);
	if (result == NULL)
		return -1;
	if (PQntuples(result) > 0 && (!a->intent || forget_intent(a) == 0)) {
		fault_set(r->fault, EXIT_UNKNOWN, "index %s is invalid",
		    PQgetvalue(result, 0, 0));
		fault_hint(r->fault,
		    "DROP INDEX CONCURRENTLY %s, then plan and apply again",
		    PQgetvalue(result, 0, 0));
	}
	PQclear(result);
	return r->fault->text == NULL && !r->worker.failure.failed ? 0 : -1;
}

/*
 * Whether a statement that failed outside of a transaction leaves nothing,
 * without a look.  An invalid index, a partition that is half detached, and
 * all that a procedure has committed are left; but not where the server points
 * into the text, which it does before it begins.
 */
static bool
leaves_nothing(const struct lex_item *item, const PGresult *result)
{
	static const char *const names[] = { "VACUUM", "ALTER SYSTEM",
		"CREATE DATABASE", "CREATE TABLESPACE", "DISCARD ALL", NULL };
	const char *name = statement_not_in_transaction(item);
	const char *sqlstate = db_sqlstate(result);

	if (name != NULL &&
	    PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) != NULL)
		return true;
	if (is_among(name, names))
		return true;
	/* it was not there to begin with */
	if (statement_kind(item) == STATEMENT_PREPARE_TRANSACTION)
		return strcmp(sqlstate, "42704") == 0;
	return name != NULL &&
	    (strcmp(sqlstate, "42704") == 0 || strcmp(sqlstate, "3D000") == 0 ||
		(strcmp(sqlstate, "42P01") == 0 &&
		    strcmp(name, "DETACH PARTITION CONCURRENTLY") == 0)) &&
	    strncmp(name, "CREATE", 6) != 0;
}

/*
 * Whether somebody has made what has this name before we could, or has had it
 * all along.
 */
static bool
was_forestalled(const struct lex_item *item, const PGresult *result)
{
	static const char *const states[] = { "42710", "42P04", "42P07", NULL };

	return lex_is(item, 0, "CREATE") &&
	    is_among(db_sqlstate(result), states);
}

/* The same with a look: nothing is left of it, and it can run again. */
static bool
left_nothing(struct alone *a)
{
	struct fault ignored = FAULT_INIT;
	struct settle found;
	bool nothing;

	nothing = resume_look(a->run, a->step, &a->item, true, &found,
		      &ignored) == 0 &&
	    found.verdict == SETTLE_AGAIN;
	settle_free(&found);
	fault_free(&ignored);
	return nothing;
}

/* A statement failed outside of a transaction, and the server says so. */
static void
settle_intent(struct alone *a, struct timeouts *t)
{
	struct run *r = a->run;
	struct worker_failure failure;
	const PGresult *result = r->worker.failure.result;

	if (r->worker.failure.lost || result == NULL)
		return;
	failure = worker_keep(&r->worker);
	timeouts_reset(t, r);
	r->ending = true;
	r->dirty = true; /* the role is the step's own */
	/* of one that was begun before, the earlier run may be at it still */
	if (a->intent &&
	    ((!a->resume.open &&
		 (leaves_nothing(&a->item, result) ||
		     was_forestalled(&a->item, result))) ||
		left_nothing(a)))
		forget_intent(a);
	worker_clear(&r->worker);
	worker_bring_back(&r->worker, &failure);
}

/*
 * Send it, and behind it, where the session is shared, what puts that back: a
 * pooler hands the connection on when all is answered.
 */
static int
send_bare(struct alone *a)
{
	struct run *r = a->run;

	r->watch.worker_pid = r->watch.pooled ? 0 : r->watch.worker_pid;
	if (!r->shared)
		return alone_send(a, false);
	if (worker_sync(&r->worker) == -1 ||
	    send_statement(r, a->script, &a->item, a->step, a->k, false) ==
		-1 ||
	    send_put_back(r, false) == -1)
		return -1;
	return worker_sync(&r->worker);
}

static int
run_bare_index(struct alone *a, const struct lex_item *item,
    const struct built *b)
{
	struct timeouts t;
	struct run *r = a->run;
	int result;

	result = is_there(a, item, b);
	if (result == -1 || timeouts_check(r, a->step, item) == -1 ||
	    (result == 0 &&
		(older_wait(r, a->step, item) == -1 || alone_intent(a) == -1)))
		return -1;
	a->intent = result == 0;
	r->partial = r->partial || a->intent;
	result = timeouts_set(&t, r, a->step, item);
	if (result == 0)
		result = send_session_role(r, a->step);
	r->bare = true;
	if (result == 0)
		result = send_bare(a);
	r->bare = false;
	if (result == -1) {
		settle_intent(a, &t);
		return -1;
	}
	if (timeouts_reset(&t, r) == -1 || send_reset_role(r, a->step) == -1 ||
	    check_index(a, b) == -1)
		return -1;
	return alone_done(a);
}

/* Run it once. */
static int
run_bare(struct alone *a)
{
	struct filled s;
	struct built b = { NULL, NULL };
	int result;

	result = filled_read(&s, a->run, a->step, &a->item);
	if (result == 0)
		result = built_read(&b, &s.item, a->run->fault);
	if (result == 0)
		result = run_bare_index(a, &s.item, &b);
	built_free(&b);
	filled_free(&s);
	return result;
}

int
bare_run(struct alone *a)
{
	while (run_bare(a) == -1) {
		if (a->intent || !run_statement_retried(a->run))
			return -1;
		a->run->ending = false;
	}
	return 0;
}
