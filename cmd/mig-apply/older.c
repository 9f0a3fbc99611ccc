/* Waits for older transactions, so that CONCURRENTLY need not. */

#include "older.h"

#include <stdlib.h>
#include <string.h>

#include "concurrently.h"
#include "memfile.h"
#include "sql.h"
#include "stop.h"

/* Milliseconds that a wait may take before it is told. */
#define PATIENCE 300

/* Milliseconds between two looks, at most. */
#define LOOK_EVERY 1000

struct older {
	struct run *run;
	size_t step;
	struct concurrently waits;
	char *names; /* an array, as SQL has it */
	char *first; /* the transactions of the first look, too */
	char *left;  /* those of them that there are still */
	char *told;  /* `left` when it was told */
	char *who;   /* the same for a person; "": none is left */
};

/* The names of the statement as an array. */
static int
put_names(struct older *o, const char *text)
{
	size_t i, k, len;
	FILE *fp = memfile_open(&o->names, &len);

	if (fp == NULL)
		return fault_nomem(o->run->fault);
	fputc('{', fp);
	for (i = 0; i < o->waits.n; i++) {
		fputs(i == 0 ? "\"" : ",\"", fp);
		for (k = 0; k < o->waits.len[i]; k++) {
			if (strchr("\"\\", text[o->waits.off[i] + k]) != NULL)
				fputc('\\', fp);
			fputc(text[o->waits.off[i] + k], fp);
		}
		fputc('"', fp);
	}
	fputc('}', fp);
	return fclose(fp) == 0 ? 0 : fault_nomem(o->run->fault);
}

static int
keep(struct older *o, const PGresult *result)
{
	free(o->left);
	free(o->who);
	o->left = strdup(PQgetvalue(result, 0, 0));
	o->who = strdup(PQgetvalue(result, 0, 1));
	if (o->first == NULL && o->left != NULL)
		o->first = strdup(o->left);
	if (o->left != NULL && o->who != NULL && o->first != NULL)
		return 0;
	fault_nomem(o->run->fault);
	return -1;
}

/* See who is there still. */
static int
look(struct older *o)
{
	struct run *r = o->run;
	PGresult *result;
	const char *values[5];
	char pid[16], *sql;
	int ok;

	snprintf(pid, sizeof(pid), "%d",
	    r->watch.asker == NULL ? 0 : PQbackendPID(r->watch.asker));
	values[0] = o->names;
	values[1] = o->waits.readers ? "t" : "f";
	values[2] = o->waits.snapshots ? "t" : "f";
	values[3] = o->first;
	values[4] = pid;
	if (asprintf(&sql, "%s %s", sql_older, sql_who) == -1) {
		fault_nomem(r->fault);
		return -1;
	}
	result = run_query(r, sql, 5, values);
	free(sql);
	if (result == NULL)
		return -1;
	ok = keep(o, result);
	PQclear(result);
	return ok;
}

/* Tell the report whom we wait for, when that has changed. */
static int
tell(struct older *o)
{
	struct run *r = o->run;

	if (o->told != NULL && strcmp(o->told, o->left) == 0)
		return 0;
	free(o->told);
	o->told = strdup(o->left);
	if (o->told == NULL)
		return fault_nomem(r->fault);
	report_wait(&r->report, o->step + 1, &r->plan->steps[o->step], o->who);
	return 0;
}

/* Wait between two looks.  Returns -1 where there will be no other. */
static int
pause_some(struct older *o, int tries, long long left)
{
	struct run *r = o->run;
	struct pollfd fd = { watch_socket(&r->watch), POLLIN, 0 };
	int most = tries < 5 ? 25 << tries : LOOK_EVERY;
	char *what;

	if (most > left)
		most = (int)left;
	if (asprintf(&what, "waits for %s", o->who) == -1)
		return fault_nomem(r->fault);
	report_progress(&r->report, o->step + 1, &r->plan->steps[o->step],
	    what);
	free(what);
	if (stop_poll(&fd, 1,
		most / 2 + (int)arc4random_uniform((uint32_t)most / 2 + 1)) > 0)
		watch_ready(&r->watch);
	if (stop_signal() != 0 || !report_ok(&r->report)) {
		r->canceled = true;
		return -1;
	}
	if (watch_holds(&r->watch))
		return 0;
	return fault_set(r->fault, r->partial ? EXIT_UNKNOWN : EXIT_FAILED,
	    "the connection that holds the lock was lost; stopped in waiting "
	    "for older transactions");
}

static int
busy(struct older *o, const struct lex_item *item)
{
	struct run *r = o->run;
	const char *path;
	size_t line;

	path = plan_where(&r->plan->steps[o->step], item->line, &line);
	fault_set(r->fault, r->partial ? EXIT_UNKNOWN : EXIT_BUSY,
	    "%s:%zu:%zu: not begun, since it would wait for %s", path, line,
	    item->col, o->who);
	return fault_hint(r->fault,
	    "end what is in the way, or wait longer: --concurrently-wait, or "
	    "-- mig: concurrently-wait in the file");
}

static int
wait_all(struct older *o, const struct lex_item *item)
{
	long long began = report_clock(), left;
	long most = run_limit(o->run, o->step, LIMIT_CONCURRENTLY);
	int tries = 0;

	for (;;) {
		if (look(o) != 0)
			return -1;
		if (*o->who == '\0')
			return 0;
		left = began + most - report_clock();
		if (left <= 0)
			return busy(o, item);
		if (most - left >= PATIENCE && tell(o) == -1)
			return -1;
		if (pause_some(o, tries++, left) == -1)
			return -1;
	}
}

int
older_wait(struct run *r, size_t step, const struct lex_item *item)
{
	struct older o;
	int result;

	memset(&o, 0, sizeof(o));
	o.run = r;
	o.step = step;
	if (!concurrently_read(&o.waits, item))
		return 0;
	result = put_names(&o, item->text);
	if (result == 0)
		result = wait_all(&o, item);
	free(o.names);
	free(o.first);
	free(o.left);
	free(o.told);
	free(o.who);
	return result;
}
