-- What is neither applied nor untouched: last tries that failed, and
-- migrations that stopped part-way.  Of the log, which may be long, only what
-- has a failure or a row of progress is sorted.
WITH part AS (
	SELECT series, coalesce(version, '') AS version,
	    CASE WHEN version IS NULL THEN name ELSE '' END AS key,
	    min(name) AS name, min(action) AS action,
	    max(statements) AS statements,
	    count(*) FILTER (WHERE state = 'done') AS done,
	    count(*) FILTER (WHERE state = 'intent') AS open
	FROM :"mig".progress GROUP BY 1, 2, 3
), tried AS (
	SELECT series, version, key FROM part
	UNION
	SELECT series, coalesce(version, ''),
	    CASE WHEN version IS NULL THEN name ELSE '' END
	FROM :"mig".log WHERE action = 'fail'
), last AS (
	SELECT DISTINCT ON (1, 2, 3) t.series, t.version, t.key,
	    l.name, l.action = 'fail' AS failed, l.error, l.sha256, l.seq
	FROM tried t JOIN :"mig".log l ON l.series = t.series
	    AND coalesce(l.version, '') = t.version
	    AND CASE WHEN l.version IS NULL THEN l.name ELSE '' END = t.key
	WHERE coalesce(kind, '') <> 'callback'
	ORDER BY 1, 2, 3, seq DESC
)
SELECT series, nullif(version, ''), coalesce(last.name, part.name),
    coalesce(last.failed, false), last.error, last.sha256, part.action,
    coalesce(part.done, 0), coalesce(part.statements, 0),
    coalesce(part.open, 0), CASE WHEN last.failed THEN last.seq END
FROM last FULL JOIN part USING (series, version, key)
WHERE last.failed OR part.statements IS NOT NULL
