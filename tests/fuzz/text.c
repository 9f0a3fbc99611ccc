/*
 * Fuzz target of text and versions.  A field that can be unescaped has that
 * one spelling; what a terminal or JSON gets holds nothing that either would
 * act on; and the versions of names, three lines of the input, are in one order.
 */

#include "text.h"

#include "convention.h"
#include "fuzz.h"
#include "version.h"

static char *
written(void write(FILE *, const char *, size_t), const char *s, size_t len,
    size_t *out_len)
{
	char *out;
	FILE *fp;

	fp = open_memstream(&out, out_len);
	require(fp != NULL);
	write(fp, s, len);
	fclose(fp);
	return out;
}

static void
check_field(const char *s, size_t len)
{
	char *field, *again;
	size_t n, again_len;

	field = fuzz_string(s, len);
	if (text_bad(field, strlen(field)) == strlen(field) &&
	    text_unescape(field, &n) == 0) {
		require(strlen(field) <= n);
		again = written(text_escape, field, n, &again_len);
		require(again_len <= len && memcmp(again, s, again_len) == 0);
		free(again);
	}
	free(field);
}

static void
check_shown(const char *s, size_t len)
{
	size_t i, n;
	char *out;

	out = written(text_show, s, len, &n);
	require(text_bad(out, n) == n && text_chars(out, n) <= n);
	for (i = 0; i < n; i++) {
		require((unsigned char)out[i] >= ' ' || out[i] == '\n' ||
		    out[i] == '\t');
		require(out[i] != 0x7f);
		require(i + 1 == n || (unsigned char)out[i] != 0xc2 ||
		    (unsigned char)out[i + 1] >= 0xa0);
	}
	free(out);
	out = written(text_json, s, len, &n);
	require(n >= 2 && text_bad(out, n) == n);
	for (i = 0; i < n; i++) {
		require((unsigned char)out[i] >= ' ');
		if (out[i] == '"')
			require(i == 0 || i + 1 == n);
		if (out[i] == '\\')
			require(++i < n - 1);
	}
	free(out);
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

/* By convention `c`; NULL: by number. */
static void
check_order(const struct convention *c, char *const v[3])
{
	int ab = sign(convention_version_cmp(c, v[0], v[1]));
	int bc = sign(convention_version_cmp(c, v[1], v[2]));
	int ac = sign(convention_version_cmp(c, v[0], v[2]));

	require(sign(convention_version_cmp(c, v[1], v[0])) == -ab);
	require(convention_version_cmp(c, v[0], v[0]) == 0);
	if (ab == bc || bc == 0)
		require(ac == ab);
	if (ab == 0)
		require(ac == bc);
}

/* The versions in three names, where each is one of the convention's. */
static void
check_names(const struct convention *c, char *const names[3])
{
	struct convention_name x;
	char *v[3] = { NULL, NULL, NULL };
	size_t i;

	for (i = 0; i < 3; i++)
		if (convention_match(c, names[i], &x) && x.version_len > 0)
			v[i] = fuzz_string(names[i] + x.version, x.version_len);
	if (v[0] != NULL && v[1] != NULL && v[2] != NULL)
		check_order(c, v);
	for (i = 0; i < 3; i++)
		free(v[i]);
}

static void
check_versions(const char *s, size_t len)
{
	const struct convention *c;
	const char *lf;
	char *v[3];
	size_t i, n;

	for (i = 0; i < 3; i++) {
		lf = len == 0 ? NULL : memchr(s, '\n', len);
		n = lf == NULL ? len : (size_t)(lf - s);
		v[i] = fuzz_string(s, n);
		n += lf != NULL;
		s += n;
		len -= n;
	}
	check_order(NULL, v);
	for (i = 0; (c = convention_at(i)) != NULL; i++)
		check_names(c, v);
	for (i = 0; i < 3; i++)
		free(v[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *s = (const char *)data;

	check_field(s, len);
	check_shown(s, len);
	check_versions(s, len);
	return 0;
}
