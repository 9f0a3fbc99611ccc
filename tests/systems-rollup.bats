#!/usr/bin/env bats
# rounds: 17x 17n tsl
# migrations/rollup: its directories, its roles, its functions and its upkeep.
# The numbers are in systems-rollup-numbers.bats, pg_cron in -cron.

load helpers
load systems-rollup

# psql reads a file of Flyway's where its variables are put in.
run_file() {
	sed "s/[\$]{app_password}/other/; s/[\$]{timeseries_database}/other/" "$1" |
	    psql -Xq1 -v ON_ERROR_STOP=1 2>&1
}

as_role() {
	psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "SET ROLE $1" \
	    -c "$2" 2>&1
}

@test "rollup: applying again changes nothing, nor does each file" {
	fill 0 2
	sql 'CALL silver.perform_rollups()'
	state() {
		schema_of
		sql 'TABLE silver.rollup_config; TABLE silver.dimension_config;
		    TABLE partman.part_config'
		sql "SELECT rolname, rolpassword FROM pg_authid
		    WHERE rolname ~ '^timeseries_' ORDER BY 1"
	}
	state >"$BATS_TEST_TMPDIR/first"
	apply_rollup
	state | diff "$BATS_TEST_TMPDIR/first" -
	for n in 1 2 3 4 5 6 7 8 9 10; do
		run_file "$(ls "$ROLLUP"/foundational/*/V${n}__*)"
		state | diff "$BATS_TEST_TMPDIR/first" -
	done
	for file in "$PAYLOAD"/V[12]__*; do
		run_file "$file"
		state | diff "$BATS_TEST_TMPDIR/first" -
	done
	assert_eq "$(hour_differences)" 0
}

# The page lists all three directories in one command of Flyway: their first two
# versions clash.  Series keep them apart.
@test "rollup: as one series the payload's versions clash, and it says which" {
	run_mig 3 mig-ls "main=$MAIN,$PAYLOAD"
	for file in V1__create_schemas V1__create_example_table; do
		assert_stderr_has "$file.sql"
	done
	assert_eq "$output" ''
	run_mig 0 mig-ls -o series,version "main=$MAIN" "payload=$PAYLOAD"
	assert_eq "$(echo "$output" | tr '\t\n' ': ')" "main:1 main:2 main:3 \
main:4 main:5 main:6 main:7 main:8 main:9 main:10 payload:1 payload:2 "
	# Flyway reads folders below its location: this is the same
	assert_eq "$(mig-ls -o version,name,sha256 "$ROLLUP/foundational")" \
	    "$(mig-ls -o version,name,sha256 "main=$MAIN")"
}

@test "rollup: the payload is refused before what it needs" {
	new_db empty
	run_pipe 3 "mig-ls 'payload=$PAYLOAD' | mig-plan | mig-apply"
	assert_stderr_has 'requires main 10'
	assert_eq "$(sql "SELECT to_regnamespace('raw')")" ''
	run_pipe 0 "mig-ls 'payload=$PAYLOAD' 'main=$MAIN' | mig-plan |
	    mig-apply -q -v app_password=secret"
	assert_eq "$(sql "SELECT to_regclass('$RAW')")" "$RAW"
}

@test "rollup: what the first migration says of pg_cron" {
	new_db other
	run_pipe 0 "mig-ls 'main=$MAIN' | mig-plan | mig-apply -v app_password=x"
	assert_stderr_has 'NOTICE: pg_cron is not set up here: its jobs are kept'
	assert_eq "$(sql "SELECT count(*) FROM pg_extension
	    WHERE extname = 'pg_cron'")" 0
	run_pipe 5 "mig-ls cron='$ROLLUP/postgres' | mig-plan |
	    mig-apply -v timeseries_database=other"
	assert_stderr_has "pg_cron works in the database"
	assert_eq "$(mig-ls -d "$PGDATABASE" -o series | sort -u)" main
}

