/* Bytes that are kept in memory, then in a file. */

#include "spool.h"

#include <sys/resource.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#define BLOCK 65536

/* The byte at an offset. */
static char
byte_at(size_t off)
{
	return (char)(off * 31 / 7 % 251);
}

static void
fill(char *buf, size_t off, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(off + i);
}

/* Read `len` bytes at `off`: those that were written, up to the end. */
static void
check_read(const struct spool *s, size_t off, size_t len)
{
	static char is[2 * BLOCK], expected[2 * BLOCK];
	struct fault f = FAULT_INIT;
	size_t there = (size_t)spool_size(s) - off;

	if (there > len)
		there = len;
	memset(is, '?', sizeof(is));
	CHECK_INT(spool_read(s, (off_t)off, is, len, &f), there);
	fill(expected, off, there);
	CHECK(memcmp(is, expected, there) == 0);
	CHECK(there == sizeof(is) || is[there] == '?');
	fault_free(&f);
}

/* So much, in pieces of that size; then from the middle and past the end. */
static void
check_size(size_t size, size_t piece)
{
	static char buf[BLOCK];
	struct fault f = FAULT_INIT;
	struct spool *s = spool_new();
	size_t off, n;

	if (s == NULL)
		abort();
	for (off = 0; off < size; off += n) {
		n = size - off < piece ? size - off : piece;
		fill(buf, off, n);
		CHECK_INT(spool_add(s, buf, n, &f), 0);
		CHECK_INT(spool_size(s), off + n);
	}
	CHECK_INT(spool_add(s, NULL, 0, &f), 0);
	check_read(s, 0, BLOCK);
	check_read(s, size / 2, BLOCK);
	check_read(s, size - size / 5, 2 * BLOCK);
	check_read(s, size, 1);
	spool_free(s);
}

/* Add until it fails, with a fault that has this in its text. */
static void
check_fault(const char *expected, int has_hint)
{
	static char buf[BLOCK];
	struct fault f = FAULT_INIT;
	struct spool *s = spool_new();
	int n = 0;

	if (s == NULL)
		abort();
	while (n < 1000 && spool_add(s, buf, sizeof(buf), &f) == 0)
		n++;
	/* what fits is in memory, and no file is asked for */
	CHECK_INT(n >= 32, 1);
	CHECK_INT(f.code, EXIT_STREAM);
	CHECK(f.text != NULL && strstr(f.text, expected) != NULL);
	CHECK_INT(f.hint != NULL, has_hint);
	spool_free(s);
	fault_free(&f);
}

/* The file is in TMPDIR, and has no name there. */
static void
check_file(void)
{
	char dir[] = "/tmp/mig-spool.XXXXXX";

	if (mkdtemp(dir) == NULL)
		abort();
	setenv("TMPDIR", dir, 1);
	check_size(3U << 20, 10000);
	CHECK_INT(rmdir(dir), 0);
	check_fault(": No such file or directory", 1);
	unsetenv("TMPDIR");
}

/* As on a full disk: a file may not grow over three megabytes. */
static void
check_full(void)
{
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 3U << 20;
	setrlimit(RLIMIT_FSIZE, &limit);
	check_fault("temporary file: File too large", 0);
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &limit);
	check_fault("temporary file: File too large", 0);
	setrlimit(RLIMIT_FSIZE, &old);
}

int
main(void)
{
	spool_free(NULL);
	check_size(0, 1);
	check_size(10, 1);
	check_size(200000, 4096);
	check_size(2U << 20, BLOCK);
	check_size((2U << 20) + 1, BLOCK);
	check_size(5000000, 50000);
	setenv("TMPDIR", "", 1);
	check_size(3U << 20, 10000);
	check_file();
	check_full();
	return unit_done("spool");
}
