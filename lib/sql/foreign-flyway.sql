-- What Flyway has applied: of each version, and of each repeatable, the last
-- row counts, unless that takes it back (undo) or off the record (repair).
-- Rows of type SCHEMA tell who made the schema, and no more.  A version may be
-- spelled in several ways: 1, 01, 1.0.
SELECT CASE WHEN NOT success THEN 'failed'
	WHEN type = 'BASELINE' THEN 'baseline'
	WHEN type IN ('SQL', 'SQL_BASELINE') THEN 'applied'
	ELSE 'code' END,
    CASE WHEN version IS NULL THEN 'repeatable'
	WHEN type = 'SQL_BASELINE' THEN 'baseline'
	ELSE 'versioned' END,
    version, description, checksum::text,
    to_char(installed_on, 'YYYY-MM-DD"T"HH24:MI:SS'), installed_by
FROM (
	SELECT DISTINCT ON (key) * FROM (
		SELECT *, CASE WHEN version IS NULL THEN 'R' || description
		    ELSE regexp_replace(regexp_replace('.' || version,
			E'\\.0+(?=[0-9])', '.', 'g'), E'(\\.0)+$', '') END AS key
		FROM :"table" WHERE type <> 'SCHEMA'
	) every
	ORDER BY key, installed_rank DESC
) last
WHERE NOT (success AND (type = 'DELETE' OR starts_with(type, 'UNDO_')))
ORDER BY installed_rank
