/* Unit tests of lib/text: fields, terminals, JSON. */

#include "text.h"

#include <stdlib.h>
#include <unistd.h>

/* which of two that differ in a function that is not called here */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "unit.h"

typedef void writer(FILE *, const char *, size_t);

/* What a writer makes of bytes; static, until the next call. */
static const char *
written(writer *write, const char *s, size_t len)
{
	static char *text;
	size_t n;
	FILE *fp;

	free(text);
	fp = open_memstream(&text, &n);
	write(fp, s, len);
	fclose(fp);
	return text;
}

#define ESCAPED(s) written(text_escape, (s), sizeof(s) - 1)
#define SHOWN(s) written(text_show, (s), sizeof(s) - 1)
#define JSON(s) written(text_json, (s), sizeof(s) - 1)

static void
test_utf8(void)
{
	static const struct {
		const char *s;
		size_t len, n;
	} rows[] = {
		{ "", 0, 0 },
		{ "a", 1, 1 },
		{ "\0", 1, 1 },
		{ "\x7f", 1, 1 },
		{ "\x80", 1, 0 },
		{ "\xbf", 1, 0 },
		{ "\xc0\x80", 2, 0 },
		{ "\xc1\xbf", 2, 0 },
		{ "\xc2\x80", 2, 2 },
		{ "\xc2", 1, 0 },
		{ "\xc2\x7f", 2, 0 },
		{ "\xc2\xc0", 2, 0 },
		{ "\xdf\xbf", 2, 2 },
		{ "\xe0\x9f\xbf", 3, 0 },
		{ "\xe0\xa0\x80", 3, 3 },
		{ "\xe0\xa0", 2, 0 },
		{ "\xed\x9f\xbf", 3, 3 },
		{ "\xed\xa0\x80", 3, 0 },
		{ "\xee\x80\x80", 3, 3 },
		{ "\xef\xbf\xbf", 3, 3 },
		{ "\xe1\x80\x41", 3, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf0\x90\x80", 3, 0 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\xf4\x90\x80\x80", 4, 0 },
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xff", 1, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!CHECK_INT(text_utf8(rows[i].s, rows[i].len), rows[i].n))
			printf("\trow %zu\n", i);
	CHECK_INT(text_bad("abc", 3), 3);
	CHECK_INT(text_bad("a\0c", 3), 1);
	CHECK_INT(text_bad("\xc3\xa4\xff", 3), 2);
	CHECK_INT(text_bad("ab\xc3", 3), 2);
	CHECK_INT(text_chars("a\xc3\xa4\xe2\x82\xac", 6), 3);
	CHECK_INT(text_lines("", 0), 0);
	CHECK_INT(text_lines("\n\na\nb", 5), 3);
}

/* Eight bytes are looked at in one: each kind of byte at each place. */
static void
test_bad(void)
{
	static const unsigned char bytes[] = { 0, 1, 0x7f, 0x80, 0xff };
	char text[25];
	size_t i, j;

	for (i = 0; i < sizeof(bytes); i++)
		for (j = 0; j < sizeof(text); j++) {
			memset(text, j % 2 ? '\x7f' : '\1', sizeof(text));
			text[j] = (char)bytes[i];
			if (!CHECK_INT(text_bad(text, sizeof(text)),
				bytes[i] > 0 && bytes[i] < 0x80 ? sizeof(text) :
								  j))
				printf("\tbyte %u at %zu\n", bytes[i], j);
		}
}

static void
test_escape(void)
{
	CHECK_STR(ESCAPED(""), "-");
	CHECK_STR(written(text_escape, NULL, 0), "-");
	CHECK_STR(ESCAPED("-"), "\\055");
	CHECK_STR(ESCAPED("--"), "--");
	CHECK_STR(ESCAPED("a b"), "a b");
	CHECK_STR(ESCAPED("\t\n\r\\"), "\\t\\n\\r\\\\");
	CHECK_STR(ESCAPED("\001\033\x7f\0x"), "\\001\\033\\177\\000x");
	CHECK_STR(ESCAPED("\xc3\xa4\xc3"), "\xc3\xa4\\303");
	CHECK_STR(ESCAPED("\xed\xa0\x80"), "\\355\\240\\200");
}

/* What a field gives, or NULL where it is none; static. */
static const char *
unescaped(const char *field, size_t *len)
{
	static char *text;

	free(text);
	text = strdup(field);
	return text_unescape(text, len) == -1 ? NULL : text;
}

static void
test_unescape(void)
{
	static const char *const bad[] = { "", "\\", "a\\", "\\a", "\\0",
		"\\00", "\\008", "\\400", "\\x41", "\\101", "\\055x", "\\011",
		"\\012", "\\015", "\\134", "\t", "a\nb", "\033", "\xc3", "\xff",
		"\\303\\244", "a\\055", "\\N",
		/* each byte by itself would be refused, so beside an escape */
		"\\t\t", "\\377\177", "\033\\\\",
		/* the octal byte joins what follows to a character */
		"\\303\xa4", "\xc3\\244" };
	size_t i, len;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(unescaped(bad[i], &len) == NULL))
			printf("\trow %zu\n", i);
	CHECK_STR(unescaped("-", &len), "");
	CHECK_INT(len, 0);
	CHECK_STR(unescaped("\\055", &len), "-");
	CHECK_STR(unescaped("a\\tb\\\\c", &len), "a\tb\\c");
	CHECK_INT(len, 5);
	CHECK_STR(unescaped("\\377\\303x", &len), "\xff\xc3x");
	CHECK(unescaped("\\000", &len) != NULL);
	CHECK_INT(len, 1);
}

