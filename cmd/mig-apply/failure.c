/* What the worker's failure is, and where in the files. */

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "text.h"

/*
 * Line and column (in characters, both from 1) of a byte of an item.
 */
static void
line_and_column(const struct lex_item *item, size_t off, size_t *line,
    size_t *col)
{
	const char *start = item->text, *lf;

	*line = item->line;
	*col = item->col;
	while ((lf = memchr(start, '\n', off - (size_t)(start - item->text))) !=
	    NULL) {
		(*line)++;
		*col = 1;
		start = lf + 1;
	}
	*col += text_chars(start, off - (size_t)(start - item->text));
}

/* The byte that is the `n`th character, from 1, of a text. */
static size_t
byte_of(const char *text, size_t len, size_t n)
{
	size_t i = 0, step;

	while (i < len && n > 1) {
		step = text_utf8(text + i, len - i);
		i += step == 0 ? 1 : step;
		n--;
	}
	return i;
}

/*
 * The byte of the item that the server's position names: a character of the
 * statement as it was sent, with its variables put in.
 */
static size_t
position(struct run *r, const struct plan_step *step,
    const struct lex_item *item, const PGresult *result)
{
	const char *value;
	struct vars_text text;
	size_t off;

	value = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	if (value == NULL ||
	    vars_put(r->vars, r->worker.conn, step, item, &text, r->fault) ==
		-1)
		return 0;
	off = byte_of(text.text, text.len, strtoul(value, NULL, 10));
	vars_text_free(&text);
	return vars_origin(r->vars, r->worker.conn, step, item, off);
}

/* Find the statement again in the step's text. */
static bool
find_statement(struct script *script, size_t n, struct lex_item *item,
    struct fault *f)
{
	for (;;) {
		switch (script_next(script, item, f)) {
		case LEX_STATEMENT:
			if (--n == 0)
				return true;
			break;
		case LEX_DATA:
		case LEX_DATA_END:
			break;
		case LEX_MORE:
		case LEX_META:
		case LEX_END:
		case LEX_BAD:
		case LEX_NOMEM:
			return false;
		}
	}
}

char *
failure_place(struct run *r, const struct worker_sent *sent,
    const PGresult *result)
{
	const struct plan_step *step = &r->plan->steps[sent->step];
	struct fault ignored = FAULT_INIT;
	struct script *script;
	struct lex_item item;
	const char *path;
	size_t line, col, there;
	char *place = NULL;

	/* what was deferred may be of any of them */
	if (sent->what == WORKER_COMMIT && r->options->one &&
	    r->plan->nsteps > 1)
		return strdup("COMMIT of all steps");
	path = plan_where(step, 1, &there);
	script = script_open(r->plan, step, r->worker.backslash_quotes,
	    &ignored);
	if (sent->what == WORKER_STATEMENT && script != NULL &&
	    find_statement(script, sent->statement, &item, &ignored)) {
		line_and_column(&item, position(r, step, &item, result), &line,
		    &col);
		path = plan_where(step, line, &there);
		if (asprintf(&place, "%s:%zu:%zu", path, there, col) == -1)
			place = NULL;
	} else
		place = strdup(path);
	script_close(script);
	fault_free(&ignored);
	return place;
}

/* What a plan runs before it goes on with a step, or NULL. */
static const char *
first_of(const struct run *r)
{
	const struct worker_sent *sent = &r->worker.failure.sent;

	return sent->what == WORKER_BEGIN && sent->statement > 0 ?
	    r->plan->steps[sent->step].first :
	    NULL;
}

