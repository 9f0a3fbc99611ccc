-- A statement that has begun or is done: never a second time, so that of two
-- that run the same migration one fails.
INSERT INTO :"mig".progress (series, version, name, action, statement,
    statements, sha256, state)
VALUES ($1, $2, $3, $4, $5::int, $6::int, $7, $8)
