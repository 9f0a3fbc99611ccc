/* The order of versions as file names have them. */

#include "version.h"

#include <stddef.h>
#include <string.h>

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_join(char c)
{
	return c == '.' || c == '_' || c == '-';
}

/* Length of the part at `s`: a number, or text that holds no digit. */
static size_t
part_len(const char *s)
{
	size_t n = 0;

	if (is_digit(s[0])) {
		while (is_digit(s[n]))
			n++;
		return n;
	}
	while (s[n] != '\0' && !is_digit(s[n]) && !is_join(s[n]))
		n++;
	return n;
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

static int
number_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
	for (; alen > 0 && *a == '0'; alen--)
		a++;
	for (; blen > 0 && *b == '0'; blen--)
		b++;
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return sign(memcmp(a, b, alen));
}

static int
text_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
	int c = sign(memcmp(a, b, alen < blen ? alen : blen));

	return c != 0 ? c : (alen > blen) - (alen < blen);
}

/* A part of no length is missing: the number 0. */
static int
part_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
	int anum = alen == 0 || is_digit(*a), bnum = blen == 0 || is_digit(*b);

	if (anum != bnum)
		return anum ? -1 : 1;
	return anum ? number_cmp(a, alen, b, blen) : text_cmp(a, alen, b, blen);
}

int
version_cmp(const char *a, const char *b)
{
	size_t alen, blen;
	int c;

	do {
		while (is_join(*a))
			a++;
		while (is_join(*b))
			b++;
		alen = part_len(a);
		blen = part_len(b);
		c = part_cmp(a, alen, b, blen);
		a += alen;
		b += blen;
	} while (c == 0 && (alen > 0 || blen > 0));
	return c;
}
