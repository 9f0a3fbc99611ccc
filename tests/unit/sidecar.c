/* What stands beside a text. */

#include "sidecar.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/mig-sidecar.XXXXXX";

/* The path of a file in the directory; owned. */
static char *
path_of(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) == -1)
		abort();
	return path;
}

static void
write_file(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *fp = fopen(path, "w");

	if (fp == NULL || fputs(text, fp) == EOF || fclose(fp) == EOF)
		abort();
	free(path);
}

static void
remove_file(const char *name)
{
	char *path = path_of(name);

	remove(path);
	free(path);
}

/* What is beside a text: mode, raw, and what is not known; or the fault. */
static char *
beside(const char *convention, const char *name)
{
	static const char *const modes[] = { "silent", "tx", "none" };
	struct sidecar x;
	struct fault f = FAULT_INIT;
	char *path = path_of(name), *out = NULL;
	int n;

	if (sidecar_read(&x, convention_find(convention), path, &f) == -1) {
		CHECK_INT(f.code, EXIT_STREAM);
		n = asprintf(&out, "!%s", f.text + strlen(dir));
	} else
		n = asprintf(&out, "%s%s%s%s", modes[x.mode],
		    x.raw ? " raw" : "", x.unknown ? " unknown " : "",
		    x.setting);
	if (n == -1)
		abort();
	fault_free(&f);
	free(path);
	return out;
}

static void
check_beside(const char *convention, const char *name, const char *expected)
{
	char *got = beside(convention, name);

	CHECK_STR(got, expected);
	free(got);
}

static void
check_conf(const char *conf, const char *expected)
{
	write_file("V1__a.sql.conf", conf);
	if (strcmp(conf, "") != 0)
		check_beside("sqlx", "V1__a.sql", "silent");
	check_beside("flyway", "V1__a.sql", expected);
	remove_file("V1__a.sql.conf");
}

static void
check_flyway(void)
{
	check_beside("flyway", "V1__a.sql", "silent");
	check_conf("", "silent");
	check_conf("executeInTransaction=false", "none");
	check_conf(
	    "# a\n! b\n; c\n[d]\n\n \t executeInTransaction : TRUE # e\n",
	    "tx");
	check_conf("placeholderReplacement=false\n", "silent raw");
	check_conf("placeholderReplacement=true\r\n", "silent");
	check_conf("encoding=utf-8\nencoding=UTF8\nencoding=US-ASCII\n",
	    "silent");
	check_conf("new=1\n", "silent unknown new");
	check_conf("alone\n", "silent unknown alone");
	check_conf(
	    "a23456789012345678901234567890123456789012345678901234567890"
	    "1234=1\n",
	    "silent unknown a234567890123456789012345678901234567890123456789"
	    "01234567890123");
}

static void
check_wrong(void)
{
	check_conf("\nexecuteInTransaction=no\n",
	    "!/V1__a.sql.conf:2: executeInTransaction = no: "
	    "neither true nor false");
	check_conf("placeholderReplacement=\n",
	    "!/V1__a.sql.conf:1: placeholderReplacement = : "
	    "neither true nor false");
	check_conf("encoding=ISO-8859-1\n",
	    "!/V1__a.sql.conf:1: encoding = ISO-8859-1: only UTF-8 is read: "
	    "convert the migration and this line");
	check_conf("shouldExecute=true\nexecuteInTransaction=false\n",
	    "!/V1__a.sql.conf:1: shouldExecute = true: not supported: "
	    "its condition is Flyway's");
}

/* A directory where a file should be can be opened, not read. */
static void
check_unreadable(void)
{
	char *path = path_of("V1__a.sql.conf");

	if (mkdir(path, 0777) == -1)
		abort();
	check_beside("flyway", "V1__a.sql", "!/V1__a.sql.conf: Is a directory");
	rmdir(path);
	if (symlink(path, path) == -1)
		abort();
	check_beside("flyway", "V1__a.sql",
	    "!/V1__a.sql.conf: Too many levels of symbolic links");
	unlink(path);
	free(path);
}

static void
check_diesel(void)
{
	check_beside("diesel", "up.sql", "silent");
	write_file("metadata.toml", "other = 1\n");
	check_beside("diesel", "up.sql", "none");
	write_file("metadata.toml", "run_in_transaction = true # a\n");
	check_beside("diesel", "down.sql", "tx");
	write_file("metadata.toml", "run_in_transaction = false\n");
	check_beside("diesel", "up.sql", "none");
	write_file("metadata.toml", "run_in_transaction = 1\n");
	check_beside("diesel", "up.sql",
	    "!/metadata.toml:1: run_in_transaction = 1: "
	    "neither true nor false");
	remove_file("metadata.toml");
}

static void
check_pop(void)
{
	check_beside("pop", "1_a.up.sql", "silent");
	check_beside("pop", "1_a.autocommit.up.sql", "none");
	check_beside("sqlx", "1_a.autocommit.up.sql", "silent");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	check_flyway();
	check_wrong();
	check_unreadable();
	check_diesel();
	check_pop();
	CHECK_INT(rmdir(dir), 0);
	return unit_done("sidecar");
}
