-- The invalid indexes of a table ($1): of which REINDEX CONCURRENTLY leaves
-- some ($2), by the names that it gives them, those of its TOAST table too;
-- $1 may be one of its indexes, or a schema ($3), or null for all tables.
SELECT pg_catalog.string_agg(i.indexrelid::pg_catalog.regclass::pg_catalog.text,
    ', ' ORDER BY c.relname)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid
    AND ($2 = 'f' OR c.relname ~ '_cc(new|old)[0-9]*$')
    AND CASE WHEN $1::pg_catalog.text IS NULL THEN true
	WHEN $3 = 't' THEN n.nspname = (pg_catalog.parse_ident($1))[1]::pg_catalog.name
	ELSE i.indrelid IN (
	    SELECT t.oid FROM pg_catalog.pg_class t
	    WHERE t.oid = pg_catalog.to_regclass($1)
	UNION ALL
	    SELECT t.reltoastrelid FROM pg_catalog.pg_class t
	    WHERE t.oid = pg_catalog.to_regclass($1)
	UNION ALL
	    SELECT x.indrelid FROM pg_catalog.pg_index x
	    WHERE x.indexrelid = pg_catalog.to_regclass($1))
	END
