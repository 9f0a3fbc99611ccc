-- Running a rollup, window by window, each a transaction of its own: whatever
-- ends a run, what is done stays done, and the next run goes on from there.
--
-- A window first forgets the changes noted for its buckets, then reads the
-- source. A change that commits between the two is noted again and comes next
-- time; none is lost, whatever the order.

CREATE OR REPLACE FUNCTION silver.refresh_range(
	p_config  silver.rollup_config,
	p_from    timestamptz,
	p_until   timestamptz,
	OUT rows_read     bigint,
	OUT rows_written  bigint)
LANGUAGE plpgsql
AS $$
BEGIN
	DELETE FROM silver.rollup_changes
	WHERE rollup_id = p_config.id AND bucket >= p_from AND bucket < p_until;
	EXECUTE format('DELETE FROM %s WHERE bucket >= $1 AND bucket < $2',
	    p_config.target_table)
	USING p_from, p_until;
	EXECUTE format('WITH made AS (INSERT INTO %s %s RETURNING sample_count)
	    SELECT coalesce(sum(sample_count), 0), count(*) FROM made',
	    p_config.target_table, silver.rollup_query(p_config.source_table,
	    p_config.time_column, p_config.bucket, p_config.dimensions,
	    p_config.aggregates, format('%1$I >= $1 AND %1$I < $2',
	    p_config.time_column)))
	INTO rows_read, rows_written
	USING p_from, p_until;
	-- the samples of a rollup are not its rows
	IF EXISTS (SELECT FROM silver.rollup_config
	    WHERE target_table = p_config.source_table) THEN
		EXECUTE format('SELECT count(*) FROM %1$s WHERE %2$I >= $1 AND %2$I < $2',
		    p_config.source_table, p_config.time_column)
		INTO rows_read
		USING p_from, p_until;
	END IF;
END
$$;

COMMENT ON FUNCTION silver.refresh_range(silver.rollup_config, timestamptz, timestamptz) IS
'Computes the buckets from the one time to the other anew.';

-- What comes next: late changes first, as many buckets as a window has; then
-- over a stretch without rows in one step; then the next window of new buckets.

CREATE OR REPLACE FUNCTION silver.next_window(
	p_config   silver.rollup_config,
	p_until    timestamptz,
	OUT operation   text,
	OUT from_time   timestamptz,
	OUT until_time  timestamptz,
	OUT ranges      tstzmultirange,
	OUT buckets     bigint)
LANGUAGE plpgsql
AS $$
DECLARE
	settled   timestamptz;
	upstream  silver.rollup_config;
	next_row  timestamptz;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_class
	    WHERE oid = p_config.source_table) THEN
		RAISE EXCEPTION 'the source of rollup % is gone', p_config.target_table
		USING ERRCODE = 'undefined_table',
		HINT = 'Set enabled to false to keep what there is, or silver.drop_rollup_table().';
	END IF;
	SELECT range_agg(tstzrange(d.bucket,
	    silver.bucket_shift(d.bucket, p_config.bucket))), count(*)
	INTO ranges, buckets
	FROM (SELECT DISTINCT bucket FROM silver.rollup_changes
	    WHERE rollup_id = p_config.id AND bucket < p_config.processed_until
	    ORDER BY bucket LIMIT p_config.window_buckets) d;
	IF ranges IS NOT NULL THEN
		operation := 'late';
		from_time := lower(ranges);
		until_time := upper(ranges);
		RETURN;
	END IF;

	-- only buckets that are over, of what the source itself has done
	SELECT * INTO upstream FROM silver.rollup_config
	WHERE target_table = p_config.source_table;
	settled := least(p_until, now()) - p_config.settle;
	IF upstream.id IS NOT NULL THEN
		settled := least(settled, coalesce(upstream.processed_until, '-infinity'));
	END IF;
	settled := silver.time_bucket(p_config.bucket, settled);

	from_time := p_config.processed_until;
	EXECUTE format('SELECT silver.time_bucket($1, min(%1$I)) FROM %2$s
	    WHERE %1$I >= coalesce($2, ''-infinity'')',
	    p_config.time_column, p_config.source_table)
	INTO next_row
	USING p_config.bucket, from_time;
	from_time := coalesce(from_time, next_row);
	IF from_time IS NULL OR from_time >= settled THEN
		RETURN;		-- nothing
	END IF;
	IF next_row > from_time OR next_row IS NULL THEN
		operation := 'gap';
		until_time := least(next_row, settled);
	ELSE
		operation := 'forward';
		until_time := least(settled, silver.bucket_shift(from_time,
		    p_config.bucket, p_config.window_buckets));
	END IF;
	ranges := tstzmultirange(tstzrange(from_time, until_time));
	buckets := greatest(1, round(extract(epoch FROM until_time - from_time)
	    / extract(epoch FROM p_config.bucket)));
