#!/usr/bin/env bats
# rounds: 17x 17n tsl
# migrations/cache: what the finished system does.  Where a server has less of
# TimescaleDB, the same promises are tested on what stands in for it.

load helpers

# there is nobody to ask
export SKIP_CONFIRMATION=1

CACHE=$BATS_TEST_DIRNAME/../migrations/cache
APP_ROLES='app_readonly app_readwrite app_admin'

setup() {
	local name
	new_db
	for name in $APP_ROLES; do
		keep_role "$name"
	done
	TIER=$(tier)
}

# Jobs of TimescaleDB start when they like: here they run when called.
apply_cache() {
	run_pipe 0 "mig-ls '$CACHE' | mig-plan | mig-apply"
	[ "$TIER" != community ] || stop_jobs
}

stop_jobs() {
	sql "SELECT _timescaledb_functions.stop_background_workers()" \
	    >"$BATS_TEST_TMPDIR/null"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database()
	    AND backend_type <> 'client backend'
	    AND backend_type <> 'parallel worker'" 0
	sql 'TRUNCATE app_monitoring.maintenance_runs'
}

# as ROLE SQL [PSQL-OPTION...]
as() {
	sql "SET ROLE $1; $2" "${@:3}"
}

# It must fail with that SQLSTATE.
fails_with() {
	run_mig 1 psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2"
	assert_stderr_has "ERROR:  $1"
}

# A search that was cached AGE ago for KEY, and lives for LIFE from then on.
search() {
	sql "INSERT INTO app_cache.search_results (query_hash, location, intent,
	    results_json, created_at, expires_at)
	    SELECT '$1', 'Bogotá', 'eat', jsonb_build_object('of', '$1 $2'), at,
	    at + interval '$3' FROM (SELECT now() - interval '$2') AS t (at)"
}

location() {
	sql "INSERT INTO app_cache.location_results (location_hash, location,
	    results_json, created_at, expires_at)
	    SELECT '$1', 'Bogotá', jsonb_build_object('of', '$1 $2'), at,
	    at + interval '$3' FROM (SELECT now() - interval '$2') AS t (at)"
}

searches() {
	sql "SELECT results_json ->> 'of' FROM app_cache.search_results
	    ORDER BY query_hash, created_at"
}

locations() {
	sql "SELECT results_json ->> 'of' FROM app_cache.location_results
	    ORDER BY location_hash, created_at"
}

# run_jobs NAME: the jobs of this procedure, now.
run_jobs() {
	local id
	for id in $(sql "SELECT job_id FROM timescaledb_information.jobs
	    WHERE proc_name = '$1' AND job_id >= 1000 ORDER BY 1"); do
		# alone: it commits
		PGOPTIONS='-c client_min_messages=error' sql "CALL run_job($id)"
	done
}

# What a role really can do: each command is tried on a row that is there, and
# taken back.  A letter for each that did something: select, insert, update,
# delete, truncate.  Row security makes an update touch no row, and that is no.
matrix() {
	psql -XAtq -v ON_ERROR_STOP=1 <<-'SQL'
	CREATE FUNCTION pg_temp.can(who text, command text) RETURNS boolean
	LANGUAGE plpgsql AS $$
	DECLARE
		n bigint;
	BEGIN
		PERFORM set_config('role', who, true);
		EXECUTE command;
		GET DIAGNOSTICS n = ROW_COUNT;
		RAISE SQLSTATE 'UNDO0' USING
		    MESSAGE = n > 0 OR command LIKE 'TRUNCATE%';
	EXCEPTION
		WHEN SQLSTATE 'UNDO0' THEN
			RETURN SQLERRM;
		-- no right, or a view that takes no rows
		WHEN insufficient_privilege
		    OR object_not_in_prerequisite_state THEN
			RETURN false;
	END $$;
	CREATE TEMP VIEW sample AS
	SELECT c.oid::regclass::text AS name, c.relkind,
	    CASE c.relname WHEN 'search_results' THEN
	    $$(query_hash, location, intent, results_json, expires_at)
	    VALUES ('n', 'n', 'n', '{}', now() + interval '1 h')$$
	    WHEN 'location_results' THEN
	    $$(location_hash, location, results_json, expires_at)
	    VALUES ('n', 'n', '{}', now() + interval '1 h')$$
	    WHEN 'places_embeddings' THEN
	    $$(source, source_id, embedding)
	    VALUES ('n', 'n', array_fill(0.1, ARRAY[1536])::vector)$$
	    WHEN 'maintenance_runs' THEN $$VALUES (now(), now(), 0, 0)$$
	    ELSE 'DEFAULT VALUES' END AS row,
	    CASE c.relname WHEN 'maintenance_runs' THEN 'dropped'
	    WHEN 'places_embeddings' THEN 'metadata'
	    ELSE (SELECT attname FROM pg_attribute
	    WHERE attrelid = c.oid AND attname IN ('metadata', 'cache', 'source',
	    'job_id') ORDER BY 1 LIMIT 1) END AS col
	FROM pg_class c
	WHERE c.relnamespace::regnamespace::text ~ '^app_'
	AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
	SELECT format('%s %s %s', r, s.name,
	    CASE WHEN pg_temp.can(r, 'SELECT FROM ' || name) THEN 's' ELSE '-' END
	    || CASE WHEN pg_temp.can(r, format('INSERT INTO %s %s', name, row))
	    THEN 'i' ELSE '-' END
	    || CASE WHEN pg_temp.can(r, format('UPDATE %s SET %I = %2$I', name, col))
	    THEN 'u' ELSE '-' END
	    || CASE WHEN pg_temp.can(r, 'DELETE FROM ' || name) THEN 'd' ELSE '-' END
	    || CASE WHEN s.relkind <> 'v' AND pg_temp.can(r, 'TRUNCATE ' || name)
	    THEN 't' ELSE '-' END)
	FROM unnest('{app_readonly,app_readwrite,app_admin}'::text[])
	    WITH ORDINALITY AS roles (r, n), sample s
	ORDER BY n, s.name;
	SQL
}

# The same as the catalogs have it, and the rights that no command tries.
granted() {
	sql "SELECT format('%s %s %s', r, c.oid::regclass,
	    (SELECT string_agg(CASE WHEN has_table_privilege(r, c.oid, p)
	    THEN lower(left(p, 1)) ELSE '-' END, '' ORDER BY i)
	    FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[])
	    WITH ORDINALITY AS t (p, i))
	    || CASE WHEN has_table_privilege(r, c.oid, 'REFERENCES')
	    OR has_table_privilege(r, c.oid, 'TRIGGER') THEN ' and more' ELSE '' END)
	    FROM unnest('{app_readonly,app_readwrite,app_admin}'::text[])
	    WITH ORDINALITY AS roles (r, n), pg_class c
	    WHERE c.relnamespace::regnamespace::text ~ '^app_'
	    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	    ORDER BY n, c.oid::regclass::text"
}