@test "rollup: the password is in no plan, history or report" {
	new_db secret
	sql 'DROP ROLE timeseries_app'
	mig-ls "main=$MAIN" | mig-plan >"$BATS_TEST_TMPDIR/plan"
	run_mig 2 mig-apply <"$BATS_TEST_TMPDIR/plan"
	assert_stderr_has app_password
	assert_eq "$(sql "SELECT to_regnamespace('mig')")" ''
	export app_password="Xq7secret'9\"z"
	run_mig 0 mig-apply -v app_password <"$BATS_TEST_TMPDIR/plan"
	pg_dump -n mig --inserts >"$BATS_TEST_TMPDIR/history" ||
	    sql 'TABLE mig.log; TABLE mig.progress' >"$BATS_TEST_TMPDIR/history"
	grep -q app_password "$BATS_TEST_TMPDIR/plan" "$BATS_TEST_TMPDIR/history"
	refute grep -F Xq7secret "$BATS_TEST_TMPDIR"/{plan,history,out,err}
	assert_match "$(sql "SELECT rolpassword FROM pg_authid
	    WHERE rolname = 'timeseries_app'")" '^SCRAM-SHA-256'
	if [ "$MIG_TEST_SERVER" != tsl ]; then
		unset PGPASSWORD
		tcp="host=127.0.0.1 port=$PGPORT dbname=$PGDATABASE user=timeseries_app"
		PGPASSWORD=$app_password \
		    psql -XAtc 'SELECT current_user' "$tcp" | grep -x timeseries_app
		PGPASSWORD=other run_mig 2 psql -XAtc 'SELECT current_user' "$tcp"
	fi
}

@test "rollup: each role may do what it says, and no more" {
	fill 0 1
	sql 'CALL silver.perform_rollups()'
	while read -r who allowed statement; do
		if [ "$allowed" = yes ]; then
			as_role "$who" "BEGIN; $statement; ROLLBACK" >"$BATS_TEST_TMPDIR/is" || {
				cat "$BATS_TEST_TMPDIR/is"
				echo "failed: $who may not $statement"
				return 1
			}
		else
			refute as_role "$who" "BEGIN; $statement; ROLLBACK" \
			    >"$BATS_TEST_TMPDIR/is"
			assert_match "$(cat "$BATS_TEST_TMPDIR/is")" \
			    'ERROR:  (42501|2BP01)' "$who may $statement"
		fi
	done <<-END
	timeseries_reader yes SELECT * FROM $HOUR
	timeseries_reader yes SELECT * FROM $DAY
	timeseries_reader yes SELECT * FROM silver.timeseries_operations_monitor
	timeseries_reader yes SELECT * FROM silver.error_log
	timeseries_reader yes SELECT silver.time_bucket('1 hour', bucket) FROM $HOUR
	timeseries_reader no SELECT * FROM $RAW
	timeseries_reader no INSERT INTO $RAW VALUES (now(), 1, 's')
	timeseries_reader no DELETE FROM $HOUR
	timeseries_reader no UPDATE silver.rollup_config SET enabled = false
	timeseries_reader no CALL silver.perform_rollup('$HOUR')
	timeseries_reader no CALL silver.maintain_timeseries_tables()
	timeseries_reader no SELECT silver.mark_changed('$HOUR', now(), now())
	timeseries_reader no SELECT silver.drop_rollup_table('$DAY')
	timeseries_reader no SELECT * FROM partman.part_config
	timeseries_writer yes INSERT INTO $RAW VALUES (now(), 1, 's')
	timeseries_writer yes INSERT INTO $RAW VALUES ($(at '3 hours'), 1, 's')
	timeseries_writer yes SELECT * FROM $RAW
	timeseries_writer no UPDATE $RAW SET site = 's'
	timeseries_writer no DELETE FROM $RAW
	timeseries_writer no TRUNCATE $RAW
	timeseries_writer no SELECT * FROM $HOUR
	timeseries_writer no SELECT * FROM $DAY
	timeseries_writer no CREATE TABLE raw.t ()
	timeseries_writer no DELETE FROM silver.rollup_changes
	timeseries_app yes SELECT * FROM $HOUR
	timeseries_app yes INSERT INTO $RAW VALUES (now(), 1, 's')
	timeseries_app no UPDATE $RAW SET site = 's'
	timeseries_app no CALL silver.perform_rollup('$HOUR')
	timeseries_admin yes SELECT * FROM silver.get_detailed_stats('%')
	timeseries_admin yes SELECT * FROM silver.optimize_chunk_interval('$RAW', 1, true)
	timeseries_admin yes CREATE TABLE raw.t ()
	timeseries_admin yes DELETE FROM $RAW
	timeseries_admin yes SELECT silver.drop_rollup_table('$DAY')
	timeseries_admin yes SELECT silver.create_rollup_table('$RAW', '5 minutes', '[]')
	timeseries_admin no CREATE ROLE other
	timeseries_admin no DROP TABLE silver.rollup_config
	END
	# what commits by itself, as the administrator
	fill 1 4
	sql "INSERT INTO $RAW VALUES (now() - interval '95 days', 1, 's')"
	for call in perform_rollups handle_rollup_retries maintain_timeseries_tables; do
		assert_eq "$(as_role timeseries_admin "CALL silver.$call()")" ''
	done
	assert_eq "$(sql 'SELECT count(*) FROM silver.error_log')" 0
	assert_eq "$(sql "SELECT min(recorded_at) = $(at '0'), bool_and(relowner
	    = 'timeseries_admin'::regrole) FROM $RAW, pg_class
	    WHERE oid IN (SELECT inhrelid FROM pg_inherits)
	    AND relname ~ '^example' AND relkind = 'r'")" 't|t'
	assert_eq "$(sql "SELECT max(sample_count) FROM $HOUR
	    WHERE bucket < $(at '0')")" 1
	# PUBLIC is let in nowhere
	new_role nobody
	for statement in "TABLE $RAW" "TABLE $HOUR" "SELECT partman.run_maintenance()" \
	    "SELECT silver.time_bucket('1 hour', now())"; do
		assert_match "$(as_role "$ROLE" "$statement" || :)" 'ERROR:  42501'
	done
}

