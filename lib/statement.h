#ifndef STATEMENT_H
#define STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/*
 * What a statement is, by its words alone: no catalog is asked and nothing is
 * parsed.  Each function takes an item of kind LEX_STATEMENT, and of one that
 * \; joins it judges every statement.  Pure; a returned string is static.
 */

enum statement_kind {
	STATEMENT_OTHER,
	STATEMENT_BEGIN,	       /* BEGIN, START TRANSACTION */
	STATEMENT_COMMIT,	       /* COMMIT, END */
	STATEMENT_ROLLBACK,	       /* ROLLBACK, ABORT */
	STATEMENT_PREPARE_TRANSACTION, /* and COMMIT or ROLLBACK PREPARED */
	STATEMENT_SAVEPOINT	       /* SAVEPOINT, RELEASE, ROLLBACK TO */
};

/* The kind; of a joined item the first that is not STATEMENT_OTHER. */
enum statement_kind statement_kind(const struct lex_item *);

/* Whether such a statement begins or ends a transaction: not a savepoint. */
bool statement_controls_transaction(enum statement_kind);

/*
 * NULL, or the name, as "CREATE INDEX CONCURRENTLY", of what cannot run in a
 * transaction block on any of PostgreSQL 13 to 18.  What depends on more than
 * the words (REINDEX or CLUSTER of a partitioned table, DROP SUBSCRIPTION, CALL
 * of a procedure that commits) is not named: the server says 25001 of it.  What
 * 13 alone allows there, as ALTER SUBSCRIPTION with refresh, is named.
 */
const char *statement_not_in_transaction(const struct lex_item *);

/*
 * Whether the statement surely leaves no trace in the session: no setting,
 * temporary object, prepared statement, cursor, channel, role or lock.  False
 * for whatever can call a function of the user's, or is not known.
 */
bool statement_keeps_session(const struct lex_item *);

/*
 * Whether the statement changes rows or definitions, and so leaves a trace in
 * the session only through what it sets off: a trigger, a default, a rule.
 * Not the ones that are there to set something, to call or to run a block.
 */
bool statement_is_plain(const struct lex_item *);

/* What a statement leaves in its session for those behind it. */
enum statement_session {
	STATEMENT_LEAVES_NOTHING,
	STATEMENT_LEAVES_SETTING, /* SET, LOAD: in a new session it must run
				   * again */
	STATEMENT_LEAVES_OBJECT	  /* temporary table, PREPARE, a query that
				   * sets: it is lost */
};

/*
 * By its words, as far as they say it: what a function does is not seen, and a
 * joined item may leave anything.
 */
enum statement_session statement_session(const struct lex_item *);

/*
 * Whether it is SET TRANSACTION ISOLATION LEVEL or its like, which no query may
 * precede in its transaction.  READ ONLY may come at any time.
 */
bool statement_sets_transaction(const struct lex_item *);

/* Whether it is CREATE, ALTER or DROP EXTENSION. */
bool statement_alters_extension(const struct lex_item *);

/*
 * Whether it changes what sessions begin with: ALTER DATABASE, ROLE or USER with
 * SET or RESET of a setting.
 */
bool statement_sets_defaults(const struct lex_item *);

/*
 * The span in the text of the table that the statement creates or changes, as
 * it is written, with schema and quotes, and with variables if it has any.
 * False for temporary tables, joined items and all else.
 */
bool statement_table(const struct lex_item *, size_t *off, size_t *len);

/* Whether the name at that span is one in pg_temp. */
bool statement_in_temporary(const struct lex_item *, size_t off, size_t len);

/* The span of the index name of a CREATE INDEX CONCURRENTLY that has one. */
bool statement_builds_index(const struct lex_item *, size_t *off, size_t *len);

#endif
