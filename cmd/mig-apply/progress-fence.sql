-- Behind a row of progress: whether the log still ends where this run thinks.
-- The row keeps out a run that is at the same migration, but not one that has
-- ended it and so taken its rows away.
DO $fence$
BEGIN
	IF EXISTS (SELECT FROM :"mig".log WHERE seq OPERATOR(pg_catalog.>)
	    pg_catalog.current_setting('mig.seq')::pg_catalog.int8) THEN
		RAISE EXCEPTION 'the history has gone on'
		    USING ERRCODE = 'MG001';
	END IF;
END
$fence$
