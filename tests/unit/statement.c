/* Unit tests of what a statement is. */

#include "statement.h"
#include "unit.h"

#include <err.h>
#include <stdlib.h>

/* The first item of a text; what it lends lives until the lexer is freed. */
static struct lexer *
first(const char *text, struct lex_item *item)
{
	struct lexer *lx;

	lx = lex_new(LEX_PLACEHOLDERS);
	if (lx == NULL || lex_feed(lx, text, strlen(text)) == -1)
		err(1, "lex_feed");
	lex_finish(lx);
	if (lex_next(lx, item) != LEX_STATEMENT)
		errx(1, "no statement: %s", text);
	return lx;
}

static void
check_kind(const char *text, enum statement_kind kind)
{
	struct lex_item item;
	struct lexer *lx;

	lx = first(text, &item);
	if (!CHECK_INT(statement_kind(&item), kind))
		printf("\tof %s\n", text);
	lex_free(lx);
}

static void
check_kinds(void)
{
	check_kind("begin", STATEMENT_BEGIN);
	check_kind("/* a */ BEGIN -- b\n ISOLATION LEVEL SERIALIZABLE",
	    STATEMENT_BEGIN);
	check_kind("start transaction read only", STATEMENT_BEGIN);
	check_kind("start", STATEMENT_OTHER);
	check_kind("commit", STATEMENT_COMMIT);
	check_kind("commit work and chain", STATEMENT_COMMIT);
	check_kind("end", STATEMENT_COMMIT);
	check_kind("end transaction", STATEMENT_COMMIT);
	check_kind("rollback", STATEMENT_ROLLBACK);
	check_kind("rollback work and no chain", STATEMENT_ROLLBACK);
	check_kind("abort", STATEMENT_ROLLBACK);
	check_kind("rollback to a", STATEMENT_SAVEPOINT);
	check_kind("rollback work to savepoint a", STATEMENT_SAVEPOINT);
	check_kind("ROLLBACK TRANSACTION TO a", STATEMENT_SAVEPOINT);
	check_kind("savepoint a", STATEMENT_SAVEPOINT);
	check_kind("release savepoint a", STATEMENT_SAVEPOINT);
	check_kind("prepare transaction 'a'", STATEMENT_PREPARE_TRANSACTION);
	check_kind("commit prepared 'a'", STATEMENT_PREPARE_TRANSACTION);
	check_kind("rollback prepared 'a'", STATEMENT_PREPARE_TRANSACTION);
	check_kind("prepare transaction as select 1", STATEMENT_OTHER);
	check_kind("prepare transaction (int) as select 1", STATEMENT_OTHER);
	check_kind("select 1", STATEMENT_OTHER);
	check_kind("\"begin\"", STATEMENT_OTHER);
	check_kind("(begin)", STATEMENT_OTHER);
	check_kind(":x begin", STATEMENT_OTHER);
	check_kind("begin_x", STATEMENT_OTHER);
	check_kind("create function f() begin atomic select 1; end",
	    STATEMENT_OTHER);
	check_kind("select 1\\; commit\\; select 2", STATEMENT_COMMIT);
	check_kind("\\;begin", STATEMENT_BEGIN);
	check_kind("select 1\\; select commit", STATEMENT_OTHER);
	CHECK(statement_controls_transaction(STATEMENT_BEGIN));
	CHECK(statement_controls_transaction(STATEMENT_COMMIT));
	CHECK(statement_controls_transaction(STATEMENT_ROLLBACK));
	CHECK(statement_controls_transaction(STATEMENT_PREPARE_TRANSACTION));
	CHECK(!statement_controls_transaction(STATEMENT_SAVEPOINT));
	CHECK(!statement_controls_transaction(STATEMENT_OTHER));
}