@test "rollup: Flyway's info, validate, repair, baseline and clean" {
	list="mig-ls 'main=$BATS_TEST_TMPDIR/f' 'payload=$PAYLOAD'"
	cp -r "$ROLLUP/foundational" "$BATS_TEST_TMPDIR/f"
	# info
	run_pipe 0 "$list | mig-plan --status -o series,state | sort | uniq -c"
	assert_match "$output" '10 main	applied
 *2 payload	applied'
	# validate
	run_pipe 0 "$list | mig-plan --check"
	echo '-- a remark' >>"$BATS_TEST_TMPDIR/f/timeseries/V8__perform_rollup.sql"
	run_pipe 1 "$list | mig-plan --check --verbose"
	assert_stderr_has 'main 8: changed'
	# repair: an edited file, a failed try
	run_pipe 8 "$list | mig-plan"
	assert_stderr_has '+-- a remark'
	run_pipe 0 "$list | mig-plan --accept=main:8 | mig-apply -q"
	run_pipe 0 "$list | mig-plan --check"
	echo 'SELECT 1/0;' >"$BATS_TEST_TMPDIR/f/timeseries/V11__broken.sql"
	run_pipe 5 "$list | mig-plan | mig-apply -q"
	run_pipe 0 "$list | mig-plan --status -o version,state"
	assert_output_has '11	failed'
	run_pipe 0 "$list | mig-plan --forget=main:11 | mig-apply -q"
	run_pipe 0 "$list | mig-plan --status -o version,state"
	assert_output_has '11	pending'
	rm "$BATS_TEST_TMPDIR/f/timeseries/V11__broken.sql"
	# clean: all of it, the extensions too; and from nothing again
	schema_of >"$BATS_TEST_TMPDIR/before"
	run_pipe 0 "mig-plan --clean $PGDATABASE >'$BATS_TEST_TMPDIR/clean'"
	grep -q 'DROP EXTENSION .*pg_partman' "$BATS_TEST_TMPDIR/clean"
	run_mig 0 mig-apply -q <"$BATS_TEST_TMPDIR/clean"
	assert_eq "$(sql "SELECT string_agg(nspname, ' ') FROM pg_namespace
	    WHERE nspname IN ('raw', 'silver', 'gold', 'partman')")" ''
	run_pipe 0 "$list | mig-plan | mig-apply -q -v app_password=x"
	schema_of | diff "$BATS_TEST_TMPDIR/before" -
	# baseline: files that psql has run
	new_db byhand
	for n in 1 2 3 4 5 6 7 8 9 10; do
		run_file "$(ls "$ROLLUP"/foundational/*/V${n}__*)"
	done
	run_pipe 0 "$list | mig-plan --baseline main:10 | mig-apply -q"
	run_pipe 0 "$list | mig-plan --status -o series,state | sort | uniq -c"
	assert_match "$output" '10 main	baseline
 *2 payload	pending'
	run_pipe 0 "$list | mig-plan | mig-apply -q"
	assert_eq "$(sql "SELECT to_regclass('$DAY')")" "$DAY"
}

