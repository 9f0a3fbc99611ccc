/*
 * checksum: the expected values are those of Java's BufferedReader and CRC32,
 * which Flyway uses, and of sha384sum(1).
 */

#include "checksum.h"

#include "unit.h"

#define BOM "\xef\xbb\xbf"

static const char text[] = "CREATE TABLE a (id int);\r\n"
			   "-- gr\xc3\xbcn\rSELECT 1;\n";

static uint32_t
lines(const char *s)
{
	return checksum_lines(0, s, strlen(s));
}

static void
test_lines(void)
{
	size_t i;

	CHECK_INT((int32_t)lines(text), -1958958987);
	CHECK_INT(lines(""), 0);
	CHECK_INT(lines("\n\r\n\r"), 0);
	/* cut anywhere, between CR and LF too */
	for (i = 0; i < sizeof(text); i++)
		CHECK_INT((int32_t)checksum_lines(checksum_lines(0, text, i),
			      text + i, strlen(text + i)),
		    -1958958987);
	/* what it cannot tell apart, and a mark that is not dropped here */
	CHECK(lines("a\nb") == lines("a\r\n\r\nb\n"));
	CHECK(lines("a\nb") == lines("ab"));
	CHECK(lines("a b") != lines("ab"));
	CHECK(lines(BOM "a") != lines("a"));
}

static void
add_in_two(void (*add)(struct checksum *, const char *, size_t), size_t at,
    const char *expected)
{
	struct checksum c;
	char hex[CHECKSUM_HEX];

	checksum_init(&c);
	add(&c, text, at);
	add(&c, text + at, strlen(text + at));
	checksum_hex(&c, hex);
	CHECK_STR(hex, expected);
}

static void
test_bytes(void)
{
	size_t i;

	for (i = 0; i < sizeof(text); i++) {
		add_in_two(checksum_add, i,
		    "9e88a2e4e5c99f47f7234cf8b82ff5f8503b9f884d9cc22f"
		    "3a323de25d1b764663bf91c2b8769464b4c8db958c26d28f");
		add_in_two(checksum_add_no_cr, i,
		    "60f78becdc631a04fa542d410cff8c88ab8861fa0d12885c"
		    "62593f8e46e3695282d3dd848cf8bb6fbb31693ad49d7766");
	}
}

int
main(void)
{
	test_lines();
	test_bytes();
	return unit_done("checksum");
}