/* The text that failed, owned, where it is of the plan; or NULL. */
static char *
text_of(struct run *r)
{
	const struct worker_sent *sent = &r->worker.failure.sent;
	struct fault ignored = FAULT_INIT;
	struct script *script;
	struct lex_item item;
	char *text = NULL;

	if (first_of(r) != NULL)
		return strdup(first_of(r));
	if (sent->what != WORKER_STATEMENT)
		return NULL;
	script = script_open(r->plan, &r->plan->steps[sent->step],
	    r->worker.backslash_quotes, &ignored);
	if (script != NULL &&
	    find_statement(script, sent->statement, &item, &ignored))
		text = strndup(item.text, item.len);
	script_close(script);
	fault_free(&ignored);
	return text;
}

void
failure_blame(struct run *r)
{
	char *text = NULL;

	if (strcmp(db_sqlstate(r->worker.failure.result), "55P03") == 0)
		text = text_of(r);
	watch_blame(&r->watch, text);
	free(text);
}

/* How the command ends because of an error of the server. */
static enum exits
code_of(struct run *r, const char *state)
{
	const struct worker_failure *failure = &r->worker.failure;

	if (failure->sent.what == WORKER_LOG &&
	    (strcmp(state, "MG001") == 0 || strcmp(state, "23505") == 0 ||
		strcmp(state, "23502") == 0))
		return EXIT_STALE;
	if (r->partial)
		return EXIT_UNKNOWN;
	if (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0 ||
	    strcmp(state, "40001") == 0)
		return EXIT_BUSY;
	if (strncmp(state, "57P", 3) == 0 && r->at == 0)
		return EXIT_CONNECT;
	return EXIT_FAILED;
}

/* Whose right is wanting: ours, or that of the step's role. */
static void
hint_right(struct run *r)
{
	const struct worker_sent *sent = &r->worker.failure.sent;
	const char *role = r->looks[sent->step].role;
	const char *user = PQuser(r->worker.conn);

	if (role == NULL)
		fault_hint(r->fault,
		    "this role (%s) lacks a right; "
		    "\"-- mig: role NAME\" runs a migration as another",
		    user);
	else if (sent->what == WORKER_BEGIN)
		fault_hint(r->fault,
		    "its \"-- mig: role\" wants that %s is a member of %s",
		    user, role);
	else
		fault_hint(r->fault,
		    "it runs as role %s, by its \"-- mig: role\", which "
		    "lacks a right",
		    role);
}

/*
 * Whether it failed for somebody who had a lock: a statement timeout that is
 * shorter than the lock timeout ends that wait too.
 */
static bool
was_blocked(const struct run *r, const char *state)
{
	return *r->watch.blamed != '\0' &&
	    (strcmp(state, "55P03") == 0 ||
		(strcmp(state, "57014") == 0 && r->watch.waiting));
}

/* What a transaction has to do with it, or NULL. */
static const char *
transaction_help(const struct run *r, const char *state)
{
	if (r->plan->steps[r->worker.failure.sent.step].m.mode != MODE_TX)
		return NULL;
	if (strcmp(state, "25001") == 0 || strcmp(state, "2D000") == 0)
		return "it runs outside of a transaction alone: put \"-- mig: "
		       "no-transaction\" at the head of the file, and plan "
		       "again";
	if (strcmp(state, "55P04") == 0)
		return "what uses a new value of an enum belongs into the next "
		       "migration";
	return NULL;
}

