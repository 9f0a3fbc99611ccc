#ifndef DIRECTORY_H
#define DIRECTORY_H

#include <time.h>

#include "convention.h"
#include "fault.h"
#include "migration.h"

/*
 * Directories of migrations, read as the tools that they were made for read
 * them.
 */

struct directory_options {
	const struct convention *convention; /* NULL: recognise it */
	enum migration_mode mode; /* of a text that does not say it */
	/* Told of what looks wrong and stops nothing; the text is lent. */
	void (*warn)(void *arg, const char *text);
	void *arg;
};

/*
 * Add the migrations of one series to `list`, in order: those of all `n`
 * directories together.  Sets `*found` to their convention.  Returns 0, or
 * -1 with a fault (EXIT_STREAM).
 */
int directory_read(struct migration_list *list, const char *series,
    char *const *dirs, size_t n, const struct directory_options *,
    const struct convention **found, struct fault *);

/*
 * The path (two paths, joined by LF, where up and down stand in two files)
 * that a new migration should have in the directory `dir`.  `name` is brought
 * into the form [a-z0-9_].  The directory is read for its convention and its
 * last version; `now` is the time for a stamp.  Returns a new string, or NULL
 * with a fault.
 */
char *directory_next(const char *dir, const char *name, time_t now,
    const struct directory_options *, struct fault *);

#endif
