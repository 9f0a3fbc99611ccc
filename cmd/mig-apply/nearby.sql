-- Who has locks, or waits for one, on the relations that a statement ($1)
-- names, other than the worker ($2): whom it waited for, if nobody asked while
-- it did.
WITH held AS (
	SELECT l.pid, p.gid, pg_catalog.pg_blocking_pids(l.pid) AS behind
	FROM pg_catalog.pg_locks l
	JOIN pg_catalog.pg_class c ON c.oid = l.relation
	LEFT JOIN pg_catalog.pg_locks x
	    ON x.virtualtransaction = l.virtualtransaction
	    AND x.locktype = 'transactionid' AND l.pid IS NULL
	LEFT JOIN pg_catalog.pg_prepared_xacts p
	    ON p.transaction = x.transactionid
	WHERE l.locktype = 'relation'
	    AND l.database = (SELECT oid FROM pg_catalog.pg_database
		WHERE datname = pg_catalog.current_database())
	    AND l.relation >= 16384
	    AND l.pid IS DISTINCT FROM $2::pg_catalog.int4
	    AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
	    AND $1 ~* ('(^|[^[:alnum:]_$])' || pg_catalog.regexp_replace(
		c.relname::pg_catalog.text, '([^[:alnum:]_])', E'\\\\\\1', 'g') ||
		'($|[^[:alnum:]_$])')
	GROUP BY l.pid, p.gid
), doing AS (
	SELECT '' AS what, false AS waiting
)
