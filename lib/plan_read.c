/* Reads plans, and checks every line of them. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "plan_record.h"
#include "spool.h"
#include "text.h"

/* What plan_read() knows while it reads. */
struct parser {
	struct plan *plan;
	const char *name;
	size_t line;	  /* of the stream */
	size_t text_line; /* of the step's text, from 1 */
	size_t room;	  /* for steps */
	bool included;	  /* the step's text is of more than one file */
	bool kept;	  /* the step's text is complete */
	struct hash hash; /* over the step's text */
	struct fault *f;
};

static int
bad(struct parser *p, const char *what)
{
	return fault_set(p->f, EXIT_STREAM, "%s:%zu: %s", p->name, p->line,
	    what);
}

static struct plan_step *
last_step(struct parser *p)
{
	return p->plan->nsteps == 0 ? NULL :
				      &p->plan->steps[p->plan->nsteps - 1];
}

/* Check the step that was read last, now that it is complete. */
static int
end_step(struct parser *p)
{
	struct plan_step *s = last_step(p);
	char hex[HASH_HEX];

	if (s == NULL)
		return 0;
	if (!plan_action_runs(s->action) && s->run.present)
		return bad(p,
		    "the step before this has text, "
		    "but its action runs none");
	if (s->action == PLAN_RESUME && s->resume == 0)
		return bad(p, "the step before this does not say from where");
	if (!s->run.present || p->included || s->m.sha256 == NULL)
		return 0;
	hash_hex(&p->hash, hex);
	if (strcmp(hex, s->m.sha256) != 0)
		return bad(p,
		    "the text of the step before this is not the "
		    "one that its SHA-256 names");
	return 0;
}

static struct plan_step *
add_step(struct parser *p)
{
	struct plan *plan = p->plan;
	struct plan_step *steps;

	if (plan->nsteps == p->room) {
		p->room = p->room == 0 ? 64 : p->room * 2;
		steps = reallocarray(plan->steps, p->room, sizeof(*steps));
		if (steps == NULL)
			return NULL;
		plan->steps = steps;
	}
	memset(&plan->steps[plan->nsteps], 0, sizeof(*plan->steps));
	return &plan->steps[plan->nsteps++];
}

/* Read the migration of a step, as that of a listing. */
static int
parse_migration(struct parser *p, struct plan_step *s, char *const *v)
{
	char *fields[MIGRATION_COLUMNS] = { NULL };

	fields[0] = v[2];
	fields[1] = v[3];
	fields[2] = v[6];
	fields[3] = v[8];
	fields[4] = v[4];
	fields[5] = v[5];
	fields[6] = v[7];
	fields[9] = v[9];
	return migration_parse(&s->m, fields, MIGRATION_COLUMNS, p->name,
	    p->line, p->f);
}

/* Whether a field is this number, in the one spelling that it has. */
static bool
is_number(const char *field, size_t n)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", n);
	return field != NULL && strcmp(field, number) == 0;
}

static int
read_step(struct parser *p, char *const *v, size_t n)
{
	struct plan_step *s;

	if (n != PLAN_STEP_COLUMNS)
		return bad(p, "a step with another number of fields");
	if (end_step(p) == -1)
		return -1;
	s = add_step(p);
	if (s == NULL)
		return fault_nomem(p->f);
	if (!is_number(v[0], p->plan->nsteps))
		return bad(p,
		    "a step is out of its place: "
		    "was the plan edited?");
	if (plan_action_find(v[1], &s->action) == -1)
		return bad(p, "a step of an unknown action");
	if (s->action == PLAN_ADOPT && p->plan->tool.name == NULL)
		return bad(p, "a step adopts, but the plan names no \"tool\"");
	p->text_line = 1;
	p->included = false;
	p->kept = false;
	hash_init(&p->hash);
	return parse_migration(p, s, v);
}

