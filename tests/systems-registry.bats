#!/usr/bin/env bats
# rounds: system 1? 17x 17n tsl
# migrations/registry: what the finished system does.

load helpers

REGISTRY=$BATS_TEST_DIRNAME/../migrations/registry
A=00000000-0000-0000-0000-00000000000a
B=00000000-0000-0000-0000-00000000000b
C=00000000-0000-0000-0000-00000000000c

setup() {
	new_db
}

apply_dir() {
	run_pipe 0 "mig-ls '$1' | mig-plan | mig-apply"
}

revert_dir() {
	run_pipe 0 "mig-ls '$1' | mig-plan --revert $2 | mig-apply"
}

# Three versions of two subjects; B needs A.
three_schemas() {
	sql "INSERT INTO schemas (id, subject, version, content, state) VALUES
	    ('$A', 'orders', '1.9.0', '{\"type\": \"object\"}', 'active'),
	    ('$B', 'orders', '1.10.0', '{\"type\": \"array\"}', 'draft'),
	    ('$C', 'users', '1.0.0', '{\"type\": \"string\"}', 'deprecated');
	    INSERT INTO schema_dependencies VALUES ('$B', '$A')"
}

# It must fail with that SQLSTATE.
fails_with() {
	run_mig 1 psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2"
	assert_stderr_has "ERROR:  $1"
}

# The indexes in the plan of a query; of a hypertable's chunks by the name that
# they have there.
indexes_of() {
	sql "EXPLAIN (COSTS off) $1" | sed -nE 's/.*Index (Only )?Scan( Backward)?'\
' (using|on) (_hyper_[0-9_]+_chunk_)?([a-z0-9_]+).*/\5/p' | sort -u
}

