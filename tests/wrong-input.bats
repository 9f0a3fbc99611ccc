# What a person may give by mistake, with a server: each message says what is
# wrong and what to do, with the right exit code, and nothing is lost.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	new_db
	mkdir m
	echo 'CREATE TABLE a (x int);' >m/001_a.sql
	mig-ls m >list
}

@test "what a database has applied is no listing of files" {
	run_pipe 0 'mig-plan <list | mig-apply'
	run_pipe 3 'mig-ls -d | mig-plan'
	assert_stderr_has 'this is what a database has applied'
	assert_eq "$output" ''
}

# The connection would get the number of stdout, and the plan would go there.
@test "a plan that cannot be written is no success" {
	run_pipe 3 'mig-plan <list >&-'
	assert_stderr_has 'cannot write the output'
	run_pipe 3 'mig-plan --status <list >&-'
	run_pipe 3 'mig-ls -d >&-'
}

@test "a report that cannot be written: why, and nothing is done" {
	run_pipe 0 'mig-plan <list >plan'
	run_pipe 3 'mig-apply <plan >/dev/full'
	assert_stderr_has 'the report cannot be written: nothing was done'
	assert_stderr_has 'cannot write the output: No space left on device'
	run_pipe 3 'mig-apply <plan >&-'
	assert_stderr_has 'cannot write the output: Bad file descriptor'
	run_pipe 3 'mig-ls -d --verify >/dev/full'
	assert_stderr_has 'cannot write the output: No space left on device'
	assert_eq "$(sql "SELECT to_regclass('a') IS NULL
	    AND to_regnamespace('mig') IS NULL")" t
}

# As if nobody had written it: the digest is made anew.
@test "a plan that is not sound is told with its line" {
	run_pipe 0 'mig-plan <list >plan'
	sed -e '$d' -e 's/\ttx\t/\tfoo\t/' plan >bad
	printf '#end\t2\tsha256:%s\n' "$(sha256sum <bad | cut -c 1-64)" >>bad
	run_pipe 3 'mig-apply <bad'
	assert_stderr_has 'mig-apply: stdin:5: no mode "foo"'
}

@test "a history of something else is not asked for rights" {
	sql 'CREATE SCHEMA mig; CREATE VIEW mig.format AS SELECT 1 AS x'
	run_pipe 9 'mig-plan <list'
	assert_stderr_has 'MIG_SCHEMA names another'
	refute_stderr_has 'grant USAGE'
}

# The server cuts a longer name, and the history would never be found again.
@test "a history that takes too long to read is not taken for another" {
	run_pipe 0 'mig-plan <list | mig-apply'
	sql "SET client_min_messages = error;
	    CREATE OR REPLACE VIEW mig.format AS
		SELECT 1 AS format FROM pg_sleep(1)"
	PGOPTIONS='-c statement_timeout=100ms' run_pipe 9 'mig-plan <list'
	assert_stderr_has 'history: ERROR 57014: '
	refute grep 'MIG_SCHEMA' err
}

@test "a MIG_SCHEMA that is too long is refused" {
	local name
	name=$(printf 'x%.0s' {1..64})
	run_pipe 2 "MIG_SCHEMA=$name mig-plan <list"
	assert_stderr_has 'MIG_SCHEMA is longer than 63 bytes'
	run_pipe 2 "MIG_SCHEMA=$name mig-ls -d"
	run_pipe 0 "MIG_SCHEMA=${name#x} mig-ls -d"
}

# A plan for it could only fail.
@test "a MIG_SCHEMA that only the server may make is refused" {
	run_pipe 2 'MIG_SCHEMA=pg_mig mig-plan <list'
	assert_stderr_has "MIG_SCHEMA is pg_mig: names in pg_ are the server's own"
	run_pipe 2 'MIG_SCHEMA=pg_mig mig-ls -d'
}

