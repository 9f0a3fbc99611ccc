-- An index that was to be dropped: whether it is there, who is at work on its
-- table, whether its name alone may have meant an index of another schema, and
-- whether it is invalid, as it is once the drop has begun.
SELECT r.oid IS NOT NULL,
    (SELECT pg_catalog.string_agg(DISTINCT l.pid::pg_catalog.text, ', ')
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_index i ON i.indrelid = l.relation
     WHERE l.locktype = 'relation' AND i.indexrelid = r.oid
	AND l.mode = 'ShareUpdateExclusiveLock'
	AND l.pid <> pg_catalog.pg_backend_pid()
	AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
	    WHERE d.datname = pg_catalog.current_database())),
    pg_catalog.cardinality(pg_catalog.parse_ident($1)) = 1
	AND pg_catalog.cardinality(pg_catalog.current_schemas(false)) > 1,
    EXISTS (SELECT FROM pg_catalog.pg_index i
	WHERE i.indexrelid = r.oid AND NOT i.indisvalid)
FROM (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid) r
