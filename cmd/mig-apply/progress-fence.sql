-- Behind a row of progress: whether the log still ends where this run thinks.
-- The row keeps out a run that is at the same migration, but not one that has
-- ended it and so taken its rows away.  A transaction that keeps its snapshot
-- may not see the log's last row, but its key is there: a row that would have
-- it is tried, and taken back.
DO $fence$
DECLARE
	last pg_catalog.int8 :=
	    pg_catalog.current_setting('mig.seq')::pg_catalog.int8;
	beyond pg_catalog.bool;
BEGIN
	IF pg_catalog.current_setting('transaction_isolation')
	    OPERATOR(pg_catalog.=) 'read committed' THEN
		beyond := EXISTS (SELECT FROM :"mig".log
		    WHERE seq OPERATOR(pg_catalog.>) last);
	ELSE
		BEGIN
			INSERT INTO :"mig".log (seq, action)
			VALUES (last OPERATOR(pg_catalog.+) 1, 'exec');
			RAISE SQLSTATE 'MG003';
		EXCEPTION
		WHEN unique_violation THEN
			beyond := true;
		WHEN SQLSTATE 'MG003' THEN
			beyond := false;
		END;
	END IF;
	IF beyond THEN
		RAISE EXCEPTION 'the history has gone on'
		    USING ERRCODE = 'MG001';
	END IF;
END
$fence$
