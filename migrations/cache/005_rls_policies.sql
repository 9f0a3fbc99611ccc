-- A policy for each role and command. Whom a later GRANT lets in by mistake
-- sees no row and writes none, until a policy names that role, too.
--
-- The caches have no row security; 003 says why. It is not forced on the owner:
-- the functions of 006 run with the owner's rights.

ALTER TABLE app_embeddings.places_embeddings ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
	p    record;
	name text;
BEGIN
	FOR p IN
		SELECT role, command
		FROM (VALUES
		    ('app_readonly', '{SELECT}'::text[]),
		    ('app_readwrite', '{SELECT,INSERT,UPDATE}'),
		    ('app_admin', '{SELECT,INSERT,UPDATE,DELETE}')
		    ) AS r (role, commands), unnest(commands) AS command
	LOOP
		name := lower(p.role || '_' || p.command);
		IF EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polname = name
		    AND polrelid = 'app_embeddings.places_embeddings'::regclass)
		THEN
			EXECUTE format('DROP POLICY %I
				ON app_embeddings.places_embeddings', name);
		END IF;
		EXECUTE format('CREATE POLICY %I
			ON app_embeddings.places_embeddings
			FOR %s TO %I %s %s', name, p.command, p.role,
		    CASE WHEN p.command <> 'INSERT' THEN 'USING (true)' END,
		    CASE WHEN p.command IN ('INSERT', 'UPDATE')
		    THEN 'WITH CHECK (true)' END);
	END LOOP;
END
$$;
