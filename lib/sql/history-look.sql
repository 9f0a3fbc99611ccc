-- Whether there is a history: the schema, its log, its format.
SELECT count(*) > 0,
    count(c.oid) FILTER (WHERE c.relname = 'log') > 0,
    count(c.oid) FILTER (WHERE c.relname = 'format') > 0
FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c
    ON c.relnamespace = n.oid AND c.relname IN ('log', 'format')
WHERE pg_catalog.quote_ident(n.nspname) = pg_catalog.quote_ident((
	pg_catalog.parse_ident($schema$:"mig"$schema$))[1])
