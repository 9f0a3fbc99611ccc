/* mig-apply: carry out a plan. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "exits.h"
#include "rehearse.h"
#include "run.h"
#include "sql.h"
#include "standard.h"
#include "stop.h"
#include "table.h"
#include "text.h"

/* Who carries the plan out, for the log; and a name that only this run has. */
static int
note_who(struct run *r, struct fault *f)
{
	const struct passwd *pw;
	size_t i;

	for (i = 0; i < 4; i++)
		snprintf(r->id + 8 * i, 9, "%08x", arc4random());
	errno = 0;
	pw = getpwuid(getuid());
	if (pw == NULL && errno == ENOMEM)
		return fault_nomem(f);
	if (gethostname(r->host, sizeof(r->host)) == -1)
		r->host[0] = '\0';
	r->host[sizeof(r->host) - 1] = '\0';
	if (pw != NULL)
		r->os_user = strdup(pw->pw_name);
	else if (asprintf(&r->os_user, "%u", getuid()) == -1)
		r->os_user = NULL;
	return r->os_user == NULL ? fault_nomem(f) : 0;
}

/* A server that takes no writes is found before anything is tried. */
static int
check_writable(const struct run *r, struct fault *f)
{
	if (r->watch.standby) {
		fault_set(f, EXIT_CONNECT,
		    "database %s is on a standby, "
		    "which takes no changes",
		    PQdb(r->watch.conn));
		return fault_hint(f,
		    "connect to the primary: several hosts "
		    "with target_session_attrs=read-write find it");
	}
	if (r->watch.read_only) {
		fault_set(f, EXIT_CONNECT,
		    "database %s is read-only for "
		    "this role: default_transaction_read_only is on",
		    PQdb(r->watch.conn));
		return fault_hint(f,
		    "PGOPTIONS=\"-c "
		    "default_transaction_read_only=off\" overrides it");
	}
	return 0;
}

/*
 * "$user" stands in the default search_path: a role of the history's name
 * would make its tables there, be it the login's, what ALTER ROLE ... SET role
 * makes of that, or a step's.
 */
static int
check_roles(struct run *r, struct fault *f)
{
	const char *name = db_schema_name(), *role;
	bool same = strcmp(r->watch.role, name) == 0;
	size_t i;

	for (i = 0; i < r->plan->nsteps; i++)
		if ((role = r->looks[i].role) != NULL)
			same = same || strcmp(role, name) == 0;
	if (!same)
		return 0;
	fault_set(f, EXIT_USAGE,
	    "role %s has the name of the history's "
	    "schema, so that unqualified names would lead there",
	    name);
	return fault_hint(f,
	    "use another role, or let MIG_SCHEMA name another schema, always "
	    "the same");
}

static int
check_state(struct run *r, struct fault *f)
{
	if (strcmp(r->history.state, r->plan->state) == 0)
		return 0;
	fault_set(f, EXIT_STALE,
	    "stale: database %s is not in the state "
	    "that the plan was made for",
	    PQdb(r->watch.conn));
	return fault_hint(f,
	    "plan again: mig-ls DIR | mig-plan; mig-ls -d "
	    "lists what is applied");
}

/* A right to the history that lacks is found before a step has run for long. */
static int
check_rights(struct run *r, struct fault *f)
{
	PGresult *result;

	if (!r->history.exists || r->options->rehearse)
		return 0;
	result = watch_query(&r->watch, sql_rights, f);
	if (result == NULL)
		return -1;
	if (!PQgetisnull(result, 0, 0)) {
		fault_set(f, EXIT_NOVERDICT,
		    "role %s may not write to the history of database %s",
		    PQuser(r->watch.conn), PQdb(r->watch.conn));
		fault_hint(f, "grant %s to this role",
		    PQgetvalue(result, 0, 0));
	}
	PQclear(result);
	return f->text == NULL ? 0 : -1;
}

/* Ask on the terminal.  Returns 0 for yes, -1 with a fault. */
static int
ask(struct run *r, struct fault *f)
{
	const char *skip = getenv("SKIP_CONFIRMATION");
	const char *words = r->report.words.line;
	const struct plan_step *s;
	char line[16] = "";
	size_t i;
	FILE *tty;

	if (!r->options->ask || (skip != NULL && *skip != '\0'))
		return 0;
	tty = fopen("/dev/tty", "r+");
	if (tty == NULL) {
		fault_set(f, EXIT_USAGE,
		    "-i: there is no terminal to ask "
		    "on");
		return fault_hint(f, "SKIP_CONFIRMATION=1 answers yes");
	}
	for (i = 0; i < r->plan->nsteps; i++) {
		s = &r->plan->steps[i];
		fprintf(tty, "%4zu  %-8s ", i + 1, plan_action_name(s->action));
		report_name(tty, s);
		fputc('\n', tty);
	}
	fprintf(tty, "Carry out %zu step%s on database ", r->plan->nsteps,
	    r->plan->nsteps == 1 ? "" : "s");
	text_show(tty, PQdb(r->watch.conn), strlen(PQdb(r->watch.conn)));
	fputs("? [y/N] ", tty);
	fflush(tty);
	/* behind the question and the ^C that answers it */
	r->report.words.line = "\nmig-apply: stopped: nothing was done\n";
	if (fgets(line, sizeof(line), tty) == NULL) {
		line[0] = '\0';
		dprintf(fileno(tty), "\n");
	}
	r->report.words.line = words;
	fclose(tty);
	if (line[0] == 'y' || line[0] == 'Y')
		return 0;
	return fault_set(f, EXIT_NO, "not confirmed: nothing was done");
}

