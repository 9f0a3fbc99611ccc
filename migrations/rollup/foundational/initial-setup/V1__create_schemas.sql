-- The four schemas of the system. Before that a look at the server: what has
-- no substitute is one error here, and not the third file's surprise.

DO $$
DECLARE
	missing  text;
	partman  text;
BEGIN
	SELECT string_agg(w.name, ', ' ORDER BY w.name) INTO missing
	FROM unnest('{btree_gin,hypopg,ltree,pg_partman}'::text[]) AS w (name)
	WHERE w.name NOT IN (SELECT a.name FROM pg_catalog.pg_available_extensions a);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'the rollup system needs extensions that this server does not have: %', missing
		USING ERRCODE = 'feature_not_supported',
		HINT = format('On Debian they are in postgresql-contrib, postgresql-%1$s-partman and postgresql-%1$s-hypopg.',
		    current_setting('server_version_num')::integer / 10000);
	END IF;
	IF current_setting('server_version_num')::integer < 150000 THEN
		RAISE EXCEPTION 'the rollup system needs PostgreSQL 15 or later, this is %',
		    current_setting('server_version')
		USING ERRCODE = 'feature_not_supported',
		HINT = 'A group may have a dimension that is NULL: its key is UNIQUE NULLS NOT DISTINCT.';
	END IF;
	SELECT coalesce(a.installed_version, a.default_version) INTO partman
	FROM pg_catalog.pg_available_extensions a WHERE a.name = 'pg_partman';
	IF split_part(partman, '.', 1)::integer < 5 THEN
		RAISE EXCEPTION 'the rollup system needs pg_partman 5 or later, this is %', partman
		USING ERRCODE = 'feature_not_supported',
		HINT = 'create_parent() of version 4 has other parameters.';
	END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS gold;
CREATE SCHEMA IF NOT EXISTS partman;

COMMENT ON SCHEMA raw IS 'Rows as they come in, partitioned by time.';
COMMENT ON SCHEMA silver IS 'Rollups of raw tables, and the functions and tables that keep them.';
COMMENT ON SCHEMA gold IS 'Rollups of rollups, for reports.';
COMMENT ON SCHEMA partman IS 'The extension pg_partman, and nothing else.';
