-- What SQL has prepared goes; what came as a message of the protocol may be of
-- a pooler, which believes it to be there.
DO $$
DECLARE
	n pg_catalog.text;
BEGIN
	FOR n IN SELECT name FROM pg_catalog.pg_prepared_statements
	    WHERE from_sql LOOP
		EXECUTE pg_catalog.format('DEALLOCATE %I', n);
	END LOOP;
END $$
