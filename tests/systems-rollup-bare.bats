#!/usr/bin/env bats
# migrations/rollup where its extensions are not: one clear error, and nothing
# done.  On the servers without pg_partman.

load helpers
load systems-rollup

setup() {
	new_db
}

@test "rollup: without its extensions one clear error, and nothing done" {
	run_pipe 5 "mig-ls main='$MAIN' payload='$PAYLOAD' | mig-plan |
	    mig-apply -v app_password=x"
	assert_stderr_has 'needs extensions that this server does not have: '
	assert_stderr_has pg_partman
	assert_stderr_has "postgresql-$MIG_SERVER_MAJOR-partman"
	refute_stderr_has ltree
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname IN ('raw', 'silver', 'gold', 'partman')")" 0
	assert_eq "$(sql "SELECT count(*) FROM pg_roles
	    WHERE rolname ~ '^timeseries'")" 0
	run_pipe 5 "mig-ls cron='$ROLLUP/postgres' | mig-plan |
	    mig-apply -v timeseries_database=x"
	assert_stderr_has 'this server has not loaded pg_cron'
}
