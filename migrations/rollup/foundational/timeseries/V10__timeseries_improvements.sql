-- Operations: what goes on at this moment, retries by themselves, and a try at
-- an index before it is built.

CREATE INDEX IF NOT EXISTS error_log_unresolved
	ON silver.error_log (rollup_id, at) WHERE resolved_at IS NULL;

-- status, the worst first:
--   disabled   nobody runs it
--   failed     max_attempts are used up: mend it, then perform_rollup()
--   retrying   waits for next_retry_at
--   running    a session is at it
--   behind     buckets that are over are not done, or late rows are waiting
--   current

CREATE OR REPLACE VIEW silver.timeseries_operations_monitor AS
SELECT r.target_table::text AS rollup,
	r.source_table::text AS source,
	CASE WHEN NOT r.enabled THEN 'disabled'
	    WHEN r.attempts >= r.max_attempts THEN 'failed'
	    WHEN r.attempts > 0 THEN 'retrying'
	    WHEN l.pid IS NOT NULL THEN 'running'
	    WHEN late.buckets > 0 OR due.until_time > r.processed_until
	        OR r.processed_until IS NULL AND changes.any THEN 'behind'
	    ELSE 'current' END AS status,
	r.processed_until,
	CASE WHEN due.until_time > r.processed_until
	    THEN due.until_time - r.processed_until
	    WHEN r.processed_until IS NOT NULL THEN interval '0' END AS behind,
	late.buckets AS late_buckets,
	r.window_buckets,
	r.attempts,
	r.next_retry_at,
	l.pid AS backend_pid,
	done.windows AS windows_24h,
	done.rows_read AS rows_read_24h,
	done.last_finished,
	failed.unresolved AS unresolved_errors,
	failed.last_message AS last_error
FROM silver.rollup_config r
LEFT JOIN silver.rollup_config up ON up.target_table = r.source_table
CROSS JOIN LATERAL (
	SELECT silver.time_bucket(r.bucket, least(now() - r.settle,
	    CASE WHEN up.id IS NOT NULL
	    THEN coalesce(up.processed_until, '-infinity') END)) AS until_time) due
CROSS JOIN LATERAL (
	SELECT count(DISTINCT c.bucket) AS buckets FROM silver.rollup_changes c
	WHERE c.rollup_id = r.id AND c.bucket < r.processed_until) late
CROSS JOIN LATERAL (
	SELECT EXISTS (SELECT FROM silver.rollup_changes c
	    WHERE c.rollup_id = r.id AND c.bucket < due.until_time) AS any) changes
CROSS JOIN LATERAL (
	SELECT count(*) AS windows, sum(g.rows_read)::bigint AS rows_read,
	    max(g.finished_at) AS last_finished
	FROM silver.refresh_log g
	WHERE g.rollup_id = r.id AND g.operation <> 'skipped'
	AND g.finished_at > now() - interval '1 day') done
CROSS JOIN LATERAL (
	SELECT count(*) AS unresolved,
	    (array_agg(e.message ORDER BY e.id DESC))[1] AS last_message
	FROM silver.error_log e
	WHERE e.rollup_id = r.id AND e.resolved_at IS NULL) failed
LEFT JOIN LATERAL (
	SELECT k.pid FROM pg_catalog.pg_locks k
	JOIN pg_catalog.pg_database d ON d.oid = k.database
	WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 2
	AND d.datname = current_database()
	AND k.classid = 'silver.rollup_config'::regclass::oid
	AND k.objid::bigint = r.id
	LIMIT 1) l ON true
ORDER BY CASE WHEN NOT r.enabled THEN 6
	WHEN r.attempts >= r.max_attempts THEN 1
	WHEN r.attempts > 0 THEN 2 ELSE 3 END, 1;

COMMENT ON VIEW silver.timeseries_operations_monitor IS
'Each rollup: how far, how far behind, what failed and when it is tried again.';
COMMENT ON COLUMN silver.timeseries_operations_monitor.behind IS
'Between processed_until and the end of the last bucket that is over; late rows aside.';

-- What failed is tried again when its time has come.

CREATE OR REPLACE PROCEDURE silver.handle_rollup_retries()
LANGUAGE plpgsql
AS $$
DECLARE
	rollup  regclass;
BEGIN
	FOREACH rollup IN ARRAY ARRAY(SELECT c.target_table
	    FROM silver.rollup_config c
	    WHERE c.enabled AND c.attempts > 0 AND c.next_retry_at <= now()
	    ORDER BY c.id)
	LOOP
		CALL silver.perform_rollup(rollup);
	END LOOP;
END
$$;

COMMENT ON PROCEDURE silver.handle_rollup_retries() IS
'Runs the rollups whose time for a retry has come. Those that have used up max_attempts wait for a perform_rollup() by hand.';

-- What a query would cost with one more index: hypopg has the planner believe
-- in it. Nothing is built and the query does not run.

CREATE OR REPLACE FUNCTION silver.try_index(
	p_query  text,
	p_index  text,
	OUT cost_before  numeric,
	OUT cost_after   numeric,
	OUT used         boolean,
	OUT index_bytes  bigint)
LANGUAGE plpgsql
AS $$
DECLARE
	hypopg  name := (SELECT n.nspname FROM pg_catalog.pg_extension e
	    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
	    WHERE e.extname = 'hypopg');
	made    record;
	plan    json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || p_query INTO plan;
	cost_before := plan->0->'Plan'->>'Total Cost';
	EXECUTE format('SELECT * FROM %I.hypopg_create_index($1)', hypopg)
	INTO made USING p_index;
	EXECUTE 'EXPLAIN (FORMAT json) ' || p_query INTO plan;
	cost_after := plan->0->'Plan'->>'Total Cost';
	used := strpos(plan::text, made.indexname) > 0;
	EXECUTE format('SELECT %I.hypopg_relation_size($1)', hypopg)
	INTO index_bytes USING made.indexrelid;
	EXECUTE format('SELECT %I.hypopg_drop_index($1)', hypopg)
	USING made.indexrelid;
END
$$;

COMMENT ON FUNCTION silver.try_index(text, text) IS
'The planner''s cost of a query without and with an index that does not exist, of a partition or an ordinary table.';

GRANT SELECT ON silver.timeseries_operations_monitor
	TO timeseries_reader, timeseries_admin;
REVOKE ALL ON ROUTINE
	silver.handle_rollup_retries(),
	silver.try_index(text, text)
	FROM PUBLIC;
GRANT EXECUTE ON ROUTINE
	silver.handle_rollup_retries(),
	silver.try_index(text, text)
	TO timeseries_admin;
