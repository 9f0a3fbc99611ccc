/* Listing the migrations of directories. */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directory.h"
#include "mig-ls.h"
#include "table.h"
#include "text.h"

/* One series: its name and its directories, lent from `text`. */
struct series {
	char *text;
	const char *name;
	char **dirs;
	size_t n;
	const struct convention *convention;
	size_t count; /* of its migrations */
};

struct all {
	struct series *items;
	size_t n;
	struct migration_list list;
};

static void
tell(void *arg, const char *text)
{
	struct fault f = FAULT_INIT;

	(void)arg;
	fault_set(&f, EXIT_DONE, "%s", text);
	fault_print(&f, stderr);
	fault_free(&f);
}

/*
 * Where the directories begin in SERIES=DIR,DIR; 0: the argument is a
 * directory.  What has a slash before the "=" is one too.
 */
static size_t
series_len(const char *arg)
{
	size_t n = strcspn(arg, "=/");

	return n > 0 && arg[n] == '=' ? n : 0;
}

static int
add_dir(struct series *s, char *dir, struct fault *f)
{
	char **dirs;

	dirs = reallocarray(s->dirs, s->n + 1, sizeof(*dirs));
	if (dirs == NULL)
		return fault_nomem(f);
	s->dirs = dirs;
	s->dirs[s->n++] = dir;
	return 0;
}

static struct series *
find(struct all *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->items[i].name, name) == 0)
			return &all->items[i];
	return NULL;
}

static struct series *
add_series(struct all *all, char *text, const char *name)
{
	struct series *s;

	s = reallocarray(all->items, all->n + 1, sizeof(*s));
	if (s == NULL)
		return NULL;
	all->items = s;
	s += all->n++;
	memset(s, 0, sizeof(*s));
	s->text = text;
	s->name = name;
	return s;
}

/* The history is UTF-8, and in SERIES:VERSION the colon is the first. */
static int
check_name(struct all *all, const char *name, struct fault *f)
{
	if (find(all, name) != NULL)
		return fault_set(f, EXIT_USAGE, "%s: the series is named twice",
		    name);
	if (text_bad(name, strlen(name)) < strlen(name))
		return fault_set(f, EXIT_USAGE,
		    "%s: the name of a series is not well-formed UTF-8", name);
	if (strchr(name, ':') != NULL)
		return fault_set(f, EXIT_USAGE,
		    "%s: a colon in the name of a series", name);
	return 0;
}

/* SERIES=DIR,DIR */
static int
add_named(struct all *all, const char *arg, size_t len, struct fault *f)
{
	char *text, *rest, *dir;
	struct series *s;

	text = strdup(arg);
	if (text == NULL)
		return fault_nomem(f);
	text[len] = '\0';
	if (check_name(all, text, f) == -1) {
		free(text);
		return -1;
	}
	s = add_series(all, text, text);
	if (s == NULL) {
		free(text);
		return fault_nomem(f);
	}
	rest = text + len + 1;
	while ((dir = strsep(&rest, ",")) != NULL)
		if (*dir != '\0' && add_dir(s, dir, f) == -1)
			return -1;
	if (s->n == 0)
		return fault_set(f, EXIT_USAGE,
		    "%s: a series without a "
		    "directory",
		    arg);
	return 0;
}

/* Directories by themselves are the series "main" together. */
static int
add_plain(struct all *all, char *dir, struct fault *f)
{
	struct series *s = find(all, "main");

	if (s != NULL && s->text != NULL)
		return fault_set(f, EXIT_USAGE,
		    "%s: of the series main, "
		    "which is named already",
		    dir);
	if (s == NULL)
		s = add_series(all, NULL, "main");
	if (s == NULL)
		return fault_nomem(f);
	return add_dir(s, dir, f);
}

static int
add_args(struct all *all, char *const *args, size_t n, struct fault *f)
{
	size_t i, len;
	int result;

	for (i = 0; i < n; i++) {
		len = series_len(args[i]);
		result = len > 0 ? add_named(all, args[i], len, f) :
				   add_plain(all, args[i], f);
		if (result == -1)
			return -1;
	}
	return 0;
}

static int
read_series(const struct options *o, struct all *all, struct fault *f)
{
	const struct directory_options options = { o->convention, o->mode, tell,
		NULL };
	struct series *s;
	size_t before;

	for (s = all->items; s < all->items + all->n; s++) {
		before = all->list.n;
		if (directory_read(&all->list, s->name, s->dirs, s->n, &options,
			&s->convention, f) == -1)
			return -1;
		s->count = all->list.n - before;
		if (s->count == 0)
			warnx("%s: no migrations", s->dirs[0]);
	}
	return 0;
}

static void
write_meta(struct stream_writer *w, const struct all *all)
{
	const struct series *s;
	char *text;

	stream_origin(w, "mig-ls", time(NULL));
	for (s = all->items; s < all->items + all->n; s++) {
		if (asprintf(&text, "%s %s %zu", s->name, s->convention->name,
			s->count) == -1) {
			w->broken = true;
			return;
		}
		stream_meta(w, "series", text);
		free(text);
	}
}

static int
write_stream(const struct options *o, const struct all *all, struct fault *f)
{
	const char *values[MIGRATION_COLUMNS];
	struct stream_writer w;
	size_t i;

	if (stream_begin(&w, stdout, "list", o->style, o->columns) == 0) {
		write_meta(&w, all);
		for (i = 0; i < all->list.n; i++) {
			migration_values(&all->list.items[i], values);
			stream_record(&w, "file", migration_columns, values,
			    MIGRATION_COLUMNS);
		}
	}
	return stream_end(&w, f);
}

static int
add_row(struct table *t, const struct migration *m)
{
	const char *values[] = { m->series, m->version, m->name,
		migration_kind_name(m->kind), migration_mode_name(m->mode),
		m->down_path == NULL ? NULL : "down", m->path };

	return table_row(t, values, TABLE_PLAIN);
}

static int
write_table(const struct all *all, struct fault *f)
{
	static const struct table_column columns[] = {
		{ "series", false, false },
		{ "version", false, false },
		{ "name", false, false },
		{ "kind", false, false },
		{ "mode", false, false },
		{ "down", false, false },
		{ "path", false, true },
	};
	struct table *t;
	size_t i;
	int result = 0;

	t = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
	if (t == NULL)
		return fault_nomem(f);
	for (i = 0; result == 0 && i < all->list.n; i++)
		result = add_row(t, &all->list.items[i]);
	result = result == -1 ? fault_nomem(f) : table_print(t, f);
	table_free(t);
	return result;
}

static void
free_all(struct all *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		free(all->items[i].text);
		free(all->items[i].dirs);
	}
	free(all->items);
	migration_list_free(&all->list);
}

int
files_list(const struct options *o, char *const *args, size_t n,
    struct fault *f)
{
	struct all all = { NULL, 0, MIGRATION_LIST_INIT };
	int result;

	result = add_args(&all, args, n, f);
	if (result == 0)
		result = read_series(o, &all, f);
	if (result == 0)
		result = o->for_people ? write_table(&all, f) :
					 write_stream(o, &all, f);
	free_all(&all);
	return result;
}

int
files_next(const struct options *o, const char *dir, struct fault *f)
{
	const struct directory_options options = { o->convention, o->mode, NULL,
		NULL };
	char *path;

	path = directory_next(dir, o->name, time(NULL), &options, f);
	if (path == NULL)
		return -1;
	puts(path);
	free(path);
	return 0;
}
