/* The arguments of mig-plan. */

#include "mig-plan.h"

#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* Options that have no letter. */
enum {
	OPT_ACCEPT = 256,
	OPT_ADOPT,
	OPT_ADOPT_TABLE,
	OPT_ALLOW_MISSING,
	OPT_BASELINE,
	OPT_CHECK,
	OPT_CLEAN,
	OPT_FORGET,
	OPT_SETTLE,
	OPT_JSON,
	OPT_OUT_OF_ORDER,
	OPT_REVERT,
	OPT_REVERT_TO,
	OPT_STATUS,
	OPT_TO,
	OPT_VERBOSE,
	OPT_VERSION
};

static const struct option longopts[] = { { "accept", optional_argument, NULL,
					      OPT_ACCEPT },
	{ "adopt", required_argument, NULL, OPT_ADOPT },
	{ "adopt-table", required_argument, NULL, OPT_ADOPT_TABLE },
	{ "allow-missing", no_argument, NULL, OPT_ALLOW_MISSING },
	{ "baseline", required_argument, NULL, OPT_BASELINE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "clean", required_argument, NULL, OPT_CLEAN },
	{ "columns", required_argument, NULL, 'o' },
	{ "count", required_argument, NULL, 'n' },
	{ "dbname", required_argument, NULL, 'd' },
	{ "forget", optional_argument, NULL, OPT_FORGET },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "no-header", no_argument, NULL, 'H' },
	{ "out-of-order", no_argument, NULL, OPT_OUT_OF_ORDER },
	{ "quiet", no_argument, NULL, 'q' },
	{ "revert", required_argument, NULL, OPT_REVERT },
	{ "revert-to", required_argument, NULL, OPT_REVERT_TO },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "status", no_argument, NULL, OPT_STATUS },
	{ "to", required_argument, NULL, OPT_TO },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "version", no_argument, NULL, OPT_VERSION }, { NULL, 0, NULL, 0 } };

static void usage(void) __attribute__((noreturn));

static void
usage(void)
{
	fprintf(stderr,
	    "usage: %s [-Hq] [-d CONNINFO] [-n COUNT] "
	    "[--to VERSION] [--accept [NAME]]\n"
	    "                [--settle NAME=done|again] [--out-of-order] "
	    "[--allow-missing]\n"
	    "                [--json] < LISTING\n"
	    "       %s --revert COUNT | --revert-to VERSION | "
	    "--baseline VERSION |\n"
	    "                --forget [NAME] | --status | --check < LISTING\n"
	    "       %s --adopt TOOL [--adopt-table TABLE] "
	    "[--accept [NAME]]\n"
	    "                [--allow-missing] < LISTING\n"
	    "       %s --clean DATABASE\n"
	    "       %s -h\n",
	    getprogname(), getprogname(), getprogname(), getprogname(),
	    getprogname());
	exit(EXIT_USAGE);
}

