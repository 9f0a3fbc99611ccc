/* Unit tests of lib/stream: one writer, one reader, and what is damaged. */

#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static const struct stream_column columns[] = { { "name", STREAM_STRING },
	{ "size", STREAM_NUMBER } };

/* A stream with all that there is, in a style; owned. */
static char *
make(enum stream_style style, const char *names, size_t *len)
{
	const char *one[] = { "a\tb", "1" }, *two[] = { "-", NULL };
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	char *text;
	FILE *fp;

	fp = open_memstream(&text, len);
	CHECK_INT(stream_begin(&w, fp, "list", style, names), 0);
	stream_meta(&w, "by", "me");
	stream_record(&w, "file", columns, one, 2);
	stream_text(&w, "x\n\n", 3);
	stream_text(&w, "\ty", 2);
	stream_record(&w, "file", columns, two, 2);
	stream_text(&w, "z\n", 2);
	CHECK_INT(stream_end(&w, &f), 0);
	fclose(fp);
	return text;
}

static void
test_write(void)
{
	size_t len;
	char *text;

	text = make(STREAM_SEALED, NULL, &len);
	CHECK(strncmp(text,
		  "#mig\tlist\t1\n#by\tme\nfile\ta\\tb\t1\n"
		  "\tx\n\t\n\t\ty\nnolf\t-\nfile\t\\055\t-\n\tz\n"
		  "#end\t3\tsha256:",
		  71) == 0);
	CHECK_INT(text[len - 1], '\n');
	free(text);
	text = make(STREAM_BARE, NULL, &len);
	CHECK_STR(text, "file\ta\\tb\t1\nfile\t\\055\t-\n");
	free(text);
	text = make(STREAM_COLUMNS, "size,name,size", &len);
	CHECK_STR(text, "1\ta\\tb\t1\n-\t\\055\t-\n");
	free(text);
	text = make(STREAM_JSON, NULL, &len);
	CHECK_STR(text,
	    "{\"record\":\"file\",\"name\":\"a\\tb\",\"size\":1,"
	    "\"text\":\"x\\n\\n\\ty\"}\n"
	    "{\"record\":\"file\",\"name\":\"-\",\"size\":null,"
	    "\"text\":\"z\\n\"}\n");
	free(text);
}

/* Put what was found into words; false at the end. */
static bool
note_event(FILE *mem, enum stream_event event, const struct stream_item *item)
{
	size_t i;

	switch (event) {
	case STREAM_META:
		fprintf(mem, "[#%s %s]", item->word, item->fields[0]);
		return true;
	case STREAM_RECORD:
		fprintf(mem, "[%s", item->word);
		for (i = 0; i < item->nfields; i++)
			fprintf(mem, "|%s",
			    item->fields[i] == NULL ? "(none)" :
						      item->fields[i]);
		fputs("]", mem);
		return true;
	case STREAM_TEXT:
		fwrite(item->text, 1, item->len, mem);
		return true;
	case STREAM_END:
		fputs("[end]", mem);
		return false;
	case STREAM_FAULT:
		return false;
	}
	return false;
}

/* All that a stream holds, in one line of text; owned. */
static char *
read_back(const char *text, size_t len, const char *kind, bool bare,
    struct fault *f)
{
	struct stream_reader *r;
	struct stream_item item;
	enum stream_event event;
	char *out, *copy;
	size_t out_len;
	FILE *fp, *mem;

	copy = malloc(len + 1);
	memcpy(copy, text, len);
	fp = len == 0 ? fopen("/dev/null", "r") : fmemopen(copy, len, "r");
	mem = open_memstream(&out, &out_len);
	r = stream_open(fp, "in", kind, bare, f);
	if (r != NULL) {
		do
			event = stream_next(r, &item, f);
		while (note_event(mem, event, &item));
		CHECK_INT(stream_next(r, &item, f), event);
	}
	stream_close(r);
	fclose(fp);
	free(copy);
	fclose(mem);
	return out;
}

