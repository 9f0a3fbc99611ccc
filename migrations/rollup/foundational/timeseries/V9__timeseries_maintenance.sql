-- Maintenance of all tables in raw, silver and gold that pg_partman knows:
-- partitions ahead, old ones gone, statistics; and what is to be known of them.
--
-- pg_partman's run_maintenance() takes the end of a partition to be its start
-- and the interval of today. Where optimize_chunk_interval() has made that
-- smaller it would drop rows too early. So what is made and dropped is decided
-- here, by the bounds in the catalog, and made by pg_partman. It does not know
-- either which rows no rollup has read yet.

CREATE OR REPLACE FUNCTION silver.managed_tables()
RETURNS TABLE (parent regclass, config partman.part_config)
LANGUAGE sql STABLE
AS $$
	SELECT c.oid::regclass, p
	FROM partman.part_config p
	JOIN pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	ON p.parent_table = n.nspname || '.' || c.relname
	WHERE n.nspname IN ('raw', 'silver', 'gold')
	ORDER BY p.parent_table
$$;

-- Every time from the end of the last partition that has begun, up to premake
-- intervals from now, is in a partition.

CREATE OR REPLACE FUNCTION silver.make_partitions(
	p_table  regclass,
	OUT made integer)
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
DECLARE
	config  partman.part_config;
	at      timestamptz;
	ends    timestamptz;
BEGIN
	made := 0;
	SELECT (m.config).* INTO STRICT config
	FROM silver.managed_tables() m WHERE m.parent = p_table;
	SELECT max(b.until_time) INTO at FROM silver.partition_bounds(p_table) b
	WHERE b.from_time <= now();
	at := coalesce(at, silver.time_bucket(config.partition_interval::interval,
	    now()));
	WHILE at <= now() + config.premake * config.partition_interval::interval LOOP
		SELECT b.until_time INTO ends FROM silver.partition_bounds(p_table) b
		WHERE b.from_time <= at AND b.until_time > at;
		IF NOT FOUND THEN
			ends := at + config.partition_interval::interval;
			-- none that would go at once, after a long pause
			IF config.retention IS NULL
			    OR ends > now() - config.retention::interval THEN
				PERFORM partman.create_partition_time(config.parent_table,
				    ARRAY[at]);
				made := made + 1;
			END IF;
		END IF;
		at := ends;
	END LOOP;
	PERFORM silver.own_partitions(p_table);
END
$$;

-- Partitions that are past retention, unless a rollup has yet to read them. With
-- the lock that dropping takes anyway, nobody can write to them meanwhile.

CREATE OR REPLACE FUNCTION silver.drop_old_partitions(
	p_table  regclass,
	OUT dropped integer)
LANGUAGE plpgsql
AS $$
DECLARE
	config  partman.part_config;
	old     record;
BEGIN
	dropped := 0;
	SELECT (m.config).* INTO STRICT config
	FROM silver.managed_tables() m WHERE m.parent = p_table;
	FOR old IN
		SELECT b.* FROM silver.partition_bounds(p_table) b
		WHERE b.until_time <= now() - config.retention::interval
		ORDER BY b.until_time
	LOOP
		EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_table);
		EXIT WHEN EXISTS (SELECT FROM silver.rollup_config c
		    WHERE c.source_table = p_table AND c.enabled
		    AND (coalesce(c.processed_until, '-infinity') < old.until_time
		    OR EXISTS (SELECT FROM silver.rollup_changes r
		    WHERE r.rollup_id = c.id AND r.bucket >= c.complete_from
		    AND r.bucket < old.until_time)));
		EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', p_table, old.partition);
		IF NOT config.retention_keep_table THEN
			EXECUTE format('DROP TABLE %s', old.partition);
		END IF;
		UPDATE silver.rollup_config
		SET complete_from = greatest(complete_from, old.until_time)
		WHERE source_table = p_table;
		dropped := dropped + 1;
	END LOOP;
END
$$;