static void
help(void)
{
	puts("mig-plan: plan what a database lacks; changes nothing\n"
	     "\n"
	     "  mig-ls DIR | mig-plan [options] | mig-apply\n"
	     "\n"
	     "  -d, --dbname CONNINFO  where the database is: a name, "
	     "keywords or a URI;\n"
	     "                         else DATABASE_URL, PGHOST and its "
	     "like, POSTGRES_*\n"
	     "  -n, --count COUNT      at most so many migrations\n"
	     "      --to VERSION       up to this version\n"
	     "      --out-of-order     also those below what is applied\n"
	     "      --allow-missing    though applied ones are not listed\n"
	     "      --accept [NAME]    take over the new text of edited "
	     "files\n"
	     "      --settle NAME=done|again  what stopped within a "
	     "statement: how it ended\n"
	     "\n"
	     "  instead of applying:\n"
	     "      --revert COUNT     take back the last ones, newest "
	     "first\n"
	     "      --revert-to VERSION  take back all above this version "
	     "(0: all)\n"
	     "      --baseline VERSION count all up to this as applied\n"
	     "      --adopt TOOL       take over what flyway, sqlx or supabase "
	     "has applied\n"
	     "      --adopt-table TABLE  from this table of that tool\n"
	     "      --forget [NAME]    forget tries that stopped part-way\n"
	     "      --clean DATABASE   drop all that the database holds\n"
	     "      --status           each migration and its state\n"
	     "      --check            exit 1 when anything is to be done\n"
	     "\n"
	     "  -H, --no-header        bare records; -o COLUMN,... with "
	     "--status\n"
	     "      --json             one JSON object a line\n"
	     "  -q, --quiet            no notes; --verbose: more of them\n"
	     "  -h, --help; --version\n"
	     "\n"
	     "VERSION is [SERIES:]VERSION; NAME also a repeatable's name.\n"
	     "Exit: 0 done, 1 --check says no, 2 usage, 3 bad listing or "
	     "file,\n4 no connection, 6 busy, 8 the database's state does "
	     "not allow it,\n9 history not readable.");
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

static long long
number(const char *option, const char *arg)
{
	const char *error;
	long long n;

	n = strtonum(arg, 1, LLONG_MAX, &error);
	if (error != NULL) {
		warnx("%s %s: the number is %s", option, arg, error);
		usage();
	}
	return n;
}

/* Take [SERIES:]VERSION apart; NULL: all. */
static void
choose(struct choice *choice, char *arg)
{
	struct chosen *items;
	char *colon;

	choice->given = true;
	if (arg == NULL) {
		choice->all = true;
		return;
	}
	items = reallocarray(choice->items, choice->n + 1, sizeof(*items));
	if (items == NULL)
		err(EXIT_STREAM, NULL);
	choice->items = items;
	items += choice->n++;
	items->used = false;
	colon = strchr(arg, ':');
	items->series = colon == NULL ? NULL : arg;
	items->version = colon == NULL ? arg : colon + 1;
	if (*items->version == '\0' || colon == arg) {
		warnx("\"%s\": VERSION or SERIES:VERSION is wanted", arg);
		usage();
	}
	if (colon != NULL)
		*colon = '\0';
}

/* --settle NAME=done|again */
static void
settle(struct options *o, char *arg)
{
	char *word = strrchr(arg, '=');

	if (word != NULL && strcmp(word, "=done") == 0) {
		*word = '\0';
		choose(&o->settle_done, arg);
	} else if (word != NULL && strcmp(word, "=again") == 0) {
		*word = '\0';
		choose(&o->settle_again, arg);
	} else {
		warnx("--settle %s: NAME=done or NAME=again is wanted", arg);
		usage();
	}
}

/* An optional argument may also stand behind a blank. */
static char *
optional(int argc, char *argv[])
{
	if (optarg != NULL)
		return optarg;
	if (optind < argc && argv[optind][0] != '-')
		return argv[optind++];
	return NULL;
}

/* One of the tasks that exclude each other. */
static void
set_task(struct options *o, enum task task)
{
	if (o->task != TASK_APPLY && o->task != task) {
		warnx("--revert, --revert-to, --baseline, --adopt, --forget, "
		      "--clean and --status: only one of them");
		usage();
	}
	o->task = task;
}

static void
task_option(struct options *o, int c, int argc, char *argv[])
{
	switch (c) {
	case OPT_ADOPT:
		set_task(o, TASK_ADOPT);
		choose(&o->adopt, optarg);
		break;
	case OPT_BASELINE:
		set_task(o, TASK_BASELINE);
		choose(&o->baseline, optarg);
		break;
	case OPT_CHECK:
		set_task(o, TASK_STATUS);
		o->check = true;
		break;
	case OPT_CLEAN:
		set_task(o, TASK_CLEAN);
		o->clean = optarg;
		break;
	case OPT_FORGET:
		set_task(o, TASK_FORGET);
		choose(&o->forget, optional(argc, argv));
		break;
	case OPT_REVERT:
		set_task(o, TASK_REVERT);
		o->revert = number("--revert", optarg);
		break;
	case OPT_REVERT_TO:
		set_task(o, TASK_REVERT);
		choose(&o->revert_to, optarg);
		break;
	case OPT_STATUS:
		set_task(o, TASK_STATUS);
		o->status = true;
		break;
	default:
		usage();
	}
}

static void
plan_option(struct options *o, int c, int argc, char *argv[])
{
	switch (c) {
	case 'd':
		o->conninfo = optarg;
		break;
	case 'n':
		o->count = number("-n", optarg);
		break;
	case OPT_ACCEPT:
		choose(&o->accept, optional(argc, argv));
		break;
	case OPT_ADOPT_TABLE:
		o->adopt_table = optarg;
		break;
	case OPT_SETTLE:
		settle(o, optarg);
		break;
	case OPT_ALLOW_MISSING:
		o->allow_missing = true;
		break;
	case OPT_OUT_OF_ORDER:
		o->out_of_order = true;
		break;
	case OPT_TO:
		choose(&o->to, optarg);
		break;
	default:
		task_option(o, c, argc, argv);
	}
}

static void
set_style(struct options *o, enum stream_style style)
{
	if (o->style != STREAM_SEALED && o->style != style &&
	    (o->style == STREAM_JSON || style == STREAM_JSON)) {
		warnx("-H, -o and --json: only one of them");
		usage();
	}
	if (o->style != STREAM_COLUMNS)
		o->style = style;
}

static void
one_option(struct options *o, int c, int argc, char *argv[])
{
	switch (c) {
	case 'H':
		set_style(o, STREAM_BARE);
		break;
	case 'h':
		help();
		finish();
	case 'o':
		o->columns = optarg;
		set_style(o, STREAM_COLUMNS);
		break;
	case 'q':
		o->quiet = true;
		break;
	case OPT_JSON:
		set_style(o, STREAM_JSON);
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_VERSION:
		printf("mig-plan %s\n", MIG_VERSION);
		finish();
	default:
		plan_option(o, c, argc, argv);
	}
}

static void
check_adopt(const struct options *o)
{
	if (!o->adopt.given && o->adopt_table != NULL) {
		warnx("--adopt-table: --adopt must name the tool");
		usage();
	}
	if (o->adopt.given &&
	    foreign_tool_find(o->adopt.items[0].version) == NULL) {
		warnx("--adopt %s: flyway, sqlx and supabase are known",
		    o->adopt.items[0].version);
		usage();
	}
}

/* What does not go together. */
static void
check_options(const struct options *o)
{
	if (o->task != TASK_APPLY &&
	    (o->count != -1 || o->to.given || o->out_of_order ||
		(o->accept.given && o->task != TASK_ADOPT))) {
		warnx("-n, --to, --accept and --out-of-order are for "
		      "applying, --accept for --adopt too");
		usage();
	}
	check_adopt(o);
	if (o->revert != -1 && o->revert_to.given) {
		warnx("--revert and --revert-to: only one of them");
		usage();
	}
	if (o->to.n > 1 || o->baseline.n > 1 || o->revert_to.n > 1 ||
	    o->adopt.n > 1) {
		warnx("--to, --baseline, --adopt and --revert-to: only once");
		usage();
	}
	if (o->columns != NULL && !o->status) {
		warnx("-o is for --status alone: a plan is whole");
		usage();
	}
}

void
options_read(struct options *o, int argc, char *argv[])
{
	int c;

	memset(o, 0, sizeof(*o));
	o->style = STREAM_SEALED;
	o->count = o->revert = -1;
	while ((c = getopt_long(argc, argv, "Hd:hn:o:q", longopts, NULL)) != -1)
		one_option(o, c, argc, argv);
	if (optind < argc) {
		warnx("%s: superfluous: the listing is read from stdin",
		    argv[optind]);
		usage();
	}
	check_options(o);
	o->people = o->style == STREAM_SEALED && table_wanted(stdout);
	if (o->task != TASK_CLEAN && table_wanted(stdin)) {
		warnx("stdin is a terminal, a listing is wanted: "
		      "mig-ls DIR | mig-plan");
		usage();
	}
}

void
options_free(struct options *o)
{
	free(o->to.items);
	free(o->revert_to.items);
	free(o->baseline.items);
	free(o->adopt.items);
	free(o->accept.items);
	free(o->forget.items);
	free(o->settle_done.items);
	free(o->settle_again.items);
}
