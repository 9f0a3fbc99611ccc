/* Finds out what statements do to relations. */

#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "sql.h"

/* The columns that both questions have in front, and those of the second. */
enum column {
	COLUMN_OID,
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_MODE,
	COLUMN_FILE,
	COLUMN_COUNTS,
	COLUMN_TABLE = COLUMN_COUNTS + 5,
	COLUMN_LSN,
	COLUMN_TRANSACTION,
	COLUMN_ENUMS,
	COLUMN_TRACKED
};

/* Which count is which. */
enum count { COUNT_SCANS, COUNT_READ, COUNT_INSERTED };

/* What every reader and writer of rows has; on an index it says nothing. */
#define ROW_EXCLUSIVE 3

const char *
measure_mode_name(int mode)
{
	static const char *const names[] = { "none", "ACCESS SHARE",
		"ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
		"SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE" };

	return mode < 0 || mode > 8 ? "?" : names[mode];
}

static long long
number(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static unsigned
oid_of(const PGresult *result, int row, int column)
{
	return (unsigned)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

static int
by_oid(const void *a, const void *b)
{
	const struct relation *x = a, *y = b;

	return x->oid < y->oid ? -1 : x->oid > y->oid;
}

static struct relation *
find(const struct measure *m, unsigned oid)
{
	struct relation key;

	memset(&key, 0, sizeof(key));
	key.oid = oid;
	return m->n == 0 ?
	    NULL :
	    bsearch(&key, m->relations, m->n, sizeof(key), by_oid);
}

/* Take over what a row says of a relation that is still there. */
static int
fill(struct relation *r, const PGresult *result, int row)
{
	const char *name = PQgetvalue(result, row, COLUMN_NAME);
	int i;

	if (r->name == NULL || strcmp(r->name, name) != 0) {
		free(r->name);
		r->name = strdup(name);
		if (r->name == NULL)
			return -1;
	}
	r->kind = *PQgetvalue(result, row, COLUMN_KIND);
	r->table = oid_of(result, row, COLUMN_TABLE);
	r->file = oid_of(result, row, COLUMN_FILE);
	for (i = 0; i < 5; i++)
		r->counts[i] = number(result, row, COLUMN_COUNTS + i);
	return 0;
}

/* Add the relations of a result, each once in it, that are not known yet. */
static int
add_new(struct measure *m, const PGresult *result, bool old)
{
	struct relation *relations;
	size_t total = m->n;
	unsigned oid;
	int i, n = PQntuples(result);

	relations = reallocarray(m->relations, m->n + (size_t)n + 1,
	    sizeof(*relations));
	if (relations == NULL)
		return -1;
	m->relations = relations;
	for (i = 0; i < n; i++) {
		oid = oid_of(result, i, COLUMN_OID);
		if (PQgetisnull(result, i, COLUMN_NAME) || find(m, oid) != NULL)
			continue;
		memset(&relations[total], 0, sizeof(*relations));
		relations[total].oid = oid;
		relations[total++].old = old;
	}
	if (total > m->n)
		qsort(relations, total, sizeof(*relations), by_oid);
	m->n = total;
	return 0;
}

/* Add an effect, to be filled in; NULL without memory. */
static struct effect *
add_effect(struct measure *m, enum effect_kind kind, const struct relation *r)
{
	struct effect *effects, *e;

	effects = reallocarray(m->effects, m->neffects + 1, sizeof(*effects));
	if (effects == NULL)
		return NULL;
	m->effects = effects;
	e = &effects[m->neffects++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->relation = r->name;
	e->oid = r->oid;
	return e;
}

/* How much a count has grown; TRUNCATE lets those of rows begin again. */
static long long
grown(const struct relation *before, const struct relation *r, int count)
{
	return r->counts[count] < before->counts[count] ?
	    r->counts[count] :
	    r->counts[count] - before->counts[count];
}

static bool
is_table(const struct relation *r)
{
	return r->kind == 'r' || r->kind == 'm';
}

static int
note_lock(struct measure *m, const struct relation *before,
    const struct relation *r)
{
	struct effect *e;

	/* nobody else can see, and so want, what the transaction has made */
	if (!r->old || r->mode <= before->mode)
		return 0;
	if (strchr("iIS", r->kind) != NULL && r->mode <= ROW_EXCLUSIVE)
		return 0;
	e = add_effect(m, EFFECT_LOCK, r);
	if (e == NULL)
		return -1;
	e->mode = r->mode;
	return 0;
}

/* The size of its new file is asked for later. */
static int
note_rewrite(struct measure *m, const struct relation *before,
    const struct relation *r)
{
	if (!r->old || r->file == before->file || r->file == 0 ||
	    !(is_table(r) || r->kind == 'i'))
		return 0;
	return add_effect(m, EFFECT_REWRITE, r) == NULL ? -1 : 0;
}

static int
note_counts(struct measure *m, const struct relation *before,
    const struct relation *r)
{
	struct effect *e;
	long long n[5];
	int i;

	for (i = 0; i < 5; i++)
		n[i] = is_table(r) ? grown(before, r, i) : 0;
	if (r->old && n[COUNT_SCANS] > 0) {
		e = add_effect(m, EFFECT_SCAN, r);
		if (e == NULL)
			return -1;
		e->n[0] = n[COUNT_SCANS];
		e->n[1] = n[COUNT_READ];
	}
	if (n[COUNT_INSERTED] + n[COUNT_INSERTED + 1] + n[COUNT_INSERTED + 2] >
	    0) {
		e = add_effect(m, EFFECT_ROWS, r);
		if (e == NULL)
			return -1;
		memcpy(e->n, n + COUNT_INSERTED, sizeof(e->n));
	}
	return 0;
}

/* Compare a row with what was known of its relation. */
static int
compare_row(struct measure *m, const PGresult *result, int row)
{
	struct relation before, *r = find(m, oid_of(result, row, COLUMN_OID));

	if (r == NULL)
		return 0;
	before = *r;
	r->seen = true;
	r->mode = (int)number(result, row, COLUMN_MODE);
	/* of what was dropped there is the lock alone */
	if (PQgetisnull(result, row, COLUMN_NAME))
		return note_lock(m, &before, r);
	if (fill(r, result, row) == -1 || note_lock(m, &before, r) == -1 ||
	    note_rewrite(m, &before, r) == -1)
		return -1;
	return note_counts(m, &before, r);
}

/* Nobody gets at an index of a table that is locked against all. */
static void
drop_covered(struct measure *m)
{
	const struct relation *r, *table;
	size_t i, kept = 0;

	for (i = 0; i < m->neffects; i++) {
		r = find(m, m->effects[i].oid);
		table = r == NULL ? NULL : find(m, r->table);
		if (m->effects[i].kind != EFFECT_LOCK || table == NULL ||
		    table->mode != MEASURE_ACCESS_EXCLUSIVE)
			m->effects[kept++] = m->effects[i];
	}
	m->neffects = kept;
}

static int
by_weight(const void *a, const void *b)
{
	const struct effect *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->mode != y->mode)
		return x->mode > y->mode ? -1 : 1;
	return strcmp(x->relation, y->relation);
}

static int
compare(struct measure *m, const PGresult *result)
{
	size_t i;
	int row;

	m->neffects = 0;
	for (i = 0; i < m->n; i++)
		m->relations[i].seen = false;
	if (add_new(m, result, false) == -1)
		return -1;
	for (row = 0; row < PQntuples(result); row++)
		if (!PQgetisnull(result, row, COLUMN_OID) &&
		    compare_row(m, result, row) == -1)
			return -1;
	/* ROLLBACK TO a savepoint gives locks up again */
	for (i = 0; i < m->n; i++)
		if (!m->relations[i].seen)
			m->relations[i].mode = 0;
	drop_covered(m);
	if (m->neffects > 0)
		qsort(m->effects, m->neffects, sizeof(*m->effects), by_weight);
	return 0;
}

/* What concerns the whole server or transaction, of the first row. */
static void
take_whole(struct measure *m, const PGresult *result)
{
	long long lsn = number(result, 0, COLUMN_LSN);

	m->wal = lsn - m->lsn;
	m->lsn = lsn;
	m->enums = number(result, 0, COLUMN_ENUMS);
	m->counts = strcmp(PQgetvalue(result, 0, COLUMN_TRACKED), "on") == 0;
}

/* Ask; what cannot be read is no verdict. */
static PGresult *
ask(struct worker *w, const char *sql, const char *value, struct fault *f)
{
	PGresult *result;

	result = worker_query(w, sql, value == NULL ? 0 : 1, &value, f);
	if (result == NULL && f->text != NULL)
		f->code = EXIT_NOVERDICT;
	return result;
}

static int
ask_sizes(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	char oid[24];
	size_t i;

	for (i = 0; i < m->neffects; i++) {
		if (m->effects[i].kind != EFFECT_REWRITE)
			continue;
		snprintf(oid, sizeof(oid), "%u", m->effects[i].oid);
		result = ask(w,
		    "SELECT pg_catalog.pg_relation_size($1::pg_catalog.oid)",
		    oid, f);
		if (result == NULL)
			return -1;
		m->effects[i].n[0] = number(result, 0, 0);
		PQclear(result);
	}
	return 0;
}

int
measure_begin(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	int row, bad;

	memset(m, 0, sizeof(*m));
	result = ask(w, sql_rehearse_relations, NULL, f);
	if (result == NULL)
		return -1;
	bad = add_new(m, result, true);
	/* the rows are in the order of the relations */
	for (row = 0; bad == 0 && row < PQntuples(result); row++)
		bad = fill(&m->relations[row], result, row);
	PQclear(result);
	return bad == 0 ? measure_take(m, w, f) : fault_nomem(f);
}

int
measure_take(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	const char *transaction;
	int bad;

	result = ask(w, sql_rehearse_measure, NULL, f);
	if (result == NULL)
		return -1;
	transaction = PQgetvalue(result, 0, COLUMN_TRANSACTION);
	if (m->transaction[0] == '\0')
		strlcpy(m->transaction, transaction, sizeof(m->transaction));
	if (strcmp(m->transaction, transaction) != 0) {
		PQclear(result);
		return fault_set(f, EXIT_UNKNOWN,
		    "the transaction of the rehearsal has ended");
	}
	bad = compare(m, result);
	take_whole(m, result);
	PQclear(result);
	return bad == 0 ? ask_sizes(m, w, f) : fault_nomem(f);
}

void
measure_free(struct measure *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->relations[i].name);
	free(m->relations);
	free(m->effects);
	memset(m, 0, sizeof(*m));
}
