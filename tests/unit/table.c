/* Tables, where they go to no terminal. */

#include "table.h"

#include <stdlib.h>

#include "unit.h"

static const struct table_column columns[] = { { "NAME", false, false },
	{ "N", true, false }, { "TEXT", false, true } };

static char *
printed(const char *const (*rows)[3], size_t n)
{
	struct fault f = FAULT_INIT;
	struct table *t;
	char *out;
	size_t i, len;
	FILE *fp = open_memstream(&out, &len);

	if (fp == NULL || (t = table_new(fp, columns, 3)) == NULL)
		abort();
	CHECK_INT(table_cell(t, 0, TABLE_BAD), -1);
	for (i = 0; i < n; i++) {
		CHECK_INT(table_row(t, rows[i], TABLE_GOOD), 0);
		CHECK_INT(table_cell(t, 1, TABLE_WAIT), 0);
		CHECK_INT(table_cell(t, 3, TABLE_WAIT), -1);
	}
	CHECK_INT(table_print(t, &f), 0);
	table_free(t);
	fclose(fp);
	return out;
}

/* Cells are aligned by what is seen, and each row is a line. */
static void
check_rows(void)
{
	static const char *const rows[][3] = { { "a", "1", "x" },
		{ "two\nlines\tand", "10", NULL },
		{ "gr\xc3\xbcn", "100", "y" }, { "\033[1m\x01", NULL, "z" } };
	char *out = printed(rows, 4);

	CHECK_STR(out,
	    "NAME             N  TEXT\n"
	    "a                1  x\n"
	    "two lines and   10  \n"
	    "gr\xc3\xbcn           100  y\n"
	    "\\033[1m\\001         z\n");
	free(out);
}

static void
check_empty(void)
{
	char *out = printed(NULL, 0);

	CHECK_STR(out, "");
	free(out);
	table_free(NULL);
}

static void
check_wanted(void)
{
	FILE *fp = fopen("/dev/null", "w");

	CHECK(fp != NULL && !table_wanted(fp) && !table_coloured(fp));
	fclose(fp);
	CHECK_STR(table_escape(TABLE_PLAIN), "\033[0m");
}

int
main(void)
{
	check_rows();
	check_empty();
	check_wanted();
	return unit_done("table");
}
