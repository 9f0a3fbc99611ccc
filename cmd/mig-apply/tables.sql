-- The names of those tables ($1, oids) that are there, to be analyzed.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind IN ('r', 'm', 'p', 'f')
ORDER BY n.nspname, c.relname
