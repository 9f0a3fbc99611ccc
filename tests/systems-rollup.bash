# shellcheck shell=bash
# What the files systems-rollup*.bats share: `load systems-rollup`, behind helpers.

ROLLUP=$(cd "$BATS_TEST_DIRNAME/../migrations/rollup" && pwd)
MAIN=$ROLLUP/foundational/initial-setup,$ROLLUP/foundational/timeseries
PAYLOAD=$ROLLUP/payload-tables/example-tables
HOUR=silver.example_metrics_1h
DAY=gold.example_metrics_1d
RAW=raw.example_metrics

# The time-series database with the example, and BASE: midnight, ten days ago.
# No test begins in the last seconds of an hour: buckets end with it.
setup() {
	local left=$((3600 - $(date +%s) % 3600))
	[ $left -gt 20 ] || sleep $((left + 1))
	new_db
	rollup_roles
	apply_rollup
	BASE=$(sql "SELECT date_trunc('day', now() AT TIME ZONE 'UTC')
	    AT TIME ZONE 'UTC' - interval '10 days'")
}

rollup_roles() {
	local role
	for role in app reader writer admin; do
		keep_role timeseries_$role
	done
}

apply_rollup() {
	run_pipe 0 "mig-ls 'main=$MAIN' 'payload=$PAYLOAD' | mig-plan |
	    mig-apply -q -v app_password=secret"
}

# Readings of three sensors, every ten minutes: fill FROM-DAY UNTIL-DAY
fill() {
	sql "INSERT INTO $RAW
	    SELECT t, s, 'site' || s % 2, ('eu.de.city' || s % 3 || '.hall' || s)::ltree,
	    (extract(epoch FROM t)::bigint / 600 * 7 + s * 31) % 400 / 10.0, s * 3
	    FROM generate_series(timestamptz '$BASE' + $1 * interval '1 day',
	    timestamptz '$BASE' + $2 * interval '1 day' - interval '1 second',
	    '10 minutes') t, generate_series(1, 3) s"
}

# rollup [TABLE]: run it, and show what went wrong if anything did.
rollup() {
	psql -XAtq -v ON_ERROR_STOP=1 -c "CALL silver.perform_rollup('${1:-$HOUR}')"
}

# In how many rows the rollup by the hour differs from a GROUP BY that shares
# no function with it.
hour_differences() {
	sql "WITH expected AS (
	    SELECT date_trunc('hour', recorded_at, 'UTC'), site,
	    text2ltree(array_to_string((string_to_array(
	    location::text, '.'))[1:3], '.')),
	    count(*), count(temperature), avg(temperature), min(temperature),
	    max(temperature),
	    (array_agg(temperature ORDER BY recorded_at, temperature)
	    FILTER (WHERE temperature IS NOT NULL))[1],
	    (array_agg(temperature ORDER BY recorded_at DESC, temperature DESC)
	    FILTER (WHERE temperature IS NOT NULL))[1],
	    sum(energy_wh)
	    FROM $RAW WHERE recorded_at < (SELECT processed_until
	    FROM silver.rollup_config WHERE target_table = '$HOUR'::regclass)
	    GROUP BY 1, 2, 3)
	SELECT count(*) FROM (
	    (TABLE expected EXCEPT ALL TABLE $HOUR) UNION ALL
	    (TABLE $HOUR EXCEPT ALL TABLE expected)) d"
}

# The same for the days in gold, from the raw rows.
day_differences() {
	sql "WITH expected AS (
	    SELECT date_trunc('day', recorded_at, 'UTC'),
	    text2ltree(array_to_string((string_to_array(
	    location::text, '.'))[1:2], '.')),
	    count(*), round(avg(temperature), 9), min(temperature),
	    max(temperature), sum(energy_wh)
	    FROM $RAW WHERE recorded_at < (SELECT processed_until
	    FROM silver.rollup_config WHERE target_table = '$DAY'::regclass)
	    GROUP BY 1, 2), days AS (
	    SELECT bucket, country, sample_count, round(temperature_avg, 9),
	    temperature_min, temperature_max, energy_wh_sum FROM $DAY)
	SELECT count(*) FROM (
	    (TABLE expected EXCEPT ALL TABLE days) UNION ALL
	    (TABLE days EXCEPT ALL TABLE expected)) d"
}

# config COLUMN [TABLE]
config() {
	sql "SELECT $1 FROM silver.rollup_config
	    WHERE target_table = '${2:-$HOUR}'::regclass"
}

# monitor COLUMNS [TABLE]
monitor() {
	sql "SELECT $1 FROM silver.timeseries_operations_monitor
	    WHERE rollup = '${2:-$HOUR}'"
}

# windows: those of the rollup by the hour, oldest first.
windows() {
	sql "SELECT operation, window_buckets, rows_read FROM silver.refresh_log
	    WHERE table_name = '$HOUR' ORDER BY id"
}

at() {
	echo "(timestamptz '$BASE' + interval '$1')"
}
