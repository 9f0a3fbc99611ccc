-- What was begun is done.
UPDATE :"mig".progress SET state = 'done', at = pg_catalog.clock_timestamp()
WHERE series = $1 AND version IS NOT DISTINCT FROM $2
    AND (version IS NOT NULL OR name = $3) AND statement = $4::int