static const struct {
	const char *text, *name;
} alone[] = {
	{ "create index concurrently on t (a)", "CREATE INDEX CONCURRENTLY" },
	{ "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
	    "CREATE INDEX CONCURRENTLY" },
	{ "create index /* x */ concurrently -- y\n i on t (a)",
	    "CREATE INDEX CONCURRENTLY" },
	{ "create index concurrently_idx on t (a)", NULL },
	{ "create index \"concurrently\" on t (a)", NULL },
	{ "create index i on concurrently (a)", NULL },
	{ "create index i on t (concurrently)", NULL },
	{ "drop index concurrently if exists i", "DROP INDEX CONCURRENTLY" },
	{ "drop index i", NULL },
	{ "drop table concurrently", NULL },
	{ "reindex index i", NULL },
	{ "reindex index concurrently i", "REINDEX CONCURRENTLY" },
	{ "reindex (verbose) table concurrently t", "REINDEX CONCURRENTLY" },
	{ "reindex (concurrently) table t", "REINDEX CONCURRENTLY" },
	{ "reindex (verbose, concurrently true) table t",
	    "REINDEX CONCURRENTLY" },
	{ "reindex (concurrently, verbose) table t", "REINDEX CONCURRENTLY" },
	{ "reindex (concurrently off) table t", NULL },
	{ "reindex (concurrently 0, verbose) table t", NULL },
	{ "reindex (concurrently 'false') table t", NULL },
	{ "reindex (verbose) table t", NULL },
	{ "reindex table \"concurrently\"", NULL },
	{ "reindex schema s", "REINDEX SCHEMA" },
	{ "reindex (verbose) schema s", "REINDEX SCHEMA" },
	{ "reindex database d", "REINDEX DATABASE" },
	{ "reindex system d", "REINDEX SYSTEM" },
	{ "alter table t detach partition p concurrently",
	    "DETACH PARTITION CONCURRENTLY" },
	{ "alter table if exists s.\"T\" detach partition s . p concurrently",
	    "DETACH PARTITION CONCURRENTLY" },
	{ "alter table t detach partition p", NULL },
	{ "alter table t detach partition p finalize", NULL },
	{ "alter table t detach partition \"concurrently\"", NULL },
	{ "vacuum", "VACUUM" },
	{ "vacuum (full) t", "VACUUM" },
	{ "select * from vacuum", NULL },
	{ "\"vacuum\"", NULL },
	{ "alter system set a = 1", "ALTER SYSTEM" },
	{ "alter table system add a int", NULL },
	{ "create table system (a int)", NULL },
	{ "create table database (a int)", NULL },
	{ "create database d", "CREATE DATABASE" },
	{ "drop database if exists d", "DROP DATABASE" },
	{ "alter database d set tablespace t",
	    "ALTER DATABASE SET TABLESPACE" },
	{ "alter database d set a = 1", NULL },
	{ "create tablespace t location 'x'", "CREATE TABLESPACE" },
	{ "drop tablespace t", "DROP TABLESPACE" },
	{ "create subscription s connection 'c' publication p",
	    "CREATE SUBSCRIPTION" },
	{ "create subscription s connection 'c' publication p, q "
	  "with (enabled, create_slot = true)",
	    "CREATE SUBSCRIPTION" },
	{ "create subscription s connection 'c' publication p "
	  "with (create_slot = false)",
	    NULL },
	{ "create subscription s connection 'c' publication p "
	  "with (slot_name = none, connect = 'off')",
	    NULL },
	{ "drop subscription s", NULL },
	{ "alter subscription s refresh publication",
	    "ALTER SUBSCRIPTION REFRESH PUBLICATION" },
	{ "alter subscription s set publication p, q",
	    "ALTER SUBSCRIPTION SET PUBLICATION" },
	{ "alter subscription s set publication p with (refresh = false)",
	    NULL },
	{ "alter subscription s add publication p with (copy_data = false)",
	    "ALTER SUBSCRIPTION ADD PUBLICATION" },
	{ "alter subscription s drop publication p",
	    "ALTER SUBSCRIPTION DROP PUBLICATION" },
	{ "alter subscription s drop publication p "
	  "with (copy_data, refresh off)",
	    NULL },
	{ "alter subscription s set (slot_name = none)", NULL },
	{ "alter subscription s disable", NULL },
	{ "alter subscription", NULL },
	{ "cluster", "CLUSTER" },
	{ "cluster verbose", "CLUSTER" },
	{ "cluster (verbose)", "CLUSTER" },
	{ "cluster t", NULL },
	{ "cluster \"t\" using i", NULL },
	{ "cluster verbose t", NULL },
	{ "cluster :t", NULL },
	{ "cluster (verbose $1)", NULL },
	{ "discard all", "DISCARD ALL" },
	{ "discard plans", NULL },
	{ "refresh materialized view concurrently v", NULL },
	{ "alter type t add value 'x'", NULL },
	{ "create function vacuum() returns int as $$ vacuum $$", NULL },
	{ "select 'vacuum'", NULL },
	{ "select 1\\; vacuum", "VACUUM" },
	{ "cluster\\; select t", "CLUSTER" },
};

