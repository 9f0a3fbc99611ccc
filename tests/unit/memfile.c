/*
 * memfile: text that has no room must not vanish.  realloc() is wrapped (see
 * the Makefile), so that it fails when it is told to.
 */

#include "memfile.h"

#include <stdbool.h>
#include <stdlib.h>

#include "unit.h"

static bool full;

void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);

void *
__wrap_realloc(void *p, size_t size)
{
	return full ? NULL : __real_realloc(p, size);
}

static void
put(FILE *fp, size_t n)
{
	while (n-- > 0)
		fputc('a' + (int)(n % 26), fp);
}

static void
test_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 129, 8191, 8192, 8193,
		1 << 20 };
	char *text;
	size_t i, len;
	FILE *fp;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fp = memfile_open(&text, &len);
		put(fp, sizes[i]);
		CHECK_INT(ftello(fp), sizes[i]);
		CHECK_INT(fclose(fp), 0);
		CHECK_INT(len, sizes[i]);
		CHECK_INT(strlen(text), sizes[i]);
		free(text);
	}
}

static void
test_lines(void)
{
	char *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	fputs("the first line", fp);
	CHECK_INT(fflush(fp), 0);
	CHECK_STR(text, "the first line");
	rewind(fp);
	fputs("another", fp);
	CHECK_INT(fflush(fp), 0);
	CHECK_STR(text, "another");
	CHECK_INT(len, 7);
	fputs(" and", fp);
	fwrite("\0more", 1, 5, fp);
	CHECK_INT(fclose(fp), 0);
	CHECK_INT(len, 16);
	CHECK(memcmp(text, "another and\0more", 17) == 0);
	free(text);
}

/* What was lost shows at the flush and at the end, however much follows. */
static void
test_full(size_t before, size_t then)
{
	char *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	put(fp, before);
	CHECK_INT(fflush(fp), 0);
	full = true;
	put(fp, then);
	CHECK_INT(fflush(fp), EOF);
	CHECK(ferror(fp) != 0);
	full = false;
	put(fp, 3);
	CHECK_INT(fclose(fp), EOF);
	CHECK(text == NULL);
	CHECK_INT(len, 0);
}

static void
test_full_at_end(void)
{
	char *text;
	size_t len;
	FILE *fp;

	fp = memfile_open(&text, &len);
	full = true;
	put(fp, 1000);
	CHECK_INT(fclose(fp), EOF);
	CHECK(text == NULL);
	full = false;
}

int
main(void)
{
	test_sizes();
	test_lines();
	test_full(0, 128);
	test_full(100, 10000);
	test_full(9000, 1 << 20);
	test_full_at_end();
	return (unit_done("memfile"));
}
