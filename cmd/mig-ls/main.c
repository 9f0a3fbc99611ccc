/* mig-ls: list migrations. */

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exits.h"
#include "hash.h"
#include "mig-ls.h"
#include "standard.h"
#include "table.h"

/* Options that have no letter. */
enum { OPT_JSON = 256, OPT_VERIFY, OPT_VERSION };

static const struct option longopts[] = { { "columns", required_argument, NULL,
					      'o' },
	{ "convention", required_argument, NULL, 'f' },
	{ "dbname", optional_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "mode", required_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'n' },
	{ "no-header", no_argument, NULL, 'H' },
	{ "verify", optional_argument, NULL, OPT_VERIFY },
	{ "version", no_argument, NULL, OPT_VERSION }, { NULL, 0, NULL, 0 } };

static void usage(void) __attribute__((noreturn));

static void
usage(void)
{
	fprintf(stderr,
	    "usage: %s [-H] [-f CONVENTION] [-m MODE] "
	    "[-o COLUMN,...] [--json]\n"
	    "              [DIR ... | SERIES=DIR,... ...]\n"
	    "       %s -d [CONNINFO] [-H] [-o COLUMN,...] [--json]\n"
	    "       %s -d [CONNINFO] --verify[=HASH]\n"
	    "       %s -n NAME [-f CONVENTION] [DIR]\n"
	    "       %s -h\n",
	    getprogname(), getprogname(), getprogname(), getprogname(),
	    getprogname());
	exit(EXIT_USAGE);
}

static void
help(void)
{
	const struct convention *c;
	size_t i, column = 8;

	puts("mig-ls: list the migrations of directories\n"
	     "\n"
	     "  mig-ls [options] [DIR ... | SERIES=DIR,... ...]\n"
	     "\n"
	     "Without a directory: $MIG_PATH, else ./migrations.\n"
	     "\n"
	     "  -d, --dbname [CONNINFO] list what that database has applied; "
	     "more columns:\n"
	     "                         seq,action,at,by,ms\n"
	     "      --verify[=HASH]    with -d: was its history left as it "
	     "was written?\n"
	     "  -f, --convention NAME  read them as this tool does\n"
	     "  -m, --mode MODE        tx, none or own for migrations that do "
	     "not say it\n"
	     "  -n, --name NAME        print the path for a new migration\n"
	     "  -H, --no-header        bare records, for grep, join, awk\n"
	     "  -o, --columns LIST     these columns alone: series,version,"
	     "name,kind,mode,\n"
	     "                         sha256,path,down_sha256,down_path,"
	     "convention\n"
	     "      --json             one JSON object a line (-h, --help; "
	     "--version)\n"
	     "\n"
	     "  mig-ls migrations | mig-plan | mig-apply\n"
	     "  $EDITOR $(mig-ls -n add_users migrations)\n"
	     "\n"
	     "Conventions:");
	for (i = 0; (c = convention_at(i)) != NULL; i++) {
		column += strlen(c->name) + 2;
		if (i == 0 || column > 76) {
			printf("%s  ", i == 0 ? "" : ",\n");
			column = strlen(c->name) + 4;
		} else {
			printf(", ");
		}
		printf("%s", c->name);
	}
	puts("");
}

/* Close stdout, so that what could not be written is told. */
static int
close_stdout(struct fault *f)
{
	errno = 0;
	if (ferror(stdout) | (fclose(stdout) != 0))
		return fault_errno(f, "cannot write the output");
	return 0;
}

static const struct convention *
want_convention(const char *name)
{
	const struct convention *c = convention_find(name);

	if (c == NULL) {
		warnx("%s: no such convention; mig-ls -h names them", name);
		usage();
	}
	return c;
}

static void
set_style(struct options *o, enum stream_style style)
{
	if (style == STREAM_BARE && o->style == STREAM_COLUMNS)
		return;
	if (o->style != STREAM_SEALED && o->style != style &&
	    !(o->style == STREAM_BARE && style == STREAM_COLUMNS)) {
		warnx("-H, -o and --json: only one of them");
		usage();
	}
	o->style = style;
}

static void
want_columns(struct options *o, const char *columns)
{
	o->columns = columns;
	set_style(o, STREAM_COLUMNS);
}

/* Only now: a listing of the history has more columns. */
static int
check_columns(const struct options *o, struct fault *f)
{
	if (o->columns == NULL)
		return 0;
	if (o->history)
		return history_columns_check(o->columns, f);
	return stream_columns_check(o->columns, migration_columns,
	    MIGRATION_COLUMNS, f);
}

