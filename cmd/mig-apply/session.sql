-- The settings of the session that decide what a statement does: to see whether
-- one that is no SET has changed them.  The search_path is the text's.
SELECT pg_catalog.concat_ws('; ', pg_catalog.current_setting('search_path'),
    pg_catalog.current_setting('session_authorization'),
    pg_catalog.current_setting('role'),
    pg_catalog.current_setting('row_security'),
    pg_catalog.current_setting('session_replication_role'),
    pg_catalog.current_setting('default_tablespace'),
    pg_catalog.current_setting('default_table_access_method'),
    pg_catalog.current_setting('default_transaction_isolation'),
    pg_catalog.current_setting('default_transaction_read_only'),
    pg_catalog.current_setting('check_function_bodies'),
    pg_catalog.current_setting('standard_conforming_strings'),
    pg_catalog.current_setting('DateStyle'),
    pg_catalog.current_setting('IntervalStyle'),
    pg_catalog.current_setting('TimeZone'))
