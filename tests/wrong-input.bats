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

@test "a history of something else is not asked for rights" {
	sql 'CREATE SCHEMA mig; CREATE VIEW mig.format AS SELECT 1 AS x'
	run_pipe 9 'mig-plan <list'
	assert_stderr_has 'MIG_SCHEMA names another'
	refute_stderr_has 'grant USAGE'
}

# The server cuts a longer name, and the history would never be found again.
@test "a MIG_SCHEMA that is too long is refused" {
	local name
	name=$(printf 'x%.0s' {1..64})
	run_pipe 2 "MIG_SCHEMA=$name mig-plan <list"
	assert_stderr_has 'MIG_SCHEMA is longer than 63 bytes'
	run_pipe 2 "MIG_SCHEMA=$name mig-ls -d"
	run_pipe 0 "MIG_SCHEMA=${name#x} mig-ls -d"
}

@test "the hint names the file that its tool reads" {
	mkdir -p d/2020-01-01-000000_x
	echo 'CREATE INDEX CONCURRENTLY i ON a (x);' \
	    >d/2020-01-01-000000_x/up.sql
	echo 'DROP INDEX i;' >d/2020-01-01-000000_x/down.sql
	run_pipe 3 'mig-ls d | mig-plan'
	assert_stderr_has "into d/2020-01-01-000000_x/metadata.toml"
}
