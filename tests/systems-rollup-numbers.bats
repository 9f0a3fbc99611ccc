#!/usr/bin/env bats
# rounds: 17x 17n tsl
# migrations/rollup: a rollup equals the GROUP BY over its rows, whatever happens.

load helpers
load systems-rollup

# All that there is, in hours and days, is right.
assert_right() {
	assert_eq "$(hour_differences)" 0 'hours'
	assert_eq "$(day_differences)" 0 'days'
}

run_both() {
	sql 'CALL silver.perform_rollups()'
}

@test "rollup: the first run is the GROUP BY, of buckets that are over" {
	fill 0 11
	run_both
	assert_right
	assert_eq "$(sql "SELECT count(*) > 300,
	    max(bucket) < date_trunc('hour', now()) FROM $HOUR")" 't|t'
	assert_eq "$(sql "SELECT count(*) >= 10,
	    max(bucket) < date_trunc('day', now()) FROM $DAY")" 't|t'
	assert_eq "$(config "processed_until <= now()
	    AND processed_until > now() - interval '1 hour 5 minutes'")" t
	# the comparison sees a difference
	sql "UPDATE $HOUR SET temperature_max = temperature_max + 1
	    WHERE bucket = $(at '1 day')"
	refute [ "$(hour_differences)" = 0 ]
}

@test "rollup: a second run without a change writes nothing" {
	fill 0 10
	run_both
	state="SELECT md5(string_agg(xmin::text || ctid::text, ' ' ORDER BY
	    bucket, site, area)) FROM $HOUR"
	before=$(sql "$state")
	log=$(sql 'SELECT count(*) FROM silver.refresh_log')
	run_both
	assert_eq "$(sql "$state")" "$before"
	assert_eq "$(sql 'SELECT count(*) FROM silver.refresh_log')" "$log"
	# nor is there anything left to be done
	assert_eq "$(sql "SELECT count(*) FROM silver.rollup_changes c
	    JOIN silver.rollup_config r ON r.id = c.rollup_id
	    WHERE c.bucket < r.processed_until")" 0
}

@test "rollup: late rows, changed rows and deleted ones" {
	fill 0 10
	run_both
	assert_right
	other="SELECT md5(string_agg(xmin::text || ctid::text, ' ' ORDER BY
	    bucket, site, area)) FROM $HOUR WHERE bucket NOT BETWEEN
	    $(at '2 days') AND $(at '2 days 5 hours')"
	before=$(sql "$other")
	sql "INSERT INTO $RAW VALUES
	    ($(at '2 days 30 minutes'), 1, 'site1', 'eu.de.city1.hall1', 99, 1),
	    ($(at '2 days 5 hours'), 9, 'new', 'us.ca.city9', -1, 1)"
	refute [ "$(hour_differences)" = 0 ]
	run_both
	assert_right
	assert_eq "$(sql "SELECT temperature_max FROM $DAY
	    WHERE bucket = $(at '2 days') AND country = 'eu.de'")" 99.00
	# no bucket that was not touched was written
	assert_eq "$(sql "$other")" "$before"

	sql "UPDATE $RAW SET temperature = 98 WHERE temperature = 99"
	refute [ "$(hour_differences)" = 0 ]
	run_both
	assert_right
	# a row that moves to another bucket, and another partition
	sql "UPDATE $RAW SET recorded_at = $(at '7 days 3 hours')
	    WHERE temperature = 98"
	refute [ "$(hour_differences)" = 0 ]
	run_both
	assert_right
	sql "DELETE FROM $RAW WHERE sensor_id IN (2, 9)
	    AND recorded_at < $(at '4 days')"
	refute [ "$(hour_differences)" = 0 ]
	run_both
	assert_right
	# the group that has no rows any more is gone
	assert_eq "$(sql "SELECT count(*) FROM $HOUR WHERE site = 'new'")" 0
	sql "MERGE INTO $RAW r USING (VALUES (1)) v (s) ON r.sensor_id = v.s
	    AND r.recorded_at < $(at '1 day') WHEN MATCHED THEN
	    UPDATE SET energy_wh = 5"
	run_both
	assert_right
	sql "TRUNCATE $RAW"
	run_both
	assert_eq "$(sql "SELECT (SELECT count(*) FROM $HOUR),
	    (SELECT count(*) FROM $DAY)")" '0|0'
}