MATRIX='app_readonly app_cache.live_location_results s----
app_readonly app_cache.live_search_results s----
app_readonly app_cache.location_results s----
app_readonly app_cache.search_results s----
app_readonly app_embeddings.places_embeddings s----
app_readonly app_monitoring.cache_health s----
app_readonly app_monitoring.compression_stats s----
app_readonly app_monitoring.embedding_health s----
app_readonly app_monitoring.maintenance_runs -----
app_readonly app_monitoring.timescaledb_jobs s----
app_readwrite app_cache.live_location_results s----
app_readwrite app_cache.live_search_results s----
app_readwrite app_cache.location_results siu--
app_readwrite app_cache.search_results siu--
app_readwrite app_embeddings.places_embeddings siu--
app_readwrite app_monitoring.cache_health s----
app_readwrite app_monitoring.compression_stats s----
app_readwrite app_monitoring.embedding_health s----
app_readwrite app_monitoring.maintenance_runs -----
app_readwrite app_monitoring.timescaledb_jobs s----
app_admin app_cache.live_location_results s----
app_admin app_cache.live_search_results s----
app_admin app_cache.location_results siudt
app_admin app_cache.search_results siudt
app_admin app_embeddings.places_embeddings siudt
app_admin app_monitoring.cache_health s----
app_admin app_monitoring.compression_stats s----
app_admin app_monitoring.embedding_health s----
app_admin app_monitoring.maintenance_runs -----
app_admin app_monitoring.timescaledb_jobs s----'

# One row at least wherever a command of the matrix looks for one.
a_row_each() {
	search one '3 days' '13 days'
	location one '9 days' '13 days'
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding)
	    VALUES ('serp', 'one', array_fill(0.5, ARRAY[1536])::vector);
	    INSERT INTO app_monitoring.maintenance_runs
	    VALUES ('2025-01-01', '2025-01-01', 0, 0)"
}