static void
hint_for(struct run *r, const char *state, enum worker_what what)
{
	bool busy = was_blocked(r, state);

	if (first_of(r) != NULL)
		fault_hint(r->fault,
		    "it runs %s first%s%s: put that right, then plan and "
		    "apply again",
		    first_of(r), busy ? ", blocked by " : "",
		    busy ? r->watch.blamed : "");
	else if (what == WORKER_SET && strcmp(state, "42501") == 0)
		fault_hint(r->fault,
		    "the history needs CREATE on the "
		    "database, or a schema %s that this role owns",
		    r->schema);
	else if (what == WORKER_LOG && r->fault->code == EXIT_STALE)
		fault_hint(r->fault,
		    "another mig-apply went on from the "
		    "same state: plan again");
	else if (r->partial)
		fault_hint(r->fault,
		    "%s%s%splan again: it goes on from there, or says why "
		    "not; mig-plan --forget begins anew",
		    busy ? "blocked by " : "", busy ? r->watch.blamed : "",
		    busy ? "; then " : "");
	else if (strcmp(state, "42501") == 0)
		hint_right(r);
	else if (strcmp(state, "25006") == 0)
		fault_hint(r->fault,
		    "a statement before it has made the transaction read-only");
	else if (busy)
		fault_hint(r->fault, "blocked by %s", r->watch.blamed);
	else if (strcmp(state, "57014") == 0)
		fault_hint(r->fault,
		    "if by a statement timeout: --statement-timeout gives it "
		    "another, or \"-- mig: statement-timeout TIME\" in the file");
	else if (transaction_help(r, state) != NULL)
		fault_hint(r->fault, "%s", transaction_help(r, state));
}

static void
explain_lost(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;

	if (failure->commit_sent || r->alone) {
		fault_set(r->fault, EXIT_UNKNOWN,
		    "%s: what became of step %zu is unknown",
		    worker_lost_why(failure), r->at + 1);
		fault_hint(r->fault,
		    "mig-ls -d says what is recorded; what "
		    "is not has been rolled back, but for statements outside "
		    "of a transaction");
		return;
	}
	fault_set(r->fault, r->at == 0 ? EXIT_CONNECT : EXIT_FAILED,
	    "%s in step %zu, which is rolled back", worker_lost_why(failure),
	    r->at + 1);
}

/* The server quotes values in its messages: none is to be shown or kept. */
static void
hide_values(struct run *r)
{
	char *text, *detail = NULL;

	if (r->fault->text == NULL)
		return;
	text = vars_hide(r->vars, r->fault->text);
	if (r->fault->detail != NULL)
		detail = vars_hide(r->vars, r->fault->detail);
	free(r->fault->text);
	free(r->fault->detail);
	r->fault->text = text;
	r->fault->detail = detail;
}

void
failure_explain(struct run *r)
{
	const struct worker_failure *failure = &r->worker.failure;
	const char *state;
	char *place;

	if (failure->result == NULL ||
	    (failure->lost && failure->commit_sent)) {
		if (failure->lost)
			explain_lost(r);
		else if (failure->nomem)
			fault_nomem(r->fault);
		else if (r->fault->text == NULL && !r->fault->nomem)
			db_fault(r->fault,
			    r->partial ? EXIT_UNKNOWN : EXIT_FAILED,
			    "connection", r->worker.conn, NULL);
		return;
	}
	state = db_sqlstate(failure->result);
	place = failure->sent.what == WORKER_SET ||
		failure->sent.what == WORKER_TABLE ||
		failure->sent.what == WORKER_LOG ?
	    strdup("history") :
	    failure_place(r, &failure->sent, failure->result);
	if (place == NULL) {
		fault_nomem(r->fault);
		return;
	}
	db_fault(r->fault, code_of(r, state), place, r->worker.conn,
	    failure->result);
	hide_values(r);
	failure_blame(r);
	hint_for(r, state, failure->sent.what);
	free(place);
}

char *
failure_report(struct run *r, size_t step)
{
	const struct worker_failure *failure = &r->worker.failure;
	const char *message = r->fault->text, *state = NULL;
	char *place = NULL, *hidden = NULL;

	if (failure->result != NULL) {
		state = PQresultErrorField(failure->result, PG_DIAG_SQLSTATE);
		place = failure_place(r, &failure->sent, failure->result);
		message = PQresultErrorField(failure->result,
		    PG_DIAG_MESSAGE_PRIMARY);
	}
	if (message != NULL)
		message = hidden = vars_hide(r->vars, message);
	report_fail(&r->report, step + 1, &r->plan->steps[step], state, place,
	    message == NULL ? "out of memory" : message);
	free(hidden);
	return place;
}