@test "rollup: rows before the first one, and of the hour at hand" {
	fill 5 10
	run_both
	fill 0 1
	run_both
	assert_right
	assert_eq "$(sql "SELECT min(bucket) = $(at '0') FROM $HOUR")" t
	sql "INSERT INTO $RAW VALUES (now(), 1, 's', NULL, 1, 1),
	    (now() + interval '3 days', 1, 's', NULL, 1, 1)"
	run_both
	assert_right
	assert_eq "$(sql "SELECT max(bucket) < date_trunc('hour', now())
	    FROM $HOUR")" t
}

@test "rollup: a transaction that was open while the rollup passed" {
	fill 0 10
	mkfifo "$BATS_TEST_TMPDIR/in"
	background psql -XAtq -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/in"
	exec 5>"$BATS_TEST_TMPDIR/in"
	echo "BEGIN; INSERT INTO $RAW
	    VALUES ($(at '3 days'), 1, 'slow', NULL, 7, 1);
	    SET application_name = 'written';" >&5
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'written'
	    AND datname = current_database()" 1
	run_both
	assert_right
	echo 'COMMIT;' >&5
	exec 5>&-
	wait "$PID"
	refute [ "$(hour_differences)" = 0 ]
	run_both
	assert_right
	assert_eq "$(sql "SELECT sample_count FROM $HOUR WHERE site = 'slow'")" 1
}

@test "rollup: a rollup made while a transaction writes waits for it" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	background psql -XAtq -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/in"
	exec 5>"$BATS_TEST_TMPDIR/in"
	echo "SET application_name = 'writer'; BEGIN; INSERT INTO $RAW
	    VALUES ($(at '3 days'), 1, 'slow', NULL, 7, 1);" >&5
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'writer' AND state = 'idle in transaction'
	    AND datname = current_database()" 1
	background psql -XAtq -c "SELECT silver.create_rollup_table('$RAW',
	    '2 hours', '[{\"function\": \"sum\", \"column\": \"energy_wh\"}]')"
	wait_for "SELECT count(*) FROM pg_locks WHERE NOT granted
	    AND relation = '$RAW'::regclass" 1
	echo 'COMMIT;' >&5
	exec 5>&-
	wait "$PID"
	rollup silver.example_metrics_2h
	assert_eq "$(sql 'SELECT sample_count
	    FROM silver.example_metrics_2h')" 1
}

@test "rollup: of two runs at once one is skipped" {
	fill 0 10
	mkfifo "$BATS_TEST_TMPDIR/in"
	background psql -XAtq -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/in"
	exec 5>"$BATS_TEST_TMPDIR/in"
	# the first run is held up at a row of its target
	sql "CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END\$\$;
	    CREATE TRIGGER hold BEFORE INSERT ON $HOUR
	    FOR EACH ROW EXECUTE FUNCTION public.hold()"
	echo 'SELECT pg_advisory_lock(4711);' >&5
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND objid = 4711 AND granted" 1
	first=$PID
	background psql -XAtq -c "CALL silver.perform_rollup('$HOUR')"
	second=$PID
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND objid = 4711 AND NOT granted" 1
	assert_eq "$(monitor 'status, backend_pid IS NOT NULL')" 'running|t'

	run_mig 0 psql -Xc "CALL silver.perform_rollup('$HOUR')"
	assert_stderr_has "rollup $HOUR is being run by another session"
	assert_eq "$(sql "SELECT operation FROM silver.refresh_log")" skipped
	# a row that comes while the window is at it, and is not in what it reads
	sql "INSERT INTO $RAW VALUES ($(at '5 minutes'), 1, 'between', NULL, 1, 1)"
	echo 'SELECT pg_advisory_unlock(4711);' >&5
	exec 5>&-
	wait "$first"
	wait "$second"
	assert_eq "$(monitor status)" current
	rollup "$DAY"
	assert_right
}

