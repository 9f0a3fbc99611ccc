-- Whether the server takes changes, which database this is, since when the
-- server runs, the statement timeout of a new session in milliseconds, and its
-- role.
SELECT pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('default_transaction_read_only') = 'on',
    pg_catalog.current_database(),
    extract(epoch FROM pg_catalog.pg_postmaster_start_time()),
    (SELECT s.reset_val FROM pg_catalog.pg_settings s
     WHERE s.name = 'statement_timeout'),
    current_user
