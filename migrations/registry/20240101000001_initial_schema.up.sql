-- The registry's tables, the functions that keep them, and two materialised
-- views. Runs in one transaction on PostgreSQL 13 and later.
--
-- Everything is written with its schema: an index or a generated column is
-- rebuilt by pg_restore with an empty search_path.

-- Required. All three are trusted: the owner of the database may create them.

CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Optional. None of them works unless the server loads its library at start,
-- and CREATE EXTENSION timescaledb without that closes the connection: so look
-- first. A library that is loaded shows in its settings, to anyone but for
-- pg_cron's. An extension that is installed already is taken as it is.

DO $$
DECLARE
	ext    record;
	reason text;
	loss   text;
BEGIN
	FOR ext IN
		SELECT w.name, w.loss, a.name IS NOT NULL AS available,
		    s.name IS NOT NULL AS loaded,
		    CASE WHEN w.name = 'pg_cron' THEN s.setting END AS cron_database
		FROM (VALUES
		    ('pg_cron', 'cron.database_name',
		    'call refresh_schema_views() from cron instead'),
		    ('pg_stat_statements', 'pg_stat_statements.max',
		    'slow queries are not recorded'),
		    ('timescaledb', 'timescaledb.max_background_workers',
		    'validation_history stays an ordinary table')
		    ) AS w (name, sign, loss)
		LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = w.name
		LEFT JOIN pg_catalog.pg_settings s ON s.name = w.sign
		WHERE w.name NOT IN (SELECT extname FROM pg_catalog.pg_extension)
		ORDER BY w.name
	LOOP
		reason := NULL;
		loss := ext.loss;
		IF NOT ext.available THEN
			reason := 'it is not on this server';
		ELSIF NOT ext.loaded THEN
			reason := 'it is not in shared_preload_libraries' || CASE
			    WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN ''
			    ELSE ', as far as you may see' END;
		ELSIF ext.cron_database <> current_database() THEN
			reason := 'it works in another database';
			loss := format('in database %I: SELECT cron.schedule_in_database('
			    '%L, %L, %L, %L)', ext.cron_database,
			    'registry-refresh-views', '*/15 * * * *',
			    'SELECT public.refresh_schema_views()',
			    current_database());
		ELSE
			BEGIN
				EXECUTE format('CREATE EXTENSION %I', ext.name);
			EXCEPTION WHEN insufficient_privilege THEN
				reason := SQLERRM;
			END;
		END IF;
		IF reason IS NOT NULL THEN
			RAISE WARNING 'registry: going on without %: %',
			    ext.name, reason USING HINT = loss;
		END IF;
	END LOOP;
END
$$;

-- Ordering of versions. A version is MAJOR.MINOR[.PATCH][-PRERELEASE][+BUILD];
-- the key compares as semver 2.0 has it: 1.9 < 1.10, 2.0.0-rc.2 < 2.0.0-rc.10 <
-- 2.0.0, and a build part does not count. A number becomes its length and its
-- digits, so numbers of any length compare right; bytea knows no collation.

