-- Extensions. The first file has seen to it that the server has these four.

CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;
CREATE EXTENSION IF NOT EXISTS ltree WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS hypopg WITH SCHEMA public;

-- pg_cron works in one database of a server. Mostly that is another one, and
-- the directory postgres is for that; this is the case of a server of one.

DO $$
DECLARE
	-- not current_setting(): postgresql.conf may have it for a library that is
	-- not loaded
	home  text := (SELECT s.setting FROM pg_catalog.pg_settings s
	    WHERE s.name = 'cron.database_name');
BEGIN
	IF home IS NULL THEN
		RAISE NOTICE 'pg_cron is not loaded by this server: call silver.perform_rollups(), silver.handle_rollup_retries() and silver.maintain_timeseries_tables() by other means';
	ELSIF home <> current_database() THEN
		RAISE NOTICE 'pg_cron is not set up here: its jobs are kept in the database %', home;
	ELSE
		CREATE EXTENSION IF NOT EXISTS pg_cron;
	END IF;
END
$$;
