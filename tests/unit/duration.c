/* Lengths of time. */

#include "duration.h"

#include <limits.h>
#include <string.h>

#include "unit.h"

static const struct {
	const char *text;
	long alone, seconds; /* no unit of its own, or seconds */
} rows[] = {
	{ "0", 0, 0 },
	{ "000", 0, 0 },
	{ "0min", 0, 0 },
	{ "1", -1, 1000 },
	{ "010", -1, 10000 },
	{ "500ms", 500, 500 },
	{ "10s", 10000, 10000 },
	{ "2min", 120000, 120000 },
	{ "1h", 3600000, 3600000 },
	{ "24d", 2073600000, 2073600000 },
	{ "25d", -1, -1 },
	{ "2147483", -1, 2147483000 },
	{ "2147484", -1, -1 },
	{ "2147483647ms", INT_MAX, INT_MAX },
	{ "2147483648ms", -1, -1 },
	{ "99999999999999999999", -1, -1 },
	{ "", -1, -1 },
	{ "s", -1, -1 },
	{ "-1s", -1, -1 },
	{ "+1s", -1, -1 },
	{ " 1s", -1, -1 },
	{ "1 s", -1, -1 },
	{ "1s ", -1, -1 },
	{ "1S", -1, -1 },
	{ "1m", -1, -1 },
	{ "1.5s", -1, -1 },
	{ "1s5", -1, -1 },
};

int
main(void)
{
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].text);
		if (!CHECK(duration_parse(rows[i].text, len, 0) ==
			rows[i].alone) ||
		    !CHECK(duration_parse(rows[i].text, len, 1000) ==
			rows[i].seconds))
			printf("\t\"%s\"\n", rows[i].text);
	}
	/* the text need not end there */
	CHECK(duration_parse("10s2min", 3, 0) == 10000);
	return unit_done("duration");
}