@test "registry: applying again changes nothing, nor does each file" {
	local up
	apply_dir "$REGISTRY"
	three_schemas
	schema_of >"$BATS_TEST_TMPDIR/first"
	apply_dir "$REGISTRY"
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
	for up in "$REGISTRY"/*.up.sql; do
		psql -Xq1 -v ON_ERROR_STOP=1 -f "$up"
		schema_of | diff "$BATS_TEST_TMPDIR/first" -
		# without a transaction around it, too
		psql -Xq -v ON_ERROR_STOP=1 -f "$up"
		schema_of | diff "$BATS_TEST_TMPDIR/first" -
	done
	assert_eq "$(sql 'SELECT total_schemas FROM get_schema_statistics()')" 3
}

@test "registry: its deploy script brings it up, and has nothing to do then" {
	cd /
	# no terminal to ask on, and nobody has answered beforehand
	mig_run setsid "$REGISTRY/deploy" </dev/null
	[ "$status" != 0 ]
	assert_eq "$(sql "SELECT to_regclass('schemas') IS NULL")" t
	export SKIP_CONFIRMATION=1
	run_mig 0 "$REGISTRY/deploy"
	refute_stderr_has NOTICE
	run_mig 0 bash -c "mig-ls '$REGISTRY' | mig-plan --check"
	schema_of >"$BATS_TEST_TMPDIR/deployed"
	run_mig 0 "$REGISTRY/deploy"
	assert_match "$output" $'exit\t0\t0'
	# by the script or by the pipeline, it is the same
	new_db pipe
	apply_dir "$REGISTRY"
	schema_of | diff "$BATS_TEST_TMPDIR/deployed" -
}

@test "registry: up, down, up comes back to the same schema" {
	apply_dir "$REGISTRY"
	schema_of >"$BATS_TEST_TMPDIR/both"
	revert_dir "$REGISTRY" 1
	schema_of >"$BATS_TEST_TMPDIR/one"
	assert_eq "$(sql "SELECT to_regclass('popular_schemas') IS NULL
	    AND to_regclass('latest_schemas') IS NOT NULL")" t
	sql 'SELECT refresh_schema_views()'
	revert_dir "$REGISTRY" 1
	assert_eq "$(sql "SELECT count(*) FROM pg_class c
	    WHERE relnamespace = 'public'::regnamespace
	    AND NOT EXISTS (SELECT FROM pg_depend
	    WHERE objid = c.oid AND deptype = 'e')")" 0
	assert_eq "$(sql "SELECT proname FROM pg_proc p
	    WHERE pronamespace = 'public'::regnamespace
	    AND NOT EXISTS (SELECT FROM pg_depend
	    WHERE objid = p.oid AND deptype = 'e')")" ''
	mkdir "$BATS_TEST_TMPDIR/m"
	cp "$REGISTRY"/*01_*.sql "$BATS_TEST_TMPDIR/m"
	apply_dir "$BATS_TEST_TMPDIR/m"
	schema_of | diff "$BATS_TEST_TMPDIR/one" -
	sql 'SELECT refresh_schema_views()'
	apply_dir "$REGISTRY"
	schema_of | diff "$BATS_TEST_TMPDIR/both" -
	revert_dir "$REGISTRY" 2
	apply_dir "$REGISTRY"
	schema_of | diff "$BATS_TEST_TMPDIR/both" -
}

# A server has them as its tier says, and pg_cron works in another database.
@test "registry: an optional extension is used, or a warning names it" {
	local tier loaded
	tier=$(tier)
	loaded=$(sql 'SHOW shared_preload_libraries')
	apply_dir "$REGISTRY"
	assert_stderr_has 'going on without pg_cron: it '
	case $loaded in
	*pg_stat_statements*)
		refute_stderr_has 'going on without pg_stat_statements'
		sql 'SELECT count(*) FROM pg_stat_statements'
		;;
	*)
		assert_stderr_has 'going on without pg_stat_statements: it is not in'
		;;
	esac
	case $tier in
	community)
		refute_stderr_has timescaledb
		refute_stderr_has 'not compressed'
		;;
	apache)
		refute_stderr_has 'going on without timescaledb'
		assert_stderr_has 'old validations are not compressed'
		;;
	none)
		assert_stderr_has 'going on without timescaledb: it '
		refute_stderr_has 'not compressed'
		;;
	esac
	assert_eq "$(sql "SELECT string_agg(extname, ' ' ORDER BY extname)
	    FROM pg_extension
	    WHERE extname IN ('btree_gin', 'pg_trgm', 'uuid-ossp')")" \
	    'btree_gin pg_trgm uuid-ossp'
}

@test "registry: one who is no superuser can deploy it" {
	new_role owner LOGIN
	sql "ALTER DATABASE $PGDATABASE OWNER TO $ROLE;
	    GRANT CREATE ON SCHEMA public TO $ROLE"
	PGUSER=$ROLE apply_dir "$REGISTRY"
	assert_stderr_has 'going on without pg_stat_statements:'
	assert_eq "$(sql "SELECT relowner::regrole FROM pg_class
	    WHERE relname = 'schemas'")" "$ROLE"
	# TimescaleDB is trusted, and the settings show that it is loaded
	case $(tier) in
	none) assert_stderr_has 'going on without timescaledb:' ;;
	*) refute_stderr_has 'going on without timescaledb:' ;;
	esac
	PGUSER=$ROLE sql 'SELECT refresh_schema_views()'
	PGUSER=$ROLE revert_dir "$REGISTRY" 2
}

# What each of these roles is granted is all that it needs.
@test "registry: who writes one table needs no rights on the others" {
	apply_dir "$REGISTRY"
	three_schemas
	new_role app
	sql "GRANT INSERT ON schema_dependencies, schema_access_log TO $ROLE;
	    SET ROLE $ROLE;
	    INSERT INTO schema_dependencies VALUES ('$A', '$C');
	    INSERT INTO schema_access_log (schema_id) VALUES ('$C')"
	new_role editor
	sql "GRANT SELECT, UPDATE ON schemas TO $ROLE"
	fails_with 23503 "SET ROLE $ROLE; SELECT soft_delete_schema('$C')"
	assert_eq "$(sql "SET ROLE $ROLE; SELECT soft_delete_schema('$B')")" t
	new_role cleaner
	sql "GRANT SELECT, DELETE ON validation_history TO $ROLE;
	    INSERT INTO validation_history (schema_id, is_valid, validated_at)
	    SELECT '$A', true, now() - make_interval(days => d)
	    FROM unnest(array[1, 91, 400]) AS d"
	assert_eq "$(sql "SET ROLE $ROLE;
	    SELECT cleanup_old_validation_history(90)")" 2
	# the guards hang on these tables only
	fails_with 42501 "SET ROLE $ROLE;
	    CREATE TEMP TABLE t (schema_id uuid, depends_on_id uuid);
	    CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW
	    EXECUTE FUNCTION public.registry_guard_dependency()"
}

@test "registry: the statistics are those of the rows" {
	apply_dir "$REGISTRY"
	assert_eq "$(sql 'SELECT * FROM get_schema_statistics()')" \
	    '0|0|0|0|0|0|0|0|0|0||0|0'
	three_schemas
	sql "SELECT soft_delete_schema('$C');
	    INSERT INTO validation_history
	    (schema_id, is_valid, errors, duration_ms) VALUES
	    ('$A', true, '[]', 2), ('$A', false, '[\"no id\"]', 4),
	    ('$B', true, '[]', 1.5), ('$C', true, '[]', NULL);
	    INSERT INTO compatibility_checks
	    (schema_id, compared_with, level, is_compatible, violations) VALUES
	    ('$B', '$A', 'BACKWARD', true, '[]'),
	    ('$B', '$A', 'FULL', false, '[\"type changed\"]');
	    INSERT INTO schemas (subject, version, content, state, deleted_at)
	    SELECT 'gone', i || '.0', '{}', state, now() FROM unnest(
	    array['draft', 'active', 'deprecated']) WITH ORDINALITY AS s (state, i)"
	run_mig 0 psql -XAtq -c '\x' -c 'SELECT * FROM get_schema_statistics()'
	assert_eq "$output" "total_schemas|6
live_schemas|2
deleted_schemas|4
draft_schemas|1
active_schemas|1
deprecated_schemas|0
total_subjects|1
total_dependencies|1
total_validations|4
failed_validations|1
avg_validation_ms|2.500
total_compatibility_checks|2
failed_compatibility_checks|1"
}

@test "registry: versions sort as semver has them" {
	apply_dir "$REGISTRY"
	cat >"$BATS_TEST_TMPDIR/sorted" <<-'END'
	0.9
	0.10.0-alpha
	0.10
	1.0.0-1
	1.0.0-2
	1.0.0-10
	1.0.0-alpha
	1.0.0-alpha.1
	1.0.0-alpha.beta
	1.0.0-alpha-2
	1.0.0-beta.2
	1.0.0-beta.11
	1.0.0-rc.1
	1.0.0
	1.0.1
	1.9.0
	1.9.10
	1.10.0
	2.0.0-99999999999999999999
	2.0.0
	10.0.0
	99999999999999999999.0
	100000000000000000000.0
	END
	# stored in another order
	while read -r v; do
		echo "INSERT INTO schemas (subject, version, content)" \
		    "VALUES ('v', '$v', '{}');"
	done < <(rev "$BATS_TEST_TMPDIR/sorted" | sort | rev) | psql -Xq -v ON_ERROR_STOP=1
	assert_eq "$(sql 'SELECT version FROM schemas
	    ORDER BY version_sort_key(version)')" \
	    "$(cat "$BATS_TEST_TMPDIR/sorted")"
	# what does not count
	assert_eq "$(sql "SELECT version_sort_key('1.9') = version_sort_key(v)
	    FROM unnest(array['1.9.0', '01.09', '1.9.0+b-7', '1.9.0-0']) AS v")" \
	    "$(printf 't\nt\nt\nf')"
	sql 'SELECT refresh_schema_views()'
	assert_eq "$(sql 'SELECT version FROM latest_schemas')" \
	    100000000000000000000.0
}

@test "registry: the latest live version of each subject" {
	apply_dir "$REGISTRY"
	three_schemas
	q='SELECT subject, version FROM latest_schemas ORDER BY 1'
	assert_eq "$(sql "$q")" ''
	sql 'SELECT refresh_schema_views()'
	assert_eq "$(sql "$q")" "orders|1.10.0
users|1.0.0"
	sql "SELECT soft_delete_schema(id) FROM schemas
	    WHERE id IN ('$B', '$C'); SELECT refresh_schema_views()"
	assert_eq "$(sql "$q")" 'orders|1.9.0'
}

@test "registry: soft delete and back" {
	apply_dir "$REGISTRY"
	three_schemas
	assert_eq "$(sql "SELECT soft_delete_schema('$C', 'eve')")" t
	assert_eq "$(sql "SELECT soft_delete_schema('$C', 'bob')")" f
	assert_eq "$(sql "SELECT deleted_by, deleted_at > now() - interval '1 min'
	    FROM schemas WHERE id = '$C'")" 'eve|t'
	# the number stays taken
	fails_with 23505 "INSERT INTO schemas (subject, version, content)
	    VALUES ('users', '1.0.0', '{}')"
	assert_eq "$(sql "SELECT restore_schema('$C')")" t
	assert_eq "$(sql "SELECT restore_schema('$C')")" f
	assert_eq "$(sql "SELECT deleted_by IS NULL AND deleted_at IS NULL
	    FROM schemas WHERE id = '$C'")" t
	assert_eq "$(sql "SELECT soft_delete_schema(uuid_generate_v4())")" f
}

@test "registry: what a live schema needs cannot be deleted" {
	apply_dir "$REGISTRY"
	three_schemas
	fails_with 23503 "SELECT soft_delete_schema('$A')"
	fails_with 23503 "UPDATE schemas SET deleted_at = now() WHERE id = '$A'"
	fails_with 23503 "DELETE FROM schemas WHERE id = '$A'"
	sql "SELECT soft_delete_schema('$B'); SELECT soft_delete_schema('$A')"
	fails_with 23503 "SELECT restore_schema('$B')"
	fails_with 23503 "INSERT INTO schema_dependencies VALUES ('$C', '$A')"
	assert_eq "$(sql "SELECT restore_schema('$A')")" t
	assert_eq "$(sql "SELECT restore_schema('$B')")" t
	fails_with 23514 "INSERT INTO schema_dependencies VALUES ('$A', '$A')"
}

@test "registry: a delete waits for a dependency that is being added" {
	apply_dir "$REGISTRY"
	three_schemas
	background psql -Xq -c "INSERT INTO schema_dependencies
	    VALUES ('$A', '$C'); SELECT pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'" 1
	fails_with 55P03 "SET lock_timeout = '200ms'; SELECT soft_delete_schema('$C')"
}

@test "registry: hard delete takes what is older, with its history" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO validation_history (schema_id, is_valid)
	    SELECT id, true FROM schemas;
	    INSERT INTO schema_access_log (schema_id) SELECT id FROM schemas;
	    INSERT INTO compatibility_checks
	    (schema_id, compared_with, level, is_compatible)
	    VALUES ('$B', '$A', 'FULL', true);
	    UPDATE schemas SET deleted_at = now() - interval '29 days 23 hours'
	    WHERE id = '$C';
	    UPDATE schemas SET deleted_at = now() - interval '30 days 1 hour'
	    WHERE id = '$B'"
	assert_eq "$(sql 'SELECT cleanup_deleted_schemas()')" 1
	assert_eq "$(sql 'SELECT id FROM schemas ORDER BY id')" "$A
$C"
	assert_eq "$(sql "SELECT (SELECT count(*) FROM validation_history),
	    (SELECT count(*) FROM schema_access_log),
	    (SELECT count(*) FROM compatibility_checks),
	    (SELECT count(*) FROM schema_dependencies)")" '2|2|0|0'
	assert_eq "$(sql 'SELECT cleanup_deleted_schemas(29)')" 1
	assert_eq "$(sql 'SELECT id FROM schemas')" "$A"
	fails_with 22023 'SELECT cleanup_deleted_schemas(-1)'
}

@test "registry: hard delete keeps what a row that stays still names" {
	apply_dir "$REGISTRY"
	three_schemas
	# C <- A <- B, and the one that needs the others was deleted last
	sql "INSERT INTO schema_dependencies VALUES ('$A', '$C')"
	for id in "$B" "$A" "$C"; do
		sql "SELECT soft_delete_schema('$id')"
	done
	sql "UPDATE schemas SET deleted_at = now() - interval '40 days'
	    WHERE id IN ('$A', '$C')"
	assert_eq "$(sql 'SELECT cleanup_deleted_schemas(30)')" 0
	fails_with 23503 "DELETE FROM schemas
	    WHERE deleted_at < now() - interval '30 days'"
	sql "UPDATE schemas SET deleted_at = now() - interval '31 days'
	    WHERE id = '$B'"
	# the statement as the team's page has it
	run_mig 0 psql -X -c "DELETE FROM schemas
	    WHERE deleted_at < NOW() - INTERVAL '30 days'"
	assert_eq "$output" 'DELETE 3'
}

@test "registry: cleanup of the validation history" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO validation_history (schema_id, is_valid, validated_at)
	    SELECT '$A', true, now() - make_interval(days => d)
	    FROM unnest(array[0, 1, 89, 91, 92, 400]) AS d"
	assert_eq "$(sql 'SELECT cleanup_old_validation_history(90)')" 3
	assert_eq "$(sql "SELECT string_agg(extract(day FROM now() - validated_at)
	    ::text, ' ' ORDER BY validated_at) FROM validation_history")" '89 1 0'
	assert_eq "$(sql 'SELECT cleanup_old_validation_history()')" 0
	fails_with 22023 'SELECT cleanup_old_validation_history(-1)'
	fails_with 22023 'SELECT cleanup_old_validation_history(NULL)'
	assert_eq "$(sql 'SELECT count(*) FROM validation_history')" 3
	assert_eq "$(sql 'SELECT cleanup_old_validation_history(2)')" 1
}

@test "registry: old weeks of the validation history go as chunks" {
	local chunks job
	apply_dir "$REGISTRY"
	three_schemas
	# a week each; what is on one side of the cutoff in its week stays
	sql "INSERT INTO validation_history (schema_id, is_valid, validated_at)
	    SELECT CASE d % 2 WHEN 0 THEN '$A' ELSE '$C' END::uuid, true,
	    now() - make_interval(days => d) FROM generate_series(1, 120) AS d"
	case $(tier) in
	community)
		job=$(sql "SELECT job_id FROM timescaledb_information.jobs
		    WHERE proc_name = 'policy_compression'
		    AND hypertable_name = 'validation_history'")
		sql "CALL run_job($job)"
		assert_eq "$(sql "SELECT bool_and(is_compressed
		    = (range_end < now() - interval '30 days')) AND
		    count(*) FILTER (WHERE is_compressed) > 9
		    FROM timescaledb_information.chunks")" t
		;;
	apache)
		assert_eq "$(sql "SELECT count(*) > 15
		    FROM timescaledb_information.chunks")" t
		;;
	esac
	assert_eq "$(sql 'SELECT total_validations
	    FROM get_schema_statistics()')" 120
	# the hard delete reaches every one of them
	sql "UPDATE schemas SET deleted_at = now() - interval '31 days'
	    WHERE id = '$C'"
	assert_eq "$(sql 'SELECT cleanup_deleted_schemas()')" 1
	assert_eq "$(sql 'SELECT count(*), max(schema_id::text)
	    FROM validation_history')" "60|$A"
	assert_eq "$(sql 'SELECT cleanup_old_validation_history(90)')" 16
	assert_eq "$(sql "SELECT count(*), min(validated_at)
	    > now() - interval '90 days' FROM validation_history")" '44|t'
	case $(tier) in
	community | apache)
		assert_eq "$(sql "SELECT min(range_end)
		    >= now() - interval '90 days' AND count(*) <= 14
		    FROM timescaledb_information.chunks")" t
		;;
	none)
		assert_eq "$(sql "SELECT relkind FROM pg_class
		    WHERE relname = 'validation_history'")" r
		;;
	esac
	assert_eq "$(sql 'SELECT cleanup_old_validation_history(0)')" 44
}

@test "registry: history of compatibility checks" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO compatibility_checks (schema_id, compared_with, level,
	    is_compatible, violations, checked_at) VALUES
	    ('$B', '$A', 'BACKWARD', false, '[\"id gone\"]', '2024-01-01'),
	    ('$B', '$A', 'BACKWARD', true, '[]', '2024-01-02')"
	assert_eq "$(sql "SELECT n.version, o.version, level, is_compatible,
	    violations FROM compatibility_checks k
	    JOIN schemas n ON n.id = schema_id JOIN schemas o ON o.id = compared_with
	    ORDER BY checked_at DESC")" '1.10.0|1.9.0|BACKWARD|t|[]
1.10.0|1.9.0|BACKWARD|f|["id gone"]'
	insert='INSERT INTO compatibility_checks
	    (schema_id, compared_with, level, is_compatible, violations) VALUES'
	fails_with 23514 "$insert ('$B', '$A', 'FULL', true, '[\"but\"]')"
	fails_with 23514 "$insert ('$B', '$A', 'FULL', false, '[]')"
	fails_with 23514 "$insert ('$B', '$A', 'SIDEWAYS', true, '[]')"
	fails_with 23514 "$insert ('$B', '$B', 'FULL', true, '[]')"
}

@test "registry: popular schemas" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO schema_access_log
	    (schema_id, client, cache_hit, accessed_at) VALUES
	    ('$A', 'web', true, now()), ('$A', 'web', false, now()),
	    ('$A', 'etl', false, now() - interval '29 days'),
	    ('$B', 'web', true, now()), ('$B', 'web', true, now()),
	    ('$B', 'web', true, now() - interval '31 days'),
	    ('$B', 'web', true, now() - interval '32 days'),
	    ('$C', 'web', true, now()), ('$C', 'web', true, now()),
	    ('$C', 'web', true, now()), ('$C', 'web', true, now())"
	q='SELECT popularity, subject, version, accesses, clients, cache_hit_rate
	    FROM popular_schemas ORDER BY popularity'
	assert_eq "$(sql "$q")" ''
	sql 'SELECT refresh_schema_views()'
	assert_eq "$(sql "$q")" '1|users|1.0.0|4|1|1.0000
2|orders|1.9.0|3|2|0.3333
3|orders|1.10.0|2|1|1.0000'
	sql "SELECT soft_delete_schema('$C'); SELECT refresh_schema_views()"
	assert_eq "$(sql "$q")" '1|orders|1.9.0|3|2|0.3333
2|orders|1.10.0|2|1|1.0000'
	assert_eq "$(sql 'SELECT cleanup_old_access_log(30)')" 2
	fails_with 22023 'SELECT cleanup_old_access_log(-1)'
}

@test "registry: validations a schema" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO validation_history
	    (schema_id, is_valid, errors, duration_ms) VALUES
	    ('$A', true, '[]', 1), ('$A', true, '[]', 2),
	    ('$A', false, '[{\"path\": \"/id\"}]', 6);
	    SELECT refresh_schema_views()"
	q='SELECT subject, version, validations, failures, success_rate,
	    avg_duration_ms FROM schema_validation_stats'
	assert_eq "$(sql "$q")" 'orders|1.9.0|3|1|0.6667|3.000'
	sql "SELECT soft_delete_schema('$B'); SELECT soft_delete_schema('$A');
	    SELECT refresh_schema_views()"
	assert_eq "$(sql "$q")" ''
}

# 100,000 rows in each table. Half of the time would go into foreign keys and
# guards, which is not what this is about.
many_rows() {
	psql -Xq1 -v ON_ERROR_STOP=1 <<-'END'
	SET LOCAL session_replication_role = replica;
	CREATE FUNCTION pg_temp.id(i int) RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$SELECT lpad(i::text, 32, '0')::uuid$$;
	INSERT INTO schemas (id, subject, version, content, schema_type, state,
	    metadata, tags, created_at, deleted_at)
	SELECT pg_temp.id(i), 'team' || i % 10 || '.topic-' || i % 1000,
	    '1.' || i / 1000, jsonb_build_object('title', 't' || i),
	    CASE i % 10 WHEN 0 THEN 'AVRO' ELSE 'JSON_SCHEMA' END,
	    CASE i % 100 WHEN 0 THEN 'active' ELSE 'draft' END,
	    CASE i % 1000 WHEN 7 THEN '{"owner": "me"}'
	    ELSE '{"team": "core"}' END::jsonb, array['t' || i % 100],
	    now() - make_interval(mins => i),
	    CASE i % 500 WHEN 1 THEN now() - make_interval(days => i / 1000) END
	FROM generate_series(1, 100000) AS i;
	INSERT INTO schema_dependencies (schema_id, depends_on_id)
	SELECT pg_temp.id(i), pg_temp.id(i / 2) FROM generate_series(1, 100000) AS i;
	INSERT INTO validation_history
	    (schema_id, validated_at, is_valid, errors, duration_ms)
	SELECT pg_temp.id(i % 20000), now() - make_interval(days => i % 28),
	    i % 100 > 1, CASE WHEN i % 100 > 1 THEN '[]' ELSE '["x"]' END::jsonb, 1
	FROM generate_series(1, 100000) AS i;
	INSERT INTO compatibility_checks
	    (schema_id, compared_with, level, is_compatible, violations)
	SELECT pg_temp.id(i % 20000), pg_temp.id(50000 + i % 20000), 'FULL',
	    i % 100 > 1, CASE WHEN i % 100 > 1 THEN '[]' ELSE '["x"]' END::jsonb
	FROM generate_series(1, 100000) AS i;
	INSERT INTO subject_metadata (subject, labels)
	SELECT 's' || i, jsonb_build_object('cost', i % 5000)
	FROM generate_series(1, 100000) AS i;
	END
}

@test "registry: each index is the planner's choice at 100,000 rows" {
	local index query plan
	# to a filled database, as to one that has been in use
	run_pipe 0 "mig-ls '$REGISTRY' | mig-plan -n 1 | mig-apply"
	many_rows
	apply_dir "$REGISTRY"
	psql -Xq -v ON_ERROR_STOP=1 <<-'END'
	INSERT INTO schema_access_log (schema_id, accessed_at)
	SELECT lpad((1 + i % 20000)::text, 32, '0')::uuid,
	    now() - make_interval(secs => 80 * (100000 - i))
	FROM generate_series(1, 100000) AS i;
	DO $$BEGIN PERFORM refresh_schema_views(); END$$;
	VACUUM ANALYZE;
	END
	while IFS='|' read -r index query; do
		query=${query//ID/00000000000000000000000000000001}
		assert_eq "$(indexes_of "SELECT $query")" "$index" "$query"
		plan=$(sql "EXPLAIN SELECT $query")
		refute grep 'Seq Scan' <<<"$plan"
		# the first ones come from the index in their order
		[[ $query != *LIMIT* ]] || refute grep Sort <<<"$plan"
	done <<-'END'
	schemas_pkey|content FROM schemas WHERE id = 'ID'
	schemas_live_created_idx|subject, version FROM schemas WHERE deleted_at IS NULL ORDER BY created_at DESC LIMIT 5
	schemas_active_subject_idx|version, content FROM schemas WHERE subject = 'team0.topic-100' AND state = 'active' AND deleted_at IS NULL
	schemas_active_subject_idx|subject, version, content FROM schemas WHERE state = 'active' AND deleted_at IS NULL
	schemas_deleted_idx|id FROM schemas WHERE deleted_at < now() - interval '30 days'
	schemas_version_order_idx|version, content FROM schemas WHERE subject = 'team7.topic-7' AND deleted_at IS NULL ORDER BY version_sort_key(version) DESC LIMIT 1
	schemas_content_gin_idx|id FROM schemas WHERE content @> '{"title": "t7"}'
	schemas_metadata_gin_idx|id FROM schemas WHERE metadata ? 'owner'
	schemas_metadata_gin_idx|id FROM schemas WHERE metadata @> '{"owner": "me"}'
	schemas_type_state_tags_gin_idx|id FROM schemas WHERE tags @> '{t7}' AND schema_type = 'AVRO' AND state = 'draft' AND deleted_at IS NULL
	schemas_type_state_tags_gin_idx|id FROM schemas WHERE tags @> '{t7}' AND deleted_at IS NULL
	schemas_subject_trgm_idx|subject, version, content FROM schemas WHERE subject ILIKE '%TOPIC-777%'
	schemas_subject_trgm_idx|subject, version, content FROM schemas WHERE subject LIKE '%-777'
	validation_history_failed_idx|errors FROM validation_history WHERE NOT is_valid AND schema_id = 'ID'
	compatibility_checks_failed_idx|violations FROM compatibility_checks WHERE NOT is_compatible AND schema_id = 'ID'
	compatibility_checks_schema_idx|level, is_compatible FROM compatibility_checks WHERE schema_id = 'ID' ORDER BY checked_at DESC
	compatibility_checks_compared_with_idx|id FROM compatibility_checks WHERE compared_with = 'ID'
	schema_dependencies_depends_on_idx|schema_id FROM schema_dependencies WHERE depends_on_id = 'ID'
	subject_metadata_labels_gin_idx|subject FROM subject_metadata WHERE labels @> '{"cost": 7}'
	schema_access_log_accessed_idx|id FROM schema_access_log WHERE accessed_at < now() - interval '90 days'
	latest_schemas_subject_idx|version FROM latest_schemas WHERE subject = 'team7.topic-7'
	schema_validation_stats_schema_idx|failures FROM schema_validation_stats WHERE schema_id = 'ID'
	popular_schemas_schema_idx|popularity FROM popular_schemas WHERE schema_id = 'ID'
	popular_schemas_popularity_idx|subject FROM popular_schemas ORDER BY popularity LIMIT 10
	END
	# without a look at the table
	while IFS='|' read -r index query; do
		query=${query//ID/00000000000000000000000000000001}
		assert_eq "$(indexes_of "SELECT $query")" "$index" "$query"
		plan=$(sql "EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT $query")
		assert_match "$plan" 'Index Only Scan'
		assert_eq "$(grep -o 'Heap Fetches.*' <<<"$plan" | sort -u)" \
		    'Heap Fetches: 0' "$query"
	done <<-'END'
	schemas_lookup_covering_idx|id, schema_type, state FROM schemas WHERE subject = 'team7.topic-7' AND version = '1.7' AND deleted_at IS NULL
	schemas_hash_covering_idx|id, subject, version FROM schemas WHERE content_hash = schema_content_hash('{"title": "t7"}') AND deleted_at IS NULL
	validation_history_covering_idx|is_valid, duration_ms FROM validation_history WHERE schema_id = 'ID'
	schema_access_log_schema_idx|cache_hit, client FROM schema_access_log WHERE schema_id = 'ID' AND accessed_at > now() - interval '30 days'
	END
	# no index was forgotten, but for those of the keys
	assert_eq "$(sql "SELECT string_agg(indexrelid::regclass::text, ' ')
	    FROM pg_index i JOIN pg_class c ON c.oid = indrelid
	    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')
	    AND NOT EXISTS (SELECT FROM pg_constraint k
	    WHERE k.conindid = i.indexrelid)
	    AND strpos('$(sed -n 's/^\t\([a-z_]*_idx\)|.*/\1/p' \
	    "$BATS_TEST_FILENAME" | tr '\n' ' ')', indexrelid::regclass::text) = 0")" ''
}