# It would end a quote of ours.
@test "a MIG_SCHEMA that holds what looks like a dollar quote is refused" {
	local name
	for name in schema log progress hash fence function ''; do
		export MIG_SCHEMA="x\$$name\$y"
		run_pipe 2 'mig-plan <list'
		assert_stderr_has "MIG_SCHEMA is $MIG_SCHEMA: more than one $"
		run_mig 2 mig-ls -d
		assert_stderr_has "MIG_SCHEMA is $MIG_SCHEMA: more than one $"
	done
	# which one alone does not look like
	MIG_SCHEMA="x\$function" run_pipe 0 'mig-plan <list | mig-apply'
}

@test "the hint names the file that its tool reads" {
	mkdir -p d/2020-01-01-000000_x
	echo 'CREATE INDEX CONCURRENTLY i ON a (x);' \
	    >d/2020-01-01-000000_x/up.sql
	echo 'DROP INDEX i;' >d/2020-01-01-000000_x/down.sql
	run_pipe 3 'mig-ls d | mig-plan'
	assert_stderr_has "into d/2020-01-01-000000_x/metadata.toml"
}

@test "a log that is somebody else's is no history" {
	sql 'CREATE SCHEMA mig; CREATE TABLE mig.log (line text)'
	run_pipe 9 'mig-plan <list'
	assert_stderr_has 'schema mig has a table "log", but it is no history'
	assert_stderr_has 'hint: MIG_SCHEMA names another schema'
	run_mig 9 mig-ls -d
	assert_eq "$output" ''
	run_mig 0 env MIG_SCHEMA=other mig-ls -d
}

@test "a MIG_SCHEMA that is no text is refused" {
	run_pipe 2 "MIG_SCHEMA=\$'a\\xff' mig-plan <list"
	assert_stderr_has 'MIG_SCHEMA is no name of a schema'
	run_pipe 2 "MIG_SCHEMA=\$'a\\xff' mig-ls -d"
}

# A newer mig-tools might write what this one does not know.
@test "a row of the history that is not understood is no verdict" {
	run_pipe 0 'mig-plan <list | mig-apply'
	sql "ALTER TABLE mig.log DISABLE TRIGGER ALL;
	    UPDATE mig.log SET convention = 'tomorrow'"
	run_mig 9 mig-ls -d
	assert_stderr_has 'no convention "tomorrow"'
	run_pipe 9 'mig-plan <list'
}

# by_tcp STATUS [VARIABLE=VALUE...] CMD...: where the server asks for a password,
# with nothing but POSTGRES_ variables.
by_tcp() {
	local expected=$1
	shift
	run_mig "$expected" env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
	    -u PGPASSWORD -u PGCONNECT_TIMEOUT PGPASSFILE=/dev/null \
	    POSTGRES_HOST=127.0.0.1 POSTGRES_PORT="$(sql 'SHOW port')" \
	    POSTGRES_DB="$PGDATABASE" "$@"
}

@test "POSTGRES_PASSWORD of any characters; without it a hint" {
	new_role p "LOGIN PASSWORD 'it''s a \\ = \"one\"'"
	by_tcp 0 POSTGRES_USER="$ROLE" \
	    POSTGRES_PASSWORD="it's a \\ = \"one\"" mig-ls -d
	by_tcp 4 POSTGRES_USER="$ROLE" \
	    POSTGRES_PASSWORD="it's a \\\\ = \"one\"" mig-ls -d
	assert_stderr_has 'password authentication failed'
	by_tcp 4 POSTGRES_USER="$ROLE" mig-ls -d
	assert_stderr_has 'hint: put the password into ~/.pgpass or PGPASSWORD'
}

# In milliseconds it is more than poll(2) takes.
@test "a PGCONNECT_TIMEOUT of many years" {
	[[ $MIG_BIN != */valgrind ]] || skip 'what strace sees is valgrind'
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 PGCONNECT_TIMEOUT=4294970 \
	    run_mig 0 strace -o trace -e trace=poll mig-ls -d
	grep -q 'events=POLLIN}\], 1, 2147483647)' trace
}