@test "cache: applying again changes nothing, nor does each file" {
	local jobs="SELECT 1"
	[ "$TIER" != community ] || jobs="SELECT job_id, proc_name,
	    schedule_interval, config, hypertable_name
	    FROM timescaledb_information.jobs ORDER BY 1"
	apply_cache
	a_row_each
	[ "$TIER" != community ] || run_jobs policy_compression
	schema_of >"$BATS_TEST_TMPDIR/first"
	sql "$jobs" >"$BATS_TEST_TMPDIR/jobs"
	apply_cache
	assert_output_has 'exit	0	0'
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
	for file in "$CACHE"/*.sql; do
		psql -Xq1 -v ON_ERROR_STOP=1 -f "$file"
		schema_of | diff "$BATS_TEST_TMPDIR/first" -
	done
	sql "$jobs" | diff "$BATS_TEST_TMPDIR/jobs" -
	assert_eq "$(searches)$(locations)" 'one 3 daysone 9 days'
}

# As the page has it, without one transaction around each.
@test "cache: psql can run the files one by one, too" {
	apply_cache
	schema_of >"$BATS_TEST_TMPDIR/first"
	new_db psql
	for file in "$CACHE"/*.sql; do
		psql -Xq -v ON_ERROR_STOP=1 -f "$file"
	done
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
}

@test "cache: what a server lacks is told once" {
	apply_cache
	grep WARNING "$BATS_TEST_TMPDIR/err" >"$BATS_TEST_TMPDIR/warnings" || :
	case $TIER in
	community)
		assert_eq "$(cat "$BATS_TEST_TMPDIR/warnings")" ''
		;;
	apache)
		assert_eq "$(cat "$BATS_TEST_TMPDIR/warnings")" 'mig-apply: WARNING: cache: going on without columnstore and jobs: TimescaleDB is under its Apache licence
mig-apply: WARNING: cache: nothing on this server calls app_cache.maintain()'
		;;
	none)
		assert_match "$(cat "$BATS_TEST_TMPDIR/warnings")" \
		    '^mig-apply: WARNING: cache: going on without timescaledb: it is not [^
]*
mig-apply: WARNING: cache: nothing on this server calls app_cache.maintain\(\)$'
		;;
	esac
	[ "$TIER" = community ] || assert_stderr_has \
	    "0 * * * *  psql -qd $PGDATABASE -c 'CALL app_cache.maintain()'"
	assert_eq "$(sql 'SELECT cache, storage
	    FROM app_monitoring.compression_stats ORDER BY 1')" \
	    "$(case $TIER in
	    community) printf 'location_results|columnstore\nsearch_results|columnstore' ;;
	    apache) printf 'location_results|hypertable\nsearch_results|hypertable' ;;
	    none) printf 'location_results|table\nsearch_results|table' ;;
	    esac)"
}

@test "cache: an ordinary owner of the database can deploy it" {
	local user
	new_role owner 'LOGIN CREATEROLE'
	user=$(test_name owner)
	# the one thing that is not for him
	sql "ALTER DATABASE $PGDATABASE OWNER TO $user; CREATE EXTENSION vector"
	PGUSER=$user run_pipe 0 "mig-ls '$CACHE' | mig-plan | mig-apply"
	[ "$TIER" != community ] || stop_jobs
	a_row_each
	assert_eq "$(matrix)" "$MATRIX"
	search old '20 days' '30 days'
	as app_admin 'CALL app_cache.maintain()'
	[ "$TIER" != community ] || run_jobs policy_retention
	assert_eq "$(searches)" 'one 3 days'
	as app_admin 'SELECT app_embeddings.rebuild_index()'
	# his tables and roles go before him
	sql "DROP DATABASE $PGDATABASE WITH (FORCE)" -d postgres
	sql "DROP ROLE ${APP_ROLES// /, }" -d postgres
}

@test "cache: each role can do what its name says, and no more" {
	apply_cache
	a_row_each
	assert_eq "$(matrix)" "$MATRIX"
	assert_eq "$(granted)" "$MATRIX"
	# the same on rows in columnstore
	if [ "$TIER" = community ]; then
		run_jobs policy_compression
		assert_eq "$(sql 'SELECT sum(compressed_chunks)
		    FROM app_monitoring.compression_stats')" 2
		assert_eq "$(matrix)" "$MATRIX"
	fi
	assert_eq "$(sql "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls,
	    rolcreaterole, rolcreatedb FROM pg_roles
	    WHERE rolname LIKE 'app\\_%' ORDER BY 1")" \
	    'app_admin|f|f|f|f|f
app_readonly|f|f|f|f|f
app_readwrite|f|f|f|f|f'
}

@test "cache: no role makes objects, nor does anybody in public" {
	local who schema
	sql 'GRANT CREATE ON SCHEMA public TO PUBLIC'
	apply_cache
	new_role stranger
	for who in $APP_ROLES "$(test_name stranger)"; do
		for schema in app_cache app_embeddings app_monitoring public; do
			fails_with 42501 "SET ROLE $who; CREATE TABLE $schema.t ()"
		done
	done
	fails_with 42501 "SET ROLE $ROLE; SELECT FROM app_cache.search_results"
	fails_with 42501 "SET ROLE $ROLE; SELECT FROM app_monitoring.cache_health"
}

@test "cache: an owner who cannot revoke CREATE on public is told" {
	new_role owner 'LOGIN CREATEROLE'
	new_role other
	sql "ALTER DATABASE $PGDATABASE OWNER TO ${ROLE%other}owner;
	    CREATE EXTENSION vector; ALTER SCHEMA public OWNER TO $ROLE;
	    GRANT CREATE ON SCHEMA public TO PUBLIC"
	PGUSER=${ROLE%other}owner \
	    run_pipe 5 "mig-ls '$CACHE' | mig-plan | mig-apply"
	assert_stderr_has 'everybody can still create objects in schema public'
	assert_stderr_has "its owner $ROLE runs REVOKE CREATE"
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname LIKE 'app\\_%'")" 0
	sql "DROP DATABASE $PGDATABASE WITH (FORCE)" -d postgres
}

@test "cache: row security keeps out whom no policy names" {
	apply_cache
	a_row_each
	new_role stranger
	sql "GRANT USAGE ON SCHEMA app_embeddings TO $ROLE;
	    GRANT ALL ON app_embeddings.places_embeddings TO $ROLE"
	assert_eq "$(as "$ROLE" 'SELECT count(*)
	    FROM app_embeddings.places_embeddings')" 0
	assert_eq "$(as "$ROLE" "WITH d AS (DELETE
	    FROM app_embeddings.places_embeddings RETURNING 1)
	    SELECT count(*) FROM d")" 0
	fails_with 42501 "SET ROLE $ROLE;
	    INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding)
	    VALUES ('x', 'x', array_fill(0.5, ARRAY[1536])::vector)"
	assert_eq "$(sql "SELECT policyname, cmd, roles
	    FROM pg_policies WHERE schemaname LIKE 'app\\_%' ORDER BY 1")" \
	    'app_admin_delete|DELETE|{app_admin}
app_admin_insert|INSERT|{app_admin}
app_admin_select|SELECT|{app_admin}
app_admin_update|UPDATE|{app_admin}
app_readonly_select|SELECT|{app_readonly}
app_readwrite_insert|INSERT|{app_readwrite}
app_readwrite_select|SELECT|{app_readwrite}
app_readwrite_update|UPDATE|{app_readwrite}'
	sql "DROP OWNED BY $ROLE"
}

# The page has row security on tables with columnstore: there is no such thing.
@test "cache: columnstore and row security are not on one table" {
	apply_cache
	assert_eq "$(sql "SELECT tablename, rowsecurity FROM pg_tables
	    WHERE schemaname IN ('app_cache', 'app_embeddings') ORDER BY 1")" \
	    'location_results|f
places_embeddings|t
search_results|f'
	[ "$TIER" != community ] || fails_with 0A000 \
	    'ALTER TABLE app_cache.search_results ENABLE ROW LEVEL SECURITY'
}

@test "cache: functions are called by whom they are for" {
	apply_cache
	assert_eq "$(sql "SELECT p.oid::regprocedure,
	    string_agg(r, ' ' ORDER BY n)
	    FROM pg_proc p, unnest('{public,app_readonly,app_readwrite,app_admin}'
	    ::text[]) WITH ORDINALITY AS roles (r, n)
	    WHERE p.pronamespace::regnamespace::text ~ '^app_'
	    AND has_function_privilege(r, p.oid, 'EXECUTE')
	    GROUP BY 1 ORDER BY p.oid::regprocedure::text")" \
	    'app_cache.get_location_results(text)|app_readonly app_readwrite app_admin
app_cache.get_search_results(text)|app_readonly app_readwrite app_admin
app_cache.maintain(integer,jsonb)|app_admin
app_embeddings.rebuild_index()|app_admin
app_embeddings.search_places_by_similarity(vector,integer,double precision,text)|app_readonly app_readwrite app_admin
app_monitoring.chunk_figures()|app_readonly app_readwrite app_admin
app_monitoring.job_figures()|app_readonly app_readwrite app_admin'
	fails_with 42501 'SET ROLE app_readwrite; CALL app_cache.maintain()'
	# those run as their owner, on a path of their own; so do the rest
	assert_eq "$(sql "SELECT count(*) FILTER (WHERE prosecdef),
	    count(*) FILTER (WHERE NOT prosecdef),
	    count(*) FILTER (WHERE 'search_path=pg_catalog, pg_temp'
	    = ANY (proconfig)) FROM pg_proc
	    WHERE pronamespace::regnamespace::text ~ '^app_'")" '7|2|9'
}

@test "cache: a function of the caller's own is not called by ours" {
	local call mine='SET search_path = mine, public, pg_catalog'
	apply_cache
	a_row_each
	search gone '2 hours' '1 hour'
	sql "CREATE SCHEMA mine; GRANT USAGE ON SCHEMA mine TO PUBLIC;
	    CREATE FUNCTION mine.now() RETURNS timestamptz LANGUAGE sql
	    AS \$\$SELECT '2020-01-01'::timestamptz\$\$;
	    CREATE FUNCTION mine.far(vector, vector) RETURNS float LANGUAGE sql
	    AS 'SELECT 9::float';
	    CREATE OPERATOR mine.<=> (FUNCTION = mine.far,
	    LEFTARG = vector, RIGHTARG = vector)"
	assert_eq "$(as app_readonly "$mine; SELECT now() < '2021-01-01',
	    app_cache.get_search_results('gone') IS NULL,
	    '[1]'::vector <=> '[1]' = 9,
	    (SELECT similarity > 0.99
	    FROM app_embeddings.search_places_by_similarity(
	    array_fill(0.5, ARRAY[1536])::vector))")" 't|t|t|t'
	as app_admin "$mine; CALL app_cache.maintain()"
	assert_eq "$(searches)" 'one 3 days'
}

@test "cache: the newest answer counts, until it expires" {
	apply_cache
	search a '3 hours' '1 day'
	search a '2 hours' '1 day'
	search b '3 hours' '1 hour'
	# asked again, and that has expired: the older one is out of date
	search c '3 hours' '1 day'
	search c '2 hours' '1 hour'
	location a '3 days' '9 days'
	location a '2 days' '9 days'
	location b '2 hours' '1 hour'
	assert_eq "$(as app_readonly "SELECT q,
	    app_cache.get_search_results(q) ->> 'of',
	    app_cache.get_location_results(q) ->> 'of'
	    FROM unnest('{a,b,c,d}'::text[]) AS q")" 'a|a 2 hours|a 2 days
b||
c||
d||'
	assert_eq "$(as app_readonly "SELECT results_json ->> 'of'
	    FROM app_cache.live_search_results")" 'a 2 hours'
	assert_eq "$(as app_readonly "SELECT results_json ->> 'of'
	    FROM app_cache.live_location_results")" 'a 2 days'
}

@test "cache: who is given the live view sees no other row through it" {
	apply_cache
	search live '1 hour' '1 day'
	search gone '2 hours' '1 hour'
	new_role viewer
	sql "GRANT USAGE ON SCHEMA app_cache TO $ROLE;
	    GRANT SELECT ON app_cache.live_search_results TO $ROLE;
	    CREATE FUNCTION peep(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001
	    AS \$\$BEGIN RAISE NOTICE 'saw %', \$1; RETURN true; END\$\$"
	as "$ROLE" "SELECT query_hash FROM app_cache.live_search_results
	    WHERE peep(query_hash)" >"$BATS_TEST_TMPDIR/out" \
	    2>"$BATS_TEST_TMPDIR/err"
	assert_eq "$(cat "$BATS_TEST_TMPDIR/out")" live
	assert_eq "$(cat "$BATS_TEST_TMPDIR/err")" 'NOTICE:  saw live'
	sql "DROP OWNED BY $ROLE"
}

@test "cache: expired and outdated rows go, live ones stay" {
	apply_cache
	search a '3 days' '9 days'
	search a '2 days' '9 days'
	search a '1 hour' '1 day'
	search b '3 days' '9 days'
	search c '3 days' '1 day'
	search d '2 hours' '1 hour'
	search e '1 minute' '1 hour'
	location a '9 days' '50 days'
	location a '8 days' '50 days'
	location b '9 days' '1 day'
	as app_admin 'CALL app_cache.maintain()'
	assert_eq "$(searches)" 'a 1 hour
b 3 days
e 1 minute'
	assert_eq "$(locations)" 'a 8 days'
	assert_eq "$(sql 'SELECT dropped, deleted, finished_at >= started_at
	    FROM app_monitoring.maintenance_runs')" '0|6|t'
	as app_admin 'CALL app_cache.maintain()'
	assert_eq "$(sql 'SELECT deleted FROM app_monitoring.maintenance_runs
	    ORDER BY started_at')" '6
0'
	# its own traces go as well
	sql "UPDATE app_monitoring.maintenance_runs
	    SET started_at = started_at - interval '61 days';
	    CALL app_cache.maintain()"
	assert_eq "$(sql 'SELECT count(*)
	    FROM app_monitoring.maintenance_runs')" 1
}

@test "cache: rows in columnstore go alone" {
	# elsewhere the rows are as any others
	apply_cache
	search a '3 days' '9 days'
	sql "INSERT INTO app_cache.search_results (query_hash, location, intent,
	    results_json, created_at, expires_at)
	    SELECT 'many ' || i, 'Bogotá', 'eat', '{}', now() - interval '4 days',
	    now() + CASE WHEN i % 1000 = 0 THEN interval '-1 hour'
	    ELSE interval '1 day' END
	    FROM generate_series(1, 5000) AS i"
	[ "$TIER" != community ] || run_jobs policy_compression
	search a '1 hour' '1 day'
	sql 'CALL app_cache.maintain()'
	assert_eq "$(sql "SELECT count(*), count(*) FILTER (WHERE query_hash = 'a'),
	    count(*) FILTER (WHERE expires_at < now())
	    FROM app_cache.search_results")" '4996|1|0'
	assert_eq "$(sql 'SELECT deleted
	    FROM app_monitoring.maintenance_runs')" 6
	if [ "$TIER" = community ]; then
		assert_eq "$(sql "SELECT compressed_chunks, total_chunks
		    FROM app_monitoring.compression_stats
		    WHERE cache = 'search_results'")" '2|3'
		# a batch is small, so that 1,000 answers of 1 MB are not one
		assert_eq "$(sql "SELECT max(n) FROM (SELECT (xpath('/row/n/text()',
		    query_to_xml(format('SELECT max(_ts_meta_count) AS n FROM %s',
		    c.oid::regclass), false, true, '')))[1]::text::int
		    FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
		    WHERE relkind = 'r' AND attname = '_ts_meta_count'
		    ) AS b (n)")" 100
		# and one that is unpacked is packed again
		run_jobs policy_compression
		assert_eq "$(sql "SELECT count(*) FROM app_cache.search_results
		    WHERE created_at < now() - interval '2 days'")" 4995
		search a '1 minute' '1 day'
		sql 'CALL app_cache.maintain()'
		assert_eq "$(sql "SELECT results_json ->> 'of'
		    FROM app_cache.search_results WHERE query_hash = 'a'")" \
		    'a 1 minute'
	fi
}

@test "cache: old rows go after 14 and 60 days" {
	apply_cache
	search old '16 days' '90 days'
	search young '13 days' '90 days'
	search now '0' '90 days'
	location old '64 days' '90 days'
	location young '59 days' '90 days'
	location now '0' '90 days'
	case $TIER in
	community)
		run_jobs policy_retention
		;;
	apache)
		as app_admin 'CALL app_cache.maintain()'
		assert_eq "$(sql 'SELECT dropped
		    FROM app_monitoring.maintenance_runs')" 2
		;;
	none)
		# to the minute, without chunks
		search older '14 days 1 minute' '90 days'
		location younger '59 days 23:59' '90 days'
		as app_admin 'CALL app_cache.maintain()'
		assert_eq "$(sql 'SELECT dropped
		    FROM app_monitoring.maintenance_runs')" 3
		sql "DELETE FROM app_cache.location_results
		    WHERE location_hash = 'younger'"
		;;
	esac
	assert_eq "$(searches)" 'now 0
young 13 days'
	assert_eq "$(locations)" 'now 0
young 59 days'
	case $TIER in
	community | apache)
		assert_eq "$(sql "SELECT hypertable_name, count(*)
		    FROM timescaledb_information.chunks
		    WHERE hypertable_schema = 'app_cache'
		    GROUP BY 1 ORDER BY 1")" \
		    'location_results|2
search_results|2'
		;;
	esac
}

@test "cache: chunks are compressed after one and three days" {
	local stats='SELECT cache, total_chunks, compressed_chunks, before_bytes > 0,
	    after_bytes > 0 FROM app_monitoring.compression_stats ORDER BY 1'
	apply_cache
	search old '3 days' '90 days'
	search now '0' '90 days'
	location old '9 days' '90 days'
	location now '0' '90 days'
	case $TIER in
	none)
		assert_eq "$(sql "$stats")" 'location_results|0|0||
search_results|0|0||'
		return
		;;
	esac
	assert_eq "$(sql "SELECT hypertable_name, time_interval
	    FROM timescaledb_information.dimensions
	    WHERE hypertable_schema = 'app_cache' ORDER BY 1")" \
	    'location_results|3 days
search_results|1 day'
	assert_eq "$(sql "$stats")" 'location_results|2|0||
search_results|2|0||'
	[ "$TIER" = community ] || return 0
	run_jobs policy_compression
	assert_eq "$(sql "$stats")" 'location_results|2|1|t|t
search_results|2|1|t|t'
	assert_eq "$(searches)" 'now 0
old 3 days'
	assert_eq "$(sql "SELECT app_cache.get_search_results('old') ->> 'of',
	    app_cache.get_location_results('old') ->> 'of'")" \
	    'old 3 days|old 9 days'
	# a row of columnstore is skipped by its sparse indexes
	assert_match "$(sql "EXPLAIN SELECT FROM app_cache.search_results
	    WHERE location = 'Lima'")" bloom
	assert_match "$(sql "EXPLAIN SELECT FROM app_cache.search_results
	    WHERE expires_at > '2100-01-01'")" _ts_meta_v2_max_expires_at
}

@test "cache: jobs are as often as the page has them" {
	apply_cache
	case $TIER in
	community)
		assert_eq "$(sql "SELECT proc_name, hypertable_name,
		    schedule_interval, config ->> 'compress_after',
		    config ->> 'drop_after'
		    FROM timescaledb_information.jobs
		    WHERE job_id >= 1000 ORDER BY 1, 2")" \
		    'maintain||01:00:00||
policy_compression|location_results|00:30:00|3 days|
policy_compression|search_results|00:30:00|1 day|
policy_retention|location_results|01:00:00||60 days
policy_retention|search_results|01:00:00||14 days'
		# and they do run by themselves
		search gone '2 hours' '1 hour'
		sql "SELECT _timescaledb_functions.start_background_workers();
		    SELECT alter_job(job_id, next_start => now())
		    FROM timescaledb_information.jobs
		    WHERE proc_name = 'maintain'" >"$BATS_TEST_TMPDIR/null"
		wait_for 'SELECT count(*) FROM app_cache.search_results' 0 60
		wait_for "SELECT total_runs > 0, last_run_status, total_failures,
		    last_successful_finish >= last_run_started_at,
		    next_start > now() FROM app_monitoring.timescaledb_jobs
		    WHERE proc_name = 'maintain'" 't|Success|0|t|t' 60
		;;
	*)
		assert_eq "$(sql 'SELECT scheduler, proc_name, schedule,
		    last_run_status, total_runs, total_failures
		    FROM app_monitoring.timescaledb_jobs')" 'cron|maintain|||0|'
		# the line of the crontab
		sh -c "psql -qd $PGDATABASE -c 'CALL app_cache.maintain()'"
		assert_eq "$(as app_readonly 'SELECT scheduler, proc_name, schedule,
		    last_run_status, total_runs, total_failures,
		    last_successful_finish >= last_run_started_at
		    FROM app_monitoring.timescaledb_jobs')" \
		    'cron|maintain||Success|1||t'
		;;
	esac
}

@test "cache: metadata has a bound" {
	local ok big table text='{"a": "'
	apply_cache
	# {"a": "…"} of 10240 and of 10241 bytes
	ok="('$text' || repeat('x', 10231) || '\"}')::jsonb"
	big="('$text' || repeat('x', 10232) || '\"}')::jsonb"
	search a '1 hour' '1 day'
	location a '1 hour' '1 day'
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding)
	    VALUES ('serp', 'a', array_fill(0.5, ARRAY[1536])::vector)"
	for table in app_cache.search_results app_cache.location_results \
	    app_embeddings.places_embeddings; do
		sql "UPDATE $table SET metadata = $ok"
		fails_with 23514 "UPDATE $table SET metadata = $big"
	done
	# in bytes, not in characters
	fails_with 23514 "UPDATE app_cache.search_results
	    SET metadata = ('$text' || repeat('é', 6000) || '\"}')::jsonb"
	fails_with 23514 "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding, metadata)
	    VALUES ('serp', 'b', array_fill(0.5, ARRAY[1536])::vector, $big)"
	fails_with 23514 "INSERT INTO app_cache.search_results (query_hash,
	    location, intent, results_json, metadata, expires_at)
	    VALUES ('b', 'b', 'b', '{}', $big, now() + interval '1 h')"
	fails_with 23514 "INSERT INTO app_cache.location_results (location_hash,
	    location, results_json, metadata, expires_at)
	    VALUES ('b', 'b', '{}', $big, now() + interval '1 h')"
	# an answer has none
	sql "UPDATE app_cache.search_results SET results_json = $big"
	fails_with 23514 'UPDATE app_cache.search_results
	    SET expires_at = created_at'
}

# A direction in the plane of the first two dimensions.
at_function() {
	sql "CREATE FUNCTION at(degrees float) RETURNS vector LANGUAGE sql
	    AS \$\$SELECT (array[cosd(degrees), sind(degrees)]
	    || array_fill(0::float, array[1534]))::real[]::vector\$\$"
}

@test "cache: the nearest places come first" {
	local search='app_embeddings.search_places_by_similarity'
	apply_cache
	at_function
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding, metadata) VALUES
	    ('serp', 'east', at(0), '{\"name\": \"east\"}'),
	    ('serp', 'north', at(90), '{}'), ('maps', 'northeast', at(40), '{}'),
	    ('serp', 'west', at(180), '{}'), ('maps', 'south', at(-80), '{}'),
	    ('serp', 'nowhere', array_fill(0.0, ARRAY[1536])::vector, '{}')"
	# the length of a vector does not count
	assert_eq "$(as app_readonly "SELECT source_id, round(similarity::numeric, 3)
	    FROM $search((at(10)::real[])::vector)")" \
	    'east|0.985
northeast|0.866
north|0.174
south|0.000
west|-0.985'
	assert_eq "$(as app_readonly "SELECT source, source_id, metadata ->> 'name'
	    FROM $search(at(10), 1)")" 'serp|east|east'
	assert_eq "$(as app_readwrite "SELECT source_id FROM $search(at(10), 10, 0.5)")" \
	    'east
northeast'
	assert_eq "$(as app_admin "SELECT source_id
	    FROM $search(at(10), p_source => 'maps')")" 'northeast
south'
	assert_eq "$(sql "SELECT count(*) FROM $search(at(10), 0)")" 0
	fails_with 22000 "SELECT FROM $search('[1,2,3]')"
	fails_with 22000 "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding) VALUES ('serp', 'x', '[1,2,3]')"
	fails_with 23505 "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding) VALUES ('serp', 'east', at(1))"
	# written again: the same row, and a later time
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding) VALUES ('serp', 'east', at(-10))
	    ON CONFLICT (source, source_id) DO UPDATE
	    SET embedding = EXCLUDED.embedding"
	assert_eq "$(sql "SELECT updated_at > created_at,
	    round((embedding <=> at(-10))::numeric, 3)
	    FROM app_embeddings.places_embeddings
	    WHERE source_id = 'east'")" 't|0.000'
}

@test "cache: no near place is missed before the index has learnt" {
	local q i="SELECT array_agg(hashfloat8(i * 10000 + j)::float / 2 ^ 31
	    )::real[]::vector FROM generate_series(1, 1536) AS j"
	apply_cache
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding)
	    SELECT 'serp', i, ($i) FROM generate_series(1, 1500) AS i;
	    ANALYZE app_embeddings.places_embeddings"
	for q in 7 50.1 199.4; do
		sql "SELECT source_id
		    FROM app_embeddings.search_places_by_similarity(
		    (${i//i \*/$q *}), 20)" >"$BATS_TEST_TMPDIR/found"
		sql "SET enable_indexscan = off; SELECT source_id
		    FROM app_embeddings.places_embeddings
		    ORDER BY embedding <=> (${i//i \*/$q *}), id LIMIT 20" \
		    >"$BATS_TEST_TMPDIR/every"
		diff "$BATS_TEST_TMPDIR/every" "$BATS_TEST_TMPDIR/found"
	done
}

@test "cache: 10,000 places are searched by the index" {
	local near='app_embeddings.search_places_by_similarity'
	apply_cache
	at_function
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding)
	    SELECT CASE WHEN i % 100 = 0 THEN 'rare' ELSE 'serp' END, i,
	    at(i * 0.036) FROM generate_series(1, 10000) AS i;
	    ANALYZE app_embeddings.places_embeddings"
	as app_admin 'SELECT app_embeddings.rebuild_index()'
	# the application's own query
	as app_readonly "EXPLAIN SELECT source_id
	    FROM app_embeddings.places_embeddings
	    ORDER BY embedding <=> (SELECT at(33)) LIMIT 10" \
	    >"$BATS_TEST_TMPDIR/plan"
	grep 'Index Scan using places_embeddings_embedding_idx' \
	    "$BATS_TEST_TMPDIR/plan"
	# and within the function
	sql "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;
	    SET auto_explain.log_nested_statements = on;
	    SET client_min_messages = log;
	    SELECT source_id FROM $near(at(33), 200)" \
	    >"$BATS_TEST_TMPDIR/found" 2>"$BATS_TEST_TMPDIR/plan"
	grep 'Index Scan using places_embeddings_embedding_idx' \
	    "$BATS_TEST_TMPDIR/plan"
	# the same as a look at every row finds, in the same order
	sql "SET enable_indexscan = off; SELECT source_id
	    FROM app_embeddings.places_embeddings
	    ORDER BY embedding <=> (SELECT at(33)), id LIMIT 200" \
	    >"$BATS_TEST_TMPDIR/every"
	diff "$BATS_TEST_TMPDIR/every" "$BATS_TEST_TMPDIR/found"
	# as many as were asked for, even if few of the nearest are of the source
	assert_eq "$(sql "SET enable_sort = off; SELECT count(*),
	    count(*) FILTER (WHERE source = 'rare')
	    FROM $near(at(33), 60, p_source => 'rare')")" '60|60'
}

