-- A partition ($2) that was to be detached from its table ($1): whether both
-- are there, whether it is still attached, or half detached.  13 lacks the
-- column.
SELECT p.oid IS NOT NULL AND c.oid IS NOT NULL, i.inhrelid IS NOT NULL,
    coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')
	::pg_catalog.bool, false)
FROM (SELECT pg_catalog.to_regclass($1) AS oid) p
CROSS JOIN (SELECT pg_catalog.to_regclass($2) AS oid) c
LEFT JOIN pg_catalog.pg_inherits i
    ON i.inhparent = p.oid AND i.inhrelid = c.oid
