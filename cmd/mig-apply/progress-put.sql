-- A statement that has begun or is done: never a second time, so that of two
-- that run the same migration one fails.  Where the row is another run's, the
-- state comes out as NULL, which it must not be.
INSERT INTO :"mig".progress AS p (series, version, name, action, statement,
    statements, sha256, state, run)
VALUES ($1, $2, $3, $4, $5::int, $6::int, $7, $8, $9)
ON CONFLICT (series, coalesce(version, ''),
    (CASE WHEN version IS NULL THEN name ELSE '' END), statement)
DO UPDATE SET state = CASE WHEN p.run OPERATOR(pg_catalog.=) excluded.run
	THEN excluded.state END,
    at = pg_catalog.clock_timestamp()
