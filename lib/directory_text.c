/* What the texts of migrations say. */

#include <stdlib.h>
#include <string.h>

#include "directory_reading.h"
#include "hash.h"
#include "mode.h"
#include "sidecar.h"
#include "source.h"
#include "text.h"

/* Reading one text: what is made of it on the way. */
struct text {
	struct hash up, down;
	struct directives down_head;
	struct mode *mode;
};

/*
 * While the convention is not sure, see whether the head of a file speaks for
 * another; not for one that has no down files, where there are some: it would
 * run them as up files.  Returns 0, 1 where all is to be read again, or -1.
 */
static int
look_for_sign(struct reading *r, const struct migration *m,
    const struct source_piece *piece, struct fault *f)
{
	const struct convention *c;

	if (r->sure || piece->line != 1)
		return 0;
	c = directory_sign(piece->text, piece->len);
	if (c == NULL || (r->downs.n > 0 && c->down == NULL))
		return 0;
	if (r->signed_by != NULL && c != r->convention) {
		fault_set(f, EXIT_STREAM,
		    "%s: is written for %s, but %s "
		    "for %s",
		    m->path, c->title, r->signed_by, r->convention->title);
		return fault_hint(f, "say which it is with -f");
	}
	if (r->signed_by == NULL)
		r->signed_by = strdup(m->path);
	if (r->signed_by == NULL)
		return fault_nomem(f);
	if (c == r->convention)
		return 0;
	r->convention = c;
	return 1;
}

/* Only an up text says what kind of migration it is. */
static int
read_down_head(struct directives *d, const char *path,
    const struct source_piece *piece, struct fault *f)
{
	if (directives_read(d, piece->text, piece->len, path, piece->line, f) ==
	    -1)
		return -1;
	if (d->repeatable == 0)
		return 0;
	return fault_set(f, EXIT_STREAM,
	    "%s:%zu: -- mig: repeatable: in a "
	    "down text",
	    path, d->repeatable);
}

static int
feed(struct text *t, const struct migration *m,
    const struct source_piece *piece, struct fault *f)
{
	if (piece->part == SOURCE_UP) {
		hash_add(&t->up, piece->text, piece->len);
		return mode_feed(t->mode, piece, f);
	}
	hash_add(&t->down, piece->text, piece->len);
	return read_down_head(&t->down_head, m->path, piece, f);
}

/* Returns 0 at the end of the text, 1 to begin anew, or -1. */
static int
feed_all(struct reading *r, struct text *t, const struct migration *m,
    struct source *s, struct fault *f)
{
	struct source_piece piece;
	int n;

	while ((n = source_next(s, &piece, f)) == 1) {
		n = look_for_sign(r, m, &piece, f);
		if (n != 0)
			return n;
		if (feed(t, m, &piece, f) == -1)
			return -1;
	}
	return n;
}

static char *
digest(struct hash *h)
{
	char hex[HASH_HEX];

	hash_hex(h, hex);
	return strdup(hex);
}

static int
set_mode(struct reading *r, struct migration *m, struct text *t, bool none,
    struct fault *f)
{
	struct sidecar side;

	if (sidecar_read(&side, m->convention, m->path, f) == -1)
		return -1;
	if (side.unknown)
		reading_warn(r, "%s.conf: %s is not known, and passed over",
		    m->path, side.setting);
	if (side.raw)
		m->convention = convention_find("flyway-raw");
	m->mode = mode_end(t->mode, none, side.mode, r->options->mode);
	return 0;
}

static int
settle(struct reading *r, struct migration *m, struct text *t,
    const struct source *s, struct fault *f)
{
	if (set_mode(r, m, t, source_says_none(s, SOURCE_UP), f) == -1)
		return -1;
	m->sha256 = digest(&t->up);
	if (m->sha256 == NULL)
		return fault_nomem(f);
	if (!source_has_down(s))
		return 0;
	if (m->down_path != NULL)
		return fault_set(f, EXIT_STREAM,
		    "%s: has a down text in "
		    "itself and another in %s",
		    m->path, m->down_path);
	m->down_path = strdup(m->path);
	m->down_sha256 = digest(&t->down);
	if (m->down_path == NULL || m->down_sha256 == NULL)
		return fault_nomem(f);
	return 0;
}

/*
 * A repeatable has no version: its name is that of the file, number and all,
 * so that two of them in a directory are told apart.
 */
static int
make_repeatable(struct migration *m, struct fault *f)
{
	const char *file = strrchr(m->path, '/') + 1;
	char *name;

	name = strndup(file, strlen(file) - strlen(".sql"));
	if (name == NULL)
		return fault_nomem(f);
	free(m->name);
	free(m->version);
	m->name = name;
	m->version = NULL;
	m->kind = KIND_REPEATABLE;
	return 0;
}

