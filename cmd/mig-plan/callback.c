/* Flyway's callbacks, put round the steps of their series. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

/* The events that mig-plan knows, in no order. */
enum event {
	BEFORE_MIGRATE,
	BEFORE_EACH,
	AFTER_EACH,
	BEFORE_REPEATABLES,
	AFTER_APPLIED,
	AFTER_MIGRATE,
	EVENTS
};

static const char *const events[EVENTS] = { [BEFORE_MIGRATE] = "beforeMigrate",
	[BEFORE_EACH] = "beforeEachMigrate",
	[AFTER_EACH] = "afterEachMigrate",
	[BEFORE_REPEATABLES] = "beforeRepeatables",
	[AFTER_APPLIED] = "afterMigrateApplied",
	[AFTER_MIGRATE] = "afterMigrate" };

/* A callback's name is the event, and perhaps "__" and a description. */
static bool
is_event(const struct migration *m, enum event event)
{
	size_t n = strlen(events[event]);

	return m->kind == KIND_CALLBACK &&
	    strncmp(m->name, events[event], n) == 0 &&
	    (m->name[n] == '\0' || strncmp(m->name + n, "__", 2) == 0);
}

static bool
is_known(const struct migration *m)
{
	int i;

	for (i = 0; i < EVENTS; i++)
		if (is_event(m, (enum event)i))
			return true;
	return false;
}

/* What is left to do for a series. */
struct round {
	size_t group;
	size_t left; /* of its steps */
	bool begun;
	bool repeating;
};

static int
call(struct planner *p, size_t group, enum event event)
{
	const struct group *g = &p->groups[group];
	const struct migration *m;
	struct step *s;
	size_t i;

	/* callbacks come last in their group */
	for (i = g->first + g->n;
	     i > g->first && p->items[i - 1].m->kind == KIND_CALLBACK; i--)
		;
	for (; i < g->first + g->n; i++) {
		m = p->items[i].m;
		if (!is_event(m, event))
			continue;
		s = step_add(p, PLAN_EXEC, m);
		if (s == NULL)
			return -1;
		s->file = m;
		s->from = TEXT_UP;
	}
	return 0;
}

static int
before(struct planner *p, struct round *r, const struct step *s)
{
	if (!r->begun && call(p, r->group, BEFORE_MIGRATE) == -1)
		return -1;
	r->begun = true;
	if (s->m.kind == KIND_REPEATABLE && !r->repeating) {
		r->repeating = true;
		if (call(p, r->group, BEFORE_REPEATABLES) == -1)
			return -1;
	}
	return call(p, r->group, BEFORE_EACH);
}

static int
after(struct planner *p, struct round *r)
{
	if (call(p, r->group, AFTER_EACH) == -1)
		return -1;
	if (--r->left > 0)
		return 0;
	if (call(p, r->group, AFTER_APPLIED) == -1)
		return -1;
	return call(p, r->group, AFTER_MIGRATE);
}

/* The callbacks round what stopped part-way run again: it was not their end. */
static bool
is_run(const struct step *s)
{
	return s->action == PLAN_APPLY || s->action == PLAN_REPEAT ||
	    s->action == PLAN_RESUME;
}

/* Copy the steps one by one, the callbacks round them. */
static int
weave(struct planner *p, struct round *rounds, const struct step *old, size_t n)
{
	struct round *r;
	struct step *s;
	size_t i;

	for (i = 0; i < n; i++) {
		r = &rounds[picture_group(p, old[i].m.series) - p->groups];
		if (is_run(&old[i]) && before(p, r, &old[i]) == -1)
			return -1;
		s = step_add(p, old[i].action, &old[i].m);
		if (s == NULL)
			return -1;
		*s = old[i];
		if (is_run(&old[i]) && after(p, r) == -1)
			return -1;
	}
	return 0;
}

/* Whether there are callbacks at all; tells of those that are not known. */
static bool
any_callback(const struct planner *p)
{
	const struct migration *m;
	bool any = false;
	size_t i;

	for (i = 0; i < p->n; i++) {
		m = p->items[i].m;
		if (m->kind != KIND_CALLBACK)
			continue;
		any = true;
		if (p->nsteps > 0 && !is_known(m))
			note(p, "%s: not run: mig-plan has no such event",
			    m->path == NULL ? m->name : m->path);
	}
	return any;
}

int
callback_steps(struct planner *p)
{
	struct step *old = p->steps;
	struct round *rounds;
	size_t i, n = p->nsteps;
	int result;

	if (!any_callback(p) || n == 0 || p->ngroups == 0)
		return 0;
	rounds = calloc(p->ngroups, sizeof(*rounds));
	if (rounds == NULL)
		return fault_nomem(&p->f);
	for (i = 0; i < p->ngroups; i++)
		rounds[i].group = i;
	for (i = 0; i < n; i++)
		if (is_run(&old[i]))
			rounds[picture_group(p, old[i].m.series) - p->groups]
			    .left++;
	p->steps = NULL;
	p->nsteps = p->room = 0;
	result = weave(p, rounds, old, n);
	free(old);
	free(rounds);
	return result;
}
