/* Looks at the texts of a plan before anything runs. */

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "spool.h"
#include "statement.h"

/* The head of a text, where its directives stand. */
#define HEAD 65536

/* The directives at the head of a step's text. */
static int
look_at_head(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct step_look *look = &r->looks[step];
	struct directives d = DIRECTIVES_INIT;
	char head[HEAD];
	ssize_t n;
	size_t i;
	int result;

	n = spool_read(r->plan->spool, s->run.off, head,
	    s->run.len < HEAD ? s->run.len : HEAD, r->fault);
	if (n == -1)
		return -1;
	result = directives_read(&d, head, (size_t)n, plan_step_label(s), 1,
	    r->fault);
	for (i = 0; result == 0 && i < LIMITS; i++)
		look->limits[i] = d.has_limit[i] ? d.limits[i] : -1;
	if (result == 0 && d.role != NULL && look->role == NULL) {
		look->role = strdup(d.role);
		if (look->role == NULL)
			result = fault_nomem(r->fault);
	}
	directives_free(&d);
	return result;
}

/*
 * A statement of a `tx` step that would end the step's transaction; or of any
 * that would end one among others, so that no row could be put between.
 */
static int
refuse_control(struct run *r, const struct plan_step *s,
    const struct lex_item *item)
{
	const char *path;
	size_t line;

	path = plan_where(s, item->line, &line);
	fault_set(r->fault, EXIT_STREAM, "%s:%zu:%zu: transaction control %s",
	    path, line, item->col,
	    s->m.mode == MODE_TX ? "in a tx step" : "behind a \\;");
	return fault_hint(r->fault,
	    "mig-plan refuses this too: how was the "
	    "plan made?");
}

/* What one transaction of a step leaves in the session for the next. */
struct leaving {
	size_t line; /* of the first statement that leaves something, or 0 */
	bool inside; /* in a transaction of the text's own */
	bool ended;  /* and that has ended since */
};

static void
look_at_session(struct step_look *look, enum migration_mode mode,
    const struct lex_item *item, struct leaving *l)
{
	enum statement_kind kind = statement_kind(item);

	if (l->ended && look->session_line == 0)
		look->session_line = l->line;
	if (l->line == 0 && statement_session(item) != STATEMENT_LEAVES_NOTHING)
		l->line = item->line;
	if (mode == MODE_OWN && kind == STATEMENT_BEGIN)
		l->inside = true;
	else if (statement_controls_transaction(kind))
		l->inside = false;
	l->ended = l->line != 0 && !l->inside;
}

static int
look_at_text(struct run *r, size_t step)
{
	const struct plan_step *s = &r->plan->steps[step];
	struct step_look *look = &r->looks[step];
	struct script *script;
	struct leaving leaving = { 0, false, false };
	struct lex_item item;
	enum lex_kind kind;
	int result = 0;

	look->statements = look->session_line = 0;
	script = script_open(r->plan, s, r->backslash_quotes, r->fault);
	if (script == NULL)
		return -1;
	while (result == 0 &&
	    (kind = script_next(script, &item, r->fault)) != LEX_END) {
		if (kind == LEX_BAD)
			result = -1;
		if (kind != LEX_STATEMENT)
			continue;
		if (look->statements++ == 0)
			look->sets_transaction = statement_sets_transaction(
			    &item);
		if (statement_alters_extension(&item))
			look->extension = true;
		if (statement_sets_defaults(&item))
			look->defaults = true;
		if (s->m.mode != MODE_TX)
			look_at_session(look, s->m.mode, &item, &leaving);
		if ((s->m.mode == MODE_TX || item.joined) &&
		    statement_controls_transaction(statement_kind(&item)))
			result = refuse_control(r, s, &item);
	}
	script_close(script);
	return result;
}

int
run_look(struct run *r)
{
	const struct plan_step *s;
	size_t i, k;

	if (r->looks == NULL)
		r->looks = calloc(r->plan->nsteps + 1, sizeof(*r->looks));
	if (r->looks == NULL)
		return fault_nomem(r->fault);
	for (i = 0; i < r->plan->nsteps; i++) {
		s = &r->plan->steps[i];
		for (k = 0; k < LIMITS; k++)
			r->looks[i].limits[k] = -1;
		if (!s->run.present)
			continue;
		if (look_at_head(r, i) == -1 || look_at_text(r, i) == -1)
			return -1;
		if (r->options->one && s->m.mode != MODE_TX) {
			fault_set(r->fault, EXIT_USAGE,
			    "-1: step %zu (%s) "
			    "cannot run in a transaction with others: its "
			    "mode is %s",
			    i + 1, plan_step_label(s),
			    migration_mode_name(s->m.mode));
			return fault_hint(r->fault,
			    "without -1 each step "
			    "is a transaction of its own");
		}
	}
	return 0;
}

/* What the directive says of a limit, or the option. */
static long
said_limit(const struct run *r, size_t step, enum directive_limit limit)
{
	long said = r->looks[step].limits[limit];

	return said == -1 ? r->options->limits[limit] : said;
}

long
run_limit(const struct run *r, size_t step, enum directive_limit limit)
{
	long ms = said_limit(r, step, limit), most;

	if (limit != LIMIT_LOCK)
		return ms;
	most = said_limit(r, step, LIMIT_STATEMENT);
	if (most == -1)
		most = r->watch.statement_timeout;
	if (most == 0 || (ms != 0 && ms < most))
		return ms;
	/* it would end the wait first, and with that the step */
	return most - most / 4;
}

long
run_retry(const struct run *r)
{
	long most = run_limit(r, r->at, LIMIT_RETRY), ms;
	size_t i;

	for (i = r->at; r->options->one && i < r->plan->nsteps; i++)
		if ((ms = run_limit(r, i, LIMIT_RETRY)) > most)
			most = ms;
	return most;
}