@test "cache: the monitoring views have the right figures" {
	apply_cache
	search a '3 days' '9 days'
	search a '1 hour' '9 days'
	search b '2 hours' '1 hour'
	search c '1 hour' '2 days'
	search d '5 hours' '1 hour'
	search d '4 hours' '1 hour'
	location a '9 days' '1 day'
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding, metadata, created_at)
	    SELECT s, i, array_fill(0.5, ARRAY[1536])::vector,
	    CASE WHEN i = 1 THEN '{}' ELSE '{\"k\": 1}' END::jsonb,
	    '2025-01-01 00:00Z'::timestamptz + i * interval '1 day'
	    FROM (VALUES ('serp', 3), ('maps', 1)) AS v (s, n),
	    generate_series(1, n) AS i"
	assert_eq "$(as app_readonly "SELECT cache, entries, live, expired,
	    outdated, now() - oldest < interval '9 days 1 minute'
	    AND now() - oldest > interval '2 days 23:59',
	    next_expiry > now(), bytes > 0
	    FROM app_monitoring.cache_health ORDER BY cache")" \
	    'location_results|1|0|1|0|t||t
search_results|6|2|3|2|t|t|t'
	assert_eq "$(as app_readonly "SELECT
	    round(extract(epoch FROM now() - oldest) / 3600),
	    round(extract(epoch FROM now() - newest) / 3600),
	    round(extract(epoch FROM next_expiry - now()) / 3600)
	    FROM app_monitoring.cache_health
	    WHERE cache = 'search_results'")" '72|1|47'
	assert_eq "$(as app_readonly "SET timezone = 'UTC'; SELECT source,
	    embeddings, oldest, newest, avg_metadata_bytes,
	    last_updated > now() - interval '1 hour'
	    FROM app_monitoring.embedding_health ORDER BY 1")" \
	    'maps|1|2025-01-02 00:00:00+00|2025-01-02 00:00:00+00|2|t
