/* What statements have done to relations, by what the server says of these. */

#include "effect.h"

#include <stdlib.h>
#include <string.h>

/* Which count is which. */
enum count { COUNT_SCANS, COUNT_READ, COUNT_INSERTED };

/* What every reader and writer of rows has; on an index it says nothing. */
#define ROW_EXCLUSIVE 3

long long
effect_number(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

unsigned
effect_oid(const PGresult *result, int row, int column)
{
	return (unsigned)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

int
effect_by_oid(const void *a, const void *b)
{
	const struct relation *x = a, *y = b;

	return x->oid < y->oid ? -1 : x->oid > y->oid;
}

struct relation *
effect_relation(const struct measure *m, size_t n, unsigned oid)
{
	struct relation key;

	memset(&key, 0, sizeof(key));
	key.oid = oid;
	return n == 0 ?
	    NULL :
	    bsearch(&key, m->relations, n, sizeof(key), effect_by_oid);
}

int
effect_fill(struct relation *r, const PGresult *result, int row)
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
	r->table = effect_oid(result, row, COLUMN_TABLE);
	r->file = effect_oid(result, row, COLUMN_FILE);
	for (i = 0; i < MEASURE_COUNTS; i++)
		r->counts[i] = effect_number(result, row, COLUMN_COUNTS + i);
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

bool
effect_is_table(const struct relation *r)
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
	    !(effect_is_table(r) || r->kind == 'i'))
		return 0;
	return add_effect(m, EFFECT_REWRITE, r) == NULL ? -1 : 0;
}

static int
note_counts(struct measure *m, const struct relation *before,
    const struct relation *r)
{
	struct effect *e;
	long long n[MEASURE_COUNTS];
	int i;

	for (i = 0; i < MEASURE_COUNTS; i++)
		n[i] = effect_is_table(r) ? grown(before, r, i) : 0;
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
	struct relation before,
	    *r = effect_relation(m, m->n, effect_oid(result, row, COLUMN_OID));

	if (r == NULL)
		return 0;
	r->ask = false;
	before = *r;
	before.mode = r->had;
	if (effect_fill(r, result, row) == -1 ||
	    note_lock(m, &before, r) == -1 || note_rewrite(m, &before, r) == -1)
		return -1;
	return note_counts(m, &before, r);
}

/* Of what was dropped there is the lock alone. */
static int
compare_dropped(struct measure *m, struct relation *r)
{
	struct relation before = *r;

	r->ask = false;
	before.mode = r->had;
	return note_lock(m, &before, r);
}

/* Nobody gets at an index of a table that is locked against all. */
static void
drop_covered(struct measure *m)
{
	const struct relation *r, *table;
	size_t i, kept = 0;

	for (i = 0; i < m->neffects; i++) {
		r = effect_relation(m, m->n, m->effects[i].oid);
		table = r == NULL ? NULL : effect_relation(m, m->n, r->table);
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

int
effect_compare(struct measure *m, const PGresult *result)
{
	size_t i;
	int row;

	for (row = 0; row < PQntuples(result); row++)
		if (compare_row(m, result, row) == -1)
			return -1;
	for (i = 0; i < m->n; i++)
		if (m->relations[i].ask &&
		    compare_dropped(m, &m->relations[i]) == -1)
			return -1;
	drop_covered(m);
	if (m->neffects > 0)
		qsort(m->effects, m->neffects, sizeof(*m->effects), by_weight);
	return 0;
}
