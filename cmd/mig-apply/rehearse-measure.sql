-- How far the transaction at hand has come: one row for each relation that it
-- has a lock on, at least one row.  It is asked between the statements of
-- migrations, whose search_path must not matter: all names are qualified, those
-- of operators too.
SELECT l.relation, CASE WHEN c.relname IS NOT NULL THEN
	pg_catalog.format('%I.%I', n.nspname, c.relname) END, c.relkind, l.mode,
    c.relfilenode, pg_catalog.pg_stat_get_xact_numscans(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_returned(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
    (SELECT indrelid FROM pg_catalog.pg_index
	WHERE indexrelid OPERATOR(pg_catalog.=) c.oid),
    s.wal, s.transaction, s.enums, s.counts
FROM (SELECT pg_catalog.pg_wal_lsn_diff(
	    pg_catalog.pg_current_wal_insert_lsn(),
	    '0/0'::pg_catalog.pg_lsn) AS wal,
	(SELECT virtualtransaction FROM pg_catalog.pg_locks
	    WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
	    LIMIT 1) AS transaction,
	(SELECT pg_catalog.count(*) FROM pg_catalog.pg_enum
	    WHERE xmin OPERATOR(pg_catalog.=) pg_catalog.xid(
	    pg_catalog.pg_current_xact_id_if_assigned())) AS enums,
	pg_catalog.current_setting('track_counts') AS counts
    ) s
LEFT JOIN (SELECT relation, pg_catalog.max(pg_catalog.array_position(ARRAY[
	    'AccessShareLock', 'RowShareLock', 'RowExclusiveLock',
	    'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
	    'ExclusiveLock', 'AccessExclusiveLock'], mode)) AS mode
	FROM pg_catalog.pg_locks
	WHERE locktype OPERATOR(pg_catalog.=) 'relation' AND granted
	    AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
	    AND relation OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
	    AND database OPERATOR(pg_catalog.=) (SELECT oid
		FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=)
		pg_catalog.current_database())
	GROUP BY relation
    ) l ON true
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation
LEFT JOIN pg_catalog.pg_namespace n
    ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname IS NULL OR n.nspname OPERATOR(pg_catalog.!~~) 'pg_toast%'
ORDER BY l.relation
