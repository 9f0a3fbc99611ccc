/* mig-apply: carry out a plan. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
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
#include "standard.h"
#include "stop.h"
#include "table.h"
#include "text.h"

/* Options that have no letter. */
enum {
	OPT_ANALYZE = 256,
	OPT_JSON,
	OPT_LOCK_TIMEOUT,
	OPT_REHEARSE,
	OPT_RETRY,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_WAIT
};

static const struct option longopts[] = {
	{ "analyze", no_argument, NULL, OPT_ANALYZE },
	{ "dbname", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "interactive", no_argument, NULL, 'i' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "lock-timeout", required_argument, NULL, OPT_LOCK_TIMEOUT },
	{ "no-header", no_argument, NULL, 'H' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "rehearse", no_argument, NULL, OPT_REHEARSE },
	{ "retry", required_argument, NULL, OPT_RETRY },
	{ "single-transaction", no_argument, NULL, '1' },
	{ "variable", required_argument, NULL, 'v' },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ NULL, 0, NULL, 0 },
};

static void usage(void) __attribute__((noreturn));

static void
usage(void)
{
	fprintf(stderr,
	    "usage: %s [-1Hiq] [-d CONNINFO] [-v NAME[=VALUE]] "
	    "[--analyze] [--json]\n"
	    "                 [--lock-timeout MS] [--retry SECONDS] "
	    "[--wait SECONDS] < PLAN\n"
	    "       %s --rehearse [options] < PLAN\n"
	    "       %s -h\n",
	    getprogname(), getprogname(), getprogname());
	exit(EXIT_USAGE);
}

static void
help(void)
{
	puts("mig-apply: carry out a plan\n"
	     "\n"
	     "  mig-ls DIR | mig-plan | mig-apply [options]\n"
	     "  mig-apply [options] < PLAN\n"
	     "\n"
	     "  -d, --dbname CONNINFO    where the database is: a name, "
	     "keywords or a URI;\n"
	     "                           else DATABASE_URL, PGHOST and its "
	     "like, POSTGRES_*\n"
	     "  -v, --variable NAME=VALUE  a variable; NAME alone takes the "
	     "environment's\n"
	     "  -1, --single-transaction all steps or none\n"
	     "  -i, --interactive        ask on the terminal first "
	     "(SKIP_CONFIRMATION: do not)\n"
	     "      --analyze            then ANALYZE the tables that "
	     "were created or changed\n"
	     "      --lock-timeout MS    longest wait for a lock in one try "
	     "(5000; 0: no end)\n"
	     "      --rehearse           run the tx steps, tell what each "
	     "statement does, roll\n"
	     "                           back\n"
	     "      --retry SECONDS      how long to try a step again that "
	     "got no lock (60)\n"
	     "      --wait SECONDS       how long to wait for another "
	     "mig-apply (10)\n"
	     "  -H, --no-header          bare records\n"
	     "      --json               one JSON object a line\n"
	     "  -q, --quiet              no progress line, no report\n"
	     "      --verbose            say where it connects to\n"
	     "  -h, --help; --version\n"
	     "\n"
	     "Exit: 0 done, 2 usage, 3 bad plan, 4 no connection, 5 a step "
	     "failed and was\nrolled back, 6 busy, 7 part-way or unknown, "
	     "8 stale: plan again,\n9 history not readable.");
}

/* End once something was printed, or could not be. */
static void finish(void) __attribute__((noreturn));

static void
finish(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		err(EXIT_STREAM, "cannot write the output");
	exit(EXIT_DONE);
}

static long
number(const char *option, const char *arg)
{
	const char *error;
	long n;

	n = (long)strtonum(arg, 0, INT_MAX / 1000, &error);
	if (error != NULL) {
		warnx("%s %s: the number is %s", option, arg, error);
		usage();
	}
	return n;
}

/* What main() needs besides the options. */
struct setup {
	struct options options;
	struct vars *vars;
	char *conninfo;
};

static void
add_variable(struct setup *s, char *arg)
{
	struct fault f = FAULT_INIT;

	if (vars_add(s->vars, arg, &f) == 0)
		return;
	fault_print(&f, stderr);
	fault_free(&f);
	exit(EXIT_USAGE);
}

static void
long_option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case OPT_ANALYZE:
		o->analyze = true;
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_LOCK_TIMEOUT:
		o->lock_timeout = number("--lock-timeout", arg);
		break;
	case OPT_REHEARSE:
		o->rehearse = true;
		break;
	case OPT_RETRY:
		o->retry = number("--retry", arg);
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_VERSION:
		printf("%s %s\n", getprogname(), MIG_VERSION);
		finish();
	case OPT_WAIT:
		o->wait = number("--wait", arg);
		break;
	default:
		usage();
	}
}

/* What has no meaning where nothing is changed. */
static void
check_rehearse(const struct options *o)
{
	const char *other = o->one ? "-1" :
	    o->ask		   ? "-i" :
	    o->analyze		   ? "--analyze" :
				     NULL;

	if (other == NULL)
		return;
	warnx("--rehearse changes nothing: %s does not go with it", other);
	usage();
}

