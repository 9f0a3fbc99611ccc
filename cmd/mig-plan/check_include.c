/* psql's backslash commands in a text: \i reads another one in. */

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "include.h"

/* Files within files, and how many of them in one migration. */
#define DEPTH_MAX 32
#define FILES_MAX 10000

bool
check_is_torn(const struct text *t, const struct lex_item *item)
{
	size_t i, line = item->line + t->includes;

	if (t->included == 0 || item->line > t->included)
		return false;
	for (i = 0; item->nwords > 0 && i < item->words[0].off; i++)
		line += item->text[i] == '\n';
	return line <= t->included;
}

/* Whether nothing but blanks stands before an item in its line. */
static bool
is_first(const struct text *t, const struct lex_item *item)
{
	const char *s = t->piece.text, *end = s + t->piece.len;
	size_t line;

	if (item->line <= t->piece_fed)
		return false;
	for (line = t->piece_fed + 1; line < item->line; line++) {
		s = memchr(s, '\n', (size_t)(end - s));
		if (s == NULL)
			return false;
		s++;
	}
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s < end && *s == '\\';
}

static bool
is_loop(const struct text *t, const struct stat *st)
{
	for (; t != NULL; t = t->outer)
		if (t->dev == st->st_dev && t->ino == st->st_ino)
			return true;
	return false;
}

static struct part *
add_kid(struct text *t, char *path, size_t line)
{
	struct part *kids, *kid;

	kids = reallocarray(t->part->kids, t->part->nkids + 1, sizeof(*kids));
	if (kids == NULL)
		return NULL;
	t->part->kids = kids;
	kid = &kids[t->part->nkids++];
	memset(kid, 0, sizeof(*kid));
	kid->path = path;
	kid->line = line;
	return kid;
}

/* Check the file that \i names; `path` is owned by the part from here on. */
static int
check_kid(struct text *t, const struct lex_item *item, struct part *kid)
{
	struct fault f = FAULT_INIT;
	struct text inner;
	struct stat st;
	struct feed feed;

	/* a file that is not there is told of when it is opened */
	memset(&st, 0, sizeof(st));
	memset(&inner, 0, sizeof(inner));
	inner.p = t->p;
	inner.step = t->step;
	inner.part = kid;
	inner.outer = t;
	inner.depth = t->depth + 1;
	inner.files = t->files;
	if (stat(kid->path, &st) == 0 && is_loop(t, &st)) {
		check_bad(t, item, "a file that reads itself in", NULL);
		return 0;
	}
	if (inner.depth > DEPTH_MAX || ++*t->files > FILES_MAX) {
		check_bad(t, item, "too many files within files", NULL);
		return 0;
	}
	inner.dev = st.st_dev;
	inner.ino = st.st_ino;
	if (feed_file(&feed, kid->path, &f) == -1) {
		check_bad(t, item, f.text == NULL ? "out of memory" : f.text,
		    NULL);
		fault_free(&f);
		return 0;
	}
	return check_text(&inner, &feed);
}

static int
check_include(struct text *t, const struct lex_item *item,
    enum include_kind kind, const char *name)
{
	struct part *kid;
	char *path;

	t->included = item->line;
	t->includes++;
	if (t->step->from == TEXT_GIVEN) {
		check_bad(t, item, "\\i in a text that is in no file", NULL);
		return 0;
	}
	if (!is_first(t, item)) {
		check_bad(t, item, "\\i must be alone in its line", NULL);
		return 0;
	}
	path = include_path(kind, t->part->path, name);
	if (path == NULL)
		return fault_nomem(&t->p->f);
	kid = add_kid(t, path, check_line(t, item->line));
	if (kid == NULL) {
		free(path);
		return fault_nomem(&t->p->f);
	}
	return check_kid(t, item, kid);
}

static int
refuse_meta(struct text *t, const struct lex_item *item)
{
	char *text;
	int n = 0;

	while ((size_t)n < item->len && n < 40 &&
	    strchr(" \t\r", item->text[n]) == NULL)
		n++;
	if (asprintf(&text,
		"%.*s: of psql's commands only \\i, \\ir, "
		"\\restrict and \\unrestrict can be planned",
		n, item->text) == -1)
		return fault_nomem(&t->p->f);
	check_bad(t, item, text, NULL);
	free(text);
	return 0;
}

int
check_meta(struct text *t, const struct lex_item *item)
{
	char *name;
	int result = 0;

	switch (include_look(item, &name)) {
	case INCLUDE_NONE:
		return refuse_meta(t, item);
	case INCLUDE_SKIP:
		break;
	case INCLUDE_BAD:
		check_bad(t, item, "one file's name is wanted", NULL);
		break;
	case INCLUDE_FILE:
		result = name == NULL ?
		    fault_nomem(&t->p->f) :
		    check_include(t, item, INCLUDE_FILE, name);
		break;
	case INCLUDE_RELATIVE:
		result = name == NULL ?
		    fault_nomem(&t->p->f) :
		    check_include(t, item, INCLUDE_RELATIVE, name);
		break;
	}
	free(name);
	return result;
}