serp|3|2025-01-02 00:00:00+00|2025-01-04 00:00:00+00|6|t'
	# bytes grow with what is stored
	before=$(sql "SELECT sum(bytes) FROM app_monitoring.cache_health")
	sql "INSERT INTO app_cache.search_results (query_hash, location, intent,
	    results_json, created_at, expires_at)
	    SELECT i, 'Bogotá', 'eat', jsonb_build_object('text',
	    repeat('same ', 100)), now() - interval '5 days', now()
	    + interval '1 day' FROM generate_series(1, 3000) AS i"
	after=$(sql "SELECT sum(bytes) FROM app_monitoring.cache_health")
	[ $((after - before)) -gt 1000000 ]
	sql 'CALL app_cache.maintain()'
	assert_eq "$(as app_readonly "SELECT cache, entries, live, expired,
	    outdated FROM app_monitoring.cache_health ORDER BY cache")" \
	    'location_results|0|0|0|0
search_results|3002|3002|0|0'
	if [ "$TIER" = community ]; then
		run_jobs policy_compression
		# as TimescaleDB itself has it
		assert_eq "$(as app_readonly "SELECT compressed_chunks, before_bytes,
		    after_bytes FROM app_monitoring.compression_stats
		    WHERE cache = 'search_results'")" \
		    "$(sql "SELECT number_compressed_chunks,
		    before_compression_total_bytes, after_compression_total_bytes
		    FROM hypertable_columnstore_stats('app_cache.search_results')")"
		# nine tenths
		assert_eq "$(as app_readonly "SELECT saved_percent > 90
		    FROM app_monitoring.compression_stats
		    WHERE cache = 'search_results'")" t
		compressed=$(sql "SELECT sum(bytes)
		    FROM app_monitoring.cache_health")
		[ "$compressed" -lt "$after" ]
	fi
}

