-- The applied set, with what the log says of it but the texts: the rows of the
-- view "applied", and with each the row that made it applied, which an accepted
-- text came behind.  To look for that row by row would take the square of the
-- time.
SELECT l.series, l.version, l.name, l.kind, l.mode, l.sha256, l.path,
    l.down_sha256, l.down_path, l.convention, l.seq, l.action,
    to_char(l.finished AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    l.db_user,
    (extract(epoch FROM l.finished - l.started) * 1000)::bigint,
    last.since
FROM :"mig".log l JOIN (
	SELECT max(seq) AS seq,
	    max(seq) FILTER (WHERE action NOT IN ('accept', 'revert')) AS since
	FROM :"mig".log
	WHERE action IN ('apply', 'repeat', 'revert', 'resume', 'baseline',
	    'adopt', 'accept') AND seq > coalesce((
		SELECT max(seq) FROM :"mig".log
		WHERE action = 'exec' AND name = 'clean'
		    AND series IS NULL), 0)
	GROUP BY series, version, CASE WHEN version IS NULL THEN name END
) last USING (seq)
WHERE l.action <> 'revert'
