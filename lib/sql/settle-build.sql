-- An index that was to be built ($2) on a table ($1): whether it is there, on
-- this table and valid, its whole name, who is at work on the table, what
-- makes it, and that once more with its collations and operator classes all
-- named, but with no columns.
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
    pg_catalog.pg_get_indexdef(x.indexrelid),
    (SELECT pg_catalog.format('CREATE INDEX i ON t (%s)',
	pg_catalog.string_agg('k' ||
	    coalesce(' COLLATE ' || pg_catalog.quote_ident(k.collname), '') ||
	    ' ' || pg_catalog.quote_ident(o.opcname), ', ' ORDER BY i))
     FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) i
     JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[i]
     LEFT JOIN pg_catalog.pg_collation k ON k.oid = x.indcollation[i])
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace
    AND c.relname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
WHERE t.oid = pg_catalog.to_regclass($1)
