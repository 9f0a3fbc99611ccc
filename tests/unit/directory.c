/* Directories, where they are not as they should be. */

#include "directory.h"

#include <sys/stat.h>

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "directory_journal.h"
#include "directory_scan.h"
#include "unit.h"

#define NOW ((time_t)1795237200)

static char top[] = "/tmp/mig-directory.XXXXXX";

/* Each test has this directory, empty. */
static char dir[] = "m";

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
begin(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (mkdir(dir, 0755) == -1)
		abort();
}

/* A file below the directory, with the folder that it is in. */
static void
file(const char *name, const char *text)
{
	char path[256], *slash;
	FILE *fp;

	snprintf(path, sizeof(path), "m/%s", name);
	slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	fp = fopen(path, "w");
	if (fp == NULL || fputs(text, fp) == EOF || fclose(fp) == EOF)
		abort();
}

static void
warn_of(void *arg, const char *text)
{
	fprintf(arg, "warning: %s\n", text);
}

/* A line for each warning and migration, or the text of the fault; owned. */
static char *
listed(const char *convention)
{
	struct migration_list list = MIGRATION_LIST_INIT;
	struct directory_options options = {
		.convention = convention == NULL ? NULL :
						   convention_find(convention),
		.warn = warn_of,
	};
	const struct convention *found;
	struct fault f = FAULT_INIT;
	char *dirs[] = { dir }, *out;
	size_t i, len;
	FILE *fp = open_memstream(&out, &len);

	if (fp == NULL)
		abort();
	options.arg = fp;
	if (directory_read(&list, "main", dirs, 1, &options, &found, &f) == -1)
		fprintf(fp, "!%s\n", f.text);
	for (i = 0; i < list.n; i++)
		fprintf(fp, "%s %s\n", list.items[i].path,
		    list.items[i].down_path == NULL ? "-" :
						      list.items[i].down_path);
	fclose(fp);
	migration_list_free(&list);
	fault_free(&f);
	return out;
}

static void
check_listed(const char *convention, const char *expected)
{
	char *got = listed(convention);

	CHECK_STR(got, expected);
	free(got);
}

/* The path of a new file, or the text of the fault. */
static void
check_next(const char *convention, const char *expected)
{
	struct directory_options options = {
		.convention = convention == NULL ? NULL :
						   convention_find(convention),
	};
	struct fault f = FAULT_INIT;
	char *path = directory_next(dir, "new", NOW, &options, &f);

	CHECK_STR(path == NULL ? f.text : path, expected);
	free(path);
	fault_free(&f);
}

/* As somebody whom permissions bind, where root runs the tests. */
static void
check_permissions(void)
{
	begin();
	file("1_a.sql", "SELECT 1;\n");
	chmod("m/1_a.sql", 0);
	if (geteuid() == 0 && seteuid(65534) == -1)
		abort();
	check_listed(NULL, "!m/1_a.sql: Permission denied\n");
	if (getuid() == 0 && seteuid(0) == -1)
		abort();
	chmod(dir, 0);
	if (geteuid() == 0 && seteuid(65534) == -1)
		abort();
	check_listed(NULL, "!m: Permission denied\n");
	if (getuid() == 0 && seteuid(0) == -1)
		abort();
	chmod(dir, 0755);
}

/* A text that is no file, wherever it is looked at. */
static void
check_fifo(void)
{
	begin();
	file("1_a.sql", "SELECT 1;\n");
	if (mkfifo("m/1_a.down.sql", 0644) == -1)
		abort();
	check_listed("sqlx", "!m/1_a.down.sql: not a file\n");
	begin();
	file("1_a.sql", "SELECT 1;\n");
	if (mkfifo("m/2_b.sql", 0644) == -1)
		abort();
	check_listed("plain", "!m/2_b.sql: not a file\n");
	check_next("plain", "m/2_b.sql: not a file");
	check_next("sqlx", "m/3_new.sql");
	begin();
	if (mkfifo("m/2_b.sql", 0644) == -1)
		abort();
	check_listed(NULL, "!m/2_b.sql: not a file\n");
	check_next(NULL, "m/2_b.sql: not a file");
}

/* What is wrong is wrong for the name of a new file as well. */
static void
check_names_alone(void)
{
	begin();
	file("1_a.sql", "SELECT 1;\n");
	file("2_b.sql", "-- mig: nothing\n");
	check_next("plain", "m/2_b.sql:1: -- mig: nothing: no such directive");
	check_next("sqlx", "m/3_new.sql");
}

