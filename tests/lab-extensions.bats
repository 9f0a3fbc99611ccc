#!/usr/bin/env bats
# rounds: 17x 17n tsl
# The servers with extensions: what each tier has, and how it comes and goes.
load helpers

teardown() {
	clean_up
	lab stop 17x-own
	lab stop 17n-own
}

@test "the extensions of the five systems can be created" {
	local name
	new_db
	for name in btree_gin hypopg ltree pg_partman pg_stat_statements \
	    pg_trgm pgcrypto uuid-ossp vector; do
		sql "CREATE EXTENSION \"$name\""
	done
	assert_eq "$(sql "SELECT '[1,2]'::vector <-> '[4,6]'")" 5
}

@test "the tier is what the server has" {
	local expected
	case $MIG_TEST_SERVER in
	17x*) expected=apache ;;
	17n*) expected=none ;;
	tsl) expected=community ;;
	esac
	assert_eq "$(tier)" "$expected"
	new_db
	[ "$expected" != none ] || {
		refute sql 'CREATE EXTENSION timescaledb'
		return 0
	}
	sql 'CREATE EXTENSION timescaledb' 2>"$BATS_TEST_TMPDIR/notices"
	sql "CREATE TABLE h (t timestamptz NOT NULL);
	    SELECT create_hypertable('h', 't')"
	case $expected in
	community) sql "SELECT add_retention_policy('h', interval '1 day')" ;;
	*) refute sql "SELECT add_retention_policy('h', interval '1 day')" ;;
	esac
}

@test "schema_of asks the pg_dump of this server's version" {
	new_db
	sql 'CREATE TABLE t (a int)'
	[ "$(pg_dump --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge \
	    "$MIG_SERVER_MAJOR" ]
	assert_match "$(schema_of)" 'CREATE TABLE public.t'
}

# The background workers of TimescaleDB sit in each database that has it.
@test "a database with extensions can be dropped at once" {
	local i extension=timescaledb
	[ "$(tier)" != none ] || extension=vector
	for i in 1 2 3 4 5; do
		new_db "$i"
		sql "CREATE EXTENSION $extension" 2>"$BATS_TEST_TMPDIR/notices"
		clean_up
	done
}

@test "pg_cron runs the jobs of the database that the options name" {
	local own=17x-own
	case $MIG_TEST_SERVER in
	17n*) own=17n-own ;;
	esac
	MIG_LAB_OPTIONS='-c cron.database_name=jobs' lab start $own 3>&-
	eval "$(lab env $own)"
	sql 'CREATE DATABASE jobs'
	export PGDATABASE=jobs
	# The launcher tries again until the database is there.
	sql 'CREATE EXTENSION pg_cron; CREATE TABLE ran ()'
	sql "SELECT cron.schedule('often', '1 second', 'INSERT INTO ran DEFAULT VALUES')"
	wait_for 'SELECT count(*) > 0 FROM ran' t 60
}
