-- Who may do what. Nobody is let in by PUBLIC.
--
--                      raw              silver, gold      partman
--   timeseries_reader  -                reads            -
--   timeseries_writer  adds and reads   -                -
--   timeseries_admin   owns             owns             uses
--
-- The administrator owns tables and partitions, since nobody else can attach or
-- drop a partition; procedures that commit cannot be SECURITY DEFINER.

REVOKE ALL ON SCHEMA raw, silver, gold, partman FROM PUBLIC;

GRANT USAGE ON SCHEMA silver, gold TO timeseries_reader;
GRANT USAGE ON SCHEMA raw TO timeseries_writer;
GRANT USAGE, CREATE ON SCHEMA raw, silver, gold, partman TO timeseries_admin;

-- Tables to come: of whoever runs these files, and of the administrator.

ALTER DEFAULT PRIVILEGES IN SCHEMA raw
	GRANT SELECT, INSERT ON TABLES TO timeseries_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE timeseries_admin IN SCHEMA raw
	GRANT SELECT, INSERT ON TABLES TO timeseries_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA silver
	GRANT SELECT ON TABLES TO timeseries_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE timeseries_admin IN SCHEMA silver
	GRANT SELECT ON TABLES TO timeseries_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA gold
	GRANT SELECT ON TABLES TO timeseries_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE timeseries_admin IN SCHEMA gold
	GRANT SELECT ON TABLES TO timeseries_reader;

-- What pg_partman has made already: its configuration and its functions.

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman
	TO timeseries_admin;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO timeseries_admin;

-- Maintenance keeps rows of the default partition aside in a temporary table.

DO $$
BEGIN
	EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO timeseries_admin',
	    current_database());
END
$$;
