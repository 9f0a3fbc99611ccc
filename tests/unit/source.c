/* Texts read from files: bytes, parts, modes. */

#include "source.h"

#include <stdlib.h>
#include <unistd.h>

#include "convention.h"
#include "mode.h"
#include "unit.h"

static char path[] = "/tmp/mig-source.XXXXXX";

static void
write_file(const char *text, size_t len)
{
	FILE *fp;

	fp = fopen(path, "w");
	if (fp == NULL || fwrite(text, 1, len, fp) != len || fclose(fp) != 0)
		abort();
}

/*
 * All of a part, in one string; the text of the fault where there is one.
 * The pieces' lines must be those of the file.
 */
static char *
text_of(const char *convention, enum source_part part)
{
	struct fault f = FAULT_INIT;
	struct source_piece piece;
	struct source *s;
	char *text = NULL;
	size_t len;
	FILE *mem;
	int n = -1;

	mem = open_memstream(&text, &len);
	if (mem == NULL)
		abort();
	s = source_open(path, convention_find(convention), part, &f);
	while (s != NULL && (n = source_next(s, &piece, &f)) == 1) {
		CHECK(piece.len > 0 && piece.len <= 65536);
		if (part == SOURCE_BOTH)
			fprintf(mem,
			    "%c%zu:", piece.part == SOURCE_UP ? 'u' : 'd',
			    piece.line);
		fwrite(piece.text, 1, piece.len, mem);
	}
	if (n == -1)
		fprintf(mem, "!%s", f.text + strlen(path));
	fclose(mem);
	source_close(s);
	fault_free(&f);
	return text;
}

static void
check_text(const char *convention, enum source_part part, const char *text,
    const char *is)
{
	char *got;

	write_file(text, strlen(text));
	got = text_of(convention, part);
	CHECK_STR(got, is);
	free(got);
}

static void
check_bytes(void)
{
	check_text("plain", SOURCE_UP, "", "");
	check_text("plain", SOURCE_UP, "\xef\xbb\xbf", "");
	check_text("plain", SOURCE_UP,
	    "\xef\xbb\xbf"
	    "a\r\n\r\r\n\xef\xbb\xbf",
	    "a\n\r\n\xef\xbb\xbf");
	check_text("sqlx", SOURCE_UP, "a\r\nb\r", "a\nb\r");
	check_text("sqlx", SOURCE_UP, "\r\r\n", "\r\n");
	check_text("sqlx", SOURCE_UP, "a\n\xff",
	    "a\n!:2: not well-formed UTF-8 (byte 0xff)");
	check_text("sqlx", SOURCE_UP, "a\r\nb\n\xe2\x98",
	    "a\nb\n!:3: not well-formed UTF-8 (byte 0xe2)");
	check_text("sqlx", SOURCE_UP, "\xed\xa0\x80",
	    "!:1: not well-formed UTF-8 (byte 0xed)");
}

static void
check_parts(void)
{
	static const char plain[] = "a\n-- mig: down\nb\n";
	static const char goose[] =
	    "-- x\n-- +goose Up\na\n"
	    "-- +goose NO TRANSACTION\nb\n-- +goose Down\nc";

	check_text("plain", SOURCE_UP, plain, "a\n");
	check_text("plain", SOURCE_DOWN, plain, "b\n");
	check_text("plain", SOURCE_BOTH, plain, "u1:a\nd3:b\n");
	check_text("plain", SOURCE_WHOLE, plain,
	    "a\nb\n!: -- mig: down in "
	    "a down file");
	check_text("plain", SOURCE_WHOLE, "a\n", "a\n");
	check_text("sqlx", SOURCE_BOTH, plain, "u1:a\n-- mig: down\nb\n");
	check_text("plain", SOURCE_DOWN, "a\n  --mig:down \r\nb", "");
	check_text("plain", SOURCE_DOWN, "a\n--mig:down \r\nb", "b");
	check_text("plain", SOURCE_DOWN, "a\n-- mig: downward\nb", "");
	check_text("goose", SOURCE_BOTH, goose, "u1:-- x\nu3:a\nu5:b\nd7:c");
	check_text("goose", SOURCE_UP, "a\n",
	    "a\n!: no -- +goose Up: goose wants it in each file");
	check_text("tern", SOURCE_BOTH,
	    "a\n---- create above / drop below "
	    "----\nb",
	    "u1:a\nd3:b");
}

