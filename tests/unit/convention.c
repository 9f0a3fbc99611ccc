/* The conventions: names, order, next versions. */

#include "convention.h"

#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "directory_scan.h"
#include "unit.h"

/* version|name|kind, and a "d" for a down text; NULL: no migration. */
static const struct {
	const char *convention, *file, *is;
} names[] = { { "plain", "001_name.sql", "001|name|versioned" },
	{ "plain", "001_name.SQL", "001|name|versioned" },
	{ "plain", "1.sql", "1||versioned" },
	{ "plain", "1_.sql", "1||versioned" },
	{ "plain", "1_a.up.sql", "1|a|versioned" },
	{ "plain", "1_a.down.sql", "1|a|versioned d" },
	{ "plain", "1.down.sql", "1||versioned d" },
	{ "plain", "2016-12-01T10-00-00Z_x.sql",
	    "2016-12-01T10-00-00Z|x|versioned" },
	{ "plain", "2016-12-01-2-factor.sql", "2016-12-01-2|factor|versioned" },
	{ "plain", "3016-12-01-x.sql", "3016|12-01-x|versioned" },
	{ "plain", "1.5.2-pr1059.sql", "1.5.2-pr1059||versioned" },
	{ "plain", "1-pr1059.sql", "1|pr1059|versioned" },
	{ "plain", "V1.sql", "1||versioned" },
	{ "plain", "V1_2_x.sql", "1_2|x|versioned" },
	{ "plain", "1_2_x.sql", "1|2_x|versioned" },
	{ "plain", "1_2_3.sql", "1_2_3||versioned" },
	{ "plain", "2fa.sql", NULL }, { "plain", "V_1.sql", NULL },
	{ "plain", "name.sql", NULL }, { "plain", ".sql", NULL },
	{ "plain", "", NULL }, { "plain", "1", NULL },
	{ "plain", "1_a.sql.conf", NULL },
	{ "flyway", "V1__a.sql", "1|a|versioned" },
	{ "flyway", "V1.sql", "1||versioned" },
	{ "flyway", "V1_2.3__a__b.sql", "1_2.3|a__b|versioned" },
	{ "flyway", "U1__a.sql", "1|a|versioned d" },
	{ "flyway", "B1__a.sql", "1|a|baseline" },
	{ "flyway", "R__a.sql", "|a|repeatable" },
	{ "flyway", "beforeMigrate.sql", "|beforeMigrate|callback" },
	{ "flyway", "afterEachMigrateStatementError__x.sql",
	    "|afterEachMigrateStatementError__x|callback" },
	{ "flyway", "createSchema.sql", "|createSchema|callback" },
	{ "flyway", "before.sql", NULL }, { "flyway", "beforehand.sql", NULL },
	{ "flyway", "V1_x.sql", NULL }, { "flyway", "V1.__x.sql", NULL },
	{ "flyway", "V__x.sql", NULL }, { "flyway", "R1__x.sql", NULL },
	{ "flyway", "R__.sql", NULL }, { "flyway", "v1__x.sql", NULL },
	{ "sqlx", "1_a.sql", "1|a|versioned" },
	{ "sqlx", "-1_a.sql", "-1|a|versioned" },
	{ "sqlx", "+007_a_b.up.sql", "+007|a_b|versioned" },
	{ "sqlx", "1_a.down.sql", "1|a|versioned d" },
	{ "sqlx", "9223372036854775807_a.sql",
	    "9223372036854775807|a|versioned" },
	{ "sqlx", "00009223372036854775807_a.sql",
	    "00009223372036854775807|a|versioned" },
	{ "sqlx", "9223372036854775808_a.sql", NULL },
	{ "sqlx", "1.sql", NULL }, { "sqlx", "a_1.sql", NULL },
	{ "supabase", "1_a.down.sql", "1|a.down|versioned" },
	{ "supabase", "1-a.sql", NULL },
	{ "golang-migrate", "1_a.up.sql", "1|a|versioned" },
	{ "golang-migrate", "1_a.down.pgsql.txt", "1|a|versioned d" },
	{ "golang-migrate", "1_.up.sql", "1||versioned" },
	{ "golang-migrate", "1_a.up.b.down.sql", "1|a.up.b|versioned d" },
	{ "golang-migrate", "1_a.sql", NULL },
	{ "golang-migrate", "1_a.up", NULL },
	{ "golang-migrate", "1_a.up.go", NULL },
	{ "golang-migrate", "1_a.up.fizz", NULL },
	{ "dbmate", "1.sql", "1||versioned" },
	{ "dbmate", "1-a.sql", "1|a|versioned" },
	{ "dbmate", "1a.sql", "1|a|versioned" },
	{ "goose", "00001_a.sql", "00001|a|versioned" },
	{ "goose", "00001.sql", NULL }, { "goose", "00001_a.go", NULL },
	{ "diesel", "2016-12-01-1_a_b", "2016-12-01-1|a_b|versioned" },
	{ "diesel", "name", "name||versioned" },
	{ "prisma", "20200101_a", "20200101|a|versioned" },
	{ "prisma", "some_name", "some_name||versioned" },
	{ "prisma", "1-a", "1-a||versioned" },
	{ "hasura", "1620138136207_a", "1620138136207|a|versioned" },
	{ "hasura", "a_b", NULL },
	{ "graphile-migrate", "000001.sql", "000001||versioned" },
	{ "graphile-migrate", "000001-a.sql", "000001|a|versioned" },
	{ "graphile-migrate", "000001_a.sql", NULL },
	{ "node-pg-migrate", "1-a.sql", "1|a|versioned" },
	{ "tern", "001_a.sql", "001|a|versioned" },
	{ "refinery", "V1.2__a.sql", "1.2|a|versioned" },
	{ "refinery", "U3__a.sql", "3|a|versioned" },
	{ "refinery", "R3__a.sql", NULL },
	{ "sql-migrate", "1-a.sql", "1|a|versioned" },
	{ "sql-migrate", "a-1.sql", "a-1||versioned" },
	{ "postgrator", "1.do.a.b.sql", "1|a.b|versioned" },
	{ "postgrator", "1.undo.sql", "1||versioned d" },
	{ "postgrator", "1.done.sql", NULL },
	{ "pop", "1_a.up.sql", "1|a|versioned" },
	{ "pop", "1_a.postgres.autocommit.down.sql", "1|a|versioned d" },
	{ "pop", "1_a.mysql.up.sql", NULL },
	{ "atlas", "20200101.sql", "20200101||versioned" },
	{ "atlas", "20200101-a.sql", "20200101|a|versioned" },
	{ "postgres-migrations", "1.sql", "1||versioned" },
	{ "flyway", "V1.__a.sql", NULL }, { "flyway", "V1..2__a.sql", NULL },
	{ "flyway", "V1-2__a.sql", NULL },
	{ "postgres-migrations", "1-a.sql", "1|a|versioned" } };