CREATE OR REPLACE FUNCTION public.version_sort_key(version text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT convert_to(
	    (SELECT string_agg(lpad(length(n)::text, 3, '0') || n, '.' ORDER BY i)
	    FROM (SELECT i, COALESCE(NULLIF(ltrim(
	        split_part(substring(version from '^[0-9.]+'), '.', i), '0'), ''),
	        '0') AS n
	        FROM generate_series(1, 3) AS i) AS number)
	    || COALESCE('-' ||
	    (SELECT string_agg(CASE WHEN p ~ '^[0-9]+$'
	        THEN '0' || lpad(length(z)::text, 3, '0') || z
	        ELSE '1' || p END, '!' ORDER BY i)
	    FROM (SELECT p, i, COALESCE(NULLIF(ltrim(p, '0'), ''), '0') AS z
	        FROM unnest(string_to_array(
	        substring(version from '^[0-9.]+-([0-9A-Za-z.-]+)'), '.'))
	        WITH ORDINALITY AS part (p, i)) AS word), '~'),
	    'UTF8')
$$;

COMMENT ON FUNCTION public.version_sort_key(text) IS
'Sorts versions as semver does, for ORDER BY and indexes; never for display.';

-- convert_to() is only STABLE, because a database may be given other
-- conversions; the registry's does not change under its rows.

CREATE OR REPLACE FUNCTION public.schema_content_hash(content jsonb)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT sha256(convert_to(content::text, 'UTF8'))
$$;

COMMENT ON FUNCTION public.schema_content_hash(jsonb) IS
'SHA-256 of a schema, to look it up before it is stored.';

-- Tables

CREATE TABLE IF NOT EXISTS public.schemas (
	id           uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	subject      text NOT NULL,
	version      text NOT NULL,
	schema_type  text NOT NULL DEFAULT 'JSON_SCHEMA',
	content      jsonb NOT NULL,
	content_hash bytea NOT NULL GENERATED ALWAYS AS
	    (public.schema_content_hash(content)) STORED,
	state        text NOT NULL DEFAULT 'draft',
	description  text,
	metadata     jsonb NOT NULL DEFAULT '{}',
	tags         text[] NOT NULL DEFAULT '{}',
	created_by   text NOT NULL DEFAULT CURRENT_USER,
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now(),
	deleted_by   text,
	deleted_at   timestamptz,
	CONSTRAINT schemas_subject_version_key UNIQUE (subject, version),
	CONSTRAINT schemas_subject_check
	    CHECK (subject ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$'),
	CONSTRAINT schemas_version_check
	    CHECK (version ~ ('^[0-9]+[.][0-9]+([.][0-9]+)?'
	    '(-[0-9A-Za-z-]+([.][0-9A-Za-z-]+)*)?'
	    '([+][0-9A-Za-z-]+([.][0-9A-Za-z-]+)*)?$')
	    AND length(version) <= 128),
	CONSTRAINT schemas_type_check
	    CHECK (schema_type IN ('JSON_SCHEMA', 'AVRO', 'PROTOBUF')),
	CONSTRAINT schemas_content_check
	    CHECK (jsonb_typeof(content) NOT IN ('null', 'number')),
	CONSTRAINT schemas_state_check
	    CHECK (state IN ('draft', 'active', 'deprecated')),
	CONSTRAINT schemas_metadata_check
	    CHECK (jsonb_typeof(metadata) = 'object')
);

COMMENT ON TABLE public.schemas IS
'One row a version of a subject. A version number is given once: a soft-deleted row keeps it until the hard delete.';
COMMENT ON COLUMN public.schemas.version IS
'MAJOR.MINOR[.PATCH][-PRERELEASE][+BUILD]. As text 1.10 comes before 1.9: order by version_sort_key(version).';
COMMENT ON COLUMN public.schemas.state IS
'draft: may still change; active: to be used; deprecated: to be used no more, and still there.';
COMMENT ON COLUMN public.schemas.content IS
'The schema itself. Protocol buffer source is a JSON string.';
COMMENT ON COLUMN public.schemas.content_hash IS
'SHA-256 of the content in its normal JSONB spelling: equal schemas have equal hashes.';
COMMENT ON COLUMN public.schemas.deleted_at IS
'Soft delete: set by soft_delete_schema(), read by cleanup_deleted_schemas().';

-- One DELETE may remove a schema together with what it needs, in any order of
-- rows: so depends_on_id is checked at the end of the transaction.

CREATE TABLE IF NOT EXISTS public.schema_dependencies (
	schema_id       uuid NOT NULL
	    REFERENCES public.schemas ON DELETE CASCADE,
	depends_on_id   uuid NOT NULL
	    REFERENCES public.schemas DEFERRABLE INITIALLY DEFERRED,
	dependency_type text NOT NULL DEFAULT 'reference',
	created_at      timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (schema_id, depends_on_id),
	CONSTRAINT schema_dependencies_type_check
	    CHECK (dependency_type IN ('reference', 'import', 'extension')),
	CONSTRAINT schema_dependencies_self_check
	    CHECK (schema_id <> depends_on_id)
);

CREATE INDEX IF NOT EXISTS schema_dependencies_depends_on_idx
	ON public.schema_dependencies (depends_on_id);

COMMENT ON TABLE public.schema_dependencies IS
'Which schema needs which: schema_id needs depends_on_id. What a live schema needs can be neither soft-deleted nor removed.';

CREATE TABLE IF NOT EXISTS public.validation_history (
	id            bigint GENERATED ALWAYS AS IDENTITY,
	schema_id     uuid NOT NULL REFERENCES public.schemas ON DELETE CASCADE,
	validated_at  timestamptz NOT NULL DEFAULT now(),
	is_valid      boolean NOT NULL,
	errors        jsonb NOT NULL DEFAULT '[]',
	payload_bytes integer,
	duration_ms   numeric(12,3),
	validated_by  text,
	PRIMARY KEY (validated_at, id),
	CONSTRAINT validation_history_errors_check
	    CHECK (jsonb_typeof(errors) = 'array'
	    AND is_valid = (errors = '[]'::jsonb)),
	CONSTRAINT validation_history_payload_check CHECK (payload_bytes >= 0),
	CONSTRAINT validation_history_duration_check CHECK (duration_ms >= 0)
);

-- The index under schema_id comes with the next migration, which has it cover
-- what is read most.

COMMENT ON TABLE public.validation_history IS
'One row a payload validated. Kept as long as cleanup_old_validation_history() is told; a hypertable where TimescaleDB is installed, hence the time in the key.';
COMMENT ON COLUMN public.validation_history.errors IS
'What was wrong; empty exactly when is_valid.';

CREATE TABLE IF NOT EXISTS public.compatibility_checks (
	id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	schema_id     uuid NOT NULL REFERENCES public.schemas ON DELETE CASCADE,
	compared_with uuid NOT NULL REFERENCES public.schemas ON DELETE CASCADE,
	level         text NOT NULL,
	is_compatible boolean NOT NULL,
	violations    jsonb NOT NULL DEFAULT '[]',
	checked_by    text,
	checked_at    timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT compatibility_checks_self_check
	    CHECK (schema_id <> compared_with),
	CONSTRAINT compatibility_checks_level_check
	    CHECK (level IN ('NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD',
	    'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE')),
	CONSTRAINT compatibility_checks_violations_check
	    CHECK (jsonb_typeof(violations) = 'array'
	    AND is_compatible = (violations = '[]'::jsonb))
);

CREATE INDEX IF NOT EXISTS compatibility_checks_schema_idx
	ON public.compatibility_checks (schema_id, checked_at DESC);
CREATE INDEX IF NOT EXISTS compatibility_checks_compared_with_idx
	ON public.compatibility_checks (compared_with);

COMMENT ON TABLE public.compatibility_checks IS
'History of compatibility checks: rows are added and never changed.';
COMMENT ON COLUMN public.compatibility_checks.level IS
'What was asked: BACKWARD reads old payloads by the new schema, FORWARD new ones by the old, FULL both; TRANSITIVE against all older versions.';
COMMENT ON COLUMN public.compatibility_checks.compared_with IS
'The older version; schema_id is the newer one.';

CREATE TABLE IF NOT EXISTS public.subject_metadata (
	subject       text PRIMARY KEY,
	description   text,
	owner         text,
	compatibility text NOT NULL DEFAULT 'BACKWARD',
	labels        jsonb NOT NULL DEFAULT '{}',
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT subject_metadata_subject_check
	    CHECK (subject ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$'),
	CONSTRAINT subject_metadata_compatibility_check
	    CHECK (compatibility IN ('NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE',
	    'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE')),
	CONSTRAINT subject_metadata_labels_check
	    CHECK (jsonb_typeof(labels) = 'object')
);

COMMENT ON TABLE public.subject_metadata IS
'What holds for all versions of a subject. It may be set before the first version is there, and a subject without a row has the defaults; so no foreign key.';

COMMENT ON COLUMN public.subject_metadata.compatibility IS
'The level that a new version of the subject must meet; as in compatibility_checks.';

-- Triggers

CREATE OR REPLACE FUNCTION public.registry_touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.updated_at := now();
	RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS schemas_touch ON public.schemas;
CREATE TRIGGER schemas_touch
	BEFORE UPDATE ON public.schemas
	FOR EACH ROW EXECUTE FUNCTION public.registry_touch();

DROP TRIGGER IF EXISTS subject_metadata_touch ON public.subject_metadata;
CREATE TRIGGER subject_metadata_touch
	BEFORE UPDATE ON public.subject_metadata
	FOR EACH ROW EXECUTE FUNCTION public.registry_touch();

-- No live schema depends on a deleted one. Both sides are guarded, and the row
-- locks keep two sessions from passing each other: the share lock here waits
-- for, and is waited for by, the UPDATE that sets deleted_at.
--
-- As a foreign key does, the guards look with the rights of the tables' owner:
-- who writes one table needs no rights on the other, which FOR SHARE would ask.

CREATE OR REPLACE FUNCTION public.registry_guard_dependency() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM 1 FROM public.schemas s
	WHERE s.id IN (NEW.schema_id, NEW.depends_on_id)
	ORDER BY s.id FOR SHARE;
	IF EXISTS (SELECT FROM public.schemas s
	    WHERE s.id = NEW.depends_on_id AND s.deleted_at IS NOT NULL)
	    AND EXISTS (SELECT FROM public.schemas s
	    WHERE s.id = NEW.schema_id AND s.deleted_at IS NULL) THEN
		RAISE EXCEPTION 'schema % is deleted', NEW.depends_on_id
		    USING ERRCODE = 'foreign_key_violation',
		    HINT = 'restore_schema() brings it back';
	END IF;
	RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS schema_dependencies_guard
	ON public.schema_dependencies;
CREATE TRIGGER schema_dependencies_guard
	BEFORE INSERT OR UPDATE ON public.schema_dependencies
	FOR EACH ROW EXECUTE FUNCTION public.registry_guard_dependency();

CREATE OR REPLACE FUNCTION public.registry_guard_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	other text;
BEGIN
	IF OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL THEN
		SELECT s.subject || ' ' || s.version INTO other
		FROM public.schema_dependencies d
		JOIN public.schemas s ON s.id = d.schema_id
		WHERE d.depends_on_id = NEW.id AND s.deleted_at IS NULL
		ORDER BY 1 LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'schema % % is needed by %',
			    NEW.subject, NEW.version, other
			    USING ERRCODE = 'foreign_key_violation';
		END IF;
	ELSIF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
		SELECT s.subject || ' ' || s.version INTO other
		FROM public.schema_dependencies d
		JOIN public.schemas s ON s.id = d.depends_on_id
		WHERE d.schema_id = NEW.id AND s.deleted_at IS NOT NULL
		ORDER BY 1 LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'schema % % needs %, which is deleted',
			    NEW.subject, NEW.version, other
			    USING ERRCODE = 'foreign_key_violation';
		END IF;
	END IF;
	RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS schemas_guard_deletion ON public.schemas;
CREATE TRIGGER schemas_guard_deletion
	BEFORE UPDATE OF deleted_at ON public.schemas
	FOR EACH ROW EXECUTE FUNCTION public.registry_guard_deletion();

-- Nobody hangs them on a table of their own. A trigger that is there fires
-- without this right.
REVOKE EXECUTE ON FUNCTION public.registry_guard_dependency(),
	public.registry_guard_deletion() FROM PUBLIC;

-- Deleting

CREATE OR REPLACE FUNCTION public.soft_delete_schema(target uuid,
	actor text DEFAULT CURRENT_USER)
RETURNS boolean
LANGUAGE sql
AS $$
	WITH gone AS (
		UPDATE public.schemas s SET deleted_at = now(), deleted_by = $2
		WHERE s.id = $1 AND s.deleted_at IS NULL
		RETURNING 1)
	SELECT EXISTS (SELECT FROM gone)
$$;

COMMENT ON FUNCTION public.soft_delete_schema(uuid, text) IS
'Hides a schema; false when there is no such live schema.';

CREATE OR REPLACE FUNCTION public.restore_schema(target uuid)
RETURNS boolean
LANGUAGE sql
AS $$
	WITH back AS (
		UPDATE public.schemas s SET deleted_at = NULL, deleted_by = NULL
		WHERE s.id = $1 AND s.deleted_at IS NOT NULL
		RETURNING 1)
	SELECT EXISTS (SELECT FROM back)
$$;

COMMENT ON FUNCTION public.restore_schema(uuid) IS
'Takes a soft delete back; false when there is no such deleted schema.';

-- A negative number of days would delete what was written a moment ago.

CREATE OR REPLACE FUNCTION public.registry_cutoff(days integer)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF days IS NULL OR days < 0 THEN
		RAISE EXCEPTION 'days must be 0 or more, not %',
		    COALESCE(days::text, 'null')
		    USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN now() - make_interval(days => days);
END
$$;

-- A schema that one which stays still names is kept: it goes with the last of
-- those. With the guards above that happens only to a deleted_at set by hand.

CREATE OR REPLACE FUNCTION public.cleanup_deleted_schemas(
	days integer DEFAULT 30)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	cutoff  timestamptz := public.registry_cutoff(days);
	removed bigint;
BEGIN
	WITH RECURSIVE stays AS (
		SELECT s.id FROM public.schemas s
		WHERE s.deleted_at IS NULL OR s.deleted_at >= cutoff
		UNION
		SELECT d.depends_on_id FROM public.schema_dependencies d
		JOIN stays ON stays.id = d.schema_id)
	DELETE FROM public.schemas s
	WHERE s.deleted_at < cutoff
	AND NOT EXISTS (SELECT FROM stays WHERE stays.id = s.id);
	GET DIAGNOSTICS removed = ROW_COUNT;
	RETURN removed;
END
$$;

COMMENT ON FUNCTION public.cleanup_deleted_schemas(integer) IS
'Hard delete: removes what was soft-deleted more than so many days ago, with its history; returns how many schemas.';

CREATE OR REPLACE FUNCTION public.cleanup_old_validation_history(
	days integer DEFAULT 90)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	cutoff  timestamptz := public.registry_cutoff(days);
	counted bigint;
	removed bigint;
BEGIN
	IF to_regclass('timescaledb_information.hypertables') IS NOT NULL THEN
		-- whole chunks at once, which only an owner may; what lies in the
		-- same chunk as the cutoff is left for DELETE
		SELECT count(*) INTO counted
		FROM public.validation_history v WHERE v.validated_at < cutoff;
		PERFORM drop_chunks(c.oid::regclass, cutoff)
		FROM timescaledb_information.hypertables h
		JOIN pg_catalog.pg_class c
		ON c.oid = 'public.validation_history'::regclass
		WHERE (h.hypertable_schema, h.hypertable_name)
		    = ('public', 'validation_history')
		AND pg_has_role(c.relowner, 'USAGE');
	END IF;
	DELETE FROM public.validation_history v WHERE v.validated_at < cutoff;
	GET DIAGNOSTICS removed = ROW_COUNT;
	RETURN COALESCE(counted, removed);
END
$$;

COMMENT ON FUNCTION public.cleanup_old_validation_history(integer) IS
'Removes validations older than so many days; returns how many.';

-- Statistics

CREATE OR REPLACE FUNCTION public.get_schema_statistics(
	OUT total_schemas bigint,
	OUT live_schemas bigint,
	OUT deleted_schemas bigint,
	OUT draft_schemas bigint,
	OUT active_schemas bigint,
	OUT deprecated_schemas bigint,
	OUT total_subjects bigint,
	OUT total_dependencies bigint,
	OUT total_validations bigint,
	OUT failed_validations bigint,
	OUT avg_validation_ms numeric,
	OUT total_compatibility_checks bigint,
	OUT failed_compatibility_checks bigint)
LANGUAGE sql STABLE
AS $$
	SELECT s.*, d.*, v.*, c.*
	FROM (SELECT count(*), count(*) FILTER (WHERE deleted_at IS NULL),
	    count(deleted_at),
	    count(*) FILTER (WHERE state = 'draft' AND deleted_at IS NULL),
	    count(*) FILTER (WHERE state = 'active' AND deleted_at IS NULL),
	    count(*) FILTER (WHERE state = 'deprecated' AND deleted_at IS NULL),
	    count(DISTINCT subject) FILTER (WHERE deleted_at IS NULL)
	    FROM public.schemas) AS s,
	(SELECT count(*) FROM public.schema_dependencies) AS d,
	(SELECT count(*), count(*) FILTER (WHERE NOT is_valid),
	    round(avg(duration_ms), 3)
	    FROM public.validation_history) AS v,
	(SELECT count(*), count(*) FILTER (WHERE NOT is_compatible)
	    FROM public.compatibility_checks) AS c
$$;

COMMENT ON FUNCTION public.get_schema_statistics() IS
'One row of totals. Counts by state and of subjects leave soft-deleted schemas out.';

-- Materialised views. Each has a unique index, so that a refresh need not lock
-- its readers out.

CREATE MATERIALIZED VIEW IF NOT EXISTS public.latest_schemas AS
SELECT DISTINCT ON (subject)
	subject, id AS schema_id, version, schema_type, state, content_hash,
	created_at
FROM public.schemas
WHERE deleted_at IS NULL
ORDER BY subject, public.version_sort_key(version) DESC, created_at DESC, id;

CREATE UNIQUE INDEX IF NOT EXISTS latest_schemas_subject_idx
	ON public.latest_schemas (subject);

COMMENT ON MATERIALIZED VIEW public.latest_schemas IS
'The highest live version of each subject, as of the last refresh_schema_views().';

CREATE MATERIALIZED VIEW IF NOT EXISTS public.schema_validation_stats AS
SELECT s.id AS schema_id, s.subject, s.version,
	count(*) AS validations,
	count(*) FILTER (WHERE NOT v.is_valid) AS failures,
	round(avg(v.is_valid::int), 4) AS success_rate,
	round(avg(v.duration_ms), 3) AS avg_duration_ms,
	max(v.validated_at) AS last_validated_at
FROM public.schemas s
JOIN public.validation_history v ON v.schema_id = s.id
WHERE s.deleted_at IS NULL
GROUP BY s.id;

CREATE UNIQUE INDEX IF NOT EXISTS schema_validation_stats_schema_idx
	ON public.schema_validation_stats (schema_id);

COMMENT ON MATERIALIZED VIEW public.schema_validation_stats IS
'Validations a live schema, as of the last refresh_schema_views().';

CREATE OR REPLACE FUNCTION public.refresh_schema_views() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	view text;
BEGIN
	FOREACH view IN ARRAY array['latest_schemas', 'schema_validation_stats',
	    'popular_schemas']	-- the last one comes with the next migration
	LOOP
		IF to_regclass('public.' || view) IS NOT NULL THEN
			EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY public.%I',
			    view);
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION public.refresh_schema_views() IS
'Refreshes all materialised views of the registry; readers are not locked out.';

-- What the optional extensions are for. Of TimescaleDB the Apache edition has
-- hypertables, so that an old week is dropped as a whole; the community edition
-- compresses the weeks before that as well. The setting names the licence once
-- the library is at work, and that is since CREATE EXTENSION.

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension
	    WHERE extname = 'timescaledb') THEN
		PERFORM create_hypertable('public.validation_history',
		    'validated_at', chunk_time_interval => interval '7 days',
		    create_default_indexes => false, if_not_exists => true,
		    migrate_data => true);
		IF current_setting('timescaledb.license', true)
		    IS DISTINCT FROM 'timescale' THEN
			RAISE WARNING 'registry: old validations are not compressed: this is the Apache edition of TimescaleDB'
			    USING HINT = 'cleanup_old_validation_history() keeps the table small';
		ELSIF NOT (SELECT h.compression_enabled
		    FROM timescaledb_information.hypertables h
		    WHERE (h.hypertable_schema, h.hypertable_name)
		    = ('public', 'validation_history')) THEN
			-- by the names that all versions know, and not only 2.18 and later
			ALTER TABLE public.validation_history SET (
			    timescaledb.compress,
			    timescaledb.compress_segmentby = 'schema_id',
			    timescaledb.compress_orderby = 'validated_at DESC, id');
			PERFORM add_compression_policy('public.validation_history',
			    interval '30 days');
		END IF;
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_extension
	    WHERE extname = 'pg_cron') THEN
		PERFORM cron.schedule('registry-refresh-views', '*/15 * * * *',
		    'SELECT public.refresh_schema_views()');
	END IF;
END
$$;
