/* What another tool has recorded and cannot be taken over. */

#include "adopt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hints[] = {
	[VERDICT_DIFFERS] = "put the text back that ran; or --accept takes "
			    "over the file's as it is",
	[VERDICT_UNCHECKED] = "is it the text that ran?  --accept takes it "
			      "over unchecked",
	[VERDICT_MISSING] = "is this the right directory, and the right "
			    "branch?  --allow-missing goes on without them",
	[VERDICT_CODE] = "mig-tools runs SQL alone; --allow-missing goes on "
			 "without them",
	[VERDICT_FAILED] = "put right by hand what it has left, then delete "
			   "its row there, as Flyway's repair does",
	[VERDICT_REVERTED] = "delete its row there; or --accept VERSION, if "
			     "it is applied again",
	[VERDICT_CONFLICT] = "mig-plan without --adopt shows the difference",
};

/* "applied 2026-11-21T01:33:00Z by app", as far as it is known; owned. */
static char *
when(const struct foreign_entry *e)
{
	char *text;

	if (asprintf(&text, "applied%s%s%s%s", e->at == NULL ? "" : " ",
		e->at == NULL ? "" : e->at, e->by == NULL ? "" : " by ",
		e->by == NULL ? "" : e->by) == -1)
		return NULL;
	return text;
}

static void
complain_about(struct planner *p, const struct taking *t,
    const struct item *item)
{
	const char *title = p->foreign.tool->title;
	char *text = when(t->entry);
	const char *applied = text == NULL ? "applied" : text;

	switch (t->verdict) {
	case VERDICT_DIFFERS:
		complain(p, EXIT_STALE, item, "not the text that %s has %s",
		    title, applied);
		break;
	case VERDICT_UNCHECKED:
		complain(p, EXIT_STALE, item,
		    "%s, but %s has no checksum of it", applied, title);
		break;
	case VERDICT_MISSING:
		complain(p, EXIT_STALE, item,
		    "missing: %s in %s, but its text is not in the listing",
		    applied, title);
		break;
	case VERDICT_CODE:
		complain(p, EXIT_STALE, item, "%s in %s, but no SQL", applied,
		    title);
		break;
	case VERDICT_FAILED:
		complain(p, EXIT_STALE, item, "failed in %s", title);
		break;
	case VERDICT_REVERTED:
		complain(p, EXIT_STALE, item,
		    "taken back here, but %s in %s still", applied, title);
		break;
	case VERDICT_CONFLICT:
		complain(p, EXIT_STALE, item, "changed since it was applied");
		break;
	case VERDICT_TAKE:
	case VERDICT_HAVE:
	case VERDICT_COVER:
	case VERDICT_AGAIN:
	case VERDICT_GO_ON:
	case VERDICT_ACCEPT:
		break;
	}
	free(text);
}

/* What there is neither a file nor an entry of ours of, as an item. */
static void
complain_unlisted(struct planner *p, const struct group *g,
    const struct taking *t)
{
	struct migration m;
	struct item item;

	memset(&m, 0, sizeof(m));
	m.series = p->items[g->first].m->series;
	m.version = t->entry->version;
	m.name = t->entry->name;
	memset(&item, 0, sizeof(item));
	item.m = &m;
	complain_about(p, t, &item);
}

/* How the file differs from what ran. */
static void
show(struct planner *p, const struct taking *t)
{
	struct fault f = FAULT_INIT;

	if (t->verdict != VERDICT_DIFFERS)
		return;
	if (adopt_show(p->foreign.tool, t->entry, t->item->m, &f) == -1)
		print_fault(p, &f);
	fault_free(&f);
}

/* All that is refused for the same reason, and what helps. */
static void
refuse_for(struct planner *p, const struct group *g,
    const struct taking *takings, size_t n, enum verdict why)
{
	const struct taking *t;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++) {
		t = &takings[i];
		if (t->verdict != why)
			continue;
		any = true;
		if (t->item == NULL) {
			complain_unlisted(p, g, t);
			continue;
		}
		complain_about(p, t, t->item);
		show(p, t);
	}
	if (any)
		hint("%s", hints[why]);
}

void
adopt_refuse(struct planner *p, const struct group *g,
    const struct taking *takings, size_t n)
{
	static const enum verdict order[] = { VERDICT_FAILED, VERDICT_DIFFERS,
		VERDICT_UNCHECKED, VERDICT_MISSING, VERDICT_CODE,
		VERDICT_REVERTED, VERDICT_CONFLICT };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		refuse_for(p, g, takings, n, order[i]);
}