@test "rollup: time_bucket agrees with whoever else cuts time" {
	times="SELECT t, w FROM generate_series(timestamptz '1997-11-30 22:07:13+00',
	    '2004-03-01', '29 hours 17 minutes') t,"
	assert_eq "$(sql "SELECT count(*) > 10000, count(*) FILTER (WHERE
	    silver.time_bucket(w, t) IS DISTINCT FROM
	    date_bin(w, t, '2000-01-03 00:00+00')) FROM ($times
	    unnest('{1 second,7 minutes,1 hour,1 day,7 days,30 days}'::interval[]) w
	    ) x")" 't|0'
	for unit in hour day month year; do
		assert_eq "$(sql "SET timezone = 'Asia/Kolkata';
		    SELECT count(*) FILTER (WHERE
		    silver.time_bucket('1 $unit', t) <> date_trunc('$unit', t, 'UTC')
		    OR silver.time_bucket('1 $unit', t AT TIME ZONE 'UTC')
		    <> date_trunc('$unit', t AT TIME ZONE 'UTC'))
		    FROM ($times (VALUES (1)) v (w)) x")" 0
	done
	assert_eq "$(sql "SELECT silver.time_bucket('1 week', date '2026-11-21'),
	    silver.time_bucket('3 months', date '1999-12-31'),
	    silver.time_bucket('1 month', timestamptz 'infinity'),
	    silver.time_bucket('1 day', NULL::timestamptz) IS NULL,
	    silver.bucket_shift('2026-03-29 00:00+00', '1 day', -2)")" \
	    '2026-11-16|1999-10-01|infinity|t|2026-03-27 00:00:00+00'
	assert_eq "$(PGTZ=Europe/Berlin sql "SELECT
	    silver.bucket_shift('2026-03-29 00:00+00', '1 day') = '2026-03-30 00:00+00',
	    silver.time_bucket('1 day', timestamptz '2026-03-29 23:59+00')
	    = '2026-03-29 00:00+00'")" 't|t'
	for width in '1 month 1 day' '0' '-1 hour'; do
		run_mig 1 psql -Xc "SELECT silver.time_bucket('$width', now())"
	done
	case $(tier) in
	none) ;;
	*)
		sql 'CREATE EXTENSION timescaledb' 2>"$BATS_TEST_TMPDIR/null"
		assert_eq "$(sql "SELECT count(*) FILTER (WHERE
		    silver.time_bucket(w, t) IS DISTINCT FROM public.time_bucket(w, t))
		    FROM ($times unnest('{7 minutes,1 hour,1 day,7 days,1 month,5 months,
		    1 year}'::interval[]) w) x")" 0
		;;
	esac
}

@test "rollup: first_value and last_value, of any type, NULL left out" {
	assert_eq "$(sql "SELECT silver.first_value(v ORDER BY t),
	    silver.last_value(v ORDER BY t), silver.first_value(t ORDER BY t DESC),
	    silver.last_value(v ORDER BY t) FILTER (WHERE t > 9) IS NULL
	    FROM (VALUES (3, 'c'), (1, NULL), (2, 'b'), (4, NULL)) x (t, v)")" \
	    'b|c|4|t'
}

@test "rollup: creating a rollup again, otherwise, and dropping it" {
	create="SELECT silver.create_rollup_table('$RAW', '15 minutes',
	    '[{\"function\": \"max\", \"column\": \"temperature\"}]')"
	assert_eq "$(sql "$create")" silver.example_metrics_15m
	assert_eq "$(sql "$create")" silver.example_metrics_15m
	assert_eq "$(sql "SELECT count(*) FROM silver.rollup_config")" 3
	assert_eq "$(sql "SELECT i.indexdef ~ 'gin' FROM pg_indexes i
	    WHERE i.tablename = 'example_metrics_15m' AND i.indexdef ~ '\(site\)'")" t
	while IFS='|' read -r message arguments; do
		run_mig 1 psql -Xc "SELECT silver.create_rollup_table($arguments)"
		assert_stderr_has "$message"
	done <<-END
	is another one|'$RAW', '15 minutes', '[]'
	not an aggregate|'$RAW', '1 day', '[{"function": "median", "column": "site"}]'
	column "nope" does not exist|'$RAW', '1 day', '[{"function": "max", "column": "nope"}]'
	in the schema silver or gold|'$RAW', '1 day', '[]', 'public.x'
	has no time column|'silver.error_log', '1 day', '[]'
	greater than zero|'$RAW', '0 days', '[]'
	END
	assert_eq "$(sql "SELECT count(*) FROM silver.rollup_config")" 3
	run_mig 1 psql -Xc "SELECT silver.drop_rollup_table('$HOUR')"
	assert_stderr_has 'other rollups are made of'
	for table in $DAY silver.example_metrics_15m $HOUR; do
		sql "SELECT silver.drop_rollup_table('$table')"
	done
	assert_eq "$(sql "SELECT to_regclass('$HOUR'),
	    (SELECT count(*) FROM pg_trigger WHERE tgname ~ '^rollup_'),
	    (SELECT count(*) FROM partman.part_config),
	    (SELECT count(*) FROM pg_class WHERE relname ~ '^template_silver')")" '|0|1|0'
	fill 0 1
	assert_eq "$(sql 'SELECT count(*) FROM silver.rollup_changes')" 0
}

