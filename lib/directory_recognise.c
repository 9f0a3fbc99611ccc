/* Which convention a directory keeps to. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "directory_scan.h"

/* What names are counted as; the convention that each class speaks for. */
enum class {
	CLASS_NONE,
	CLASS_SINGLE, /* 001_name.sql: the files' heads say whose */
	CLASS_LETTER, /* V1_name.sql: as much as a slip in Flyway */
	CLASS_PAIR,   /* 001_name.up.sql */
	CLASS_FLYWAY,
	CLASS_DO,
	CLASS_POP,
	CLASS_DIESEL, /* folders with up.sql */
	CLASS_HASURA,
	CLASS_PRISMA
};

#define CLASSES (CLASS_PRISMA + 1)

static const char *const class_names[CLASSES] = { [CLASS_SINGLE] = "plain",
	[CLASS_LETTER] = "plain",
	[CLASS_PAIR] = "golang-migrate",
	[CLASS_FLYWAY] = "flyway",
	[CLASS_DO] = "postgrator",
	[CLASS_POP] = "pop",
	[CLASS_DIESEL] = "diesel",
	[CLASS_HASURA] = "hasura",
	[CLASS_PRISMA] = "prisma" };

static bool
matches(const char *convention, const char *name, struct convention_name *x)
{
	return convention_match(convention_find(convention), name, x);
}

/* Milliseconds since 1970, as Hasura has them: 1620138136207_name. */
static bool
is_millis(const char *name)
{
	return strspn(name, "0123456789") == 13 && name[0] == '1' &&
	    name[13] == '_';
}

static enum class class_of_folder(const struct directory_entry *e) {
	if (directory_holds(e->path, "migration.sql")) return CLASS_PRISMA;
	if (!directory_holds(e->path, "up.sql")) return CLASS_NONE;
	return is_millis(e->name) ? CLASS_HASURA : CLASS_DIESEL;
}

static enum class class_of(const struct directory_entry *e) {
	struct convention_name x;

	if (e->folder) return class_of_folder(e);
	if (matches("flyway", e->name, &x) && x.kind != KIND_CALLBACK &&
	    (x.name_len > 0 || x.kind != KIND_VERSIONED)) return CLASS_FLYWAY;
	if (matches("postgrator", e->name, &x)) return CLASS_DO;
	if (matches("pop", e->name, &x) &&
	    (x.autocommit || x.dialect)) return CLASS_POP;
	if (matches("golang-migrate", e->name, &x)) return CLASS_PAIR;
	if (matches("plain", e->name, &x)) return x.version > 0 ? CLASS_LETTER :
								  CLASS_SINGLE;
	return CLASS_NONE;
}

/*
 * The class with the most names.  Up and down files beside files that are
 * neither are one class together, and so are pop's files and those that it
 * has in common with others.
 */
static enum class choose(size_t count[CLASSES], bool *tie) {
	enum class c, best = CLASS_NONE;

	if (count[CLASS_FLYWAY] == 0)
	    count[CLASS_SINGLE] += count[CLASS_LETTER];
	count[CLASS_LETTER] = 0; if (count[CLASS_SINGLE] > 0){
	    count[CLASS_SINGLE] += count[CLASS_PAIR]; count[CLASS_PAIR] = 0; }
if (count[CLASS_POP] > 0)
{
	count[CLASS_POP] += count[CLASS_PAIR];
	count[CLASS_PAIR] = 0;
}
if (count[CLASS_DIESEL] > 0) {
	count[CLASS_DIESEL] += count[CLASS_HASURA];
	count[CLASS_HASURA] = 0;
}
*tie = false;
count[CLASS_NONE] = 0;
for (c = CLASS_SINGLE; c < CLASSES; c++) {
	if (count[c] > count[best]) {
		best = c;
		*tie = false;
	} else if (count[c] > 0 && count[c] == count[best]) {
		*tie = true;
	}
}
return best;
}

/*
 * Numbered files look the same in many tools.  Where the directory stands says
 * more: supabase/migrations, or beside the Cargo.toml of a Rust crate, whose
 * numbered files are sqlx's.
 */
static const char *
by_place(const char *dir, enum class best)
{
	char parent[PATH_MAX], *slash;

	if (realpath(dir, parent) == NULL)
		return NULL;
	slash = strrchr(parent, '/');
	*slash = '\0';
	slash = strrchr(parent, '/');
	if (best == CLASS_SINGLE && slash != NULL &&
	    strcmp(slash + 1, "supabase") == 0)
		return "supabase";
	if (slash != NULL && directory_holds(parent, "Cargo.toml"))
		return "sqlx";
	return NULL;
}