static void
check_alone(void)
{
	struct lex_item item;
	struct lexer *lx;
	size_t i;

	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		lx = first(alone[i].text, &item);
		if (!CHECK_STR(statement_not_in_transaction(&item),
			alone[i].name))
			printf("\tof %s\n", alone[i].text);
		lex_free(lx);
	}
}

static const struct {
	bool keeps;
	const char *text;
} sessions[] = {
	{ true, "create table t (a int default f(), check (g(a)))" },
	{ true,
	    "create table if not exists s.t (a int) partition by list (a)" },
	{ true,
	    "create unlogged table t (a int generated always as (1) stored)" },
	{ false, "create temp table t (a int)" },
	{ false, "create temporary table t (a int)" },
	{ false, "create global temporary table t (a int)" },
	{ false, "create table pg_temp.t (a int)" },
	{ false, "create table \"pg_temp\".t (a int)" },
	{ false, "create table t as select 1" },
	{ false, "create table t (a, b) with (fillfactor = 1) as select 1" },
	{ false,
	    "create table t (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11,"
	    "a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24,"
	    "a25, a26, a27, a28, a29, a30, a31, a32, a33) as select 1" },
	{ false,
	    "create table t with a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 "
	    "a14 a15 a16 a17 a18 a19 a20 a21 a22 a23 a24 a25 a26 a27 a28 a29 "
	    "as select 1" },
	{ false, "create table t partition of u for values in (f())" },
	{ true, "create index i on t (a)" },
	{ true, "create unique index concurrently i on t (a)" },
	{ true, "create or replace view v as select 1" },
	{ false, "create temp view v as select 1" },
	{ false, "create or replace temp view v as select 1" },
	{ false, "create materialized view v as select 1" },
	{ true, "create function f() returns int as $$ select 1 $$" },
	{ true, "create or replace procedure p() as $$ select 1 $$" },
	{ false, "create function pg_temp.f() returns int as $$ select 1 $$" },
	{ true, "create type t as enum ('a')" },
	{ false, "create domain d as int check (f(value))" },
	{ true, "create schema s" },
	{ true, "create schema if not exists s authorization r" },
	{ true, "create schema authorization r" },
	{ false, "create schema s create table t (a int)" },
	{ true, "create sequence s" },
	{ false, "create temp sequence s" },
	{ true, "create trigger t after insert on t execute function f()" },
	{ true, "create operator === (leftarg = int)" },
	{ false, "create extension pgcrypto" },
	{ true, "alter table t rename to u" },
	{ true, "alter table t owner to r" },
	{ true, "alter table only t add column a text" },
	{ true,
	    "alter table t add a numeric(10,2) not null default 0, "
	    "add column if not exists b varchar(3)[] default 'x'" },
	{ true, "alter table t add a timestamp with time zone default now()" },
	{ false, "alter table t add a text default f()" },
	{ false,
	    "alter table t add a text default 'x', add b int default f()" },
	{ false, "alter table t add a domain_of_mine" },
	{ false, "alter table t add a text default 'a\\b'" },
	{ false, "alter table t add a text default E'x'" },
	{ false, "alter table t add constraint c check (f(a))" },
	{ false, "alter table t alter a type int using f(a)" },
	{ false, "alter table t validate constraint c" },
	{ false, "alter table t attach partition p for values in (f())" },
	{ false, "alter table t rename a to b, add c int default f()" },
	{ true, "alter table t drop column if exists a cascade, drop b" },
	{ false, "alter table t drop column a, alter b type int using f(b)" },
	{ true, "alter table t alter column a set not null" },
	{ true, "alter table t alter a drop default, alter b drop not null" },
	{ false, "alter table t alter a set default f()" },
	{ true, "alter type t add value 'x'" },
	{ false, "alter extension e update" },
	{ false, "create table" },
	{ false, "create schema if not exists s authorization r grant" },
	{ false, "alter table" },
	{ false, "alter table t" },
	{ false, "alter table t add" },
	{ false, "alter table t add a int, " },
	{ false, "alter table t drop" },
	{ false, "alter table t alter" },
	{ false, "alter table t alter a" },
	{ false, "alter table t alter a drop identity" },
	{ false, "alter table t alter a drop not null x" },
	{ true, "alter table t set schema s" },
	{ true, "create constraint trigger t after insert on t" },
	{ true, "drop table if exists t cascade" },
	{ false, "drop extension e" },
	{ true, "comment on table t is 'x'" },
	{ true, "grant select on t to r" },
	{ true, "revoke all on t from r" },
	{ true, "lock table t" },
	{ true, "analyze t" },
	{ false, "truncate t" },
	{ false, "insert into t values (1)" },
	{ false, "update t set a = 1" },
	{ false, "delete from t" },
	{ false, "select 1" },
	{ false, "with a as (select 1) select 1" },
	{ false, "do $$ $$" },
	{ false, "call p()" },
	{ false, "set a = 1" },
	{ false, "reset all" },
	{ false, "declare c cursor for select 1" },
	{ false, "prepare p as select 1" },
	{ false, "listen c" },
	{ false, "load 'x'" },
	{ false, "explain analyze select f()" },
	{ false, "refresh materialized view v" },
	{ false, "create table t (a int)\\; select f()" },
	{ false, "create table :t (a int)" },
	{ false, "create table ${t} (a int)" },
	{ true, "create table :\"t\" (a int)" },
	{ true, "comment on table t is :'text'" },
};

