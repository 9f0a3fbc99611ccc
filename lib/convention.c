/* The naming conventions of migration directories. */

#include "convention.h"

#include <stdlib.h>
#include <string.h>

#include "lexer.h"
#include "version.h"

/*
 * The source of each row is the named tool's own code, which decides which
 * names it takes, in which order, and how it runs a file.
 */
static const struct convention conventions[] = {
	{ .name = "plain",
	    .title = "plain SQL files",
	    .pattern = "<version>_<name>[.up|.down].sql",
	    .shape = SHAPE_PLAIN,
	    .up = ".up",
	    .down = ".down",
	    .single = true,
	    .nameless = true,
	    .sections = SECTIONS_PLAIN,
	    .first = "001" },
	{ /* ResourceNameParser.java, MigrationVersion.java */
	    .name = "flyway",
	    .title = "Flyway",
	    .pattern = "V<version>__<name>.sql, U..., B..., R__<name>.sql",
	    .lex_flags = LEX_PLACEHOLDERS,
	    .shape = SHAPE_FLYWAY,
	    .letters = "VUB",
	    .separator = "__",
	    .single = true,
	    .nameless = true,
	    .recursive = true,
	    .rules = RULE_OWN | RULE_ANY | RULE_CONF,
	    .first = "1" },
	{ /* The same where the .conf has placeholderReplacement=false. */
	    .name = "flyway-raw",
	    .title = "Flyway without placeholders",
	    .pattern = "V<version>__<name>.sql, U..., B..., R__<name>.sql",
	    .shape = SHAPE_FLYWAY,
	    .letters = "VUB",
	    .separator = "__",
	    .single = true,
	    .nameless = true,
	    .recursive = true,
	    .rules = RULE_OWN | RULE_ANY | RULE_CONF,
	    .first = "1" },
	{ /* sqlx-core/src/migrate/source.rs */
	    .name = "sqlx",
	    .title = "sqlx",
	    .pattern = "<integer>_<name>[.up|.down].sql",
	    .order = ORDER_INTEGER,
	    .shape = SHAPE_INTEGER,
	    .separator = "_",
	    .up = ".up",
	    .down = ".down",
	    .single = true,
	    .directive = "-- no-transaction",
	    .directive_first = true,
	    .rules = RULE_OWN,
	    .first = "20000101000000" },
	{ /* pkg/migration/file.go, list.go */
	    .name = "supabase",
	    .title = "Supabase CLI",
	    .pattern = "<digits>_<name>.sql",
	    .order = ORDER_TEXT,
	    .end = '_',
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .single = true,
	    .rules = RULE_OWN | RULE_ALONE,
	    .first = "20000101000000" },
	{ /* source/parse.go */
	    .name = "golang-migrate",
	    .title = "golang-migrate",
	    .pattern = "<digits>_<name>.up.sql, .down.sql",
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .up = ".up",
	    .down = ".down",
	    .rules = RULE_OWN | RULE_ALONE,
	    .first = "000001" },
	{ /* pkg/dbmate/db.go, migration.go */
	    .name = "dbmate",
	    .title = "dbmate",
	    .pattern = "<digits>_<name>.sql",
	    .order = ORDER_TEXT,
	    .end = '_',
	    .shape = SHAPE_DIGITS,
	    .separator = "",
	    .single = true,
	    .nameless = true,
	    .sections = SECTIONS_DBMATE,
	    .rules = RULE_OWN,
	    .first = "20000101000000" },
	{ /* internal/sqlparser/parser.go */
	    .name = "goose",
	    .title = "goose",
	    .pattern = "<digits>_<name>.sql",
	    .lex_flags = LEX_BREAKS,
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .single = true,
	    .sections = SECTIONS_GOOSE,
	    .rules = RULE_OWN,
	    .first = "00001" },
	{ /* diesel_migrations/migrations_internals/src/lib.rs */
	    .name = "diesel",
	    .title = "diesel",
	    .pattern = "<version>_<name>/up.sql, down.sql",
	    .order = ORDER_TEXT,
	    .end = '\0',
	    .shape = SHAPE_ANY,
	    .separator = "_",
	    .nameless = true,
	    .folder_up = "up.sql",
	    .folder_down = "down.sql",
	    .rules = RULE_OWN | RULE_METADATA,
	    .first = "2000-01-01-000000" },
	{ /* schema-connector/src/migrations_directory.rs */
	    .name = "prisma",
	    .title = "Prisma",
	    .pattern = "<stamp>_<name>/migration.sql",
	    .order = ORDER_TEXT,
	    .end = '_',
	    .equal = true,
	    .shape = SHAPE_ANY,
	    .separator = "_",
	    .nameless = true,
	    .folder_up = "migration.sql",
	    .rules = RULE_OWN | RULE_ALONE,
	    .first = "20000101000000" },
	{ /* cli/migrate, golang-migrate's file source with folders */
	    .name = "hasura",
	    .title = "Hasura",
	    .pattern = "<digits>_<name>/up.sql, down.sql",
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .folder_up = "up.sql",
	    .folder_down = "down.sql",
	    .rules = RULE_OWN | RULE_ALONE,
	    .first = "1000000000000" },
	{ /* src/migrationFilename.ts, header.ts */
	    .name = "graphile-migrate",
	    .title = "graphile-migrate",
	    .pattern = "<digits>-<name>.sql",
	    .shape = SHAPE_DIGITS,
	    .separator = "-",
	    .single = true,
	    .nameless = true,
	    .directive = "--! no-transaction",
	    .rules = RULE_OWN,
	    .first = "000001" },
	{ /* src/sqlMigration.ts, migration.ts */
	    .name = "node-pg-migrate",
	    .title = "node-pg-migrate",
	    .pattern = "<digits>_<name>.sql",
	    .equal = true,
	    .shape = SHAPE_DIGITS,
	    .separator = "_-",
	    .single = true,
	    .sections = SECTIONS_NODE_PG,
	    .rules = RULE_OWN,
	    .first = "1000000000000" },
	{ /* drizzle-orm/src/migrator.ts; the order is the journal's */
	    .name = "drizzle",
	    .title = "Drizzle",
	    .pattern = "<digits>_<name>.sql, listed in meta/_journal.json",
	    .lex_flags = LEX_BREAKS,
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .single = true,
	    .rules = RULE_OWN,
	    .first = "0000" },
	{ /* migrate/migrate.go */
	    .name = "tern",
	    .title = "tern",
	    .pattern = "<digits>_<name>.sql",
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .single = true,
	    .sections = SECTIONS_TERN,
	    .rules = RULE_OWN,
	    .first = "001" },
	{ /* refinery_core/src/util.rs: U is unversioned, not undo */
	    .name = "refinery",
	    .title = "refinery",
	    .pattern = "V<digits>__<name>.sql, U<digits>__<name>.sql",
	    .shape = SHAPE_DECIMAL,
	    .letters = "VU",
	    .separator = "__",
	    .single = true,
	    .rules = RULE_OWN,
	    .first = "1" },
	{ /* migrate.go, sqlparse/sqlparse.go */
	    .name = "sql-migrate",
	    .title = "sql-migrate",
	    .pattern = "<name>.sql",
	    .lex_flags = LEX_BREAKS,
	    .equal = true,
	    .shape = SHAPE_ANY,
	    .separator = "",
	    .single = true,
	    .nameless = true,
	    .sections = SECTIONS_SQL_MIGRATE,
	    .rules = RULE_OWN,
	    .first = "20000101000000" },
	{ /* lib/postgrator.js */
	    .name = "postgrator",
	    .title = "postgrator",
	    .pattern = "<digits>.do.<name>.sql, <digits>.undo.<name>.sql",
	    .shape = SHAPE_DO,
	    .separator = ".",
	    .nameless = true,
	    .up = ".do",
	    .down = ".undo",
	    .rules = RULE_OWN | RULE_ALONE,
	    .first = "001" },
	{ /* popx/match.go */
	    .name = "pop",
	    .title = "pop",
	    .pattern = "<digits>_<name>[.postgres][.autocommit].up.sql",
	    .order = ORDER_TEXT,
	    .end = '_',
	    .shape = SHAPE_DIGITS,
	    .separator = "_",
	    .up = ".up",
	    .down = ".down",
	    .rules = RULE_OWN | RULE_NAME,
	    .first = "20000101000000" },
	{ /* sql/migrate/dir.go, cmd/atlas/internal/migrate/tx.go */
	    .name = "atlas",
	    .title = "Atlas",
	    .pattern = "<digits>_<name>.sql",
	    .order = ORDER_TEXT,
	    .end = '_',
	    .shape = SHAPE_DIGITS,
	    .separator = "_-",
	    .single = true,
	    .nameless = true,
	    .directive = "-- atlas:txmode none",
	    .rules = RULE_OWN,
	    .first = "20000101000000" },
	{ /* src/files-loader.ts, migration-file.ts */
	    .name = "postgres-migrations",
	    .title = "postgres-migrations",
	    .pattern = "<digits>_<name>.sql",
	    .shape = SHAPE_DIGITS,
	    .separator = "_-",
	    .single = true,
	    .nameless = true,
	    .directive = "-- postgres-migrations disable-transaction",
	    .rules = RULE_OWN,
	    .first = "1" },
};

