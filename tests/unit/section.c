/* Up and down text in one file. */

#include "section.h"

#include <stdlib.h>

#include "unit.h"

/*
 * A letter for each line of a text: u(p), d(own), m(ark); then what the tool's
 * directive says; or the text of the fault.
 */
static char *
parted(const char *convention, const char *text)
{
	struct section x;
	struct fault f = FAULT_INIT;
	enum section_verdict v;
	size_t n, number = 0, out_len;
	int result = 0;
	char *out;
	FILE *fp = open_memstream(&out, &out_len);

	if (fp == NULL)
		abort();
	section_init(&x, convention_find(convention), "p");
	for (; *text != '\0' && result == 0; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		result = section_line(&x, text, n, ++number, &v, &f);
		if (result == 0)
			fputc("udm"[v], fp);
	}
	if (result == -1 || section_end(&x, &f) == -1) {
		CHECK_INT(f.code, EXIT_STREAM);
		fprintf(fp, "!%s", f.text);
	}
	if (x.none_up)
		fputs(" none-up", fp);
	if (x.none_down)
		fputs(" none-down", fp);
	fclose(fp);
	fault_free(&f);
	return out;
}

static void
check(const char *convention, const char *text, const char *expected)
{
	char *got = parted(convention, text);

	if (!CHECK_STR(got, expected))
		printf("\tof %s: %s\n", convention, text);
	free(got);
}

static void
check_plain(void)
{
	check("plain", "a\n-- mig: down\nb", "umd");
	check("plain", "--mig:down \r\n", "m");
	check("plain", "-- mig: downward\n-- mig: down x\n -- mig: down",
	    "uuu");
	check("plain", "-- mig: down\n-- mig: down",
	    "m!p:2: a second -- mig: down");
	check("sqlx", "-- mig: down", "u");
}

static void
check_dbmate(void)
{
	check("dbmate", "-- x\n-- migrate:up\na\n-- migrate:down\nb", "umumd");
	check("dbmate", "-- migrate:up transaction:true\n--migrate:down", "mm");
	check("dbmate", "-- migrate:up transaction:false\n-- migrate:down",
	    "mm none-up");
	check("dbmate", "-- migrate:up\n-- migrate:down transaction:false",
	    "mm none-down");
	check("dbmate", "-- migrate:up\na\n-- migrate:up", "mum");
	check("dbmate", "-- migrate:up\n -- migrate:down", "mu");
	check("dbmate", "-- migrate:up x",
	    "!p:1: unknown option: known are "
	    "transaction:false and transaction:true");
	check("dbmate", "-- migrate:up\n-- migrate:up transaction:false",
	    "m!p:2: sections of one file with and without a transaction");
	check("dbmate", "-- migrate:down",
	    "!p:1: -- migrate:down before -- migrate:up");
	check("dbmate", "a\n-- migrate:up",
	    "u!p:2: a statement before -- migrate:up");
	check("dbmate", "-- a",
	    "u!p: no -- migrate:up: dbmate wants it in each file");
}

static void
check_goose(void)
{
	check("goose", "-- +goose Up\na\n-- +goose Down\nb", "mumd");
	check("goose",
	    "-- +goose Up\n-- +goose StatementBegin\na\n"
	    "-- +goose StatementEnd",
	    "muuu");
	check("goose", "-- +goose Up\n-- +goose NO TRANSACTION",
	    "mm none-up none-down");
	check("goose", "-- +goose Up\n-- +goose Up",
	    "m!p:2: a second -- +goose Up");
	check("goose", "-- +goose Down",
	    "!p:1: -- +goose Down must come once, behind -- +goose Up");
	check("goose", "a\n-- +goose Up",
	    "u!p:2: a statement before -- +goose Up");
	check("goose",
	    "-- +goose Up\n-- +goose StatementBegin\n"
	    "-- +goose Down",
	    "mu!p:3: -- +goose StatementBegin without its StatementEnd");
	check("goose", "-- +goose Up\n-- +goose StatementBegin",
	    "mu!p: -- +goose StatementBegin without its StatementEnd");
	check("goose", "-- +goose Up\n-- +goose StatementEnd",
	    "m!p:2: -- +goose StatementBegin and StatementEnd must come in "
	    "turn, behind -- +goose Up");
	check("goose", "-- +goose ENVSUB ON",
	    "!p:1: -- +goose ENVSUB is not supported: give the values as "
	    "variables to mig-apply");
	check("goose", "-- +goose Up x", "!p:1: unknown goose annotation");
	check("goose", "a",
	    "u!p: no -- +goose Up: goose wants it in each file");
}

static void
check_migrate(void)
{
	check("sql-migrate", "-- +migrate Up\na\n-- +migrate Down\nb", "mumd");
	check("sql-migrate", "-- +migrate Down\nb\n-- +migrate Up\na", "mdmu");
	check("sql-migrate", "-- +migrate Up notransaction", "m none-up");
	check("sql-migrate", "-- +migrate Up\n-- +migrate Down notransaction",
	    "mm none-down");
	check("sql-migrate",
	    "-- +migrate Up\n-- +migrate StatementBegin\n"
	    "--+migrate Down",
	    "muu");
	check("sql-migrate", "a\n-- +migrate Up",
	    "u!p:2: sql-migrate leaves out what is before the first "
	    "-- +migrate");
	check("sql-migrate", "a",
	    "u!p: no -- +migrate Up: sql-migrate wants it in each file");
}

static void
check_node_pg(void)
{
	check("node-pg-migrate",
	    "-- Up Migration\na\n -- - down migration\n"
	    "b",
	    "mumd");
	check("node-pg-migrate",
	    "-- Up Migration\n-- Up Migration\n"
	    "-- Upward",
	    "muu");
	check("node-pg-migrate", "a", "u");
	check("node-pg-migrate", "a\n-- Up Migration",
	    "u!p:2: node-pg-migrate leaves out what is before "
	    "-- Up Migration");
	check("node-pg-migrate", "a\n-- Down Migration",
	    "u!p:2: -- Down Migration without -- Up Migration: "
	    "node-pg-migrate runs both as up");
}

static void
check_tern(void)
{
	static const char mark[] = "---- create above / drop below ----";
	char *text;

	check("tern", "---- tern: disable-tx ----\na", "uu none-up");
	check("tern", "---- tern: disable-tx ---- x", "u");
	if (asprintf(&text, "a\n %s \nb\n%s", mark, mark) == -1)
		abort();
	check("tern", text,
	    "umd!p:4: a second ---- create above / drop below ----");
	free(text);
}

/* A tool's directive is a line of its own, wherever it stands. */
static void
check_directive(void)
{
	check("graphile-migrate", "--! no-transaction\na",
	    "uu none-up none-down");
	check("graphile-migrate", "a\n  --! no-transaction \n--! x",
	    "uuu none-up none-down");
	check("graphile-migrate", "--! no-transaction x", "u");
	check("sqlx", "--! no-transaction", "u");
}

/* Comments in front of the first marker are no statements. */
static void
check_comments(void)
{
	check("goose", "/* a\n/* b */\n c */ -- d\n\n-- +goose Up", "uuuum");
	check("goose", "/* a */ b\n-- +goose Up",
	    "u!p:2: a statement before -- +goose Up");
	check("goose", "*/\n-- +goose Up",
	    "u!p:2: a statement before -- +goose Up");
}

int
main(void)
{
	check_plain();
	check_dbmate();
	check_goose();
	check_migrate();
	check_node_pg();
	check_tern();
	check_directive();
	check_comments();
	return unit_done("section");
}
