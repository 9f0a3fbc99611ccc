-- A migration is done with: its key is that of the index progress_key.  Operators
-- have their schema, as the search_path is the text's.
DELETE FROM :"mig".progress
WHERE series OPERATOR(pg_catalog.=) $1
    AND coalesce(version, '') OPERATOR(pg_catalog.=) coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	OPERATOR(pg_catalog.=) CASE WHEN $2 IS NULL THEN $3 ELSE '' END
