/*
 * Fuzz target of names, directives and sections.  The first byte says which
 * convention, the first line is a file name, the rest its text.  A name's
 * parts lie inside of it, orders are orders, the next version comes after the
 * last, and a text read in one way gives what it gives in another.
 */

#include "convention.h"

#include "directory_scan.h"
#include "fuzz.h"
#include "mode.h"
#include "source.h"

#define NOW ((time_t)1795237200)

static void
check_name(const struct convention *c, const char *name)
{
	struct convention_name x;
	size_t len = strlen(name);
	char *version, *next;

	directory_is_stranger(c, name);
	if (!convention_match(c, name, &x))
		return;
	require(x.version <= len && x.version_len <= len - x.version);
	require(x.name <= len && x.name_len <= len - x.name);
	require((x.version_len > 0) ==
	    (x.kind == KIND_VERSIONED || x.kind == KIND_BASELINE));
	if (x.version_len == 0)
		return;
	version = strndup(name + x.version, x.version_len);
	next = version == NULL ? NULL : convention_next(c, version, NOW);
	require(next != NULL);
	require(convention_version_cmp(c, version, version) == 0);
	require(convention_version_cmp(c, version, next) ==
	    -convention_version_cmp(c, next, version));
	free(next);
	free(version);
}

/* What a part of the text comes to: its length, or SIZE_MAX for a fault. */
static size_t
read_part(const char *path, const struct convention *c, enum source_part part,
    size_t sum[2])
{
	struct fault f = FAULT_INIT;
	struct source_piece piece;
	struct source *s;
	struct mode *mode;
	size_t len = 0;
	int n;

	sum[0] = sum[1] = 0;
	s = source_open(path, c, part, &f);
	mode = mode_new(c, path);
	require(s != NULL && mode != NULL);
	while ((n = source_next(s, &piece, &f)) == 1) {
		require(piece.len > 0 && piece.line > 0);
		len += piece.len;
		sum[piece.part == SOURCE_DOWN] += piece.len;
		if (mode_feed(mode, &piece, &f) == -1)
			fault_free(&f);
	}
	mode_end(mode, source_says_none(s, SOURCE_UP), SIDECAR_SILENT, MODE_TX);
	require((n == -1) == (f.text != NULL));
	mode_free(mode);
	source_close(s);
	fault_free(&f);
	return n == -1 ? SIZE_MAX : len;
}

static void
check_text(const struct convention *c, const uint8_t *text, size_t len)
{
	const char *path = fuzz_file("1_a.sql", text, len);
	size_t sum[2], both[2], n;

	directory_sign((const char *)text, len);
	n = read_part(path, c, SOURCE_BOTH, both);
	if (n == SIZE_MAX)
		return;
	require(n <= len);
	require(read_part(path, c, SOURCE_UP, sum) == both[0]);
	require(read_part(path, c, SOURCE_DOWN, sum) == both[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct convention *c;
	const uint8_t *lf;
	size_t n;
	char *name;

	if (len == 0)
		return 0;
	for (n = 0; convention_at(n) != NULL; n++)
		;
	c = convention_at(data[0] % n);
	lf = memchr(data + 1, '\n', len - 1);
	if (lf == NULL)
		lf = data + len;
	name = fuzz_string(data + 1, (size_t)(lf - data) - 1);
	check_name(c, name);
	free(name);
	if (lf < data + len)
		check_text(c, lf + 1, (size_t)(data + len - lf) - 1);
	return 0;
}
