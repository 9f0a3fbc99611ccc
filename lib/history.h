#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "fault.h"
#include "hash.h"
#include "migration.h"

/*
 * The history of a database, as mig-history(5) has it.  Readers never make
 * it; where there is none, nothing has been applied.
 */

/* A migration that is applied now; texts are fetched by history_text(). */
struct history_entry {
	struct migration m;
	long long seq;	 /* its row of the log */
	long long since; /* the row that made it applied, which an
				   accepted text came behind */
	char *action;	 /* what that row did: "apply", "baseline" ... */
	char *at;	 /* when it was finished, RFC 3339 in UTC */
	char *by;	 /* the database user */
	long long ms;	 /* how long it took */
};

/* A migration whose last try failed, or that stopped part-way. */
struct history_open {
	char *series;
	char *version; /* NULL: repeatable */
	char *name;
	char *sha256; /* of the text that was tried, or NULL */
	bool failed;  /* the last row of the log is a failure */
	char *error;  /* what it failed with, or NULL */
	char *action; /* what stopped: "apply", "revert" ... */
	/* statements that are done; 0 of 0: it was rolled back whole */
	size_t done;
	size_t statements;
	size_t pending; /* begun outside a transaction, not ended */
	long long seq;	/* of the failure in the log, 0 for none */
};

struct history {
	bool schema_exists;
	bool exists;		       /* the log is there */
	long long seq;		       /* of its last row, 0 for none */
	char head[HASH_HEX];	       /* hash of that row */
	struct history_entry *entries; /* in the order of history_key_cmp */
	size_t n;
	struct history_open *open;
	size_t nopen;
	char state[HASH_HEX]; /* digest of what is applied */
};

/*
 * Read the history, in one round trip.  Within a transaction there must be a
 * savepoint to go back to, whatever comes of it.  Returns 0, or -1 with a
 * fault: EXIT_CONNECT, EXIT_NOVERDICT (no right to read it, or written by a
 * newer mig-tools).
 */
int history_read(struct history *, PGconn *, struct fault *);
void history_free(struct history *);

/*
 * Run one statement on the history's schema, which stands in it as :"mig", as
 * db_query() does; a fault says what can be done about it.
 */
PGresult *history_query(PGconn *, const char *sql, int n,
    const char *const *values, struct fault *);

/*
 * The entry for a migration: the same series and an equal version, or for
 * repeatables the same name.  NULL where it is not applied.
 */
const struct history_entry *history_find(const struct history *,
    const struct migration *);

/* The same for what failed or stopped part-way. */
const struct history_open *history_find_open(const struct history *,
    const struct migration *);

/*
 * Fetch the up (or down) text of a row of the log: owned; NULL with no fault
 * set where the history does not have it, NULL with a fault on errors.
 */
char *history_text(PGconn *, long long seq, bool down, struct fault *);

/* The statements that make a history in `schema` (a quoted identifier). */
struct history_ddl {
	char **statements;
	size_t n;
};

int history_ddl(struct history_ddl *, const char *schema, bool schema_exists,
    struct fault *);
void history_ddl_free(struct history_ddl *);

/* A row to be appended to the log; NULL is null. */
#define HISTORY_COLUMNS 21

struct history_row {
	long long seq; /* that of the last row and 1 */
	const char *action;
	const struct migration *m; /* may be NULL */
	const char *sql;
	const char *down;
	const char *plan;
	const char *started; /* NULL: when the transaction began */
	bool follows;	     /* or when the row before it was written */
	const char *os_user;
	const char *host;
	const char *error;
};

/* The statement that appends; owned, NULL without memory. */
char *history_append_sql(const char *schema);

/*
 * Its parameters: `values` point into the row and `seq`, which must live as
 * long.
 */
void history_append_values(const struct history_row *, char seq[24],
    const char *values[HISTORY_COLUMNS]);

#endif
