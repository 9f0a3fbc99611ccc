-- Whom a statement with CONCURRENTLY would wait for.  $1: the relations that it
-- names; $2: their readers too; $3: snapshots too; $4: of these transactions
-- only, or null; $5: the session that asks what we do.
WITH RECURSIVE named AS (
	SELECT coalesce(x.indrelid, c.oid) AS oid
	FROM pg_catalog.unnest($1::pg_catalog.text[]) AS n (name)
	JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(n.name)
	LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
), relations AS (
	SELECT oid FROM named
	UNION
	-- pg_partition_tree() would wait for a lock on each of them
	SELECT h.inhrelid FROM relations r
	JOIN pg_catalog.pg_class p ON p.oid = r.oid AND p.relkind = 'p'
	JOIN pg_catalog.pg_inherits h ON h.inhparent = r.oid
), session AS (
	SELECT a.pid, v.virtualtransaction, a.backend_xmin,
	    -- a worker of autovacuum gives way to whoever wants its lock
	    a.usesysid IS NULL
		AND a.query NOT LIKE '%to prevent wraparound%' AS gives_way,
	    -- and VACUUM has a snapshot that is of no concern
	    a.usesysid IS NULL OR EXISTS (
		SELECT FROM pg_catalog.pg_stat_progress_vacuum p
		WHERE p.pid = a.pid)
	    OR pg_catalog.current_setting('server_version_num')
		::pg_catalog.int4 >= 140000 AND EXISTS (
		SELECT FROM pg_catalog.pg_stat_progress_create_index p
		WHERE p.pid = a.pid AND p.command LIKE '%CONCURRENTLY') AS apart
	FROM pg_catalog.pg_stat_activity a
	JOIN pg_catalog.pg_locks v ON v.pid = a.pid
	    AND v.locktype = 'virtualxid' AND v.granted
	WHERE a.datname = pg_catalog.current_database()
	    AND a.pid NOT IN (pg_catalog.pg_backend_pid(),
		$5::pg_catalog.int4)
), found AS (
	SELECT l.pid, p.gid, l.virtualtransaction
	FROM pg_catalog.pg_locks l
	JOIN relations r ON r.oid = l.relation
	LEFT JOIN session s ON s.pid = l.pid
	LEFT JOIN pg_catalog.pg_locks x
	    ON x.virtualtransaction = l.virtualtransaction
	    AND x.locktype = 'transactionid' AND l.pid IS NULL
	LEFT JOIN pg_catalog.pg_prepared_xacts p
	    ON p.transaction = x.transactionid
	WHERE l.locktype = 'relation'
	    AND l.database = (SELECT oid FROM pg_catalog.pg_database
		WHERE datname = pg_catalog.current_database())
	    AND ($2::pg_catalog.bool
		OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
	    AND CASE WHEN l.pid IS NULL THEN p.gid IS NOT NULL
		ELSE NOT s.gives_way END
	UNION
	SELECT pid, NULL, virtualtransaction
	FROM session
	WHERE $3::pg_catalog.bool AND backend_xmin IS NOT NULL AND NOT apart
), held AS (
	SELECT pid, gid, virtualtransaction,
	    pg_catalog.pg_blocking_pids(pid) AS behind
	FROM found
	WHERE $4::pg_catalog.text[] IS NULL
	    OR virtualtransaction = ANY ($4::pg_catalog.text[])
), doing AS (
	SELECT coalesce(pg_catalog.array_agg(virtualtransaction
	    ORDER BY virtualtransaction), '{}') AS what, false AS waiting
	FROM held
)