static void
check_sessions(void)
{
	struct lex_item item;
	struct lexer *lx;
	size_t i;

	for (i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		lx = first(sessions[i].text, &item);
		if (!CHECK(statement_keeps_session(&item) == sessions[i].keeps))
			printf("\tof %s\n", sessions[i].text);
		lex_free(lx);
	}
}

static const struct {
	bool plain;
	const char *text;
} plains[] = {
	{ true, "create table t (a int)" },
	{ true, "insert into t values (f())" },
	{ true, "update t set a = f()" },
	{ true, "delete from t" },
	{ true, "truncate t" },
	{ true, "copy t from '/f'" },
	{ true, "refresh materialized view v" },
	{ true, "alter table t add a text default f()" },
	{ true, "create table t as select f()" },
	{ false, "select f()" },
	{ false, "with a as (select f()) insert into t select * from a" },
	{ false, "call p()" },
	{ false, "do $$ $$" },
	{ false, "set a = 1" },
	{ false, "reset all" },
	{ false, "deallocate all" },
	{ false, "discard all" },
	{ false, "prepare p as select 1" },
	{ false, "execute p" },
	{ false, "create temp table t (a int)" },
	{ false, "insert into t values (1)\\; deallocate all" },
	{ false, "insert into t values (:a)" },
};

static void
check_plains(void)
{
	struct lex_item item;
	struct lexer *lx;
	size_t i;

	for (i = 0; i < sizeof(plains) / sizeof(plains[0]); i++) {
		lx = first(plains[i].text, &item);
		if (!CHECK(statement_is_plain(&item) == plains[i].plain))
			printf("\tof %s\n", plains[i].text);
		lex_free(lx);
	}
}

