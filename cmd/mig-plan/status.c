/* Every migration of files and history, and its state. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

static const struct stream_column columns[] = { { "series", STREAM_STRING },
	{ "version", STREAM_STRING }, { "name", STREAM_STRING },
	{ "state", STREAM_STRING }, { "kind", STREAM_STRING },
	{ "mode", STREAM_STRING }, { "at", STREAM_STRING },
	{ "by", STREAM_STRING }, { "ms", STREAM_NUMBER },
	{ "path", STREAM_STRING } };

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Room for a state with its counts, and for a number. */
struct room {
	char state[80];
	char ms[24];
};

static void
set_values(const struct item *item, const char *values[COLUMNS],
    struct room *room)
{
	const struct history_entry *e = item->entry;

	if (item->state == STATE_PARTIAL)
		snprintf(room->state, sizeof(room->state), "partial %zu/%zu",
		    item->open->done, item->open->statements);
	else
		strlcpy(room->state, state_name(item->state),
		    sizeof(room->state));
	snprintf(room->ms, sizeof(room->ms), "%lld", e == NULL ? 0 : e->ms);
	values[0] = item->m->series;
	values[1] = item->m->version;
	values[2] = item->m->name;
	values[3] = room->state;
	values[4] = migration_kind_name(item->m->kind);
	values[5] = migration_mode_name(item->m->mode);
	values[6] = e == NULL ? NULL : e->at;
	values[7] = e == NULL ? NULL : e->by;
	values[8] = e == NULL ? NULL : room->ms;
	values[9] = item->m->path;
}

static int
write_status(struct planner *p)
{
	const char *values[COLUMNS];
	struct stream_writer w;
	struct room room;
	size_t i;

	if (p->o.columns != NULL &&
	    stream_columns_check(p->o.columns, columns, COLUMNS, &p->f) == -1)
		return -1;
	if (stream_begin(&w, stdout, "status", p->o.style, p->o.columns) == -1)
		return fault_nomem(&p->f);
	for (i = 0; i < p->n; i++) {
		if (p->items[i].m->kind == KIND_CALLBACK)
			continue;
		set_values(&p->items[i], values, &room);
		stream_record(&w, "status", columns, values, COLUMNS);
	}
	return stream_end(&w, &p->f);
}

static enum table_colour
colour_of(enum state state)
{
	switch (state) {
	case STATE_APPLIED:
	case STATE_BASELINE:
		return TABLE_GOOD;
	case STATE_PENDING:
	case STATE_REPEAT:
		return TABLE_WAIT;
	case STATE_OUT_OF_ORDER:
	case STATE_FAILED:
	case STATE_PARTIAL:
	case STATE_CHANGED:
	case STATE_MISSING:
		return TABLE_BAD;
	case STATE_IGNORED:
		return TABLE_FAINT;
	}
	return TABLE_PLAIN;
}

static int
add_row(const struct item *item, struct table *t)
{
	const char *values[COLUMNS], *row[7];
	struct room room;

	set_values(item, values, &room);
	row[0] = values[0];
	row[1] = values[1];
	row[2] = values[3];
	row[3] = values[2];
	row[4] = values[6];
	row[5] = values[7];
	row[6] = values[8];
	return table_row(t, row, TABLE_PLAIN) == -1 ?
	    -1 :
	    table_cell(t, 2, colour_of(item->state));
}

static int
show_rows(struct planner *p)
{
	static const struct table_column titles[] = {
		{ "series", false, false },
		{ "version", false, false },
		{ "state", false, false },
		{ "name", false, true },
		{ "at", false, false },
		{ "by", false, false },
		{ "ms", true, false },
	};
	struct table *t;
	size_t i;
	int result = 0;

	t = table_new(stdout, titles, sizeof(titles) / sizeof(titles[0]));
	if (t == NULL)
		return fault_nomem(&p->f);
	for (i = 0; result == 0 && i < p->n; i++)
		if (p->items[i].m->kind != KIND_CALLBACK)
			result = add_row(&p->items[i], t);
	result = result == -1 ? fault_nomem(&p->f) : table_print(t, &p->f);
	table_free(t);
	return result;
}

/* Whether nothing needs to be done about a migration. */
static bool
is_settled(const struct item *item)
{
	return item->state == STATE_APPLIED || item->state == STATE_BASELINE ||
	    item->state == STATE_IGNORED;
}

/* How many migrations are in each state, in a line for a person. */
static void
show_counts(const struct planner *p)
{
	size_t counts[STATE_IGNORED + 1] = { 0 }, i;
	bool any = false;

	for (i = 0; i < p->n; i++)
		if (p->items[i].m->kind != KIND_CALLBACK)
			counts[p->items[i].state]++;
	fputs("database ", stdout);
	text_show(stdout, PQdb(p->conn), strlen(PQdb(p->conn)));
	fputs(": ", stdout);
	for (i = 0; i <= STATE_IGNORED; i++) {
		if (counts[i] == 0)
			continue;
		printf("%s%zu %s", any ? ", " : "", counts[i],
		    state_name((enum state)i));
		any = true;
	}
	puts(any ? "" : "no migrations");
}

int
status_print(struct planner *p)
{
	if (!p->o.people)
		return write_status(p);
	if (show_rows(p) == -1)
		return -1;
	show_counts(p);
	if (fflush(stdout) == EOF || ferror(stdout))
		return fault_errno(&p->f, "cannot write the output");
	return 0;
}

enum exits
status_check(const struct planner *p)
{
	const struct item *item;
	enum exits code = EXIT_DONE;
	size_t i;

	/* an empty listing has no series, so nothing is missing in one */
	if (p->list.n == 0 && p->history.n > 0) {
		code = EXIT_NO;
		if (p->o.verbose)
			note(p, "the listing is empty, the history is not");
	}
	for (i = 0; i < p->n; i++) {
		item = &p->items[i];
		if (is_settled(item))
			continue;
		code = EXIT_NO;
		if (p->o.verbose)
			note(p, "%s %s: %s", item->m->series,
			    item->m->version != NULL ? item->m->version :
						       item->m->name,
			    state_name(item->state));
	}
	return code;
}
