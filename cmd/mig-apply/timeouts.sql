-- The timeouts of the session, in milliseconds, and whether a SET of the text
-- made them so.  Before 17 there is no transaction_timeout.  The search_path is
-- the text's.
SELECT name, setting, source OPERATOR(pg_catalog.=) 'session'
FROM pg_catalog.pg_settings
WHERE name OPERATOR(pg_catalog.=) ANY ('{lock_timeout, statement_timeout,
    transaction_timeout}')