@test "rollup: six runs at once while rows come in" {
	fill 0 5
	sql "UPDATE silver.rollup_config SET window_buckets = 3, target_rows = 60"
	for i in 1 2 3; do
		background psql -XAtq -v ON_ERROR_STOP=1 -c "DO \$\$BEGIN
		    FOR n IN 1..60 LOOP
		    INSERT INTO $RAW SELECT timestamptz '$BASE'
		    + random() * interval '9 days', 1, 'x' || $i, 'eu.de',
		    random() * 100, n FROM generate_series(1, 20);
		    DELETE FROM $RAW WHERE ctid = (SELECT ctid FROM $RAW
		    WHERE site = 'x' || $i LIMIT 1) AND site = 'x' || $i;
		    COMMIT; END LOOP; END\$\$"
		writers+=" $PID"
	done
	for i in 1 2 3 4 5 6; do
		background psql -XAtq -v ON_ERROR_STOP=1 \
		    -c 'CALL silver.perform_rollups()' \
		    -c 'CALL silver.perform_rollups()'
		runs+=" $PID"
	done
	for i in $writers $runs; do
		wait "$i"
	done
	run_both
	assert_right
	assert_eq "$(sql 'SELECT count(*) FROM silver.error_log')" 0
	assert_eq "$(sql "SELECT sum(sample_count) = (SELECT count(*) FROM $RAW)
	    FROM $HOUR")" t
}

@test "rollup: a failure in the middle, and its retry" {
	fill 0 10
	sql "UPDATE silver.rollup_config SET retry_delay = '0'"
	# a partition's own constraint would do as well: one bucket cannot be stored
	sql "ALTER TABLE $HOUR ADD CONSTRAINT broken
	    CHECK (bucket <> $(at '6 days 5 hours'))"
	run_mig 0 psql -Xq -c "CALL silver.perform_rollup('$HOUR')"
	assert_stderr_has "WARNING:  rollup $HOUR: new row for relation"
	# all before it is done and right
	assert_eq "$(config "processed_until = $(at '6 days 5 hours'),
	    attempts, window_buckets, next_retry_at IS NOT NULL")" 't|1|1|t'
	assert_eq "$(hour_differences)" 0
	assert_eq "$(sql "SELECT count(*) FROM $HOUR
	    WHERE bucket >= $(at '6 days 5 hours')")" 0
	assert_eq "$(monitor 'status, attempts, unresolved_errors > 1')" \
	    'retrying|1|t'
	assert_match "$(monitor last_error)" '"broken"'
	assert_eq "$(sql "SELECT operation, window_from = $(at '6 days 5 hours'),
	    window_until = $(at '6 days 6 hours'), sqlstate, context <> ''
	    FROM silver.error_log ORDER BY id DESC LIMIT 1")" 'forward|t|t|23514|t'

	# the regular run leaves it alone, the retry tries again
	run_both
	assert_eq "$(config attempts)" 1
	run_mig 0 psql -Xq -c 'CALL silver.handle_rollup_retries()'
	assert_eq "$(config attempts)" 2
	sql "ALTER TABLE $HOUR DROP CONSTRAINT broken"
	sql 'CALL silver.handle_rollup_retries()'
	assert_eq "$(config 'attempts, next_retry_at IS NULL')" '0|t'
	assert_eq "$(monitor 'status, unresolved_errors')" 'current|0'
	run_both
	assert_right
	assert_eq "$(sql "SELECT count(*) FROM $HOUR
	    WHERE bucket = $(at '6 days 5 hours')")" 3
}