# bounds TABLE: whole days from BASE at which partitions begin and end
covered() {
	sql "SELECT bool_and(EXISTS (SELECT FROM silver.partition_bounds('$1') b
	    WHERE b.from_time <= t AND b.until_time > t))
	    FROM generate_series(now() - interval '$2', now() + interval '$3',
	    '6 hours') t"
}

@test "rollup: maintenance makes the partitions ahead, after a pause too" {
	assert_eq "$(covered "$RAW" '0' '4 days')" t
	# as after nine days without maintenance
	sql "DO \$\$DECLARE p regclass; BEGIN
	    FOR p IN SELECT partition FROM silver.partition_bounds('$RAW')
	    WHERE NOT is_default LOOP EXECUTE 'DROP TABLE ' || p; END LOOP; END\$\$;
	    SELECT partman.create_partition_time('$RAW', ARRAY[timestamptz '$BASE'])" \
	    >"$BATS_TEST_TMPDIR/null"
	assert_eq "$(covered "$RAW" '0' '4 days')" f
	fill 5 10
	sql "INSERT INTO $RAW VALUES (now(), 1, 'today'),
	    (now() + interval '60 days', 1, 'a clock that is wrong')"
	sql 'CALL silver.perform_rollups()'
	assert_eq "$(sql "SELECT default_rows > 0
	    FROM silver.get_detailed_stats('$RAW')")" t
	rows=$(sql "SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM $RAW r")
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(covered "$RAW" '4 days' '4 days')" t
	assert_eq "$(sql "SELECT default_rows FROM silver.get_detailed_stats('$RAW')")" 0
	assert_eq "$(sql "SELECT string_agg(DISTINCT relowner::regrole::text, ' ')
	    FROM pg_class WHERE relname ~ '^example' AND relkind IN ('r', 'p')")" \
	    timeseries_admin
	# no row was lost, and moving them is no change
	assert_eq "$(sql "SELECT md5(string_agg(r::text, ' ' ORDER BY r::text))
	    FROM $RAW r")" "$rows"
	assert_eq "$(monitor 'status, late_buckets')" 'current|0'
	assert_eq "$(hour_differences)" 0
	# again: nothing to do
	before=$(schema_of | md5sum)
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(schema_of | md5sum)" "$before"
	assert_eq "$(sql 'SELECT count(*) FROM silver.error_log')" 0
	# statistics are there
	assert_eq "$(sql "SELECT row_count = (SELECT count(*) FROM $RAW)
	    FROM silver.get_detailed_stats('$RAW', false)")" t
}

