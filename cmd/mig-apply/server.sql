-- Whether the server takes changes, which database this is, and since when the
-- server runs.
SELECT pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('default_transaction_read_only') = 'on',
    pg_catalog.current_database(),
    extract(epoch FROM pg_catalog.pg_postmaster_start_time())
