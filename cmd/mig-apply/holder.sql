-- Who holds the lock of mig-apply.
SELECT pg_catalog.format('pid %s (%s, user %s%s)', a.pid,
    coalesce(nullif(a.application_name, ''), '?'), coalesce(a.usename, '?'),
    ', since ' || pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted
    AND l.classid::pg_catalog.int8 =
	(($1::pg_catalog.int8 >> 32) & 4294967295)
    AND l.objid::pg_catalog.int8 = ($1::pg_catalog.int8 & 4294967295)
    AND l.database = (SELECT oid FROM pg_catalog.pg_database
	WHERE datname = pg_catalog.current_database())
LIMIT 1
