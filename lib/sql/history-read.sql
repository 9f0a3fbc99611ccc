-- The applied set, with what the log says of it but the texts.
SELECT a.series, a.version, a.name, a.kind, a.mode, a.sha256, a.path,
    a.down_sha256, a.down_path, a.convention, a.seq, a.action,
    to_char(a.finished AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    a.db_user,
    (extract(epoch FROM a.finished - a.started) * 1000)::bigint,
    CASE WHEN a.action <> 'accept' THEN a.seq ELSE (
	SELECT max(l.seq) FROM :"mig".log l
	WHERE l.series = a.series AND l.version IS NOT DISTINCT FROM a.version
	    AND (l.version IS NOT NULL OR l.name = a.name) AND l.seq < a.seq
	    AND l.action IN ('apply', 'repeat', 'resume', 'baseline', 'adopt')
    ) END
FROM :"mig".applied a
ORDER BY a.seq
