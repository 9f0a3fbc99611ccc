-- Who runs this very statement ($1) still: a backend goes on after its client
-- is gone.  The server keeps the beginning of a long text only.
SELECT pg_catalog.string_agg(a.pid::pg_catalog.text, ', ' ORDER BY a.pid)
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.state = 'active'
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND (a.query = $1 OR (pg_catalog.starts_with($1, a.query)
	AND pg_catalog.octet_length(a.query) > 90))
