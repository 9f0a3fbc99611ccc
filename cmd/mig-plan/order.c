/* What is pending, in the order in which it is to be applied. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "directive.h"
#include "source.h"

/* The pending versions of a series, in order. */
struct queue {
	struct item **items;
	size_t n;
	size_t next;  /* the first of them that is not planned */
	size_t end;   /* those from here on are not wanted now */
	bool waiting; /* for a requirement of its next one */
};

struct ordering {
	struct planner *p;
	struct queue *queues; /* one a group */
	size_t *stack;	      /* groups, each waiting for the one above */
	size_t depth;
	struct directives *directives; /* one an item */
	bool broken;
};

/* Read the directives at the head of a file. */
static void
read_directives(struct planner *p, const struct item *item,
    struct directives *d)
{
	struct source_piece piece;
	struct fault f = FAULT_INIT;
	struct source *s;
	int got = -1;

	if (item->m->sha256 == NULL) {
		complain(p, EXIT_STREAM, item, "has no text to apply");
		return;
	}
	s = source_open_part(item->m, SOURCE_UP, &f);
	while (
	    s != NULL && !d->ended && (got = source_next(s, &piece, &f)) == 1)
		if (directives_read(d, piece.text, piece.len, item->m->path,
			piece.line, &f) == -1) {
			got = -1;
			break;
		}
	if (got == -1)
		complain_fault(p, &f);
	source_close(s);
}

/* Whether this run of mig-plan may make a step of an item. */
static bool
is_wanted(const struct item *item)
{
	return item->pending && !item->planned &&
	    item->m->kind != KIND_CALLBACK;
}

static int
make_queue(struct ordering *o, const struct group *g, struct queue *q)
{
	struct item *item;
	size_t i;

	q->items = calloc(g->n + 1, sizeof(struct item *));
	if (q->items == NULL)
		return fault_nomem(&o->p->f);
	for (i = g->first; i < g->first + g->n; i++) {
		item = &o->p->items[i];
		if (is_wanted(item) && item->m->version != NULL)
			q->items[q->n++] = item;
	}
	return 0;
}

