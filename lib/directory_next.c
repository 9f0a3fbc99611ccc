/* The path that a new migration should have. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "directory_names.h"
#include "directory_scan.h"

/* A file's name has 255 bytes, of which the version and .down.sql want some. */
#define WORD_MAX 200

/* The parts of a new name, as the last migration has them. */
struct form {
	const struct convention *convention;
	char *dir;
	char *letter; /* before the version */
	char *version;
	char *separator;
	bool pair; /* up and down in two files */
};

/* `name` in the form [a-z0-9_]; NULL without memory. */
static char *
clean(const char *name)
{
	char *s, *to;

	s = to = malloc(strlen(name) + 1);
	if (s == NULL)
		return NULL;
	for (; *name != '\0'; name++) {
		if ((*name >= 'a' && *name <= 'z') ||
		    (*name >= '0' && *name <= '9'))
			*to++ = *name;
		else if (*name >= 'A' && *name <= 'Z')
			*to++ = (char)(*name - 'A' + 'a');
		else if (to > s && to[-1] != '_')
			*to++ = '_';
	}
	while (to > s && to[-1] == '_')
		to--;
	*to = '\0';
	return s;
}

/* The last versioned migration of a list in order, or NULL. */
static const struct migration *
last_of(const struct migration_list *list)
{
	size_t i;

	for (i = list->n; i-- > 0;)
		if (list->items[i].kind == KIND_VERSIONED)
			return &list->items[i];
	return NULL;
}

static const char *
default_separator(const struct convention *c)
{
	if (c->separator == NULL || c->separator[0] == '\0' ||
	    strcmp(c->separator, "_-") == 0)
		return "_";
	return c->separator;
}

/* Where nothing is there to follow: the convention's own form. */
static int
form_first(struct form *x, const char *dir, time_t now)
{
	const struct convention *c = x->convention;
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	x->dir = strndup(dir, n);
	x->letter = c->letters == NULL ? strdup("") : strndup(c->letters, 1);
	x->version = convention_next(c, NULL, now);
	x->separator = strdup(default_separator(c));
	x->pair = c->up != NULL && !c->single;
	return 0;
}

/* Split the path of a migration into its directory and its name. */
static char *
split(const struct convention *c, char *path)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	if (c->folder_up != NULL) {
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return slash + 1;
}

/* The form of the last migration, with the next version. */
static int
form_last(struct form *x, const struct migration *m, time_t now)
{
	const struct convention *c = x->convention;
	struct convention_name n;
	char *path, *name, *last;

	path = strdup(m->path);
	if (path == NULL)
		return -1;
	name = split(c, path);
	convention_match(c, name, &n);
	last = strndup(name + n.version, n.version_len);
	if (last != NULL)
		x->version = convention_next(c, last, now);
	free(last);
	x->letter = strndup(name, n.version);
	x->separator = n.name_len == 0 ?
	    strdup(default_separator(c)) :
	    strndup(name + n.version + n.version_len,
		n.name - n.version - n.version_len);
	x->pair = c->up != NULL &&
	    (!c->single || m->down_path != NULL ||
		strstr(name, ".up.") != NULL);
	x->dir = path;
	return 0;
}

static char *
folder_path(const struct form *x, const char *name)
{
	const struct convention *c = x->convention;
	char *path = NULL;
	int n;

	n = c->folder_down == NULL ?
	    asprintf(&path, "%s%s%s/%s", x->version, x->separator, name,
		c->folder_up) :
	    asprintf(&path, "%s%s%s/%s\n%s/%s%s%s/%s", x->version, x->separator,
		name, c->folder_up, x->dir, x->version, x->separator, name,
		c->folder_down);
	return n == -1 ? NULL : path;
}

/* postgrator has the direction before the name. */
static char *
do_path(const struct form *x, const char *name)
{
	const struct convention *c = x->convention;
	char *path;

	if (asprintf(&path, "%s%s.%s.sql\n%s/%s%s.%s.sql", x->version, c->up,
		name, x->dir, x->version, c->down, name) == -1)
		return NULL;
	return path;
}

static char *
file_path(const struct form *x, const char *name)
{
	const struct convention *c = x->convention;
	char *path = NULL;
	int n;

	n = !x->pair ?
	    asprintf(&path, "%s%s%s%s.sql", x->letter, x->version, x->separator,
		name) :
	    asprintf(&path, "%s%s%s%s%s.sql\n%s/%s%s%s%s%s.sql", x->letter,
		x->version, x->separator, name, c->up, x->dir, x->letter,
		x->version, x->separator, name, c->down);
	return n == -1 ? NULL : path;
}

static char *
path_of(const struct form *x, const char *name)
{
	char *rest, *path;

	if (x->dir == NULL || x->letter == NULL || x->version == NULL ||
	    x->separator == NULL)
		return NULL;
	if (x->convention->folder_up != NULL)
		rest = folder_path(x, name);
	else if (x->convention->shape == SHAPE_DO)
		rest = do_path(x, name);
	else
		rest = file_path(x, name);
	path = rest == NULL ? NULL : directory_join(x->dir, rest);
	free(rest);
	return path;
}

static void
form_free(struct form *x)
{
	free(x->dir);
	free(x->letter);
	free(x->version);
	free(x->separator);
}

/* Compose the path from what `list` (in order) has. */
static char *
compose(const char *dir, const char *name, time_t now,
    const struct convention *c, const struct migration_list *list,
    struct fault *f)
{
	const struct migration *last = last_of(list);
	struct form x = { c, NULL, NULL, NULL, NULL, false };
	char *path = NULL;
	int n;

	n = last == NULL ? form_first(&x, dir, now) : form_last(&x, last, now);
	if (n == 0)
		path = path_of(&x, name);
	if (path == NULL)
		fault_nomem(f);
	form_free(&x);
	return path;
}

char *
directory_next(const char *dir, const char *name, time_t now,
    const struct directory_options *options, struct fault *f)
{
	struct migration_list list = MIGRATION_LIST_INIT;
	const struct convention *c;
	char *path = NULL, *word;

	word = clean(name);
	if (word == NULL) {
		fault_nomem(f);
		return NULL;
	}
	if (*word == '\0')
		fault_set(f, EXIT_USAGE,
		    "\"%s\" has no letter and no digit "
		    "for a name",
		    name);
	else if (strlen(word) > WORD_MAX)
		fault_set(f, EXIT_USAGE,
		    "a name of %zu bytes is too long for a file", strlen(word));
	else if (directory_names(&list, dir, options, &c, f) == 0)
		path = compose(dir, word, now, c, &list, f);
	migration_list_free(&list);
	free(word);
	return path;
}
