/* Taking over what another tool has applied. */

#include "adopt.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "sql.h"

/* What is being taken over, and into which series. */
struct adoption {
	struct planner *p;
	const struct foreign_tool *tool;
	const struct group *group;
	struct taking *takings; /* one an entry, in their order */
	size_t n;
	bool *seen;	    /* items of the group that entries are about */
	PGresult *reverted; /* versions; NULL: none */
};

/*
 * Whether the file is read as the other tool reads it: as one text, which that
 * has run whole.
 */
static bool
is_read_alike(const struct foreign_tool *tool, const struct migration *m)
{
	if (m->path != NULL && m->down_path != NULL &&
	    strcmp(m->path, m->down_path) == 0)
		return false;
	return foreign_tool_reads(tool, m->convention);
}

static int
check_listing(const struct adoption *a)
{
	struct planner *p = a->p;
	const struct item *item;
	size_t i;

	for (i = 0; i < a->group->n; i++) {
		item = &p->items[a->group->first + i];
		if (!item->listed || is_read_alike(a->tool, item->m))
			continue;
		fault_set(&p->f, EXIT_USAGE,
		    "--adopt %s: %s is listed as a file of %s", a->tool->name,
		    item->m->path == NULL ? item->m->name : item->m->path,
		    item->m->convention->title);
		return fault_hint(&p->f, "mig-ls -f %s DIR", a->tool->name);
	}
	return 0;
}

/* What was taken back here: the other tool does not know of that. */
static int
read_reverted(struct adoption *a)
{
	struct planner *p = a->p;
	char *schema, *sql;

	if (!p->history.exists)
		return 0;
	schema = db_schema(p->conn, &p->f);
	if (schema == NULL)
		return -1;
	sql = db_sql(sql_reverted, schema);
	if (sql == NULL)
		fault_nomem(&p->f);
	else
		a->reverted = db_query(p->conn, sql, 1, &a->group->series,
		    EXIT_NOVERDICT, "history", &p->f);
	free(sql);
	free(schema);
	return a->reverted == NULL ? -1 : 0;
}

static bool
is_reverted(const struct adoption *a, const struct item *item)
{
	int i, n = a->reverted == NULL ? 0 : PQntuples(a->reverted);

	if (item->m->version == NULL)
		return false;
	for (i = 0; i < n; i++)
		if (picture_version_cmp(a->p, a->group,
			PQgetvalue(a->reverted, i, 0), item->m->version) == 0)
			return true;
	return false;
}

/* A tool may put a blank where the name of a file has an underscore. */
static bool
is_name(const char *name, const char *of_tool)
{
	for (; *name != '\0' && *of_tool != '\0'; name++, of_tool++)
		if (*name != *of_tool && (*name != '_' || *of_tool != ' '))
			return false;
	return *name == *of_tool;
}

static bool
is_about(const struct adoption *a, const struct foreign_entry *e,
    const struct migration *m)
{
	if (e->kind != m->kind)
		return false;
	if (e->version != NULL)
		return picture_version_cmp(a->p, a->group, e->version,
			   m->version) == 0;
	return e->name != NULL && m->name != NULL && is_name(m->name, e->name);
}