@test "registry: rows that cannot be are refused" {
	apply_dir "$REGISTRY"
	three_schemas
	while IFS='|' read -r state values; do
		fails_with "$state" "INSERT INTO schemas (subject, version,
		    content, schema_type, state) VALUES ($values)"
	done <<-'END'
	23505|'orders', '1.9.0', '{}', 'AVRO', 'draft'
	23514|'', '1.0.0', '{}', 'AVRO', 'draft'
	23514|'a b', '1.0.0', '{}', 'AVRO', 'draft'
	23514|'a', '1', '{}', 'AVRO', 'draft'
	23514|'a', '1.0.0.0', '{}', 'AVRO', 'draft'
	23514|'a', 'v1.0.0', '{}', 'AVRO', 'draft'
	23514|'a', '1.0.0-', '{}', 'AVRO', 'draft'
	23514|'a', '1.0.0-a..b', '{}', 'AVRO', 'draft'
	23514|'a', '1.0.0', '{}', 'XML', 'draft'
	23514|'a', '1.0.0', '{}', 'AVRO', 'gone'
	23514|'a', '1.0.0', 'null', 'AVRO', 'draft'
	23514|'a', '1.0.0', '7', 'AVRO', 'draft'
	END
	sql "INSERT INTO schemas (subject, version, content) VALUES
	    ('a.b-c_D', '1.0.0-rc.1+b.7', 'true')"
	valid='INSERT INTO validation_history (schema_id, is_valid, errors) VALUES'
	fails_with 23514 "$valid ('$A', true, '[1]')"
	fails_with 23514 "$valid ('$A', false, '[]')"
	fails_with 23503 "$valid (uuid_generate_v4(), true, '[]')"
	fails_with 23514 "INSERT INTO subject_metadata (subject, compatibility)
	    VALUES ('orders', 'SOMEHOW')"
	sql "INSERT INTO subject_metadata (subject, owner) VALUES ('new', 'me')"
	assert_eq "$(sql 'SELECT compatibility FROM subject_metadata')" BACKWARD
}

