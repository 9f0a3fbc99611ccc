-- What this role lacks that writing to the history takes.
SELECT pg_catalog.string_agg(r.privilege, ', ') FROM (VALUES
    ('INSERT on ' || $log$:"mig".log$log$, pg_catalog.has_table_privilege(
	$log$:"mig".log$log$, 'INSERT')),
    ('INSERT, UPDATE and DELETE on ' || $progress$:"mig".progress$progress$,
	pg_catalog.has_table_privilege($progress$:"mig".progress$progress$,
	    'INSERT')
	AND pg_catalog.has_table_privilege($progress$:"mig".progress$progress$,
	    'UPDATE')
	AND pg_catalog.has_table_privilege($progress$:"mig".progress$progress$,
	    'DELETE')),
    ('EXECUTE on function ' || $hash$:"mig".row_hash(:"mig".log)$hash$,
	pg_catalog.has_function_privilege($hash$:"mig".row_hash(:"mig".log)$hash$,
	    'EXECUTE'))
) r (privilege, had) WHERE NOT r.had
