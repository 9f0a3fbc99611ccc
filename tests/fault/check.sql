-- What is wrong in a database that was harmed, one line each; then the line
-- `state ROWS PART RAN INVALID KEY`: the rows of the log that the plan :plan has
-- made, the rows of progress, of `ran`, the invalid indexes, and what the history
-- says that is there.  `ran`, `should` and `object` are explained in `plans`.
SET client_min_messages = error;
-- the backends of the run go on until they notice
DO $$
BEGIN
	FOR i IN 1 .. 1000 LOOP
		PERFORM pg_stat_clear_snapshot();
		EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity
		    WHERE datname = current_database()
		    AND backend_type = 'client backend'
		    AND pid <> pg_backend_pid());
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT 'else: a backend stays: ' || query FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid();
SELECT to_regclass('mig.log') IS NULL AS new \gset
\if :new
CREATE TEMP TABLE log (seq bigint, action text, version text, plan text);
CREATE TEMP TABLE progress (action text, version text, statement int, state text);
\else
CREATE TEMP VIEW log AS TABLE mig.log;
CREATE TEMP VIEW progress AS TABLE mig.progress;
SELECT 'else: the chain breaks at ' || l.seq FROM mig.log l
LEFT JOIN mig.log p ON p.seq = l.seq - 1
WHERE l.hash <> mig.row_hash(l) OR l.prev <> coalesce(p.hash, repeat('0', 64))
ORDER BY l.seq;
\endif
-- which steps are done, and which statements of others; d is for down
CREATE TEMP VIEW step AS
    SELECT CASE action WHEN 'revert' THEN 'd' ELSE 'u' END || version AS step
    FROM log WHERE action IN ('apply', 'revert', 'resume');
CREATE TEMP VIEW part AS
    SELECT CASE action WHEN 'revert' THEN 'd' ELSE 'u' END || version
	|| '.' || statement AS what, state
    FROM progress;
CREATE TEMP VIEW said AS
    SELECT what FROM part WHERE state = 'done'
    UNION ALL
    SELECT what FROM (SELECT what FROM should UNION SELECT made FROM object
	UNION SELECT dropped FROM object) every
    WHERE split_part(what, '.', 1) IN (SELECT step FROM step);
SELECT 'doubled: ran twice: ' || what FROM ran GROUP BY what HAVING count(*) > 1
UNION ALL
SELECT 'doubled: recorded twice: ' || step FROM step
GROUP BY step HAVING count(*) > 1
UNION ALL
SELECT 'lost: ran, not recorded: ' || what FROM ran
WHERE what NOT IN (SELECT what FROM said WHERE what IS NOT NULL)
UNION ALL
SELECT 'lost: recorded, did not run: ' || what FROM said JOIN should USING (what)
WHERE what NOT IN (SELECT what FROM ran)
UNION ALL
-- while a statement that is alone is open, either may be
SELECT 'lost: not as recorded: ' || name FROM object
WHERE (to_regclass(name) IS NOT NULL) <>
    (made IN (SELECT what FROM said) AND
	(dropped IS NULL OR dropped NOT IN (SELECT what FROM said
	    WHERE what IS NOT NULL)))
    AND NOT EXISTS (SELECT FROM part
	WHERE state = 'intent' AND what IN (made, dropped));
SELECT 'state', (SELECT count(*) FROM log WHERE plan = :'plan'
	AND action <> 'fail'), (SELECT count(*) FROM part),
    (SELECT count(*) FROM ran),
    (SELECT count(*) FROM pg_index WHERE NOT indisvalid),
    coalesce((SELECT string_agg(step, ' ' ORDER BY seq) FROM (
	SELECT seq, CASE action WHEN 'revert' THEN 'd' ELSE 'u' END || version
	FROM log WHERE action IN ('apply', 'revert', 'resume')) s (seq, step)),
	'none') || coalesce((SELECT ' part ' || string_agg(what
	    || CASE state WHEN 'intent' THEN '?' ELSE '' END, ' ' ORDER BY what)
	FROM part), '');
