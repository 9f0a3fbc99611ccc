-- A migration is done with: its key is that of the index progress_key.
DELETE FROM :"mig".progress
WHERE series = $1 AND coalesce(version, '') = coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	= CASE WHEN $2 IS NULL THEN $3 ELSE '' END
