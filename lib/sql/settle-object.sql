-- Whether there is such a database, tablespace or subscription: $1 says which.
SELECT EXISTS (
	SELECT FROM pg_catalog.pg_database
	WHERE $1 = 'DATABASE'
	    AND datname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
    ) OR EXISTS (
	SELECT FROM pg_catalog.pg_tablespace
	WHERE $1 = 'TABLESPACE'
	    AND spcname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
    ) OR EXISTS (
	SELECT FROM pg_catalog.pg_subscription
	WHERE $1 = 'SUBSCRIPTION'
	    AND subname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
	    AND subdbid = (SELECT d.oid FROM pg_catalog.pg_database d
		WHERE d.datname = pg_catalog.current_database()))