@test "cache: the statements of the team's page run" {
	apply_cache
	as app_readwrite "INSERT INTO app_cache.search_results (query_hash,
	    location, intent, results_json, expires_at)
	    VALUES ('test_hash', 'Test Location', 'Test Intent', '{}'::jsonb,
	    now() + interval '1 hour');
	    INSERT INTO app_embeddings.places_embeddings (source, source_id,
	    embedding, metadata) VALUES ('serp', 'test_123',
	    array_fill(0.0, ARRAY[1536])::vector,
	    '{\"name\": \"Test Place\"}'::jsonb)"
	assert_eq "$(sql "SELECT schema_name FROM information_schema.schemata
	    WHERE schema_name LIKE 'app_%' ORDER BY 1")" \
	    'app_cache
app_embeddings
app_monitoring'
	assert_eq "$(sql "SELECT rolname FROM pg_roles WHERE rolname LIKE 'app_%'
	    ORDER BY 1")" 'app_admin
app_readonly
app_readwrite'
	assert_eq "$(sql "SELECT schemaname, tablename, rowsecurity FROM pg_tables
	    WHERE schemaname IN ('app_cache', 'app_embeddings')
	    ORDER BY 2" | grep -c .)" 3
	# jobs, without TimescaleDB's view of them
	assert_eq "$(as app_readonly "SELECT DISTINCT scheduler
	    FROM app_monitoring.timescaledb_jobs")" \
	    "$([ "$TIER" = community ] && echo timescaledb || echo cron)"
	if [ "$TIER" = none ]; then
		fails_with 42P01 'SELECT FROM timescaledb_information.jobs'
		return
	fi
	assert_eq "$(sql "SELECT hypertable_name
	    FROM timescaledb_information.hypertables
	    WHERE hypertable_schema = 'app_cache' ORDER BY 1")" \
	    'location_results
