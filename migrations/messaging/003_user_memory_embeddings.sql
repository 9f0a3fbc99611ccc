-- What the assistant remembers of a user, found by meaning. Nothing stands in
-- for pgvector, so say so before anything is made; a database that took 000 as
-- its baseline hears it here. HNSW came with 0.5.0.

DO $$
DECLARE
	found text;
BEGIN
	SELECT COALESCE(installed_version, default_version) INTO found
	FROM pg_catalog.pg_available_extensions WHERE name = 'vector';
	IF found IS NULL THEN
		RAISE EXCEPTION 'user memory needs the extension "vector" (pgvector), which this server does not have'
		    USING ERRCODE = 'feature_not_supported',
		    HINT = format('install the package postgresql-%s-pgvector on the server and apply again',
		    current_setting('server_version_num')::int / 10000);
	ELSIF (string_to_array(found, '.')::int[]) < '{0,5}'::int[] THEN
		RAISE EXCEPTION 'user memory needs pgvector 0.5.0 or later, and here is %', found
		    USING ERRCODE = 'feature_not_supported',
		    HINT = 'install a later pgvector and ALTER EXTENSION vector UPDATE';
	END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE IF NOT EXISTS public.user_memory (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	type       text NOT NULL,
	content    text NOT NULL,
	embedding  vector(1536),
	created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.user_memory IS
'What the assistant remembers of a user. The backend writes it; users may read and delete their own.';
COMMENT ON COLUMN public.user_memory.embedding IS
'From text-embedding-3-small, of length 1: only so is the inner product a similarity. NULL until it has been computed.';

ALTER TABLE public.user_memory
	DROP CONSTRAINT IF EXISTS chk_user_memory_type;
ALTER TABLE public.user_memory ADD CONSTRAINT chk_user_memory_type
	CHECK (type IN ('fact', 'preference', 'conversation'));

CREATE INDEX IF NOT EXISTS idx_user_memory_userid_created_btree
	ON public.user_memory USING btree (user_id, created_at DESC);
CREATE INDEX IF NOT EXISTS user_memory_embedding_idx
	ON public.user_memory USING hnsw (embedding vector_ip_ops);

ALTER TABLE public.user_memory ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "user_memory_select_own" ON public.user_memory;
CREATE POLICY "user_memory_select_own" ON public.user_memory
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "user_memory_delete_own" ON public.user_memory;
CREATE POLICY "user_memory_delete_own" ON public.user_memory
	FOR DELETE
	USING (user_id = (SELECT auth.uid()));

-- <#> is the negative inner product, since an index scans upwards only.
--
-- The HNSW index answers who of all users is nearest. Within one user it would
-- be wrong: it comes up with the 40 nearest of all (hnsw.ef_search), and when
-- those are of others, nothing is left. So the memories of the user are
-- compared one by one, which are hundreds.

CREATE OR REPLACE FUNCTION public.search_user_memory(
	p_user_id uuid,
	p_query vector,
	p_limit integer DEFAULT 5,
	p_min_similarity double precision DEFAULT 0)
RETURNS TABLE (id uuid, type text, content text,
	similarity double precision)
LANGUAGE sql STABLE
AS $$
	WITH own AS MATERIALIZED (
		SELECT m.id, m.type, m.content,
		    -(m.embedding <#> p_query) AS similarity
		FROM public.user_memory m
		WHERE m.user_id = p_user_id)
	SELECT o.id, o.type, o.content, o.similarity
	FROM own o
	WHERE o.similarity >= p_min_similarity
	ORDER BY o.similarity DESC
	LIMIT p_limit
$$;

COMMENT ON FUNCTION public.search_user_memory(uuid, vector, integer,
	double precision) IS
'The memories of a user nearest to the query, nearest first. Runs with the rights of the caller: the policies hold.';
