-- End a backend that may still be at work for us, and say whether it is there.  In
-- a server that was started since, it is another's by now.
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE pid = $1::int AND pid <> pg_catalog.pg_backend_pid()
    AND datname = pg_catalog.current_database() AND usename = session_user
    AND extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text = $2
