-- The schema of a database as text: one line an object, in byte order, the same
-- from every server of the same major, with nothing of the system's, of an
-- extension's, or of schema mig.  Oids, column gaps and statistics do not show.
\set QUIET on
SET search_path = '';
WITH ns AS (
	SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
	WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'mig')
), ext AS (
	SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), rel AS (
	SELECT c.*, c.oid::regclass::text AS id FROM pg_catalog.pg_class c
	JOIN ns ON ns.oid = c.relnamespace
	WHERE NOT EXISTS (SELECT FROM ext
	    WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid)
), proc AS (
	SELECT p.*, p.oid::regprocedure::text AS id FROM pg_catalog.pg_proc p
	JOIN ns ON ns.oid = p.pronamespace
	WHERE NOT EXISTS (SELECT FROM ext
	    WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid)
), typ AS (
	SELECT t.*, t.oid::regtype::text AS id FROM pg_catalog.pg_type t
	JOIN ns ON ns.oid = t.typnamespace
	WHERE NOT EXISTS (SELECT FROM ext
	    WHERE classid = 'pg_catalog.pg_type'::regclass AND objid = t.oid)
), line (kind, id, def) AS (
	SELECT 'schema', nspname::text, 'owner=' || nspowner::regrole::text
	FROM ns
	UNION ALL
	SELECT 'extension', extname, pg_catalog.concat_ws(' ', extversion,
	    extnamespace::regnamespace)
	FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
	UNION ALL
	SELECT 'relation', rel.id, pg_catalog.concat_ws(' ', 'kind=' || relkind::text,
	    'persistence=' || relpersistence::text, 'owner=' || relowner::regrole::text,
	    'am=' || (SELECT amname FROM pg_catalog.pg_am WHERE oid = relam),
	    'rls=' || relrowsecurity::text || '/' || relforcerowsecurity::text,
	    'identity=' || relreplident::text,
	    'options=' || (SELECT pg_catalog.string_agg(o, ',' ORDER BY o)
	        FROM pg_catalog.unnest(reloptions) o),
	    'of=' || NULLIF(reloftype, 0)::regtype::text,
	    'key=' || pg_catalog.pg_get_partkeydef(rel.oid),
	    'bound=' || pg_catalog.pg_get_expr(relpartbound, rel.oid),
	    'parents=' || (SELECT pg_catalog.string_agg(
	        inhparent::regclass::text, ',' ORDER BY inhseqno)
	        FROM pg_catalog.pg_inherits WHERE inhrelid = rel.oid),
	    'tablespace=' || (SELECT spcname FROM pg_catalog.pg_tablespace
	        WHERE oid = reltablespace))
	FROM rel WHERE relkind <> 'i' AND relkind <> 'I'
	UNION ALL
	SELECT 'column', rel.id || '.' || pg_catalog.to_char(
	    pg_catalog.row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
	    'FM0000') || ' ' || pg_catalog.quote_ident(attname),
	    pg_catalog.concat_ws(' ',
	    pg_catalog.format_type(atttypid, atttypmod),
	    CASE WHEN attnotnull THEN 'not-null' END,
	    'default=' || pg_catalog.pg_get_expr(adbin, adrelid),
	    'identity=' || NULLIF(attidentity, '')::text,
	    'generated=' || NULLIF(attgenerated, '')::text,
	    'collation=' || CASE WHEN attcollation <> typcollation
	        THEN attcollation::regcollation::text END,
	    'storage=' || CASE WHEN attstorage <> typstorage
	        THEN attstorage::text END,
	    'statistics=' || NULLIF(attstattarget, -1)::text,
	    -- 15.20 keeps a number of its own there
	    'options=' || (SELECT pg_catalog.string_agg(o, ',' ORDER BY o)
	        FROM pg_catalog.unnest(attoptions) o
	        WHERE o !~ '^pg_attver='))
	FROM pg_catalog.pg_attribute a JOIN rel ON rel.oid = attrelid
	JOIN pg_catalog.pg_type ty ON ty.oid = atttypid
	LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attnum > 0 AND NOT attisdropped
	    AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
	UNION ALL
	-- the not-null of a column stands in its line, whatever the version
	SELECT 'constraint', COALESCE(rel.id, typ.id) || ' '
	    || pg_catalog.quote_ident(conname),
	    pg_catalog.pg_get_constraintdef(k.oid)
	FROM pg_catalog.pg_constraint k LEFT JOIN rel ON rel.oid = conrelid
	LEFT JOIN typ ON typ.oid = contypid
	WHERE COALESCE(rel.id, typ.id) IS NOT NULL
	    AND contype NOT IN ('t', 'n')
	UNION ALL
	SELECT 'index', rel.id, pg_catalog.concat_ws(' ',
	    pg_catalog.pg_get_indexdef(indexrelid),
	    CASE WHEN NOT indisvalid THEN 'invalid' END,
	    CASE WHEN indisclustered THEN 'clustered' END,
	    CASE WHEN indisreplident THEN 'identity' END)
	FROM pg_catalog.pg_index JOIN rel ON rel.oid = indexrelid
	UNION ALL
	SELECT 'view', id, pg_catalog.pg_get_viewdef(oid)
	    || CASE WHEN relispopulated THEN '' ELSE ' unpopulated' END
	FROM rel WHERE relkind IN ('v', 'm')
	UNION ALL
	SELECT 'rule', rel.id || ' ' || pg_catalog.quote_ident(rulename),
	    pg_catalog.pg_get_ruledef(r.oid) || ' ' || ev_enabled::text
	FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = ev_class
	WHERE rulename <> '_RETURN'
	UNION ALL
	SELECT 'sequence', id, pg_catalog.concat_ws(' ', seqtypid::regtype,
	    seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
	    'owned-by=' || (SELECT refobjid::regclass::text || '.' || attname
	        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute
	            ON attrelid = refobjid AND attnum = refobjsubid
	        WHERE d.classid = 'pg_catalog.pg_class'::regclass
	            AND d.objid = seqrelid AND deptype IN ('a', 'i')))
	FROM pg_catalog.pg_sequence JOIN rel ON rel.oid = seqrelid
	UNION ALL
	SELECT 'function', id, 'owner=' || proowner::regrole::text || ' '
	    || CASE prokind
	    WHEN 'a' THEN (SELECT pg_catalog.concat_ws(' ', 'aggregate',
	        prorettype::regtype, aggtransfn::regprocedure, aggfinalfn,
	        aggtranstype::regtype, agginitval, aggsortop::regoperator)
	        FROM pg_catalog.pg_aggregate WHERE aggfnoid = proc.oid)
	    ELSE pg_catalog.pg_get_functiondef(oid) END
	FROM proc
	UNION ALL
	SELECT 'trigger', rel.id || ' ' || pg_catalog.quote_ident(tgname),
	    pg_catalog.pg_get_triggerdef(t.oid) || ' ' || tgenabled::text
	FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = tgrelid
	WHERE NOT tgisinternal
	UNION ALL
	SELECT 'event-trigger', evtname, pg_catalog.concat_ws(' ', evtevent,
	    evtfoid::regprocedure, evtenabled, evttags::text)
	FROM pg_catalog.pg_event_trigger
	UNION ALL
	SELECT 'policy', rel.id || ' ' || pg_catalog.quote_ident(polname),
	    pg_catalog.concat_ws(' ', polcmd, polpermissive,
	    'to=' || (SELECT pg_catalog.string_agg(CASE r WHEN 0 THEN 'public'
	        ELSE r::regrole::text END, ',' ORDER BY r::regrole::text)
	        FROM pg_catalog.unnest(polroles) r),
	    'using=' || pg_catalog.pg_get_expr(polqual, polrelid),
	    'check=' || pg_catalog.pg_get_expr(polwithcheck, polrelid))
	FROM pg_catalog.pg_policy JOIN rel ON rel.oid = polrelid
	UNION ALL
	SELECT 'type', id, pg_catalog.concat_ws(' ', typtype,
	    'owner=' || typowner::regrole::text,
	    'base=' || pg_catalog.format_type(NULLIF(typbasetype, 0), typtypmod),
	    CASE WHEN typnotnull THEN 'not-null' END, 'default=' || typdefault,
	    'range=' || (SELECT rngsubtype::regtype::text
	        FROM pg_catalog.pg_range WHERE rngtypid = typ.oid),
	    'labels=' || (SELECT pg_catalog.string_agg(
	        pg_catalog.quote_literal(enumlabel), ',' ORDER BY enumsortorder)
	        FROM pg_catalog.pg_enum WHERE enumtypid = typ.oid))
	FROM typ WHERE typtype IN ('d', 'e', 'r')
	    OR (typtype = 'c' AND EXISTS (SELECT FROM rel
	        WHERE rel.oid = typrelid AND relkind = 'c'))
	UNION ALL
	SELECT 'statistics', rel.id || ' ' || pg_catalog.quote_ident(stxname),
	    pg_catalog.pg_get_statisticsobjdef(s.oid)
	FROM pg_catalog.pg_statistic_ext s JOIN rel ON rel.oid = stxrelid
	UNION ALL
	SELECT 'publication', pubname, pg_catalog.concat_ws(' ', puballtables,
	    pubinsert, pubupdate, pubdelete, pubtruncate,
	    (SELECT pg_catalog.string_agg(prrelid::regclass::text, ','
	        ORDER BY prrelid::regclass::text)
	        FROM pg_catalog.pg_publication_rel WHERE prpubid = p.oid))
	FROM pg_catalog.pg_publication p
	UNION ALL
	SELECT 'server', srvname, pg_catalog.concat_ws(' ', fdwname, srvtype,
	    srvversion, srvoptions::text)
	FROM pg_catalog.pg_foreign_server s
	JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = srvfdw
	UNION ALL
	SELECT 'foreign-table', id, srvname || ' ' || COALESCE(ftoptions::text, '')
	FROM pg_catalog.pg_foreign_table JOIN rel ON rel.oid = ftrelid
	JOIN pg_catalog.pg_foreign_server s ON s.oid = ftserver
	UNION ALL
	SELECT 'grant', g.id, pg_catalog.concat_ws(' ', CASE grantee WHEN 0
	    THEN 'public' ELSE grantee::regrole::text END, privilege_type,
	    CASE WHEN is_grantable THEN 'grantable' END,
	    'by=' || grantor::regrole::text)
	FROM (SELECT 'schema ' || nspname, nspacl FROM ns
	    UNION ALL SELECT 'relation ' || id, relacl FROM rel
	    UNION ALL SELECT 'column ' || id || '.'
	        || pg_catalog.quote_ident(attname), attacl FROM rel
	        JOIN pg_catalog.pg_attribute ON attrelid = rel.oid
	        WHERE NOT attisdropped
	    UNION ALL SELECT 'function ' || id, proacl FROM proc
	    UNION ALL SELECT 'type ' || id, typacl FROM typ
	    UNION ALL SELECT pg_catalog.concat_ws(' ', 'default',
	        defaclrole::regrole::text, NULLIF(defaclnamespace, 0)::regnamespace,
	        defaclobjtype), defaclacl FROM pg_catalog.pg_default_acl)
	    AS g (id, acl), pg_catalog.aclexplode(g.acl)
	UNION ALL
	SELECT 'comment', o.type || ' ' || o.identity, description
	FROM pg_catalog.pg_description d,
	    pg_catalog.pg_identify_object(classoid, objoid, objsubid) o
	WHERE (classoid, objoid) IN (
	    SELECT 'pg_catalog.pg_class'::regclass, oid FROM rel
	    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid FROM proc
	    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid FROM typ
	    UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid FROM ns
	    UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, k.oid
	        FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = conrelid
	    UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, t.oid
	        FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = tgrelid
	    UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, p.oid
	        FROM pg_catalog.pg_policy p JOIN rel ON rel.oid = polrelid)
)
SELECT shown FROM (SELECT pg_catalog.replace(
    pg_catalog.concat_ws(' ', kind, id, def), E'\n', '\n') FROM line) t (shown)
ORDER BY shown COLLATE "C";
