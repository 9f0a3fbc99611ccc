-- What was begun is done.  The key is that of the index progress_key.
UPDATE :"mig".progress SET state = 'done', at = pg_catalog.clock_timestamp()
WHERE series = $1 AND coalesce(version, '') = coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	= CASE WHEN $2 IS NULL THEN $3 ELSE '' END
    AND statement = $4::int