END
$$;

-- One window, or the record of its failure. Says how it went on: 'done',
-- 'smaller' (failed, and a smaller window may do better), 'failed', 'end'.

CREATE OR REPLACE FUNCTION silver.run_window(
	p_id     integer,
	p_until  timestamptz)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	config       silver.rollup_config;
	op           text;
	op_from      timestamptz;
	op_until     timestamptz;
	op_ranges    tstzmultirange;
	op_buckets   bigint;
	part         tstzrange;
	sum_read     bigint := 0;
	sum_written  bigint := 0;
	n_read       bigint;
	n_written    bigint;
	started      timestamptz := clock_timestamp();
	state        text;
	problem      text;
	details      text;
	place        text;
BEGIN
	SELECT * INTO STRICT config FROM silver.rollup_config WHERE id = p_id;
	BEGIN
		PERFORM silver.drop_too_late(config);
		SELECT w.* INTO op, op_from, op_until, op_ranges, op_buckets
		FROM silver.next_window(config, p_until) w;
		IF op IS NULL THEN
			UPDATE silver.error_log SET resolved_at = clock_timestamp()
			WHERE rollup_id = p_id AND operation <> 'too late'
			AND resolved_at IS NULL;
			UPDATE silver.rollup_config SET attempts = 0, next_retry_at = NULL
			WHERE id = p_id AND attempts > 0;
			RETURN 'end';
		END IF;
		FOR part IN SELECT unnest(op_ranges) LOOP
			SELECT r.rows_read, r.rows_written INTO n_read, n_written
			FROM silver.refresh_range(config, lower(part), upper(part)) r;
			sum_read := sum_read + n_read;
			sum_written := sum_written + n_written;
		END LOOP;
		IF op <> 'late' THEN
			UPDATE silver.rollup_config
			SET attempts = 0, next_retry_at = NULL, processed_until = op_until,
			    window_buckets = CASE
			        WHEN op = 'gap' THEN window_buckets
			        WHEN sum_read > target_rows THEN greatest(1,
			            window_buckets * target_rows / sum_read)
			        WHEN sum_read < target_rows / 2
			            AND op_buckets >= window_buckets
			        THEN least(max_window_buckets, window_buckets * 2)
			        ELSE window_buckets END
			WHERE id = p_id;
		END IF;
		INSERT INTO silver.refresh_log (operation, rollup_id, table_name,
		    window_from, window_until, window_buckets, rows_read, rows_written,
		    started_at)
		VALUES (op, p_id, config.target_table, op_from, op_until, op_buckets,
		    sum_read, sum_written, started);
		RETURN 'done';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
		    problem = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL,
		    place = PG_EXCEPTION_CONTEXT;
	END;
	INSERT INTO silver.error_log (operation, rollup_id, table_name, window_from,
	    window_until, attempt, sqlstate, message, detail, context)
	VALUES (coalesce(op, 'look'), p_id, config.target_table, op_from, op_until,
	    config.attempts + 1, state, problem, nullif(details, ''), place);
	IF op IN ('forward', 'late') AND op_buckets > 1 THEN
		UPDATE silver.rollup_config
		SET window_buckets = greatest(1, least(window_buckets, op_buckets) / 2)
		WHERE id = p_id;
		RETURN 'smaller';
	END IF;
	-- later and later, an hour at most, and at last not any more
	UPDATE silver.rollup_config
	SET attempts = config.attempts + 1,
	    next_retry_at = CASE WHEN config.attempts + 1 < max_attempts
	        THEN clock_timestamp() + least(interval '1 hour',
	        retry_delay * 2 ^ least(config.attempts, 20)) END
	WHERE id = p_id;
	RAISE WARNING 'rollup %: %', config.target_table, problem
	USING HINT = 'See silver.error_log.';
	RETURN 'failed';
END
$$;

-- A change before what retention has left cannot be computed: the other rows of
-- the bucket are gone. The rollup keeps what it has, and the log says so.