static void
check_names(void)
{
	const struct convention *c;
	struct convention_name x;
	char is[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		c = convention_find(names[i].convention);
		if (!CHECK(c != NULL))
			continue;
		if (!convention_match(c, names[i].file, &x)) {
			if (!CHECK_STR(NULL, names[i].is))
				printf("\t%s\n", names[i].file);
			continue;
		}
		snprintf(is, sizeof(is), "%.*s|%.*s|%s%s", (int)x.version_len,
		    names[i].file + x.version, (int)x.name_len,
		    names[i].file + x.name, migration_kind_name(x.kind),
		    x.down ? " d" : "");
		if (!CHECK_STR(is, names[i].is))
			printf("\t%s: %s\n", c->name, names[i].file);
	}
}

static void
check_order(void)
{
	static const struct {
		const char *convention, *a, *b;
		int is;
	} rows[] = { { "plain", "9", "10", -1 }, { "flyway", "1", "1.0", 0 },
		{ "flyway", "1_2", "1.10", -1 }, { "sqlx", "-1", "1", -1 },
		{ "sqlx", "-2", "-10", 1 }, { "sqlx", "+1", "01", 0 },
		{ "sqlx", "-0", "0", 0 }, { "supabase", "9", "10", 1 },
		/* 10_b.sql comes before 1_a.sql */
		{ "supabase", "10", "1", -1 }, { "supabase", "1", "1", 0 },
		{ "diesel", "10", "1", 1 }, { "diesel", "9", "10", 1 },
		{ "prisma", "20200101", "zero", -1 },
		{ "prisma", "20200101", "20200101_a", -1 },
		{ "prisma", "20200101_a", "20200101_a2", -1 },
		{ "prisma", "20200101_b", "20200102", -1 },
		{ "sql-migrate", "001", "1", 0 },
		{ "sql-migrate", "0", "00", 0 },
		{ "sql-migrate", "9_z", "10_a", -1 },
		{ "sql-migrate", "1", "01_a", -1 },
		{ "sql-migrate", "1_b10", "1_b9", -1 },
		{ "sql-migrate", "1_b", "last", -1 } };
	const struct convention *c;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = convention_find(rows[i].convention);
		CHECK_INT(convention_version_cmp(c, rows[i].a, rows[i].b),
		    rows[i].is);
		CHECK_INT(convention_version_cmp(c, rows[i].b, rows[i].a),
		    -rows[i].is);
	}
	CHECK_INT(convention_version_cmp(NULL, "9", "10"), -1);
}

