/* What a migration that runs in a transaction cannot have in it. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "convention.h"
#include "statement.h"

/*
 * What a migration must say that is not to run in a transaction, in the words
 * of its own tool where that has some.
 */
static const char *
no_transaction(const struct convention *c)
{
	if (c == NULL)
		return "-- mig: no-transaction";
	if (c->directive != NULL)
		return c->directive;
	switch (c->sections) {
	case SECTIONS_DBMATE:
		return "-- migrate:up transaction:false";
	case SECTIONS_GOOSE:
		return "-- +goose NO TRANSACTION";
	case SECTIONS_SQL_MIGRATE:
		return "-- +migrate Up notransaction";
	case SECTIONS_TERN:
		return "---- tern: disable-tx ----";
	case SECTIONS_NONE:
	case SECTIONS_PLAIN:
	case SECTIONS_NODE_PG:
		break;
	}
	return "-- mig: no-transaction";
}

/* Where to say it: in the file, or in the one that its tool reads for it. */
static char *
transaction_help(const struct migration *m)
{
	const struct convention *c = m->convention;
	const char *path = m->path == NULL ? "" : m->path, *slash;
	unsigned rules = c == NULL ? 0 : c->rules;
	char *help;
	int n;

	slash = strrchr(path, '/');
	n = slash == NULL ? 0 : (int)(slash - path) + 1;
	if (rules & RULE_CONF)
		n = asprintf(&help,
		    "write executeInTransaction=false into "
		    "%s.conf",
		    path);
	else if (rules & RULE_METADATA)
		n = asprintf(&help,
		    "write run_in_transaction = false into "
		    "%.*smetadata.toml",
		    n, path);
	else
		n = asprintf(&help, "put \"%s\" at the head of the file",
		    no_transaction(c));
	return n == -1 ? NULL : help;
}

static void
refuse_block(struct text *t, const struct lex_item *item, const char *what)
{
	char *text, *help;

	if (asprintf(&text,
		"%s cannot run in a transaction, and this "
		"migration runs in one",
		what) == -1)
		return;
	help = transaction_help(&t->step->m);
	if (help != NULL)
		check_bad(t, item, text, help);
	free(help);
	free(text);
}

/* The words of a statement that begins or ends a transaction. */
static const char *
control_name(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_BEGIN:
		return "BEGIN";
	case STATEMENT_COMMIT:
		return "COMMIT";
	case STATEMENT_ROLLBACK:
		return "ROLLBACK";
	case STATEMENT_PREPARE_TRANSACTION:
		return "PREPARE TRANSACTION";
	case STATEMENT_OTHER:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return "transaction control";
}

static void
refuse_control(struct text *t, const struct lex_item *item,
    enum statement_kind kind)
{
	char *text;

	if (asprintf(&text, "%s in a migration that runs in a transaction",
		control_name(kind)) == -1)
		return;
	check_bad(t, item, text,
	    "take it out, or put \"-- mig: own-transaction\" "
	    "at the head of the file; where another tool runs the files "
	    "as they are, name it: mig-ls -f");
	free(text);
}

/*
 * What is not one transaction is recorded between its transactions, by whoever
 * runs it: it may not end one within a statement, nor leave one to another
 * session.
 */
static void
check_own(struct text *t, const struct lex_item *item, enum statement_kind kind)
{
	if (item->joined && statement_controls_transaction(kind))
		check_bad(t, item, "transaction control within \\;",
		    "end the statement before it with a semicolon alone");
	else if (kind == STATEMENT_PREPARE_TRANSACTION &&
	    lex_is(item, 0, "PREPARE"))
		check_bad(t, item, "PREPARE TRANSACTION in a migration",
		    "COMMIT it instead: what another session commits is not "
		    "recorded");
}

void
check_mode(struct text *t, const struct lex_item *item)
{
	enum statement_kind kind = statement_kind(item);
	const char *what = statement_not_in_transaction(item);

	if (t->step->m.mode != MODE_TX)
		check_own(t, item, kind);
	else if (what != NULL)
		refuse_block(t, item, what);
	else if (statement_controls_transaction(kind))
		refuse_control(t, item, kind);
}