CREATE OR REPLACE FUNCTION silver.drop_too_late(p_config silver.rollup_config)
RETURNS void
LANGUAGE sql
AS $$
	WITH gone AS (
	    DELETE FROM silver.rollup_changes
	    WHERE rollup_id = p_config.id AND bucket < p_config.complete_from
	    RETURNING bucket)
	INSERT INTO silver.error_log (operation, rollup_id, table_name, window_from,
	    window_until, sqlstate, message)
	SELECT 'too late', p_config.id, p_config.target_table, min(bucket),
	    silver.bucket_shift(max(bucket), p_config.bucket), '55000',
	    format('changes of %s buckets left out: retention has dropped rows before %s',
	    count(DISTINCT bucket), p_config.complete_from)
	FROM gone HAVING count(*) > 0
$$;

-- The lock is of one transaction, so nothing is left behind by a run that dies.
-- Between two windows another run may take over: it reads rollup_config after it
-- has the lock, and goes on where this one is.

CREATE OR REPLACE PROCEDURE silver.perform_rollup(
	p_rollup  regclass,
	p_until   timestamptz DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	rollup  integer;
	went    text;
BEGIN
	LOOP
		SELECT c.id INTO rollup FROM silver.rollup_config c
		WHERE c.target_table = p_rollup;
		IF NOT FOUND THEN
			RAISE EXCEPTION '% is no rollup', p_rollup
			USING ERRCODE = 'undefined_table',
			HINT = 'silver.rollup_config has them, under target_table.';
		END IF;
		IF NOT pg_try_advisory_xact_lock(
		    'silver.rollup_config'::regclass::oid::integer, rollup) THEN
			INSERT INTO silver.refresh_log (operation, rollup_id, table_name,
			    started_at)
			VALUES ('skipped', rollup, p_rollup, clock_timestamp());
			RAISE NOTICE 'rollup % is being run by another session', p_rollup;
			RETURN;
		END IF;
		went := silver.run_window(rollup, p_until);
		COMMIT;
		EXIT WHEN went IN ('end', 'failed');
	END LOOP;
END
$$;

COMMENT ON PROCEDURE silver.perform_rollup(regclass, timestamptz) IS
'Brings one rollup up to now, or to a time before. Commits after each window, so not within a transaction.';

-- All that are enabled and not waiting for a retry. A rollup comes after the one
-- that it is made of, which is older.

CREATE OR REPLACE PROCEDURE silver.perform_rollups()
LANGUAGE plpgsql
AS $$
DECLARE
	rollup  regclass;
BEGIN
	FOREACH rollup IN ARRAY ARRAY(SELECT c.target_table
	    FROM silver.rollup_config c WHERE c.enabled AND c.attempts = 0
	    ORDER BY c.id)
	LOOP
		CALL silver.perform_rollup(rollup);
	END LOOP;
END
$$;

COMMENT ON PROCEDURE silver.perform_rollups() IS
'Brings all rollups up to now.';

CREATE OR REPLACE FUNCTION silver.mark_changed(
	p_rollup  regclass,
	p_from    timestamptz,
	p_until   timestamptz)
RETURNS bigint
LANGUAGE sql
SET timezone = 'UTC'
AS $$
	WITH noted AS (
	    INSERT INTO silver.rollup_changes (rollup_id, bucket)
	    SELECT c.id, g.bucket
	    FROM silver.rollup_config c
	    CROSS JOIN LATERAL generate_series(silver.time_bucket(c.bucket, p_from),
	        p_until, c.bucket) AS g (bucket)
	    WHERE c.target_table = p_rollup AND g.bucket < p_until
	    RETURNING 1)
	SELECT count(*) FROM noted
$$;

COMMENT ON FUNCTION silver.mark_changed(regclass, timestamptz, timestamptz) IS
'Has buckets computed anew in the next run, after a change that no trigger sees: one made in a partition directly.';

REVOKE ALL ON ROUTINE
	silver.refresh_range(silver.rollup_config, timestamptz, timestamptz),
	silver.next_window(silver.rollup_config, timestamptz),
	silver.run_window(integer, timestamptz),
	silver.drop_too_late(silver.rollup_config),
	silver.perform_rollup(regclass, timestamptz),
	silver.perform_rollups(),
	silver.mark_changed(regclass, timestamptz, timestamptz)
	FROM PUBLIC;
GRANT EXECUTE ON ROUTINE
	silver.refresh_range(silver.rollup_config, timestamptz, timestamptz),
	silver.next_window(silver.rollup_config, timestamptz),
	silver.run_window(integer, timestamptz),
	silver.drop_too_late(silver.rollup_config),
	silver.perform_rollup(regclass, timestamptz),
	silver.perform_rollups(),
	silver.mark_changed(regclass, timestamptz, timestamptz)
	TO timeseries_admin;
