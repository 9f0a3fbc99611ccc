-- A statement that was begun by this run has left nothing.
DELETE FROM :"mig".progress
WHERE series = $1 AND coalesce(version, '') = coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	= CASE WHEN $2 IS NULL THEN $3 ELSE '' END
    AND statement = $4::int AND run = $5
