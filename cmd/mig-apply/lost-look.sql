-- What the history knows of a run: the rows of its plan behind a row of the
-- log; how many rows of progress are left.
SELECT (SELECT count(*) FROM :"mig".log WHERE plan = $1 AND seq > $2::bigint
	AND action <> 'fail'),
    (SELECT count(*) FROM :"mig".progress)
