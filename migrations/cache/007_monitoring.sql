-- Views for dashboards. They have the same columns on every server; what a
-- server does not do is zero or NULL there.
--
-- A view reads its tables with the rights of its owner, but calls functions as
-- its reader: so these run with the owner's rights, too, and all may call them.

CREATE OR REPLACE FUNCTION app_monitoring.chunk_figures()
RETURNS TABLE (cache text, storage text, total_chunks bigint,
	compressed_chunks bigint, bytes bigint, before_bytes bigint,
	after_bytes bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t         record;
	extension text;
	packed    boolean;
BEGIN
	SELECT quote_ident(n.nspname) INTO extension FROM pg_extension e
	JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'timescaledb';

	FOR t IN SELECT name, format('app_cache.%I', name)::regclass AS rel
		FROM app_cache.tables()
	LOOP
		cache := t.name;
		storage := 'table';
		total_chunks := 0;
		compressed_chunks := 0;
		bytes := pg_total_relation_size(t.rel);
		before_bytes := NULL;
		after_bytes := NULL;
		IF extension IS NOT NULL THEN
			SELECT num_chunks, compression_enabled
			INTO total_chunks, packed
			FROM timescaledb_information.hypertables
			WHERE hypertable_schema = 'app_cache'
			AND hypertable_name = t.name;
			IF FOUND THEN
				storage := CASE WHEN packed THEN 'columnstore'
				    ELSE 'hypertable' END;
				EXECUTE format('SELECT %s.hypertable_size($1)',
				    extension) INTO bytes USING t.rel;
			END IF;
			total_chunks := coalesce(total_chunks, 0);
		END IF;
		IF storage = 'columnstore' THEN
			EXECUTE format('SELECT
			    coalesce(sum(number_compressed_chunks), 0)::bigint,
			    sum(before_compression_total_bytes)::bigint,
			    sum(after_compression_total_bytes)::bigint
			    FROM %s.hypertable_compression_stats($1)', extension)
			INTO compressed_chunks, before_bytes, after_bytes
			USING t.rel;
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;

COMMENT ON FUNCTION app_monitoring.chunk_figures() IS
'Where and how each cache is stored. For the views cache_health and compression_stats.';

CREATE OR REPLACE FUNCTION app_monitoring.job_figures()
RETURNS TABLE (job_id bigint, scheduler text, proc_name text, cache text,
	schedule text, last_run_started_at timestamptz,
	last_successful_finish timestamptz, last_run_status text,
	next_start timestamptz, total_runs bigint, total_failures bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF coalesce(current_setting('timescaledb.license', true), 'apache')
	    <> 'apache' THEN
		RETURN QUERY
		SELECT j.job_id::bigint, 'timescaledb', j.proc_name::text,
		    j.hypertable_name::text, j.schedule_interval::text,
		    nullif(s.last_run_started_at, '-infinity'),
		    nullif(s.last_successful_finish, '-infinity'),
		    s.last_run_status, coalesce(s.next_start, j.next_start),
		    coalesce(s.total_runs, 0), coalesce(s.total_failures, 0)
		FROM timescaledb_information.jobs j
		LEFT JOIN timescaledb_information.job_stats s USING (job_id)
		WHERE j.hypertable_schema = 'app_cache'
		OR j.proc_schema = 'app_cache';
	ELSIF has_schema_privilege(to_regnamespace('cron')::oid, 'USAGE') THEN
		RETURN QUERY
		SELECT j.jobid, 'pg_cron', 'maintain', NULL, j.schedule,
		    max(d.start_time),
		    max(d.end_time) FILTER (WHERE d.status = 'succeeded'),
		    CASE (array_agg(d.status ORDER BY d.runid DESC))[1]
		    WHEN 'succeeded' THEN 'Success' WHEN 'failed' THEN 'Failed'
		    END,
		    NULL::timestamptz, count(d.runid),
		    count(*) FILTER (WHERE d.status = 'failed')
		FROM cron.job j
		LEFT JOIN cron.job_run_details d USING (jobid)
		WHERE j.jobname = 'app_cache.maintain'
		GROUP BY j.jobid, j.schedule;
	ELSE
		RETURN QUERY
		SELECT NULL::bigint, 'cron', 'maintain', NULL, NULL,
		    max(r.started_at), max(r.finished_at),
		    CASE WHEN count(*) > 0 THEN 'Success' END,
		    NULL::timestamptz, count(*), NULL::bigint
		FROM app_monitoring.maintenance_runs r;
	END IF;
END
$$;

COMMENT ON FUNCTION app_monitoring.job_figures() IS
'The jobs of the cache and their last runs. For the view timescaledb_jobs.';

CREATE OR REPLACE VIEW app_monitoring.cache_health AS
SELECT c.cache, count(r.created_at) AS entries,
	count(*) FILTER (WHERE NOT r.expired AND NOT r.outdated) AS live,
	count(*) FILTER (WHERE r.expired) AS expired,
	count(*) FILTER (WHERE r.outdated) AS outdated,
	min(r.created_at) AS oldest, max(r.created_at) AS newest,
	min(r.expires_at) FILTER (WHERE NOT r.expired AND NOT r.outdated)
	AS next_expiry,
	c.bytes
FROM app_monitoring.chunk_figures() c
LEFT JOIN (
	SELECT 'search_results' AS cache, created_at, expires_at,
	    expires_at <= now() AS expired,
	    lead(created_at) OVER (PARTITION BY query_hash
	    ORDER BY created_at) IS NOT NULL AS outdated
	FROM app_cache.search_results
	UNION ALL
	SELECT 'location_results', created_at, expires_at,
	    expires_at <= now(),
	    lead(created_at) OVER (PARTITION BY location_hash
	    ORDER BY created_at) IS NOT NULL
	FROM app_cache.location_results
	) AS r USING (cache)
GROUP BY c.cache, c.bytes;

COMMENT ON VIEW app_monitoring.cache_health IS
'What is in each cache now. A row can be both expired and outdated.';
COMMENT ON COLUMN app_monitoring.cache_health.bytes IS
'On disk, with indexes and TOAST.';

CREATE OR REPLACE VIEW app_monitoring.embedding_health AS
SELECT source, count(*) AS embeddings, min(created_at) AS oldest,
	max(created_at) AS newest, max(updated_at) AS last_updated,
	round(avg(octet_length(metadata::text)))::integer
	AS avg_metadata_bytes
FROM app_embeddings.places_embeddings
GROUP BY source;

COMMENT ON VIEW app_monitoring.embedding_health IS
'The embeddings of each source.';

CREATE OR REPLACE VIEW app_monitoring.compression_stats AS
SELECT cache, storage, total_chunks, compressed_chunks, before_bytes,
	after_bytes,
	round(100 - 100.0 * after_bytes / nullif(before_bytes, 0), 1)
	AS saved_percent
FROM app_monitoring.chunk_figures();

COMMENT ON VIEW app_monitoring.compression_stats IS
'What columnstore saves, over the chunks that are compressed.';
COMMENT ON COLUMN app_monitoring.compression_stats.storage IS
'columnstore (TimescaleDB), hypertable (TimescaleDB under its Apache licence) or table.';

CREATE OR REPLACE VIEW app_monitoring.timescaledb_jobs AS
SELECT * FROM app_monitoring.job_figures();

COMMENT ON VIEW app_monitoring.timescaledb_jobs IS
'The jobs of the cache. Where TimescaleDB has none, what pg_cron or cron does in their place.';
COMMENT ON COLUMN app_monitoring.timescaledb_jobs.scheduler IS
'timescaledb, pg_cron or cron. What cron calls is known by its effect alone: no schedule and no failures.';

REVOKE ALL ON FUNCTION app_monitoring.chunk_figures(),
	app_monitoring.job_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_monitoring.chunk_figures(),
	app_monitoring.job_figures()
	TO app_readonly, app_readwrite, app_admin;
GRANT SELECT ON app_monitoring.cache_health, app_monitoring.embedding_health,
	app_monitoring.compression_stats, app_monitoring.timescaledb_jobs
	TO app_readonly, app_readwrite, app_admin;