/* The server may have strings end elsewhere than it was thought. */
static int
look_again(struct run *r)
{
	const char *value = PQparameterStatus(r->watch.conn,
	    "standard_conforming_strings");

	r->backslash_quotes = value != NULL && strcmp(value, "off") == 0;
	return r->backslash_quotes ? run_look(r) : 0;
}

/* All that comes before the first step. */
static int
prepare(struct run *r, struct fault *f)
{
	char *where;

	if (run_look(r) == -1 || vars_check(r->vars, r->plan, f) == -1 ||
	    note_who(r, f) == -1 ||
	    watch_open(&r->watch, r->target, &r->plan->tool, r->options->wait,
		f) == -1)
		return -1;
	/* the handler's; the process ends with it */
	r->report.words.cancel = PQgetCancel(r->watch.conn);
	if (r->options->verbose) {
		where = db_describe(r->watch.conn, r->target);
		if (where == NULL)
			return fault_nomem(f);
		warnx("%s", where);
		free(where);
	}
	if (look_again(r) == -1 || check_writable(r, f) == -1 ||
	    check_roles(r, f) == -1 ||
	    watch_history(&r->watch, &r->history, &r->plan->tool, f) == -1 ||
	    check_state(r, f) == -1 || check_rights(r, f) == -1 ||
	    vars_add_flyway(r->vars, r->watch.conn, f) == -1)
		return -1;
	r->schema = db_schema(r->watch.conn, f);
	if (r->schema == NULL)
		return -1;
	r->append = history_append_sql(r->schema);
	return r->append == NULL ? fault_nomem(f) : ask(r, f);
}

/* Carry out a plan that has steps. */
static int
carry_out(struct run *r, struct fault *f)
{
	enum exits code;

	if (prepare(r, f) == -1)
		return f->code == EXIT_DONE ? EXIT_STREAM : (int)f->code;
	if (!report_ok(&r->report)) {
		fault_set(f, EXIT_STREAM,
		    "the report cannot be written: nothing was done");
		return EXIT_STREAM;
	}
	if (r->options->rehearse)
		return (int)rehearse_steps(r);
	code = run_steps(r);
	if (code == EXIT_DONE)
		run_analyze(r);
	return (int)code;
}

/* Read the plan and carry it out.  Returns the exit code. */
static int
apply(struct run *r, struct fault *f)
{
	char *database = NULL;
	int code;

	if (plan_read(r->plan, stdin, "stdin", f) == -1)
		code = EXIT_STREAM;
	else {
		r->report.steps = r->plan->nsteps;
		code = r->plan->nsteps == 0 ? 0 : carry_out(r, f);
	}
	stop_hold();
	if (r->watch.conn != NULL)
		database = strdup(PQdb(r->watch.conn));
	report_wipe(&r->report);
	if (code != EXIT_DONE) {
		fflush(stdout);
		fault_print(f, stderr);
	} else if (stop_signal() != 0)
		warnx("stopped, but all is done");
	code = (int)report_end(&r->report,
	    stop_signal() == 0 ? code : 128 + stop_signal(), database);
	free(database);
	return code;
}

int
main(int argc, char *argv[])
{
	struct arguments args;
	struct db_target target;
	struct plan plan;
	struct run r;
	struct fault f = FAULT_INIT;
	enum stream_style style;
	int code;

	standard_open();
	memset(&r, 0, sizeof(r));
	memset(&plan, 0, sizeof(plan));
	options_parse(&args, argc, argv);
	if (db_target(&target, args.conninfo, &f) == -1) {
		fault_print(&f, stderr);
		code = (int)f.code;
		fault_free(&f);
		vars_free(args.vars);
		db_target_free(&target);
		return code;
	}
	signal(SIGPIPE, SIG_IGN);
	if (args.options.quiet && freopen("/dev/null", "w", stdout) == NULL)
		err(EXIT_STREAM, "/dev/null");
	style = args.options.json ? STREAM_JSON :
	    args.options.bare	  ? STREAM_BARE :
				    STREAM_SEALED;
	r.options = &args.options;
	r.target = &target;
	r.vars = args.vars;
	r.plan = &plan;
	r.fault = &f;
	if (report_begin(&r.report, style,
		style == STREAM_SEALED && table_wanted(stdout)) == -1)
		err(EXIT_STREAM, NULL);
	if (args.options.quiet)
		r.report.progress = false;
	r.report.rehearsal = args.options.rehearse;
	code = apply(&r, &f);
	run_free(&r);
	plan_free(&plan);
	db_target_free(&target);
	fault_free(&f);
	report_close(&r.report);
	if (stop_signal() != 0)
		stop_die();
	return code;
}