/* A journal that names what is not there; a folder of graphile-migrate's. */
static void
check_tools(void)
{
	begin();
	file("0000_a.sql", "SELECT 1;\n");
	file("meta/_journal.json", "{\"tag\":\"0000_a\",\"tag\":\"0003_no\"}");
	check_next("drizzle",
	    "0003_no: in meta/_journal.json, but there is no such file");
	begin();
	file("committed/000001-a.sql", "SELECT 1;\n");
	file("000007-b.sql", "SELECT 1;\n");
	check_listed("plain", "m/000007-b.sql -\n");
	check_listed("graphile-migrate", "m/committed/000001-a.sql -\n");
	check_next("graphile-migrate", "m/committed/000002-new.sql");
}

static void
check_folders(void)
{
	begin();
	file("1620138136207_a/up.sql", "SELECT 1;\n");
	file("b/up.sql", "SELECT 1;\n");
	check_listed("hasura",
	    "warning: m/b: not a migration of Hasura, which are named "
	    "<digits>_<name>/up.sql, down.sql\n"
	    "m/1620138136207_a/up.sql -\n");
}

/* Of equal versions in pop, the one for PostgreSQL counts. */
static void
check_dialects(void)
{
	begin();
	file("1_a.up.sql", "SELECT 1;\n");
	file("1_b.postgres.up.sql", "SELECT 1;\n");
	file("2_a.postgres.up.sql", "SELECT 1;\n");
	file("2_b.up.sql", "SELECT 1;\n");
	check_listed("pop",
	    "m/1_b.postgres.up.sql -\nm/2_a.postgres.up.sql -\n");
}

/* A link that leads back is found where folders are searched. */
static void
check_loop(void)
{
	begin();
	file("sub/V1__a.sql", "SELECT 1;\n");
	if (symlink("..", "m/sub/up") == -1)
		abort();
	check_listed(NULL,
	    "!m/sub/up: a link back to a directory that it is in\n");
	CHECK(unlink("m/sub/up") == 0);
	check_listed(NULL, "m/sub/V1__a.sql -\n");
}

static void
check_journal(const char *text, const char *expected)
{
	struct journal j;
	struct fault f = FAULT_INIT;
	size_t i, len;
	char *out;
	FILE *fp = open_memstream(&out, &len);

	begin();
	if (text != NULL)
		file("meta/_journal.json", text);
	if (fp == NULL)
		abort();
	if (journal_read(&j, dir, &f) == -1)
		fprintf(fp, "!%s", f.text);
	for (i = 0; f.text == NULL && i < j.n; i++)
		fprintf(fp, "%s ", j.tags[i]);
	fclose(fp);
	CHECK_STR(out, expected);
	free(out);
	journal_free(&j);
	fault_free(&f);
}

static void
check_journals(void)
{
	check_journal(NULL, "!m/meta/_journal.json: No such file or directory");
	check_journal("{}", "");
	check_journal("{\"tag\":\"a\",\"x\":\"tag\",\"tag\" : \"b\"}", "a b ");
	check_journal("{\"tag\":1,\"x\":\"a\",\"tag\":[\"b\"]}", "");
	check_journal("{\"a\\\"\":\"tag\",\"b\":\"c\"}", "");
	check_journal("{\"tag\":\"a",
	    "!m/meta/_journal.json: ends within a string");
	check_journal("{\"tag\":\"a\\",
	    "!m/meta/_journal.json: ends within a string");
}

static void
check_places(void)
{
	char a[] = "0000_a", b[] = "0001_b", *tags[] = { a, b };
	struct journal j = { tags, 2 };

	CHECK_INT(journal_place(&j, "0000_a.sql"), 1);
	CHECK_INT(journal_place(&j, "0001_b.sql"), 2);
	CHECK_INT(journal_place(&j, "0001_bc.sql"), 0);
	CHECK_INT(journal_place(&j, "0001.sql"), 0);
	CHECK_INT(journal_place(&j, "sql"), 0);
}

static void
check_join(const char *folder, const char *name, const char *expected)
{
	char *path = directory_join(folder, name);

	CHECK_STR(path, expected);
	free(path);
}

int
main(void)
{
	if (mkdtemp(top) == NULL || chdir(top) == -1 || chmod(top, 0755) == -1)
		return 1;
	check_permissions();
	check_fifo();
	check_names_alone();
	check_tools();
	check_folders();
	check_dialects();
	check_loop();
	check_journals();
	check_places();
	check_join("m", "a", "m/a");
	check_join("m//", "a", "m/a");
	check_join("/", "a", "/a");
	check_join(".", "a", "./a");
	begin();
	CHECK(rmdir(dir) == 0 && chdir("/") == 0 && rmdir(top) == 0);
	return unit_done("directory");
}
