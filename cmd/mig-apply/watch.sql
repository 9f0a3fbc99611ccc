-- What the watch connection begins with.  It is READ COMMITTED, since an idle
-- transaction of that kind keeps no snapshot that CREATE INDEX CONCURRENTLY
-- would wait for; the savepoint is where each question goes back to, so that
-- none leaves a lock behind.
SET search_path = '';
SET TimeZone = 'UTC';
SET client_min_messages = 'error';
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('transaction_timeout', 'idle_session_timeout');
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0