/* Each field goes through us and through unvis(3), and is the same. */
static void
check_trip(const char *s, size_t len)
{
	char field[256], other[256];
	const char *back;
	size_t n;

	if (len == 0)
		return;
	strlcpy(field, written(text_escape, s, len), sizeof(field));
	back = unescaped(field, &n);
	if (!CHECK(back != NULL) || !CHECK_INT(n, len) ||
	    !CHECK(memcmp(back, s, len) == 0))
		printf("\tfield \"%s\"\n", field);
	CHECK_INT(strunvis(other, field), len);
	CHECK(memcmp(other, s, len) == 0);
}

static void
test_trips(void)
{
	static const char alphabet[] = { '\0', '\t', '\n', '\\', '-', '0', 'a',
		'\x7f', '\x80', '\xa4', '\xc3', '\xe2', '\xf0', '\x90' };
	unsigned state = 1;
	char s[32];
	size_t i, j, len;

	for (i = 0; i < 256; i++) {
		s[0] = (char)(unsigned char)i;
		check_trip(s, 1);
	}
	for (i = 0; i < 20000; i++) {
		len = 1 + i % 9;
		for (j = 0; j < len; j++) {
			state = state * 1103515245 + 12345;
			s[j] = alphabet[(state >> 16) % sizeof(alphabet)];
		}
		check_trip(s, len);
	}
}

static void
test_show(void)
{
	CHECK_STR(SHOWN("a\tb\nc\\d \xc3\xa4"), "a\tb\nc\\d \xc3\xa4");
	CHECK_STR(SHOWN("\033[2J\r\a\x7f"), "\\033[2J\\015\\007\\177");
	/* U+009B begins a control sequence as well */
	CHECK_STR(SHOWN("\xc2\x9b"
			"2J\xc2\xa0"),
	    "\\302\\2332J\xc2\xa0");
	CHECK_STR(SHOWN("\x9b\xff\0"), "\\233\\377\\000");
	/* right to left is a script, but to turn the rest round is a trick */
	CHECK_STR(SHOWN("\xd7\xa9\xe2\x80\xa9\xe2\x81\xaa"),
	    "\xd7\xa9\xe2\x80\xa9\xe2\x81\xaa");
	CHECK_STR(SHOWN("\xe2\x80\xaa\xe2\x80\xae"),
	    "\\342\\200\\252\\342\\200\\256");
	CHECK_STR(SHOWN("\xe2\x81\xa6\xe2\x81\xa9"),
	    "\\342\\201\\246\\342\\201\\251");
}

static void
test_json(void)
{
	CHECK_STR(JSON(""), "\"\"");
	CHECK_STR(JSON("a\"b\\c/\t\n\r"), "\"a\\\"b\\\\c/\\t\\n\\u000d\"");
	CHECK_STR(JSON("\001\x7f\0"), "\"\\u0001\\u007f\\u0000\"");
	CHECK_STR(JSON("\xc3\xa4\xc3"), "\"\xc3\xa4\\ufffd\"");
}

int
main(void)
{
	test_utf8();
	test_bad();
	test_escape();
	test_unescape();
	test_trips();
	test_show();
	test_json();
	/* free what is static, for the leak check */
	written(text_show, "", 0);
	return (unit_done("text"));
}
