#!/usr/bin/env bats
# rounds: 17x 17n tsl
# migrations/rollup with both of its databases and pg_cron's jobs, on servers of
# its own: a job would run on in the one that other tests use.

load helpers

# there is nobody to ask
export SKIP_CONFIRMATION=1
load systems-rollup

setup() {
	OWN=17x-rollup
	[ "$MIG_TEST_SERVER" != 17n ] || OWN=17n-rollup
}

teardown() {
	clean_up
	lab stop "$OWN"
}

# start [OPTIONS]: the server, with an empty time-series database
start() {
	unset DATABASE_URL
	MIG_LAB_OPTIONS=${1-} lab start "$OWN" 3>&- >"$BATS_TEST_TMPDIR/url"
	eval "$(lab env "$OWN")"
	export PGDATABASE=series
	sql 'CREATE DATABASE series' -d postgres
}

@test "rollup: deploy brings both databases, and jobs that run" {
	start
	run_mig 2 "$ROLLUP/deploy"
	assert_stderr_has app_password
	export app_password=secret
	run_mig 0 "$ROLLUP/deploy"
	refute_output_has secret
	run_mig 2 env DATABASE_URL=postgresql:///x "$ROLLUP/deploy"
	assert_stderr_has 'unset DATABASE_URL'
	assert_eq "$(mig-ls -d postgres -o series | uniq -c | tr -s ' ')" ' 4 cron'
	assert_eq "$(mig-ls -d series -o series | uniq -c | tr -s ' ')" ' 10 main
 2 payload'
	assert_eq "$(sql 'SELECT jobname, database, command, active FROM cron.job
	    ORDER BY jobname' -d postgres)" \
	    "cron-history|postgres|DELETE FROM cron.job_run_details \
WHERE end_time < now() - interval '7 days'|t
timeseries-maintenance|series|CALL silver.maintain_timeseries_tables()|t
timeseries-retries|series|CALL silver.handle_rollup_retries()|t
timeseries-rollups|series|CALL silver.perform_rollups()|t
timeseries-vacuum|series|VACUUM (ANALYZE) silver.rollup_changes, silver.rollup_config|t"
	sql 'SELECT jobid, jobname, schedule, command FROM cron.job ORDER BY 1' \
	    -d postgres >"$BATS_TEST_TMPDIR/jobs"

	# the second time there is nothing to do
	run_mig 0 "$ROLLUP/deploy"
	assert_output_has 'nothing to do'
	for file in "$ROLLUP"/postgres/V*; do
		sed "s/[\$]{timeseries_database}/series/" "$file" |
		    psql -Xq1 -v ON_ERROR_STOP=1 -d postgres
	done
	sql 'SELECT jobid, jobname, schedule, command FROM cron.job ORDER BY 1' \
	    -d postgres | diff "$BATS_TEST_TMPDIR/jobs" -

	# each of them, every second, does what it is for
	BASE=$(sql "SELECT date_trunc('day', now()) - interval '10 days'")
	fill 0 9
	sql "INSERT INTO $RAW VALUES (now() - interval '95 days', 1, 's');
	    INSERT INTO silver.rollup_changes SELECT 0, now()
	    FROM generate_series(1, 1000);
	    DELETE FROM silver.rollup_changes WHERE rollup_id = 0"
	# a minute may have begun before the second database was there
	sql 'DELETE FROM cron.job_run_details' -d postgres
	sql "INSERT INTO cron.job_run_details (jobid, runid, end_time)
	    VALUES (0, 0, now() - interval '8 days')" -d postgres
	sql "SELECT cron.alter_job(jobid, '1 seconds') FROM cron.job" \
	    -d postgres >"$BATS_TEST_TMPDIR/null"
	wait_for "SELECT count(DISTINCT jobid) FROM cron.job_run_details
	    WHERE status = 'succeeded'" 5 60 -d postgres
	wait_for "SELECT count(*) > 100 FROM $HOUR" t 60
	wait_for "SELECT count(*) = 10 FROM $DAY" t 60
	wait_for "SELECT count(*) FROM $RAW
	    WHERE recorded_at < now() - interval '90 days'" 0 60
	wait_for "SELECT count(*) FROM cron.job_run_details
	    WHERE end_time < now() - interval '7 days'" 0 60 -d postgres
	# a failure is mended by the job that looks for retries
	sql "UPDATE silver.rollup_config SET retry_delay = '0', max_attempts = 1000;
	    ALTER TABLE $HOUR ADD CONSTRAINT broken CHECK (temperature_max < 90);
	    INSERT INTO $RAW VALUES ($(at '2 days'), 1, 's', NULL, 95, 1)"
	wait_for "SELECT attempts > 1 FROM silver.rollup_config
	    WHERE target_table = '$HOUR'::regclass" t 60
	sql "ALTER TABLE $HOUR DROP CONSTRAINT broken"
	wait_for "SELECT max(temperature_max) FROM $DAY" 95.00 60
	sql "SELECT cron.unschedule(jobid) FROM cron.job" \
	    -d postgres >"$BATS_TEST_TMPDIR/null"
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND classid = 'silver.rollup_config'::regclass" 0
	sql 'CALL silver.perform_rollups()'
	# the day that retention has dropped is the one that the raw rows lack
	assert_eq "$(day_differences)" 1
	assert_eq "$(monitor 'status, unresolved_errors')" 'current|0'
	assert_eq "$(sql "SELECT DISTINCT command, return_message
	    FROM cron.job_run_details WHERE status = 'failed'
	    AND return_message <> 'job canceled'" -d postgres)" ''
}

@test "rollup: one database for all" {
	start '-c cron.database_name=series'
	run_pipe 0 "mig-ls cron='$ROLLUP/postgres' main='$MAIN' payload='$PAYLOAD' |
	    mig-plan | mig-apply -v app_password=x -v timeseries_database=series"
	refute_stderr_has 'pg_cron is not set up here'
	assert_eq "$(sql "SELECT count(*) FROM cron.job WHERE database = 'series'")" 5
	# main alone sets pg_cron up as well
	sql 'DROP EXTENSION pg_cron'
	psql -Xq1 -v ON_ERROR_STOP=1 \
	    -f "$ROLLUP/foundational/initial-setup/V2__setup_extensions.sql"
	assert_eq "$(sql "SELECT count(*) FROM pg_extension
	    WHERE extname = 'pg_cron'")" 1
}

@test "rollup: a server that has not loaded pg_cron" {
	start '-c shared_preload_libraries='
	run_pipe 5 "mig-ls cron='$ROLLUP/postgres' | mig-plan |
	    mig-apply -v timeseries_database=series"
	assert_stderr_has 'this server has not loaded pg_cron'
	run_pipe 0 "mig-ls main='$MAIN' payload='$PAYLOAD' | mig-plan |
	    mig-apply -v app_password=x"
	assert_stderr_has 'NOTICE: pg_cron is not loaded by this server: call'
	assert_eq "$(sql 'SELECT count(*) FROM silver.rollup_config')" 2
}