#define COUNT (sizeof(conventions) / sizeof(conventions[0]))

const struct convention *
convention_at(size_t n)
{
	return n < COUNT ? &conventions[n] : NULL;
}

const struct convention *
convention_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (strcmp(conventions[i].name, name) == 0)
			return &conventions[i];
	return NULL;
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

/*
 * By bytes, as if `end` stood behind each, unless it holds one: then it is a
 * whole name, as those are that would be equal.
 */
static int
text_cmp(const char *a, const char *b, char end)
{
	char aend = strchr(a, end) == NULL ? end : '\0';
	char bend = strchr(b, end) == NULL ? end : '\0';
	unsigned char x, y;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	x = (unsigned char)(*a == '\0' ? aend : *a);
	y = (unsigned char)(*b == '\0' ? bend : *b);
	return x == y ? (*a == '\0' ? -1 : 1) : (x < y ? -1 : 1);
}

/* Integers with a sign perhaps: -2 < -1 < 0 < +1 < 2. */
static int
integer_cmp(const char *a, const char *b)
{
	bool aneg = *a == '-', bneg = *b == '-';

	if (aneg != bneg && strpbrk(a, "123456789") == NULL &&
	    strpbrk(b, "123456789") == NULL)
		return 0;
	if (aneg != bneg)
		return aneg ? -1 : 1;
	a += *a == '-' || *a == '+';
	b += *b == '-' || *b == '+';
	return aneg ? -version_cmp(a, b) : version_cmp(a, b);
}

/* One number, then what follows by its bytes: "1" < "1_b10" < "1_b9". */
static int
number_text_cmp(const char *a, const char *b)
{
	size_t alen = strspn(a, "0123456789"), blen = strspn(b, "0123456789");
	const char *aend = a + alen, *bend = b + blen;

	if (alen == 0 || blen == 0)
		return version_cmp(a, b);
	for (; a < aend && *a == '0'; a++)
		alen--;
	for (; b < bend && *b == '0'; b++)
		blen--;
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return sign(strcmp(a, b));
}

int
convention_version_cmp(const struct convention *c, const char *a, const char *b)
{
	if (c == NULL)
		return version_cmp(a, b);
	switch (c->order) {
	case ORDER_NUMBER:
		return c->equal ? number_text_cmp(a, b) : version_cmp(a, b);
	case ORDER_INTEGER:
		return integer_cmp(a, b);
	case ORDER_TEXT:
		return sign(text_cmp(a, b, c->end));
	}
	return 0;
}
