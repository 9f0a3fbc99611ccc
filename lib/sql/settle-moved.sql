-- The indexes of a name ($1), each with its table: that may have been renamed,
-- or moved to another schema.
SELECT pg_catalog.string_agg(pg_catalog.format('%s of table %s',
    i.indexrelid::pg_catalog.regclass, i.indrelid::pg_catalog.regclass), ', ')
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE c.relname = (pg_catalog.parse_ident($1))[1]::pg_catalog.name
    AND c.oid >= 16384
