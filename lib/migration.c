/* A migration, as a listing has it. */

#include "migration.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "hash.h"

const struct stream_column migration_columns[MIGRATION_COLUMNS] = {
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "name", STREAM_STRING },
	{ "kind", STREAM_STRING },
	{ "mode", STREAM_STRING },
	{ "sha256", STREAM_STRING },
	{ "path", STREAM_STRING },
	{ "down_sha256", STREAM_STRING },
	{ "down_path", STREAM_STRING },
	{ "convention", STREAM_STRING },
};

static const char *const kinds[] = {
	[KIND_VERSIONED] = "versioned",
	[KIND_REPEATABLE] = "repeatable",
	[KIND_BASELINE] = "baseline",
	[KIND_CALLBACK] = "callback",
};

static const char *const modes[] = {
	[MODE_TX] = "tx",
	[MODE_NONE] = "none",
	[MODE_OWN] = "own",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
migration_kind_name(enum migration_kind kind)
{
	return kinds[kind];
}

const char *
migration_mode_name(enum migration_mode mode)
{
	return modes[mode];
}

static int
find(const char *const *names, size_t n, const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

int
migration_kind_find(const char *name, enum migration_kind *kind)
{
	int i = find(kinds, COUNT(kinds), name);

	if (i == -1)
		return -1;
	*kind = (enum migration_kind)i;
	return 0;
}

int
migration_mode_find(const char *name, enum migration_mode *mode)
{
	int i = find(modes, COUNT(modes), name);

	if (i == -1)
		return -1;
	*mode = (enum migration_mode)i;
	return 0;
}

void
migration_values(const struct migration *m,
    const char *values[MIGRATION_COLUMNS])
{
	values[0] = m->series;
	values[1] = m->version;
	values[2] = m->name;
	values[3] = kinds[m->kind];
	values[4] = modes[m->mode];
	values[5] = m->sha256;
	values[6] = m->path;
	values[7] = m->down_sha256;
	values[8] = m->down_path;
	values[9] = m->convention == NULL ? NULL : m->convention->name;
}

/* Whether a field is absent or a SHA-256 in lower-case hexadecimal. */
static bool
digest_ok(const char *s)
{
	return s == NULL || hash_is_hex(s);
}

static int
copy(char **to, const char *from)
{
	*to = from == NULL ? NULL : strdup(from);
	return from != NULL && *to == NULL ? -1 : 0;
}

static int
copy_strings(struct migration *m, char *const *fields, struct fault *f)
{
	if (copy(&m->series, fields[0]) == -1 ||
	    copy(&m->version, fields[1]) == -1 ||
	    copy(&m->name, fields[2]) == -1 ||
	    copy(&m->sha256, fields[5]) == -1 ||
	    copy(&m->path, fields[6]) == -1 ||
	    copy(&m->down_sha256, fields[7]) == -1 ||
	    copy(&m->down_path, fields[8]) == -1)
		return fault_nomem(f);
	return 0;
}

int
migration_parse(struct migration *m, char *const *fields, size_t n,
    const char *name, size_t line, struct fault *f)
{
	if (n < MIGRATION_COLUMNS)
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: a migration has "
		    "%d fields, here are %zu",
		    name, line, MIGRATION_COLUMNS, n);
	if (migration_kind_find(fields[3], &m->kind) == -1)
		return fault_set(f, EXIT_STREAM, "%s:%zu: no kind \"%s\"", name,
		    line, fields[3] == NULL ? "-" : fields[3]);
	if (fields[0] == NULL && m->kind != KIND_CALLBACK)
		return fault_set(f, EXIT_STREAM, "%s:%zu: no series", name,
		    line);
	if (migration_mode_find(fields[4], &m->mode) == -1)
		return fault_set(f, EXIT_STREAM, "%s:%zu: no mode \"%s\"", name,
		    line, fields[4] == NULL ? "-" : fields[4]);
	if (!digest_ok(fields[5]) || !digest_ok(fields[7]))
		return fault_set(f, EXIT_STREAM, "%s:%zu: no SHA-256", name,
		    line);
	if (fields[1] == NULL && fields[2] == NULL)
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: neither a version "
		    "nor a name",
		    name, line);
	if ((fields[1] == NULL) !=
	    (m->kind == KIND_REPEATABLE || m->kind == KIND_CALLBACK))
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: a version is for "
		    "versioned and baseline migrations, and only for them",
		    name, line);
	m->convention = convention_find(
	    fields[9] == NULL ? "plain" : fields[9]);
	if (m->convention == NULL)
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: no convention "
		    "\"%s\"",
		    name, line, fields[9]);
	return copy_strings(m, fields, f);
}

