/* The timeouts of what runs outside of a transaction. */

#include "timeouts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "concurrently.h"
#include "sql.h"
#include "statement.h"

/* Whether a statement that gives up leaves nothing that matters. */
static bool
may_give_up(const struct lex_item *item)
{
	static const char *const names[] = { "ALTER SYSTEM", "CLUSTER",
		"REINDEX DATABASE", "REINDEX SCHEMA", "REINDEX SYSTEM",
		"VACUUM" };
	const char *name = statement_not_in_transaction(item);
	size_t i;

	/* DETACH PARTITION ... FINALIZE, which the plan runs first */
	if (name == NULL)
		return lex_is(item, 0, "ALTER") && lex_is(item, 1, "TABLE");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The lock timeout of a statement, `said` by its text or not; -1: as it is. */
static long
lock_timeout(struct run *r, size_t step, const struct lex_item *item, bool said)
{
	struct concurrently ignored;

	if (concurrently_read(&ignored, item))
		return 0;
	if (said)
		return -1;
	return may_give_up(item) ? run_limit(r, step, LIMIT_LOCK) : 0;
}

/* The same of the other two. */
static long
other_timeout(struct run *r, size_t step, const struct lex_item *item,
    bool said, bool statement)
{
	struct concurrently ignored;
	long ms = statement ? run_limit(r, step, LIMIT_STATEMENT) : -1;

	if (ms != -1 || said || !concurrently_read(&ignored, item))
		return ms;
	return 0;
}

/* What a setting is to be, of which `said` says whether the text has set it. */
static long
wanted(struct run *r, size_t step, const struct lex_item *item,
    const char *name, bool said)
{
	return *name == 'l' ? lock_timeout(r, step, item, said) :
			      other_timeout(r, step, item, said, *name == 's');
}

static int
refuse(struct run *r, size_t step, const struct lex_item *item,
    const char *name, long ms)
{
	const char *path, *what = statement_not_in_transaction(item);
	size_t line;

	path = plan_where(&r->plan->steps[step], item->line, &line);
	fault_set(r->fault, EXIT_USAGE,
	    "%s:%zu:%zu: %s outside of a transaction wants a %s of %ld ms, "
	    "which no pooler in transaction mode keeps",
	    path, line, item->col, what == NULL ? "a statement" : what, name,
	    ms);
	return fault_hint(r->fault,
	    "connect without the pooler, or to a pool in session mode that has "
	    "three connections");
}

/* Whether the session is shared; where a look at that fails, it may be. */
static int
may_be_shared(struct run *r)
{
	int shared = pool_probe(r);

	if (shared != -1 || r->worker.failure.failed)
		return shared;
	fault_free(r->fault);
	return 1;
}

int
timeouts_check(struct run *r, size_t step, const struct lex_item *item)
{
	PGresult *result;
	const char *name;
	long ms;
	int i, ok = 0;

	if (!r->shared)
		return 0;
	result = run_query(r, sql_timeouts, 0, NULL);
	if (result == NULL)
		return -1;
	for (i = 0; ok == 0 && r->shared && i < PQntuples(result); i++) {
		name = PQgetvalue(result, i, 0);
		ms = wanted(r, step, item, name, false);
		if (ms == -1 ||
		    strtol(PQgetvalue(result, i, 1), NULL, 10) == ms)
			continue;
		ok = may_be_shared(r);
		if (ok == 1)
			ok = *name == 'l' && may_give_up(item) ?
			    0 :
			    refuse(r, step, item, name, ms);
	}
	PQclear(result);
	return ok;
}

static int
set(struct timeouts *t, struct run *r, const char *name, const char *was,
    bool said, long ms)
{
	char sql[64];

	if (ms == -1)
		return 0;
	if (said)
		snprintf(t->undo[t->n++], sizeof(t->undo[0]), "SET %s = %s",
		    name, was);
	else
		snprintf(t->undo[t->n++], sizeof(t->undo[0]), "RESET %s", name);
	snprintf(sql, sizeof(sql), "SET %s = %ld", name, ms);
	return send_set(r, sql);
}

int
timeouts_set(struct timeouts *t, struct run *r, size_t step,
    const struct lex_item *item)
{
	PGresult *result;
	const char *name;
	int i, ok = 0;
	bool said;

	t->n = 0;
	if (r->shared)
		return 0;
	result = run_query(r, sql_timeouts, 0, NULL);
	if (result == NULL)
		return -1;
	for (i = 0; ok == 0 && i < PQntuples(result) && i < 3; i++) {
		name = PQgetvalue(result, i, 0);
		said = *PQgetvalue(result, i, 2) == 't';
		ok = set(t, r, name, PQgetvalue(result, i, 1), said,
		    wanted(r, step, item, name, said));
	}
	PQclear(result);
	return ok;
}

int
timeouts_reset(struct timeouts *t, struct run *r)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (send_set(r, t->undo[i]) == -1)
			return -1;
	t->n = 0;
	/* a SET LOCAL of the same transaction would leave what was there as
	 * said by the session, and so by the text */
	return i == 0 ? 0 : worker_sync(&r->worker);
}
