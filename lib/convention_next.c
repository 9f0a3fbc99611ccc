/* The version of a new migration. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convention.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first `room` - 1 digits of `s`; returns how many digits it has. */
static size_t
digits_of(const char *s, char *to, size_t room)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (!is_digit(*s))
			continue;
		if (n + 1 < room)
			to[n] = *s;
		n++;
	}
	to[n + 1 < room ? n : room - 1] = '\0';
	return n;
}

/* Whether digits begin with a date: 20161201... */
static bool
is_date(const char *d, size_t n)
{
	int month, day;

	if (n < 8 || (memcmp(d, "19", 2) != 0 && memcmp(d, "20", 2) != 0))
		return false;
	month = (d[4] - '0') * 10 + d[5] - '0';
	day = (d[6] - '0') * 10 + d[7] - '0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Put the digits of `stamp` in the place of those of `s`, then zeros. */
static void
fill(char *s, const char *stamp)
{
	for (; *s != '\0'; s++) {
		if (!is_digit(*s))
			continue;
		*s = *stamp == '\0' ? '0' : *stamp;
		if (*stamp != '\0')
			stamp++;
	}
}

/* `s` with the time in it, where it is a stamp.  Returns whether it is. */
static bool
stamp(char *s, time_t now)
{
	char d[32], text[64];
	struct tm tm;
	size_t n;

	n = digits_of(s, d, sizeof(d));
	if (is_date(d, n)) {
		if (gmtime_r(&now, &tm) == NULL ||
		    strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm) == 0)
			return false;
	} else if (d[0] == '1' && strlen(s) == n && (n == 13 || n == 10)) {
		snprintf(text, sizeof(text), "%lld", (long long)now);
		if (strlen(text) != 10)
			return false;
	} else {
		return false;
	}
	fill(s, text);
	return true;
}

/* The last number of `s` plus one, in its width or, if it must, one more. */
static char *
increment(const char *s)
{
	char *to, *p;
	size_t len = strlen(s), end, begin;

	for (end = len; end > 0 && !is_digit(s[end - 1]); end--)
		;
	for (begin = end; begin > 0 && is_digit(s[begin - 1]); begin--)
		;
	to = malloc(len + 2);
	if (to == NULL)
		return NULL;
	memcpy(to, s, len + 1);
	for (p = to + end; p > to + begin && p[-1] == '9'; p--)
		p[-1] = '0';
	if (p > to + begin) {
		p[-1]++;
	} else {
		memmove(to + begin + 1, to + begin, len + 1 - begin);
		to[begin] = '1';
	}
	return to;
}

char *
convention_next(const struct convention *c, const char *last, time_t now)
{
	char *s;

	s = strdup(last == NULL ? c->first : last);
	if (s == NULL)
		return NULL;
	if (stamp(s, now) &&
	    (last == NULL || convention_version_cmp(c, last, s) < 0))
		return s;
	if (last == NULL)
		return s;
	free(s);
	return increment(last);
}
