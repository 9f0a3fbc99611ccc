/* Faults, and how they are printed. */

#include "fault.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

static void
check_print(const struct fault *f, const char *expected)
{
	size_t len;
	char *out;
	FILE *fp = open_memstream(&out, &len);

	if (fp == NULL)
		abort();
	fault_print(f, fp);
	fclose(fp);
	CHECK_STR(out, expected);
	free(out);
}

static void
check_parts(void)
{
	struct fault f = FAULT_INIT;

	CHECK_INT(fault_set(&f, EXIT_STALE, "a %d", 1), -1);
	CHECK_INT(f.code, EXIT_STALE);
	check_print(&f, "fault: a 1\n");
	CHECK_INT(fault_hint(&f, "do %s", "this"), -1);
	CHECK_INT(fault_detail(&f, "more\nand more"), -1);
	check_print(&f, "fault: a 1\nmore\nand more\nhint: do this\n");
	fault_hint(&f, "do that");
	fault_detail(&f, "a line\n");
	check_print(&f, "fault: a 1\na line\nhint: do that\n");
	fault_detail(&f, "");
	check_print(&f, "fault: a 1\nhint: do that\n");
	/* a new one has nothing of the one before */
	errno = ENOENT;
	CHECK_INT(fault_errno(&f, "%s", "file"), -1);
	CHECK_INT(f.code, EXIT_STREAM);
	check_print(&f, "fault: file: No such file or directory\n");
	fault_set(&f, EXIT_USAGE, "a\033[1mb\001");
	fault_detail(&f, "c\033d");
	fault_hint(&f, "e\033f");
	check_print(&f, "fault: a\\033[1mb\\001\nc\\033d\nhint: e\\033f\n");
	fault_free(&f);
	CHECK_INT(f.code, EXIT_DONE);
	CHECK(f.text == NULL && f.detail == NULL && f.hint == NULL);
}

static void
check_nomem(void)
{
	struct fault f = FAULT_INIT;

	fault_set(&f, EXIT_STALE, "a");
	fault_hint(&f, "b");
	CHECK_INT(fault_nomem(&f), -1);
	CHECK_INT(f.code, EXIT_STREAM);
	check_print(&f, "fault: out of memory\n");
	fault_free(&f);
	CHECK(!f.nomem);
}

int
main(void)
{
	setprogname("fault");
	check_parts();
	check_nomem();
	return unit_done("fault");
}