@test "rollup: partitions past retention go, when the rollups have them" {
	# three partitions of 95, 94 and 50 days ago
	for day in 95 94 50; do
		sql "SELECT partman.create_partition_time('$RAW',
		    ARRAY[timestamptz '$BASE' + interval '10 days' - interval '$day days']);
		    INSERT INTO $RAW SELECT timestamptz '$BASE' + interval '10 days'
		    - interval '$day days' + n * interval '1 hour', 1, 'old', 'eu.de', n, 1
		    FROM generate_series(1, 20) n" >"$BATS_TEST_TMPDIR/null"
	done
	# not rolled up yet: nothing goes
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*) FROM $RAW")" 60
	sql 'CALL silver.perform_rollups()'
	# nor while a late row waits
	sql "INSERT INTO $RAW SELECT min(recorded_at), 2, 'old', 'eu.de', 100, 1
	    FROM $RAW"
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*) FROM $RAW")" 61
	sql 'CALL silver.perform_rollups()'
	sql "CREATE TABLE public.before AS SELECT * FROM $HOUR"
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*),
	    min(recorded_at) > now() - interval '90 days' FROM $RAW")" '20|t'
	# the rollup keeps what it has, also when a row comes too late to be added
	sql "INSERT INTO $RAW VALUES (timestamptz '$BASE' + interval '10 days'
	    - interval '95 days' + interval '1 hour', 1, 'old', 'eu.de', 1, 1)"
	sql 'CALL silver.perform_rollups()'
	assert_eq "$(sql "SELECT count(*) FROM (TABLE $HOUR EXCEPT TABLE public.before
	    UNION ALL (TABLE public.before EXCEPT TABLE $HOUR)) d")" 0
	assert_eq "$(sql "SELECT operation, message ~ 'changes of 1 buckets left out'
	    FROM silver.error_log")" 'too late|t'
	assert_eq "$(monitor 'status, late_buckets, unresolved_errors')" 'current|0|1'
	# that row itself goes with the next maintenance
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*) FROM $RAW")" 20
	# rows of the last 90 days are late as ever
	sql "INSERT INTO $RAW SELECT max(recorded_at), 1, 'old', 'eu.de', 999, 1
	    FROM $RAW"
	sql 'CALL silver.perform_rollups()'
	assert_eq "$(sql "SELECT max(temperature_max) FROM $HOUR")" 999.00
}

@test "rollup: maintenance of one table fails, and the rest is done" {
	sql "DROP TABLE $RAW CASCADE" 2>"$BATS_TEST_TMPDIR/null"
	sql "DROP TABLE $(sql "SELECT partition FROM silver.partition_bounds('$DAY')
	    ORDER BY until_time DESC NULLS LAST LIMIT 1")"
	sql "UPDATE partman.part_config SET retention = 'nonsense'
	    WHERE parent_table = '$HOUR'"
	run_mig 0 psql -Xqc 'CALL silver.maintain_timeseries_tables()'
	assert_stderr_has "maintenance of $HOUR, retention: invalid input syntax"
	# nor does a rollup without its source keep others from theirs
	run_mig 0 psql -Xqc 'CALL silver.perform_rollups()'
	assert_eq "$(sql "SELECT operation, sqlstate FROM silver.error_log
	    WHERE rollup_id = 1")" 'look|42P01'
	assert_stderr_has "the source of rollup $HOUR is gone"
	sql 'DELETE FROM silver.error_log WHERE rollup_id = 1'
	assert_eq "$(covered "$DAY" '0' '4 years')" t
	assert_eq "$(sql "SELECT operation, table_name, resolved_at IS NULL
	    FROM silver.error_log WHERE operation ~ 'retention'")" \
	    "maintenance: retention|$HOUR|t"
	sql "UPDATE partman.part_config SET retention = '2 years'
	    WHERE parent_table = '$HOUR'"
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql 'SELECT count(*) FROM silver.error_log
	    WHERE resolved_at IS NULL')" 0
	# logs do not grow for ever; what is unresolved stays
	sql "UPDATE silver.refresh_log SET finished_at = now() - interval '31 days';
	    UPDATE silver.error_log SET at = now() - interval '31 days'"
	sql "INSERT INTO silver.error_log (at, operation, table_name, sqlstate, message)
	    VALUES (now() - interval '40 days', 'x', 'y', '00000', 'open')"
	sql 'CALL silver.maintain_timeseries_tables()'
	sql "SELECT silver.drop_rollup_table('$DAY');
	    SELECT silver.drop_rollup_table('$HOUR')"
	assert_eq "$(sql "SELECT to_regclass('$HOUR')")" ''
	assert_eq "$(sql "SELECT count(*) FILTER (WHERE finished_at < now()
	    - interval '1 day') FROM silver.refresh_log")" 0
	assert_eq "$(sql 'SELECT message FROM silver.error_log')" open
}

