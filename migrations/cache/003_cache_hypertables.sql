-- The two caches. What is asked again is inserted again: of the rows of a key
-- the newest counts, the others are outdated. A hypertable cannot have a key
-- that lacks its time, so there is nothing for ON CONFLICT (query_hash).

CREATE TABLE IF NOT EXISTS app_cache.search_results (
	query_hash   text NOT NULL,
	location     text NOT NULL,
	intent       text NOT NULL,
	results_json jsonb NOT NULL,
	metadata     jsonb NOT NULL DEFAULT '{}',
	created_at   timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	PRIMARY KEY (query_hash, created_at)
);

CREATE TABLE IF NOT EXISTS app_cache.location_results (
	location_hash text NOT NULL,
	location      text NOT NULL,
	results_json  jsonb NOT NULL,
	metadata      jsonb NOT NULL DEFAULT '{}',
	created_at    timestamptz NOT NULL DEFAULT now(),
	expires_at    timestamptz NOT NULL,
	PRIMARY KEY (location_hash, created_at)
);

COMMENT ON TABLE app_cache.search_results IS
'What a search gave. The newest row of a query_hash counts, until it expires.';
COMMENT ON COLUMN app_cache.search_results.query_hash IS
'Of the query as it was sent; the application computes it.';
COMMENT ON COLUMN app_cache.search_results.metadata IS
'10 kB of text at most. The answer itself is in results_json, which has no bound.';
COMMENT ON TABLE app_cache.location_results IS
'What a look-up of a location gave. The newest row of a location_hash counts, until it expires.';
COMMENT ON COLUMN app_cache.location_results.location_hash IS
'Of the location as it was asked for; the application computes it.';
COMMENT ON COLUMN app_cache.location_results.metadata IS
'10 kB of text at most. The answer itself is in results_json, which has no bound.';

-- The length as text is one measure always. pg_column_size() would see the
-- value as it was sent in an INSERT and the compressed one in an UPDATE.
-- Columnstore lets no constraint be dropped and made anew, so look first.

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{search_results,location_results}'::text[]
	LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint
		    WHERE conrelid = format('app_cache.%I', name)::regclass
		    AND conname = name || '_metadata_size') THEN
			EXECUTE format('ALTER TABLE app_cache.%I
				ADD CONSTRAINT %I
				CHECK (octet_length(metadata::text) <= 10240),
				ADD CONSTRAINT %I CHECK (expires_at > created_at)',
			    name, name || '_metadata_size',
			    name || '_expires_later');
		END IF;
	END LOOP;
END
$$;

-- For retention without chunks, and for the search of expired rows.

CREATE INDEX IF NOT EXISTS search_results_created_at_idx
	ON app_cache.search_results (created_at DESC);
CREATE INDEX IF NOT EXISTS search_results_expires_at_idx
	ON app_cache.search_results (expires_at);
CREATE INDEX IF NOT EXISTS location_results_created_at_idx
	ON app_cache.location_results (created_at DESC);
CREATE INDEX IF NOT EXISTS location_results_expires_at_idx
	ON app_cache.location_results (expires_at);

-- All times of the cache stand here, once.

CREATE OR REPLACE FUNCTION app_cache.tables()
RETURNS TABLE (name text, key_column text, chunk interval,
	compress_after interval, keep interval)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
	('search_results', 'query_hash', interval '1 day', interval '1 day',
	interval '14 days'),
	('location_results', 'location_hash', interval '3 days',
	interval '3 days', interval '60 days')
$$;

COMMENT ON FUNCTION app_cache.tables() IS
'The caches: how long a chunk is, after how long it is compressed, and after how long it is dropped.';

-- Row security and columnstore exclude each other on one table (0A000), and
-- what a role may do is to be the same on every server. No role here sees some
-- rows of a cache and not others, so row security would add nothing to the
-- grants; columnstore saves up to nine tenths of the disk. So the caches have
-- columnstore and plain grants, and the embeddings, which are no hypertable,
-- have row security (005).

GRANT SELECT ON app_cache.search_results, app_cache.location_results
	TO app_readonly, app_readwrite, app_admin;
GRANT INSERT, UPDATE ON app_cache.search_results, app_cache.location_results
	TO app_readwrite, app_admin;
GRANT DELETE, TRUNCATE ON app_cache.search_results, app_cache.location_results
	TO app_admin;

-- Where one may see the rows that count and no others, grant the view alone.
-- It is a barrier: no function in a reader's WHERE gets to see another row.

CREATE OR REPLACE VIEW app_cache.live_search_results
WITH (security_barrier = true) AS
SELECT r.*
FROM app_cache.search_results r
WHERE r.expires_at > now()
AND NOT EXISTS (SELECT FROM app_cache.search_results newer
	WHERE newer.query_hash = r.query_hash
	AND newer.created_at > r.created_at);

