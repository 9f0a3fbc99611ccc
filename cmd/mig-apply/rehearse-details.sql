-- The same of those relations ($1) of which there is something to tell.
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind,
    c.relfilenode, pg_catalog.pg_stat_get_xact_numscans(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_returned(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
    (SELECT indrelid FROM pg_catalog.pg_index
	WHERE indexrelid OPERATOR(pg_catalog.=) c.oid)
FROM pg_catalog.unnest($1::pg_catalog.oid[]) u (oid)
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) u.oid
JOIN pg_catalog.pg_namespace n
    ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.!~~) 'pg_toast%'
