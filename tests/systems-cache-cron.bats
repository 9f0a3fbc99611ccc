#!/usr/bin/env bats
# rounds: 17x 17n
# migrations/cache in the database that pg_cron works in.  TimescaleDB's community
# edition has jobs of its own, and pg_cron is left alone there.

load helpers

# there is nobody to ask
export SKIP_CONFIRMATION=1

CACHE=$BATS_TEST_DIRNAME/../migrations/cache

# A search that was cached two hours ago for KEY, and lives for LIFE from then on.
search() {
	sql "INSERT INTO app_cache.search_results (query_hash, location, intent,
	    results_json, created_at, expires_at)
	    SELECT '$1', 'Bogotá', 'eat', '{}', at, at + interval '$2'
	    FROM (SELECT now() - interval '2 hours') AS t (at)"
}

@test "cache: pg_cron calls the maintenance in its database" {
	local own=$MIG_TEST_SERVER-cache
	MIG_LAB_OPTIONS='-c cron.database_name=cache' lab start "$own" 3>&-
	eval "$(lab env "$own")"
	export PGDATABASE=cache
	sql 'CREATE DATABASE cache' -d postgres
	run_mig 0 "$CACHE"/deploy
	refute_stderr_has 'nothing on this server calls'
	assert_eq "$(sql 'SET ROLE app_readonly; SELECT scheduler, proc_name, schedule,
	    last_run_status, total_runs, total_failures
	    FROM app_monitoring.timescaledb_jobs')" \
	    'pg_cron|maintain|0 * * * *||0|0'
	search gone '1 hour'
	search live '1 day'
	sql "SELECT cron.alter_job(jobid, schedule => '1 second') FROM cron.job"
	psql -Xq1 -v ON_ERROR_STOP=1 -f "$CACHE"/003_cache_hypertables.sql
	assert_eq "$(sql 'SELECT schedule FROM cron.job')" '1 second'
	wait_for 'SELECT count(*) FROM app_cache.search_results' 1 60
	wait_for 'SELECT last_run_status, total_runs > 0, total_failures,
	    last_successful_finish >= last_run_started_at
	    FROM app_monitoring.timescaledb_jobs' 'Success|t|0|t' 60
	assert_eq "$(sql 'SELECT query_hash FROM app_cache.search_results')" live
	# a run that fails is seen
	sql 'ALTER TABLE app_monitoring.maintenance_runs RENAME TO away'
	wait_for 'SELECT last_run_status, total_failures > 0
	    FROM app_monitoring.timescaledb_jobs' 'Failed|t' 60
	sql "SELECT cron.unschedule(jobid) FROM cron.job"
}
