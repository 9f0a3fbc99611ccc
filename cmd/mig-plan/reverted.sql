-- The versions of series $1 that were ever taken back here, since the last
-- clean; those that are applied again are among them.
SELECT DISTINCT version FROM :"mig".log
WHERE series = $1 AND action = 'revert' AND seq > coalesce((
	SELECT max(seq) FROM :"mig".log
	WHERE action = 'exec' AND name = 'clean' AND series IS NULL), 0)