/* The same for what is good. */
static void
check_good(const char *text, size_t len, bool bare, const char *expected)
{
	struct fault f = FAULT_INIT;
	char *out;

	out = read_back(text, len, "list", bare, &f);
	CHECK_STR(out, expected);
	CHECK_STR(f.text, NULL);
	fault_free(&f);
	free(out);
}

static void
test_read(void)
{
	size_t len;
	char *text;

	text = make(STREAM_SEALED, NULL, &len);
	check_good(text, len, false,
	    "[#by me][file|a\tb|1]x\n\n\ty"
	    "[file|-|(none)]z\n[end]");
	check_good(text, len, true,
	    "[#by me][file|a\tb|1]x\n\n\ty"
	    "[file|-|(none)]z\n[end]");
	free(text);
	text = make(STREAM_BARE, NULL, &len);
	check_good(text, len, true, "[file|a\tb|1][file|-|(none)][end]");
	free(text);
}

/* Seal some lines; static. */
static const char *
sealed(const char *lines, const char *count)
{
	static char text[4096];
	struct hash hash;
	char hex[HASH_HEX];

	hash_init(&hash);
	hash_add(&hash, lines, strlen(lines));
	hash_hex(&hash, hex);
	snprintf(text, sizeof(text), "%s#end\t%s\tsha256:%s\n", lines, count,
	    hex);
	return text;
}

static void
check_bad(const char *text, size_t len, const char *expected)
{
	struct fault f = FAULT_INIT;
	char *out;

	out = read_back(text, len, "list", false, &f);
	CHECK(strstr(out, "[end]") == NULL);
	CHECK_INT(f.code, EXIT_STREAM);
	if (!CHECK(f.text != NULL && strstr(f.text, expected) != NULL))
		printf("\tis       \"%s\"\n\texpected \"%s\"\n",
		    f.text == NULL ? "(null)" : f.text, expected);
	fault_free(&f);
	free(out);
}

#define H "#mig\tlist\t1\n"

/* Mutilations, sealed anew where it is not the seal that is at stake. */
static void
test_damage(void)
{
	static const struct {
		const char *lines, *count, *message;
	} rows[] = {
		{ "#mig\tplan\t1\n", "0", "in:1: this is a plan, but a list" },
		{ "#mig\tlist\t2\n", "0", "in:1: another version" },
		{ "#mig\tlist\n", "0", "in:1: the header is damaged" },
		{ "#mig\tlist\t1\tx\n", "0", "in:1: the header is damaged" },
		{ "file\ta\n", "1", "in:1: no stream of mig-tools" },
		{ H "file\ta\n", "2", "in:3: records are missing" },
		{ H "file\ta\n", "01", "in:3: records are missing" },
		{ H "file\ta\n", "1\t1", "in:3: the trailer is damaged" },
		{ H "file\n", "1", "in:2: a record without fields" },
		{ H "\n", "1", "in:2: a record without fields" },
		{ H "f\033\ta\n", "1", "in:2: a record of no word" },
		{ H "#\ta\n", "0", "in:2: a record of no word" },
		{ H "file\ta\\x\n", "1", "in:2: a field with a bad escape" },
		{ H "file\ta\t\n", "1", "in:2: a field with a bad escape" },
		{ H "file\ta\033\n", "1", "in:2: a field with a bad escape" },
		{ H "file\t\377\n", "1", "in:2: a field with a bad escape" },
		{ H "file\ta\\000\n", "1", "in:2: a NUL byte in a field" },
		{ H "\tx\nfile\ta\n", "1", "in:2: text without a record" },
		{ H H, "0", "in:2: a second header" },
		{ H "file\ta\n\tx\n\t\nnolf\t-\n", "2",
		    "in:5: a text that ends with nothing" },
		{ H "file\ta\n\tx\nnolf\t-\n\ty\n", "2",
		    "in:5: text without a record before it" },
	};
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = sealed(rows[i].lines, rows[i].count);
		check_bad(text, strlen(text), rows[i].message);
	}
	check_bad("", 0, "in: empty, but a listing is wanted");
	check_bad("#mig\tlist\t1", 11, "in:1: truncated");
	check_bad(H, sizeof(H) - 1, "in:2: truncated: there is no trailer");
	check_bad(H "file\ta\n#end\t1\n", sizeof(H) + 14,
	    "in:3: the trailer is damaged");
	check_bad(H "file\ta\0b\n", sizeof(H) + 9, "in:2: a NUL byte in a");
}

