INSERT INTO :"mig".progress (series, version, name, action, statement,
    statements, sha256, state)
VALUES ($1, $2, $3, $4, $5::int, $6::int, $7, $8)
ON CONFLICT (series, (coalesce(version, '')), (coalesce(name, '')), statement)
DO UPDATE SET state = excluded.state, at = clock_timestamp()
