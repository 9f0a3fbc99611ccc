-- Takes the registry away, with its rows. The extensions stay: others may use
-- them, and dropping pg_cron would take every job of the server along.

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension
	    WHERE extname = 'pg_cron') THEN
		PERFORM cron.unschedule(j.jobid) FROM cron.job j
		WHERE j.jobname = 'registry-refresh-views'
		AND j.database = current_database();
	END IF;
END
$$;

DROP FUNCTION IF EXISTS public.refresh_schema_views();
DROP MATERIALIZED VIEW IF EXISTS public.schema_validation_stats;
DROP MATERIALIZED VIEW IF EXISTS public.latest_schemas;
DROP FUNCTION IF EXISTS public.get_schema_statistics();
DROP FUNCTION IF EXISTS public.cleanup_old_validation_history(integer);
DROP FUNCTION IF EXISTS public.cleanup_deleted_schemas(integer);
DROP FUNCTION IF EXISTS public.registry_cutoff(integer);
DROP FUNCTION IF EXISTS public.restore_schema(uuid);
DROP FUNCTION IF EXISTS public.soft_delete_schema(uuid, text);
DROP TABLE IF EXISTS public.subject_metadata;
DROP TABLE IF EXISTS public.compatibility_checks;
DROP TABLE IF EXISTS public.validation_history;
DROP TABLE IF EXISTS public.schema_dependencies;
DROP TABLE IF EXISTS public.schemas;
DROP FUNCTION IF EXISTS public.registry_guard_deletion();
DROP FUNCTION IF EXISTS public.registry_guard_dependency();
DROP FUNCTION IF EXISTS public.registry_touch();
DROP FUNCTION IF EXISTS public.schema_content_hash(jsonb);
DROP FUNCTION IF EXISTS public.version_sort_key(text);