/* Two streams, and what stands behind one. */
static void
test_joined(void)
{
	char *text, *two;
	size_t len;

	text = make(STREAM_SEALED, NULL, &len);
	two = malloc(2 * len + 2);
	memcpy(two, text, len);
	memcpy(two + len, text, len);
	check_bad(two, 2 * len, "in:11: a second stream begins here");
	two[len] = '\n';
	check_bad(two, len + 1, "in:11: text after the trailer");
	free(text);
	free(two);
}

/* Every prefix, and every bit the other way. */
static void
test_every_bit(void)
{
	struct fault f = FAULT_INIT;
	char *text, *out;
	size_t len, i;

	text = make(STREAM_SEALED, NULL, &len);
	for (i = 0; i < len; i++)
		check_bad(text, i, "in:");
	check_bad(text, 0, "in: empty");
	for (i = 0; i < len * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		out = read_back(text, len, "list", false, &f);
		if (!CHECK(strstr(out, "[end]") == NULL && f.text != NULL))
			printf("\tbit %zu\n", i);
		fault_free(&f);
		free(out);
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
	}
	free(text);
}

/* Lines of text of any length, cut anywhere, come back whole. */
static void
test_long(void)
{
	static const size_t sizes[] = { 1, 65534, 65535, 65536, 65537, 131072,
		300000 };
	struct fault f = FAULT_INIT;
	const char *one[] = { "a", "1" };
	struct stream_writer w;
	char *text, *out, *line;
	size_t i, len;
	FILE *fp;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		line = malloc(sizes[i] + 1);
		memset(line, 'x', sizes[i]);
		line[sizes[i]] = '\n';
		fp = open_memstream(&text, &len);
		stream_begin(&w, fp, "list", STREAM_SEALED, NULL);
		stream_record(&w, "file", columns, one, 2);
		stream_text(&w, line, sizes[i] / 2);
		stream_text(&w, line + sizes[i] / 2,
		    sizes[i] + 1 - sizes[i] / 2);
		stream_text(&w, line, sizes[i]);
		CHECK_INT(stream_end(&w, &f), 0);
		fclose(fp);
		out = read_back(text, len, "list", false, &f);
		CHECK_INT(strlen(out),
		    strlen("[file|a|1]") + sizes[i] * 2 + 1 + strlen("[end]"));
		CHECK(strncmp(out + 10, line, sizes[i] + 1) == 0);
		CHECK(strncmp(out + 11 + sizes[i], line, sizes[i]) == 0);
		free(out);
		free(text);
		free(line);
	}
}

/* A record may be as long as a line of text. */
static void
test_long_record(void)
{
	static char value[300000];
	const char *values[] = { value, "1" };
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	char *text, *out;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	memset(value, 'x', sizeof(value) - 1);
	stream_begin(&w, fp, "list", STREAM_SEALED, NULL);
	stream_record(&w, "file", columns, values, 2);
	CHECK_INT(stream_end(&w, &f), 0);
	fclose(fp);
	out = read_back(text, len, "list", false, &f);
	CHECK_INT(strlen(out),
	    strlen("[file||1]") + strlen(value) + strlen("[end]"));
	CHECK(strstr(out, value) == out + 6);
	free(out);
	free(text);
}

