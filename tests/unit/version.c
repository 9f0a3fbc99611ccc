/* The order of versions. */

#include "version.h"

#include "unit.h"

/* Ascending; equal ones are in one row. */
static const char *const order[][4] = { { "0", "", "000", "0.0" }, { "0.0.1" },
	{ "1", "001", "1.0", "1_0_0" }, { "1.2", "1_2", "01-02", "1.2." },
	{ "1.9" }, { "1.10" }, { "1.10-pr9" }, { "1.10-pr10" }, { "1-pr1059" },
	{ "2" }, { "9" }, { "10" }, { "2016-12-01-123456", "2016-12-1-123456" },
	{ "2016-12-01-123457" }, { "20250124T113100Z" }, { "20250124T113101Z" },
	{ "20240131113100" }, { "99999999999999999999" },
	{ "100000000000000000000", "0100000000000000000000" },
	{ "100000000000000000000.1" }, { "add" }, { "add2" }, { "add10" },
	{ "b" }, { "\303\244" } };

#define COUNT (sizeof(order) / sizeof(order[0]))

static void
check_pair(size_t i, size_t k)
{
	size_t a, b;

	for (a = 0; a < 4 && order[i][a] != NULL; a++)
		for (b = 0; b < 4 && order[k][b] != NULL; b++)
			if (!CHECK_INT(version_cmp(order[i][a], order[k][b]),
				(i > k) - (i < k)))
				printf("\t\"%s\" and \"%s\"\n", order[i][a],
				    order[k][b]);
}

int
main(void)
{
	size_t i, k;

	for (i = 0; i < COUNT; i++)
		for (k = 0; k < COUNT; k++)
			check_pair(i, k);
	return unit_done("version");
}
