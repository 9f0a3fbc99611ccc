/* Text as it stands in a field of a stream and on a terminal. */

#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool
is_cont(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Length of a sequence and the bounds of its second byte by its first, as in
 * the table of RFC 3629, section 4.
 */
static size_t
utf8_shape(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return 2;
	if (c < 0xf0) {
		if (c == 0xe0)
			*low = 0xa0;
		else if (c == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (c == 0xf0)
		*low = 0x90;
	else if (c == 0xf4)
		*high = 0x8f;
	return 4;
}

size_t
text_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low, high;
	size_t i, n;

	if (len == 0)
		return 0;
	n = utf8_shape(p[0], &low, &high);
	if (n <= 1)
		return n;
	if (n > len || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if (!is_cont(p[i]))
			return 0;
	return n;
}

/* Whether eight bytes are ASCII, and none of them is NUL. */
static bool
is_plain(const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	/* a byte of 0 borrows, one of 0x80 and more stays as it is */
	return ((w | (w - UINT64_C(0x0101010101010101))) &
		   UINT64_C(0x8080808080808080)) == 0;
}

size_t
text_bad(const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		if (len - i >= 8 && is_plain(s + i)) {
			i += 8;
			continue;
		}
		if ((unsigned char)s[i] < 0x80) {
			if (s[i] == '\0')
				return i;
			i++;
			continue;
		}
		n = text_utf8(s + i, len - i);
		if (n == 0)
			return i;
		i += n;
	}
	return len;
}

size_t
text_chars(const char *s, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (!is_cont((unsigned char)s[i]))
			n++;
	return n;
}

size_t
text_lines(const char *s, size_t len)
{
	const char *end = s + len;
	size_t n = 0;

	while ((s = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		n++;
		s++;
	}
	return n;
}

/* Whether a byte that is well-formed on its own needs an escape in a field. */
static bool
is_special(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '\\';
}

/* Length of the run at the start of `s` that stands in a field as it is. */
static size_t
plain_run(const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len && !is_special((unsigned char)s[i])) {
		n = text_utf8(s + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static void
escape_byte(FILE *fp, unsigned char c)
{
	switch (c) {
	case '\t':
		fputs("\\t", fp);
		break;
	case '\n':
		fputs("\\n", fp);
		break;
	case '\r':
		fputs("\\r", fp);
		break;
	case '\\':
		fputs("\\\\", fp);
		break;
	default:
		fprintf(fp, "\\%03o", c);
	}
}

void
text_escape(FILE *fp, const char *s, size_t len)
{
	size_t n;

	if (s == NULL || len == 0) {
		fputc('-', fp);
		return;
	}
	if (len == 1 && s[0] == '-') {
		fputs("\\055", fp);
		return;
	}
	while (len > 0) {
		n = plain_run(s, len);
		if (n == 0) {
			escape_byte(fp, (unsigned char)*s);
			n = 1;
		} else
			fwrite(s, 1, n, fp);
		s += n;
		len -= n;
	}
}

/*
 * Read one escape at `s`, behind the backslash; returns how many bytes it
 * takes there, 0 where it is none.
 */
static size_t
unescape_one(const char *s, char *out)
{
	unsigned v = 0;
	size_t i;

	switch (*s) {
	case 't':
		*out = '\t';
		return 1;
	case 'n':
		*out = '\n';
		return 1;
	case 'r':
		*out = '\r';
		return 1;
	case '\\':
		*out = '\\';
		return 1;
	default:
		break;
	}
	for (i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return 0;
		v = v * 8 + (unsigned)(s[i] - '0');
	}
	if (v > 0xff || v == '\t' || v == '\n' || v == '\r' || v == '\\')
		return 0;
	*out = (char)(unsigned char)v;
	return 3;
}

/*
 * Whether what stands in `s` as it is may, and each octal escape of it was
 * needed: its byte is a control byte, or
 * belongs to no well-formed sequence of the decoded text.
 */
static bool
is_spelled(const char *s, const char *decoded, size_t len)
{
	size_t i = 0, j, n;

	while (i < len) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '7') {
			if (!is_special((unsigned char)decoded[i]) &&
			    text_utf8(decoded + i, len - i) != 0)
				return false;
			s += 4;
			i++;
			continue;
		}
		if (*s == '\\') {
			s += 2;
			i++;
			continue;
		}
		n = text_utf8(decoded + i, len - i);
		if (n == 0 || is_special((unsigned char)*s))
			return false;
		for (j = 0; j < n; j++)
			if (s[j] == '\\')
				return false;
		s += n;
		i += n;
	}
	return true;
}

int
text_unescape(char *s, size_t *len)
{
	char *from = s, *to = s, *raw;
	size_t n;
	bool ok;

	if (strcmp(s, "-") == 0 || strcmp(s, "\\055") == 0) {
		*len = s[0] == '-' ? 0 : 1;
		s[0] = '-';
		s[*len] = '\0';
		return 0;
	}
	if (*s == '\0')
		return -1;
	if (strchr(s, '\\') == NULL) {
		*len = strlen(s);
		return plain_run(s, *len) == *len ? 0 : -1;
	}
	raw = strdup(s);
	if (raw == NULL)
		return -1;
	while (*from != '\0') {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		n = unescape_one(from, to);
		if (n == 0) {
			free(raw);
			return -1;
		}
		from += n;
		to++;
	}
	*len = (size_t)(to - s);
	*to = '\0';
	ok = is_spelled(raw, s, *len);
	free(raw);
	return ok ? 0 : -1;
}

/*
 * Whether a character of several bytes acts on the terminal: the C1 controls
 * (U+0080 to U+009F), and those that turn the direction of the text round them
 * (U+202A to U+202E, U+2066 to U+2069), so that it looks like another.
 */
static bool
is_hidden(const unsigned char *s)
{
	if (s[0] == 0xc2)
		return s[1] < 0xa0;
	if (s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	    (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

void
text_show(FILE *fp, const char *s, size_t len)
{
	size_t n;

	while (len > 0) {
		n = text_utf8(s, len);
		if (n == 1 && is_special((unsigned char)*s) && *s != '\n' &&
		    *s != '\t' && *s != '\\')
			n = 0;
		if (n > 1 && is_hidden((const unsigned char *)s))
			n = 0;
		if (n == 0) {
			fprintf(fp, "\\%03o", (unsigned char)*s);
			n = 1;
		} else
			fwrite(s, 1, n, fp);
		s += n;
		len -= n;
	}
}

void
text_json_part(FILE *fp, const char *s, size_t len)
{
	unsigned char c;
	size_t n;

	while (len > 0) {
		c = (unsigned char)*s;
		n = text_utf8(s, len);
		if (c == '"' || c == '\\')
			fprintf(fp, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", fp);
		else if (c == '\t')
			fputs("\\t", fp);
		else if (n == 0 || c < 0x20 || c == 0x7f) {
			fprintf(fp, "\\u%04x", n == 0 ? 0xfffdU : c);
			n = 1;
		} else
			fwrite(s, 1, n, fp);
		s += n;
		len -= n;
	}
}

void
text_json(FILE *fp, const char *s, size_t len)
{
	fputc('"', fp);
	text_json_part(fp, s, len);
	fputc('"', fp);
}
