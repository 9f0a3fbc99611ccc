/* Tells what a rehearsal found. */

#include "tell.h"

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "table.h"

/* All records begin so, and those of an effect with the relation too. */
#define STATEMENT_COLUMNS \
	{ "step", STREAM_NUMBER }, \
	{ \
		"statement", STREAM_NUMBER \
	}
#define EFFECT_COLUMNS \
	STATEMENT_COLUMNS, \
	{ \
		"relation", STREAM_STRING \
	}

static const struct stream_column statement_columns[] = {
	STATEMENT_COLUMNS,
	{ "where", STREAM_STRING },
	{ "ms", STREAM_NUMBER },
	{ "command", STREAM_STRING },
	{ "rows", STREAM_NUMBER },
	{ "server_wal", STREAM_NUMBER },
};

static const struct stream_column lock_columns[] = {
	EFFECT_COLUMNS,
	{ "mode", STREAM_STRING },
};

static const struct stream_column rewrite_columns[] = {
	EFFECT_COLUMNS,
	{ "bytes", STREAM_NUMBER },
};

static const struct stream_column scan_columns[] = {
	EFFECT_COLUMNS,
	{ "scans", STREAM_NUMBER },
	{ "rows", STREAM_NUMBER },
};

static const struct stream_column rows_columns[] = {
	EFFECT_COLUMNS,
	{ "inserted", STREAM_NUMBER },
	{ "updated", STREAM_NUMBER },
	{ "deleted", STREAM_NUMBER },
};

static const struct stream_column skip_columns[] = {
	STATEMENT_COLUMNS,
	{ "where", STREAM_STRING },
	{ "why", STREAM_STRING },
};

/* The record of each enum effect_kind, without its two first columns. */
static const struct {
	const char *word;
	const struct stream_column *columns;
	int numbers;
} records[] = {
	[EFFECT_LOCK] = { "lock", lock_columns, 0 },
	[EFFECT_REWRITE] = { "rewrite", rewrite_columns, 1 },
	[EFFECT_SCAN] = { "scan", scan_columns, 2 },
	[EFFECT_ROWS] = { "rows", rows_columns, 3 },
};

/* The table for people. */
static const struct table_column table_columns[] = {
	{ "step", true, false },
	{ "where", false, false },
	{ "ms", true, false },
	{ "wal", true, false },
	{ "what", false, true },
};

enum cell { CELL_STEP, CELL_WHERE, CELL_MS, CELL_WAL, CELL_WHAT, CELLS };

int
tell_begin(struct tell *t, struct report *report)
{
	memset(t, 0, sizeof(*t));
	t->report = report;
	if (!report->people)
		return 0;
	t->table = table_new(report->terminal, table_columns, CELLS);
	return t->table == NULL ? -1 : 0;
}

/* A number of bytes as people read it. */
static const char *
bytes(char buf[24], long long value)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)value;
	size_t unit = 0;

	while (n >= 1000 && unit < 4) {
		n /= 1024;
		unit++;
	}
	snprintf(buf, 24, n < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", n,
	    units[unit]);
	return buf;
}

static void
row(struct tell *t, const char *const *values, enum table_colour colour)
{
	if (table_row(t->table, values, colour) == -1)
		t->nomem = true;
}

static void
record_effect(struct tell *t, const char *step, const char *statement,
    const struct effect *e)
{
	const char *values[6];
	char numbers[3][24];
	size_t n = 3;
	int i;

	values[0] = step;
	values[1] = statement;
	values[2] = e->relation;
	if (e->kind == EFFECT_LOCK)
		values[n++] = measure_mode_name(e->mode);
	for (i = 0; i < records[e->kind].numbers; i++)
		values[n++] = report_number(numbers[i], e->n[i]);
	report_record(t->report, records[e->kind].word,
	    records[e->kind].columns, values, n);
}

static void
record_statement(struct tell *t, const struct tell_statement *s,
    const struct measure *m)
{
	const char *values[7];
	char step[24], statement[24], ms[24], rows[24], wal[24];
	size_t i;

	values[0] = report_number(step, (long long)s->step);
	values[1] = s->statement == 0 ?
	    NULL :
	    report_number(statement, (long long)s->statement);
	values[2] = s->where;
	values[3] = report_number(ms, s->ms);
	values[4] = s->command;
	values[5] = s->rows < 0 ? NULL : report_number(rows, s->rows);
	values[6] = report_number(wal, m->wal);
	report_record(t->report, "statement", statement_columns, values, 7);
	for (i = 0; i < m->neffects; i++)
		record_effect(t, step, values[1], &m->effects[i]);
}

