-- The relations that are there before anything is rehearsed, and what this
-- backend has counted for them: behind a pooler it may have worked for others.
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind,
    c.relfilenode, pg_catalog.pg_stat_get_xact_numscans(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_returned(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
    (SELECT indrelid FROM pg_catalog.pg_index
	WHERE indexrelid OPERATOR(pg_catalog.=) c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n
    ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
    AND n.nspname OPERATOR(pg_catalog.!~~) 'pg_toast%'
ORDER BY c.oid
