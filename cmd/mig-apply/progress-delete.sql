-- How far a migration has come: of one statement, or with 0 of all.  The key is
-- that of the index progress_key.
DELETE FROM :"mig".progress
WHERE series = $1 AND coalesce(version, '') = coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	= CASE WHEN $2 IS NULL THEN $3 ELSE '' END
    AND statement >= $4::int
    AND statement <= coalesce(nullif($4::int, 0), 2147483647)