/* 2026-11-21 05:00:00 UTC */
#define NOW ((time_t)1795237200)

static void
check_next(void)
{
	static const struct {
		const char *convention, *last, *is;
	} rows[] = { { "plain", NULL, "001" }, { "plain", "001", "002" },
		{ "plain", "099", "100" }, { "plain", "999", "1000" },
		{ "plain", "1.9", "1.10" },
		{ "plain", "20240131113100", "20261121050000" },
		{ "plain", "20261121050000", "20261121050001" },
		{ "plain", "29990101000000", "29990101000001" },
		{ "plain", "20241331113100", "20241331113101" },
		{ "plain", "1620138136207", "1795237200000" },
		{ "plain", "1620138136", "1795237200" },
		{ "plain", "20240131", "20261121" },
		{ "plain", "202401311131", "202611210500" },
		{ "plain", "20240131113100123", "20261121050000000" },
		{ "plain", "2016-12-01-123456", "2026-11-21-050000" },
		{ "plain", "2026-07-30-140000-0000", "2026-11-21-050000-0000" },
		{ "plain", "20250124T113100Z", "20261121T050000Z" },
		{ "plain", "1.5.2-pr1059", "1.5.2-pr1060" },
		{ "sqlx", NULL, "20261121050000" }, { "sqlx", "-1", "-2" },
		{ "flyway", NULL, "1" },
		{ "diesel", NULL, "2026-11-21-050000" },
		{ "hasura", NULL, "1795237200000" },
		{ "golang-migrate", NULL, "000001" } };
	char *next;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		next = convention_next(convention_find(rows[i].convention),
		    rows[i].last, NOW);
		CHECK_STR(next, rows[i].is);
		free(next);
	}
}

/* A clock that says what no stamp can hold: then one more than the last. */
static void
check_clock(const char *last, time_t now, const char *is)
{
	char *next = convention_next(convention_find("plain"), last, now);

	CHECK_STR(next, is);
	free(next);
}

/* What looks as if it should be a migration is told of. */
static void
check_strangers(void)
{
	static const struct {
		const char *convention, *file;
		int is;
	} rows[] = { { "plain", "a.sql", 1 }, { "plain", "1_a.SQL.gz", 1 },
		{ "plain", "1_a.sql.bak", 1 }, { "plain", "1_a.py", 1 },
		{ "plain", "a.py", 0 }, { "plain", "README.md", 0 },
		{ "plain", "1_notes.md", 0 }, { "goose", "1_a.go", 1 },
		{ "goose", "1_a_test.go", 0 }, { "flyway", "V1__A.java", 1 },
		{ "flyway", "A.java", 0 }, { "pop", "1_a.mysql.up.sql", 0 },
		{ "pop", "1_a.sqlite3.down.sql", 0 },
		{ "pop", "1_a.postgres.sql", 1 },
		{ "plain", "1_a.mysql.up.sql", 1 } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!CHECK_INT(directory_is_stranger(convention_find(
							 rows[i].convention),
				   rows[i].file),
			rows[i].is))
			printf("\t%s\n", rows[i].file);
}

