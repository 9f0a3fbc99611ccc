-- pg_cron, in the database that it works in.

DO $$
DECLARE
	-- not current_setting(): postgresql.conf may have it for a library that is
	-- not loaded
	home  text := (SELECT s.setting FROM pg_catalog.pg_settings s
	    WHERE s.name = 'cron.database_name');
BEGIN
	IF home IS NULL THEN
		RAISE EXCEPTION 'this server has not loaded pg_cron, as far as this role may see'
		USING ERRCODE = 'feature_not_supported',
		HINT = 'Apply as a superuser or a member of pg_read_all_settings; or put pg_cron into shared_preload_libraries and restart the server.';
	ELSIF home <> current_database() THEN
		RAISE EXCEPTION 'pg_cron works in the database %, this is %', home,
		    current_database()
		USING ERRCODE = 'object_not_in_prerequisite_state',
		HINT = 'Apply these files there, or set cron.database_name.';
	END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS pg_cron;
