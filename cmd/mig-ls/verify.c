/* Walking the chain of a history. */

#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "mig-ls.h"
#include "sql.h"

/* The columns of chain.sql. */
enum { ROWS, LAST, KNOWN, SEQ, BEFORE, WHY, TRIGGER };

/* The first row that breaks the chain. */
static int
broken(const PGresult *r, struct fault *f)
{
	const char *schema = db_schema_name(), *seq = db_value(r, 0, SEQ);
	const char *before = db_value(r, 0, BEFORE);
	const char *why = db_value(r, 0, WHY);

	if (strcmp(why, "gap") == 0)
		fault_set(f, EXIT_NO,
		    "%s.log: row %s follows row %s: the rows between them are "
		    "gone",
		    schema, seq, before);
	else if (strcmp(why, "hash") == 0)
		fault_set(f, EXIT_NO,
		    "%s.log: row %s is not what its hash says: it was changed "
		    "after it was written",
		    schema, seq);
	else
		fault_set(f, EXIT_NO,
		    "%s.log: row %s does not continue row %s: one of the two "
		    "was written anew",
		    schema, seq, before);
	return fault_hint(f,
	    "SELECT * FROM %s.log WHERE seq IN (%s, %s), and the same in a "
	    "backup",
	    schema, before, seq);
}

/* What chain.sql found. */
static int
judge(const PGresult *r, const char *hash, struct fault *f)
{
	const char *schema = db_schema_name();

	if (db_value(r, 0, SEQ) != NULL)
		return broken(r, f);
	if (*PQgetvalue(r, 0, KNOWN) != 't') {
		fault_set(f, EXIT_NO, "%s.log: no row has the hash %s", schema,
		    hash);
		return fault_hint(f,
		    "this is another database, or its history was written "
		    "anew");
	}
	if (db_value(r, 0, TRIGGER) != NULL) {
		fault_set(f, EXIT_NO,
		    "%s.log: the trigger \"%s\" is missing or not ENABLE "
		    "ALWAYS: nothing keeps the rows as they are",
		    schema, db_value(r, 0, TRIGGER));
		return fault_hint(f,
		    "ALTER TABLE %s.log ENABLE ALWAYS "
		    "TRIGGER %s, if it is there",
		    schema, db_value(r, 0, TRIGGER));
	}
	printf("%s %s\n", PQgetvalue(r, 0, ROWS),
	    PQgetisnull(r, 0, LAST) ? "-" : PQgetvalue(r, 0, LAST));
	return 0;
}

/* Where there is no history nothing is wrong, but no hash is in it either. */
static int
verify_none(const char *hash, struct fault *f)
{
	if (hash != NULL)
		return fault_set(f, EXIT_NO,
		    "no row has the hash %s: the database has no history",
		    hash);
	puts("0 -");
	return 0;
}

/* A row that was changed may be the reason that the history cannot be read. */
static int
verify_unread(PGconn *conn, struct fault *f)
{
	const char *no_hash = NULL;
	struct fault ignored = FAULT_INIT;
	PGresult *result;

	if (f->code != EXIT_NOVERDICT)
		return -1;
	result = history_query(conn, sql_chain, 1, &no_hash, &ignored);
	if (result != NULL && db_value(result, 0, SEQ) != NULL) {
		fault_free(f);
		broken(result, f);
	}
	PQclear(result);
	fault_free(&ignored);
	return -1;
}

int
history_verify(PGconn *conn, const char *hash, struct fault *f)
{
	struct history h;
	PGresult *result;
	bool exists;
	int ok;

	if (history_read(&h, conn, f) == -1)
		return verify_unread(conn, f);
	exists = h.exists;
	history_free(&h);
	if (!exists)
		return verify_none(hash, f);
	result = history_query(conn, sql_chain, 1, &hash, f);
	if (result == NULL)
		return -1;
	ok = judge(result, hash, f);
	PQclear(result);
	return ok;
}
