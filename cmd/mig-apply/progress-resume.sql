-- What was open is done, or, from statement $4 on, runs again.  It is ours now: the
-- run that began it may be there still, and must not be the one that records it
-- or says that it left nothing.
UPDATE :"mig".progress SET run = $5, at = pg_catalog.clock_timestamp(),
    state = CASE WHEN statement OPERATOR(pg_catalog.<) $4::int THEN 'done'
	ELSE state END
WHERE series OPERATOR(pg_catalog.=) $1
    AND coalesce(version, '') OPERATOR(pg_catalog.=) coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	OPERATOR(pg_catalog.=) CASE WHEN $2 IS NULL THEN $3 ELSE '' END
    AND state OPERATOR(pg_catalog.=) 'intent'
