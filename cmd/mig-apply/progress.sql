-- What the worker is doing, and who holds it up: those whom it waits for, and
-- those whom they wait for in turn, but not whoever asks.  Of a prepared
-- transaction the server says only that it is one; it is one that has what
-- somebody here waits for.
WITH RECURSIVE worker AS (
	SELECT pg_catalog.current_setting('mig.worker')::pg_catalog.int4 AS pid
), chain AS (
	SELECT pid FROM worker
	UNION
	SELECT b.pid
	FROM chain c CROSS JOIN LATERAL pg_catalog.unnest(
	    pg_catalog.pg_blocking_pids(c.pid)) AS b (pid)
), held AS (
	SELECT pid, NULL AS gid, pg_catalog.pg_blocking_pids(pid) AS behind
	FROM chain
	WHERE pid NOT IN (SELECT pid FROM worker)
	    AND pid <> pg_catalog.pg_backend_pid()
	UNION
	SELECT NULL, p.gid, '{}'
	FROM pg_catalog.pg_locks w
	JOIN pg_catalog.pg_locks h ON h.locktype = w.locktype
	    AND h.database IS NOT DISTINCT FROM w.database
	    AND h.relation IS NOT DISTINCT FROM w.relation
	    AND h.transactionid IS NOT DISTINCT FROM w.transactionid
	JOIN pg_catalog.pg_locks x
	    ON x.virtualtransaction = h.virtualtransaction
	    AND x.locktype = 'transactionid'
	JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
	WHERE w.pid IN (SELECT pid FROM chain) AND NOT w.granted
	    AND h.pid IS NULL AND h.granted AND x.pid IS NULL
	    AND 0 IN (SELECT pid FROM chain)
), doing AS (
	SELECT coalesce((
	    SELECT pg_catalog.format('%s%s %s', p.phase, CASE
		WHEN p.phase LIKE 'waiting%' AND p.lockers_total > 0
		    THEN pg_catalog.format(' %s of %s', p.lockers_done + 1,
			p.lockers_total)
		WHEN p.blocks_total > 0
		    THEN ' ' || p.blocks_done * 100 / p.blocks_total || '%'
		WHEN p.tuples_total > 0
		    THEN ' ' || p.tuples_done * 100 / p.tuples_total || '%'
		END, c.relname)
	    FROM pg_catalog.pg_stat_progress_create_index p
	    LEFT JOIN pg_catalog.pg_class c ON c.oid = p.index_relid
	    WHERE p.pid = (SELECT pid FROM worker) LIMIT 1), '') AS what,
	    EXISTS (SELECT FROM pg_catalog.pg_locks l
		WHERE l.locktype = 'relation' AND NOT l.granted
		    AND l.pid = (SELECT pid FROM worker)) AS waiting
)