/* The first item of the group that is not below a version. */
static size_t
lower_bound(const struct adoption *a, const char *version)
{
	size_t low = a->group->first, high = low + a->group->n, middle;
	const struct migration *m;

	while (low < high) {
		middle = low + (high - low) / 2;
		m = a->p->items[middle].m;
		if (m->version != NULL &&
		    picture_version_cmp(a->p, a->group, m->version, version) <
			0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The one item that an entry is about, or NULL. */
static struct item *
find_item(const struct adoption *a, const struct foreign_entry *e)
{
	const struct group *g = a->group;
	struct item *item;
	size_t i;

	if (e->state == FOREIGN_BASELINE)
		return NULL;
	i = e->version == NULL ? g->first : lower_bound(a, e->version);
	for (; i < g->first + g->n; i++) {
		item = &a->p->items[i];
		if (is_about(a, e, item->m))
			return item;
		if (e->version != NULL &&
		    (item->m->version == NULL ||
			picture_version_cmp(a->p, g, e->version,
			    item->m->version) != 0))
			break;
	}
	return NULL;
}

/* The verdict on an entry whose migration our history has. */
static enum verdict
judge_known(const struct item *item)
{
	return item->state == STATE_CHANGED ? VERDICT_CONFLICT : VERDICT_HAVE;
}

/* What there is against the text of a file. */
static int
judge_text(const struct adoption *a, struct taking *t)
{
	int same = 0;

	if (t->entry->checksum != NULL)
		same = adopt_same(a->tool, t->entry, t->item->m, &a->p->f);
	if (same == -1)
		return -1;
	if (t->item->m->kind == KIND_REPEATABLE)
		t->verdict = same == 1 ? VERDICT_TAKE : VERDICT_AGAIN;
	else if (same == 1)
		t->verdict = is_reverted(a, t->item) ? VERDICT_REVERTED :
						       VERDICT_TAKE;
	else
		t->verdict = t->entry->checksum == NULL ? VERDICT_UNCHECKED :
							  VERDICT_DIFFERS;
	return 0;
}

static int
judge(const struct adoption *a, struct taking *t)
{
	switch (t->entry->state) {
	case FOREIGN_BASELINE:
		t->verdict = VERDICT_COVER;
		return 0;
	case FOREIGN_APPLIED:
	case FOREIGN_CODE:
	case FOREIGN_FAILED:
		break;
	}
	if (t->item != NULL && t->item->entry != NULL)
		t->verdict = judge_known(t->item);
	else if (t->entry->state == FOREIGN_FAILED)
		t->verdict = VERDICT_FAILED;
	else if (t->entry->state == FOREIGN_CODE)
		t->verdict = VERDICT_CODE;
	else if (t->item == NULL || t->item->m->sha256 == NULL)
		t->verdict = VERDICT_MISSING;
	else
		return judge_text(a, t);
	return 0;
}

/* What the user has said about what stands against the plan. */
static void
allow(struct planner *p, struct taking *t)
{
	switch (t->verdict) {
	case VERDICT_MISSING:
	case VERDICT_CODE:
		if (p->o.allow_missing)
			t->verdict = VERDICT_GO_ON;
		break;
	case VERDICT_DIFFERS:
	case VERDICT_UNCHECKED:
		if (p->o.accept.all || picture_chosen(&p->o.accept, t->item))
			t->verdict = VERDICT_ACCEPT;
		break;
	case VERDICT_REVERTED:
		/* only by its name: that all texts are right is another thing */
		if (picture_chosen(&p->o.accept, t->item))
			t->verdict = VERDICT_TAKE;
		break;
	case VERDICT_TAKE:
	case VERDICT_HAVE:
	case VERDICT_COVER:
	case VERDICT_AGAIN:
	case VERDICT_GO_ON:
	case VERDICT_ACCEPT:
	case VERDICT_FAILED:
	case VERDICT_CONFLICT:
		break;
	}
}

static int
judge_all(struct adoption *a)
{
	struct planner *p = a->p;
	struct taking *t;
	size_t i;

	for (i = 0; i < a->n; i++) {
		t = &a->takings[i];
		t->entry = &p->foreign.entries[i];
		t->item = find_item(a, t->entry);
		if (t->item != NULL)
			a->seen[(size_t)(t->item - p->items) -
			    a->group->first] = true;
		if (judge(a, t) == -1)
			return -1;
		allow(p, t);
	}
	return 0;
}

/* The files that a baseline of the other tool stands for. */
static int
cover(const struct adoption *a, const struct taking *t)
{
	struct planner *p = a->p;
	struct item *item;
	size_t i;

	for (i = 0; i < a->group->n; i++) {
		item = &p->items[a->group->first + i];
		if (a->seen[i] || item->entry != NULL || item->planned ||
		    item->m->kind != KIND_VERSIONED ||
		    picture_version_cmp(p, a->group, item->m->version,
			t->entry->version) > 0)
			continue;
		note(p, "%s: %s counts it as applied, and has no checksum",
		    item->m->path, a->tool->title);
		if (mark(p, PLAN_BASELINE, item) == -1)
			return -1;
	}
	return 0;
}

/* That it ran is taken over, but not with which text; then the file's is. */
static int
accept_text(struct planner *p, struct item *item)
{
	struct step *s;

	s = step_add(p, PLAN_ADOPT, item->m);
	if (s == NULL)
		return -1;
	s->m.sha256 = NULL;
	return mark(p, PLAN_ACCEPT, item);
}

static int
plan_taking(const struct adoption *a, const struct taking *t)
{
	struct planner *p = a->p;

	switch (t->verdict) {
	case VERDICT_TAKE:
		return mark(p, PLAN_ADOPT, t->item);
	case VERDICT_ACCEPT:
		return accept_text(p, t->item);
	case VERDICT_COVER:
		return cover(a, t);
	case VERDICT_AGAIN:
		note(p, "%s: not the text that %s ran: it will run again",
		    t->item->m->path, a->tool->title);
		break;
	case VERDICT_GO_ON:
		note(p, "%s %s: applied by %s, and not taken over",
		    a->group->series,
		    t->entry->version != NULL ? t->entry->version :
						t->entry->name,
		    a->tool->title);
		break;
	case VERDICT_HAVE:
	case VERDICT_DIFFERS:
	case VERDICT_UNCHECKED:
	case VERDICT_MISSING:
	case VERDICT_CODE:
	case VERDICT_FAILED:
	case VERDICT_REVERTED:
	case VERDICT_CONFLICT:
		break;
	}
	return 0;
}

/* What the other tool has, and what is known of it here. */
static int
read_both(struct adoption *a)
{
	struct planner *p = a->p;

	if (check_listing(a) == -1 ||
	    foreign_read(&p->foreign, p->conn, a->tool, p->o.adopt_table,
		&p->f) == -1 ||
	    read_reverted(a) == -1)
		return -1;
	a->n = p->foreign.n;
	a->takings = calloc(a->n + 1, sizeof(*a->takings));
	a->seen = calloc(a->group->n + 1, sizeof(*a->seen));
	return a->takings == NULL || a->seen == NULL ? fault_nomem(&p->f) : 0;
}

static int
adopt(struct adoption *a)
{
	struct planner *p = a->p;
	size_t i;

	if (read_both(a) == -1 || judge_all(a) == -1)
		return -1;
	adopt_refuse(p, a->group, a->takings, a->n);
	refuse_unused(p, &p->o.accept, "--accept", "entry that differs");
	for (i = 0; p->code == EXIT_DONE && i < a->n; i++)
		if (plan_taking(a, &a->takings[i]) == -1)
			return -1;
	return 0;
}

int
adopt_steps(struct planner *p)
{
	const struct chosen *c = &p->o.adopt.items[0];
	struct adoption a;
	int result;

	memset(&a, 0, sizeof(a));
	a.p = p;
	a.tool = foreign_tool_find(c->version);
	a.group = picture_choose(p, c);
	if (a.group == NULL)
		return -1;
	result = adopt(&a);
	PQclear(a.reverted);
	free(a.takings);
	free(a.seen);
	return result;
}

/* Note a tool that may have migrated a series; whether there is one. */
static bool
note_tool(struct planner *p, const struct convention *c)
{
	const struct foreign_tool *tool;
	struct fault f = FAULT_INIT;
	bool there = false;
	size_t i;

	for (i = 0; !there && (tool = foreign_tool_at(i)) != NULL; i++)
		there = foreign_tool_reads(tool, c) &&
		    foreign_is_there(p->conn, tool, &f) == 1;
	if (there)
		note(p,
		    "%s has its table here: --adopt %s takes over what it "
		    "has applied",
		    tool->title, tool->name);
	fault_free(&f);
	return there;
}

void
adopt_note(struct planner *p)
{
	const struct item *item;
	size_t i;

	if (p->history.n > 0 || p->o.quiet)
		return;
	for (i = 0; i < p->ngroups; i++) {
		item = &p->items[p->groups[i].first];
		if (note_tool(p, item->m->convention))
			break;
	}
}
