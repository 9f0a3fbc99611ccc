-- What the watch connection begins with.  It is READ COMMITTED, since an idle
-- transaction of that kind keeps no snapshot that CREATE INDEX CONCURRENTLY
-- would wait for; all is of this transaction alone, since behind a pooler the
-- session may be another's next; and no table is read, of which a lock would
-- stay.  Whoever keeps a table of the history locked is not waited for without
-- end.  Rows that a policy hides are refused, not left out.
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL TimeZone = 'UTC';
SET LOCAL client_min_messages = 'error';
SET LOCAL row_security = off;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '10s';
SELECT pg_catalog.set_config('transaction_timeout', '0', true)
WHERE pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL;
SELECT pg_catalog.pg_backend_pid()
