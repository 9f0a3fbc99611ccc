/* A plan that was read, and what its actions are called. */

#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "spool.h"

static const char *const actions[] = {
	[PLAN_APPLY] = "apply",
	[PLAN_REPEAT] = "repeat",
	[PLAN_REVERT] = "revert",
	[PLAN_RESUME] = "resume",
	[PLAN_BASELINE] = "baseline",
	[PLAN_ADOPT] = "adopt",
	[PLAN_ACCEPT] = "accept",
	[PLAN_FORGET] = "forget",
	[PLAN_EXEC] = "exec",
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

const char *
plan_action_name(enum plan_action action)
{
	return actions[action];
}

int
plan_action_find(const char *name, enum plan_action *action)
{
	size_t i;

	for (i = 0; name != NULL && i < ACTIONS; i++)
		if (strcmp(actions[i], name) == 0) {
			*action = (enum plan_action)i;
			return 0;
		}
	return -1;
}

bool
plan_action_runs(enum plan_action action)
{
	switch (action) {
	case PLAN_APPLY:
	case PLAN_REPEAT:
	case PLAN_REVERT:
	case PLAN_RESUME:
	case PLAN_EXEC:
		return true;
	case PLAN_BASELINE:
	case PLAN_ADOPT:
	case PLAN_ACCEPT:
	case PLAN_FORGET:
		return false;
	}
	return false;
}
char *
plan_text_read(const struct plan *plan, const struct plan_text *t,
    struct fault *f)
{
	char *text;

	text = malloc(t->len + 1);
	if (text == NULL) {
		fault_nomem(f);
		return NULL;
	}
	if (spool_read(plan->spool, t->off, text, t->len, f) == -1) {
		free(text);
		return NULL;
	}
	text[t->len] = '\0';
	return text;
}

const char *
plan_step_label(const struct plan_step *s)
{
	if (s->m.path != NULL)
		return s->m.path;
	return s->m.name != NULL ? s->m.name : "-";
}

const char *
plan_where(const struct plan_step *s, size_t line, size_t *there)
{
	size_t i;

	for (i = s->nplaces; i > 0; i--)
		if (s->places[i - 1].at <= line) {
			*there = s->places[i - 1].line + line -
			    s->places[i - 1].at;
			return s->places[i - 1].path;
		}
	*there = line;
	return plan_step_label(s);
}

static void
free_step(struct plan_step *s)
{
	size_t i;

	for (i = 0; i < s->nplaces; i++)
		free(s->places[i].path);
	free(s->places);
	free(s->first);
	migration_free(&s->m);
}

void
plan_free(struct plan *plan)
{
	size_t i;

	free(plan->state);
	free(plan->tool.name);
	free(plan->tool.schema);
	free(plan->tool.table);
	free(plan->tool.rows);
	for (i = 0; i < plan->nneeds; i++)
		free(plan->needs[i]);
	free(plan->needs);
	for (i = 0; i < plan->nsteps; i++)
		free_step(&plan->steps[i]);
	free(plan->steps);
	spool_free(plan->spool);
	memset(plan, 0, sizeof(*plan));
}
