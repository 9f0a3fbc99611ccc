-- How many constraints may be checked as late as COMMIT, and the names of those
-- that are unless told otherwise.  SET CONSTRAINTS takes a name for all that
-- bear it, so that a namesake of another kind rules it out.
SELECT pg_catalog.count(*), pg_catalog.string_agg(
    pg_catalog.format('%I.%I', n.nspname, c.conname), ', ')
    FILTER (WHERE c.condeferred
	AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o
	    WHERE o.connamespace OPERATOR(pg_catalog.=) c.connamespace
	    AND o.conname OPERATOR(pg_catalog.=) c.conname AND NOT o.condeferred))
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_namespace n
    ON n.oid OPERATOR(pg_catalog.=) c.connamespace
WHERE c.condeferrable
    AND c.conparentid OPERATOR(pg_catalog.=) '0'::pg_catalog.oid