search_results'
	# The page asks for job_type, which is no column: it is proc_name.
	for policy in columnstore_policy retention_policy; do
		fails_with 42703 "SELECT * FROM timescaledb_information.jobs
		    WHERE job_type = '$policy'"
	done
	n=0
	[ "$TIER" != community ] || n=2
	assert_eq "$(sql "SELECT count(*) FROM timescaledb_information.jobs
	    WHERE proc_name = 'policy_compression'")" $n
	assert_eq "$(sql "SELECT count(*) FROM timescaledb_information.jobs
	    WHERE proc_name = 'policy_retention'")" $n
}

@test "cache: a destructive deployment shows each drop, and deploys anew" {
	apply_cache
	schema_of >"$BATS_TEST_TMPDIR/first"
	a_row_each
	[ "$TIER" != community ] || run_jobs policy_compression
	run_pipe 0 "mig-plan --clean $PGDATABASE >'$BATS_TEST_TMPDIR/plan'"
	drops=$(sed -n 's/^\t//p' "$BATS_TEST_TMPDIR/plan")
	for object in 'TABLE IF EXISTS app_cache.search_results' \
	    'TABLE IF EXISTS app_cache.location_results' \
	    'TABLE IF EXISTS app_embeddings.places_embeddings' \
	    'TABLE IF EXISTS app_monitoring.maintenance_runs' \
	    'VIEW IF EXISTS app_cache.live_search_results' \
	    'VIEW IF EXISTS app_monitoring.cache_health' \
	    'PROCEDURE IF EXISTS app_cache.maintain(' \
	    'FUNCTION IF EXISTS app_embeddings.search_places_by_similarity(' \
	    'SCHEMA IF EXISTS app_cache' 'SCHEMA IF EXISTS app_embeddings' \
	    'SCHEMA IF EXISTS app_monitoring' 'EXTENSION IF EXISTS vector'; do
		has_text "$drops" "DROP $object" || {
			echo "no drop of $object"
			return 1
		}
	done
	[ "$TIER" = none ] || has_text "$drops" 'EXTENSION IF EXISTS timescaledb'
	# the name must be that of the database
	run_mig 2 mig-plan --clean another
	assert_eq "$(sql 'SELECT count(*) FROM app_cache.search_results')" 1
	# all at once, as the script does it
	run_mig 2 "$CACHE"/deploy --clena
	run_mig 0 "$CACHE"/deploy --clean "$PGDATABASE"
	assert_output_has 'DROP SCHEMA IF EXISTS app_cache CASCADE;'
	[ "$TIER" != community ] || stop_jobs
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
	assert_eq "$(sql 'SELECT count(*) FROM app_cache.search_results')" 0
	a_row_each
	assert_eq "$(matrix)" "$MATRIX"
}