static const struct {
	enum statement_session leaves;
	const char *text;
} remains[] = {
	{ STATEMENT_LEAVES_SETTING, "set a = 1" },
	{ STATEMENT_LEAVES_SETTING, "set session a to 1" },
	{ STATEMENT_LEAVES_SETTING, "reset a" },
	{ STATEMENT_LEAVES_SETTING, "discard plans" },
	{ STATEMENT_LEAVES_SETTING, "load 'age'" },
	{ STATEMENT_LEAVES_SETTING,
	    "select pg_catalog.set_config('a', 'b', false)" },
	{ STATEMENT_LEAVES_OBJECT, "select set_config('a', f(), false)" },
	{ STATEMENT_LEAVES_OBJECT,
	    "with a as (select set_config('a', 'b', false)) select 1" },
	{ STATEMENT_LEAVES_NOTHING, "set local a = 1" },
	{ STATEMENT_LEAVES_NOTHING, "set transaction read only" },
	{ STATEMENT_LEAVES_NOTHING, "set constraints all deferred" },
	{ STATEMENT_LEAVES_OBJECT, "create temp table t (a int)" },
	{ STATEMENT_LEAVES_OBJECT, "create local temporary table t (a int)" },
	{ STATEMENT_LEAVES_OBJECT, "create global temp sequence s" },
	{ STATEMENT_LEAVES_OBJECT,
	    "create or replace local temp view v as select 1" },
	{ STATEMENT_LEAVES_OBJECT,
	    "create or replace temp view v as select 1" },
	{ STATEMENT_LEAVES_OBJECT,
	    "create or replace temporary view v as select 1" },
	{ STATEMENT_LEAVES_OBJECT, "create table pg_temp.t (a int)" },
	{ STATEMENT_LEAVES_NOTHING, "drop table pg_temp.t" },
	{ STATEMENT_LEAVES_OBJECT, "select 1 into temp t" },
	{ STATEMENT_LEAVES_OBJECT, "select 1 into local temporary t" },
	{ STATEMENT_LEAVES_OBJECT, "select 1 into global temp t" },
	{ STATEMENT_LEAVES_NOTHING, "select 1 into t" },
	{ STATEMENT_LEAVES_OBJECT, "declare c cursor with hold for select 1" },
	{ STATEMENT_LEAVES_OBJECT, "listen c" },
	{ STATEMENT_LEAVES_OBJECT, "prepare p as select 1" },
	{ STATEMENT_LEAVES_NOTHING, "create table t (a int)" },
	{ STATEMENT_LEAVES_NOTHING, "create or replace view v as select 1" },
	{ STATEMENT_LEAVES_NOTHING, "insert into t values (1)" },
	{ STATEMENT_LEAVES_NOTHING, "'a'" },
	{ STATEMENT_LEAVES_OBJECT, "select 1\\; select 2" },
};

static void
check_remains(void)
{
	struct lex_item item;
	struct lexer *lx;
	size_t i;

	for (i = 0; i < sizeof(remains) / sizeof(remains[0]); i++) {
		lx = first(remains[i].text, &item);
		if (!CHECK_INT(statement_session(&item), remains[i].leaves))
			printf("\tof %s\n", remains[i].text);
		lex_free(lx);
	}
}

static void
check_first(const char *text, bool sets)
{
	struct lex_item item;
	struct lexer *lx;

	lx = first(text, &item);
	if (!CHECK(statement_sets_transaction(&item) == sets))
		printf("\tof %s\n", text);
	lex_free(lx);
}

static const struct {
	const char *text, *name;
} tables[] = {
	{ "create table t (a int)", "t" },
	{ "create table if not exists s.t (a int)", "s.t" },
	{ "create unlogged table \"S\" . \"t.\"\"u\" (a int)",
	    "\"S\" . \"t.\"\"u\"" },
	{ "create table u&\"t\" (a int)", "u&\"t\"" },
	{ "create table t as select 1", "t" },
	{ "create temp table t (a int)", NULL },
	{ "create local temporary table t (a int)", NULL },
	{ "create table pg_temp.t (a int)", NULL },
	{ "alter table t add a int", "t" },
	{ "alter table if exists only s.t add a int", "s.t" },
	{ "alter table all in tablespace a set tablespace b", NULL },
	{ "insert into s.t (a) select 1", "s.t" },
	{ "insert into /* x */ t -- y\n values (1)", "t" },
	{ "update t set a = 1", "t" },
	{ "update only t set a = 1", "t" },
	{ "update only (t) set a = 1", "t" },
	{ "delete from only t", "t" },
	{ "copy t from 'f'", "t" },
	{ "copy s.t (a, b) from stdin", "s.t" },
	{ "copy binary t from stdin", "t" },
	{ "copy t (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13,"
	  "a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26,"
	  "a27, a28, a29, a30, a31, a32, a33) from stdin",
	    "t" },
	{ "copy t to stdout", NULL },
	{ "copy (select 1 from t) to 'f'", NULL },
	{ "create index on t (a)", "t" },
	{ "create unique index concurrently if not exists i on only s.t (a)",
	    "s.t" },
	{ "create index concurrently on t (a)", "t" },
	{ "create materialized view if not exists v as select 1", "v" },
	{ "create view v as select 1", NULL },
	{ "truncate t, u", "t" },
	{ "truncate table only t", "t" },
	{ "select 1 from t", NULL },
	{ "drop table t", NULL },
	{ "insert into a$b values (1)", "a$b" },
	{ "insert into 1a values (1)", NULL },
	{ "insert into :t values (1)", ":t" },
	{ "insert into :s.:\"t\" values (1)", ":s.:\"t\"" },
	{ "insert into ${s}.t_${n}_x values (1)", "${s}.t_${n}_x" },
	{ "insert into :'t' values (1)", NULL },
	{ "insert into t values (1)\\; select 1", NULL },
	{ "insert into", NULL },
	{ "copy", NULL },
	{ "copy t", NULL },
	{ "copy t (a)", NULL },
	{ "create index", NULL },
	{ "create index i", NULL },
};

