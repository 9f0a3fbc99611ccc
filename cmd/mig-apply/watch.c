/* The watch connection: the lock, and what the worker is doing. */

#include "watch.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "foreign.h"
#include "hash.h"
#include "peer.h"
#include "report.h"
#include "sql.h"
#include "stop.h"

/* Milliseconds between two questions about the worker. */
#define ASK_EVERY 500
#define ASK_EVERY_LEAST 50

/* Milliseconds that an answer is waited for. */
#define ANSWER 2000

/* Milliseconds for each message of connecting, at most. */
#define ASK_PATIENCE 10

/* The key of the lock: the same for all that keep one history. */
static int64_t
lock_key(void)
{
	const char *schema = db_schema_name();
	struct hash hash;
	char hex[HASH_HEX];

	hash_init(&hash);
	hash_add(&hash, "mig-tools ", 10);
	hash_add(&hash, schema, strlen(schema));
	hash_hex(&hash, hex);
	hex[16] = '\0';
	return (int64_t)strtoull(hex, NULL, 16);
}

/*
 * Try once: 1 had, 0 not had, -1 with a fault.  Without a parameter: behind one
 * the session keeps its snapshot, which CREATE INDEX CONCURRENTLY of the other
 * run would wait for.
 */
static int
try_lock(struct watch *w, const char *key, struct fault *f)
{
	PGresult *result = NULL;
	char sql[80];
	int had;

	snprintf(sql, sizeof(sql),
	    "SELECT pg_catalog.pg_try_advisory_xact_lock('%s')", key);
	if (db_batch(w->conn, sql, &result, 1, EXIT_CONNECT, "lock", f) == -1) {
		PQclear(result);
		return -1;
	}
	had = *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	return had;
}

/* Somebody else has the lock of `whose`: say who that is. */
static int
busy(struct watch *w, const char *key, const char *whose, struct fault *f)
{
	PGresult *result;
	const char *who = NULL;

	result = db_query(w->conn, sql_holder, 1, &key, EXIT_CONNECT, "lock",
	    f);
	if (result != NULL && PQntuples(result) == 1)
		who = db_value(result, 0, 0);
	fault_set(f, EXIT_BUSY, "busy: %s holds the lock of %s",
	    who == NULL ? "another session" : who, whose);
	fault_hint(f, "--wait 10min waits longer for it; nothing was done");
	PQclear(result);
	return -1;
}

/* Begin the transaction that holds the locks. */
static int
begin(struct watch *w, struct fault *f)
{
	PGresult *result;

	result = db_first(w->conn, sql_watch, f);
	if (result == NULL)
		return -1;
	w->pooled = db_is_pooled(w->conn, result);
	PQclear(result);
	return 0;
}

/*
 * Wait between two tries, for a time that differs from run to run.  Whoever
 * waits for the lock must not hold what its holder needs: a connection of a
 * pool, or a transaction that CREATE INDEX CONCURRENTLY would wait for.
 */
static int
pause_some(struct watch *w, int tries, struct fault *f)
{
	uint32_t most = tries < 6 ? 50U << tries : 2000U;
	bool leave = !w->locked;

	if (leave &&
	    db_exec(w->conn, "ROLLBACK", EXIT_CONNECT, "lock", f) == -1)
		return -1;
	stop_poll(NULL, 0, (int)(most / 2 + arc4random_uniform(most / 2)));
	return leave ? begin(w, f) : 0;
}

/* Take a lock, trying until `until`; `whose` it is, for a person. */
static int
take_lock(struct watch *w, int64_t lock, const char *whose, long long until,
    struct fault *f)
{
	char key[24];
	int had, tries = 0;

	snprintf(key, sizeof(key), "%" PRId64, lock);
	while ((had = try_lock(w, key, f)) == 0) {
		if (report_clock() >= until)
			return busy(w, key, whose, f);
		if (pause_some(w, tries++, f) == -1)
			return -1;
	}
	if (had == -1)
		return -1;
	w->locked = true;
	return 0;
}

static void
keep(char *to, size_t size, const PGresult *result, int column)
{
	strlcpy(to, PQgetvalue(result, 0, column), size);
}

/* Where a tool has its history. */
struct place {
	const char *tool;
	const char *schema;
	const char *table;
};

static int
take_peer_lock(struct watch *w, const struct place *at, long long until,
    struct fault *f)
{
	int64_t key;

	if (peer_key(at->tool, at->schema, at->table, w->database, &key) == 0)
		return 0;
	return take_lock(w, key, at->tool, until, f);
}

/*
 * Take the locks of the other tools that have a history here: in the table
 * that is each one's own, and in the one that the plan names.
 */
