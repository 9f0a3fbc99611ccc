-- Whether an index that was to be dropped is there.
SELECT pg_catalog.to_regclass($1) IS NOT NULL
