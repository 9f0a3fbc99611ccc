/*
 * What a statement is, by its words.  The sources are the reference pages of
 * PostgreSQL's commands and the server's table of keywords: a word that is
 * reserved there cannot be a name unless it is quoted.
 */

#include "statement.h"

#include "lex_cursor.h"

static enum statement_kind
rollback_kind(struct cursor *c)
{
	if (cursor_accept(c, "PREPARED"))
		return STATEMENT_PREPARE_TRANSACTION;
	if (!cursor_accept(c, "WORK"))
		cursor_accept(c, "TRANSACTION");
	return cursor_accept(c, "TO") ? STATEMENT_SAVEPOINT :
					STATEMENT_ROLLBACK;
}

static enum statement_kind
kind_at(struct cursor *c)
{
	if (cursor_accept(c, "BEGIN") || cursor_accept(c, "START TRANSACTION"))
		return STATEMENT_BEGIN;
	if (cursor_accept(c, "COMMIT"))
		return cursor_accept(c, "PREPARED") ?
		    STATEMENT_PREPARE_TRANSACTION :
		    STATEMENT_COMMIT;
	if (cursor_accept(c, "END"))
		return STATEMENT_COMMIT;
	if (cursor_accept(c, "ABORT"))
		return STATEMENT_ROLLBACK;
	if (cursor_accept(c, "ROLLBACK"))
		return rollback_kind(c);
	/* PREPARE transaction AS ... prepares a statement of that name. */
	if (cursor_accept(c, "PREPARE TRANSACTION") && cursor_at_last(c))
		return STATEMENT_PREPARE_TRANSACTION;
	if (cursor_accept(c, "SAVEPOINT") || cursor_accept(c, "RELEASE"))
		return STATEMENT_SAVEPOINT;
	return STATEMENT_OTHER;
}

enum statement_kind
statement_kind(const struct lex_item *item)
{
	enum statement_kind kind = STATEMENT_OTHER;
	struct cursor c;
	size_t n = 0;

	while (kind == STATEMENT_OTHER && cursor_next(item, &n, &c))
		kind = kind_at(&c);
	return kind;
}

bool
statement_controls_transaction(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_PREPARE_TRANSACTION:
		return true;
	case STATEMENT_OTHER:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return false;
}

static bool
sets_defaults(struct cursor *c)
{
	static const char *const kinds[] = { "DATABASE", "ROLE", "USER", NULL };
	static const char *const verbs[] = { "SET", "RESET", NULL };
	size_t off, len;

	if (!cursor_accept(c, "ALTER") || !cursor_accept_any(c, kinds) ||
	    !cursor_accept_name(c, &off, &len))
		return false;
	if (cursor_accept(c, "IN DATABASE"))
		cursor_accept_name(c, &off, &len);
	return cursor_accept_any(c, verbs) && !cursor_accept(c, "TABLESPACE");
}

bool
statement_sets_defaults(const struct lex_item *item)
{
	struct cursor c;
	size_t n = 0;

	while (cursor_next(item, &n, &c))
		if (sets_defaults(&c))
			return true;
	return false;
}

bool
statement_alters_extension(const struct lex_item *item)
{
	static const char *const verbs[] = { "CREATE", "ALTER", "DROP", NULL };
	struct cursor c;
	size_t n = 0;

	while (cursor_next(item, &n, &c))
		if (cursor_accept_any(&c, verbs) &&
		    cursor_accept(&c, "EXTENSION"))
			return true;
	return false;
}
