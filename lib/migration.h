#ifndef MIGRATION_H
#define MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fault.h"
#include "stream.h"

/*
 * A migration, as a listing (mig-stream(5)) has it: from files (`file`) or
 * from the history (`done`).
 */

enum migration_kind {
	KIND_VERSIONED,
	KIND_REPEATABLE, /* runs again when its text changes */
	KIND_BASELINE,	 /* stands for all versions up to its own */
	KIND_CALLBACK
};

enum migration_mode {
	MODE_TX,   /* in a transaction of its own */
	MODE_NONE, /* statement by statement */
	MODE_OWN   /* brings its own BEGIN and COMMIT */
};

struct convention;

/* Strings are owned; NULL where absent. */
struct migration {
	char *series;
	char *version; /* NULL: repeatable or callback */
	char *name;
	enum migration_kind kind;
	enum migration_mode mode;
	char *sha256; /* NULL: no up text */
	char *path;
	char *down_sha256;
	char *down_path;
	const struct convention *convention;
};

/* Grows; migration_list_free() frees the migrations too. */
struct migration_list {
	struct migration *items;
	size_t n, room;
};

#define MIGRATION_LIST_INIT \
	{ \
		NULL, 0, 0 \
	}

/* The columns of a `file` record, in their order. */
#define MIGRATION_COLUMNS 10
extern const struct stream_column migration_columns[MIGRATION_COLUMNS];

const char *migration_kind_name(enum migration_kind);
const char *migration_mode_name(enum migration_mode);

/* Returns 0 and sets `*kind` (`*mode`), or -1 where there is no such name. */
int migration_kind_find(const char *name, enum migration_kind *kind);
int migration_mode_find(const char *name, enum migration_mode *mode);

/*
 * Point `values` at the migration's own strings in the order of
 * migration_columns, to be given to stream_record().
 */
void migration_values(const struct migration *,
    const char *values[MIGRATION_COLUMNS]);

/*
 * Fill in `m` from the fields of a record read from line `line` of `name`;
 * strings are copied.  More fields than are known are left alone.  Returns 0, or
 * -1 with a fault.
 */
int migration_parse(struct migration *m, char *const *fields, size_t n,
    const char *name, size_t line, struct fault *);

/*
 * Read a whole listing from `fp` (sealed, or bare records) into `list`.
 * `#series` meta lines (a series that was listed) are not needed.
 * Returns 0, or -1 with a fault, the list then empty.
 */
int migration_read(struct migration_list *list, FILE *fp, const char *name,
    struct fault *);

/*
 * Order within a series: versioned and baseline by version, then name; then
 * repeatables by name; then callbacks by name.
 */
int migration_cmp(const struct migration *, const struct migration *);

/* Append a zeroed migration and return it, or NULL without memory. */
struct migration *migration_add(struct migration_list *);

void migration_free(struct migration *);
void migration_list_free(struct migration_list *);

#endif
