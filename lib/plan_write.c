/* Writes plans. */

#include <string.h>

#include "convention.h"
#include "plan.h"
#include "plan_record.h"

static const struct stream_column state_columns[] = {
	{ "state", STREAM_STRING },
};

static const struct stream_column allow_columns[] = {
	{ "word", STREAM_STRING },
};

static const struct stream_column tool_columns[PLAN_TOOL_COLUMNS] = {
	{ "tool", STREAM_STRING },
	{ "schema", STREAM_STRING },
	{ "table", STREAM_STRING },
	{ "rows", STREAM_STRING },
};

static const struct stream_column need_columns[] = {
	{ "variable", STREAM_STRING },
};

static const struct stream_column step_columns[PLAN_STEP_COLUMNS] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "mode", STREAM_STRING },
	{ "sha256", STREAM_STRING },
	{ "name", STREAM_STRING },
	{ "path", STREAM_STRING },
	{ "kind", STREAM_STRING },
	{ "convention", STREAM_STRING },
};

static const struct stream_column from_columns[PLAN_FROM_COLUMNS] = {
	{ "path", STREAM_STRING },
	{ "line", STREAM_NUMBER },
};

static const struct stream_column resume_columns[PLAN_RESUME_COLUMNS] = {
	{ "step", STREAM_NUMBER },
	{ "statement", STREAM_NUMBER },
	{ "first", STREAM_STRING },
};

static const struct stream_column keep_columns[PLAN_KEEP_COLUMNS] = {
	{ "step", STREAM_NUMBER },
	{ "part", STREAM_STRING },
	{ "sha256", STREAM_STRING },
	{ "path", STREAM_STRING },
	{ "text", STREAM_STRING },
};

int
plan_begin(struct stream_writer *w, FILE *fp, enum stream_style style)
{
	return stream_begin(w, fp, "plan", style, NULL);
}

void
plan_state(struct stream_writer *w, const char *digest)
{
	stream_record(w, "state", state_columns, &digest, 1);
}

void
plan_allow(struct stream_writer *w, const char *word)
{
	stream_record(w, "allow", allow_columns, &word, 1);
}

void
plan_tool(struct stream_writer *w, const char *name, const char *schema,
    const char *table, const char *rows)
{
	const char *values[PLAN_TOOL_COLUMNS] = { name, schema, table, rows };

	stream_record(w, "tool", tool_columns, values, PLAN_TOOL_COLUMNS);
}

void
plan_need(struct stream_writer *w, const char *name)
{
	stream_record(w, "need", need_columns, &name, 1);
}

void
plan_step(struct stream_writer *w, size_t n, enum plan_action action,
    const struct migration *m)
{
	const char *values[PLAN_STEP_COLUMNS];
	char number[24];

	snprintf(number, sizeof(number), "%zu", n);
	values[0] = number;
	values[1] = plan_action_name(action);
	values[2] = m->series;
	values[3] = m->version;
	values[4] = migration_mode_name(m->mode);
	values[5] = m->sha256;
	values[6] = m->name;
	values[7] = m->path;
	values[8] = migration_kind_name(m->kind);
	values[9] = m->convention == NULL ? NULL : m->convention->name;
	stream_record(w, "step", step_columns, values, PLAN_STEP_COLUMNS);
}

void
plan_from(struct stream_writer *w, const char *path, size_t line)
{
	const char *values[PLAN_FROM_COLUMNS];
	char number[24];

	snprintf(number, sizeof(number), "%zu", line);
	values[0] = path;
	values[1] = number;
	stream_record(w, "from", from_columns, values, PLAN_FROM_COLUMNS);
}

void
plan_keep(struct stream_writer *w, size_t n, bool down, const char *sha256,
    const char *path, const char *text)
{
	const char *values[PLAN_KEEP_COLUMNS];
	char number[24];

	snprintf(number, sizeof(number), "%zu", n);
	values[0] = number;
	values[1] = down ? "down" : "up";
	values[2] = sha256;
	values[3] = path;
	values[4] = text;
	stream_record(w, "keep", keep_columns, values, PLAN_KEEP_COLUMNS);
}

void
plan_resume(struct stream_writer *w, size_t n, size_t statement,
    const char *first)
{
	const char *values[PLAN_RESUME_COLUMNS];
	char number[24], from[24];

	snprintf(number, sizeof(number), "%zu", n);
	snprintf(from, sizeof(from), "%zu", statement);
	values[0] = number;
	values[1] = from;
	values[2] = first;
	stream_record(w, "resume", resume_columns, values, PLAN_RESUME_COLUMNS);
}