CREATE OR REPLACE VIEW app_cache.live_location_results
WITH (security_barrier = true) AS
SELECT r.*
FROM app_cache.location_results r
WHERE r.expires_at > now()
AND NOT EXISTS (SELECT FROM app_cache.location_results newer
	WHERE newer.location_hash = r.location_hash
	AND newer.created_at > r.created_at);

COMMENT ON VIEW app_cache.live_search_results IS
'The rows that count: not expired, and the newest of their query_hash.';
COMMENT ON VIEW app_cache.live_location_results IS
'The rows that count: not expired, and the newest of their location_hash.';

GRANT SELECT ON app_cache.live_search_results, app_cache.live_location_results
	TO app_readonly, app_readwrite, app_admin;

-- Hypertables. The licence can be asked once the extension is there.

DO $$
DECLARE
	t record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension
	    WHERE extname = 'timescaledb') THEN
		RETURN;
	END IF;
	FOR t IN SELECT *, format('app_cache.%I', name)::regclass AS rel
		FROM app_cache.tables()
	LOOP
		PERFORM create_hypertable(t.rel, 'created_at',
		    chunk_time_interval => t.chunk,
		    create_default_indexes => false,
		    if_not_exists => true, migrate_data => true);
	END LOOP;
END
$$;

-- Columnstore. Within a chunk rows are sorted by key, so the first and last key
-- of each batch find the few that a look-up has to open. Sparse indexes do the
-- same for the other columns that are asked for. TimescaleDB before 2.22 has
-- none to choose; it makes its own where there is an ordinary index.

DO $$
DECLARE
	t     record;
	first text;
	had   boolean;
BEGIN
	IF coalesce(current_setting('timescaledb.license', true), 'apache')
	    = 'apache' THEN
		RETURN;
	END IF;
	FOR t IN SELECT *, format('app_cache.%I', name)::regclass AS rel
		FROM app_cache.tables()
	LOOP
		SELECT compression_enabled INTO had
		FROM timescaledb_information.hypertables
		WHERE hypertable_schema = 'app_cache' AND hypertable_name = t.name;
		IF NOT had THEN
			first := format('ALTER TABLE %s SET (
			    timescaledb.enable_columnstore = true,
			    timescaledb.orderby = %L', t.rel,
			    t.key_column || ', created_at DESC');
			BEGIN
				EXECUTE first || ', timescaledb.sparse_index =
				    ''bloom(location),minmax(expires_at)'')';
			EXCEPTION WHEN invalid_parameter_value
			    OR undefined_object OR feature_not_supported THEN
				EXECUTE first || ')';
			END;
		END IF;
		CALL add_columnstore_policy(t.rel, after => t.compress_after,
		    schedule_interval => interval '30 minutes',
		    if_not_exists => true);
		PERFORM add_retention_policy(t.rel, t.keep,
		    schedule_interval => interval '1 hour',
		    if_not_exists => true);
	END LOOP;
END
$$;

-- A batch has 1,000 rows unless it is told otherwise. Of answers of 1 MB that is
-- more than the 1 GB that a batch can have, and then the chunk is never
-- compressed; and a look-up unpacks all of its batch. The setting is read by
-- the session that compresses, so the jobs take it from the database.

DO $$
DECLARE
	setting record;
BEGIN
	IF coalesce(current_setting('timescaledb.license', true), 'apache')
	    = 'apache' THEN
		RETURN;
	END IF;
	FOR setting IN
		SELECT name, value
		FROM (VALUES
		    ('timescaledb.compression_batch_size_limit', '100'),
		    ('timescaledb.enable_compressor_batch_limit', 'on')
		    ) AS s (name, value)
		WHERE current_setting(name, true) IS NOT NULL
	LOOP
		EXECUTE format('ALTER DATABASE %I SET %s = %s',
		    current_database(), setting.name, setting.value);
	END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING 'cache: batches of columnstore keep their size: %', SQLERRM
	    USING HINT = 'chunks of large answers may not be compressed';
END
$$;

-- Maintenance: expired and outdated rows go, and old ones where no policy sees
-- to them. It may be called by anybody's clock: TimescaleDB's jobs give it the
-- two arguments, pg_cron and cron give none.

CREATE TABLE IF NOT EXISTS app_monitoring.maintenance_runs (
	started_at  timestamptz PRIMARY KEY,
	finished_at timestamptz NOT NULL,
	dropped     bigint NOT NULL,
	deleted     bigint NOT NULL
);

