/* Taking migrations back. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "mode.h"

/* The newest first. */
static int
newest_first(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a;
	const struct item *y = *(struct item *const *)b;

	return (x->entry->since < y->entry->since) -
	    (x->entry->since > y->entry->since);
}

static bool
is_reverted(const struct planner *p, const struct item *item,
    const struct group *g, const char *version)
{
	if (item->entry == NULL || item->m->version == NULL)
		return false;
	if (g == NULL)
		return true;
	if (&p->groups[item->group] != g)
		return false;
	return version == NULL ||
	    picture_version_cmp(p, g, item->m->version, version) > 0;
}

/* Whether a text that the listing has is the one that was applied. */
static bool
is_same(const struct item *item)
{
	const char *then = item->entry->m.sha256, *now = item->m->sha256;

	return item->listed &&
	    (then == NULL || now == NULL || strcmp(then, now) == 0);
}

static int
from_file(struct planner *p, const struct item *item)
{
	const char *then = item->entry->m.down_sha256;
	enum migration_mode mode;
	struct step *s;

	if (mode_of_down(item->m, &mode, &p->f) == -1)
		return -1;
	s = step_add(p, PLAN_REVERT, item->m);
	if (s == NULL)
		return -1;
	s->file = item->m;
	s->from = TEXT_DOWN;
	s->m.mode = mode;
	s->m.sha256 = item->m->down_sha256;
	s->m.path = item->m->down_path;
	if (then != NULL && strcmp(then, item->m->down_sha256) != 0)
		note(p,
		    "%s: the down text has changed since it was applied: "
		    "the file's is taken",
		    item->m->down_path);
	return 0;
}

/*
 * The mode of a down text that is in no file: what it says itself, else, where
 * up and down stood in one file, what that said of both.
 */
static int
mode_of_text(struct planner *p, const struct migration *m, const char *text,
    enum migration_mode *mode)
{
	struct source_piece piece = { text, strlen(text), 1, SOURCE_DOWN };
	enum migration_mode otherwise = MODE_TX;
	struct mode *state;
	int result;

	if (m->mode == MODE_NONE && m->path != NULL && m->down_path != NULL &&
	    strcmp(m->path, m->down_path) == 0)
		otherwise = MODE_NONE;
	state = mode_new(m->convention, m->name == NULL ? "-" : m->name);
	if (state == NULL)
		return fault_nomem(&p->f);
	result = mode_feed(state, &piece, &p->f);
	if (result == 0)
		*mode = mode_end(state, false, SIDECAR_SILENT, otherwise);
	mode_free(state);
	return result;
}

static int
from_history(struct planner *p, const struct item *item)
{
	const struct migration *m = &item->entry->m;
	enum migration_mode mode = MODE_TX;
	struct step *s;
	char *text;

	text = history_text(p->conn, item->entry->seq, true, &p->f);
	if (text == NULL && (p->f.code != EXIT_DONE || p->f.nomem))
		return -1;
	if (text == NULL) {
		complain(p, EXIT_STALE, item,
		    "the down text was too long "
		    "for the history, and there is no file");
		return 0;
	}
	if (mode_of_text(p, m, text, &mode) == -1 ||
	    (s = step_add(p, PLAN_REVERT, m)) == NULL) {
		free(text);
		return -1;
	}
	s->from = TEXT_GIVEN;
	s->text = text;
	s->m.mode = mode;
	s->m.sha256 = m->down_sha256;
	s->m.path = NULL;
	note(p, "%s %s: %s: the history's down text is taken", m->series,
	    m->version,
	    !item->listed     ? "not in the listing" :
		is_same(item) ? "the file has no down text" :
				"the file was changed");
	return 0;
}

/* One that stopped part-way goes on, in the step that was just made of it. */
static int
go_on(struct planner *p, struct item *item)
{
	if (item->state != STATE_PARTIAL || p->code != EXIT_DONE)
		return 0;
	return resume_begin(p, &p->steps[p->nsteps - 1], item);
}

static int
revert(struct planner *p, struct item *item)
{
	if (is_same(item) && item->m->down_sha256 != NULL)
		return from_file(p, item) == -1 ? -1 : go_on(p, item);
	if (item->entry->m.down_sha256 != NULL)
		return from_history(p, item) == -1 ? -1 : go_on(p, item);
	complain(p, EXIT_STALE, item,
	    "there is no down text, neither in a "
	    "file nor in the history");
	return 0;
}

/* The version to go down to; NULL with 0: all.  Returns 0, or -1. */
static int
find_floor(struct planner *p, struct group **g, const char **version)
{
	const struct chosen *c = &p->o.revert_to.items[0];
	const struct item *item;

	*g = picture_choose(p, c);
	if (*g == NULL)
		return -1;
	item = picture_find(p, *g, c->version);
	*version = c->version;
	if (item != NULL && item->entry != NULL)
		return 0;
	if (item == NULL && strcmp(c->version, "0") == 0) {
		*version = NULL;
		return 0;
	}
	fault_set(&p->f, item == NULL ? EXIT_USAGE : EXIT_STALE,
	    "--revert-to %s: %s %s", c->version, (*g)->series,
	    item == NULL ? "has no such version" : "has not applied it");
	return fault_hint(&p->f,
	    "mig-ls DIR | mig-plan --status shows what there is; "
	    "--revert-to 0 takes back all");
}

static int
revert_all(struct planner *p, struct item **items, size_t n)
{
	size_t i;

	qsort(items, n, sizeof(struct item *), newest_first);
	if (p->o.revert != -1 && (unsigned long long)p->o.revert < n)
		n = (size_t)p->o.revert;
	for (i = 0; i < n; i++)
		if (revert(p, items[i]) == -1)
			return -1;
	if (p->code == EXIT_STALE)
		hint("write a new migration that undoes it, or give it a "
		     "down text in the way of its convention");
	return 0;
}

int
revert_steps(struct planner *p)
{
	const char *version = NULL;
	struct group *g = NULL;
	struct item **items;
	size_t i, n = 0;
	int result;

	if (p->o.revert_to.given && find_floor(p, &g, &version) == -1)
		return -1;
	items = calloc(p->n + 1, sizeof(struct item *));
	if (items == NULL)
		return fault_nomem(&p->f);
	for (i = 0; i < p->n; i++)
		if (is_reverted(p, &p->items[i], g, version))
			items[n++] = &p->items[i];
	result = revert_all(p, items, n);
	free(items);
	return result;
}
