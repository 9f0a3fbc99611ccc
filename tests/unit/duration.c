/* Lengths of time. */

#include "duration.h"

#include "unit.h"

static const struct {
	const char *text;
	long unit, ms;
} rows[] = { { "0", 0, 0 }, { "00", 1000, 0 }, { "0s", 0, 0 }, { "1", 0, -1 },
	{ "1", 1, 1 }, { "20", 1000, 20000 }, { "500ms", 0, 500 },
	{ "500ms", 1000, 500 }, { "10s", 0, 10000 }, { "2min", 0, 120000 },
	{ "1h", 0, 3600000 }, { "24d", 0, 2073600000 }, { "25d", 0, -1 },
	{ "2147483647ms", 0, 2147483647 }, { "2147483648ms", 0, -1 },
	{ "2147483647", 1, 2147483647 }, { "2147483", 1000, 2147483000 },
	{ "2147484", 1000, -1 }, { "99999999999999999999", 1, -1 },
	{ "", 1, -1 }, { "ms", 1, -1 }, { "-1", 1, -1 }, { "+1", 1, -1 },
	{ " 1", 1, -1 }, { "1 s", 1, -1 }, { "1.5s", 1, -1 }, { "1m", 1, -1 },
	{ "1MS", 1, -1 }, { "1sec", 1, -1 } };

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!CHECK_INT(duration_parse(rows[i].text,
				   strlen(rows[i].text), rows[i].unit),
			rows[i].ms))
			printf("\tof %s\n", rows[i].text);
	/* what is behind the text is not looked at */
	CHECK_INT(duration_parse("12s", 2, 1), 12);
	return unit_done("duration");
}
