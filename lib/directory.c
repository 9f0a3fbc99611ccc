/* Directories of migrations, read as their own tools read them. */

#include "directory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory_journal.h"
#include "directory_names.h"
#include "directory_scan.h"
#include "hash.h"
#include "mode.h"
#include "sidecar.h"
#include "source.h"

/* Reading one series. */
struct reading {
	const struct directory_options *options;
	const char *series;
	const struct convention *convention;
	bool sure;	 /* of the convention: heads are not asked */
	char *signed_by; /* a file whose head spoke for it */
	struct directory_scan scan;
	struct migration_list ups, downs;
	char **warnings;
	size_t nwarnings;
};

static void warn(struct reading *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Keep a warning; one that there is no memory for is lost.  They are told at
 * the end, since what looks wrong in one convention may be right in the next.
 */
static void
warn(struct reading *r, const char *fmt, ...)
{
	char **warnings, *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return;
	warnings = reallocarray(r->warnings, r->nwarnings + 1,
	    sizeof(*warnings));
	if (warnings == NULL) {
		free(text);
		return;
	}
	r->warnings = warnings;
	r->warnings[r->nwarnings++] = text;
}

static void
forget_warnings(struct reading *r)
{
	while (r->nwarnings > 0)
		free(r->warnings[--r->nwarnings]);
}

static void
tell_warnings(struct reading *r)
{
	size_t i;

	for (i = 0; r->options->warn != NULL && i < r->nwarnings; i++)
		r->options->warn(r->options->arg, r->warnings[i]);
	forget_warnings(r);
}

/* ------------------------------------------------------------- the names */

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
		warn(r,
		    c->folder_down != NULL &&
			    directory_holds(e->path, c->folder_down) ?
			"%s: a down text without its up text: no %s" :
			"%s: a folder without %s",
		    e->path, c->folder_up);
		return 0;
	}
	if (!convention_match(c, e->name, &x)) {
		warn(r, "%s: not a migration of %s, which are named %s",
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
		warn(r, "%s: left out: in %s a migration is named %s", e->path,
		    c->title, c->pattern);
	return 0;
}

static int
add_all(struct reading *r, struct fault *f)
{
	const struct directory_entry *e;
	size_t i;
	int result;

	forget_warnings(r);
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

/* ------------------------------------------------- order and duplicates */

static int
order(const void *a, const void *b)
{
	const struct migration *x = a, *y = b;
	int c = migration_cmp(x, y);

	if (c == 0)
		c = (int)x->kind - (int)y->kind;
	return c != 0 ? c : strcmp(x->path, y->path);
}

static int
version_cmp_of(const struct migration *a, const struct migration *b)
{
	return convention_version_cmp(a->convention, a->version, b->version);
}

/* Whether two that stand side by side in order cannot both be. */
static bool
are_equal(const struct migration *a, const struct migration *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->version != NULL && b->version != NULL &&
	    version_cmp_of(a, b) != 0)
		return false;
	if (a->version != NULL && !a->convention->equal)
		return true;
	return strcmp(a->name == NULL ? "" : a->name,
		   b->name == NULL ? "" : b->name) == 0;
}

static void
sort(struct migration_list *list)
{
	if (list->n > 0)
		qsort(list->items, list->n, sizeof(list->items[0]), order);
}

static int
refuse_equal(const struct migration_list *list, struct fault *f)
{
	const struct migration *a, *b;
	size_t i;

	for (i = 1; i < list->n; i++) {
		a = &list->items[i - 1];
		b = &list->items[i];
		if (!are_equal(a, b))
			continue;
		fault_set(f, EXIT_STREAM, "%s: has the same %s as %s", b->path,
		    b->version != NULL ? "version" : "name", a->path);
		return fault_hint(f,
		    b->version != NULL ? "give one of them "
					 "another version" :
					 "give one of them another name");
	}
	return 0;
}

/* Of pop's files of one version, the one for PostgreSQL is the one that runs. */
static void
prefer_dialect(struct migration_list *list)
{
	struct migration *m, *last;
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		m = &list->items[i];
		last = n == 0 ? NULL : &list->items[n - 1];
		if (last == NULL || version_cmp_of(last, m) != 0 ||
		    (strstr(m->path, ".postgres") == NULL) ==
			(strstr(last->path, ".postgres") == NULL)) {
			list->items[n++] = *m;
			continue;
		}
		if (strstr(m->path, ".postgres") != NULL) {
			migration_free(last);
			*last = *m;
		} else {
			migration_free(m);
		}
	}
	list->n = n;
}

/* Take out of the list what the journal does not name. */
static void
keep_named(struct reading *r, const struct journal *j)
{
	struct migration *m = r->ups.items, *to = m;
	const struct migration *end = m + r->ups.n;

	for (; m < end; m++) {
		if (journal_place(j, strrchr(m->path, '/') + 1) > 0) {
			*to++ = *m;
			continue;
		}
		warn(r, "%s: left out: not in meta/_journal.json", m->path);
		migration_free(m);
	}
	r->ups.n = (size_t)(to - r->ups.items);
}

