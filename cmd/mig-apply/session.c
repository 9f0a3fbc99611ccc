/* What statements make of their session without saying so. */

#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "alone.h"
#include "sql.h"
#include "statement.h"

/* Whether it can run what sets something that its text does not. */
static bool
may_set(const struct lex_item *item)
{
	return statement_kind(item) == STATEMENT_OTHER &&
	    statement_session(item) == STATEMENT_LEAVES_NOTHING &&
	    !statement_is_plain(item);
}

/* The statement before this one is done, and its row is there. */
static int
mark(struct alone *a)
{
	struct run *r = a->run;

	if (send_begin_own(r, run_limit(r, a->step, LIMIT_LOCK)) == -1 ||
	    send_own_session(r) == -1 ||
	    send_progress_change(r, a->step, sql_progress_session, a->k - 1) ==
		-1 ||
	    send_commit(r, a->step) == -1)
		return -1;
	return worker_sync(&r->worker);
}

int
session_check(struct alone *a)
{
	struct session *s = &a->session;
	PGresult *result;
	char *settings;
	bool changed;

	/* in a pool that hands sessions on, nothing stays */
	if (a->run->shared ||
	    !(s->suspect ||
		(s->settings == NULL &&
		    (may_set(&a->item) ||
			statement_kind(&a->item) == STATEMENT_BEGIN))))
		return 0;
	result = run_query(a->run, sql_session, 0, NULL);
	if (result == NULL)
		return -1;
	settings = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	if (settings == NULL)
		return fault_nomem(a->run->fault);
	changed = s->suspect && s->settings != NULL &&
	    strcmp(s->settings, settings) != 0;
	free(s->settings);
	s->settings = settings;
	s->suspect = false;
	return changed ? mark(a) : 0;
}

void
session_note(struct session *s, const struct lex_item *item)
{
	if (statement_session(item) == STATEMENT_LEAVES_SETTING) {
		/* going on says it again */
		free(s->settings);
		s->settings = NULL;
		s->suspect = false;
	} else if (may_set(item))
		s->suspect = true;
}

void
session_free(struct session *s)
{
	free(s->settings);
	memset(s, 0, sizeof(*s));
}