@test "rollup: the interval of partitions follows their size" {
	sql "SELECT partman.create_partition_time('$RAW', ARRAY[timestamptz '$BASE'
	    + d * interval '1 day']) FROM generate_series(0, 9) d" \
	    >"$BATS_TEST_TMPDIR/null"
	fill 0 10
	size=$(sql "SELECT avg(pg_total_relation_size(p))::bigint FROM (
	    SELECT DISTINCT tableoid AS p FROM $RAW) t")
	optimize() {
		sql "SELECT current_interval, partitions_measured, average_bytes,
		    recommended_interval, applied
		    FROM silver.optimize_chunk_interval('$RAW', $1, ${2:-false})"
	}
	assert_eq "$(optimize "$size")" "1 day|10|$size|1 day|f"
	assert_eq "$(optimize $((size * 7)))" "1 day|10|$size|7 days|f"
	assert_eq "$(optimize $((size / 24 + 1)))" "1 day|10|$size|01:00:00|f"
	# nothing was changed by asking
	assert_eq "$(covered "$RAW" '9 days' '4 days')" t
	# a row ahead of its time keeps its partition
	sql "INSERT INTO $RAW VALUES (now() + interval '2 days', 1, 'early')"
	all="SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM $RAW r"
	rows=$(sql "$all")
	# longer: from a boundary of the new interval on
	assert_eq "$(optimize $((size * 7)) true)" "1 day|10|$size|7 days|t"
	assert_eq "$(covered "$RAW" '9 days' '28 days')" t
	assert_eq "$(sql "SELECT count(*) >= 3, bool_and(extract(isodow FROM from_time) = 1)
	    FROM silver.partition_bounds('$RAW')
	    WHERE until_time - from_time = interval '7 days'")" 't|t'
	assert_eq "$(sql "$all")" "$rows"
	# shorter again: retention must not take a long one for a short one
	assert_eq "$(optimize $((size / 4 + 1)) true)" "7 days|10|$size|06:00:00|t"
	assert_eq "$(covered "$RAW" '9 days' '24 hours')" t
	assert_eq "$(sql "$all")" "$rows"
	sql "CALL silver.perform_rollups()"
	sql "UPDATE partman.part_config SET retention = '1 day'"
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*) FROM $RAW
	    WHERE recorded_at BETWEEN now() - interval '1 day' AND now()")" \
	    "$(sql "SELECT 3 * count(*) FROM generate_series($(at '0'),
	    $(at '10 days') - interval '1 second', '10 minutes') t
	    WHERE t >= now() - interval '1 day'")"
	assert_eq "$(sql 'SELECT count(*) FROM silver.error_log')" 0
	assert_eq "$(covered "$RAW" '0' '24 hours')" t
	run_mig 1 psql -Xc "SELECT silver.optimize_chunk_interval('silver.error_log')"
	assert_stderr_has 'pg_partman does not know'
}

@test "rollup: a partition that became long is not dropped as a short one" {
	# a month's partition, of which the last days are within retention
	sql "UPDATE partman.part_config SET partition_interval = '100 days'
	    WHERE parent_table = '$RAW';
	    SELECT partman.create_partition_time('$RAW',
	    ARRAY[timestamptz '$BASE' - interval '100 days']);
	    UPDATE partman.part_config SET partition_interval = '1 day'
	    WHERE parent_table = '$RAW'" >"$BATS_TEST_TMPDIR/null"
	sql "INSERT INTO $RAW VALUES ($(at '-1 day'), 1, 's', NULL, 1, 1)"
	sql 'CALL silver.perform_rollups()'
	sql 'CALL silver.maintain_timeseries_tables()'
	assert_eq "$(sql "SELECT count(*) FROM $RAW")" 1
}