static void
check_table(void)
{
	const struct convention *c;
	size_t i;

	CHECK(convention_find("nosuch") == NULL);
	for (i = 0; (c = convention_at(i)) != NULL; i++) {
		CHECK(convention_find(c->name) == c);
		CHECK(c->title != NULL && c->pattern != NULL);
		CHECK(c->first != NULL);
		CHECK((c->up == NULL) == (c->down == NULL));
		CHECK(c->up != NULL || c->single || c->folder_up != NULL);
	}
	CHECK(i >= 20);
}

/* Where it stands, once, and without an argument. */
static void
check_repeatable(void)
{
	static const struct {
		const char *text, *is; /* the fault; NULL: none */
		int line;
	} rows[] = { { "SELECT 1;\n", NULL, 0 },
		{ "-- a\n--mig:  repeatable\nSELECT 1;\n", NULL, 4 },
		{ "-- mig: repeatable x\n",
		    "p:3: -- mig: repeatable: takes no argument", 0 },
		{ "-- mig: repeatable\n-- mig: repeatable\n",
		    "p:4: -- mig: repeatable: was said before", 3 } };
	struct directives d = DIRECTIVES_INIT;
	struct fault f = FAULT_INIT;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(directives_read(&d, rows[i].text,
			      strlen(rows[i].text), "p", 3, &f),
		    rows[i].is == NULL ? 0 : -1);
		CHECK_STR(f.text, rows[i].is);
		CHECK_INT((int)d.repeatable, rows[i].line);
		fault_free(&f);
		directives_free(&d);
	}
}

static void
check_directives(void)
{
	struct directives d = DIRECTIVES_INIT;
	struct fault f = FAULT_INIT;
	const char one[] = "/* a /* b */\n-- mig: role x */\n-- hello\n";
	const char two[] = "  --  mig: lock-timeout 2min \t\n-- mig: role y\n"
			   "-- mig: retry 0\n"
			   "-- mig: requires base 1.2\nSELECT 1;\n";

	CHECK_INT(directives_read(&d, one, sizeof(one) - 1, "p", 1, &f), 0);
	CHECK(!d.ended && d.depth == 0 && d.role == NULL);
	CHECK_INT(directives_read(&d, two, sizeof(two) - 1, "p", 4, &f), 0);
	CHECK(d.ended && !d.has_mode);
	CHECK_INT(d.limits[LIMIT_LOCK], 120000);
	CHECK(d.has_limit[LIMIT_RETRY] && d.limits[LIMIT_RETRY] == 0);
	CHECK(!d.has_limit[LIMIT_STATEMENT]);
	CHECK_STR(d.role, "y");
	CHECK_INT(d.nneeds, 1);
	CHECK_STR(d.needs[0].series, "base");
	CHECK_STR(d.needs[0].version, "1.2");
	CHECK_INT(directives_read(&d, "\n-- mig: role z\n", 16, "p", 8, &f),
	    -1);
	CHECK_STR(f.text,
	    "p:9: -- mig: behind the first statement: "
	    "directives stand before it");
	fault_free(&f);
	directives_free(&d);
}

int
main(void)
{
	check_table();
	check_names();
	check_order();
	check_next();
	check_clock("20240131113100", (time_t)1 << 61, "20240131113101");
	check_clock("1620138136", 1, "1620138137");
	check_clock("1620138136", 20000000000, "1620138137");
	check_strangers();
	check_directives();
	check_repeatable();
	return unit_done("convention");
}
