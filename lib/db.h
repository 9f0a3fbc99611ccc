#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <libpq-fe.h>

#include "fault.h"

/*
 * Connections and queries.  The SQLSTATE decides, never a text; nothing waits
 * for ever.
 */

/* Where to connect to. */
struct db_target {
	char *conninfo;	  /* string or URI; NULL: libpq's own settings */
	const char *from; /* where that was found, for a person */
};

/*
 * Find out where to connect to: `arg` (of -d) if not NULL, else DATABASE_URL,
 * else libpq's environment, else POSTGRES_HOST and its like.  Checks the
 * syntax.  A password in `arg` is overwritten in it, so that no process
 * title shows it.  Returns 0, or -1 with a usage fault.
 */
int db_target(struct db_target *, char *arg, struct fault *);
void db_target_free(struct db_target *);

/*
 * Connect, as `application`, in UTF-8; notices go to stderr with their level.
 * A line that is dead shows within a minute, unless the target says otherwise.
 * Returns NULL with a fault (EXIT_CONNECT).
 */
PGconn *db_connect(const struct db_target *, const char *application,
    struct fault *);

/*
 * What of the notices of a connection may be read: `hide` returns a text as it
 * is to be shown, to be freed, or NULL without memory.
 */
struct db_reader {
	char *(*hide)(const void *arg, const char *text);
	const void *arg;
};

/* From now on; it lives as long as the connection.  NULL: all as it is. */
void db_set_reader(PGconn *, struct db_reader *);

/*
 * Begin to connect, for PQconnectPoll(3); NULL without memory.  Notices are as
 * libpq has them.
 */
PGconn *db_connect_start(const struct db_target *, const char *application);

/*
 * Ask for the first time; the last of the statements must give rows.  A pooler
 * lets one in before it has a connection to the server: that is waited for no
 * longer than for a connection.  Returns a result to be cleared, or NULL with a
 * fault (EXIT_CONNECT).
 */
PGresult *db_first(PGconn *, const char *sql, struct fault *);

/*
 * Whether a pooler stands between, by what pg_backend_pid() says: what it has
 * told when connecting is then its own invention.  Each transaction may be on
 * another connection of its own to the server, and others come behind us.
 */
bool db_is_pooled(PGconn *, const PGresult *pid);

/*
 * As db_connect(), for our own queries alone: with an empty search_path, UTC as
 * time zone and a lock_timeout of 10 s; through a pooler in one transaction.
 */
PGconn *db_connect_plain(const struct db_target *, const char *application,
    struct fault *);

/* Close a connection, and a transaction in good order; NULL does nothing. */
void db_close(PGconn *);

/* Where a connection leads, without a password, for a person; owned. */
char *db_describe(const PGconn *, const struct db_target *);

/* The schema of the history as a quoted identifier (MIG_SCHEMA); owned. */
char *db_schema(PGconn *, struct fault *);

/* The name of the history's schema as the user gave it; lent. */
const char *db_schema_name(void);

/*
 * A copy of `sql` in which each :"mig" is the quoted identifier `schema`;
 * owned, NULL without memory.
 */
char *db_sql(const char *sql, const char *schema);

/* The same for :"table" and the name of a table, quoted as it must be. */
char *db_sql_table(const char *sql, const char *table);

/*
 * Run one statement with text parameters (NULL: null).  Returns a result
 * that is PGRES_COMMAND_OK or PGRES_TUPLES_OK, to be cleared by the caller,
 * or NULL with a fault of `code` (EXIT_CONNECT where the connection is gone)
 * that is about `what`.
 */
PGresult *db_query(PGconn *, const char *sql, int n, const char *const *values,
    enum exits code, const char *what, struct fault *);

/* The same for a statement whose result does not matter: 0 or -1. */
int db_exec(PGconn *, const char *sql, enum exits code, const char *what,
    struct fault *);

/*
 * Run several statements, joined by semicolons, in one round trip.  Fills in
 * `results` with as many good results as there are, at most `n`, to be
 * cleared by the caller, and NULL behind them.  Returns 0 if all `n` are
 * there, or -1 with a fault as db_query() has it.
 */
int db_batch(PGconn *, const char *sql, PGresult **results, size_t n,
    enum exits code, const char *what, struct fault *);

/* SQLSTATE of a failed result, "" where there is none; lent. */
const char *db_sqlstate(const PGresult *);

/* A field as text, NULL where it is null; lent by the result. */
const char *db_value(const PGresult *, int row, int column);

/*
 * Put the server's error into a fault: `prefix: ERROR SQLSTATE: message`,
 * DETAIL, HINT and CONTEXT as detail lines.  A result without fields (a lost
 * connection) gives the connection's own message.  Always returns -1.
 */
int db_fault(struct fault *, enum exits code, const char *prefix, PGconn *,
    const PGresult *);

#endif
