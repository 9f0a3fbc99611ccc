/* The BEGIN and COMMIT that the text of a step brings along. */

#include "alone.h"

#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* COMMIT AND CHAIN, and ROLLBACK: another one like it begins at once. */
static bool
chains(const struct lex_item *item)
{
	size_t n;

	for (n = 1; n + 1 < item->nwords; n++)
		if (lex_is(item, n, "AND") && lex_is(item, n + 1, "CHAIN"))
			return true;
	return false;
}

/* Remember how the transaction at hand began. */
static int
note_begin(struct alone *a)
{
	free(a->begin);
	a->begin = strndup(a->item.text, a->item.len);
	return a->begin == NULL ? fault_nomem(a->run->fault) : 0;
}

/* What is passed over is followed, to know where its transactions end. */
int
own_follow(struct alone *a)
{
	enum statement_kind kind = statement_kind(&a->item);

	switch (kind) {
	case STATEMENT_BEGIN:
		a->inside = true;
		return note_begin(a);
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
		if (!a->inside)
			a->inner = kind == STATEMENT_COMMIT;
		a->inside = chains(&a->item);
		break;
	case STATEMENT_PREPARE_TRANSACTION:
		a->inside = false;
		break;
	case STATEMENT_OTHER:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return 0;
}

/* A transaction of the text's own has begun. */
static int
note_own(struct alone *a, bool chained)
{
	saves_free(&a->saves);
	a->own = true;
	a->chained = chained;
	a->bound = false;
	return send_settings(a->run, a->step);
}

/* A transaction of the text's own, but for the words that begin it. */
static int
begin_inside(struct alone *a)
{
	struct run *r = a->run;

	a->inside = false;
	a->open = a->k;
	if (send_set(r, a->begin == NULL ? "BEGIN" : a->begin) == -1)
		return -1;
	return note_own(a, true) == -1 ? -1 : worker_sync(&r->worker);
}

/* The text ends a transaction that it did not begin. */
static int
end_nothing(struct alone *a)
{
	if (statement_kind(&a->item) == STATEMENT_COMMIT)
		a->inner = true;
	a->inside = chains(&a->item);
	return alone_done(a);
}

/* A statement where no transaction is open. */
static int
run_idle(struct alone *a)
{
	a->open = a->k;
	switch (statement_kind(&a->item)) {
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
		return end_nothing(a);
	case STATEMENT_BEGIN:
		if (note_begin(a) == -1 || alone_send(a, true) == -1)
			return -1;
		return note_own(a, false);
	case STATEMENT_OTHER:
	case STATEMENT_PREPARE_TRANSACTION:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return alone_one(a);
}

/* What is behind a savepoint that is gone back to has not been. */
static int
follow_save(struct alone *a)
{
	size_t k = saves_follow(&a->saves, &a->item, a->k);

	if (k == 0)
		return fault_nomem(a->run->fault);
	while (++k < a->k)
		a->hexes[(k - 1) * HASH_HEX] = '\0';
	return 0;
}

/* A statement of a file that has BEGIN and COMMIT of its own. */
int
own_run(struct alone *a)
{
	struct run *r = a->run;
	enum statement_kind kind = statement_kind(&a->item);
	bool ends = kind == STATEMENT_COMMIT ||
	    kind == STATEMENT_PREPARE_TRANSACTION;

	if (a->inside && begin_inside(a) == -1)
		return -1;
	if (PQtransactionStatus(r->worker.conn) == PQTRANS_IDLE)
		return run_idle(a);
	if (ends && alone_send_done(a) == -1)
		return -1;
	/* behind its end another may have the session */
	if (r->shared && (ends || kind == STATEMENT_ROLLBACK) &&
	    send_put_back(r, true) == -1)
		return -1;
	if (kind == STATEMENT_OTHER && lex_is(&a->item, 0, "PREPARE"))
		a->bound = true; /* it is not rolled back */
	if (alone_send(a, true) == -1)
		return -1;
	if (kind == STATEMENT_SAVEPOINT)
		return follow_save(a);
	if (!ends && kind != STATEMENT_ROLLBACK)
		return 0;
	if (ends)
		alone_committed(a);
	a->own = false;
	a->open = a->k + 1;
	/* the settings were the last transaction's */
	return chains(&a->item) ? note_own(a, true) : 0;
}

bool
own_retried(struct alone *a)
{
	size_t open = a->open;

	if (!a->own || a->bound || !run_statement_retried(a->run))
		return false;
	a->own = a->logged = false;
	if (alone_rewind(a, open) == -1)
		return false;
	/* behind COMMIT AND CHAIN, or where a run stopped, there is no BEGIN */
	a->inside = a->chained;
	return true;
}