COMMENT ON TABLE app_monitoring.maintenance_runs IS
'The runs of app_cache.maintain() of the last 60 days. One that failed has left no row.';
COMMENT ON COLUMN app_monitoring.maintenance_runs.dropped IS
'How many chunks were dropped; on a server without chunks, how many old rows.';
COMMENT ON COLUMN app_monitoring.maintenance_runs.deleted IS
'How many rows were expired or outdated.';

CREATE OR REPLACE PROCEDURE app_cache.maintain(
	job_id integer DEFAULT NULL, config jsonb DEFAULT NULL)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	started    timestamptz := clock_timestamp();
	dropped    bigint := 0;
	deleted    bigint := 0;
	n          bigint;
	t          record;
	stale      text;
	r          record;
	hypertable boolean;
	packed     boolean;
	extension  text;
BEGIN
	SELECT n.nspname INTO extension FROM pg_extension e
	JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'timescaledb';

	FOR t IN SELECT *, format('app_cache.%I', name)::regclass AS rel
		FROM app_cache.tables()
	LOOP
		hypertable := false;
		packed := false;
		IF extension IS NOT NULL THEN
			SELECT h.compression_enabled INTO packed
			FROM timescaledb_information.hypertables h
			WHERE h.hypertable_schema = 'app_cache'
			AND h.hypertable_name = t.name;
			hypertable := FOUND;
		END IF;

		-- too old
		IF NOT hypertable THEN
			EXECUTE format('DELETE FROM %s WHERE created_at < $1', t.rel)
			USING now() - t.keep;
			GET DIAGNOSTICS n = ROW_COUNT;
			dropped := dropped + n;
		ELSIF NOT EXISTS (SELECT FROM timescaledb_information.jobs j
		    WHERE j.proc_name = 'policy_retention'
		    AND j.hypertable_schema = 'app_cache'
		    AND j.hypertable_name = t.name) THEN
			EXECUTE format('SELECT count(*)
			    FROM %I.drop_chunks($1, older_than => $2)', extension)
			INTO n USING t.rel, t.keep;
			dropped := dropped + n;
		END IF;

		-- expired or outdated
		stale := format('(r.expires_at <= now() OR EXISTS (
		    SELECT FROM %1$s newer WHERE newer.%2$I = r.%2$I
		    AND newer.created_at > r.created_at))', t.rel, t.key_column);
		IF packed THEN
			-- A DELETE unpacks every batch that its constants do
			-- not rule out. So look first, and name the rows.
			FOR r IN EXECUTE format('SELECT %I AS key, created_at
			    FROM %s r WHERE %s ORDER BY 1, 2', t.key_column,
			    t.rel, stale)
			LOOP
				EXECUTE format('DELETE FROM %s WHERE %I = %L
				    AND created_at = %L', t.rel, t.key_column,
				    r.key, r.created_at);
				GET DIAGNOSTICS n = ROW_COUNT;
				deleted := deleted + n;
			END LOOP;
		ELSE
			EXECUTE format('DELETE FROM %s r WHERE %s', t.rel, stale);
			GET DIAGNOSTICS n = ROW_COUNT;
			deleted := deleted + n;
		END IF;
	END LOOP;

	DELETE FROM app_monitoring.maintenance_runs
	WHERE started_at < now() - interval '60 days';
	INSERT INTO app_monitoring.maintenance_runs
	VALUES (started, clock_timestamp(), dropped, deleted);
END
$$;

COMMENT ON PROCEDURE app_cache.maintain(integer, jsonb) IS
'Delete expired and outdated rows, and drop what is too old where no retention policy does. To be called every hour.';

REVOKE ALL ON PROCEDURE app_cache.maintain(integer, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION app_cache.tables() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE app_cache.maintain(integer, jsonb) TO app_admin;

DO $$
BEGIN
	IF coalesce(current_setting('timescaledb.license', true), 'apache')
	    <> 'apache' THEN
		IF NOT EXISTS (SELECT FROM timescaledb_information.jobs
		    WHERE proc_schema = 'app_cache' AND proc_name = 'maintain') THEN
			PERFORM add_job('app_cache.maintain', interval '1 hour');
		END IF;
	ELSIF has_schema_privilege(to_regnamespace('cron')::oid, 'USAGE') THEN
		IF NOT EXISTS (SELECT FROM cron.job
		    WHERE jobname = 'app_cache.maintain') THEN
			PERFORM cron.schedule('app_cache.maintain', '0 * * * *',
			    'CALL app_cache.maintain()');
		END IF;
	ELSE
		RAISE WARNING 'cache: nothing on this server calls app_cache.maintain()'
		    USING HINT = format('in a crontab: 0 * * * *  psql -qd %s -c ''CALL app_cache.maintain()''',
		    current_database());
	END IF;
END
$$;