static int
read_resume(struct parser *p, char *const *v, size_t n)
{
	struct plan_step *s = last_step(p);
	const char *error;

	if (s == NULL || n != PLAN_RESUME_COLUMNS || v[1] == NULL ||
	    !is_number(v[0], p->plan->nsteps) || s->resume != 0 ||
	    s->run.present || s->nplaces > 0)
		return bad(p, "a \"resume\" that belongs to no step");
	if (s->m.mode == MODE_TX ||
	    (s->action != PLAN_RESUME && s->action != PLAN_REVERT))
		return bad(p, "a \"resume\" of a step that runs whole");
	s->resume = (size_t)strtonum(v[1], 1, LLONG_MAX, &error);
	if (error != NULL)
		return bad(p, "a \"resume\" with no statement's number");
	if (v[2] == NULL)
		return 0;
	s->first = strdup(v[2]);
	return s->first == NULL ? fault_nomem(p->f) : 0;
}

static int
read_from(struct parser *p, char *const *v, size_t n)
{
	struct plan_step *s = last_step(p);
	struct plan_place *places, *place;
	const char *error;

	if (s == NULL || p->kept || n != PLAN_FROM_COLUMNS || v[0] == NULL ||
	    v[1] == NULL)
		return bad(p, "a \"from\" that belongs to no step");
	places = reallocarray(s->places, s->nplaces + 1, sizeof(*places));
	if (places == NULL)
		return fault_nomem(p->f);
	s->places = places;
	place = &places[s->nplaces];
	place->at = p->text_line;
	place->line = (size_t)strtonum(v[1], 1, LLONG_MAX, &error);
	if (error != NULL)
		return bad(p, "a \"from\" with no line number");
	place->path = strdup(v[0]);
	if (place->path == NULL)
		return fault_nomem(p->f);
	s->nplaces++;
	if (s->m.path == NULL || strcmp(place->path, s->m.path) != 0)
		p->included = true;
	return 0;
}

/* Put a text into the spool. */
static int
store(struct parser *p, struct plan_text *t, const char *text, size_t len)
{
	if (!t->present) {
		t->present = true;
		t->off = spool_size(p->plan->spool);
	}
	t->len += len;
	return spool_add(p->plan->spool, text, len, p->f);
}

static int
read_text(struct parser *p, const char *text, size_t len)
{
	struct plan_step *s = last_step(p);

	if (s == NULL || p->kept)
		return bad(p, "text that belongs to no step");
	hash_add(&p->hash, text, len);
	if (store(p, &s->run, text, len) == -1)
		return -1;
	p->text_line += text_lines(text, len);
	return 0;
}

static int
read_keep(struct parser *p, char *const *v, size_t n)
{
	struct plan_step *s = last_step(p);
	const char *text;
	struct hash hash;
	char hex[HASH_HEX];
	bool down;

	if (s == NULL || n != PLAN_KEEP_COLUMNS || v[1] == NULL ||
	    v[2] == NULL || !is_number(v[0], p->plan->nsteps))
		return bad(p, "a \"keep\" that belongs to no step");
	down = strcmp(v[1], "down") == 0;
	if (!down && strcmp(v[1], "up") != 0)
		return bad(p, "a \"keep\" of an unknown part");
	p->kept = true;
	text = v[4] == NULL ? "" : v[4];
	hash_init(&hash);
	hash_add(&hash, text, strlen(text));
	hash_hex(&hash, hex);
	if (strcmp(hex, v[2]) != 0)
		return bad(p,
		    "a text that is not the one that its "
		    "SHA-256 names");
	if (!down && s->up.present)
		return bad(p, "a second up text of one step");
	if (!down)
		return store(p, &s->up, text, strlen(text));
	if (s->m.down_sha256 != NULL)
		return bad(p, "a second down text of one step");
	s->m.down_sha256 = strdup(v[2]);
	s->m.down_path = v[3] == NULL ? NULL : strdup(v[3]);
	if (s->m.down_sha256 == NULL ||
	    (v[3] != NULL && s->m.down_path == NULL))
		return fault_nomem(p->f);
	return store(p, &s->down, text, strlen(text));
}

static int
read_state(struct parser *p, char *const *v, size_t n)
{
	if (p->plan->state != NULL || n != 1 || v[0] == NULL)
		return bad(p, "a damaged or second state");
	p->plan->state = strdup(v[0]);
	return p->plan->state == NULL ? fault_nomem(p->f) : 0;
}