-- One table: rows in the default partition get one of their own, first, since
-- they are in the way of a new one; then the horizon, retention, statistics.
-- What fails is logged, and does not keep the rest from being done.
--
-- The lock is on the table before its partitions, as everybody takes them, and
-- keeps a second maintenance out; readers and writers do not notice it.

CREATE OR REPLACE FUNCTION silver.maintain_table(p_table regclass)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
	step      text;
	parent    text;
	moved     bigint := 0;
	changed   integer := 0;
	n         bigint;
	ok        boolean := true;
	started   timestamptz := clock_timestamp();
	state     text;
	problem   text;
	details   text;
	place     text;
BEGIN
	SELECT (m.config).parent_table INTO STRICT parent
	FROM silver.managed_tables() m WHERE m.parent = p_table;
	FOREACH step IN ARRAY '{lock,default,horizon,retention,statistics}'::text[] LOOP
		BEGIN
			CASE step
			WHEN 'lock' THEN
				EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE',
				    p_table);
			WHEN 'default' THEN
				LOOP
					n := partman.partition_data_time(parent, p_batch_count := 100,
					    p_analyze := false, p_ignored_columns := ARRAY(
					    SELECT a.attname::text FROM pg_catalog.pg_attribute a
					    WHERE a.attrelid = p_table AND a.attgenerated <> ''));
					EXIT WHEN n = 0;
					moved := moved + n;
				END LOOP;
			WHEN 'horizon' THEN
				changed := changed + silver.make_partitions(p_table);
			WHEN 'retention' THEN
				changed := changed + silver.drop_old_partitions(p_table);
			WHEN 'statistics' THEN
				EXECUTE format('ANALYZE %s', p_table);
			END CASE;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
			    problem = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL,
			    place = PG_EXCEPTION_CONTEXT;
			ok := false;
			INSERT INTO silver.error_log (operation, table_name, sqlstate,
			    message, detail, context)
			VALUES ('maintenance: ' || step, p_table, state, problem,
			    nullif(details, ''), place);
			RAISE WARNING 'maintenance of %, %: %', p_table, step, problem
			USING HINT = 'See silver.error_log.';
			EXIT WHEN step = 'lock';
		END;
	END LOOP;
	IF ok THEN
		UPDATE silver.error_log SET resolved_at = clock_timestamp()
		WHERE table_name = p_table::text AND operation LIKE 'maintenance: %'
		AND resolved_at IS NULL;
		UPDATE partman.part_config SET maintenance_last_run = clock_timestamp()
		WHERE parent_table = parent;
	END IF;
	INSERT INTO silver.refresh_log (operation, table_name, rows_read,
	    rows_written, started_at)
	VALUES ('maintenance', p_table, moved, changed, started);
	RETURN ok;
END
$$;

CREATE OR REPLACE PROCEDURE silver.maintain_timeseries_tables(
	p_keep_logs  interval DEFAULT '30 days')
LANGUAGE plpgsql
AS $$
DECLARE
	todo  regclass;
BEGIN
	FOREACH todo IN ARRAY ARRAY(SELECT m.parent FROM silver.managed_tables() m) LOOP
		PERFORM set_config('timezone', 'UTC', true);
		-- writers queue behind a lock that is waited for: not for long
		PERFORM set_config('lock_timeout', '5s', true);
		-- pg_partman tells of its temporary table
		PERFORM set_config('client_min_messages', 'warning', true);
		PERFORM silver.maintain_table(todo);
		COMMIT;
	END LOOP;
	DELETE FROM silver.refresh_log WHERE finished_at < now() - p_keep_logs;
	DELETE FROM silver.error_log
	WHERE at < now() - p_keep_logs AND resolved_at IS NOT NULL;
	COMMIT;
END
$$;

COMMENT ON PROCEDURE silver.maintain_timeseries_tables(interval) IS
'Partitions ahead, rows out of default partitions, retention, ANALYZE and the age of logs. Commits after each table, so not within a transaction.';