static void
parse(struct setup *s, int argc, char *argv[])
{
	struct options *o = &s->options;
	int c;

	o->wait = 10;
	o->lock_timeout = 5000;
	o->retry = 60;
	while (
	    (c = getopt_long(argc, argv, "1d:Hhiqv:", longopts, NULL)) != -1) {
		switch (c) {
		case '1':
			o->one = true;
			break;
		case 'd':
			s->conninfo = optarg;
			break;
		case 'H':
			o->bare = true;
			break;
		case 'h':
			help();
			finish();
		case 'i':
			o->ask = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'v':
			add_variable(s, optarg);
			break;
		default:
			long_option(o, c, optarg);
		}
	}
	if (optind < argc) {
		warnx("%s: the plan comes from standard input", argv[optind]);
		usage();
	}
	if (o->rehearse)
		check_rehearse(o);
	if (isatty(STDIN_FILENO)) {
		warnx("a plan is wanted on standard input");
		usage();
	}
}

/* Who carries the plan out, for the log. */
static int
note_who(struct run *r, struct fault *f)
{
	const struct passwd *pw = getpwuid(getuid());

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
 * would make its tables there.
 */
static int
check_role(struct run *r, struct fault *f)
{
	if (strcmp(PQuser(r->watch.conn), db_schema_name()) != 0)
		return 0;
	fault_set(f, EXIT_USAGE,
	    "role %s has the name of the history's "
	    "schema, so that unqualified names would lead there",
	    db_schema_name());
	return fault_hint(f,
	    "connect as another role, or let MIG_SCHEMA "
	    "name another schema, always the same");
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

/* Ask on the terminal.  Returns 0 for yes, -1 with a fault. */
static int
ask(struct run *r, struct fault *f)
{
	const char *skip = getenv("SKIP_CONFIRMATION");
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
		fprintf(tty, "%4zu  %-8s %s %s ", i + 1,
		    plan_action_name(s->action),
		    s->m.series == NULL ? "-" : s->m.series,
		    s->m.version == NULL ? "-" : s->m.version);
		if (s->m.name != NULL)
			text_show(tty, s->m.name, strlen(s->m.name));
		fputc('\n', tty);
	}
	fprintf(tty, "Carry out %zu step%s on database %s? [y/N] ",
	    r->plan->nsteps, r->plan->nsteps == 1 ? "" : "s",
	    PQdb(r->watch.conn));
	fflush(tty);
	if (fgets(line, sizeof(line), tty) == NULL)
		line[0] = '\0';
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
	if (r->options->verbose) {
		where = db_describe(r->watch.conn, r->target);
		warnx("%s", where == NULL ? "out of memory" : where);
		free(where);
	}
	if (look_again(r) == -1 || check_writable(r, f) == -1 ||
	    check_role(r, f) == -1 ||
	    watch_history(&r->watch, &r->history, &r->plan->tool, f) == -1 ||
	    check_state(r, f) == -1 ||
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
	if (!report_ok(&r->report))
		return fault_set(f, EXIT_STREAM,
			   "the report cannot be "
			   "written: nothing was done"),
		       EXIT_STREAM;
	stop_install();
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
	if (r->watch.conn != NULL)
		database = strdup(PQdb(r->watch.conn));
	report_wipe(&r->report);
	if (code != EXIT_DONE) {
		fflush(stdout);
		fault_print(f, stderr);
	}
	code = (int)report_end(&r->report,
	    stop_signal() == 0 ? code : 128 + stop_signal(), database);
	free(database);
	return code;
}

int
main(int argc, char *argv[])
{
	struct setup s;
	struct db_target target;
	struct plan plan;
	struct run r;
	struct fault f = FAULT_INIT;
	enum stream_style style;
	int code;

	standard_open();
	memset(&s, 0, sizeof(s));
	memset(&r, 0, sizeof(r));
	memset(&plan, 0, sizeof(plan));
	s.vars = vars_new();
	if (s.vars == NULL)
		err(EXIT_STREAM, NULL);
	parse(&s, argc, argv);
	if (db_target(&target, s.conninfo, &f) == -1) {
		fault_print(&f, stderr);
		fault_free(&f);
		vars_free(s.vars);
		db_target_free(&target);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (s.options.quiet && freopen("/dev/null", "w", stdout) == NULL)
		err(EXIT_STREAM, "/dev/null");
	style = s.options.json ? STREAM_JSON :
	    s.options.bare     ? STREAM_BARE :
				 STREAM_SEALED;
	r.options = &s.options;
	r.target = &target;
	r.vars = s.vars;
	r.plan = &plan;
	r.fault = &f;
	if (report_begin(&r.report, style,
		style == STREAM_SEALED && table_wanted(stdout)) == -1)
		err(EXIT_STREAM, NULL);
	if (s.options.quiet)
		r.report.progress = false;
	r.report.rehearsal = s.options.rehearse;
	code = apply(&r, &f);
	run_free(&r);
	plan_free(&plan);
	db_target_free(&target);
	fault_free(&f);
	if (stop_signal() != 0)
		stop_die();
	return code;
}
