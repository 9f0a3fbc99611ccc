-- Every drop that empties the database; $1 is the history's schema.  Nothing
-- that belongs to an extension, but the extensions themselves.
WITH spaces AS (
	SELECT oid, nspname FROM pg_catalog.pg_namespace
	WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
	    AND nspname <> $1::pg_catalog.text
), owned AS (
	SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), drops (place, kind, spot, args) AS (
	SELECT 10, 'EVENT TRIGGER', pg_catalog.format('%I', evtname), ''
	FROM pg_catalog.pg_event_trigger e
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = e.oid
	    AND classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass)
    UNION ALL
	SELECT 11, 'PUBLICATION', pg_catalog.format('%I', pubname), ''
	FROM pg_catalog.pg_publication p
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = p.oid
	    AND classid = 'pg_catalog.pg_publication'::pg_catalog.regclass)
    UNION ALL
	SELECT CASE c.relkind WHEN 'v' THEN 20 WHEN 'm' THEN 21
	    WHEN 'f' THEN 22 WHEN 'S' THEN 24 WHEN 'c' THEN 40 ELSE 23 END,
	    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
	    'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN
	    'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
	    pg_catalog.format('%I.%I', s.nspname, c.relname), ''
	FROM pg_catalog.pg_class c JOIN spaces s ON s.oid = c.relnamespace
	WHERE c.relkind IN ('v', 'm', 'f', 'S', 'c', 'r', 'p')
	    AND NOT EXISTS (SELECT FROM owned WHERE objid = c.oid
		AND classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
	    -- of a composite type it is the type that an extension owns
	    AND NOT EXISTS (SELECT FROM owned WHERE objid = c.reltype
		AND classid = 'pg_catalog.pg_type'::pg_catalog.regclass)
	    -- the sequence of a column goes with its table
	    AND NOT (c.relkind = 'S' AND EXISTS (
		SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid
		    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
		    AND d.deptype IN ('a', 'i')))
    UNION ALL
	SELECT 30, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN
	    'AGGREGATE' ELSE 'FUNCTION' END,
	    pg_catalog.format('%I.%I', s.nspname, p.proname),
	    pg_catalog.format('(%s)', CASE WHEN p.prokind = 'a'
		AND p.pronargs = 0 THEN '*' ELSE
		pg_catalog.pg_get_function_identity_arguments(p.oid) END)
	FROM pg_catalog.pg_proc p JOIN spaces s ON s.oid = p.pronamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = p.oid
		AND classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
	    -- the functions of a range go with it
	    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
		WHERE d.objid = p.oid AND d.deptype = 'i'
		AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
    UNION ALL
	SELECT 31, 'OPERATOR', pg_catalog.format('%I.%s', s.nspname,
	    o.oprname), pg_catalog.format(' (%s, %s)',
	    CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE
		pg_catalog.format_type(o.oprleft, NULL) END,
	    CASE WHEN o.oprright = 0 THEN 'NONE' ELSE
		pg_catalog.format_type(o.oprright, NULL) END)
	FROM pg_catalog.pg_operator o JOIN spaces s ON s.oid = o.oprnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = o.oid
	    AND classid = 'pg_catalog.pg_operator'::pg_catalog.regclass)
    UNION ALL
	SELECT 32, 'OPERATOR FAMILY', pg_catalog.format('%I.%I', s.nspname,
	    f.opfname), pg_catalog.format(' USING %I', a.amname)
	FROM pg_catalog.pg_opfamily f
	    JOIN spaces s ON s.oid = f.opfnamespace
	    JOIN pg_catalog.pg_am a ON a.oid = f.opfmethod
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = f.oid
	    AND classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass)
    UNION ALL
	SELECT 41, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END,
	    pg_catalog.format('%I.%I', s.nspname, t.typname), ''
	FROM pg_catalog.pg_type t JOIN spaces s ON s.oid = t.typnamespace
	WHERE t.typtype IN ('b', 'd', 'e', 'r', 'p')
	    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e
		WHERE e.typarray = t.oid)
	    AND NOT EXISTS (SELECT FROM owned WHERE objid = t.oid
		AND classid = 'pg_catalog.pg_type'::pg_catalog.regclass)
    UNION ALL
	SELECT 50, 'TEXT SEARCH CONFIGURATION',
	    pg_catalog.format('%I.%I', s.nspname, x.cfgname), ''
	FROM pg_catalog.pg_ts_config x JOIN spaces s ON s.oid = x.cfgnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass)
    UNION ALL
	SELECT 51, 'TEXT SEARCH DICTIONARY',
	    pg_catalog.format('%I.%I', s.nspname, x.dictname), ''
	FROM pg_catalog.pg_ts_dict x JOIN spaces s ON s.oid = x.dictnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass)
    UNION ALL
	SELECT 52, 'TEXT SEARCH TEMPLATE',
	    pg_catalog.format('%I.%I', s.nspname, x.tmplname), ''
	FROM pg_catalog.pg_ts_template x
	    JOIN spaces s ON s.oid = x.tmplnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_ts_template'::pg_catalog.regclass)
    UNION ALL
	SELECT 53, 'TEXT SEARCH PARSER',
	    pg_catalog.format('%I.%I', s.nspname, x.prsname), ''
	FROM pg_catalog.pg_ts_parser x JOIN spaces s ON s.oid = x.prsnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_ts_parser'::pg_catalog.regclass)
    UNION ALL
	SELECT 54, 'COLLATION',
	    pg_catalog.format('%I.%I', s.nspname, x.collname), ''
	FROM pg_catalog.pg_collation x JOIN spaces s ON s.oid = x.collnamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_collation'::pg_catalog.regclass)
    UNION ALL
	SELECT 55, 'CONVERSION',
	    pg_catalog.format('%I.%I', s.nspname, x.conname), ''
	FROM pg_catalog.pg_conversion x JOIN spaces s ON s.oid = x.connamespace
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_conversion'::pg_catalog.regclass)
    UNION ALL
	SELECT 56, 'CAST', '', pg_catalog.format('(%s AS %s)',
	    pg_catalog.format_type(x.castsource, NULL),
	    pg_catalog.format_type(x.casttarget, NULL))
	FROM pg_catalog.pg_cast x
	WHERE x.oid >= 16384 AND NOT EXISTS (
	    SELECT FROM pg_catalog.pg_depend d
	    WHERE d.objid = x.oid AND d.deptype IN ('e', 'i')
		AND d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass)
    UNION ALL
	SELECT 60, 'SERVER', pg_catalog.format('%I', x.srvname), ''
	FROM pg_catalog.pg_foreign_server x
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid
	    AND classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass)
    UNION ALL
	SELECT 61, 'FOREIGN DATA WRAPPER', pg_catalog.format('%I', x.fdwname),
	    ''
	FROM pg_catalog.pg_foreign_data_wrapper x
	WHERE NOT EXISTS (SELECT FROM owned WHERE objid = x.oid AND classid =
	    'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass)
    UNION ALL
	SELECT 70, 'EXTENSION', pg_catalog.format('%I', extname), ''
	FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
	SELECT 71, 'LANGUAGE', pg_catalog.format('%I', lanname), ''
	FROM pg_catalog.pg_language l
	WHERE l.oid >= 16384 AND NOT EXISTS (SELECT FROM owned
	    WHERE objid = l.oid
	    AND classid = 'pg_catalog.pg_language'::pg_catalog.regclass)
    UNION ALL
	SELECT 80, 'SCHEMA', pg_catalog.format('%I', s.nspname), ''
	FROM spaces s WHERE s.nspname <> 'public'
	    AND NOT EXISTS (SELECT FROM owned WHERE objid = s.oid
		AND classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
)
SELECT pg_catalog.format('DROP %s IF EXISTS %s%s CASCADE;', kind, spot, args)
FROM drops
ORDER BY place, kind, spot COLLATE "C", args COLLATE "C"
