-- A statement that is done has set something that going on cannot set again.
UPDATE :"mig".progress SET session = true
WHERE series OPERATOR(pg_catalog.=) $1
    AND coalesce(version, '') OPERATOR(pg_catalog.=) coalesce($2, '')
    AND CASE WHEN version IS NULL THEN name ELSE '' END
	OPERATOR(pg_catalog.=) CASE WHEN $2 IS NULL THEN $3 ELSE '' END
    AND statement OPERATOR(pg_catalog.=) $4::int
    AND run OPERATOR(pg_catalog.=) $5
