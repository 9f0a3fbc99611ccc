-- Embeddings of places.

CREATE TABLE IF NOT EXISTS app_embeddings.places_embeddings (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source     text NOT NULL,
	source_id  text NOT NULL,
	embedding  vector(1536) NOT NULL,
	metadata   jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT places_embeddings_source_key UNIQUE (source, source_id),
	CONSTRAINT places_embeddings_metadata_size
		CHECK (octet_length(metadata::text) <= 10240)
);

COMMENT ON TABLE app_embeddings.places_embeddings IS
'A place of a source, and its meaning as a direction. To write one again: ON CONFLICT (source, source_id) DO UPDATE.';
COMMENT ON COLUMN app_embeddings.places_embeddings.source IS
'Where the place is from, as serp.';
COMMENT ON COLUMN app_embeddings.places_embeddings.source_id IS
'The name of the place in its source.';
COMMENT ON COLUMN app_embeddings.places_embeddings.embedding IS
'Of any length: the cosine compares. The zero vector has no direction and is never found.';
COMMENT ON COLUMN app_embeddings.places_embeddings.metadata IS
'10 kB of text at most.';

-- IVFFlat divides the rows it finds into lists, here for 10,000 to 100,000
-- rows. Of an empty table it learns nothing, and its notice says to drop it
-- until there are rows. That need not be: the search of 006 does without it
-- until then, and app_embeddings.rebuild_index() lets it learn.

DO $$
DECLARE
	told text := current_setting('client_min_messages');
BEGIN
	PERFORM set_config('client_min_messages', 'warning', true);
	CREATE INDEX IF NOT EXISTS places_embeddings_embedding_idx
		ON app_embeddings.places_embeddings
		USING ivfflat (embedding vector_cosine_ops) WITH (lists = 100);
	PERFORM set_config('client_min_messages', told, true);
END
$$;

CREATE OR REPLACE FUNCTION app_embeddings.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	NEW.updated_at := now();
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION app_embeddings.set_updated_at() IS
'For the trigger of places_embeddings.';

REVOKE ALL ON FUNCTION app_embeddings.set_updated_at() FROM PUBLIC;

DROP TRIGGER IF EXISTS set_updated_at ON app_embeddings.places_embeddings;
CREATE TRIGGER set_updated_at
	BEFORE UPDATE ON app_embeddings.places_embeddings
	FOR EACH ROW EXECUTE FUNCTION app_embeddings.set_updated_at();

GRANT SELECT ON app_embeddings.places_embeddings
	TO app_readonly, app_readwrite, app_admin;
GRANT INSERT, UPDATE ON app_embeddings.places_embeddings
	TO app_readwrite, app_admin;
GRANT DELETE, TRUNCATE ON app_embeddings.places_embeddings
	TO app_admin;
