-- Whether the server takes changes, and which database this is.
SELECT pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('default_transaction_read_only') = 'on',
    pg_catalog.current_database()
