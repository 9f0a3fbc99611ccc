/* The history of a database: what is applied, and what stopped. */

#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "history_state.h"
#include "sql.h"
#include "version.h"

/* The newest format that this code can read. */
#define FORMAT 1

static int
copy(char **to, const PGresult *result, int row, int column)
{
	const char *value = db_value(result, row, column);

	*to = value == NULL ? NULL : strdup(value);
	return value != NULL && *to == NULL ? -1 : 0;
}

static long long
number(const PGresult *result, int row, int column)
{
	const char *value = db_value(result, row, column);

	return value == NULL ? 0 : strtoll(value, NULL, 10);
}

/*
 * Order of what can be applied once: by series, then versions by number,
 * then repeatables by name.
 */
static int
key_cmp(const char *series_a, const char *version_a, const char *name_a,
    const char *series_b, const char *version_b, const char *name_b)
{
	int c = strcmp(series_a, series_b);

	if (c != 0)
		return c;
	if ((version_a == NULL) != (version_b == NULL))
		return version_a == NULL ? 1 : -1;
	if (version_a != NULL)
		return version_cmp(version_a, version_b);
	return strcmp(name_a == NULL ? "" : name_a,
	    name_b == NULL ? "" : name_b);
}

static int
entry_cmp(const void *a, const void *b)
{
	const struct migration *x = &((const struct history_entry *)a)->m;
	const struct migration *y = &((const struct history_entry *)b)->m;

	return key_cmp(x->series, x->version, x->name, y->series, y->version,
	    y->name);
}

static int
open_cmp(const void *a, const void *b)
{
	const struct history_open *x = a, *y = b;

	return key_cmp(x->series, x->version, x->name, y->series, y->version,
	    y->name);
}

/*
 * What to do about a history that the server would not show.  One that somebody
 * has locked may be read later.
 */
static void
hint_unreadable(struct fault *f, const char *schema)
{
	if (f->text != NULL && strstr(f->text, " 55P03: ") != NULL) {
		f->code = EXIT_BUSY;
		fault_hint(f,
		    "another session keeps a table of schema %s locked",
		    schema);
	} else if (f->text != NULL && strstr(f->text, " 42501: ") != NULL)
		fault_hint(f,
		    "grant USAGE on schema %s, SELECT on all its tables "
		    "and EXECUTE on its functions to this role; none of "
		    "them may have row-level security for it",
		    schema);
	else if (f->text != NULL && strstr(f->text, " ERROR 42") != NULL)
		fault_hint(f,
		    "is schema %s something else's?  MIG_SCHEMA "
		    "names another",
		    schema);
}

PGresult *
history_query(PGconn *conn, const char *sql, int n, const char *const *values,
    struct fault *f)
{
	PGresult *result = NULL;
	char *schema, *text;

	schema = db_schema(conn, f);
	if (schema == NULL)
		return NULL;
	text = db_sql(sql, schema);
	if (text == NULL)
		fault_nomem(f);
	else
		result = db_query(conn, text, n, values, EXIT_NOVERDICT,
		    "history", f);
	if (result == NULL && f->code == EXIT_NOVERDICT)
		hint_unreadable(f, schema);
	free(text);
	free(schema);
	return result;
}

/* The answers to what history_read() asks, in the order of the questions. */
enum { LOOK, HEAD, ENTRIES, OPEN, ANSWERS };

/* Find out whether there is a history at all. */
static int
take_look(struct history *h, const PGresult *result, struct fault *f)
{
	h->schema_exists = *PQgetvalue(result, 0, 0) == 't';
	h->exists = *PQgetvalue(result, 0, 2) == 't';
	if (h->exists || *PQgetvalue(result, 0, 1) != 't')
		return 0;
	fault_set(f, EXIT_NOVERDICT,
	    "schema %s has a table \"log\", "
	    "but it is no history of mig-tools",
	    db_schema_name());
	return fault_hint(f, "MIG_SCHEMA names another schema");
}

