-- An index that was to be built ($2) on a table ($1): whether it is there, on
-- this table and valid, its whole name, who is at work on the table, and what
-- makes it.
SELECT c.oid IS NOT NULL, coalesce(x.indrelid = t.oid, false),
    coalesce(x.indisvalid, false),
    pg_catalog.format('%I.%I', n.nspname,
	(pg_catalog.parse_ident($2))[1]::pg_catalog.name),
    (SELECT pg_catalog.string_agg(DISTINCT l.pid::pg_catalog.text, ', ')
     FROM pg_catalog.pg_locks l
     WHERE l.locktype = 'relation' AND l.relation = t.oid
	AND l.mode = 'ShareUpdateExclusiveLock'
	AND l.pid <> pg_catalog.pg_backend_pid()
	AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
	    WHERE d.datname = pg_catalog.current_database())),
    pg_catalog.pg_get_indexdef(x.indexrelid)
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace
    AND c.relname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
WHERE t.oid = pg_catalog.to_regclass($1)