static void
test_failure(void)
{
	const char *one[] = { "a", "1" };
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	FILE *fp;

	fp = fopen("/dev/full", "w");
	stream_begin(&w, fp, "list", STREAM_SEALED, NULL);
	stream_record(&w, "file", columns, one, 2);
	CHECK_INT(stream_end(&w, &f), -1);
	CHECK_INT(f.code, EXIT_STREAM);
	CHECK_STR(f.text, "cannot write the output: No space left on device");
	fault_free(&f);
	fclose(fp);
}

/* A file that gives so much of a text, then an error. */
struct broken {
	const char *text;
	size_t len;
};

static ssize_t
read_broken(void *cookie, char *buf, size_t len)
{
	struct broken *b = cookie;

	if (b->len == 0) {
		errno = EIO;
		return -1;
	}
	if (len > b->len)
		len = b->len;
	memcpy(buf, b->text, len);
	b->text += len;
	b->len -= len;
	return (ssize_t)len;
}

/* Wherever reading fails, behind the trailer too, the stream is not whole. */
static void
test_read_error(void)
{
	struct broken b;
	struct fault f = FAULT_INIT;
	struct stream_reader *r;
	struct stream_item item;
	enum stream_event event;
	size_t len, i;
	char *text = make(STREAM_SEALED, NULL, &len);
	FILE *fp;

	for (i = 0; i <= len; i++) {
		b.text = text;
		b.len = i;
		fp = fopencookie(&b, "r",
		    (cookie_io_functions_t){ .read = read_broken });
		if (fp == NULL)
			abort();
		r = stream_open(fp, "in", "list", false, &f);
		event = STREAM_META;
		while (
		    r != NULL && event != STREAM_END && event != STREAM_FAULT)
			event = stream_next(r, &item, &f);
		CHECK(r == NULL || event == STREAM_FAULT);
		CHECK_STR(f.text, "in: Input/output error");
		fault_free(&f);
		stream_close(r);
		fclose(fp);
	}
	free(text);
}

/* How to get what is wanted is told where there is such a pipe. */
static void
test_hints(void)
{
	static const char *const rows[][2] = { { "list",
						   "mig-ls DIR | mig-plan" },
		{ "plan", "mig-ls DIR | mig-plan | mig-apply" },
		{ "report", NULL } };
	static char text[] = "no stream\n";
	static const char end[] = "file\ta\t1\n#end\t1\tsha256:0\n";
	struct fault f = FAULT_INIT;
	size_t i;
	FILE *fp;

	for (i = 0; i < 3; i++) {
		fp = fmemopen(text, sizeof(text) - 1, "r");
		CHECK(stream_open(fp, "in", rows[i][0], false, &f) == NULL);
		CHECK(f.text != NULL && strncmp(f.text, "in:", 3) == 0);
		CHECK_STR(f.hint, rows[i][1]);
		fault_free(&f);
		fclose(fp);
	}
	free(read_back(end, sizeof(end) - 1, "list", true, &f));
	CHECK_STR(f.text, "in:2: a trailer without a header");
	fault_free(&f);
}

static void
test_columns(void)
{
	struct fault f = FAULT_INIT;

	CHECK_INT(stream_columns_check("size,name", columns, 2, &f), 0);
	CHECK_INT(stream_columns_check("name,nix", columns, 2, &f), -1);
	CHECK_STR(f.text, "no column \"nix\"");
	CHECK_STR(f.hint, "the columns are name,size");
	CHECK_INT(f.code, EXIT_USAGE);
	CHECK_INT(stream_columns_check("", columns, 2, &f), -1);
	CHECK_INT(stream_columns_check("nam", columns, 2, &f), -1);
	CHECK_INT(stream_columns_check("name,,size", columns, 2, &f), -1);
	fault_free(&f);
}

int
main(void)
{
	test_write();
	test_read();
	test_damage();
	test_joined();
	test_every_bit();
	test_long();
	test_long_record();
	test_failure();
	test_read_error();
	test_hints();
	test_columns();
	return (unit_done("stream"));
}
