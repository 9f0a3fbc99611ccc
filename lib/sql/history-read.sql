-- The applied set, with what the log says of it but the texts.
SELECT a.series, a.version, a.name, a.kind, a.mode, a.sha256, a.path,
    a.down_sha256, a.down_path, a.convention, a.seq, a.action,
    to_char(a.finished AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    a.db_user,
    (extract(epoch FROM a.finished - a.started) * 1000)::bigint
FROM :"mig".applied a
ORDER BY a.seq