static int
take_peer_locks(struct watch *w, const PGresult *peers,
    const struct plan_tool *tool, long long until, struct fault *f)
{
	struct place at = { tool->name, tool->schema, tool->table };
	int i, n = PQntuples(peers);

	if (at.tool != NULL && take_peer_lock(w, &at, until, f) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		at.tool = PQgetvalue(peers, i, 0);
		at.schema = PQgetvalue(peers, i, 1);
		at.table = PQgetvalue(peers, i, 2);
		if (take_peer_lock(w, &at, until, f) == -1)
			return -1;
	}
	/* a lock that is taken behind a savepoint goes with it */
	return at.tool == NULL ?
	    0 :
	    db_exec(w->conn, "SAVEPOINT mig", EXIT_CONNECT, "connection", f);
}

/*
 * A question that somebody has canceled can be asked again; it has no timeout
 * here.  Returns -1.
 */
static int
no_answer(struct fault *f)
{
	if (f->code == EXIT_NOVERDICT && f->text != NULL &&
	    strstr(f->text, " 57014: ") != NULL)
		f->code = EXIT_CONNECT;
	return -1;
}

/* See where we are: what kind of server, which other tools. */
static int
look_around(struct watch *w, const struct plan_tool *tool, long long until,
    struct fault *f)
{
	PGresult *results[4];
	char *sql;
	int i, result;

	if (asprintf(&sql, "%s;SAVEPOINT mig;%s;ROLLBACK TO SAVEPOINT mig",
		sql_server, sql_peers) == -1)
		return fault_nomem(f);
	result = db_batch(w->conn, sql, results, 4, EXIT_NOVERDICT, "server",
	    f);
	free(sql);
	if (result == -1)
		no_answer(f);
	else {
		w->standby = *PQgetvalue(results[0], 0, 0) == 't';
		w->read_only = *PQgetvalue(results[0], 0, 1) == 't';
		keep(w->database, sizeof(w->database), results[0], 2);
		keep(w->since, sizeof(w->since), results[0], 3);
		keep(w->role, sizeof(w->role), results[0], 5);
		w->statement_timeout = strtol(PQgetvalue(results[0], 0, 4),
		    NULL, 10);
		result = take_peer_locks(w, results[2], tool, until, f);
	}
	for (i = 0; i < 4; i++)
		PQclear(results[i]);
	return result;
}

int
watch_open(struct watch *w, const struct db_target *target,
    const struct plan_tool *tool, long wait, struct fault *f)
{
	long long until = report_clock() + wait;

	memset(w, 0, sizeof(*w));
	w->target = target;
	w->conn = db_connect(target, getprogname(), f);
	if (w->conn == NULL)
		return -1;
	if (begin(w, f) == -1 ||
	    take_lock(w, lock_key(), "this history", until, f) == -1 ||
	    look_around(w, tool, until, f) == -1) {
		watch_close(w);
		return -1;
	}
	return 0;
}

/* What is read must leave no lock behind: VACUUM FULL wants all. */
static int
let_go(struct watch *w, struct fault *f)
{
	return db_exec(w->conn, "ROLLBACK TO SAVEPOINT mig", EXIT_CONNECT,
	    "connection", f);
}

int
watch_history(struct watch *w, struct history *h, const struct plan_tool *tool,
    struct fault *f)
{
	int result;

	if (history_read(h, w->conn, f) == -1)
		return no_answer(f);
	result = let_go(w, f);
	if (result == 0 && tool->name != NULL) {
		result = foreign_same(w->conn, tool->name, tool->schema,
		    tool->table, tool->rows, f);
		if (result == 0)
			result = let_go(w, f);
	}
	if (result == -1)
		history_free(h);
	else
		PQsetnonblocking(w->conn, 1);
	return result;
}

PGresult *
watch_query(struct watch *w, const char *sql, struct fault *f)
{
	PGresult *result;

	result = history_query(w->conn, sql, 0, NULL, f);
	if (result == NULL || let_go(w, f) == 0)
		return result;
	PQclear(result);
	return NULL;
}

void
watch_spare(struct watch *w)
{
	PQfinish(w->asker);
	w->asker = NULL;
	w->asked = false;
}

void
watch_close(struct watch *w)
{
	watch_spare(w);
	/* a pooler closes what is left in a transaction, the server ends it */
	if (w->pooled && !w->lost)
		db_close(w->conn);
	else
		PQfinish(w->conn);
	w->conn = NULL;
}

bool
watch_holds(struct watch *w)
{
	struct pollfd fd = { watch_socket(w), POLLIN, 0 };
	int tries = 0;

	/* what it says first, and then that it is gone */
	while (!w->lost && tries++ < 3 && poll(&fd, 1, 0) > 0)
		watch_ready(w);
	return !w->lost && PQstatus(w->conn) == CONNECTION_OK;
}

int
watch_socket(const struct watch *w)
{
	return w->lost ? -1 : PQsocket(w->conn);
}

void
watch_ready(struct watch *w)
{
	if (PQconsumeInput(w->conn) == 0 || PQstatus(w->conn) != CONNECTION_OK)
		w->lost = true;
}

