-- Roles, which belong to the whole server: those that are there stay as they
-- are. What each may do is in the next file.

DO $do$
DECLARE
	wanted  record;
BEGIN
	FOR wanted IN
		SELECT * FROM (VALUES
		    ('timeseries_reader', 'reads rollups'),
		    ('timeseries_writer', 'adds raw rows'),
		    ('timeseries_admin', 'owns tables, runs rollups and maintenance')
		    ) AS w (name, purpose)
	LOOP
		IF to_regrole(wanted.name) IS NULL THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', wanted.name);
			EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.purpose);
		END IF;
	END LOOP;

	-- The one that logs in. Its password is a variable, given when the plan is
	-- applied, and may be a SCRAM verifier, so that the server never sees it in
	-- clear. It is set once: a new one is no migration.
	IF to_regrole('timeseries_app') IS NULL THEN
		EXECUTE format('CREATE ROLE timeseries_app LOGIN PASSWORD %L',
		    $password$${app_password}$password$);
		COMMENT ON ROLE timeseries_app IS 'the application: reads rollups, adds raw rows';
	END IF;
END
$do$;

GRANT timeseries_reader, timeseries_writer TO timeseries_app;
GRANT timeseries_reader, timeseries_writer TO timeseries_admin;