/* Heed -- mig: repeatable where that means something. */
static int
heed_kind(struct migration *m, const struct directives *head, struct fault *f)
{
	if (head->repeatable == 0)
		return 0;
	if (m->convention->sections != SECTIONS_PLAIN)
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: -- mig: repeatable: in the plain convention only",
		    m->path, head->repeatable);
	if (m->down_path == NULL)
		return make_repeatable(m, f);
	fault_set(f, EXIT_STREAM,
	    "%s:%zu: -- mig: repeatable: has a down text, but a repeatable is "
	    "not taken back",
	    m->path, head->repeatable);
	return fault_hint(f, "to undo it, change its text");
}

/* The history is UTF-8, and so is the path in it: say so before it is late. */
static int
check_path(const char *path, struct fault *f)
{
	const char *s;
	size_t n;

	for (s = path; *s != '\0'; s += n) {
		n = text_utf8(s, strlen(s));
		if (n == 0) {
			fault_set(f, EXIT_STREAM,
			    "%s: the name is not "
			    "well-formed UTF-8",
			    path);
			return fault_hint(f, "rename it");
		}
	}
	return 0;
}

static int
read_up(struct reading *r, struct migration *m, struct fault *f)
{
	struct text t = { .down_head = DIRECTIVES_INIT };
	struct source *s;
	int result;

	if (check_path(m->path, f) == -1 ||
	    (m->down_path != NULL && check_path(m->down_path, f) == -1))
		return -1;
	s = source_open(m->path, r->convention, SOURCE_BOTH, f);
	if (s == NULL)
		return -1;
	hash_init(&t.up);
	hash_init(&t.down);
	t.mode = mode_new(r->convention, m->path);
	result = t.mode == NULL ? fault_nomem(f) : feed_all(r, &t, m, s, f);
	if (result == 0)
		result = settle(r, m, &t, s, f);
	if (result == 0)
		result = heed_kind(m, mode_head(t.mode), f);
	directives_free(&t.down_head);
	mode_free(t.mode);
	source_close(s);
	return result;
}

static int
read_down(struct migration *m, struct fault *f)
{
	struct text t = { .down_head = DIRECTIVES_INIT };
	struct source_piece piece;
	struct source *s;
	int n;

	s = source_open(m->down_path, m->convention, SOURCE_WHOLE, f);
	if (s == NULL)
		return -1;
	hash_init(&t.down);
	while ((n = source_next(s, &piece, f)) == 1) {
		hash_add(&t.down, piece.text, piece.len);
		if (read_down_head(&t.down_head, m->down_path, &piece, f) == -1)
			break;
	}
	source_close(s);
	directives_free(&t.down_head);
	if (n != 0)
		return -1;
	m->down_sha256 = digest(&t.down);
	return m->down_sha256 == NULL ? fault_nomem(f) : 0;
}

int
reading_texts(struct reading *r, struct fault *f)
{
	struct migration *m;
	size_t i;
	int n;

	for (i = 0; i < r->ups.n; i++) {
		m = &r->ups.items[i];
		n = read_up(r, m, f);
		if (n != 0)
			return n;
		if (m->down_path != NULL && m->down_sha256 == NULL &&
		    read_down(m, f) == -1)
			return -1;
	}
	return 0;
}

int
reading_ask_last(struct reading *r, struct fault *f)
{
	struct source_piece piece;
	const struct migration *m;
	struct source *s;
	int n;

	if (r->sure || r->ups.n == 0)
		return 0;
	m = &r->ups.items[r->ups.n - 1];
	s = source_open(m->path, r->convention, SOURCE_BOTH, f);
	if (s == NULL)
		return -1;
	n = source_next(s, &piece, f);
	if (n == 1)
		n = look_for_sign(r, m, &piece, f);
	source_close(s);
	return n;
}

/* Read a head alone, to its first statement. */
static int
last_kind(struct migration *m, struct fault *f)
{
	struct directives head = DIRECTIVES_INIT;
	struct source_piece piece;
	struct source *s;
	int n = -1;

	s = source_open(m->path, m->convention, SOURCE_UP, f);
	while (s != NULL && !head.ended && (n = source_next(s, &piece, f)) == 1)
		if (directives_read(&head, piece.text, piece.len, m->path,
			piece.line, f) == -1) {
			n = -1;
			break;
		}
	if (n != -1)
		n = heed_kind(m, &head, f);
	directives_free(&head);
	source_close(s);
	return n;
}

int
reading_last_kinds(struct reading *r, struct fault *f)
{
	size_t i;

	if (r->convention->sections != SECTIONS_PLAIN)
		return 0;
	for (i = r->ups.n; i-- > 0;)
		if (last_kind(&r->ups.items[i], f) == -1)
			return -1;
		else if (r->ups.items[i].kind != KIND_REPEATABLE)
			break;
	return 0;
}
