# mig-apply: waiting for locks without an outage, and for whom.

# shellcheck disable=SC2016,SC2119,SC2120
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
	new_db
	sql 'CREATE TABLE t (id int)'
}

# hold SQL...: a session of the application `holder` that does that in a
# transaction and stays idle in it until let_go.
hold() {
	local sql
	rm -f hold.in
	mkfifo hold.in
	PGAPPNAME=holder background psql -XAtq -v ON_ERROR_STOP=1 -f hold.in
	exec 7>hold.in
	echo 'BEGIN;' >&7
	for sql; do
		echo "$sql;" >&7
	done
	echo "SET application_name = 'holds';" >&7
	wait_for "SELECT state FROM pg_stat_activity
	    WHERE application_name = 'holds'" 'idle in transaction'
}

let_go() {
	exec 7>&-
	wait "$PID"
}

@test "the directives say for one migration how long" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_a.sql <<-'SQL'
		-- mig: lock-timeout 20ms
		-- mig: retry 0
		ALTER TABLE t ADD a int;
	SQL
	apply 6 --lock-timeout 1h --retry 1h
	refute_output_has $'\nretry\t'
	migration 1_a.sql <<-'SQL'
		-- mig: retry 300ms
		ALTER TABLE t ADD a int;
	SQL
	apply 6 --lock-timeout 20 --retry 0
	assert_output_has $'\nretry\t'
	# of several in one transaction the longest counts
	migration 2_b.sql <<<'CREATE TABLE b (id int);'
	sed -i 's/300ms/0/' m/1_a.sql
	apply 6 -1 --lock-timeout 20 --retry 300ms
	assert_output_has $'\nretry\t'
	let_go
}

@test "a statement timeout, of the option or the directive" {
	local option
	migration 1_a.sql <<-'SQL'
		-- mig: statement-timeout 50ms
		SELECT pg_sleep(60);
	SQL
	apply 5 --statement-timeout 1h
	assert_stderr_has 'm/1_a.sql:2:1: ERROR 57014'
	migration 1_a.sql <<<'SELECT pg_sleep(60);'
	apply 5 --statement-timeout 50
	sed -i '1i -- mig: no-transaction' m/1_a.sql
	apply 5 --statement-timeout 50ms
	# that of the role is lifted by 0
	migration 1_a.sql <<-'SQL'
		-- mig: statement-timeout 0
		CREATE TABLE a AS SELECT current_setting('statement_timeout');
	SQL
	migration 2_b.sql <<<"CREATE TABLE b AS
	    SELECT current_setting('statement_timeout');"
	for option in -q -1; do
		PGOPTIONS='-c statement_timeout=7s' apply 0 $option
		assert_eq "$(sql 'TABLE a; TABLE b')" $'0\n7s'
		sql 'DROP TABLE a, b; DROP SCHEMA mig CASCADE' 2>/dev/null
	done
	PGOPTIONS='-c statement_timeout=7s' apply 0 --statement-timeout 1h
	assert_eq "$(sql 'TABLE a; TABLE b')" $'0\n1h'
}