static void
check_open(const char *file, const char *is)
{
	struct fault f = FAULT_INIT;
	struct source_piece piece;
	struct source *s;

	s = source_open(file, convention_find("sqlx"), SOURCE_UP, &f);
	CHECK(s == NULL || source_next(s, &piece, &f) == -1);
	CHECK_INT(f.code, EXIT_STREAM);
	CHECK_STR(f.text, is);
	source_close(s);
	fault_free(&f);
}

/* What is no file, and one that can be opened and not read. */
static void
check_unreadable(void)
{
	check_open("/nonexistent/a.sql",
	    "/nonexistent/a.sql: No such file or directory");
	check_open("/tmp", "/tmp: not a file");
	check_open("/dev/null", "/dev/null: not a file");
	check_open("/proc/self/mem", "/proc/self/mem: Input/output error");
}

/* The mode of the up text and of the down text. */
static void
check_mode(const char *convention, const char *text, enum migration_mode up,
    enum migration_mode down)
{
	struct migration m = { .path = path,
		.down_path = path,
		.convention = convention_find(convention) };
	struct fault f = FAULT_INIT;
	enum migration_mode mode;

	write_file(text, strlen(text));
	m.mode = up;
	CHECK_INT(mode_of_down(&m, &mode, &f), 0);
	if (!CHECK_INT(mode, down))
		printf("\t%s: %s\n", convention, text);
	fault_free(&f);
}

static void
check_modes(void)
{
	check_mode("plain", "-- mig: down\nSELECT 1", MODE_TX, MODE_TX);
	check_mode("plain", "-- mig: down\nSELECT 1", MODE_NONE, MODE_NONE);
	check_mode("plain", "-- mig: down\n-- mig: own-transaction\nBEGIN;",
	    MODE_NONE, MODE_OWN);
	check_mode("plain", "-- mig: down\nBEGIN; COMMIT;", MODE_OWN, MODE_OWN);
	check_mode("plain", "-- mig: down\nSELECT 1;", MODE_OWN, MODE_TX);
	check_mode("plain", "-- mig: down\nBEGIN; COMMIT;", MODE_TX, MODE_TX);
	check_mode("dbmate",
	    "-- migrate:up transaction:false\nVACUUM;\n"
	    "-- migrate:down\nSELECT 1",
	    MODE_NONE, MODE_TX);
	check_mode("dbmate",
	    "-- migrate:up\n-- migrate:down "
	    "transaction:false\n",
	    MODE_TX, MODE_NONE);
	check_mode("dbmate", "-- migrate:up\n-- migrate:down\nBEGIN; COMMIT;",
	    MODE_TX, MODE_OWN);
	check_mode("goose",
	    "-- +goose NO TRANSACTION\n-- +goose Up\n"
	    "-- +goose Down\n",
	    MODE_NONE, MODE_NONE);
}

/* Nobody knows the mode of what cannot be read. */
static void
check_no_mode(const char *convention, char *down, const char *text,
    const char *is)
{
	char up[] = "up.sql";
	struct migration m = { .path = up,
		.down_path = down,
		.convention = convention_find(convention) };
	struct fault f = FAULT_INIT;
	enum migration_mode mode;

	write_file(text, strlen(text));
	CHECK_INT(mode_of_down(&m, &mode, &f), -1);
	CHECK_INT(f.code, EXIT_STREAM);
	CHECK(f.text != NULL && strstr(f.text, is) != NULL);
	fault_free(&f);
}

static void
check_no_modes(void)
{
	char none[] = "/nonexistent/a.sql", *conf;
	FILE *fp;

	check_no_mode("plain", none, "", "/a.sql: No such file or directory");
	check_no_mode("sqlx", path, "-- mig: nothing\n",
	    ":1: -- mig: nothing: no such directive");
	if (asprintf(&conf, "%s.conf", path) == -1)
		abort();
	fp = fopen(conf, "w");
	if (fp == NULL || fputs("shouldExecute=x\n", fp) == EOF ||
	    fclose(fp) == EOF)
		abort();
	check_no_mode("flyway", path, "SELECT 1;\n",
	    ".conf:1: shouldExecute = x: not supported");
	unlink(conf);
	free(conf);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	check_bytes();
	check_parts();
	check_unreadable();
	check_modes();
	check_no_modes();
	unlink(path);
	return unit_done("source");
}
