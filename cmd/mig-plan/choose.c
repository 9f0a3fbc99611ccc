/* Finds what the arguments name. */

#include "mig-plan.h"

#include <string.h>

#include "convention.h"

int
picture_version_cmp(const struct planner *p, const struct group *g,
    const char *a, const char *b)
{
	return convention_version_cmp(p->items[g->first].m->convention, a, b);
}

struct group *
picture_group(const struct planner *p, const char *series)
{
	size_t i;

	for (i = 0; i < p->ngroups; i++)
		if (strcmp(p->groups[i].series, series) == 0)
			return &p->groups[i];
	return NULL;
}

struct group *
picture_choose(struct planner *p, const struct chosen *c)
{
	struct group *g;

	if (c->series == NULL && p->ngroups == 1)
		return &p->groups[0];
	if (c->series == NULL) {
		fault_set(&p->f, EXIT_USAGE,
		    p->ngroups == 0 ? "%s: the listing is empty" :
				      "%s: the listing has several series",
		    c->version);
		if (p->ngroups > 0)
			fault_hint(&p->f, "say which, as in %s:%s",
			    p->groups[0].series, c->version);
		return NULL;
	}
	g = picture_group(p, c->series);
	if (g == NULL)
		fault_set(&p->f, EXIT_USAGE,
		    "%s: the listing has no such "
		    "series",
		    c->series);
	return g;
}

struct item *
picture_find(const struct planner *p, const struct group *g,
    const char *version)
{
	struct item *item, *found = NULL;
	size_t i;

	for (i = g->first; i < g->first + g->n; i++) {
		item = &p->items[i];
		if (item->m->version == NULL ||
		    picture_version_cmp(p, g, item->m->version, version) != 0)
			continue;
		/* of a B and a V of Flyway the one that counts */
		if (found == NULL || found->state == STATE_IGNORED)
			found = item;
	}
	return found;
}

static bool
is_named(const struct chosen *c, const struct item *item)
{
	const struct migration *m = item->m;

	if (c->series != NULL && strcmp(c->series, m->series) != 0)
		return false;
	if (m->version != NULL)
		return convention_version_cmp(m->convention, m->version,
			   c->version) == 0;
	return m->name != NULL && strcmp(m->name, c->version) == 0;
}

bool
picture_chosen(struct choice *choice, const struct item *item)
{
	bool chosen = false;
	size_t i;

	for (i = 0; i < choice->n; i++)
		if (is_named(&choice->items[i], item)) {
			choice->items[i].used = true;
			chosen = true;
		}
	return chosen;
}
