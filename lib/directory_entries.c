/* Which entries of a directory are migrations. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory_reading.h"

void
reading_warn(struct reading *r, const char *fmt, ...)
{
	char **warnings, *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1) {
		r->nomem = true;
		return;
	}
	warnings = reallocarray(r->warnings, r->nwarnings + 1,
	    sizeof(*warnings));
	if (warnings == NULL) {
		free(text);
		r->nomem = true;
		return;
	}
	r->warnings = warnings;
	r->warnings[r->nwarnings++] = text;
}

void
reading_forget_warnings(struct reading *r)
{
	while (r->nwarnings > 0)
		free(r->warnings[--r->nwarnings]);
}

void
reading_tell_warnings(struct reading *r)
{
	size_t i;

	for (i = 0; r->options->warn != NULL && i < r->nwarnings; i++)
		r->options->warn(r->options->arg, r->warnings[i]);
	reading_forget_warnings(r);
}

/* The version as the convention's tool has it. */
static char *
version_of(const struct convention *c, const char *s, size_t len)
{
	char *version, *from, *to;

	version = strndup(s, len);
	if (version == NULL || strcmp(c->name, "diesel") != 0)
		return version;
	for (from = to = version; *from != '\0'; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
	return version;
}

/* Add a migration that has its text at `path`, which it takes over. */
static int
add(struct reading *r, const char *name, const struct convention_name *x,
    char *path, struct fault *f)
{
	struct migration *m;

	m = path == NULL ? NULL : migration_add(x->down ? &r->downs : &r->ups);
	if (m == NULL) {
		free(path);
		return fault_nomem(f);
	}
	m->path = path;
	m->kind = x->kind;
	m->convention = r->convention;
	m->series = strdup(r->series);
	if (m->series == NULL)
		return fault_nomem(f);
	if (x->version_len > 0 &&
	    (m->version = version_of(r->convention, name + x->version,
		 x->version_len)) == NULL)
		return fault_nomem(f);
	if (x->name_len > 0 &&
	    (m->name = strndup(name + x->name, x->name_len)) == NULL)
		return fault_nomem(f);
	return 0;
}

/* A migration that is a folder, with its up text and perhaps a down text. */
static int
add_folder(struct reading *r, const struct directory_entry *e, struct fault *f)
{
	const struct convention *c = r->convention;
	struct convention_name x;

	if (!directory_holds(e->path, c->folder_up)) {
		reading_warn(r,
		    c->folder_down != NULL &&
			    directory_holds(e->path, c->folder_down) ?
			"%s: a down text without its up text: no %s" :
			"%s: a folder without %s",
		    e->path, c->folder_up);
		return 0;
	}
	if (!convention_match(c, e->name, &x)) {
		reading_warn(r, "%s: not a migration of %s, which are named %s",
		    e->path, c->title, c->pattern);
		return 0;
	}
	if (add(r, e->name, &x, directory_join(e->path, c->folder_up), f) == -1)
		return -1;
	x.down = true;
	if (c->folder_down == NULL || !directory_holds(e->path, c->folder_down))
		return 0;
	return add(r, e->name, &x, directory_join(e->path, c->folder_down), f);
}

/* sqlx fails on a name that has a "_" and no integer before it. */
static int
refuse_stranger(const struct reading *r, const struct directory_entry *e,
    struct fault *f)
{
	size_t n = strlen(e->name);

	if (r->convention->shape != SHAPE_INTEGER || n < 4 ||
	    strcmp(e->name + n - 4, ".sql") != 0 ||
	    strchr(e->name, '_') == NULL)
		return 0;
	return fault_set(f, EXIT_STREAM,
	    "%s: %s wants an integer before "
	    "the first _",
	    e->path, r->convention->title);
}

static int
add_file(struct reading *r, const struct directory_entry *e, struct fault *f)
{
	const struct convention *c = r->convention;
	struct convention_name x;
	char *path;

	if (c->folder_up == NULL && convention_match(c, e->name, &x)) {
		path = strdup(e->path);
		return add(r, e->name, &x, path, f);
	}
	if (refuse_stranger(r, e, f) == -1)
		return -1;
	if (directory_is_stranger(c, e->name))
		reading_warn(r, "%s: left out: in %s a migration is named %s",
		    e->path, c->title, c->pattern);
	return 0;
}

int
reading_names(struct reading *r, struct fault *f)
{
	const struct directory_entry *e;
	size_t i;
	int result;

	reading_forget_warnings(r);
	migration_list_free(&r->ups);
	migration_list_free(&r->downs);
	for (i = 0; i < r->scan.n; i++) {
		e = &r->scan.items[i];
		if (r->convention->folder_up != NULL)
			result = e->folder ? add_folder(r, e, f) :
					     add_file(r, e, f);
		else
			result = e->folder ? 0 : add_file(r, e, f);
		if (result == -1)
			return -1;
	}
	return 0;
}