@test "cache: deploy shows the steps, and then there is nothing to do" {
	run_mig 0 "$CACHE"/deploy
	assert_eq "$(grep -c '^apply' "$BATS_TEST_TMPDIR/out")" 7
	assert_output_has 'apply	001	extensions_and_schemas
apply	002	roles_and_privileges'
	assert_output_has 'exit	0	7'
	run_mig 0 "$CACHE"/deploy
	refute_output_has apply
	assert_output_has 'exit	0	0'
	# a directory with README.md and the script in it
	run_mig 0 mig-ls "$CACHE"
	assert_eq "$(grep -c '^file' "$BATS_TEST_TMPDIR/out")" 7
	assert_eq "$stderr" ''
}

@test "cache: another deployment makes a role at the same moment" {
	# canceled, it commits
	cat >"$BATS_TEST_TMPDIR/other.sql" <<-'SQL'
	BEGIN;
	CREATE ROLE app_readonly;
	SAVEPOINT made;
	SELECT pg_sleep(60);
	ROLLBACK TO made;
	COMMIT;
	SQL
	background psql -Xq -f "$BATS_TEST_TMPDIR/other.sql"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'" 1
	other=$PID
	background "$CACHE"/deploy
	# it waits for the other's transaction
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'transactionid'
	    AND query LIKE '%app_readonly%'" 1
	sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'"
	wait "$other"
	wait "$PID"
	assert_eq "$(sql "SELECT count(*) FROM pg_roles
	    WHERE rolname LIKE 'app\\_%'")" 3
}

@test "cache: extensions that are not on the search_path are told" {
	sql "CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC;
	    CREATE EXTENSION vector SCHEMA extensions"
	run_pipe 5 "mig-ls '$CACHE' | mig-plan | mig-apply"
	assert_stderr_has 'the extension "vector" is in schema extensions, which is not in the search_path'
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname LIKE 'app\\_%'")" 0
	# as on Supabase
	sql "ALTER DATABASE $PGDATABASE
	    SET search_path = \"\$user\", public, extensions"
	apply_cache
	at_function
	sql "INSERT INTO app_embeddings.places_embeddings
	    (source, source_id, embedding) VALUES ('serp', 'east', at(0))"
	assert_eq "$(as app_readonly 'SELECT source_id
	    FROM app_embeddings.search_places_by_similarity(at(1))')" east
	as app_admin 'CALL app_cache.maintain();
	    SELECT app_embeddings.rebuild_index()'
}