/* "3 inserted, 1 deleted" */
static void
put_rows(FILE *fp, const struct effect *e)
{
	static const char *const done[] = { "inserted", "updated", "deleted" };
	const char *comma = "  ";
	int i;

	for (i = 0; i < 3; i++) {
		if (e->n[i] == 0)
			continue;
		fprintf(fp, "%s%lld %s", comma, e->n[i], done[i]);
		comma = ", ";
	}
}

/* An effect in words; owned, NULL without memory. */
static char *
words(const struct effect *e)
{
	char size[24], *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	if (fp == NULL)
		return NULL;
	switch (e->kind) {
	case EFFECT_LOCK:
		fprintf(fp, "  %s on %s", measure_mode_name(e->mode),
		    e->relation);
		break;
	case EFFECT_REWRITE:
		fprintf(fp, "  rewrites %s: %s", e->relation,
		    bytes(size, e->n[0]));
		break;
	case EFFECT_SCAN:
		fprintf(fp, "  scans %s: %lld row%s", e->relation, e->n[1],
		    e->n[1] == 1 ? "" : "s");
		break;
	case EFFECT_ROWS:
		put_rows(fp, e);
		fprintf(fp, " in %s", e->relation);
		break;
	}
	return fclose(fp) == 0 ? text : NULL;
}

/* What others feel. */
static enum table_colour
colour_of(const struct effect *e)
{
	if (e->kind == EFFECT_REWRITE)
		return TABLE_BAD;
	return e->kind == EFFECT_LOCK && e->mode == MEASURE_ACCESS_EXCLUSIVE ?
	    TABLE_WAIT :
	    TABLE_PLAIN;
}

/* A row for the statement, then one for each effect. */
static void
show_statement(struct tell *t, const struct tell_statement *s,
    const struct measure *m)
{
	const char *values[CELLS] = { NULL };
	char step[24], ms[24], wal[24], what[96], *text;
	size_t i;

	values[CELL_STEP] = report_number(step, (long long)s->step);
	values[CELL_WHERE] = s->where;
	values[CELL_MS] = report_number(ms, s->ms);
	values[CELL_WAL] = bytes(wal, m->wal);
	values[CELL_WHAT] = what;
	if (s->rows < 0)
		strlcpy(what, s->command, sizeof(what));
	else
		snprintf(what, sizeof(what), "%s, %lld row%s", s->command,
		    s->rows, s->rows == 1 ? "" : "s");
	row(t, values, TABLE_PLAIN);
	memset(values, 0, sizeof(values));
	for (i = 0; i < m->neffects; i++) {
		values[CELL_WHAT] = text = words(&m->effects[i]);
		row(t, values, colour_of(&m->effects[i]));
		free(text);
	}
}

void
tell_statement(struct tell *t, const struct tell_statement *s,
    const struct measure *m)
{
	if (t->table == NULL)
		record_statement(t, s, m);
	else
		show_statement(t, s, m);
}

static char *
not_rehearsed(const char *why)
{
	char *text;

	return asprintf(&text, "not rehearsed: %s", why) == -1 ? NULL : text;
}

void
tell_skip(struct tell *t, size_t step, size_t statement, const char *where,
    const char *why)
{
	const char *values[4], *cells[CELLS] = { NULL };
	char number_step[24], number_statement[24], *text;

	values[0] = report_number(number_step, (long long)step);
	values[1] = statement == 0 ?
	    NULL :
	    report_number(number_statement, (long long)statement);
	values[2] = where;
	values[3] = why;
	if (t->table == NULL) {
		report_record(t->report, "skip", skip_columns, values, 4);
		return;
	}
	cells[CELL_STEP] = values[0];
	cells[CELL_WHERE] = where;
	cells[CELL_WHAT] = text = not_rehearsed(why);
	row(t, cells, TABLE_WAIT);
	free(text);
}

void
tell_failed(struct tell *t, size_t step, const char *where)
{
	const char *cells[CELLS] = { NULL };
	char number_step[24];

	if (t->table == NULL)
		return;
	cells[CELL_STEP] = report_number(number_step, (long long)step);
	cells[CELL_WHERE] = where;
	cells[CELL_WHAT] = "failed";
	row(t, cells, TABLE_BAD);
}

int
tell_end(struct tell *t, struct fault *f)
{
	static const struct stop_words words = {
		.line = "mig-apply: stopped: all is rolled back\n",
	};
	int result = 0;

	if (t->nomem)
		result = fault_nomem(f);
	else if (t->table != NULL) {
		report_wipe(t->report);
		/* it waits for the terminal as long as that takes */
		stop_at_once(&words);
		result = table_print(t->table, f);
		stop_hold();
	}
	table_free(t->table);
	t->table = NULL;
	return result;
}