/* Where a version stands in a queue; `n` where it does not. */
static size_t
find_in_queue(const struct planner *p, const struct group *g,
    const struct queue *q, const char *version)
{
	size_t low = 0, high = q->n, middle;
	int c;

	while (low < high) {
		middle = low + (high - low) / 2;
		c = picture_version_cmp(p, g, version,
		    q->items[middle]->m->version);
		if (c == 0)
			return middle;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return q->n;
}

static int
plan_item(struct ordering *o, struct item *item)
{
	struct planner *p = o->p;
	struct step *s;

	s = step_add(p,
	    item->state == STATE_PARTIAL	 ? PLAN_RESUME :
		item->m->kind == KIND_REPEATABLE ? PLAN_REPEAT :
						   PLAN_APPLY,
	    item->m);
	if (s == NULL)
		return -1;
	if (item->state == STATE_PARTIAL && resume_begin(p, s, item) == -1)
		return -1;
	s->file = item->m;
	s->from = TEXT_UP;
	s->keep_down = item->m->down_sha256 != NULL;
	item->planned = true;
	s->out_of_order = item->out_of_order;
	return 0;
}

static bool
is_applied(const struct planner *p, const struct directive_need *need)
{
	struct migration m;

	memset(&m, 0, sizeof(m));
	m.series = need->series;
	m.version = need->version;
	return history_find(&p->history, &m) != NULL;
}

static void
refuse_cycle(struct ordering *o, const struct item *item,
    const struct item *other)
{
	complain(o->p, EXIT_STREAM, item,
	    "requires %s %s, which cannot come "
	    "before it",
	    other->m->series, other->m->version);
}

/*
 * Look for what a migration requires.  Returns 1 where another series must
 * go on first (it is pushed), 0 where there is nothing to wait for; what
 * cannot be had is complained about.
 */
static int
look_for(struct ordering *o, const struct item *item,
    const struct directive_need *need)
{
	struct planner *p = o->p;
	struct group *g;
	struct queue *q;
	size_t at;

	if (is_applied(p, need))
		return 0;
	g = picture_group(p, need->series);
	q = g == NULL ? NULL : &o->queues[g - p->groups];
	at = q == NULL ? 0 : find_in_queue(p, g, q, need->version);
	if (q == NULL || at == q->n) {
		complain(p, EXIT_STALE, item,
		    "requires %s %s, which is "
		    "neither applied nor pending",
		    need->series, need->version);
		return 0;
	}
	if (at < q->next)
		return 0;
	if (q->waiting) {
		refuse_cycle(o, item, q->items[at]);
		return 0;
	}
	q->waiting = true;
	q->end = at + 1;
	o->stack[o->depth++] = (size_t)(g - p->groups);
	return 1;
}

/* Plan the next of a queue, or push the series that it has to wait for. */
static int
advance(struct ordering *o, struct queue *q)
{
	struct item *item = q->items[q->next];
	const struct directives *d = &o->directives[item - o->p->items];
	size_t i;

	for (i = 0; i < d->nneeds; i++)
		if (look_for(o, item, &d->needs[i]) == 1)
			return 0;
	q->next++;
	return plan_item(o, item);
}

/* Plan a series up to (not with) place `end` of its queue. */
static int
plan_series(struct ordering *o, size_t group, size_t end)
{
	struct queue *q = &o->queues[group];

	q->end = end;
	q->waiting = true;
	o->stack[o->depth++] = group;
	while (o->depth > 0) {
		q = &o->queues[o->stack[o->depth - 1]];
		if (q->next >= q->end) {
			q->waiting = false;
			o->depth--;
		} else if (advance(o, q) == -1)
			return -1;
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a;
	const struct item *y = *(struct item *const *)b;
	int c = strcmp(x->m->name, y->m->name);

	return c != 0 ? c : (x > y) - (x < y);
}

/* Repeatables come last, by name. */
static int
plan_repeatables(struct ordering *o)
{
	struct planner *p = o->p;
	struct item **items;
	const struct directives *d;
	size_t i, j, n = 0;
	int result = 0;

	items = calloc(p->n + 1, sizeof(struct item *));
	if (items == NULL)
		return fault_nomem(&p->f);
	for (i = 0; i < p->n; i++)
		if (is_wanted(&p->items[i]) && p->items[i].m->version == NULL)
			items[n++] = &p->items[i];
	qsort(items, n, sizeof(struct item *), by_name);
	for (i = 0; result == 0 && i < n; i++) {
		d = &o->directives[items[i] - p->items];
		for (j = 0; j < d->nneeds; j++)
			look_for(o, items[i], &d->needs[j]);
		result = plan_item(o, items[i]);
	}
	free(items);
	return result;
}

/* --to: that series alone, and what it requires. */
static int
plan_to(struct ordering *o)
{
	struct planner *p = o->p;
	const struct chosen *c = &p->o.to.items[0];
	struct group *g;
	struct queue *q;
	struct item *item;
	size_t end = 0;

	g = picture_choose(p, c);
	if (g == NULL)
		return -1;
	item = picture_find(p, g, c->version);
	if (item == NULL) {
		fault_set(&p->f, EXIT_USAGE,
		    "--to %s: series %s has no such "
		    "version",
		    c->version, g->series);
		return fault_hint(&p->f,
		    "mig-ls DIR | mig-plan --status shows what "
		    "there is");
	}
	if (g->highest != NULL &&
	    picture_version_cmp(p, g, c->version, g->highest->m.version) < 0) {
		fault_set(&p->f, EXIT_STALE, "--to %s: %s is applied already",
		    c->version, g->highest->m.version);
		return fault_hint(&p->f, "mig-plan --revert-to goes down");
	}
	q = &o->queues[g - p->groups];
	while (end < q->n &&
	    picture_version_cmp(p, g, q->items[end]->m->version, c->version) <=
		0)
		end++;
	return plan_series(o, (size_t)(g - p->groups), end);
}

static int
plan_all(struct ordering *o)
{
	size_t i;

	if (o->p->o.to.given)
		return plan_to(o);
	for (i = 0; i < o->p->ngroups; i++)
		if (plan_series(o, i, o->queues[i].n) == -1)
			return -1;
	return plan_repeatables(o);
}

/* Keep the first steps that -n allows; those before `from` do not count. */
static void
limit(struct planner *p, size_t from)
{
	if (p->o.count == -1)
		return;
	while (p->nsteps > from &&
	    (unsigned long long)p->o.count < p->nsteps - from)
		resume_free(p->steps[--p->nsteps].resume);
}

static int
prepare(struct ordering *o)
{
	struct planner *p = o->p;
	size_t i;

	o->queues = calloc(p->ngroups + 1, sizeof(*o->queues));
	o->stack = calloc(p->ngroups + 1, sizeof(*o->stack));
	o->directives = calloc(p->n + 1, sizeof(*o->directives));
	if (o->queues == NULL || o->stack == NULL || o->directives == NULL)
		return fault_nomem(&p->f);
	for (i = 0; i < p->ngroups; i++)
		if (make_queue(o, &p->groups[i], &o->queues[i]) == -1)
			return -1;
	for (i = 0; i < p->n; i++)
		if (is_wanted(&p->items[i]))
			read_directives(p, &p->items[i], &o->directives[i]);
	return 0;
}

static void
clean_up(struct ordering *o)
{
	size_t i;

	for (i = 0; o->queues != NULL && i < o->p->ngroups; i++)
		free(o->queues[i].items);
	for (i = 0; o->directives != NULL && i < o->p->n; i++)
		directives_free(&o->directives[i]);
	free(o->queues);
	free(o->stack);
	free(o->directives);
}

int
order_steps(struct planner *p)
{
	struct ordering o;
	size_t from = p->nsteps;
	int result;

	memset(&o, 0, sizeof(o));
	o.p = p;
	result = prepare(&o);
	if (result == 0)
		result = plan_all(&o);
	clean_up(&o);
	limit(p, from);
	return result;
}
