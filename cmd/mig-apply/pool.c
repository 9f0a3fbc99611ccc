/* What cannot be right through a pooler is found before anything runs. */

#include <stdlib.h>
#include <string.h>

#include "run.h"

/* How often to look whether the pooler gives our connection to others. */
#define TRIES 10

/* The first step that needs a session of its own, or NULL. */
static const struct plan_step *
find_step(const struct run *r, size_t *line)
{
	const struct plan_step *s;
	const struct step_look *look;
	size_t i;

	for (i = 0; i < r->plan->nsteps; i++) {
		s = &r->plan->steps[i];
		look = &r->looks[i];
		if (!s->run.present || s->m.mode == MODE_TX)
			continue;
		*line = look->session_line;
		if (*line != 0 || look->role != NULL)
			return s;
	}
	return NULL;
}

/* The server's name for the connection that a question comes by: 0 or -1. */
static int
ask_worker(struct run *r, char pid[16])
{
	PGresult *result;

	result = run_query(r, "SELECT pg_catalog.pg_backend_pid()", 0, NULL);
	if (result == NULL)
		return -1;
	strlcpy(pid, PQgetvalue(result, 0, 0), 16);
	PQclear(result);
	return 0;
}

/*
 * Whether one of the two clients that take turns is given what the other was,
 * or something else than before: a session would stay the same.
 */
static int
is_shared(struct run *r, PGconn *other)
{
	PGresult *result;
	char first[16], pid[16];
	int i, shared = 0;

	if (ask_worker(r, first) == -1)
		return -1;
	for (i = 0; shared == 0 && i < TRIES; i++) {
		result = db_first(other, "SELECT pg_catalog.pg_backend_pid()",
		    r->fault);
		if (result == NULL || ask_worker(r, pid) == -1)
			shared = -1;
		else
			shared = strcmp(pid, first) != 0 ||
			    strcmp(pid, PQgetvalue(result, 0, 0)) == 0;
		PQclear(result);
	}
	return shared;
}

static int
refuse(struct run *r, const struct plan_step *s, size_t line)
{
	const char *path;

	if (line == 0)
		fault_set(r->fault, EXIT_USAGE,
		    "%s: a role cannot be kept outside of a transaction: there "
		    "is a pooler in transaction mode",
		    plan_step_label(s));
	else {
		path = plan_where(s, line, &line);
		fault_set(r->fault, EXIT_USAGE,
		    "%s:%zu: what this leaves in the session is not kept until "
		    "the next statement: there is a pooler in transaction mode",
		    path, line);
	}
	return fault_hint(r->fault,
	    "connect without the pooler, or to a pool in session mode; nothing "
	    "was done");
}

int
pool_probe(struct run *r)
{
	PGconn *other;
	int shared;

	if (!r->shared || r->probed)
		return r->shared;
	r->probed = true;
	other = db_connect(r->target, getprogname(), r->fault);
	if (other == NULL)
		return -1;
	shared = is_shared(r, other);
	db_close(other);
	r->shared = shared != 0;
	return shared;
}

int
pool_check(struct run *r)
{
	const struct plan_step *s;
	size_t line;
	int shared;

	s = find_step(r, &line);
	shared = s == NULL ? 0 : pool_probe(r);
	return shared == 1 ? refuse(r, s, line) : shared;
}