@test "rollup: retries wait longer each time, and end" {
	fill 0 1
	sql "UPDATE silver.rollup_config SET max_attempts = 3, retry_delay = '1 hour'
	    WHERE target_table = '$HOUR'::regclass;
	    ALTER TABLE $HOUR ADD CONSTRAINT broken CHECK (sample_count < 0)"
	rollup
	assert_eq "$(config "attempts, next_retry_at BETWEEN now()
	    + interval '50 minutes' AND now() + interval '1 hour'")" '1|t'
	# not yet
	sql 'CALL silver.handle_rollup_retries()'
	assert_eq "$(config attempts)" 1
	sql "UPDATE silver.rollup_config SET retry_delay = '10 minutes',
	    next_retry_at = now() WHERE attempts > 0"
	sql 'CALL silver.handle_rollup_retries()'
	assert_eq "$(config "attempts, next_retry_at BETWEEN now()
	    + interval '15 minutes' AND now() + interval '20 minutes'")" '2|t'
	sql "UPDATE silver.rollup_config SET next_retry_at = now()
	    WHERE attempts > 0"
	sql 'CALL silver.handle_rollup_retries()'
	assert_eq "$(config 'attempts, next_retry_at IS NULL')" '3|t'
	assert_eq "$(monitor status)" failed
	sql 'CALL silver.handle_rollup_retries()'
	sql 'CALL silver.perform_rollups()'
	assert_eq "$(config attempts)" 3
	# by hand
	sql "ALTER TABLE $HOUR DROP CONSTRAINT broken"
	rollup
	assert_eq "$(config 'attempts, processed_until IS NOT NULL')" '0|t'
	assert_eq "$(hour_differences)" 0
}

@test "rollup: a late bucket that fails comes again" {
	fill 0 10
	run_both
	sql "ALTER TABLE $HOUR ADD CONSTRAINT broken CHECK (temperature_max < 90);
	    UPDATE silver.rollup_config SET retry_delay = '0';
	    INSERT INTO $RAW SELECT t, 1, 'site1', 'eu.de.city1.hall1',
	    CASE WHEN t = $(at '3 days 1 hour') THEN 95 ELSE 50 END, 1
	    FROM generate_series($(at '3 days'), $(at '3 days 9 hours'), '1 hour') t"
	rollup
	# those before it are done, in smaller windows; the others wait
	assert_eq "$(monitor 'status, late_buckets')" 'retrying|9'
	sql "DELETE FROM $RAW WHERE temperature = 95"
	sql 'CALL silver.handle_rollup_retries()'
	run_both
	assert_right
	assert_eq "$(monitor 'status, late_buckets, unresolved_errors')" 'current|0|0'
}

@test "rollup: a session that dies leaves nothing half done" {
	fill 0 10
	sql "UPDATE silver.rollup_config SET window_buckets = 24,
	    max_window_buckets = 24;
	    CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$BEGIN PERFORM pg_sleep(3600); RETURN NEW; END\$\$;
	    CREATE TRIGGER hold BEFORE INSERT ON $HOUR FOR EACH ROW
	    WHEN (NEW.bucket = $(at '5 days')) EXECUTE FUNCTION public.hold()"
	background psql -XAtq -c "CALL silver.perform_rollup('$HOUR')"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep' AND datname = current_database()" 1
	assert_eq "$(sql "SELECT count(*) FROM $HOUR")" 360
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep' AND datname = current_database()"
	wait "$PID" || :
	assert_eq "$(config "processed_until = $(at '5 days')")" t
	assert_eq "$(hour_differences)" 0
	sql "DROP TRIGGER hold ON $HOUR"
	run_both
	assert_right
}

@test "rollup: days without rows are passed in one step" {
	fill 0 1
	sql "UPDATE silver.rollup_config SET window_buckets = 24,
	    max_window_buckets = 24"
	fill 8 9
	rollup
	assert_eq "$(windows)" 'forward|24|432
gap|168|0
forward|24|432
'"gap|$(config "extract(epoch FROM processed_until - $(at '9 days'))::int / 3600")|0"
	assert_eq "$(hour_differences)" 0
	# rows that fill it
	fill 3 4
	run_both
	assert_right
}

