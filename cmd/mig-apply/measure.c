/* Finds out what statements do to relations. */

#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "effect.h"
#include "memfile.h"
#include "sql.h"

/* Those of the question what has changed. */
enum whole {
	WHOLE_OID,
	WHOLE_FILE,
	WHOLE_COUNTS,
	WHOLE_LSN = WHOLE_COUNTS + MEASURE_COUNTS,
	WHOLE_TRANSACTION,
	WHOLE_ENUMS,
	WHOLE_TRACKED,
	WHOLE_LOCKS
};

const char *
measure_mode_name(int mode)
{
	static const char *const names[] = { "none", "ACCESS SHARE",
		"ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
		"SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE" };

	return mode < 0 || mode > 8 ? "?" : names[mode];
}

/* Room for more relations. */
static int
make_room(struct measure *m, size_t n)
{
	struct relation *relations;

	relations = reallocarray(m->relations, m->n + n + 1,
	    sizeof(*relations));
	if (relations == NULL)
		return -1;
	m->relations = relations;
	return 0;
}

/* Put another one behind the others: there is room, and it is not known. */
static struct relation *
put(struct measure *m, unsigned oid, bool old)
{
	struct relation *r = &m->relations[m->n++];

	memset(r, 0, sizeof(*r));
	r->oid = oid;
	r->old = old;
	return r;
}

/* The mode of a lock as pg_locks has it. */
static int
mode_of(const char *name, size_t len)
{
	static const char *const names[] = { "AccessShareLock", "RowShareLock",
		"RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
		"ShareRowExclusiveLock", "ExclusiveLock",
		"AccessExclusiveLock" };
	int i;

	for (i = 0; i < 8; i++)
		if (strlen(names[i]) == len && memcmp(name, names[i], len) == 0)
			return i + 1;
	return 0;
}

/*
 * Take the locks, "MODE OID OID ...;MODE ...".  What is not known is put behind
 * the first `known` relations, where there is room for it; returns how much
 * that is.
 */
static size_t
take_locks(struct measure *m, const char *s, size_t known, bool room)
{
	size_t unknown = 0, len;
	struct relation *r;
	unsigned oid;
	char *end;
	int mode;

	while (*s != '\0') {
		len = strcspn(s, " ");
		mode = mode_of(s, len);
		for (s += len; *s == ' '; s = end) {
			oid = (unsigned)strtoul(s + 1, &end, 10);
			r = effect_relation(m, known, oid);
			if (r != NULL && r->mode < mode)
				r->mode = mode;
			if (r != NULL)
				continue;
			unknown++;
			if (room)
				put(m, oid, false)->mode = mode;
		}
		if (*s == ';')
			s++;
	}
	return unknown;
}

/* Bring what was put behind the `known` ones into order, each once. */
static void
order(struct measure *m, size_t known)
{
	struct relation *new = m->relations + known, *to = new;
	size_t i, n = m->n - known;

	qsort(new, n, sizeof(*new), effect_by_oid);
	for (i = 0; i < n; i++)
		if (i > 0 && to[-1].oid == new[i].oid) {
			if (to[-1].mode < new[i].mode)
				to[-1].mode = new[i].mode;
		} else {
			*to = new[i];
			to++->ask = true;
		}
	m->n = (size_t)(to - m->relations);
	/* oids mostly grow */
	if (known > 0 && n > 0 && new[-1].oid > new->oid)
		qsort(m->relations, m->n, sizeof(*new), effect_by_oid);
}

/* The locks, of which those that are stronger now want to be told. */
static int
note_locks(struct measure *m, const char *locks)
{
	size_t i, unknown, known = m->n;

	for (i = 0; i < m->n; i++) {
		m->relations[i].had = m->relations[i].mode;
		/* ROLLBACK TO a savepoint gives locks up again */
		m->relations[i].mode = 0;
	}
	unknown = take_locks(m, locks, known, false);
	if (unknown > 0) {
		if (make_room(m, unknown) == -1)
			return -1;
		take_locks(m, locks, known, true);
		order(m, known);
	}
	for (i = 0; i < m->n; i++)
		if (m->relations[i].old &&
		    m->relations[i].mode > m->relations[i].had)
			m->relations[i].ask = true;
	return 0;
}