static void
parse(struct options *o, int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "Hd::f:hm:n:o:", longopts, NULL)) !=
	    -1) {
		switch (c) {
		case 'H':
			set_style(o, STREAM_BARE);
			break;
		case 'd':
			o->history = true;
			o->conninfo = optarg;
			break;
		case 'f':
			o->convention = want_convention(optarg);
			break;
		case 'h':
			o->help = true;
			break;
		case 'm':
			if (migration_mode_find(optarg, &o->mode) == -1) {
				warnx("%s: no such mode: tx, none or own",
				    optarg);
				usage();
			}
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'o':
			want_columns(o, optarg);
			break;
		case OPT_JSON:
			set_style(o, STREAM_JSON);
			break;
		case OPT_VERIFY:
			o->verify = true;
			/* what it printed where there was no history */
			if (optarg != NULL && strcmp(optarg, "-") != 0)
				o->hash = optarg;
			break;
		case OPT_VERSION:
			o->version = true;
			break;
		default:
			usage();
		}
	}
}

/*
 * The directories that $MIG_PATH names, or ./migrations.  They point into
 * `*text`; both are the caller's.
 */
static char **
default_args(char **text, size_t *n)
{
	static char migrations[] = "migrations";
	const char *env = getenv("MIG_PATH");
	char **args, *rest, *dir;
	struct stat st;

	rest = *text = strdup(env == NULL ? "" : env);
	if (rest == NULL)
		err(EXIT_STREAM, NULL);
	args = reallocarray(NULL, strlen(rest) + 2, sizeof(*args));
	if (args == NULL)
		err(EXIT_STREAM, NULL);
	for (*n = 0; (dir = strsep(&rest, ":")) != NULL;)
		if (*dir != '\0')
			args[(*n)++] = dir;
	if (*n == 0 && stat(migrations, &st) == 0)
		args[(*n)++] = migrations;
	if (*n == 0) {
		warnx("no directory given, no MIG_PATH, and there is no "
		      "./migrations");
		usage();
	}
	return args;
}

/* The database is named behind -d, with a blank or without. */
static int
list_history(const struct options *o, char *args[], size_t n, struct fault *f)
{
	if (n > 1 || (n == 1 && o->conninfo != NULL) || o->name != NULL ||
	    o->convention != NULL) {
		warnx("-d lists one database; it goes with -H, -o and --json "
		      "alone");
		usage();
	}
	if (o->verify && o->style != STREAM_SEALED) {
		warnx("--verify goes with -d alone");
		usage();
	}
	if (o->hash != NULL && !hash_is_hex(o->hash)) {
		warnx("--verify=%s: wants the 64 digits that --verify printed",
		    o->hash);
		usage();
	}
	return history_list(o, n == 1 ? args[0] : o->conninfo, f);
}

static int
run(const struct options *o, char *args[], size_t n, struct fault *f)
{
	if (o->help) {
		help();
		return 0;
	}
	if (o->version) {
		printf("mig-ls %s\n", MIG_VERSION);
		return 0;
	}
	if (check_columns(o, f) == -1)
		return -1;
	if (o->history)
		return list_history(o, args, n, f);
	if (o->verify) {
		warnx("--verify: it is the history of a database that is "
		      "verified: -d");
		usage();
	}
	if (o->name == NULL)
		return files_list(o, args, n, f);
	if (n != 1) {
		warnx("-n: one directory is wanted");
		usage();
	}
	return files_next(o, args[0], f);
}

int
main(int argc, char *argv[])
{
	struct options o = { .mode = MODE_TX, .style = STREAM_SEALED };
	struct fault f = FAULT_INIT;
	char **args = NULL, **dirs, *text = NULL;
	size_t n;
	int result;

	standard_open();
	parse(&o, argc, argv);
	o.for_people = o.style == STREAM_SEALED && table_wanted(stdout);
	n = (size_t)(argc - optind);
	dirs = argv + optind;
	if (n == 0 && !o.help && !o.version && !o.history)
		dirs = args = default_args(&text, &n);
	result = run(&o, dirs, n, &f);
	if (result == 0)
		result = close_stdout(&f);
	free(args);
	free(text);
	if (result == 0)
		return EXIT_DONE;
	fault_print(&f, stderr);
	result = (int)f.code;
	fault_free(&f);
	return result;
}
