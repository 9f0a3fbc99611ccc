-- How many rows the log has and the hash of the last; whether one has the hash
-- $1; the first row that does not continue the one before, and why; which
-- trigger that keeps the log as it is does not.
WITH link AS MATERIALIZED (
	SELECT l.seq, l.prev, l.hash, :"mig".row_hash(l) AS computed,
	    lag(l.seq, 1, 0::bigint) OVER w AS seq_before,
	    lag(l.hash, 1, repeat('0', 64)) OVER w AS hash_before
	FROM :"mig".log l WINDOW w AS (ORDER BY l.seq)
), broken AS (
	SELECT seq, seq_before, CASE WHEN seq <> seq_before + 1 THEN 'gap'
	    WHEN hash <> computed THEN 'hash' ELSE 'prev' END AS why
	FROM link
	WHERE seq <> seq_before + 1 OR hash <> computed OR prev <> hash_before
	ORDER BY seq LIMIT 1
)
SELECT (SELECT count(*) FROM link),
    (SELECT hash FROM link ORDER BY seq DESC LIMIT 1),
    $1::text IS NULL OR $1 IN (SELECT hash FROM link),
    b.seq, b.seq_before, b.why,
    (SELECT t.name FROM (VALUES ('append'), ('refuse')) t (name)
     WHERE NOT EXISTS (
	SELECT FROM pg_trigger g
	WHERE g.tgrelid = $log$:"mig".log$log$::regclass AND g.tgname = t.name
	    AND g.tgenabled = 'A')
     ORDER BY t.name LIMIT 1)
FROM (VALUES (1)) one (row) LEFT JOIN broken b ON true
