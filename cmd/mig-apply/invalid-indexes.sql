-- The index of a table, if it is invalid and no build of it is under way.
SELECT i.indexrelid::pg_catalog.regclass
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = pg_catalog.to_regclass($1) AND NOT i.indisvalid
    AND c.relname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
    AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_stat_progress_create_index p
	WHERE p.index_relid = i.indexrelid)
