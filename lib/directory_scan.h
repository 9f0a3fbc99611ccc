#ifndef DIRECTORY_SCAN_H
#define DIRECTORY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "convention.h"
#include "fault.h"

/*
 * What is in directories: the names, not the files.
 */

struct directory_entry {
	char *path;	  /* the directory as given, and the name */
	const char *name; /* in `path`: its last part */
	bool folder;
};

struct directory_scan {
	struct directory_entry *items;
	size_t n, room;
};

#define DIRECTORY_SCAN_INIT \
	{ \
		NULL, 0, 0 \
	}

/*
 * Add what is in `dir` in byte order of the names, hidden names left out;
 * with `recursive` what is in its folders instead of these.  Symbolic links
 * are followed.  Returns 0, or -1 with a fault: among others, a folder that
 * leads back to one that it is in.
 */
int directory_scan(struct directory_scan *, const char *dir, bool recursive,
    struct fault *);

/* Whether the folder of an entry holds a file (or folder) of that name. */
bool directory_holds(const char *folder, const char *name);

/* `dir` and `name` joined by a slash; NULL without memory. */
char *directory_join(const char *dir, const char *name);

void directory_scan_free(struct directory_scan *);

/*
 * Which convention the names speak for, in the directory `dir`.  Where the
 * files' heads must decide among several, `*sure` is false.  Returns NULL
 * where there is none (`*f` then untouched) or with a fault where the names
 * are mixed.
 */
const struct convention *directory_recognise(const struct directory_scan *,
    const char *dir, bool *sure, struct fault *);

/*
 * The convention for which the head of a file speaks, by the markers and
 * directives in it; NULL: none.  `text` begins at the file's first line.
 */
const struct convention *directory_sign(const char *text, size_t len);

/*
 * What a file is that is no migration in a convention: to be passed over in
 * silence, or to be told of, since it looks as if it should be one.
 */
bool directory_is_stranger(const struct convention *, const char *name);

#endif