static int
take_head(struct history *h, const PGresult *result, struct fault *f)
{
	long long format;

	format = PQntuples(result) == 1 ? number(result, 0, 0) : 0;
	h->seq = PQntuples(result) == 1 ? number(result, 0, 1) : 0;
	if (PQntuples(result) == 1 && db_value(result, 0, 2) != NULL)
		strlcpy(h->head, PQgetvalue(result, 0, 2), sizeof(h->head));
	if (format == FORMAT)
		return 0;
	fault_set(f, EXIT_NOVERDICT,
	    "the history has format %lld, this is "
	    "mig-tools for format %d",
	    format, FORMAT);
	return fault_hint(f,
	    "use the mig-tools that wrote it, or a newer "
	    "one");
}

/* One row of sql/history-read.sql. */
static int
read_entry(struct history_entry *e, const PGresult *result, int row,
    struct fault *f)
{
	char *fields[MIGRATION_COLUMNS];
	int i;

	for (i = 0; i < MIGRATION_COLUMNS; i++)
		fields[i] = PQgetisnull(result, row, i) ?
		    NULL :
		    PQgetvalue(result, row, i);
	e->seq = number(result, row, 10);
	if (migration_parse(&e->m, fields, MIGRATION_COLUMNS, "history",
		(size_t)e->seq, f) == -1) {
		f->code = f->nomem ? f->code : EXIT_NOVERDICT;
		return -1;
	}
	if (copy(&e->action, result, row, 11) == -1 ||
	    copy(&e->at, result, row, 12) == -1 ||
	    copy(&e->by, result, row, 13) == -1)
		return fault_nomem(f);
	e->ms = number(result, row, 14);
	e->since = number(result, row, 15);
	return 0;
}

static int
take_entries(struct history *h, const PGresult *result, struct fault *f)
{
	int i, n = PQntuples(result);

	h->entries = calloc(n == 0 ? 1 : (size_t)n, sizeof(*h->entries));
	if (h->entries == NULL)
		return fault_nomem(f);
	for (i = 0; i < n; i++) {
		h->n++;
		if (read_entry(&h->entries[i], result, i, f) == -1)
			return -1;
	}
	qsort(h->entries, h->n, sizeof(*h->entries), entry_cmp);
	return 0;
}

static int
take_open(struct history *h, const PGresult *result, struct fault *f)
{
	struct history_open *o;
	int i, n = PQntuples(result), broken = 0;

	h->open = calloc(n == 0 ? 1 : (size_t)n, sizeof(*h->open));
	for (i = 0; h->open != NULL && i < n; i++) {
		o = &h->open[h->nopen++];
		broken |= copy(&o->series, result, i, 0);
		broken |= copy(&o->version, result, i, 1);
		broken |= copy(&o->name, result, i, 2);
		o->failed = *PQgetvalue(result, i, 3) == 't';
		broken |= copy(&o->error, result, i, 4);
		broken |= copy(&o->sha256, result, i, 5);
		broken |= copy(&o->action, result, i, 6);
		o->done = (size_t)number(result, i, 7);
		o->statements = (size_t)number(result, i, 8);
		o->pending = (size_t)number(result, i, 9);
		o->seq = number(result, i, 10);
	}
	if (h->open == NULL || broken)
		return fault_nomem(f);
	qsort(h->open, h->nopen, sizeof(*h->open), open_cmp);
	return 0;
}

/*
 * Ask all questions at once: over a slow line each answer costs its time.
 * Where there is no history, the first answer is all that comes.
 */
