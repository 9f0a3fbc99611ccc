-- Names sessions and prepared transactions, behind WITH doing (what, waiting),
-- held (pid, gid, behind).  Who waits for nobody comes first: the others only
-- stand in the queue.
, line AS (
	SELECT pg_catalog.cardinality(h.behind) AS behind, h.pid,
	    pg_catalog.format('pid %s (%s%s): %s', a.pid,
		pg_catalog.concat_ws(', ', coalesce(
		    nullif(a.application_name, ''), a.usename, a.backend_type),
		    nullif(pg_catalog.concat_ws(' ', a.state,
			pg_catalog.to_char(pg_catalog.make_interval(secs =>
			extract(epoch FROM pg_catalog.clock_timestamp() -
			    a.xact_start)::pg_catalog.float8),
			'HH24:MI:SS')), '')),
		', waits for pid ' || nullif(
		    pg_catalog.array_to_string(h.behind, ', '), ''),
		CASE WHEN a.query = '<insufficient privilege>'
		    THEN 'what it does is for pg_read_all_stats to see'
		    ELSE pg_catalog.left(pg_catalog.rtrim(
			pg_catalog.regexp_replace(a.query, E'\\s+', ' ', 'g'),
			'; '), 80) END) AS text
	FROM held h JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid
	UNION ALL
	SELECT 0, 0, pg_catalog.format('prepared transaction %L (%s %s)',
	    p.gid, p.owner, pg_catalog.to_char(
		pg_catalog.make_interval(secs => extract(epoch FROM
		pg_catalog.clock_timestamp() - p.prepared)
		::pg_catalog.float8), 'HH24:MI:SS'))
	FROM held h JOIN pg_catalog.pg_prepared_xacts p ON p.gid = h.gid
), numbered AS (
	SELECT *, pg_catalog.row_number() OVER (ORDER BY behind > 0, pid) AS n
	FROM line
)
SELECT (SELECT what FROM doing), coalesce(pg_catalog.string_agg(text, '; '
	ORDER BY n) FILTER (WHERE n <= 3), '') || coalesce(
	' and ' || nullif(greatest(pg_catalog.count(*) - 3, 0), 0) || ' more',
	''),
    (SELECT waiting FROM doing)
FROM numbered
