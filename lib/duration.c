/* Lengths of time as people write them. */

#include "duration.h"

#include <limits.h>
#include <string.h>

/* Milliseconds of a unit; -1: there is no such unit. */
static long
unit_of(const char *s, size_t len)
{
	static const struct {
		const char *name;
		long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 },
		{ "h", 3600000 }, { "d", 86400000 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (len == strlen(units[i].name) &&
		    memcmp(s, units[i].name, len) == 0)
			return units[i].ms;
	return -1;
}

long
duration_parse(const char *s, size_t len, long unit)
{
	long n = 0;
	size_t i;

	for (i = 0; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
		if (n > INT_MAX / 10)
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	if (i == 0)
		return -1;
	if (i < len)
		unit = unit_of(s + i, len - i);
	else if (n == 0)
		return 0;
	if (unit <= 0 || n > INT_MAX / unit)
		return -1;
	return n * unit;
}
