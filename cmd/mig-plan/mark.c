/* Steps that run nothing: accept, baseline, forget. */

#include "mig-plan.h"

#include <string.h>

int
mark(struct planner *p, enum plan_action action, struct item *item)
{
	struct step *s;

	s = step_add(p, action, item->m);
	if (s == NULL)
		return -1;
	s->file = item->m;
	s->keep_up = true;
	s->keep_down = item->m->down_sha256 != NULL;
	item->planned = true;
	return 0;
}

/* Without a name all edited files; a repeatable only by its name. */
static bool
is_accepted(struct planner *p, const struct item *item)
{
	if (item->state == STATE_CHANGED)
		return p->o.accept.all || picture_chosen(&p->o.accept, item);
	return item->state == STATE_REPEAT && item->entry != NULL &&
	    picture_chosen(&p->o.accept, item);
}

int
accept_steps(struct planner *p)
{
	size_t i;

	if (!p->o.accept.given)
		return 0;
	for (i = 0; i < p->n; i++)
		if (is_accepted(p, &p->items[i]) &&
		    mark(p, PLAN_ACCEPT, &p->items[i]) == -1)
			return -1;
	refuse_unused(p, &p->o.accept, "--accept", "edited migration");
	return 0;
}

int
baseline_steps(struct planner *p)
{
	const struct chosen *c = &p->o.baseline.items[0];
	struct group *g;
	struct item *item;
	size_t i;

	g = picture_choose(p, c);
	if (g == NULL)
		return -1;
	item = picture_find(p, g, c->version);
	if (item == NULL || !item->listed) {
		fault_set(&p->f, EXIT_USAGE,
		    "--baseline %s: the listing has "
		    "no such version of series %s",
		    c->version, g->series);
		return fault_hint(&p->f,
		    "mig-ls DIR | mig-plan --status shows what "
		    "there is");
	}
	for (i = g->first; i < g->first + g->n; i++) {
		item = &p->items[i];
		if (item->entry != NULL || item->m->kind != KIND_VERSIONED ||
		    item->state == STATE_IGNORED ||
		    picture_version_cmp(p, g, item->m->version, c->version) > 0)
			continue;
		if (mark(p, PLAN_BASELINE, item) == -1)
			return -1;
	}
	return 0;
}

/* A step that forgets what failed or stopped part-way. */
static int
forget(struct planner *p, struct item *item)
{
	struct step *s;

	s = step_add(p, PLAN_FORGET, item->m);
	if (s == NULL)
		return -1;
	s->m.sha256 = item->open->sha256;
	item->planned = true;
	return 0;
}

/* What stopped part-way and stands neither in the listing nor as applied. */
static int
forget_unlisted(struct planner *p, const struct history_open *o)
{
	struct migration m;
	struct item item;

	memset(&m, 0, sizeof(m));
	m.series = o->series;
	m.version = o->version;
	m.name = o->name;
	m.kind = o->version == NULL ? KIND_REPEATABLE : KIND_VERSIONED;
	m.mode = MODE_NONE;
	memset(&item, 0, sizeof(item));
	item.m = &m;
	item.open = o;
	if (!p->o.forget.all && !picture_chosen(&p->o.forget, &item))
		return 0;
	return forget(p, &item);
}

static bool
is_known(const struct planner *p, const struct history_open *o)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->items[i].open == o)
			return true;
	return false;
}

int
forget_steps(struct planner *p)
{
	struct item *item;
	size_t i;

	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (item->open == NULL ||
		    (!p->o.forget.all && !picture_chosen(&p->o.forget, item)))
			continue;
		if (forget(p, item) == -1)
			return -1;
	}
	for (i = 0; i < p->history.nopen; i++)
		if (!is_known(p, &p->history.open[i]) &&
		    forget_unlisted(p, &p->history.open[i]) == -1)
			return -1;
	refuse_unused(p, &p->o.forget, "--forget",
	    "migration that stopped part-way");
	return 0;
}
