/* What stands against a plan: told whole, each with what helps. */

#include "mig-plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "feed.h"
#include "text.h"

/* A migration as it is called in messages: its path, or what it is. */
static char *
label_of(const struct migration *m, bool listed)
{
	const char *version = m->version == NULL ? "" : m->version;
	const char *name = m->name == NULL ? "" : m->name;
	const char *series = m->series == NULL ? "" : m->series;
	char *label;

	if (asprintf(&label, "%s%s%s%s%s%s%s",
		listed && m->path != NULL ? m->path : "",
		listed && m->path != NULL ? ": " : "", series,
		*version == '\0' ? "" : " ", version, *name == '\0' ? "" : " ",
		name) == -1)
		return NULL;
	return label;
}

void
print_fault(struct planner *p, const struct fault *f)
{
	if (!f->nomem || !p->nomem)
		fault_print(f, stderr);
	p->nomem |= f->nomem;
}

/*
 * Of complaints in a row that have the same hint it is printed once, behind
 * the last of them.
 */
void
complain_fault(struct planner *p, struct fault *f)
{
	char *help = f->hint;

	f->hint = NULL;
	if (p->hint != NULL && (help == NULL || strcmp(p->hint, help) != 0))
		complain_end(p);
	print_fault(p, f);
	free(p->hint);
	p->hint = help;
	if (p->code == EXIT_DONE || f->code == EXIT_STREAM)
		p->code = f->code;
	fault_free(f);
}

void
complain_end(struct planner *p)
{
	if (p->hint != NULL)
		hint("%s", p->hint);
	free(p->hint);
	p->hint = NULL;
}

void
complain(struct planner *p, enum exits code, const struct item *item,
    const char *fmt, ...)
{
	struct fault f = FAULT_INIT;
	char *label, *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	label = label_of(item->m, item->listed);
	if (text == NULL || label == NULL)
		fault_nomem(&f);
	else
		fault_set(&f, code, "%s: %s", label, text);
	complain_fault(p, &f);
	free(label);
	free(text);
}

static void print_line(const char *begin, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
print_line(const char *begin, const char *fmt, va_list ap)
{
	char *text;

	fputs(begin, stderr);
	if (vasprintf(&text, fmt, ap) == -1) {
		fputs("out of memory\n", stderr);
		return;
	}
	text_show(stderr, text, strlen(text));
	fputc('\n', stderr);
	free(text);
}

void
hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("hint: ", fmt, ap);
	va_end(ap);
}

void
note(const struct planner *p, const char *fmt, ...)
{
	va_list ap;

	if (p->o.quiet)
		return;
	fprintf(stderr, "%s: ", getprogname());
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

/* Whether what is asked for goes on with what stopped part-way. */
static bool
goes_on(const struct planner *p, const struct item *item)
{
	const char *action = item->open->action;
	bool reverting = action != NULL && strcmp(action, "revert") == 0;

	if (p->o.task == TASK_REVERT)
		return reverting;
	return p->o.task == TASK_APPLY && !reverting && item->listed;
}

void
refuse_partial(struct planner *p)
{
	const struct item *item;
	size_t i;
	bool any = false, lost = false;

	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (item->state != STATE_PARTIAL || goes_on(p, item))
			continue;
		any = true;
		complain(p, EXIT_STALE, item,
		    "partial %zu/%zu: %s stopped there%s", item->open->done,
		    item->open->statements,
		    item->open->action == NULL ? "it" : item->open->action,
		    item->listed ? "" : ", and it is not in the listing");
		lost |= !item->listed;
	}
	if (lost)
		hint("put its file back, or put right by hand what is left, "
		     "then mig-plan --forget");
	else if (any)
		hint("what applies goes on with mig-plan, what reverts with "
		     "mig-plan --revert; or put right by hand what is left, "
		     "then mig-plan --forget");
}

/* Show how a changed file differs from what ran. */
static void
show_change(struct planner *p, const struct item *item)
{
	struct diff_side before = { NULL, NULL }, after = { NULL, NULL };
	struct fault f = FAULT_INIT;
	char *ran, *now = NULL, *label = NULL;
	size_t len;

	ran = history_text(p->conn, item->entry->seq, false, &f);
	if (ran == NULL && f.code == EXIT_DONE && !f.nomem) {
		note(p, "%s: the history has no text to compare it with",
		    item->m->path);
		return;
	}
	if (ran != NULL)
		now = feed_whole(item->m, SOURCE_UP, PLAN_KEEP_MAX, &len, NULL,
		    &f);
	if (now != NULL &&
	    asprintf(&label, "applied %s by %s", item->entry->at,
		item->entry->by) != -1) {
		before.label = label;
		before.text = ran;
		after.label = item->m->path;
		after.text = now;
		diff_show(stderr, &before, &after, &f);
	}
	if (f.code != EXIT_DONE || f.nomem)
		print_fault(p, &f);
	fault_free(&f);
	free(label);
	free(ran);
	free(now);
}

static void
refuse_changed(struct planner *p)
{
	const struct item *item;
	size_t i;
	bool any = false;

	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (item->state != STATE_CHANGED || item->planned)
			continue;
		any = true;
		complain(p, EXIT_STALE, item, "changed since it was applied");
		show_change(p, item);
	}
	if (any)
		hint("put the old text back and write a new migration; "
		     "or --accept the new text as it is");
}

static void
refuse_missing(struct planner *p)
{
	const struct item *item;
	size_t i;
	bool any = false;

	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (item->state != STATE_MISSING)
			continue;
		any = true;
		complain(p, EXIT_STALE, item,
		    "missing: applied %s by %s, "
		    "but not in the listing",
		    item->entry->at, item->entry->by);
	}
	if (any)
		hint("is this the right directory, and the right branch? "
		     "--allow-missing goes on without them");
}

static void
refuse_out_of_order(struct planner *p)
{
	const struct item *item;
	const struct group *g;
	size_t i;
	bool any = false;

	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (!item->out_of_order || item->state == STATE_PARTIAL)
			continue;
		any = true;
		g = &p->groups[item->group];
		complain(p, EXIT_STALE, item,
		    "out of order: %s is applied "
		    "already",
		    g->highest->m.version);
	}
	if (any)
		hint("number them anew, above what is applied; or "
		     "--out-of-order runs them late");
}

void
refuse_states(struct planner *p)
{
	refuse_changed(p);
	if (!p->o.allow_missing)
		refuse_missing(p);
	if (!p->o.out_of_order)
		refuse_out_of_order(p);
}

void
refuse_unused(struct planner *p, const struct choice *choice,
    const char *option, const char *what)
{
	struct fault f = FAULT_INIT;
	const struct chosen *c;
	size_t i;

	for (i = 0; i < choice->n; i++) {
		c = &choice->items[i];
		if (c->used)
			continue;
		fault_set(&f, EXIT_USAGE, "%s %s%s%s: there is no such %s",
		    option, c->series == NULL ? "" : c->series,
		    c->series == NULL ? "" : ":", c->version, what);
		fault_hint(&f,
		    "mig-ls DIR | mig-plan --status shows what "
		    "there is");
		complain_fault(p, &f);
	}
}
