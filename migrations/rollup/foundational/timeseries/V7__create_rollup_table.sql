-- Making a rollup: its table with partitions and indexes, its row in
-- rollup_config, and the triggers on its source that note late rows.

-- A statement on the source notes the buckets that it has touched. Always, also
-- those that the rollup has not come to yet: a transaction may begin before the
-- rollup passes its rows and commit after that. The writer needs no rights here.

CREATE OR REPLACE FUNCTION silver.note_changes()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rollup  record;
	touched text;
BEGIN
	FOR rollup IN
		SELECT c.id, c.time_column, c.bucket, c.target_table
		FROM silver.rollup_config c WHERE c.source_table = TG_RELID
	LOOP
		touched := CASE TG_OP
		    WHEN 'INSERT' THEN 'SELECT %1$I AS at FROM new_rows'
		    WHEN 'DELETE' THEN 'SELECT %1$I AS at FROM old_rows'
		    WHEN 'UPDATE' THEN 'SELECT %1$I AS at FROM old_rows
		        UNION ALL SELECT %1$I FROM new_rows'
		    WHEN 'TRUNCATE' THEN 'SELECT bucket AS at FROM %2$s' END;
		EXECUTE format('INSERT INTO silver.rollup_changes (rollup_id, bucket)
		    SELECT DISTINCT $1, silver.time_bucket($2, t.at) FROM ('
		    || touched || ') t', rollup.time_column, rollup.target_table)
		USING rollup.id, rollup.bucket;
	END LOOP;
	RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION silver.note_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION silver.note_changes() TO timeseries_admin;

-- The query of a rollup. Of a source that is a rollup itself the samples are
-- summed up, so that sample_count is always that of raw rows.

CREATE OR REPLACE FUNCTION silver.rollup_query(
	p_source      regclass,
	p_time        text,
	p_bucket      interval,
	p_dimensions  jsonb,
	p_aggregates  jsonb,
	p_where       text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ltree  name := (SELECT n.nspname FROM pg_catalog.pg_extension e
	    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
	    WHERE e.extname = 'ltree');
	item   jsonb;
	made   text;
	list   text := format('silver.time_bucket(%L, %I) AS bucket', p_bucket, p_time);
	keys   text := '1';
	n      integer := 1;
BEGIN
	FOR item IN SELECT * FROM jsonb_array_elements(p_dimensions) LOOP
		n := n + 1;
		keys := keys || ', ' || n;
		list := list || format(CASE WHEN item->>'depth' IS NULL
		    THEN ', %1$I AS %4$I'
		    ELSE ', CASE WHEN %3$I.nlevel(%1$I) <= %2$s THEN %1$I
		    ELSE %3$I.subpath(%1$I, 0, %2$s) END AS %4$I' END,
		    item->>'column', item->>'depth', ltree, item->>'name');
	END LOOP;
	list := list || CASE WHEN EXISTS (SELECT FROM silver.rollup_config c
	    WHERE c.target_table = p_source)
	    THEN ', sum(sample_count)::bigint' ELSE ', count(*)' END
	    || ' AS sample_count';
	FOR item IN SELECT * FROM jsonb_array_elements(p_aggregates) LOOP
		made := CASE item->>'function'
		    WHEN 'count' THEN 'count(%1$I)'
		    WHEN 'sum' THEN 'sum(%1$I)'
		    WHEN 'min' THEN 'min(%1$I)'
		    WHEN 'max' THEN 'max(%1$I)'
		    WHEN 'stddev' THEN 'stddev(%1$I)'
		    WHEN 'first' THEN 'silver.first_value(%1$I ORDER BY %2$I, %1$I)'
		    WHEN 'last' THEN 'silver.last_value(%1$I ORDER BY %2$I, %1$I)'
		    WHEN 'avg' THEN CASE WHEN item->>'weight' IS NULL
		        THEN 'avg(%1$I)'
		        ELSE 'sum(%1$I * %3$I)
		        / nullif(sum(%3$I) FILTER (WHERE %1$I IS NOT NULL), 0)' END
		    END;
		IF made IS NULL OR item->>'column' IS NULL THEN
			RAISE EXCEPTION 'not an aggregate: %', item
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Like {"function": "avg", "column": "temperature"}, with one of count, sum, min, max, avg, stddev, first, last.';
		END IF;
		list := list || ', ' || format(made, item->>'column', p_time,
		    item->>'weight') || format(' AS %I', coalesce(item->>'name',
		    (item->>'column') || '_' || (item->>'function')));
	END LOOP;
	RETURN format('SELECT %s FROM %s WHERE %s GROUP BY %s', list, p_source,
	    p_where, keys);
END
$$;

COMMENT ON FUNCTION silver.rollup_query(regclass, text, interval, jsonb, jsonb, text) IS
'The query whose rows a rollup stores.';

-- 1h, 5m, 7d, 3mon

CREATE OR REPLACE FUNCTION silver.bucket_label(p_bucket interval)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
	SELECT CASE
	WHEN extract(year FROM p_bucket) * 12 + extract(month FROM p_bucket) > 0
	THEN extract(year FROM p_bucket) * 12 + extract(month FROM p_bucket) || 'mon'
	WHEN s.s % 86400 = 0 THEN s.s / 86400 || 'd'
	WHEN s.s % 3600 = 0 THEN s.s / 3600 || 'h'
	WHEN s.s % 60 = 0 THEN s.s / 60 || 'm'
	ELSE s.s || 's' END
	FROM (SELECT extract(epoch FROM p_bucket)::bigint AS s) s
$$;

-- Which column cuts a table into partitions.

CREATE OR REPLACE FUNCTION silver.partition_column(p_table regclass)
RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT a.attname
	FROM pg_catalog.pg_partitioned_table p
	JOIN pg_catalog.pg_attribute a
	ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
	WHERE p.partrelid = p_table AND p.partstrat = 'r' AND p.partnatts = 1
$$;

CREATE OR REPLACE FUNCTION silver.create_rollup_table(
	p_source      regclass,
	p_bucket      interval,
	p_aggregates  jsonb,
	p_target      text DEFAULT NULL,
	p_dimensions  text[] DEFAULT NULL,
	p_partition   interval DEFAULT NULL,
	p_retention   interval DEFAULT NULL,
	p_settle      interval DEFAULT '0',
	p_time        text DEFAULT NULL)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
	in_schema   text := (SELECT n.nspname FROM pg_catalog.pg_class c
	    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	    WHERE c.oid = p_source);
	target      text;
	dimensions  jsonb;
	there       silver.rollup_config;
	columns     text;
	keys        text;
	item        record;
	first_time  timestamptz;
	op          text;
BEGIN
	p_time := coalesce(p_time, silver.partition_column(p_source));
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
	    WHERE a.attrelid = p_source AND a.attname = p_time
	    AND a.atttypid = 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'table % has no time column %', p_source,
		    coalesce(p_time, '')
		USING ERRCODE = 'undefined_column',
		HINT = 'It is of type timestamptz: the column of the partitions, or that of p_time.';
	END IF;
	PERFORM silver.time_bucket(p_bucket, now());	-- refuses a bad width

	-- dimensions: those asked for, else all that are enabled
	SELECT coalesce(jsonb_agg(jsonb_build_object('name', d.name,
	    'column', d.column_name, 'depth', d.ltree_depth)
	    ORDER BY d.position, d.name), '[]') INTO dimensions
	FROM silver.dimension_config d
	WHERE d.source_table = p_source
	AND CASE WHEN p_dimensions IS NULL THEN d.enabled
	    ELSE d.name = ANY (p_dimensions) END;
	IF jsonb_array_length(dimensions) < cardinality(p_dimensions) THEN
		RAISE EXCEPTION 'of the dimensions % some are not in dimension_config for %',
		    p_dimensions, p_source
		USING ERRCODE = 'invalid_parameter_value';
	END IF;

	-- the name, and whether it is there
	target := coalesce(p_target, format('%s.%s_%s',
	    CASE in_schema WHEN 'silver' THEN 'gold' ELSE 'silver' END,
	    (SELECT c.relname FROM pg_catalog.pg_class c WHERE c.oid = p_source),
	    silver.bucket_label(p_bucket)));
	IF target !~ '^(silver|gold)\.[^.]+$' THEN
		RAISE EXCEPTION 'a rollup is in the schema silver or gold, and % is not', target
		USING ERRCODE = 'invalid_schema_name';
	END IF;
	target := format('%I.%I', split_part(target, '.', 1), split_part(target, '.', 2));
	SELECT * INTO there FROM silver.rollup_config c
	WHERE c.target_table = to_regclass(target);
	IF FOUND THEN
		IF (there.source_table, there.bucket, there.dimensions,
		    there.aggregates, there.time_column)
		    IS DISTINCT FROM (p_source, p_bucket, dimensions, p_aggregates,
		    p_time) THEN
			RAISE EXCEPTION 'rollup % is there and is another one', target
			USING ERRCODE = 'duplicate_table',
			HINT = 'silver.drop_rollup_table() first, or another name.';
		END IF;
		RETURN there.target_table;
	END IF;

	-- the table, in the types that its query has
	EXECUTE 'CREATE TEMPORARY VIEW rollup_shape AS ' || silver.rollup_query(
	    p_source, p_time, p_bucket, dimensions, p_aggregates, 'false');
	SELECT string_agg(format('%I %s%s', a.attname,
	    format_type(a.atttypid, a.atttypmod),
	    CASE WHEN a.attname IN ('bucket', 'sample_count')
	    THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY a.attnum) INTO columns
	FROM pg_catalog.pg_attribute a
	WHERE a.attrelid = 'pg_temp.rollup_shape'::regclass AND a.attnum > 0;
	DROP VIEW pg_temp.rollup_shape;
	SELECT string_agg(', ' || quote_ident(d.value->>'name'), '' ORDER BY d.n)
	INTO keys
	FROM jsonb_array_elements(dimensions) WITH ORDINALITY AS d (value, n);
	EXECUTE format('CREATE TABLE %s (%s, UNIQUE NULLS NOT DISTINCT (bucket%s))
	    PARTITION BY RANGE (bucket)', target, columns, keys);
	EXECUTE format('COMMENT ON TABLE %s IS %L', target,
	    format('%s of %s.', silver.bucket_label(p_bucket), p_source));
	EXECUTE format('ALTER TABLE %s OWNER TO timeseries_admin', target);

	-- Indexes for its dimensions: GiST for a path; one GIN over all others that
	-- GIN can take, which serves any choice of them; a B-tree each for the rest.
	FOR item IN
		SELECT CASE
		    WHEN t.typname = 'ltree' THEN 'gist'
		    WHEN EXISTS (SELECT FROM pg_catalog.pg_opclass o
		        JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
		        WHERE m.amname = 'gin' AND o.opcdefault
		        AND o.opcintype = t.oid) THEN 'gin'
		    ELSE 'btree' END AS method,
		    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list
		FROM pg_catalog.pg_attribute a
		JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = target::regclass
		AND a.attname IN (SELECT d.value->>'name'
		    FROM jsonb_array_elements(dimensions) d)
		GROUP BY 1, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_opclass o
		    JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
		    WHERE m.amname = 'gin' AND o.opcdefault
		    AND o.opcintype = t.oid) THEN 0 ELSE a.attnum END
		ORDER BY 1, 2
	LOOP
		EXECUTE format('CREATE INDEX ON %s USING %s (%s)', target,
		    item.method, item.list);
	END LOOP;

	-- Partitions, from the first row that there is. pg_partman's own maintenance
	-- leaves the table alone: see maintain_timeseries_tables().
	p_partition := coalesce(p_partition, CASE
	    WHEN p_bucket < interval '1 hour' THEN interval '1 day'
	    WHEN p_bucket < interval '1 day' THEN interval '1 month'
	    ELSE interval '1 year' END);
	EXECUTE format('SELECT min(%I) FROM %s', p_time, p_source) INTO first_time;
	PERFORM silver.manage_partitions(target::regclass, p_partition, p_retention,
	    first_time);

	INSERT INTO silver.rollup_config (source_table, target_table, time_column,
	    bucket, dimensions, aggregates, settle)
	VALUES (p_source, target, p_time, p_bucket, dimensions, p_aggregates,
	    p_settle);

	-- This waits for transactions that have written to the source, also where the
	-- triggers are there: they have noted nothing for this rollup.
	FOREACH op IN ARRAY '{INSERT,UPDATE,DELETE,TRUNCATE}'::text[] LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER rollup_%s AFTER %s ON %s %s
		    FOR EACH STATEMENT EXECUTE FUNCTION silver.note_changes()',
		    lower(op), op, p_source, CASE op
		    WHEN 'INSERT' THEN 'REFERENCING NEW TABLE AS new_rows'
		    WHEN 'UPDATE' THEN
		    'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
		    WHEN 'DELETE' THEN 'REFERENCING OLD TABLE AS old_rows'
		    ELSE '' END);
	END LOOP;
	RETURN target;
END
$$;

COMMENT ON FUNCTION silver.create_rollup_table(regclass, interval, jsonb, text, text[], interval, interval, interval, text) IS
'Makes a rollup of a table and returns its name; where the same is there it changes nothing. Aggregates are a JSON array, as [{"function": "avg", "column": "temperature"}].';

-- Partitions belong to whom their table belongs, whoever has made them.
-- pg_partman's apply_privileges() would see to that too, but does not know the
-- privilege MAINTAIN of PostgreSQL 17, and takes it from the owner.

CREATE OR REPLACE FUNCTION silver.own_partitions(p_table regclass)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	part  record;
BEGIN
	FOR part IN
		SELECT c.oid::regclass AS id, p.relowner::regrole AS owner
		FROM pg_catalog.pg_inherits i
		JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
		JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
		WHERE p.oid = p_table AND c.relowner <> p.relowner
	LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO %s', part.id, part.owner);
	END LOOP;
END
$$;

-- Hands a partitioned table to pg_partman: partitions from p_from to four
-- intervals from now, and a default one. Also for tables in raw.

CREATE OR REPLACE FUNCTION silver.manage_partitions(
	p_table      regclass,
	p_interval   interval,
	p_retention  interval DEFAULT NULL,
	p_from       timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
	parent  text := (SELECT n.nspname || '.' || c.relname
	    FROM pg_catalog.pg_class c
	    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	    WHERE c.oid = p_table);
BEGIN
	IF EXISTS (SELECT FROM partman.part_config WHERE parent_table = parent) THEN
		RETURN;
	END IF;
	-- what retention would drop at once is not made first; in the default
	-- partition such rows have a place
	p_from := silver.time_bucket(p_interval, greatest(
	    least(coalesce(p_from, now()), now()), now() - p_retention));
	PERFORM partman.create_parent(
	    p_parent_table := parent,
	    p_control := silver.partition_column(p_table),
	    p_interval := p_interval::text,
	    p_start_partition := p_from::text,
	    p_automatic_maintenance := 'off');
	UPDATE partman.part_config
	SET retention = p_retention::text, retention_keep_table = false
	WHERE parent_table = parent;
	PERFORM silver.own_partitions(p_table);
END
$$;

COMMENT ON FUNCTION silver.manage_partitions(regclass, interval, interval, timestamptz) IS
'Has a partitioned table kept by pg_partman and maintain_timeseries_tables().';

CREATE OR REPLACE FUNCTION silver.drop_rollup_table(p_rollup regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rollup  silver.rollup_config;
	parent  text;
	op      text;
BEGIN
	SELECT * INTO rollup FROM silver.rollup_config WHERE target_table = p_rollup;
	IF NOT FOUND THEN
		RAISE EXCEPTION '% is no rollup', p_rollup
		USING ERRCODE = 'undefined_table';
	END IF;
	IF EXISTS (SELECT FROM silver.rollup_config WHERE source_table = p_rollup) THEN
		RAISE EXCEPTION 'other rollups are made of %', p_rollup
		USING ERRCODE = 'dependent_objects_still_exist';
	END IF;
	SELECT n.nspname || '.' || c.relname INTO parent
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = p_rollup;
	-- the source first, as a rollup that runs has it
	IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = rollup.source_table) THEN
		EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE',
		    rollup.source_table);
	END IF;
	DELETE FROM silver.rollup_config WHERE id = rollup.id;
	DELETE FROM silver.rollup_changes WHERE rollup_id = rollup.id;
	EXECUTE format('DROP TABLE IF EXISTS %s', (SELECT template_table
	    FROM partman.part_config WHERE parent_table = parent));
	DELETE FROM partman.part_config WHERE parent_table = parent;
	EXECUTE format('DROP TABLE %s', p_rollup);
	IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = rollup.source_table)
	    AND NOT EXISTS (SELECT FROM silver.rollup_config
	    WHERE source_table = rollup.source_table) THEN
		FOREACH op IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
			EXECUTE format('DROP TRIGGER IF EXISTS rollup_%s ON %s', op,
			    rollup.source_table);
		END LOOP;
	END IF;
END
$$;

COMMENT ON FUNCTION silver.drop_rollup_table(regclass) IS
'Drops a rollup, its settings and, where it was the last one, the triggers of its source.';

REVOKE ALL ON FUNCTION
	silver.create_rollup_table(regclass, interval, jsonb, text, text[], interval, interval, interval, text),
	silver.manage_partitions(regclass, interval, interval, timestamptz),
	silver.own_partitions(regclass),
	silver.drop_rollup_table(regclass)
	FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
	silver.create_rollup_table(regclass, interval, jsonb, text, text[], interval, interval, interval, text),
	silver.manage_partitions(regclass, interval, interval, timestamptz),
	silver.own_partitions(regclass),
	silver.drop_rollup_table(regclass)
	TO timeseries_admin;