/* The relations that are to be watched: whose rows or file may change. */
static bool
is_watched(const struct relation *r)
{
	if (r->mode == 0 || r->name == NULL)
		return false;
	return effect_is_table(r) ||
	    (r->kind == 'i' && r->old && r->mode == MEASURE_ACCESS_EXCLUSIVE);
}

/* What the server says of those: a row where it is more than nothing. */
static void
note_watched(struct measure *m, const PGresult *result)
{
	struct relation *r;
	size_t k;
	int i, row;

	for (k = 0; k < m->n; k++)
		m->relations[k].seen = false;
	for (row = 0; row < PQntuples(result); row++) {
		r = PQgetisnull(result, row, WHOLE_OID) ?
		    NULL :
		    effect_relation(m, m->n,
			effect_oid(result, row, WHOLE_OID));
		if (r == NULL)
			continue;
		r->seen = true;
		if (r->file != effect_oid(result, row, WHOLE_FILE))
			r->ask = true;
		for (i = 0; i < MEASURE_COUNTS; i++)
			if (r->counts[i] !=
			    effect_number(result, row, WHOLE_COUNTS + i))
				r->ask = true;
	}
	/* TRUNCATE lets them begin again */
	for (k = 0; k < m->n; k++)
		if (m->relations[k].watched && !m->relations[k].seen)
			memset(m->relations[k].counts, 0,
			    sizeof(m->relations[k].counts));
}

/* What concerns the whole server or transaction, of the first row. */
static void
take_whole(struct measure *m, const PGresult *result)
{
	long long lsn = effect_number(result, 0, WHOLE_LSN);

	m->wal = lsn - m->lsn;
	m->lsn = lsn;
	m->enums = effect_number(result, 0, WHOLE_ENUMS);
	m->counts = strcmp(PQgetvalue(result, 0, WHOLE_TRACKED), "on") == 0;
}

PGresult *
measure_ask(struct worker *w, const char *sql, int n, const char *const *values,
    struct fault *f)
{
	PGresult *result;

	result = worker_query(w, sql, n, values, f);
	if (result == NULL && f->text != NULL)
		f->code = EXIT_NOVERDICT;
	return result;
}

static int
ask_sizes(struct measure *m, struct worker *w, struct fault *f)
{
	const char *value;
	PGresult *result;
	char oid[24];
	size_t i;

	value = oid;
	for (i = 0; i < m->neffects; i++) {
		if (m->effects[i].kind != EFFECT_REWRITE)
			continue;
		snprintf(oid, sizeof(oid), "%u", m->effects[i].oid);
		result = measure_ask(w,
		    "SELECT pg_catalog.pg_relation_size($1::pg_catalog.oid)", 1,
		    &value, f);
		if (result == NULL)
			return -1;
		m->effects[i].n[0] = effect_number(result, 0, 0);
		PQclear(result);
	}
	return 0;
}

/* Which of the relations an array is of. */
enum choice { CHOICE_ASK, CHOICE_WATCH, CHOICE_WATCH_FILES };

/* An array of their oids, or files, as PostgreSQL reads it; owned. */
static char *
array(const struct measure *m, enum choice choice)
{
	const struct relation *r;
	const char *comma = "";
	char *text;
	size_t i, len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	if (fp == NULL)
		return NULL;
	putc('{', fp);
	for (i = 0; i < m->n; i++) {
		r = &m->relations[i];
		if (choice == CHOICE_ASK ? !r->ask : !r->watched)
			continue;
		/* of a new one the file does not matter, nor scans */
		fprintf(fp, "%s%u", comma,
		    choice != CHOICE_WATCH_FILES ? r->oid :
			r->old			 ? r->file :
						   0);
		comma = ",";
	}
	putc('}', fp);
	return fclose(fp) == EOF ? NULL : text;
}