@test "registry: equal schemas have equal hashes, changed rows their time" {
	apply_dir "$REGISTRY"
	sql "INSERT INTO schemas (subject, version, content, updated_at) VALUES
	    ('a', '1.0', '{\"a\": 1, \"b\": \"é\"}', '2024-01-01'),
	    ('b', '1.0', '{\"b\":\"\\u00e9\",\"a\":1}', '2024-01-01')"
	assert_eq "$(sql "SELECT DISTINCT encode(content_hash, 'hex')
	    FROM schemas")" \
	    "$(printf '{"a": 1, "b": "é"}' | sha256sum | cut -d' ' -f1)"
	sql "UPDATE schemas SET state = 'active' WHERE subject = 'a'"
	assert_eq "$(sql "SELECT subject FROM schemas
	    WHERE updated_at > now() - interval '1 minute'")" a
}

@test "registry: the queries of the team's page run" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "UPDATE schemas SET deleted_at = now() - interval '31 days'
	    WHERE id = '$C';
	    INSERT INTO validation_history (schema_id, is_valid, validated_at)
	    VALUES ('$A', true, now() - interval '91 days')"
	run_mig 0 psql -XAt -v ON_ERROR_STOP=1 <<-'END'
	ANALYZE schemas;
	ANALYZE schema_dependencies;
	ANALYZE validation_history;
	REINDEX TABLE schemas;
	VACUUM ANALYZE schemas;
	SELECT * FROM get_schema_statistics();
	SELECT cleanup_old_validation_history(90);
	DELETE FROM schemas WHERE deleted_at < NOW() - INTERVAL '30 days';
	\dt
	\di
	END
	assert_output_has '3|2|1|'
	assert_output_has $'\n1\nDELETE 1'
	assert_output_has 'public|subject_metadata|table'
	assert_output_has 'public|schemas_version_order_idx|index'
	case $(sql 'SHOW shared_preload_libraries') in
	*pg_stat_statements*)
		sql "SELECT count(*) AS schemas_of_this_test FROM schemas"
		run_mig 0 psql -XAtq -v ON_ERROR_STOP=1 <<-'END'
		SELECT query, mean_exec_time, calls
		FROM pg_stat_statements
		WHERE query LIKE '%schemas%'
		ORDER BY mean_exec_time DESC
		LIMIT 10;
		END
		assert_output_has schemas
		assert_eq "$(sql "SELECT calls FROM pg_stat_statements
		    WHERE query LIKE '%schemas_of_this_test%' AND dbid =
		    (SELECT oid FROM pg_database WHERE datname = current_database())
		    AND query NOT LIKE '%pg_stat%'")" 1
		;;
	*)
		fails_with 42P01 'SELECT query FROM pg_stat_statements'
		;;
	esac
	# The page has tablename and indexname here, which the view lacks.
	index_usage='SELECT schemaname, tablename, indexname, idx_scan,
	    idx_tup_read, idx_tup_fetch FROM pg_stat_user_indexes
	    ORDER BY idx_scan DESC'
	fails_with 42703 "$index_usage"
	run_mig 0 psql -XAtq -c "${index_usage/tablename, indexname/relname, indexrelname}"
	assert_output_has 'public|schemas|schemas_pkey|'
	# The page has \dv here, which shows no materialised view.
	run_mig 0 psql -XAtq -c '\dv public.*'
	refute_output_has _schemas
	run_mig 0 psql -XAtq -c '\dm public.*'
	assert_eq "$(echo "$output" | cut -d'|' -f2)" 'latest_schemas
popular_schemas
schema_validation_stats'
}
