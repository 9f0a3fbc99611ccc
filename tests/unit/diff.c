/* The difference of two texts. */

#include "diff.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

/* What is shown on `fp`, or the text of the fault, is written to `to`. */
static void
show(FILE *fp, const char *before, const char *after, char to[1024])
{
	struct diff_side sides[] = { { "old a", before },
		{ "new\033b", after } };
	struct fault f = FAULT_INIT;

	*to = '\0';
	if (diff_show(fp, &sides[0], &sides[1], &f) == -1) {
		CHECK_INT(f.code, EXIT_STREAM);
		snprintf(to, 1024, "!%s", f.text);
	}
	fault_free(&f);
}

static void
check(const char *before, const char *after, const char *expected)
{
	char fault[1024], *out;
	size_t len;
	FILE *fp = open_memstream(&out, &len);

	if (fp == NULL)
		abort();
	show(fp, before, after, fault);
	fclose(fp);
	CHECK_STR(fault, "");
	CHECK_STR(out, expected);
	free(out);
}

static void
check_texts(void)
{
	check("", "", "");
	check("a\nb\n", "a\nb\n", "");
	check("a\nb\n", "a\nc\n",
	    "--- old a\n+++ new\\033b\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
	check("", "a\033[1m\n",
	    "--- old a\n+++ new\\033b\n@@ -0,0 +1 @@\n+a\\033[1m\n");
	check("a", "",
	    "--- old a\n+++ new\\033b\n@@ -1 +0,0 @@\n-a\n"
	    "\\ No newline at end of file\n");
}

/* On a terminal: in colour, unless NO_COLOR is set. */
static void
check_coloured(const char *expected)
{
	char fault[1024], out[1024];
	int leader = posix_openpt(O_RDWR | O_NOCTTY);
	size_t len = 0;
	ssize_t n;
	FILE *fp;

	if (leader == -1 || grantpt(leader) == -1 || unlockpt(leader) == -1)
		abort();
	fp = fopen(ptsname(leader), "r+");
	if (fp == NULL)
		abort();
	show(fp, "a\nc\n", "b\nc\n", fault);
	fclose(fp);
	/* EIO once all that was written is read */
	while ((n = read(leader, out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(leader);
	CHECK_STR(fault, "");
	CHECK_STR(out, expected);
}

/* A fault, and nothing shown. */
static void
check_fault(const char *expected)
{
	char fault[1024], *out;
	size_t len;
	FILE *fp = open_memstream(&out, &len);

	if (fp == NULL)
		abort();
	show(fp, "a", "b", fault);
	fclose(fp);
	CHECK_STR(fault, expected);
	CHECK_STR(out, "");
	free(out);
}

/* With so many files open at most: each of the three is missed once. */
static void
check_files(void)
{
	struct rlimit old, limit;
	int next = dup(STDIN_FILENO), i;

	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	limit = old;
	for (i = 0; i < 3; i++) {
		limit.rlim_cur = (rlim_t)(next + i);
		setrlimit(RLIMIT_NOFILE, &limit);
		check_fault("!temporary file: Too many open files");
	}
	setrlimit(RLIMIT_NOFILE, &old);
}

/* As on a full disk. */
static void
check_full(void)
{
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &limit);
	check_fault("!temporary file: File too large");
	setrlimit(RLIMIT_FSIZE, &old);
}

/* Where the three files have numbers that the child has other uses for. */
static void
check_numbers(void)
{
	int fds[16], i;

	for (i = 0; i < 16; i++) {
		fds[i] = dup(STDIN_FILENO);
		check("a\n", "b\n",
		    "--- old a\n+++ new\\033b\n@@ -1 +1 @@\n-a\n+b\n");
	}
	for (i = 0; i < 16; i++)
		close(fds[i]);
}

/* No diff(1), and one that fails. */
static void
check_programs(void)
{
	char dir[] = "/tmp/mig-diff.XXXXXX", path[64];
	FILE *fp;

	if (mkdtemp(dir) == NULL)
		abort();
	setenv("PATH", dir, 1);
	if (!unit_under_memcheck())
		check_fault("!diff: No such file or directory");
	snprintf(path, sizeof(path), "%s/diff", dir);
	fp = fopen(path, "w");
	if (fp == NULL || fputs("#!/bin/sh\nexit 2\n", fp) == EOF ||
	    fclose(fp) == EOF || chmod(path, 0755) == -1)
		abort();
	check_fault("!diff(1) failed");
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	unsetenv("NO_COLOR");
	check_texts();
	setenv("TERM", "xterm", 1);
	check_coloured(
	    "\033[31m--- old a\033[0m\r\n"
	    "\033[32m+++ new\\033b\033[0m\r\n\033[2m@@ -1,2 +1,2 @@\033[0m\r\n"
	    "\033[31m-a\033[0m\r\n\033[32m+b\033[0m\r\n c\r\n");
	setenv("NO_COLOR", "1", 1);
	check_coloured("--- old a\r\n+++ new\\033b\r\n@@ -1,2 +1,2 @@\r\n"
		       "-a\r\n+b\r\n c\r\n");
	if (!unit_under_memcheck())
		check_files();
	check_full();
	check_numbers();
	check_programs();
	return unit_done("diff");
}