static const struct convention *
mixed(const char *dir, struct fault *f)
{
	fault_set(f, EXIT_STREAM,
	    "%s: names of several conventions, as many "
	    "of one as of another",
	    dir);
	fault_hint(f, "say which it is: mig-ls -f CONVENTION %s", dir);
	return NULL;
}

const struct convention *
directory_recognise(const struct directory_scan *s, const char *dir, bool *sure,
    struct fault *f)
{
	size_t i, count[CLASSES] = { 0 };
	const char *name;
	enum class best;
	bool tie;

	*sure = true;
	if (directory_holds(dir, "meta/_journal.json"))
		return convention_find("drizzle");
	for (i = 0; i < s->n; i++)
		count[class_of(&s->items[i])]++;
	best = choose(count, &tie);
	if (tie)
		return mixed(dir, f);
	if (best == CLASS_NONE)
		return NULL;
	*sure = best != CLASS_SINGLE && best != CLASS_PAIR;
	if (!*sure && (name = by_place(dir, best)) != NULL)
		return convention_find(name);
	return convention_find(class_names[best]);
}

/* A line that speaks for a convention, wherever in the head it stands. */
static const struct {
	const char *line; /* its beginning behind "--" and blanks */
	const char *convention;
} signs[] = { { "mig:", "plain" }, { "migrate:up", "dbmate" },
	{ "+goose Up", "goose" }, { "+goose NO TRANSACTION", "goose" },
	{ "+migrate Up", "sql-migrate" }, { "+migrate Down", "sql-migrate" },
	{ "Up Migration", "node-pg-migrate" },
	{ "! Previous:", "graphile-migrate" }, { "atlas:txmode", "atlas" },
	{ "postgres-migrations disable-transaction", "postgres-migrations" } };

static const struct convention *
sign_of_line(const char *s, size_t len)
{
	size_t i, n;

	while (len > 0 && (*s == '-' || *s == ' ' || *s == '\t')) {
		s++;
		len--;
	}
	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		n = strlen(signs[i].line);
		if (len >= n && strncasecmp(s, signs[i].line, n) == 0)
			return convention_find(signs[i].convention);
	}
	return NULL;
}

static bool
begins(const char *s, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(s, word, strlen(word)) == 0;
}

/* Behind the block comment that begins at `s`; they nest. */
static const char *
skip_comment(const char *s, const char *end)
{
	size_t depth = 0;

	do {
		if (begins(s, (size_t)(end - s), "/*")) {
			depth++;
			s += 2;
		} else if (begins(s, (size_t)(end - s), "*/")) {
			depth--;
			s += 2;
		} else {
			s++;
		}
	} while (s < end && depth > 0);
	return s;
}

const struct convention *
directory_sign(const char *text, size_t len)
{
	static const char tern[] = "---- create above / drop below ----";
	const struct convention *c;
	const char *s = text, *end = text + len, *lf;

	if (begins(text, len, "-- no-transaction"))
		return convention_find("sqlx");
	if (memmem(text, len, tern, sizeof(tern) - 1) != NULL)
		return convention_find("tern");
	for (; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		while (s < lf && (*s == ' ' || *s == '\t'))
			s++;
		if (s == lf)
			continue;
		if (begins(s, (size_t)(lf - s), "/*")) {
			lf = skip_comment(s, end) - 1;
			continue;
		}
		if (!begins(s, (size_t)(lf - s), "--"))
			break;
		c = sign_of_line(s, (size_t)(lf - s));
		if (c != NULL)
			return c;
	}
	return NULL;
}

static bool
ends(const char *name, const char *with)
{
	size_t n = strlen(name), k = strlen(with);

	return n >= k && strcasecmp(name + n - k, with) == 0;
}

/* pop keeps the files of several databases side by side. */
static bool
is_other_dialect(const struct convention *c, const char *name)
{
	static const char *const dialects[] = { ".cockroach.", ".mariadb.",
		".mysql.", ".sqlite.", ".sqlite3." };
	size_t i;

	if (!(c->rules & RULE_NAME))
		return false;
	for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (strstr(name, dialects[i]) != NULL)
			return true;
	return false;
}

bool
directory_is_stranger(const struct convention *c, const char *name)
{
	static const char *const sql[] = { ".sql", ".pgsql", ".psql", ".sql.gz",
		".sql.postgres", ".sql.bak" };
	const char *number = name;
	size_t i;

	if (is_other_dialect(c, name))
		return false;
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
		if (ends(name, sql[i]))
			return true;
	if (c->letters != NULL && name[0] != '\0' &&
	    strchr(c->letters, name[0]) != NULL)
		number++;
	if (strspn(number, "0123456789") == 0)
		return false;
	return !ends(name, "_test.go") && convention_is_code(name);
}