static int
read_allow(struct parser *p, char *const *v, size_t n)
{
	if (n != 1 || v[0] == NULL || strcmp(v[0], "out-of-order") != 0)
		return bad(p, "the plan allows something unknown");
	p->plan->out_of_order = true;
	return 0;
}

static int
read_tool(struct parser *p, char *const *v, size_t n)
{
	struct plan_tool *tool = &p->plan->tool;

	if (tool->name != NULL || n != PLAN_TOOL_COLUMNS || v[0] == NULL ||
	    v[1] == NULL || v[2] == NULL || v[3] == NULL)
		return bad(p, "a damaged or second \"tool\"");
	tool->name = strdup(v[0]);
	tool->schema = strdup(v[1]);
	tool->table = strdup(v[2]);
	tool->rows = strdup(v[3]);
	return tool->name == NULL || tool->schema == NULL ||
		tool->table == NULL || tool->rows == NULL ?
	    fault_nomem(p->f) :
	    0;
}

static int
read_need(struct parser *p, char *const *v, size_t n)
{
	char **needs;

	if (n != 1 || v[0] == NULL)
		return bad(p, "a damaged \"need\"");
	needs = reallocarray(p->plan->needs, p->plan->nneeds + 1,
	    sizeof(*needs));
	if (needs == NULL)
		return fault_nomem(p->f);
	p->plan->needs = needs;
	needs[p->plan->nneeds] = strdup(v[0]);
	if (needs[p->plan->nneeds] == NULL)
		return fault_nomem(p->f);
	p->plan->nneeds++;
	return 0;
}

/* The records of a plan, and who reads them. */
static const struct {
	const char *word;
	int (*read)(struct parser *, char *const *, size_t);
	bool before; /* stands before the first step */
} records[] = {
	{ "state", read_state, true },
	{ "allow", read_allow, true },
	{ "tool", read_tool, true },
	{ "need", read_need, true },
	{ "step", read_step, false },
	{ "resume", read_resume, false },
	{ "from", read_from, false },
	{ "keep", read_keep, false },
};

static int
read_record(struct parser *p, const struct stream_item *item)
{
	size_t i;

	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (strcmp(records[i].word, item->word) != 0)
			continue;
		if (records[i].before && p->plan->nsteps > 0)
			return bad(p,
			    "a record that belongs before the "
			    "steps");
		return records[i].read(p, item->fields, item->nfields);
	}
	return fault_set(p->f, EXIT_STREAM,
	    "%s:%zu: \"%s\" is nothing that "
	    "this mig-apply knows",
	    p->name, p->line, item->word);
}

static int
read_all(struct parser *p, struct stream_reader *r)
{
	struct stream_item item;

	for (;;) {
		switch (stream_next(r, &item, p->f)) {
		case STREAM_META:
			break;
		case STREAM_RECORD:
			p->line = item.line;
			if (read_record(p, &item) == -1)
				return -1;
			break;
		case STREAM_TEXT:
			p->line = item.line;
			if (read_text(p, item.text, item.len) == -1)
				return -1;
			break;
		case STREAM_END:
			if (end_step(p) == -1)
				return -1;
			if (p->plan->state == NULL)
				return bad(p, "the plan names no state");
			return 0;
		case STREAM_FAULT:
			return -1;
		}
	}
}

int
plan_read(struct plan *plan, FILE *fp, const char *name, struct fault *f)
{
	struct stream_reader *r;
	struct parser p;
	int result;

	memset(plan, 0, sizeof(*plan));
	plan->spool = spool_new();
	if (plan->spool == NULL)
		return fault_nomem(f);
	r = stream_open(fp, name, "plan", false, f);
	if (r == NULL) {
		plan_free(plan);
		return -1;
	}
	memset(&p, 0, sizeof(p));
	p.plan = plan;
	p.name = name;
	p.f = f;
	result = read_all(&p, r);
	if (result == 0)
		memcpy(plan->digest, stream_digest(r), HASH_HEX);
	else
		plan_free(plan);
	stream_close(r);
	return result;
}
