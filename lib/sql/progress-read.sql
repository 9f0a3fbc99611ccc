-- The statements of a migration that are done or were begun.
SELECT statement, sha256, state = 'intent', session FROM :"mig".progress
WHERE series = $1 AND coalesce(version, '') = coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	= CASE WHEN $2 IS NULL THEN $3 ELSE '' END
ORDER BY statement
