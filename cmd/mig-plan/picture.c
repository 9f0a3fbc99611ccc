/* What the listing and the history together say of each migration. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "version.h"

/* A migration of the listing on its way into its group. */
struct listed {
	const struct migration *m;
	size_t place; /* in the listing */
	size_t group;
};

static const char *const names[] = { [STATE_APPLIED] = "applied",
	[STATE_BASELINE] = "baseline",
	[STATE_PENDING] = "pending",
	[STATE_REPEAT] = "repeat",
	[STATE_OUT_OF_ORDER] = "out-of-order",
	[STATE_FAILED] = "failed",
	[STATE_PARTIAL] = "partial",
	[STATE_CHANGED] = "changed",
	[STATE_MISSING] = "missing",
	[STATE_IGNORED] = "ignored" };

const char *
state_name(enum state state)
{
	return names[state];
}

static int
by_series(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int c = strcmp(x->m->series, y->m->series);

	return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

/* As the history tells migrations apart, besides their series. */
static int
key_cmp(const struct migration *a, const struct migration *b)
{
	int c = (a->kind > b->kind) - (a->kind < b->kind);

	if (c != 0)
		return c;
	return a->version == NULL || b->version == NULL ?
	    strcmp(a->name, b->name) :
	    version_cmp(a->version, b->version);
}

static int
by_key(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int c = (x->group > y->group) - (x->group < y->group);

	if (c == 0)
		c = key_cmp(x->m, y->m);
	return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

/* Refuse two of one version: the history could not tell them apart. */
static int
refuse_equal(struct planner *p, const struct listed *listed)
{
	const struct migration *a, *b;
	size_t i;

	for (i = 1; i < p->list.n; i++) {
		a = listed[i - 1].m;
		b = listed[i].m;
		if (listed[i - 1].group != listed[i].group ||
		    a->kind == KIND_CALLBACK || key_cmp(a, b) != 0)
			continue;
		fault_set(&p->f, EXIT_STREAM,
		    "%s: the listing has %s %s of "
		    "series %s twice",
		    b->path == NULL ? "-" : b->path,
		    b->version == NULL ? "repeatable" : "version",
		    b->version == NULL ? b->name : a->version, b->series);
		return fault_detail(&p->f, a->path == NULL ? "-" : a->path);
	}
	return 0;
}

/* Series in the order of the listing, each in the order of its versions. */
static int
by_group(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int c = (x->group > y->group) - (x->group < y->group);

	if (c == 0)
		c = migration_cmp(x->m, y->m);
	return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

/*
 * Sort what was listed; `group` is then the place in the listing where its
 * series begins.
 */
static int
sort_listed(struct planner *p, struct listed *listed)
{
	size_t i;

	for (i = 0; i < p->list.n; i++) {
		listed[i].m = &p->list.items[i];
		listed[i].place = i;
		if (listed[i].m->series == NULL) {
			fault_set(&p->f, EXIT_STREAM,
			    "%s: a migration without a series",
			    listed[i].m->name);
			return -1;
		}
	}
	qsort(listed, p->list.n, sizeof(*listed), by_series);
	for (i = 0; i < p->list.n; i++)
		listed[i].group = i > 0 &&
			strcmp(listed[i].m->series, listed[i - 1].m->series) ==
			    0 ?
		    listed[i - 1].group :
		    listed[i].place;
	qsort(listed, p->list.n, sizeof(*listed), by_key);
	if (refuse_equal(p, listed) == -1)
		return -1;
	qsort(listed, p->list.n, sizeof(*listed), by_group);
	return 0;
}

/* What the history has of a migration: a B of Flyway is no V. */
static const struct history_entry *
find_entry(const struct planner *p, const struct migration *m)
{
	const struct history_entry *e;

	if (m->kind == KIND_CALLBACK)
		return NULL;
	e = history_find(&p->history, m);
	if (e != NULL &&
	    (e->m.kind == KIND_BASELINE) != (m->kind == KIND_BASELINE))
		return NULL;
	return e;
}

static struct item *
add_item(struct planner *p, const struct migration *m,
    const struct history_entry *e)
{
	struct item *item = &p->items[p->n++];

	item->m = m;
	item->entry = e;
	item->group = p->ngroups - 1;
	if (m->kind != KIND_CALLBACK)
		item->open = history_find_open(&p->history, m);
	return item;
}

/* The entries of a series: they stand together in the history. */
static void
find_entries(const struct planner *p, const char *series, size_t *from,
    size_t *to)
{
	const struct history *h = &p->history;
	size_t low = 0, high = h->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(h->entries[middle].m.series, series) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*from = *to = low;
	while (*to < h->n && strcmp(h->entries[*to].m.series, series) == 0)
		++*to;
}

static int
item_cmp(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = migration_cmp(x->m, y->m);

	return c != 0 ? c : (x->m > y->m) - (x->m < y->m);
}

static bool
is_item(const struct planner *p, const struct group *g,
    const struct history_open *o)
{
	size_t i;

	for (i = g->first; i < p->n; i++)
		if (p->items[i].open == o)
			return true;
	return false;
}

/* Add what stopped part-way in a series, and is neither listed nor applied. */
static bool
add_stopped(struct planner *p, const struct group *g)
{
	const struct history_open *o;
	struct migration *m;
	bool any = false;
	size_t i;

	for (i = 0; i < p->history.nopen; i++) {
		o = &p->history.open[i];
		/* a callback begins anew */
		if (o->statements == 0 || strcmp(o->series, g->series) != 0 ||
		    strcmp(o->action, "exec") == 0 || is_item(p, g, o))
			continue;
		any = true;
		m = &p->stopped[i];
		m->series = o->series;
		m->version = o->version;
		m->name = o->name;
		m->kind = o->version == NULL ? KIND_REPEATABLE : KIND_VERSIONED;
		m->mode = MODE_NONE;
		m->convention = p->items[g->first].m->convention;
		add_item(p, m, NULL);
	}
	return any;
}

/*
 * Add what is applied in a series, or stopped there, but not listed, each in
 * its place.
 */
static void
add_missing(struct planner *p, struct group *g, const bool *seen)
{
	size_t i, from, to;
	bool any = false;

	find_entries(p, g->series, &from, &to);
	for (i = from; i < to; i++) {
		if (seen[i])
			continue;
		any = true;
		add_item(p, &p->history.entries[i].m, &p->history.entries[i]);
	}
	any |= add_stopped(p, g);
	g->n = p->n - g->first;
	if (any)
		qsort(p->items + g->first, g->n, sizeof(*p->items), item_cmp);
}

static bool
is_higher(const struct planner *p, const struct group *g,
    const struct history_entry *a, const struct history_entry *b)
{
	return b == NULL ||
	    picture_version_cmp(p, g, a->m.version, b->m.version) > 0;
}

/* The highest version that is applied, and the highest baseline of Flyway. */
static void
find_highest(struct planner *p, struct group *g)
{
	const struct history_entry *e;
	size_t i, from, to;

	find_entries(p, g->series, &from, &to);
	for (i = from; i < to; i++) {
		e = &p->history.entries[i];
		if (e->m.version == NULL)
			continue;
		if (is_higher(p, g, e, g->highest))
			g->highest = e;
		if (e->m.kind == KIND_BASELINE &&
		    is_higher(p, g, e, g->baseline))
			g->baseline = e;
	}
}

static int
add_group(struct planner *p, const struct listed *listed, size_t n, bool *seen)
{
	struct group *g = &p->groups[p->ngroups++];
	const struct history_entry *e;
	size_t i;

	g->series = listed->m->series;
	g->first = p->n;
	for (i = 0; i < n; i++) {
		e = find_entry(p, listed[i].m);
		if (e != NULL)
			seen[e - p->history.entries] = true;
		add_item(p, listed[i].m, e)->listed = true;
	}
	add_missing(p, g, seen);
	find_highest(p, g);
	return 0;
}

static int
make_groups(struct planner *p, const struct listed *listed, bool *seen)
{
	size_t i, n;

	for (i = 0; i < p->list.n; i += n) {
		n = 1;
		while (
		    i + n < p->list.n && listed[i + n].group == listed[i].group)
			n++;
		if (add_group(p, &listed[i], n, seen) == -1)
			return -1;
	}
	return 0;
}

/* Flyway: of an empty series the newest B runs, and stands for the rest. */
static const struct migration *
first_baseline(const struct planner *p, const struct group *g)
{
	const struct migration *m, *newest = NULL;
	size_t i;

	if (g->highest != NULL)
		return NULL;
	for (i = g->first; i < g->first + g->n; i++) {
		m = p->items[i].m;
		if (m->kind == KIND_BASELINE)
			newest = m;
	}
	return newest;
}

/* Whether a version is one that Flyway's baseline stands for. */
static bool
is_covered(const struct planner *p, const struct group *g,
    const struct item *item, const struct migration *b)
{
	if (b == NULL && g->baseline != NULL)
		b = &g->baseline->m;
	if (item->m->kind == KIND_BASELINE)
		return item->m != b;
	return b != NULL &&
	    picture_version_cmp(p, g, item->m->version, b->version) <= 0;
}

static enum state
state_of_applied(const struct item *item)
{
	const struct history_entry *e = item->entry;

	if (!item->listed)
		return STATE_MISSING;
	if (e->m.sha256 != NULL && item->m->sha256 != NULL &&
	    strcmp(e->m.sha256, item->m->sha256) != 0)
		return item->m->kind == KIND_REPEATABLE ? STATE_REPEAT :
							  STATE_CHANGED;
	return strcmp(e->action, "baseline") == 0 ? STATE_BASELINE :
						    STATE_APPLIED;
}

static enum state
state_of_new(const struct planner *p, const struct group *g,
    const struct item *item, const struct migration *b)
{
	switch (item->m->kind) {
	case KIND_CALLBACK:
		return STATE_IGNORED;
	case KIND_REPEATABLE:
		return STATE_REPEAT;
	case KIND_VERSIONED:
	case KIND_BASELINE:
		break;
	}
	if (is_covered(p, g, item, b))
		return STATE_IGNORED;
	if (g->highest != NULL &&
	    picture_version_cmp(p, g, item->m->version, g->highest->m.version) <
		0)
		return STATE_OUT_OF_ORDER;
	return STATE_PENDING;
}

static void
set_state(struct planner *p, const struct group *g, struct item *item,
    const struct migration *b)
{
	item->state = item->entry != NULL ? state_of_applied(item) :
					    state_of_new(p, g, item, b);
	item->out_of_order = item->state == STATE_OUT_OF_ORDER;
	item->pending = (item->listed || item->entry != NULL) &&
	    (item->state == STATE_PENDING || item->state == STATE_REPEAT ||
		item->out_of_order);
	if (item->open != NULL && item->open->statements > 0)
		item->state = STATE_PARTIAL;
	else if (item->open != NULL && item->open->failed && item->pending &&
	    !item->out_of_order)
		item->state = STATE_FAILED;
}

static void
set_states(struct planner *p)
{
	const struct migration *b;
	struct group *g;
	size_t i, j;

	for (i = 0; i < p->ngroups; i++) {
		g = &p->groups[i];
		b = first_baseline(p, g);
		for (j = g->first; j < g->first + g->n; j++)
			set_state(p, g, &p->items[j], b);
	}
}

int
picture_make(struct planner *p)
{
	struct listed *listed;
	bool *seen;
	int result = -1;

	listed = calloc(p->list.n + 1, sizeof(*listed));
	seen = calloc(p->history.n + 1, sizeof(*seen));
	p->items = calloc(p->list.n + p->history.n + p->history.nopen + 1,
	    sizeof(*p->items));
	p->stopped = calloc(p->history.nopen + 1, sizeof(*p->stopped));
	p->groups = calloc(p->list.n + 1, sizeof(*p->groups));
	if (listed == NULL || seen == NULL || p->items == NULL ||
	    p->stopped == NULL || p->groups == NULL)
		fault_nomem(&p->f);
	else if (sort_listed(p, listed) == 0 &&
	    make_groups(p, listed, seen) == 0)
		result = 0;
	if (result == 0)
		set_states(p);
	free(listed);
	free(seen);
	return result;
}
