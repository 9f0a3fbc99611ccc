-- What the application calls. Each runs with the rights of its owner and a
-- search_path that nobody else can write to. Call them with their schema.

CREATE OR REPLACE FUNCTION app_cache.get_search_results(p_query_hash text)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT newest.results_json
	FROM (SELECT results_json, expires_at
	    FROM app_cache.search_results
	    WHERE query_hash = p_query_hash
	    ORDER BY created_at DESC LIMIT 1) AS newest
	WHERE newest.expires_at > now()
$$;

CREATE OR REPLACE FUNCTION app_cache.get_location_results(p_location_hash text)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT newest.results_json
	FROM (SELECT results_json, expires_at
	    FROM app_cache.location_results
	    WHERE location_hash = p_location_hash
	    ORDER BY created_at DESC LIMIT 1) AS newest
	WHERE newest.expires_at > now()
$$;

COMMENT ON FUNCTION app_cache.get_search_results(text) IS
'What is cached for a query_hash, or NULL: nothing, or it has expired.';
COMMENT ON FUNCTION app_cache.get_location_results(text) IS
'What is cached for a location_hash, or NULL: nothing, or it has expired.';

-- The operator and the type stand with the schema of the extension, which is
-- not the same everywhere: so the text is put together here.
--
-- Below 5,000 rows every row is compared, which takes some 20 ms: an index made
-- on the empty table has not learnt anything yet, and misses near ones. Above,
-- the index gives candidates, nearly in order, and the outer query sorts them.
-- 10 of 100 lists are looked through, more where a source leaves too few rows:
-- pgvector 0.8 can go on, before that there may be fewer than were asked for.
-- Distances to the zero vector are NaN, which compares as greater than all
-- numbers.

DO $do$
DECLARE
	home    text;
	version int[];
BEGIN
	SELECT quote_ident(n.nspname),
	    string_to_array(substring(e.extversion from '^[0-9.]+'), '.')
	INTO home, version
	FROM pg_catalog.pg_extension e
	JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'vector';

	-- Only once its library is loaded may everybody set what it reads.
	PERFORM '[1]'::vector;

	EXECUTE format($create$
CREATE OR REPLACE FUNCTION app_embeddings.search_places_by_similarity(
	p_embedding %1$s.vector,
	p_limit integer DEFAULT 10,
	p_min_similarity double precision DEFAULT -1,
	p_source text DEFAULT NULL)
RETURNS TABLE (id bigint, source text, source_id text, metadata jsonb,
	similarity double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET ivfflat.probes = 10
AS $$
BEGIN
	IF (SELECT count(*) < 5000 FROM (SELECT
	    FROM app_embeddings.places_embeddings LIMIT 5000) AS first) THEN
		RETURN QUERY
		WITH every AS MATERIALIZED (
			SELECT e.id, e.source, e.source_id, e.metadata,
			    e.embedding OPERATOR(%1$s.<=>) p_embedding
			    AS distance
			FROM app_embeddings.places_embeddings e
			WHERE p_source IS NULL OR e.source = p_source
		)
		SELECT n.id, n.source, n.source_id, n.metadata, 1 - n.distance
		FROM every n
		WHERE n.distance <> 'NaN' AND 1 - n.distance >= p_min_similarity
		ORDER BY n.distance, n.id
		LIMIT p_limit;
		RETURN;
	END IF;

	RETURN QUERY
	WITH near AS MATERIALIZED (
		SELECT e.id, e.source, e.source_id, e.metadata,
		    e.embedding OPERATOR(%1$s.<=>) p_embedding AS distance
		FROM app_embeddings.places_embeddings e
		WHERE p_source IS NULL OR e.source = p_source
		ORDER BY e.embedding OPERATOR(%1$s.<=>) p_embedding
		LIMIT p_limit
	)
	SELECT n.id, n.source, n.source_id, n.metadata, 1 - n.distance
	FROM near n
	WHERE n.distance <> 'NaN' AND 1 - n.distance >= p_min_similarity
	ORDER BY n.distance, n.id;
END
$$
	$create$, home);

	IF version >= '{0,8}' THEN
		ALTER FUNCTION app_embeddings.search_places_by_similarity
			SET ivfflat.iterative_scan = relaxed_order;
	END IF;
END
$do$;

COMMENT ON FUNCTION app_embeddings.search_places_by_similarity IS
'The places nearest in meaning, nearest first. Similarity is the cosine: 1 is the same direction, 0 unrelated, -1 opposite.';

-- For the embedding service, after it has loaded many rows. Readers go on
-- meanwhile, writers wait: some seconds for 10,000 rows. That many need 65 MB,
-- which is 1 MB above the server's default.

CREATE OR REPLACE FUNCTION app_embeddings.rebuild_index()
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET maintenance_work_mem = '128MB'
AS $$
	REINDEX INDEX app_embeddings.places_embeddings_embedding_idx
$$;

COMMENT ON FUNCTION app_embeddings.rebuild_index() IS
'Let the similarity index learn from the rows that are there now. Call it after the first thousands of rows, and when they have become many more.';

REVOKE ALL ON FUNCTION app_cache.get_search_results(text),
	app_cache.get_location_results(text),
	app_embeddings.search_places_by_similarity,
	app_embeddings.rebuild_index() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_cache.get_search_results(text),
	app_cache.get_location_results(text),
	app_embeddings.search_places_by_similarity
	TO app_readonly, app_readwrite, app_admin;
GRANT EXECUTE ON FUNCTION app_embeddings.rebuild_index() TO app_admin;
