/* Sends the statements of a step's text, with their variables and their data. */

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "statement.h"

/* What the statement may leave in its session. */
static void
note_session(struct run *r, const struct lex_item *item)
{
	size_t i;

	if (!statement_keeps_session(item))
		r->dirty = true;
	if (r->dirty && (r->alone || r->careful || !statement_is_plain(item)))
		r->deep = true;
	for (i = 0; r->watch.pooled && i < item->nwords; i++)
		r->prepares = r->prepares || lex_is(item, i, "PREPARE");
}

/* The data behind a COPY, piece by piece. */
struct data {
	struct script *script;
	struct fault *fault;
};

static int
next_data(void *arg, const char **text, size_t *len)
{
	struct data *d = arg;
	struct lex_item item;

	switch (script_next(d->script, &item, d->fault)) {
	case LEX_DATA:
		*text = item.text;
		*len = item.len;
		return 1;
	case LEX_DATA_END:
	case LEX_END:
		return 0;
	case LEX_MORE:
	case LEX_STATEMENT:
	case LEX_META:
	case LEX_BAD:
	case LEX_NOMEM:
		break;
	}
	return -1;
}

/* COPY ... TO STDOUT, which the pipeline cannot carry. */
static bool
copies_out(const struct lex_item *item)
{
	size_t i;

	if (!lex_is(item, 0, "COPY"))
		return false;
	for (i = 1; i < item->nwords; i++)
		if (lex_is(item, i, "STDOUT"))
			return true;
	return false;
}

/*
 * Variables may bring in anything: a `tx` step must still be the one
 * transaction that the plan says it is; and COPY is not for the pipeline.  Sets
 * `table` to the name of the first that is changed, owned.
 */
static int
check_put(struct run *r, size_t step, const struct lex_item *was,
    const struct vars_text *text, bool *copies, char **table)
{
	struct lexer *lexer;
	struct lex_item item;
	enum lex_kind kind = LEX_END;
	const char *path;
	bool ok = true, nomem = false;
	size_t line;

	*copies = copies_out(was);
	*table = NULL;
	if (was->nvars == 0)
		return tables_name(r, was, table);
	lexer = lex_text(text->text, text->len,
	    r->worker.backslash_quotes ? LEX_BACKSLASH_QUOTES : 0);
	if (lexer == NULL)
		return fault_nomem(r->fault);
	while (ok && (kind = lex_next(lexer, &item)) == LEX_STATEMENT) {
		*copies |= lex_is(&item, 0, "COPY");
		if (*table == NULL)
			nomem = tables_name(r, &item, table) == -1;
		ok = !nomem &&
		    (r->plan->steps[step].m.mode != MODE_TX ||
			!statement_controls_transaction(statement_kind(&item)));
	}
	lex_free(lexer);
	if (nomem || kind == LEX_NOMEM)
		return fault_nomem(r->fault);
	if (ok)
		return 0;
	path = plan_where(&r->plan->steps[step], was->line, &line);
	return fault_set(r->fault, EXIT_USAGE,
	    "%s:%zu: a variable makes "
	    "this transaction control in a tx step",
	    path, line);
}

int
send_statement(struct run *r, struct script *script,
    const struct lex_item *item, size_t step, size_t statement, bool wait)
{
	struct worker_sent sent = { WORKER_STATEMENT, step, statement };
	struct data data = { script, r->fault };
	struct worker_copy copy = { next_data, &data };
	struct vars_text text;
	bool copies;
	char *table;
	int result;

	note_session(r, item);
	if (vars_put(r->vars, r->worker.conn, &r->plan->steps[step], item,
		&text, r->fault) == -1)
		return -1;
	if (check_put(r, step, item, &text, &copies, &table) == -1)
		result = -1;
	else if (wait || item->copy_in || item->joined || copies ||
	    text.len >= WORKER_BIG)
		result = worker_run(&r->worker, &sent, text.text, item->joined,
		    item->copy_in ? &copy : NULL);
	else
		result = worker_send(&r->worker, &sent, text.text, 0, NULL);
	vars_text_free(&text);
	if (result == 0 && table != NULL)
		result = tables_ask(r, step, table);
	free(table);
	return result;
}
