-- The three roles. They belong to all databases of the server and nobody logs
-- in as one of them: GRANT app_readwrite TO the role that the application uses.
-- Another database's deployment may be making them at the same time.

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{app_readonly,app_readwrite,app_admin}'::text[]
	LOOP
		IF to_regrole(name) IS NULL THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', name);
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL;
			END;
		END IF;
	END LOOP;
END
$$;

-- All may look into the schemas and none may make objects there: that is what
-- migrations are for. There are no default privileges. The file that makes a
-- table says who may do what with it.

GRANT USAGE ON SCHEMA app_cache, app_embeddings, app_monitoring
	TO app_readonly, app_readwrite, app_admin;

-- What a role can do with a table of the application:
--
--   app_readonly   SELECT
--   app_readwrite  SELECT, INSERT, UPDATE
--   app_admin      SELECT, INSERT, UPDATE, DELETE, TRUNCATE
--
-- app_admin has every command, but not GRANT ALL. That has TRIGGER in it, by
-- which it would run code of its own with the rights of the owner, when the
-- owner's jobs delete rows. And it has REFERENCES: once a foreign key points
-- to a hypertable, none of its chunks can be dropped any more.
