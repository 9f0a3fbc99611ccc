-- What is neither applied nor untouched: last tries that failed, and
-- migrations that stopped part-way.
WITH last AS (
	SELECT DISTINCT ON (1, 2, 3) series, coalesce(version, '') AS version,
	    CASE WHEN version IS NULL THEN name ELSE '' END AS key,
	    name, action = 'fail' AS failed, error, sha256, seq
	FROM :"mig".log
	WHERE series IS NOT NULL AND coalesce(kind, '') <> 'callback'
	ORDER BY 1, 2, 3, seq DESC
), part AS (
	SELECT series, coalesce(version, '') AS version,
	    CASE WHEN version IS NULL THEN name ELSE '' END AS key,
	    min(name) AS name, min(action) AS action,
	    max(statements) AS statements,
	    count(*) FILTER (WHERE state = 'done') AS done,
	    count(*) FILTER (WHERE state = 'intent') AS open
	FROM :"mig".progress GROUP BY 1, 2, 3
)
SELECT series, nullif(version, ''), coalesce(last.name, part.name),
    coalesce(last.failed, false), last.error, last.sha256, part.action,
    coalesce(part.done, 0), coalesce(part.statements, 0),
    coalesce(part.open, 0), CASE WHEN last.failed THEN last.seq END
FROM last FULL JOIN part USING (series, version, key)
WHERE last.failed OR part.statements IS NOT NULL
ORDER BY 1, 2, 3
