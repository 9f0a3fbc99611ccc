-- What the history knows of a run: the rows of its plan behind a row of the
-- log; how many rows of progress are left of the migration $3 to $5.
SELECT (SELECT count(*) FROM :"mig".log WHERE plan = $1 AND seq > $2::bigint
	AND action <> 'fail'),
    (SELECT count(*) FROM :"mig".progress
    WHERE series = $3 AND coalesce(version, '') = coalesce($4, '')
	AND CASE WHEN version IS NULL THEN name ELSE '' END
	    = CASE WHEN $4 IS NULL THEN $5 ELSE '' END)
