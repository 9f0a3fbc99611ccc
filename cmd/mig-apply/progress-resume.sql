-- What was open is done, or runs again from statement $4 on.
WITH again AS (
	DELETE FROM :"mig".progress
	WHERE series = $1 AND version IS NOT DISTINCT FROM $2
	    AND (version IS NOT NULL OR name = $3) AND statement >= $4::int
)
UPDATE :"mig".progress SET state = 'done', at = pg_catalog.clock_timestamp()
WHERE series = $1 AND version IS NOT DISTINCT FROM $2
    AND (version IS NOT NULL OR name = $3) AND statement < $4::int
    AND state = 'intent'
