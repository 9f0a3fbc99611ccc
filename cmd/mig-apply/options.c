/* The arguments of mig-apply. */

#include "options.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "exits.h"

/* Options that have no letter. */
enum {
	OPT_ANALYZE = 256,
	OPT_CONCURRENTLY_WAIT,
	OPT_JSON,
	OPT_LOCK_TIMEOUT,
	OPT_REHEARSE,
	OPT_RETRY,
	OPT_STATEMENT_TIMEOUT,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_WAIT
};

static const struct option longopts[] = {
	{ "analyze", no_argument, NULL, OPT_ANALYZE },
	{ "concurrently-wait", required_argument, NULL, OPT_CONCURRENTLY_WAIT },
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
	{ "statement-timeout", required_argument, NULL, OPT_STATEMENT_TIMEOUT },
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
	    "[--analyze]\n"
	    "                 [--concurrently-wait TIME] [--json] "
	    "[--lock-timeout TIME]\n"
	    "                 [--retry TIME] [--statement-timeout TIME] [--wait TIME] < PLAN\n"
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
	     "      --concurrently-wait TIME  how long CONCURRENTLY waits "
	     "for transactions\n"
	     "                           that are older, before it begins "
	     "(5min)\n"
	     "      --lock-timeout TIME  longest wait for a lock in one try "
	     "(5s; 0: no end)\n"
	     "      --rehearse           run the tx steps, tell what each "
	     "statement does, roll\n"
	     "                           back\n"
	     "      --retry TIME         how long to try a step again that "
	     "got no lock (1min)\n"
	     "      --statement-timeout TIME  longest run of one statement "
	     "(as the server has\n"
	     "                           it; 0: no end)\n"
	     "      --wait TIME          how long to wait for another "
	     "mig-apply (10s)\n"
	     "  -H, --no-header          bare records\n"
	     "      --json               one JSON object a line\n"
	     "  -q, --quiet              no progress line, no report\n"
	     "      --verbose            say where it connects to\n"
	     "  -h, --help; --version\n"
	     "\n"
	     "Exit: 0 done, 1 -i had no yes, 2 usage, 3 bad plan, "
	     "4 no connection, 5 a step\nfailed and was rolled back, 6 busy, "
	     "7 part-way or unknown, 8 stale: plan again,\n"
	     "9 history not readable.");
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

/* A duration; digits alone count in `unit` milliseconds. */
static long
duration(const char *option, const char *arg, long unit)
{
	long ms = duration_parse(arg, strlen(arg), unit);

	if (ms == -1) {
		warnx("%s %s: wants a duration: 500ms, 10s, 2min, or a number "
		      "of %s",
		    option, arg, unit == 1 ? "milliseconds" : "seconds");
		usage();
	}
	return ms;
}

static void
add_variable(struct arguments *a, char *arg)
{
	struct fault f = FAULT_INIT;

	if (vars_add(a->vars, arg, &f) == 0)
		return;
	fault_print(&f, stderr);
	exit((int)f.code);
}

static void
long_option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case OPT_ANALYZE:
		o->analyze = true;
		break;
	case OPT_CONCURRENTLY_WAIT:
		o->limits[LIMIT_CONCURRENTLY] = duration("--concurrently-wait",
		    arg, 1000);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_LOCK_TIMEOUT:
		o->limits[LIMIT_LOCK] = duration("--lock-timeout", arg, 1);
		break;
	case OPT_REHEARSE:
		o->rehearse = true;
		break;
	case OPT_RETRY:
		o->limits[LIMIT_RETRY] = duration("--retry", arg, 1000);
		break;
	case OPT_STATEMENT_TIMEOUT:
		o->limits[LIMIT_STATEMENT] = duration("--statement-timeout",
		    arg, 1);
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_VERSION:
		printf("%s %s\n", getprogname(), MIG_VERSION);
		finish();
	case OPT_WAIT:
		o->wait = duration("--wait", arg, 1000);
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

void
options_parse(struct arguments *a, int argc, char *argv[])
{
	struct options *o = &a->options;
	int c;

	memset(a, 0, sizeof(*a));
	a->vars = vars_new();
	if (a->vars == NULL)
		err(EXIT_STREAM, NULL);
	o->wait = 10000;
	o->limits[LIMIT_LOCK] = 5000;
	o->limits[LIMIT_RETRY] = 60000;
	o->limits[LIMIT_CONCURRENTLY] = 300000;
	o->limits[LIMIT_STATEMENT] = -1;
	while (
	    (c = getopt_long(argc, argv, "1d:Hhiqv:", longopts, NULL)) != -1) {
		switch (c) {
		case '1':
			o->one = true;
			break;
		case 'd':
			a->conninfo = optarg;
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
			add_variable(a, optarg);
			break;
		default:
			long_option(o, c, optarg);
		}
	}
	if (optind < argc) {
		warnx("%s: the plan comes from standard input", argv[optind]);
		usage();
	}
	if (o->bare && o->json) {
		warnx("-H and --json: only one of them");
		usage();
	}
	if (o->rehearse)
		check_rehearse(o);
	if (isatty(STDIN_FILENO)) {
		warnx("stdin is a terminal, a plan is wanted: "
		      "mig-ls DIR | mig-plan | mig-apply");
		usage();
	}
}
