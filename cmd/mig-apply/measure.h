#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "worker.h"

/*
 * What the statements of one transaction do to the relations of the database,
 * found by asking the worker between them: its locks, and the counters that
 * its backend keeps of this transaction.
 */

enum effect_kind {
	EFFECT_LOCK,	/* a lock that it had not, or only a weaker one */
	EFFECT_REWRITE, /* it has another file now */
	EFFECT_SCAN,	/* it was read from end to end */
	EFFECT_ROWS	/* rows were written */
};

/* The strongest lock. */
#define MEASURE_ACCESS_EXCLUSIVE 8

struct effect {
	enum effect_kind kind;
	const char *relation; /* schema.name, quoted where needed; lent */
	unsigned oid;
	int mode;	/* of a lock: 1 ACCESS SHARE ... 8 */
	long long n[3]; /* rewrite: bytes; scan: scans, rows read;
				 rows: inserted, updated, deleted */
};

/* How many counts the server has of a relation. */
#define MEASURE_COUNTS 5

struct relation {
	unsigned oid;
	unsigned table; /* of an index; else 0 */
	char *name;
	char kind;    /* as pg_class.relkind */
	bool old;     /* it was there before the transaction */
	bool watched; /* by the last question */
	bool seen;    /* which said something of it */
	bool ask;     /* it has changed: ask for details */
	int mode;     /* of the strongest lock; 0: none */
	int had;      /* by the question before */
	unsigned file;
	long long counts[MEASURE_COUNTS];
};

struct measure {
	struct relation *relations; /* by oid */
	size_t n;
	/* of what happened between the last two questions: locks first, the
	 * strongest before the others, then as enum effect_kind has it */
	struct effect *effects;
	size_t neffects;
	long long wal;	 /* bytes that the server wrote meanwhile */
	long long enums; /* values of enums that the transaction has made */
	bool counts;	 /* the server counts scans and rows */

	long long lsn;
	char transaction[32];
};

/*
 * worker_query() of a rehearsal, which is rolled back whatever happens: what
 * cannot be read is EXIT_NOVERDICT.
 */
PGresult *measure_ask(struct worker *, const char *sql, int n,
    const char *const *values, struct fault *);

/*
 * Ask for the first time, right behind BEGIN.  Returns 0, or -1: with a fault
 * (EXIT_NOVERDICT), or the worker's `failure`.
 */
int measure_begin(struct measure *, struct worker *, struct fault *);

/*
 * Ask again, and fill in what has happened since the last time.  Returns as
 * measure_begin(); with EXIT_UNKNOWN where it is another transaction by now.
 */
int measure_take(struct measure *, struct worker *, struct fault *);

/* The same where nothing has happened that is to be told. */
int measure_pass(struct measure *, struct worker *, struct fault *);

/* The name of a lock mode as SQL has it; static. */
const char *measure_mode_name(int mode);

void measure_free(struct measure *);

#endif