/* The first question: what has changed at all. */
static PGresult *
ask_changes(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result = NULL;
	const char *values[3];
	char *oids, *files;
	size_t i;

	for (i = 0; i < m->n; i++)
		m->relations[i].watched = is_watched(&m->relations[i]);
	values[0] = oids = array(m, CHOICE_WATCH);
	values[1] = files = array(m, CHOICE_WATCH_FILES);
	values[2] = "t";
	if (oids == NULL || files == NULL)
		fault_nomem(f);
	else
		result = measure_ask(w, sql_rehearse_measure, 3, values, f);
	free(oids);
	free(files);
	return result;
}

/* The second one: what, and how much. */
static int
ask_details(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	const char *value;
	char *oids;
	size_t i = 0;
	int bad;

	while (i < m->n && !m->relations[i].ask)
		i++;
	if (i == m->n)
		return 0;
	value = oids = array(m, CHOICE_ASK);
	if (oids == NULL)
		return fault_nomem(f);
	result = measure_ask(w, sql_rehearse_details, 1, &value, f);
	free(oids);
	if (result == NULL)
		return -1;
	bad = effect_compare(m, result);
	PQclear(result);
	return bad == 0 ? ask_sizes(m, w, f) : fault_nomem(f);
}

/* The relations that were there, before anything was done. */
static int
take_relations(struct measure *m, const PGresult *result)
{
	int row, n = PQntuples(result);

	if (make_room(m, (size_t)n) == -1)
		return -1;
	/* in their order */
	for (row = 0; row < n; row++)
		if (effect_fill(put(m, effect_oid(result, row, COLUMN_OID),
				    true),
			result, row) == -1)
			return -1;
	return 0;
}

int
measure_begin(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	int bad;

	memset(m, 0, sizeof(*m));
	result = measure_ask(w, sql_rehearse_relations, 0, NULL, f);
	if (result == NULL)
		return -1;
	bad = take_relations(m, result);
	PQclear(result);
	return bad == 0 ? measure_take(m, w, f) : fault_nomem(f);
}

/* It must be the same transaction still. */
static int
check_transaction(struct measure *m, const PGresult *result, struct fault *f)
{
	const char *transaction = PQgetvalue(result, 0, WHOLE_TRANSACTION);

	if (m->transaction[0] == '\0')
		strlcpy(m->transaction, transaction, sizeof(m->transaction));
	return strcmp(m->transaction, transaction) == 0 ?
	    0 :
	    fault_set(f, EXIT_UNKNOWN,
		"the transaction of the rehearsal has ended");
}

int
measure_take(struct measure *m, struct worker *w, struct fault *f)
{
	PGresult *result;
	int bad = 0;

	m->neffects = 0;
	result = ask_changes(m, w, f);
	if (result == NULL)
		return -1;
	if (check_transaction(m, result, f) == -1) {
		PQclear(result);
		return -1;
	}
	take_whole(m, result);
	bad = note_locks(m, PQgetvalue(result, 0, WHOLE_LOCKS));
	if (bad == 0)
		note_watched(m, result);
	PQclear(result);
	return bad == 0 ? ask_details(m, w, f) : fault_nomem(f);
}

int
measure_pass(struct measure *m, struct worker *w, struct fault *f)
{
	static const char *const nothing[] = { "{}", "{}", "f" };
	PGresult *result;
	int bad;

	result = measure_ask(w, sql_rehearse_measure, 3, nothing, f);
	if (result == NULL)
		return -1;
	bad = check_transaction(m, result, f);
	take_whole(m, result);
	PQclear(result);
	return bad;
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