struct migration *
migration_add(struct migration_list *list)
{
	struct migration *items;
	size_t room;

	if (list->n == list->room) {
		room = list->room == 0 ? 64 : list->room * 2;
		items = reallocarray(list->items, room, sizeof(*items));
		if (items == NULL)
			return NULL;
		list->items = items;
		list->room = room;
	}
	memset(&list->items[list->n], 0, sizeof(*list->items));
	return &list->items[list->n++];
}

/*
 * A record that is no file.  A sealed listing may hold words of tomorrow;
 * without a seal it is not a listing at all, and to plan nothing for it would
 * look as if there was nothing to do.
 */
static int
read_other(const struct stream_reader *r, const struct stream_item *item,
    const char *name, struct fault *f)
{
	if (strcmp(item->word, "done") == 0) {
		fault_set(f, EXIT_STREAM,
		    "%s:%zu: this is what a database "
		    "has applied, but a listing of files is wanted",
		    name, item->line);
		return fault_hint(f,
		    "mig-ls DIR | mig-plan: it reads the "
		    "database itself");
	}
	if (!stream_is_bare(r))
		return 0;
	fault_set(f, EXIT_STREAM, "%s:%zu: this is no record of a listing",
	    name, item->line);
	return fault_hint(f,
	    "mig-ls DIR | mig-plan; of mig-ls -H all columns "
	    "are wanted");
}

static int
read_record(struct migration_list *list, const struct stream_reader *r,
    const struct stream_item *item, const char *name, struct fault *f)
{
	struct migration *m;

	if (strcmp(item->word, "file") != 0)
		return read_other(r, item, name, f);
	m = migration_add(list);
	if (m == NULL)
		return fault_nomem(f);
	return migration_parse(m, item->fields, item->nfields, name, item->line,
	    f);
}

static int
read_records(struct migration_list *list, struct stream_reader *r,
    const char *name, struct fault *f)
{
	struct stream_item item;

	for (;;) {
		switch (stream_next(r, &item, f)) {
		case STREAM_META:
		case STREAM_TEXT:
			break;
		case STREAM_RECORD:
			if (read_record(list, r, &item, name, f) == -1)
				return -1;
			break;
		case STREAM_END:
			return 0;
		case STREAM_FAULT:
			return -1;
		}
	}
}

int
migration_read(struct migration_list *list, FILE *fp, const char *name,
    struct fault *f)
{
	struct stream_reader *r;
	int result;

	r = stream_open(fp, name, "list", true, f);
	if (r == NULL)
		return -1;
	result = read_records(list, r, name, f);
	if (result == -1)
		migration_list_free(list);
	stream_close(r);
	return result;
}

static int
order_of(const struct migration *m)
{
	switch (m->kind) {
	case KIND_VERSIONED:
	case KIND_BASELINE:
		return 0;
	case KIND_REPEATABLE:
		return 1;
	case KIND_CALLBACK:
		return 2;
	}
	return 3;
}

int
migration_cmp(const struct migration *a, const struct migration *b)
{
	int c = order_of(a) - order_of(b);

	if (c == 0 && a->version != NULL && b->version != NULL)
		c = convention_version_cmp(a->convention, a->version,
		    b->version);
	if (c == 0)
		c = strcmp(a->name == NULL ? "" : a->name,
		    b->name == NULL ? "" : b->name);
	return c;
}

void
migration_free(struct migration *m)
{
	free(m->series);
	free(m->version);
	free(m->name);
	free(m->sha256);
	free(m->path);
	free(m->down_sha256);
	free(m->down_path);
	memset(m, 0, sizeof(*m));
}

void
migration_list_free(struct migration_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		migration_free(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}
