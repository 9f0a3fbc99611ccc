-- What the worker is doing, and who holds it up: behind WITH worker (pid).
SELECT coalesce((
	SELECT pg_catalog.format('%s %s%% %s', p.phase, CASE
		WHEN p.blocks_total > 0
		    THEN p.blocks_done * 100 / p.blocks_total
		WHEN p.tuples_total > 0
		    THEN p.tuples_done * 100 / p.tuples_total
		WHEN p.lockers_total > 0
		    THEN p.lockers_done * 100 / p.lockers_total
		ELSE 0 END, coalesce(c.relname, ''))
	FROM pg_catalog.pg_stat_progress_create_index p
	LEFT JOIN pg_catalog.pg_class c ON c.oid = p.index_relid
	WHERE p.pid = (SELECT pid FROM worker) LIMIT 1), ''),
    coalesce((
	SELECT pg_catalog.string_agg(pg_catalog.format(
	    'pid %s (%s, %s%s): %s', a.pid,
	    coalesce(nullif(a.application_name, ''), a.usename, '?'),
	    a.state,
	    pg_catalog.to_char(pg_catalog.clock_timestamp() - a.xact_start,
	    ' HH24:MI:SS'), pg_catalog.left(
	    pg_catalog.regexp_replace(a.query, '\s+', ' ', 'g'), 80)), '; '
	    ORDER BY a.pid)
	FROM pg_catalog.pg_stat_activity a
	WHERE a.pid = ANY (pg_catalog.pg_blocking_pids(
	    (SELECT pid FROM worker)))
    ), ''),
    EXISTS (SELECT FROM pg_catalog.pg_locks l
	WHERE l.locktype = 'relation' AND NOT l.granted
	AND l.pid = (SELECT pid FROM worker))
