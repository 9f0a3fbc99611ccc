-- The tables that may be another tool's history: $1 is [SCHEMA.]TABLE as SQL
-- has it; where it is null, $3 in schema $2, or in any where that is null too.
SELECT n.nspname, c.relname,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM (
	SELECT CASE WHEN $1::text IS NULL THEN $2::text
		WHEN cardinality(part) > 1 THEN part[1] END AS schema,
	    CASE WHEN $1 IS NULL THEN $3::text
		ELSE part[cardinality(part)] END AS name
	FROM (SELECT parse_ident($1) AS part) p
) wanted
JOIN pg_class c ON c.relname = wanted.name
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_namespace n ON n.oid = c.relnamespace
    AND (wanted.schema IS NULL OR n.nspname = wanted.schema)
    AND NOT starts_with(n.nspname, 'pg_temp_')
ORDER BY 1, 2