@test "rollup: get_detailed_stats and table_activity tell the truth" {
	# as the page has it, on a database without any rows too
	run_mig 0 psql -XAtc "SELECT silver.get_detailed_stats('%');"
	assert_output_has silver.rollup_config
	fill 0 10
	sql 'CALL silver.perform_rollups()'
	sql "INSERT INTO $RAW VALUES ($(at '1 day'), 1, 's'), ($(at '1 day'), 1, 's'),
	    ($(at '2 days'), 1, 's')"
	while read -r table; do
		assert_eq "$(sql "SELECT row_count, oldest, newest, partitions,
		    total_bytes, index_bytes
		    FROM silver.get_detailed_stats('$table')")" \
		    "$(sql "SELECT (SELECT count(*) FROM $table),
		    (SELECT min($(time_of "$table")) FROM $table),
		    (SELECT max($(time_of "$table")) FROM $table),
		    count(*) FILTER (WHERE c.relkind = 'r') - 1,
		    sum(pg_table_size(c.oid) + pg_indexes_size(c.oid)),
		    sum(pg_indexes_size(c.oid)) FROM pg_class c
		    WHERE c.oid = '$table'::regclass OR c.oid IN (SELECT inhrelid
		    FROM pg_inherits WHERE inhparent = '$table'::regclass)")"
	done <<-END
	$RAW
	$HOUR
	$DAY
	END
	assert_eq "$(sql "SELECT table_name, kind, pending_buckets,
	    processed_until = (SELECT processed_until FROM silver.rollup_config
	    WHERE target_table = table_name::regclass), partition_interval, retention
	    FROM silver.get_detailed_stats('example\_metrics%')")" \
	    "$DAY|rollup|0|t|1 year|
$RAW|raw|||1 day|90 days
$HOUR|rollup|2|t|1 mon|2 years"
	assert_eq "$(sql "SELECT count(*) FROM silver.get_detailed_stats('%')")" \
	    "$(sql "SELECT count(*) FROM pg_class c WHERE relkind IN ('r', 'p')
	    AND NOT relispartition AND relnamespace IN ('raw'::regnamespace,
	    'silver'::regnamespace, 'gold'::regnamespace)")"
	assert_eq "$(sql "SELECT rows_inserted, rows_updated, rows_deleted
	    FROM silver.table_activity('$RAW')")" \
	    "$(sql "SELECT count(*) FROM $RAW")|0|0"
}

time_of() {
	case $1 in
	raw.*) echo recorded_at ;;
	*) echo bucket ;;
	esac
}

@test "rollup: the monitor tells the truth" {
	assert_eq "$(monitor 'status, processed_until IS NULL, behind IS NULL')" \
	    'current|t|t'
	fill 0 10
	assert_eq "$(monitor status)" behind
	assert_eq "$(monitor status "$DAY")" current
	rollup
	assert_eq "$(monitor "status, behind, late_buckets, windows_24h = (SELECT
	    count(*) FROM silver.refresh_log WHERE table_name = '$HOUR'),
	    rows_read_24h")" "current|00:00:00|0|t|$(sql "SELECT count(*) FROM $RAW")"
	assert_eq "$(monitor status "$DAY")" behind
	# rows of the hour at hand are neither late nor due
	sql "INSERT INTO $RAW VALUES (now(), 1, 's')"
	assert_eq "$(monitor 'status, late_buckets')" 'current|0'
	rollup "$DAY"
	assert_eq "$(monitor 'status, behind' "$DAY")" 'current|00:00:00'
	sql "UPDATE silver.rollup_config SET processed_until = $(at '8 days')"
	assert_eq "$(monitor "status, behind = date_trunc('hour', now(), 'UTC')
	    - $(at '8 days')")" 'behind|t'
	# the days follow the hours, and not the clock
	assert_eq "$(monitor 'status, behind' "$DAY")" 'current|00:00:00'
	sql 'CALL silver.perform_rollups()'
	sql "DELETE FROM $RAW WHERE recorded_at BETWEEN $(at '1 day 10 minutes')
	    AND $(at '1 day 130 minutes')"
	assert_eq "$(monitor 'status, late_buckets')" 'behind|3'
	sql "UPDATE silver.rollup_config SET enabled = false
	    WHERE target_table = '$HOUR'::regclass"
	assert_eq "$(monitor status)" disabled
	sql 'CALL silver.perform_rollups()'
	assert_eq "$(monitor late_buckets)" 3
}

@test "rollup: an index is tried before it is built" {
	sql "SELECT partman.create_partition_time('$RAW',
	    ARRAY[timestamptz '$BASE'])" >"$BATS_TEST_TMPDIR/null"
	sql "INSERT INTO $RAW SELECT $(at '1 hour'), n, 'site' || n
	    FROM generate_series(1, 20000) n; ANALYZE $RAW"
	part=$(sql "SELECT tableoid::regclass FROM $RAW LIMIT 1")
	query="SELECT * FROM $part WHERE site = ''site7''"
	assert_eq "$(sql "SELECT cost_after < cost_before / 10, used, index_bytes > 0
	    FROM silver.try_index('$query', 'CREATE INDEX ON $part (site)')")" 't|t|t'
	assert_eq "$(sql "SELECT cost_after = cost_before, used
	    FROM silver.try_index('$query', 'CREATE INDEX ON $part (energy_wh)')")" 't|f'
	assert_eq "$(sql "SELECT count(*) FROM pg_index
	    WHERE indrelid = '$part'::regclass")" 2
}
