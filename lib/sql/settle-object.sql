-- Whether there is such a database or tablespace: $1 says which.
SELECT EXISTS (
	SELECT FROM pg_catalog.pg_database
	WHERE $1 = 'DATABASE'
	    AND datname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name
    ) OR EXISTS (
	SELECT FROM pg_catalog.pg_tablespace
	WHERE $1 = 'TABLESPACE'
	    AND spcname = (pg_catalog.parse_ident($2))[1]::pg_catalog.name)
