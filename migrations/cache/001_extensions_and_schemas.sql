-- Extensions and schemas. Nothing stands in for pgvector, so say so before
-- anything is made.

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions
	    WHERE name = 'vector') THEN
		RAISE EXCEPTION 'the embeddings need the extension "vector" (pgvector), which this server does not have'
		    USING ERRCODE = 'feature_not_supported',
		    HINT = format('install the package postgresql-%s-pgvector on the server and apply again',
		    current_setting('server_version_num')::int / 10000);
	END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS vector;

-- TimescaleDB is for the cache: with its community licence chunks, columnstore
-- and jobs, with the Apache licence chunks alone, without it plain tables.
-- Where its library is not loaded at start, CREATE EXTENSION closes the
-- connection: so look first, at a setting that the library brings.

DO $$
DECLARE
	reason text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions
	    WHERE name = 'timescaledb') THEN
		reason := 'it is not on this server';
	ELSIF current_setting('timescaledb.max_background_workers', true)
	    IS NULL THEN
		reason := 'it is not in shared_preload_libraries';
	ELSE
		BEGIN
			CREATE EXTENSION IF NOT EXISTS timescaledb;
		EXCEPTION WHEN insufficient_privilege THEN
			reason := SQLERRM;
		END;
	END IF;
	IF reason IS NOT NULL THEN
		RAISE WARNING 'cache: going on without timescaledb: %', reason
		    USING HINT = 'the cache will be plain tables';
	ELSIF current_setting('timescaledb.license') = 'apache' THEN
		RAISE WARNING 'cache: going on without columnstore and jobs: TimescaleDB is under its Apache licence'
		    USING HINT = 'the cache will have chunks, not compressed';
	END IF;
END
$$;

-- Without TimescaleDB's jobs pg_cron calls the maintenance, where this is the
-- database that it works in.

DO $$
BEGIN
	IF current_database() = current_setting('cron.database_name', true)
	    AND coalesce(current_setting('timescaledb.license', true), 'apache')
	    = 'apache' THEN
		CREATE EXTENSION IF NOT EXISTS pg_cron;
	END IF;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING 'cache: going on without pg_cron: %', SQLERRM;
END
$$;

-- The other files name types and functions of both extensions without a
-- schema, wherever they were installed.

DO $$
DECLARE
	ext record;
BEGIN
	FOR ext IN
		SELECT e.extname, n.nspname
		FROM pg_catalog.pg_extension e
		JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname IN ('vector', 'timescaledb')
		AND n.nspname <> ALL (current_schemas(false))
	LOOP
		RAISE EXCEPTION 'the extension "%" is in schema %, which is not in the search_path',
		    ext.extname, ext.nspname
		    USING ERRCODE = 'undefined_object',
		    HINT = format('ALTER DATABASE %I SET search_path = "$user", public, %I; and connect again',
		    current_database(), ext.nspname);
	END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS app_cache;
CREATE SCHEMA IF NOT EXISTS app_embeddings;
CREATE SCHEMA IF NOT EXISTS app_monitoring;

COMMENT ON SCHEMA app_cache IS
'Answers of slow services, each with a time when it expires.';
COMMENT ON SCHEMA app_embeddings IS
'Places, to be found by meaning.';
COMMENT ON SCHEMA app_monitoring IS
'Views for dashboards; all roles may read them.';

-- Who can make objects in public can put a function in the way of others'
-- queries. Revoking what somebody else granted is no error, so look.

DO $$
BEGIN
	IF to_regnamespace('public') IS NULL THEN
		RETURN;
	END IF;
	REVOKE CREATE ON SCHEMA public FROM PUBLIC;
	IF EXISTS (SELECT FROM pg_catalog.pg_namespace n,
	    aclexplode(n.nspacl) AS acl
	    WHERE n.nspname = 'public' AND acl.grantee = 0
	    AND acl.privilege_type = 'CREATE') THEN
		RAISE EXCEPTION 'everybody can still create objects in schema public'
		    USING ERRCODE = 'insufficient_privilege',
		    HINT = format('its owner %s runs REVOKE CREATE ON SCHEMA public FROM PUBLIC',
		    (SELECT nspowner::regrole FROM pg_catalog.pg_namespace
		    WHERE nspname = 'public'));
	END IF;
END
$$;