static int
ask(PGresult *answers[ANSWERS], PGconn *conn, struct fault *f)
{
	char *schema, *sql, *text;
	int i, result;

	for (i = 0; i < ANSWERS; i++)
		answers[i] = NULL;
	schema = db_schema(conn, f);
	if (schema == NULL)
		return -1;
	if (asprintf(&text, "%s;%s;%s;%s", sql_history_look, sql_history_head,
		sql_history_read, sql_history_open) == -1) {
		free(schema);
		return fault_nomem(f);
	}
	sql = db_sql(text, schema);
	free(text);
	result = sql == NULL ?
	    fault_nomem(f) :
	    db_batch(conn, sql, answers, ANSWERS, EXIT_NOVERDICT, "history", f);
	if (result == -1 && f->code == EXIT_NOVERDICT)
		hint_unreadable(f, schema);
	free(sql);
	free(schema);
	return result;
}

/* Take the answers; those that did not come are no harm without a history. */
static int
take(struct history *h, PGresult *const answers[ANSWERS], int asked,
    struct fault *f)
{
	struct fault none = FAULT_INIT;

	if (answers[LOOK] == NULL || f->code == EXIT_CONNECT)
		return -1;
	if (take_look(h, answers[LOOK], &none) == -1 ||
	    (h->exists && answers[HEAD] != NULL &&
		take_head(h, answers[HEAD], &none) == -1)) {
		fault_free(f);
		*f = none;
		return -1;
	}
	if (!h->exists) {
		fault_free(f);
		return 0;
	}
	if (asked == -1)
		return -1;
	return take_entries(h, answers[ENTRIES], f) == -1 ||
		take_open(h, answers[OPEN], f) == -1 ?
	    -1 :
	    0;
}

int
history_read(struct history *h, PGconn *conn, struct fault *f)
{
	PGresult *answers[ANSWERS];
	int i, result;

	memset(h, 0, sizeof(*h));
	result = ask(answers, conn, f);
	result = take(h, answers, result, f);
	for (i = 0; i < ANSWERS; i++)
		PQclear(answers[i]);
	if (result == 0 && history_state(h, f) == 0)
		return 0;
	history_free(h);
	return -1;
}

void
history_free(struct history *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		migration_free(&h->entries[i].m);
		free(h->entries[i].action);
		free(h->entries[i].at);
		free(h->entries[i].by);
	}
	for (i = 0; i < h->nopen; i++) {
		free(h->open[i].series);
		free(h->open[i].version);
		free(h->open[i].name);
		free(h->open[i].sha256);
		free(h->open[i].error);
		free(h->open[i].action);
	}
	free(h->entries);
	free(h->open);
	memset(h, 0, sizeof(*h));
}

const struct history_entry *
history_find(const struct history *h, const struct migration *m)
{
	struct history_entry key;

	if (h->n == 0)
		return NULL;
	memset(&key, 0, sizeof(key));
	key.m = *m;
	return bsearch(&key, h->entries, h->n, sizeof(*h->entries), entry_cmp);
}

const struct history_open *
history_find_open(const struct history *h, const struct migration *m)
{
	struct history_open key;

	if (h->nopen == 0)
		return NULL;
	memset(&key, 0, sizeof(key));
	key.series = m->series;
	key.version = m->version;
	key.name = m->name;
	return bsearch(&key, h->open, h->nopen, sizeof(*h->open), open_cmp);
}

char *
history_text(PGconn *conn, long long seq, bool down, struct fault *f)
{
	const char *value;
	PGresult *result;
	char number[24], *text = NULL;

	snprintf(number, sizeof(number), "%lld", seq);
	value = number;
	result = history_query(conn,
	    down ? "SELECT down FROM :\"mig\".log WHERE seq = $1::bigint" :
		   "SELECT sql FROM :\"mig\".log WHERE seq = $1::bigint",
	    1, &value, f);
	if (result == NULL)
		return NULL;
	if (PQntuples(result) == 1 && db_value(result, 0, 0) != NULL) {
		text = strdup(PQgetvalue(result, 0, 0));
		if (text == NULL)
			fault_nomem(f);
	}
	PQclear(result);
	return text;
}