/* Take the answer, if it is there. */
static void
take_answer(struct watch *w)
{
	PGresult *result;

	PQconsumeInput(w->asker);
	while (w->asked && !PQisBusy(w->asker)) {
		result = PQgetResult(w->asker);
		if (result == NULL) {
			w->asked = false;
			break;
		}
		if (PQresultStatus(result) == PGRES_TUPLES_OK &&
		    PQntuples(result) == 1) {
			keep(w->progress, sizeof(w->progress), result, 0);
			w->waiting = *PQgetvalue(result, 0, 2) == 't';
			keep(w->blockers, sizeof(w->blockers), result, 1);
			if (*w->blockers != '\0')
				keep(w->blamed, sizeof(w->blamed), result, 1);
		}
		PQclear(result);
	}
}

/*
 * Whether the connection that asks has come: it is waited for no longer than
 * its answers are, since a pooler may keep it waiting until we end.
 */
static bool
has_come(struct watch *w)
{
	struct pollfd fd = { PQsocket(w->asker), 0, 0 };

	while (w->coming != PGRES_POLLING_OK) {
		fd.events = w->coming == PGRES_POLLING_READING ? POLLIN :
								 POLLOUT;
		if (w->coming == PGRES_POLLING_FAILED ||
		    poll(&fd, 1, ASK_PATIENCE) <= 0)
			return false;
		w->coming = PQconnectPoll(w->asker);
		fd.fd = PQsocket(w->asker);
	}
	return true;
}

/*
 * The connection that asks.  It is not the one with the lock: what asks has a
 * snapshot, and CREATE INDEX CONCURRENTLY waits until the transaction of
 * whoever has one just then has ended, which the lock's never does.
 */
static bool
can_ask(struct watch *w)
{
	if (w->asker == NULL && !w->mute) {
		w->asker = db_connect_start(w->target, getprogname());
		w->coming = PGRES_POLLING_WRITING;
	}
	/* nobody needs the answer */
	w->mute = w->asker == NULL || PQstatus(w->asker) == CONNECTION_BAD;
	return !w->mute && has_come(w);
}

int
watch_interval(long lock_timeout)
{
	long ms = lock_timeout / 4;

	if (lock_timeout == 0 || ms > ASK_EVERY)
		return ASK_EVERY;
	return (int)(ms < ASK_EVERY_LEAST ? ASK_EVERY_LEAST : ms);
}

void
watch_ask(struct watch *w, int interval)
{
	long long now = report_clock();
	char *sql;

	if (w->asked)
		take_answer(w);
	if (w->asked || w->lost || now < w->asked_at + interval ||
	    w->worker_pid == 0 || !can_ask(w))
		return;
	w->asked_at = now;
	if (asprintf(&sql,
		"SET LOCAL search_path = ''; SET LOCAL mig.worker = %d; %s %s",
		w->worker_pid, sql_progress, sql_who) == -1)
		return;
	w->asked = PQsendQuery(w->asker, sql) == 1;
	free(sql);
}

/* Wait for the answer to what was asked. */
static void
await(struct watch *w)
{
	long long until = report_clock() + ANSWER, left;
	struct pollfd fd;

	while (w->asked && (left = until - report_clock()) > 0) {
		fd.fd = PQsocket(w->asker);
		fd.events = POLLIN;
		stop_poll(&fd, 1, (int)left);
		take_answer(w);
		w->asked = w->asked && PQstatus(w->asker) == CONNECTION_OK;
	}
}

/* Ask who has locks on what the statement names. */
static void
ask_nearby(struct watch *w, const char *statement)
{
	const char *values[2];
	char pid[16], *sql;

	if (asprintf(&sql, "%s %s", sql_nearby, sql_who) == -1)
		return;
	snprintf(pid, sizeof(pid), "%d", w->worker_pid);
	values[0] = statement;
	values[1] = pid;
	w->asked = PQsendQueryParams(w->asker, sql, 2, NULL, values, NULL, NULL,
		       0) == 1;
	free(sql);
}

/* Have the connection that asks, waiting for it as for an answer. */
static bool
await_asker(struct watch *w)
{
	long long until = report_clock() + ANSWER;

	while (!can_ask(w))
		if (w->mute || report_clock() > until || stop_count() > 1)
			return false;
	return true;
}

void
watch_blame(struct watch *w, const char *statement)
{
	bool waiting = w->waiting;

	await(w);
	/* an answer that comes now may be of the time behind the failure */
	w->waiting = w->waiting || waiting;
	if (*w->blamed != '\0' || w->asked || statement == NULL ||
	    !await_asker(w))
		return;
	ask_nearby(w, statement);
	await(w);
}

void
watch_reset(struct watch *w)
{
	w->progress[0] = '\0';
	w->blockers[0] = '\0';
	w->waiting = false;
	w->blamed[0] = '\0';
	w->asked_at = report_clock();
}
