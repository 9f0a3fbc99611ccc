-- The timeouts of the session, in milliseconds, and whether a SET of the text
-- made them so.  Before 17 there is no transaction_timeout.
SELECT name, setting, source = 'session'
FROM pg_catalog.pg_settings
WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout')
