-- The versions of series $1 that were taken back here, and not applied since.
SELECT DISTINCT version FROM :"mig".log l
WHERE series = $1 AND action = 'revert' AND seq > coalesce((
	SELECT max(seq) FROM :"mig".log
	WHERE action = 'exec' AND name = 'clean' AND series IS NULL), 0)
    AND NOT EXISTS (
	SELECT FROM :"mig".applied a
	WHERE a.series = l.series AND a.version = l.version)
