/* Going on with a step that stopped part-way. */

#include "resume.h"

#include <string.h>

#include "filled.h"
#include "older.h"
#include "sql.h"
#include "statement.h"
#include "timeouts.h"

int
resume_open(struct resume *r, struct run *run, size_t step)
{
	const struct plan_step *s = &run->plan->steps[step];
	PGconn *conn;
	int result;

	memset(r, 0, sizeof(*r));
	r->run = run;
	r->step = step;
	if (s->resume == 0) {
		r->begun = true;
		return 0;
	}
	conn = worker_leave(&run->worker);
	if (conn == NULL)
		return -1;
	result = progress_read(&r->progress, conn, &s->m, run->fault);
	return worker_enter(&run->worker, run->fault) == -1 ? -1 : result;
}

void
resume_close(struct resume *r)
{
	progress_free(&r->progress);
}

int
resume_look(struct run *run, size_t step, const struct lex_item *item,
    bool failed, struct settle *found, struct fault *f)
{
	PGconn *conn;
	struct filled sent;
	int result;

	memset(found, 0, sizeof(*found));
	if (send_session_role(run, step) == -1)
		return -1;
	conn = worker_leave(&run->worker);
	if (conn == NULL)
		return -1;
	result = filled_read(&sent, run, step, item);
	if (result == 0)
		result = settle_look(found, conn, item, &sent.item, failed, f);
	filled_free(&sent);
	if (worker_enter(&run->worker, f) == -1 || result == -1)
		return -1;
	return send_reset_role(run, step);
}

/* Whether a verdict is what the plan was made by. */
static bool
is_planned(const struct plan_step *s, const struct settle *found, size_t k)
{
	const char *then = s->first == NULL ? "" : s->first;
	const char *now = found->sql == NULL ? "" : found->sql;

	switch (found->verdict) {
	case SETTLE_UNKNOWN:
		/* a person has settled it, who has nothing run first */
		return s->first == NULL;
	case SETTLE_BUSY:
		return false;
	case SETTLE_DONE:
	case SETTLE_INSTEAD:
		return s->resume > k && strcmp(then, now) == 0;
	case SETTLE_AGAIN:
	case SETTLE_FIRST:
		return s->resume <= k && strcmp(then, now) == 0;
	}
	return false;
}

static int
judge(struct resume *r, const struct settle *found, size_t k)
{
	const struct plan_step *s = &r->run->plan->steps[r->step];

	if (is_planned(s, found, k))
		return 0;
	fault_set(r->run->fault,
	    found->verdict == SETTLE_BUSY ? EXIT_BUSY : EXIT_STALE,
	    "%s: statement %zu is not as it was when the plan was made: %s",
	    plan_step_label(s), k, found->why);
	return fault_hint(r->run->fault, "plan again");
}

/* The statement that was open: look once more what became of it. */
static int
check_open(struct resume *r, const struct lex_item *item, size_t k)
{
	struct settle found;
	int result;

	result = resume_look(r->run, r->step, item, false, &found,
	    r->run->fault);
	if (result == 0)
		result = judge(r, &found, k);
	settle_free(&found);
	return result;
}

/*
 * The state of a history counts what is done of a migration: that it is the
 * beginning of this text is for us to see.
 */
static int
refuse_other(struct resume *r, size_t k)
{
	const struct plan_step *s = &r->run->plan->steps[r->step];

	fault_set(r->run->fault, EXIT_STALE,
	    "%s: statement %zu is not the one that ran: the plan was made for "
	    "another text",
	    plan_step_label(s), k);
	return fault_hint(r->run->fault, "plan again");
}

int
resume_pass(struct resume *r, struct script *script,
    const struct lex_item *item, const char *hex, size_t k)
{
	struct run *run = r->run;
	const struct progress_row *row = progress_find(&r->progress, k);

	if (!r->begun && row != NULL && !row->open &&
	    strcmp(row->sha256, hex) != 0)
		return refuse_other(r, k);
	r->open = row != NULL && row->open;
	if (r->open) {
		r->line = item->line;
		r->col = item->col;
	}
	if (!r->begun && r->open && check_open(r, item, k) == -1)
		return -1;
	if (k >= run->plan->steps[r->step].resume)
		return resume_begin(r);
	/* one without a row was rolled back */
	if (row != NULL &&
	    statement_session(item) == STATEMENT_LEAVES_SETTING &&
	    send_statement(run, script, item, r->step, k, true) == -1)
		return -1;
	return 1;
}

/* Run once what the plan runs first. */
static int
try_first(struct resume *r, const struct lex_item *item, struct timeouts *t)
{
	struct run *run = r->run;
	const struct plan_step *s = &run->plan->steps[r->step];
	/* of the step's own, not of the history: failure.c tells it by this */
	struct worker_sent sent = { WORKER_BEGIN, r->step, s->resume };

	if (timeouts_set(t, run, r->step, item) == -1 ||
	    send_session_role(run, r->step) == -1 ||
	    worker_run(&run->worker, &sent, s->first, false, NULL) == -1 ||
	    timeouts_reset(t, run) == -1)
		return -1;
	return send_reset_role(run, r->step);
}

/* It leaves nothing when it fails, so that it can be tried again. */
static int
retry_first(struct resume *r, const struct lex_item *item)
{
	struct timeouts t = { .n = 0 };

	if (timeouts_check(r->run, r->step, item) == -1 ||
	    older_wait(r->run, r->step, item) == -1)
		return -1;
	while (try_first(r, item, &t) == -1)
		if (!run_statement_retried(r->run) ||
		    timeouts_reset(&t, r->run) == -1)
			return -1;
	return 0;
}

static int
run_first(struct resume *r)
{
	const char *first = r->run->plan->steps[r->step].first;
	struct filled s;
	int result;

	if (first == NULL)
		return 0;
	result = filled_text(&s, r->run, first, r->line, r->col);
	if (result == 0)
		result = retry_first(r, &s.item);
	filled_free(&s);
	return result;
}

int
resume_begin(struct resume *r)
{
	struct run *run = r->run;

	if (r->begun)
		return 0;
	r->begun = true;
	if (run_first(r) == -1 ||
	    send_begin_own(run, run_limit(run, r->step, LIMIT_LOCK)) == -1 ||
	    send_own_session(run) == -1 ||
	    send_progress_change(run, r->step, sql_progress_resume,
		run->plan->steps[r->step].resume) == -1 ||
	    send_commit(run, r->step) == -1)
		return -1;
	return worker_sync(&run->worker);
}
