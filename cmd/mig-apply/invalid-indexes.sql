-- Invalid indexes of a table, for which no build is under way.
SELECT i.indexrelid::pg_catalog.regclass
FROM pg_catalog.pg_index i
WHERE i.indrelid = pg_catalog.to_regclass($1) AND NOT i.indisvalid
    AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_stat_progress_create_index p
	WHERE p.index_relid = i.indexrelid)
