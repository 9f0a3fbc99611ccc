-- Indexes for the queries that the registry answers all day, a log of what is
-- read, and the view that says what to keep in a cache.

-- Partial: the rows that a query can mean, and no others

CREATE INDEX IF NOT EXISTS schemas_live_created_idx
	ON public.schemas (created_at DESC)
	WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS schemas_active_subject_idx
	ON public.schemas (subject)
	WHERE state = 'active' AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS schemas_deleted_idx
	ON public.schemas (deleted_at)
	WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS validation_history_failed_idx
	ON public.validation_history (schema_id, validated_at DESC)
	WHERE NOT is_valid;
CREATE INDEX IF NOT EXISTS compatibility_checks_failed_idx
	ON public.compatibility_checks (schema_id, checked_at DESC)
	WHERE NOT is_compatible;

-- Covering: answered from the index alone

CREATE INDEX IF NOT EXISTS schemas_lookup_covering_idx
	ON public.schemas (subject, version)
	INCLUDE (id, schema_type, state)
	WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS schemas_hash_covering_idx
	ON public.schemas (content_hash)
	INCLUDE (id, subject, version)
	WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS validation_history_covering_idx
	ON public.validation_history (schema_id, validated_at DESC)
	INCLUDE (is_valid, duration_ms);

-- Expression: versions in their order, 1.10 after 1.9

CREATE INDEX IF NOT EXISTS schemas_version_order_idx
	ON public.schemas (subject, public.version_sort_key(version) DESC)
	WHERE deleted_at IS NULL;

-- GIN: into JSONB and arrays, parts of names, several columns at once

CREATE INDEX IF NOT EXISTS schemas_content_gin_idx
	ON public.schemas USING gin (content jsonb_path_ops);
CREATE INDEX IF NOT EXISTS schemas_metadata_gin_idx
	ON public.schemas USING gin (metadata);
CREATE INDEX IF NOT EXISTS schemas_type_state_tags_gin_idx
	ON public.schemas USING gin (schema_type, state, tags)
	WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS schemas_subject_trgm_idx
	ON public.schemas USING gin (subject gin_trgm_ops);
CREATE INDEX IF NOT EXISTS subject_metadata_labels_gin_idx
	ON public.subject_metadata USING gin (labels);

-- Access log

CREATE TABLE IF NOT EXISTS public.schema_access_log (
	id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	schema_id   uuid NOT NULL REFERENCES public.schemas ON DELETE CASCADE,
	accessed_at timestamptz NOT NULL DEFAULT now(),
	access_type text NOT NULL DEFAULT 'read',
	client      text,
	cache_hit   boolean NOT NULL DEFAULT false,
	CONSTRAINT schema_access_log_type_check
	    CHECK (access_type IN ('read', 'validate', 'compare'))
);

CREATE INDEX IF NOT EXISTS schema_access_log_schema_idx
	ON public.schema_access_log (schema_id, accessed_at DESC)
	INCLUDE (cache_hit, client);
CREATE INDEX IF NOT EXISTS schema_access_log_accessed_idx
	ON public.schema_access_log USING brin (accessed_at);

COMMENT ON TABLE public.schema_access_log IS
'Who read which schema, to decide what a cache should hold.';
COMMENT ON COLUMN public.schema_access_log.cache_hit IS
'Whether a cache had it; popular_schemas counts both.';

CREATE OR REPLACE FUNCTION public.cleanup_old_access_log(
	days integer DEFAULT 90)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	cutoff  timestamptz := public.registry_cutoff(days);
	removed bigint;
BEGIN
	DELETE FROM public.schema_access_log a WHERE a.accessed_at < cutoff;
	GET DIAGNOSTICS removed = ROW_COUNT;
	RETURN removed;
END
$$;

COMMENT ON FUNCTION public.cleanup_old_access_log(integer) IS
'Removes log rows older than so many days; popular_schemas looks back 30.';

-- Popular schemas

CREATE MATERIALIZED VIEW IF NOT EXISTS public.popular_schemas AS
SELECT rank() OVER (ORDER BY count(*) DESC) AS popularity,
	s.id AS schema_id, s.subject, s.version,
	count(*) AS accesses,
	count(DISTINCT a.client) AS clients,
	round(avg(a.cache_hit::int), 4) AS cache_hit_rate,
	max(a.accessed_at) AS last_accessed_at
FROM public.schemas s
JOIN public.schema_access_log a ON a.schema_id = s.id
WHERE s.deleted_at IS NULL
AND a.accessed_at >= now() - interval '30 days'
GROUP BY s.id;

CREATE UNIQUE INDEX IF NOT EXISTS popular_schemas_schema_idx
	ON public.popular_schemas (schema_id);
CREATE INDEX IF NOT EXISTS popular_schemas_popularity_idx
	ON public.popular_schemas (popularity);

COMMENT ON MATERIALIZED VIEW public.popular_schemas IS
'Live schemas read in the 30 days before the last refresh_schema_views(), most read first.';