@test "rollup: windows adapt to the rows that they read" {
	fill 0 10
	sql "UPDATE silver.rollup_config SET window_buckets = 1, target_rows = 200"
	rollup
	# doubling, up to where one reads 100 to 200: 18 rows are an hour
	assert_eq "$(windows | head -5)" 'forward|1|18
forward|2|36
forward|4|72
forward|8|144
forward|8|144'
	assert_eq "$(sql "SELECT max(window_buckets) FROM silver.refresh_log
	    WHERE operation = 'forward' AND rows_read > 18")" 8
	# twenty times the rows: smaller at once, by as much
	sql "INSERT INTO $RAW SELECT r.* FROM $RAW r, generate_series(2, 20)
	    WHERE recorded_at >= $(at '9 days');
	    DELETE FROM silver.refresh_log; DELETE FROM $HOUR; DELETE FROM silver.rollup_changes;
	    UPDATE silver.rollup_config SET processed_until = $(at '9 days'),
	    window_buckets = 8 WHERE target_table = '$HOUR'::regclass"
	rollup
	assert_eq "$(windows | head -3)" 'forward|8|2880
forward|1|360
forward|1|360'
	# never more than max_window_buckets
	sql "DELETE FROM $HOUR; DELETE FROM silver.rollup_changes;
	    UPDATE silver.rollup_config SET processed_until = NULL,
	    target_rows = 1000000000, max_window_buckets = 50
	    WHERE target_table = '$HOUR'::regclass"
	rollup
	assert_eq "$(config window_buckets)" 50
	assert_eq "$(sql "SELECT max(window_buckets) FROM silver.refresh_log
	    WHERE operation = 'forward'")" 50
	sql "DELETE FROM silver.rollup_changes; DELETE FROM $DAY;
	    UPDATE silver.rollup_config SET processed_until = NULL
	    WHERE target_table = '$DAY'::regclass"
	rollup "$DAY"
	assert_right
}

@test "rollup: dimensions that are NULL, short, or the same but for case" {
	sql "INSERT INTO $RAW (recorded_at, sensor_id, site, location, temperature)
	    SELECT $(at '1 day') + n * interval '1 minute', n, s, l, t
	    FROM unnest(
	    '{a,a,A,a,a,a,a}'::text[],
	    ARRAY[NULL, NULL, 'eu', '', 'eu.de.x', 'eu.de.x.y', 'eu.de.X']::ltree[],
	    '{1,2,3,4,5,NULL,7}'::numeric[]) WITH ORDINALITY AS u (s, l, t, n)"
	run_both
	assert_eq "$(hour_differences)" 0
	assert_eq "$(sql "SELECT site, coalesce(area::text, 'null'), sample_count,
	    temperature_count FROM $HOUR ORDER BY site COLLATE \"C\", area NULLS FIRST")" \
	    'A|eu|1|1
a|null|2|2
a||1|1
a|eu.de.X|1|1
a|eu.de.x|2|1'
	assert_eq "$(day_differences)" 0
	# a path's descendants, by the index
	assert_eq "$(sql "SELECT sum(sample_count) FROM $HOUR
	    WHERE area <@ 'eu.de'")" 3
	# two NULLs are one group: a second one is refused
	run_mig 1 psql -Xq -v VERBOSITY=sqlstate -c "INSERT INTO $HOUR
	    (bucket, site, sample_count) VALUES ($(at '1 day'), 'a', 1)"
	assert_stderr_has 23505
}

@test "rollup: dimensions are chosen, and kept when the choice changes" {
	fill 0 2
	sql "SELECT silver.create_rollup_table('$RAW', '6 hours',
	    '[{\"function\": \"sum\", \"column\": \"energy_wh\", \"name\": \"wh\"}]',
	    'silver.energy', '{}');
	    SELECT silver.create_rollup_table('$RAW', '6 hours',
	    '[{\"function\": \"sum\", \"column\": \"energy_wh\"}]',
	    'silver.by_site', '{site}')" >"$BATS_TEST_TMPDIR/null"
	sql "UPDATE silver.dimension_config SET enabled = false"
	run_both
	assert_eq "$(sql 'SELECT count(*), sum(wh) FROM silver.energy')" \
	    "8|$(sql "SELECT sum(energy_wh) FROM $RAW")"
	assert_eq "$(sql 'SELECT site, sum(energy_wh_sum) FROM silver.by_site
	    GROUP BY site ORDER BY site')" \
	    "$(sql "SELECT site, sum(energy_wh) FROM $RAW GROUP BY 1 ORDER BY 1")"
	assert_right
	run_mig 1 psql -Xc "SELECT silver.create_rollup_table('$RAW', '6 hours',
	    '[]', 'silver.x', '{site,colour}')"
	assert_stderr_has 'some are not in dimension_config'
}

