# shellcheck shell=bash
# What the files mig-resume*.bats share: `load mig-resume`, behind helpers.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

# plan STATUS [OPTION...]: into the file plan.
plan() {
	local expected=$1
	shift
	mig-ls m >listing
	run_mig "$expected" bash -c 'mig-plan "$@" <listing >plan' - "$@"
}

# The record that says from where, and what is first.
resume_of_plan() {
	sed -n 's/^resume	[0-9]*	//p' plan
}

progress() {
	sql "SELECT string_agg(statement || ' ' || state, ', '
	    ORDER BY statement) FROM mig.progress"
}

valid() {
	sql "SELECT indisvalid FROM pg_index WHERE indexrelid = '$1'::regclass"
}

# A table with a value twice, and a migration that stops at its third
# statement, the unique index.
stopped_at_index() {
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		SET search_path = public;
		CREATE TABLE before (id int);
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE behind (id int);
	SQL
	apply 7
	assert_stderr_has 'hint: plan again'
	assert_eq "$(progress)" '1 done, 2 done, 3 intent'
	assert_eq "$(valid t_id)" f
}

mend() {
	sql 'DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)'
}