-- How long a partition should be, so that it has about p_target_bytes, judged by
-- the last ten that are over and have rows. With p_apply partitions to come are
-- made so: empty ones ahead are dropped, and where the new interval is the longer
-- one short ones are made up to where it can begin.

CREATE OR REPLACE FUNCTION silver.optimize_chunk_interval(
	p_table         regclass,
	p_target_bytes  bigint DEFAULT 256 * 1024 * 1024,
	p_apply         boolean DEFAULT false,
	OUT current_interval      interval,
	OUT partitions_measured   bigint,
	OUT average_bytes         bigint,
	OUT recommended_interval  interval,
	OUT applied               boolean)
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
DECLARE
	config   partman.part_config;
	part     record;
	rate     numeric;	-- bytes a second
	used     boolean;
	at       timestamptz;
	aligned  timestamptz;
BEGIN
	SELECT (m.config).* INTO config
	FROM silver.managed_tables() m WHERE m.parent = p_table;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'pg_partman does not know table %', p_table
		USING ERRCODE = 'undefined_table',
		HINT = 'silver.manage_partitions() makes it known.';
	END IF;
	current_interval := config.partition_interval;
	applied := false;
	SELECT count(*), avg(m.total_bytes), sum(m.total_bytes)
	    / nullif(sum(extract(epoch FROM m.until_time - m.from_time)), 0)
	INTO partitions_measured, average_bytes, rate
	FROM (SELECT b.* FROM silver.partition_bounds(p_table) b
	    WHERE b.until_time <= now() AND silver.has_rows(b.partition)
	    ORDER BY b.until_time DESC LIMIT 10) m;
	recommended_interval := coalesce((
	    SELECT max(i) FROM unnest('{15 minutes,1 hour,6 hours,1 day,7 days,1 month,1 year}'::interval[]) i
	    WHERE extract(epoch FROM i) * rate <= p_target_bytes),
	    CASE WHEN rate IS NULL THEN current_interval
	    ELSE interval '15 minutes' END);
	IF NOT p_apply OR recommended_interval = current_interval THEN
		RETURN;
	END IF;

	-- empty ones ahead, from the last back to the first that is in use
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_table);
	FOR part IN
		SELECT b.* FROM silver.partition_bounds(p_table) b
		WHERE NOT b.is_default ORDER BY b.from_time DESC
	LOOP
		EXIT WHEN part.from_time <= now() OR silver.has_rows(part.partition);
		EXECUTE format('DROP TABLE %s', part.partition);
	END LOOP;
	SELECT max(b.until_time) INTO at FROM silver.partition_bounds(p_table) b;
	aligned := silver.time_bucket(recommended_interval, at);
	IF aligned < at THEN
		aligned := silver.bucket_shift(aligned, recommended_interval);
		WHILE at < aligned LOOP
			PERFORM partman.create_partition_time(config.parent_table, ARRAY[at]);
			at := silver.bucket_shift(at, current_interval);
		END LOOP;
	END IF;
	UPDATE partman.part_config p
	SET partition_interval = recommended_interval::text,
	    datetime_string = (SELECT i.datetime_string
	    FROM partman.calculate_time_partition_info(recommended_interval, now()) i)
	WHERE p.parent_table = config.parent_table;
	PERFORM silver.make_partitions(p_table);
	applied := true;
END
$$;

COMMENT ON FUNCTION silver.optimize_chunk_interval(regclass, bigint, boolean) IS
'Recommends the length of partitions for a size, and with p_apply uses it for partitions to come.';

