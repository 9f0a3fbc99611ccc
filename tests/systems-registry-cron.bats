#!/usr/bin/env bats
# rounds: 17x 17n
# migrations/registry with pg_cron, which works in one database of a server: so
# on servers of its own, whose pg_cron works in database reg.

load helpers

REGISTRY=$BATS_TEST_DIRNAME/../migrations/registry

setup_file() {
	MIG_LAB_OPTIONS='-c cron.database_name=reg' \
	    lab start "$MIG_TEST_SERVER-cron" 3>&-
}

teardown_file() {
	lab stop "$MIG_TEST_SERVER-cron"
}

setup() {
	eval "$(lab env "$MIG_TEST_SERVER-cron")"
	psql -Xq -d postgres -c 'CREATE DATABASE reg'
	export PGDATABASE=reg
}

teardown() {
	psql -Xq -d postgres -c 'DROP DATABASE IF EXISTS other WITH (FORCE)' \
	    -c 'DROP DATABASE reg WITH (FORCE)'
	clean_up
}

apply_registry() {
	run_pipe 0 "mig-ls '$REGISTRY' | mig-plan | mig-apply"
}

add_schema() {
	sql "INSERT INTO schemas (subject, version, content)
	    VALUES ('orders', '1.0', '{}')"
}

LATEST='SELECT string_agg(subject, $$ $$) FROM latest_schemas'

@test "registry: pg_cron refreshes the views" {
	apply_registry
	refute_stderr_has 'without pg_cron'
	jobs='SELECT jobname, schedule, command, database, active FROM cron.job'
	job='registry-refresh-views|*/15 * * * *|SELECT public.refresh_schema_views()|reg|t'
	assert_eq "$(sql "$jobs")" "$job"
	psql -Xq -f "$REGISTRY/20240101000001_initial_schema.up.sql"
	assert_eq "$(sql "$jobs")" "$job"
	# it does run: every second instead of every quarter of an hour
	add_schema
	sql "SELECT cron.alter_job(jobid, '1 second') FROM cron.job"
	wait_for "$LATEST" orders 30
}

@test "registry: down takes its own job away, and no other" {
	apply_registry
	sql "SELECT cron.schedule('another', '0 3 * * *', 'VACUUM')"
	run_pipe 0 "mig-ls '$REGISTRY' | mig-plan --revert 2 | mig-apply"
	assert_eq "$(sql 'SELECT jobname FROM cron.job')" another
	apply_registry
	assert_eq "$(sql 'SELECT count(*) FROM cron.job')" 2
}

@test "registry: the hint schedules it from pg_cron's own database" {
	psql -Xq -d postgres -c 'CREATE DATABASE other'
	sql 'CREATE EXTENSION pg_cron'
	export PGDATABASE=other
	apply_registry
	assert_stderr_has 'going on without pg_cron: it works in another database'
	hint=$(sed -n 's/^HINT: in database reg: //p' <<<"$stderr")
	sql "$hint" -d reg
	assert_eq "$(sql 'SELECT jobname, database FROM cron.job' -d reg)" \
	    'registry-refresh-views|other'
	add_schema
	sql "SELECT cron.alter_job(jobid, '1 second') FROM cron.job" -d reg
	wait_for "$LATEST" orders 30
}
