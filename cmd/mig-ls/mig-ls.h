#ifndef MIG_LS_H
#define MIG_LS_H

#include <stdbool.h>
#include <libpq-fe.h>

#include "convention.h"
#include "fault.h"
#include "migration.h"
#include "stream.h"

struct options {
	const struct convention *convention; /* -f; NULL: recognise it */
	enum migration_mode mode;	     /* -m */
	const char *name;		     /* -n, or NULL */
	enum stream_style style;	     /* -H, -o, --json */
	const char *columns;		     /* -o, or NULL */
	bool for_people;		     /* stdout is a terminal */
	bool history;			     /* -d */
	char *conninfo;			     /* of -d, or NULL */
	bool verify;			     /* --verify */
	const char *hash;		     /* of --verify, or NULL */
	bool help, version;
};

/*
 * List the files of the series that `args` names: directories, or
 * SERIES=DIR,DIR.  Returns 0, or -1 with a fault.
 */
int files_list(const struct options *, char *const *args, size_t n,
    struct fault *);

/*
 * Print the path that a new migration should have in `dir`.  Returns 0, or -1
 * with a fault.
 */
int files_next(const struct options *, const char *dir, struct fault *);

/*
 * List what a database has applied, or verify its history; the password in
 * `conninfo` (NULL: none given) is overwritten.  Returns 0, or -1 with a fault.
 */
int history_list(const struct options *, char *conninfo, struct fault *);

/*
 * Walk the chain of a history, and print the number of its rows and the hash
 * of the last.  Returns 0, or -1 with a fault: EXIT_NO names the first row that
 * breaks it, a trigger that does not keep it, or says that no row has `hash`
 * (NULL: none is looked for).
 */
int history_verify(PGconn *, const char *hash, struct fault *);

/* As stream_columns_check(), for the columns of history_list(). */
int history_columns_check(const char *names, struct fault *);

#endif
