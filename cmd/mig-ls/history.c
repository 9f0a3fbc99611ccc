/* Listing what a database has applied. */

#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db.h"
#include "mig-ls.h"
#include "table.h"

/* The columns of a listing, and behind them those of the history. */
#define COLUMNS (MIGRATION_COLUMNS + 5)

static const struct stream_column more[] = { { "seq", STREAM_NUMBER },
	{ "action", STREAM_STRING }, { "at", STREAM_STRING },
	{ "by", STREAM_STRING }, { "ms", STREAM_NUMBER } };

static void
set_columns(struct stream_column columns[COLUMNS])
{
	memcpy(columns, migration_columns, sizeof(migration_columns));
	memcpy(columns + MIGRATION_COLUMNS, more, sizeof(more));
}

int
history_columns_check(const char *names, struct fault *f)
{
	struct stream_column columns[COLUMNS];

	set_columns(columns);
	return stream_columns_check(names, columns, COLUMNS, f);
}

/* Room for the numbers of a record. */
struct numbers {
	char seq[24];
	char ms[24];
};

static void
set_values(const struct history_entry *e, const char *values[COLUMNS],
    struct numbers *n)
{
	snprintf(n->seq, sizeof(n->seq), "%lld", e->seq);
	snprintf(n->ms, sizeof(n->ms), "%lld", e->ms);
	migration_values(&e->m, values);
	values[MIGRATION_COLUMNS] = n->seq;
	values[MIGRATION_COLUMNS + 1] = e->action;
	values[MIGRATION_COLUMNS + 2] = e->at;
	values[MIGRATION_COLUMNS + 3] = e->by;
	values[MIGRATION_COLUMNS + 4] = n->ms;
}

/* In the order of a listing, which may be another than the history's. */
static int
entry_cmp(const void *a, const void *b)
{
	const struct history_entry *x = a, *y = b;
	int c = strcmp(x->m.series, y->m.series);

	return c != 0 ? c : migration_cmp(&x->m, &y->m);
}

static int
write_stream(const struct options *o, const struct history *h, struct fault *f)
{
	struct stream_column columns[COLUMNS];
	const char *values[COLUMNS];
	struct stream_writer w;
	struct numbers numbers;
	size_t i;

	set_columns(columns);
	if (stream_begin(&w, stdout, "list", o->style, o->columns) == 0) {
		stream_origin(&w, "mig-ls", time(NULL));
		for (i = 0; i < h->n; i++) {
			set_values(&h->entries[i], values, &numbers);
			stream_record(&w, "done", columns, values, COLUMNS);
		}
	}
	return stream_end(&w, f);
}

static int
write_rows(const struct history *h, struct table *t)
{
	const char *values[COLUMNS], *row[7];
	struct numbers numbers;
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < h->n; i++) {
		set_values(&h->entries[i], values, &numbers);
		row[0] = values[0];
		row[1] = values[1];
		row[2] = values[2];
		row[3] = values[MIGRATION_COLUMNS + 1];
		row[4] = values[MIGRATION_COLUMNS + 2];
		row[5] = values[MIGRATION_COLUMNS + 3];
		row[6] = values[MIGRATION_COLUMNS + 4];
		result = table_row(t, row, TABLE_PLAIN);
	}
	return result;
}

static int
write_table(const struct history *h, struct fault *f)
{
	static const struct table_column columns[] = {
		{ "series", false, false },
		{ "version", false, false },
		{ "name", false, true },
		{ "action", false, false },
		{ "at", false, false },
		{ "by", false, false },
		{ "ms", true, false },
	};
	struct table *t;
	int result;

	t = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
	if (t == NULL)
		return fault_nomem(f);
	result = write_rows(h, t) == -1 ? fault_nomem(f) : table_print(t, f);
	table_free(t);
	return result;
}

static int
list(const struct options *o, PGconn *conn, struct fault *f)
{
	struct history h;
	int result;

	if (history_read(&h, conn, f) == -1)
		return -1;
	if (h.n > 0)
		qsort(h.entries, h.n, sizeof(*h.entries), entry_cmp);
	result = o->for_people ? write_table(&h, f) : write_stream(o, &h, f);
	history_free(&h);
	return result;
}

int
history_list(const struct options *o, char *conninfo, struct fault *f)
{
	struct db_target target;
	PGconn *conn;
	int result = -1;

	if (db_target(&target, conninfo, f) == -1)
		return -1;
	conn = db_connect_plain(&target, getprogname(), f);
	if (conn != NULL)
		result = o->verify ? history_verify(conn, o->hash, f) :
				     list(o, conn, f);
	db_close(conn);
	db_target_free(&target);
	return result;
}