CREATE OR REPLACE FUNCTION silver.has_rows(p_table regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	found_one  boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO found_one;
	RETURN found_one;
END
$$;

-- All tables of the three schemas, partitions summed up under theirs.

CREATE OR REPLACE FUNCTION silver.get_detailed_stats(
	p_pattern  text,
	p_exact    boolean DEFAULT true)
RETURNS TABLE (
	table_name          text,
	kind                text,
	row_count           bigint,
	oldest              timestamptz,
	newest              timestamptz,
	partitions          bigint,
	default_rows        bigint,
	partitioned_until   timestamptz,
	partition_interval  interval,
	retention           interval,
	total_bytes         bigint,
	index_bytes         bigint,
	processed_until     timestamptz,
	pending_buckets     bigint)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	this    record;
	control text;
BEGIN
	FOR this IN
		SELECT c.oid::regclass AS id, n.nspname, c.relname, c.relkind,
		    c.reltuples, p AS config, r.id AS rollup, r.processed_until
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN partman.part_config p
		ON p.parent_table = n.nspname || '.' || c.relname
		LEFT JOIN silver.rollup_config r ON r.target_table = c.oid
		WHERE n.nspname IN ('raw', 'silver', 'gold')
		AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND (c.relname LIKE p_pattern
		OR n.nspname || '.' || c.relname LIKE p_pattern)
		ORDER BY n.nspname, c.relname
	LOOP
		table_name := this.nspname || '.' || this.relname;
		kind := CASE WHEN this.rollup IS NOT NULL THEN 'rollup'
		    WHEN this.nspname = 'raw' THEN 'raw' ELSE 'table' END;
		control := silver.partition_column(this.id);
		oldest := NULL;
		newest := NULL;
		IF control IS NOT NULL THEN
			EXECUTE format('SELECT min(%1$I), max(%1$I) FROM %2$s', control, this.id)
			INTO oldest, newest;
		END IF;
		IF p_exact THEN
			EXECUTE format('SELECT count(*) FROM %s', this.id) INTO row_count;
		ELSE
			row_count := nullif(this.reltuples, -1);
		END IF;
		SELECT count(*) FILTER (WHERE NOT b.is_default),
		    max(b.until_time) INTO partitions, partitioned_until
		FROM silver.partition_bounds(this.id) b;
		default_rows := NULL;
		SELECT format('SELECT count(*) FROM %s', b.partition) INTO control
		FROM silver.partition_bounds(this.id) b WHERE b.is_default;
		IF FOUND THEN
			EXECUTE control INTO default_rows;
		END IF;
		partition_interval := (this.config).partition_interval;
		retention := (this.config).retention;
		SELECT sum(pg_total_relation_size(t.relid)), sum(pg_indexes_size(t.relid))
		INTO total_bytes, index_bytes
		FROM (SELECT this.id AS relid
		    UNION SELECT relid FROM pg_partition_tree(this.id)) t;
		processed_until := this.processed_until;
		pending_buckets := NULL;
		IF this.rollup IS NOT NULL THEN
			SELECT count(DISTINCT c.bucket) INTO pending_buckets
			FROM silver.rollup_changes c
			WHERE c.rollup_id = this.rollup AND c.bucket < this.processed_until;
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;

COMMENT ON FUNCTION silver.get_detailed_stats(text, boolean) IS
'Tables of raw, silver and gold whose name, with or without schema, is like the pattern. Rows are counted; with false the count is the estimate of the last ANALYZE.';

REVOKE ALL ON ROUTINE
	silver.managed_tables(),
	silver.make_partitions(regclass),
	silver.drop_old_partitions(regclass),
	silver.maintain_table(regclass),
	silver.maintain_timeseries_tables(interval),
	silver.optimize_chunk_interval(regclass, bigint, boolean),
	silver.has_rows(regclass),
	silver.get_detailed_stats(text, boolean)
	FROM PUBLIC;
GRANT EXECUTE ON ROUTINE
	silver.managed_tables(),
	silver.make_partitions(regclass),
	silver.drop_old_partitions(regclass),
	silver.maintain_table(regclass),
	silver.maintain_timeseries_tables(interval),
	silver.optimize_chunk_interval(regclass, bigint, boolean),
	silver.has_rows(regclass),
	silver.get_detailed_stats(text, boolean)
	TO timeseries_admin;