@test "rollup: each aggregate, of months too, in any time zone" {
	sql "INSERT INTO $RAW (recorded_at, sensor_id, site, temperature, energy_wh)
	    SELECT t, 1, 's', extract(doy FROM t), extract(day FROM t)
	    FROM generate_series(timestamptz '2026-01-01 00:30+00',
	    '2026-06-30 23:30+00', '1 hour') t;
	    SELECT silver.create_rollup_table('$RAW', '1 month',
	    '[{\"function\": \"count\", \"column\": \"temperature\", \"name\": \"n\"},
	    {\"function\": \"sum\", \"column\": \"temperature\", \"name\": \"s\"},
	    {\"function\": \"min\", \"column\": \"temperature\", \"name\": \"lo\"},
	    {\"function\": \"max\", \"column\": \"temperature\", \"name\": \"hi\"},
	    {\"function\": \"avg\", \"column\": \"temperature\", \"name\": \"mean\"},
	    {\"function\": \"stddev\", \"column\": \"temperature\", \"name\": \"dev\"},
	    {\"function\": \"first\", \"column\": \"energy_wh\", \"name\": \"f\"},
	    {\"function\": \"last\", \"column\": \"energy_wh\", \"name\": \"l\"}]',
	    'gold.months', '{}')" >"$BATS_TEST_TMPDIR/null"
	# over the beginning of summer time, where a day there has 23 hours
	export PGTZ=Europe/Berlin
	sql "CALL silver.perform_rollup('gold.months', '2026-06-20')"
	sql "CALL silver.perform_rollup('gold.months', '2026-07-04')"
	expected="SELECT date_trunc('month', recorded_at, 'UTC'), count(*),
	    count(temperature), sum(temperature), min(temperature),
	    max(temperature), avg(temperature), stddev(temperature), 1,
	    max(energy_wh) FROM $RAW GROUP BY 1"
	assert_eq "$(sql "SELECT * FROM gold.months ORDER BY 1")" \
	    "$(sql "$expected ORDER BY 1")"
	assert_eq "$(sql 'SELECT count(*) FROM gold.months')" 6
	PGTZ=America/St_Johns run_both
	assert_right
	assert_eq "$(PGTZ=UTC sql "SELECT bool_and(extract(minute FROM bucket) = 0)
	    FROM $HOUR")" t
}

@test "rollup: changes in a partition directly are marked by hand" {
	fill 0 10
	run_both
	part=$(sql "SELECT tableoid::regclass FROM $RAW
	    WHERE recorded_at = $(at '4 days') LIMIT 1")
	sql "UPDATE $part SET temperature = 0
	    WHERE recorded_at BETWEEN $(at '4 days') AND $(at '4 days 90 minutes')"
	run_both
	refute [ "$(hour_differences)" = 0 ]
	assert_eq "$(sql "SELECT silver.mark_changed('$HOUR', $(at '4 days'),
	    $(at '4 days 2 hours'))")" 2
	run_both
	assert_right
}

@test "rollup: within a transaction it is refused" {
	fill 0 1
	run_mig 3 psql -Xq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate <<-SQL
	BEGIN;
	CALL silver.perform_rollup('$HOUR');
	SQL
	assert_stderr_has 2D000
	assert_eq "$(sql "SELECT count(*) FROM $HOUR")" 0
	run_mig 1 psql -Xq -c "CALL silver.perform_rollup('$RAW')"
	assert_stderr_has "$RAW is no rollup"
}
