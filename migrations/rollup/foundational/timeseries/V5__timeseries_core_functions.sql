-- What all else is built on, in plain PostgreSQL: buckets of time, the first and
-- the last value of a group, partitions with their bounds, and activity.
--
-- Everything is called with its schema: TimescaleDB, where a database has it,
-- keeps a time_bucket() of its own in public, and the two agree.

-- A bucket of a fixed width is counted from Monday 2000-01-03, one of whole
-- months from January 2000. Both in UTC, whatever the session's time zone is:
-- a day has 24 hours here.

CREATE OR REPLACE FUNCTION silver.time_bucket(
	p_width   interval,
	p_at      timestamp,
	p_origin  timestamp DEFAULT '2000-01-03')
RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	-- date_bin() refuses what is neither: a month and a day, or nothing at all
	SELECT CASE
	WHEN NOT isfinite(p_at) THEN p_at
	WHEN extract(year FROM p_width) * 12 + extract(month FROM p_width) > 0
	    AND p_width = make_interval(months => (extract(year FROM p_width) * 12
	        + extract(month FROM p_width))::integer)
	THEN timestamp '2000-01-01' + make_interval(months => (
	    floor(((extract(year FROM p_at) - 2000) * 12 + extract(month FROM p_at) - 1)
	        / (extract(year FROM p_width) * 12 + extract(month FROM p_width)))
	    * (extract(year FROM p_width) * 12 + extract(month FROM p_width)))::integer)
	ELSE date_bin(p_width, p_at, p_origin)
	END
$$;

CREATE OR REPLACE FUNCTION silver.time_bucket(
	p_width   interval,
	p_at      timestamptz,
	p_origin  timestamptz DEFAULT '2000-01-03 00:00:00+00')
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT silver.time_bucket(p_width, p_at AT TIME ZONE 'UTC',
	    p_origin AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
$$;

CREATE OR REPLACE FUNCTION silver.time_bucket(
	p_width   interval,
	p_at      date,
	p_origin  date DEFAULT '2000-01-03')
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT silver.time_bucket(p_width, p_at::timestamp, p_origin::timestamp)::date
$$;

COMMENT ON FUNCTION silver.time_bucket(interval, timestamptz, timestamptz) IS
'The start of the bucket of this width that a time falls into, in UTC.';

CREATE OR REPLACE FUNCTION silver.bucket_shift(
	p_at     timestamptz,
	p_width  interval,
	p_count  integer DEFAULT 1)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT (p_at AT TIME ZONE 'UTC' + p_width * p_count) AT TIME ZONE 'UTC'
$$;

COMMENT ON FUNCTION silver.bucket_shift(timestamptz, interval, integer) IS
'So many buckets later, counted in UTC: where summer time begins a day is not 23 hours.';

-- first_value(v ORDER BY t), last_value(v ORDER BY t): of those not NULL.

CREATE OR REPLACE FUNCTION silver.keep_first(anyelement, anyelement)
RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT $1';

CREATE OR REPLACE FUNCTION silver.keep_last(anyelement, anyelement)
RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT $2';

CREATE OR REPLACE AGGREGATE silver.first_value(anyelement) (
	SFUNC = silver.keep_first,
	STYPE = anyelement
);

CREATE OR REPLACE AGGREGATE silver.last_value(anyelement) (
	SFUNC = silver.keep_last,
	STYPE = anyelement
);

COMMENT ON AGGREGATE silver.first_value(anyelement) IS
'The first value that is not NULL: first_value(v ORDER BY t).';
COMMENT ON AGGREGATE silver.last_value(anyelement) IS
'The last value that is not NULL: last_value(v ORDER BY t).';

-- Partitions by range of one column of time, as the catalog has their bounds.

CREATE OR REPLACE FUNCTION silver.partition_bounds(p_table regclass)
RETURNS TABLE (
	partition     regclass,
	from_time     timestamptz,
	until_time    timestamptz,
	is_default    boolean,
	total_bytes   bigint)
LANGUAGE sql STABLE
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
	SELECT b.oid::regclass,
	    CASE b.edge[1] WHEN 'MINVALUE' THEN '-infinity'
	        ELSE trim('''' FROM b.edge[1])::timestamptz END,
	    CASE b.edge[2] WHEN 'MAXVALUE' THEN 'infinity'
	        ELSE trim('''' FROM b.edge[2])::timestamptz END,
	    b.edge IS NULL,
	    pg_total_relation_size(b.oid)
	FROM (
	    SELECT c.oid, regexp_match(pg_get_expr(c.relpartbound, c.oid),
	        'FROM \((.*)\) TO \((.*)\)') AS edge
	    FROM pg_catalog.pg_inherits i
	    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
	    WHERE i.inhparent = p_table AND c.relispartition) b
	ORDER BY 2 NULLS LAST
$$;

COMMENT ON FUNCTION silver.partition_bounds(regclass) IS
'The partitions of a table, oldest first; the default one last and without bounds.';

-- Performance: what the server has counted since its statistics began.

CREATE OR REPLACE FUNCTION silver.table_activity(p_pattern text DEFAULT '%')
RETURNS TABLE (
	table_name      text,
	sequential_scans bigint,
	index_scans     bigint,
	rows_inserted   bigint,
	rows_updated    bigint,
	rows_deleted    bigint,
	dead_rows       bigint,
	cache_hit_ratio numeric)
LANGUAGE sql STABLE
AS $$
	SELECT n.nspname || '.' || c.relname,
	    sum(s.seq_scan)::bigint, sum(s.idx_scan)::bigint,
	    sum(s.n_tup_ins)::bigint, sum(s.n_tup_upd)::bigint,
	    sum(s.n_tup_del)::bigint, sum(s.n_dead_tup)::bigint,
	    round(sum(io.heap_blks_hit + coalesce(io.idx_blks_hit, 0))
	        / nullif(sum(io.heap_blks_hit + io.heap_blks_read
	        + coalesce(io.idx_blks_hit + io.idx_blks_read, 0)), 0), 4)
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (
	    SELECT c.oid AS relid
	    UNION SELECT relid FROM pg_partition_tree(c.oid)) t
	JOIN pg_catalog.pg_stat_all_tables s ON s.relid = t.relid
	JOIN pg_catalog.pg_statio_all_tables io ON io.relid = t.relid
	WHERE n.nspname IN ('raw', 'silver', 'gold')
	AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND n.nspname || '.' || c.relname LIKE p_pattern
	GROUP BY n.nspname, c.relname
	ORDER BY n.nspname, c.relname
$$;

COMMENT ON FUNCTION silver.table_activity(text) IS
'Scans, changes and the share of blocks found in memory, partitions summed up under their table.';