/* The journal's order must be that of the versions: a listing has no other. */
static int
check_named(const struct reading *r, const struct journal *j, struct fault *f)
{
	const struct migration *m;
	size_t i;

	for (i = 0; i < r->ups.n; i++) {
		m = &r->ups.items[i];
		if (journal_place(j, strrchr(m->path, '/') + 1) != i + 1)
			return fault_set(f, EXIT_STREAM,
			    "%s: has another "
			    "place in meta/_journal.json, or a file is "
			    "missing: there %s comes",
			    m->path, j->tags[i]);
	}
	if (i < j->n)
		return fault_set(f, EXIT_STREAM,
		    "%s: in meta/_journal.json, "
		    "but there is no such file",
		    j->tags[i]);
	return 0;
}

/* Drizzle runs what its journal names, in the journal's order. */
static int
heed_journal(struct reading *r, const char *dir, struct fault *f)
{
	struct journal j;
	int result;

	if (strcmp(r->convention->name, "drizzle") != 0)
		return 0;
	result = journal_read(&j, dir, f);
	if (result == 0) {
		keep_named(r, &j);
		result = check_named(r, &j, f);
	}
	journal_free(&j);
	return result;
}

/* Give each up text its down text; both lists are in order. */
static void
pair(struct reading *r)
{
	struct migration *up, *down;
	size_t i, k = 0;
	int c = 1;

	for (i = 0; i < r->downs.n; i++) {
		down = &r->downs.items[i];
		for (; k < r->ups.n; k++) {
			up = &r->ups.items[k];
			c = up->kind == KIND_BASELINE ? -1 :
			    up->version == NULL	      ? 1 :
							version_cmp_of(up, down);
			if (c >= 0)
				break;
		}
		if (k == r->ups.n || c != 0) {
			warn(r, "%s: a down text without its up text",
			    down->path);
			continue;
		}
		r->ups.items[k].down_path = down->path;
		down->path = NULL;
	}
}

/* -------------------------------------------------------------- the texts */

/* Reading one text: what is made of it on the way. */
struct text {
	struct hash up, down;
	struct directives down_head;
	struct mode *mode;
};

/*
 * While the convention is not sure, see whether the head of a file speaks for
 * another.  Returns 0, 1 where all is to be read again, or -1.
 */
static int
look_for_sign(struct reading *r, const struct migration *m,
    const struct source_piece *piece, struct fault *f)
{
	const struct convention *c;

	if (r->sure || piece->line != 1)
		return 0;
	c = directory_sign(piece->text, piece->len);
	if (c == NULL)
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

static int
feed(struct text *t, const struct migration *m,
    const struct source_piece *piece, struct fault *f)
{
	if (piece->part == SOURCE_UP) {
		hash_add(&t->up, piece->text, piece->len);
		return mode_feed(t->mode, piece, f);
	}
	hash_add(&t->down, piece->text, piece->len);
	return directives_read(&t->down_head, piece->text, piece->len, m->path,
	    piece->line, f);
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
		warn(r, "%s.conf: %s is not known, and passed over", m->path,
		    side.setting);
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

static int
read_up(struct reading *r, struct migration *m, struct fault *f)
{
	struct text t = { .down_head = DIRECTIVES_INIT };
	struct source *s;
	int result;

	s = source_open(m->path, r->convention, SOURCE_BOTH, f);
	if (s == NULL)
		return -1;
	hash_init(&t.up);
	hash_init(&t.down);
	t.mode = mode_new(r->convention, m->path);
	result = t.mode == NULL ? fault_nomem(f) : feed_all(r, &t, m, s, f);
	if (result == 0)
		result = settle(r, m, &t, s, f);
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
		if (directives_read(&t.down_head, piece.text, piece.len,
			m->down_path, piece.line, f) == -1)
			break;
	}
	source_close(s);
	directives_free(&t.down_head);
	if (n != 0)
		return -1;
	m->down_sha256 = digest(&t.down);
	return m->down_sha256 == NULL ? fault_nomem(f) : 0;
}

/* Returns 0, 1 where another convention showed itself, or -1. */
static int
read_texts(struct reading *r, struct fault *f)
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

/* --------------------------------------------------------- the directories */

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
		if (add_all(r, f) == -1)
			return -1;
		sort(&r->ups);
		sort(&r->downs);
		if (r->convention->rules & RULE_NAME) {
			prefer_dialect(&r->ups);
			prefer_dialect(&r->downs);
		}
		if (heed_journal(r, dir, f) == -1)
			return -1;
		pair(r);
		n = read_texts(r, f);
	} while (n == 1);
	if (n == 0 &&
	    (refuse_equal(&r->ups, f) == -1 ||
		refuse_equal(&r->downs, f) == -1))
		return -1;
	return n;
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
	tell_warnings(r);
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
	if (result == 0)
		result = hand_over(&r, list, f);
	*found = r.convention;
	reading_free(&r);
	return result;
}

/* Ask the head of the last text for its convention, where that is not sure. */
static int
ask_last(struct reading *r, struct fault *f)
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
	while (result == 0) {
		result = add_all(&r, f);
		if (result == -1)
			break;
		sort(&r.ups);
		sort(&r.downs);
		pair(&r);
		result = ask_last(&r, f);
		if (result == 0)
			break;
		if (result == 1)
			result = 0;
	}
	if (result == 0)
		result = hand_over(&r, list, f);
	*found = r.convention;
	reading_free(&r);
	free(dirs[0]);
	return result;
}
