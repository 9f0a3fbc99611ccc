/* The steps of a plan, and the variables that they need. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

struct step *
step_add(struct planner *p, enum plan_action action, const struct migration *m)
{
	struct step *steps, *s;
	size_t room;

	if (p->nsteps == p->room) {
		room = p->room == 0 ? 64 : p->room * 2;
		steps = reallocarray(p->steps, room, sizeof(*steps));
		if (steps == NULL) {
			fault_nomem(&p->f);
			return NULL;
		}
		p->steps = steps;
		p->room = room;
	}
	s = &p->steps[p->nsteps++];
	memset(s, 0, sizeof(*s));
	s->action = action;
	s->m = *m;
	return s;
}

static void
free_kids(struct part *part)
{
	size_t i;

	for (i = 0; i < part->nkids; i++) {
		free_kids(&part->kids[i]);
		free(part->kids[i].path);
	}
	free(part->kids);
}

void
steps_free(struct planner *p)
{
	size_t i;

	for (i = 0; i < p->nsteps; i++) {
		free(p->steps[i].text);
		resume_free(p->steps[i].resume);
		free_kids(&p->steps[i].part);
	}
	free(p->steps);
	for (i = 0; i < p->nneeds; i++)
		free(p->needs[i]);
	free(p->needs);
}

/* Where a name stands among the sorted ones, or should. */
static size_t
place_of(const struct planner *p, const char *name, bool *there)
{
	size_t low = 0, high = p->nneeds, middle;
	int c;

	*there = false;
	while (low < high) {
		middle = low + (high - low) / 2;
		c = strcmp(name, p->needs[middle]);
		if (c == 0) {
			*there = true;
			return middle;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int
need_add(struct planner *p, const char *name, size_t len)
{
	char *copy, **needs;
	size_t at;
	bool there;

	copy = strndup(name, len);
	if (copy == NULL)
		return fault_nomem(&p->f);
	at = place_of(p, copy, &there);
	if (there) {
		free(copy);
		return 0;
	}
	needs = reallocarray(p->needs, p->nneeds + 1, sizeof(*needs));
	if (needs == NULL) {
		free(copy);
		return fault_nomem(&p->f);
	}
	p->needs = needs;
	memmove(needs + at + 1, needs + at, (p->nneeds - at) * sizeof(*needs));
	needs[at] = copy;
	p->nneeds++;
	return 0;
}