static const struct {
	const char *text, *name;
} indexes[] = {
	{ "create index concurrently i on t (a)", "i" },
	{ "create unique index concurrently if not exists \"I x\" on t (a)",
	    "\"I x\"" },
	{ "create index concurrently on t (a)", NULL },
	{ "create index i on t (a)", NULL },
	{ "create index concurrently :i on t (a)", ":i" },
	{ "create table concurrently (a int)", NULL },
	{ "create index concurrently i", NULL },
	{ "create index concurrently i on t (a)\\; select 1", NULL },
};

static void
check_span(const char *text, const char *name,
    bool (*find)(const struct lex_item *, size_t *, size_t *))
{
	struct lex_item item;
	struct lexer *lx;
	size_t off, len;
	char *span = NULL;

	lx = first(text, &item);
	if (find(&item, &off, &len)) {
		CHECK(off <= item.len && len <= item.len - off);
		span = strndup(item.text + off, len);
	}
	if (!CHECK_STR(span, name))
		printf("\tof %s\n", text);
	free(span);
	lex_free(lx);
}

static void
check_extension(const char *text, bool alters)
{
	struct lex_item item;
	struct lexer *lx;

	lx = first(text, &item);
	if (!CHECK(statement_alters_extension(&item) == alters))
		printf("\tof %s\n", text);
	lex_free(lx);
}

static void
check_defaults(const char *text, bool sets)
{
	struct lex_item item;
	struct lexer *lx;

	lx = first(text, &item);
	if (!CHECK(statement_sets_defaults(&item) == sets))
		printf("\tof %s\n", text);
	lex_free(lx);
}

int
main(void)
{
	size_t i;

	check_kinds();
	check_alone();
	check_sessions();
	check_plains();
	check_remains();
	check_first("set transaction isolation level serializable", true);
	check_first("set local transaction_isolation = 'serializable'", true);
	check_first("set session transaction_deferrable = on", true);
	check_first("set transaction snapshot 'a'", true);
	check_first("set transaction read only", false);
	check_first("set a = 1", false);
	check_first("begin isolation level serializable", false);
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		check_span(tables[i].text, tables[i].name, statement_table);
	for (i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++)
		check_span(indexes[i].text, indexes[i].name,
		    statement_builds_index);
	check_extension("create extension if not exists e", true);
	check_extension("alter extension e update", true);
	check_extension("drop extension e", true);
	check_extension("select 1\\; create extension e", true);
	check_extension("comment on extension e is 'x'", false);
	check_extension("create table extension (a int)", false);
	check_defaults("alter database d set search_path to app, public", true);
	check_defaults("alter role r in database d set work_mem = '1MB'", true);
	check_defaults("alter user all reset all", true);
	check_defaults("select 1\\; alter role r set role = x", true);
	check_defaults("alter database d set tablespace t", false);
	check_defaults("alter database d owner to r", false);
	check_defaults("alter role r with login", false);
	check_defaults("alter table d set schema s", false);
	return unit_done("statement");
}
