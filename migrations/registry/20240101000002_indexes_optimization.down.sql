-- Back to the state after 20240101000001: the access log goes with its rows.

DROP MATERIALIZED VIEW IF EXISTS public.popular_schemas;
DROP FUNCTION IF EXISTS public.cleanup_old_access_log(integer);
DROP TABLE IF EXISTS public.schema_access_log;

DROP INDEX IF EXISTS public.subject_metadata_labels_gin_idx;
DROP INDEX IF EXISTS public.schemas_subject_trgm_idx;
DROP INDEX IF EXISTS public.schemas_type_state_tags_gin_idx;
DROP INDEX IF EXISTS public.schemas_metadata_gin_idx;
DROP INDEX IF EXISTS public.schemas_content_gin_idx;
DROP INDEX IF EXISTS public.schemas_version_order_idx;

DROP INDEX IF EXISTS public.validation_history_covering_idx;
DROP INDEX IF EXISTS public.schemas_hash_covering_idx;
DROP INDEX IF EXISTS public.schemas_lookup_covering_idx;

DROP INDEX IF EXISTS public.compatibility_checks_failed_idx;
DROP INDEX IF EXISTS public.validation_history_failed_idx;
DROP INDEX IF EXISTS public.schemas_deleted_idx;
DROP INDEX IF EXISTS public.schemas_active_subject_idx;
DROP INDEX IF EXISTS public.schemas_live_created_idx;
