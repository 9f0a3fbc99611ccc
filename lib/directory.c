/* Directories of migrations, read as their own tools read them. */

#include "directory.h"

#include <stdlib.h>
#include <string.h>

#include "directory_names.h"
#include "directory_reading.h"

/* graphile-migrate keeps them in a folder of the one that people name. */
static int
scan(struct reading *r, const char *dir, bool recursive, struct fault *f)
{
	char *committed;
	int result;

	if (!directory_holds(dir, "committed") ||
	    (r->convention != NULL &&
		strcmp(r->convention->name, "graphile-migrate") != 0))
		return directory_scan(&r->scan, dir, recursive, f);
	committed = directory_join(dir, "committed");
	if (committed == NULL)
		return fault_nomem(f);
	result = directory_scan(&r->scan, committed, recursive, f);
	free(committed);
	return result;
}

static int
scan_all(struct reading *r, char *const *dirs, size_t n, bool recursive,
    struct fault *f)
{
	size_t i;

	directory_scan_free(&r->scan);
	for (i = 0; i < n; i++)
		if (scan(r, dirs[i], recursive, f) == -1)
			return -1;
	return 0;
}

/* The first .sql file, or NULL. */
static const char *
first_sql(const struct directory_scan *s)
{
	const char *dot;
	size_t i;

	for (i = 0; i < s->n; i++) {
		dot = strrchr(s->items[i].name, '.');
		if (!s->items[i].folder && dot != NULL &&
		    strcmp(dot, ".sql") == 0)
			return s->items[i].path;
	}
	return NULL;
}

/* There are .sql files, as `path`, but no migrations. */
static int
refuse_names(const char *dir, const char *path, struct fault *f)
{
	const char *rest = path + strlen(dir);

	rest += strspn(rest, "/");
	if (strchr(rest, '/') != NULL) {
		fault_set(f, EXIT_STREAM,
		    "%s: no migrations in it, but .sql "
		    "files below it, as %s",
		    dir, path);
		return fault_hint(f, "name the directory that holds them");
	}
	fault_set(f, EXIT_STREAM,
	    "%s: not named as a migration of any "
	    "convention, nor is any other file here",
	    path);
	return fault_hint(f,
	    "name it as 001_name.sql, or say the convention "
	    "with -f");
}

static int
recognise(struct reading *r, char *const *dirs, size_t n, struct fault *f)
{
	const char *path;

	r->convention = directory_recognise(&r->scan, dirs[0], &r->sure, f);
	if (r->convention != NULL || f->code != EXIT_DONE)
		return r->convention == NULL ? -1 : 0;
	if (scan_all(r, dirs, n, true, f) == -1)
		return -1;
	r->convention = directory_recognise(&r->scan, dirs[0], &r->sure, f);
	if (r->convention != NULL && r->convention->recursive)
		return 0;
	path = first_sql(&r->scan);
	if (path != NULL)
		return refuse_names(dirs[0], path, f);
	r->convention = convention_find("plain");
	return 0;
}

static int
find_names(struct reading *r, char *const *dirs, size_t n, struct fault *f)
{
	r->convention = r->options->convention;
	r->sure = r->convention != NULL;
	if (scan_all(r, dirs, n,
		r->convention != NULL && r->convention->recursive, f) == -1)
		return -1;
	if (r->convention != NULL)
		return 0;
	if (recognise(r, dirs, n, f) == -1)
		return -1;
	return r->convention->recursive ? scan_all(r, dirs, n, true, f) : 0;
}

static int
read_all(struct reading *r, const char *dir, struct fault *f)
{
	int n;

	do {
		if (reading_names(r, f) == -1 || reading_order(r, dir, f) == -1)
			return -1;
		n = reading_texts(r, f);
	} while (n == 1);
	if (n == -1)
		return -1;
	reading_sort(r);
	if (reading_refuse_equal(r, f) == -1)
		return -1;
	return reading_tell_apart(r, f);
}

/* The same by names alone. */
static int
read_names(struct reading *r, const char *dir, struct fault *f)
{
	int n;

	do {
		if (reading_names(r, f) == -1 || reading_order(r, dir, f) == -1)
			return -1;
		n = reading_ask_last(r, f);
	} while (n == 1);
	return n == -1 ? -1 : reading_last_kinds(r, f);
}

/* Move what was read to the end of `list`. */
static int
hand_over(struct reading *r, struct migration_list *list, struct fault *f)
{
	struct migration *m;
	size_t i;

	for (i = 0; i < r->ups.n; i++) {
		m = migration_add(list);
		if (m == NULL)
			return fault_nomem(f);
		*m = r->ups.items[i];
		memset(&r->ups.items[i], 0, sizeof(*m));
	}
	return 0;
}

static void
reading_init(struct reading *r, const char *series,
    const struct directory_options *options)
{
	memset(r, 0, sizeof(*r));
	r->options = options;
	r->series = series;
}

static void
reading_free(struct reading *r)
{
	reading_tell_warnings(r);
	free(r->warnings);
	free(r->signed_by);
	directory_scan_free(&r->scan);
	migration_list_free(&r->ups);
	migration_list_free(&r->downs);
}

int
directory_read(struct migration_list *list, const char *series,
    char *const *dirs, size_t n, const struct directory_options *options,
    const struct convention **found, struct fault *f)
{
	struct reading r;
	int result;

	reading_init(&r, series, options);
	result = find_names(&r, dirs, n, f);
	if (result == 0)
		result = read_all(&r, dirs[0], f);
	if (result == 0 && r.nomem)
		result = fault_nomem(f);
	if (result == 0)
		result = hand_over(&r, list, f);
	*found = r.convention;
	reading_free(&r);
	return result;
}

int
directory_names(struct migration_list *list, const char *dir,
    const struct directory_options *options, const struct convention **found,
    struct fault *f)
{
	char *dirs[1];
	struct reading r;
	int result;

	dirs[0] = strdup(dir);
	if (dirs[0] == NULL)
		return fault_nomem(f);
	reading_init(&r, "main", options);
	result = find_names(&r, dirs, 1, f);
	if (result == 0)
		result = read_names(&r, dir, f);
	if (result == 0 && r.nomem)
		result = fault_nomem(f);
	if (result == 0)
		result = hand_over(&r, list, f);
	*found = r.convention;
	reading_free(&r);
	free(dirs[0]);
	return result;
}
