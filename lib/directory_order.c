/* Migrations in order: duplicates, Drizzle's journal, ups and their downs. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory_journal.h"
#include "directory_reading.h"

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
refuse_equal_in(const struct migration_list *list, struct fault *f)
{
	const struct migration *a, *b;
	size_t i;

	for (i = 1; i < list->n; i++) {
		a = &list->items[i - 1];
		b = &list->items[i];
		if (!are_equal(a, b))
			continue;
		if (strcmp(a->path, b->path) == 0)
			return fault_set(f, EXIT_STREAM,
			    "%s: read twice: its directory is named twice",
			    a->path);
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
		reading_warn(r, "%s: left out: not in meta/_journal.json",
		    m->path);
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
			reading_warn(r, "%s: a down text without its up text",
			    down->path);
			continue;
		}
		r->ups.items[k].down_path = down->path;
		down->path = NULL;
	}
}

int
reading_order(struct reading *r, const char *dir, struct fault *f)
{
	sort(&r->ups);
	sort(&r->downs);
	if (r->convention->rules & RULE_NAME) {
		prefer_dialect(&r->ups);
		prefer_dialect(&r->downs);
	}
	if (heed_journal(r, dir, f) == -1)
		return -1;
	pair(r);
	return 0;
}

/* "20200101" and the name: the tool tells them apart by the whole name. */
static int
append_name(struct migration *m, struct fault *f)
{
	char *version;

	if (asprintf(&version, "%s_%s", m->version,
		m->name == NULL ? "" : m->name) == -1)
		return fault_nomem(f);
	free(m->version);
	m->version = version;
	return 0;
}

int
reading_tell_apart(struct reading *r, struct fault *f)
{
	struct migration *m = r->ups.items;
	size_t i, first = 0;

	for (i = 1; r->convention->equal && i < r->ups.n; i++) {
		if (m[i].version == NULL || m[first].version == NULL ||
		    version_cmp_of(&m[first], &m[i]) != 0)
			first = i;
		else if (append_name(&m[i], f) == -1)
			return -1;
	}
	return 0;
}

void
reading_sort(struct reading *r)
{
	sort(&r->ups);
}

int
reading_refuse_equal(const struct reading *r, struct fault *f)
{
	if (refuse_equal_in(&r->ups, f) == -1)
		return -1;
	return refuse_equal_in(&r->downs, f);
}
