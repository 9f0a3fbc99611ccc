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

# The plan of a query, with every index preferred to reading the table.
plan_of() {
	sql "SET enable_seqscan = off; SET enable_sort = off;
	    SET enable_bitmapscan = ${2:-on}; EXPLAIN (COSTS off) $1"
}

@test "registry: applying again changes nothing, nor does each file" {
	apply_dir "$REGISTRY"
	schema_of >"$BATS_TEST_TMPDIR/first"
	apply_dir "$REGISTRY"
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
	for up in "$REGISTRY"/*.up.sql; do
		psql -Xq1 -v ON_ERROR_STOP=1 -f "$up"
	done
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
}

@test "registry: up, down, up comes back to the same schema" {
	apply_dir "$REGISTRY"
	schema_of >"$BATS_TEST_TMPDIR/both"
	revert_dir "$REGISTRY" 1
	schema_of >"$BATS_TEST_TMPDIR/one"
	refute grep -q popular_schemas "$BATS_TEST_TMPDIR/one"
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

@test "registry: an optional extension is used, or a warning names it" {
	apply_dir "$REGISTRY"
	for ext in pg_cron pg_stat_statements timescaledb; do
		if [ "$(sql "SELECT count(*) FROM pg_extension
		    WHERE extname = '$ext'")" = 0 ]; then
			assert_stderr_has "going on without $ext:"
			continue
		fi
		refute_stderr_has "going on without $ext:"
		case $ext in
		pg_cron)
			assert_eq "$(sql "SELECT command FROM cron.job
			    WHERE jobname = 'registry-refresh-views'")" \
			    'SELECT public.refresh_schema_views()'
			;;
		pg_stat_statements)
			sql 'SELECT count(*) FROM pg_stat_statements'
			;;
		timescaledb)
			assert_eq "$(sql 'SELECT hypertable_name
			    FROM timescaledb_information.hypertables')" \
			    validation_history
			;;
		esac
	done
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
	assert_eq "$(sql 'SELECT total_schemas FROM get_schema_statistics()')" 0
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

@test "registry: each index answers the query that it is for" {
	apply_dir "$REGISTRY"
	three_schemas
	sql "INSERT INTO schemas (subject, version, content, state, metadata, tags)
	    SELECT 's' || i % 500, '1.' || i, jsonb_build_object('n', i),
	    CASE i % 20 WHEN 0 THEN 'active' ELSE 'draft' END,
	    jsonb_build_object('team', i % 50), ARRAY['t' || i % 100]
	    FROM generate_series(1, 5000) AS i;
	    INSERT INTO validation_history (schema_id, is_valid)
	    SELECT id, true FROM schemas"
	psql -Xq -c 'VACUUM ANALYZE schemas' -c 'VACUUM ANALYZE validation_history'
	while IFS='|' read -r index query; do
		assert_match "$(plan_of "SELECT $query")" "$index"
	done <<-'END'
	schemas_live_created_idx|id, metadata FROM schemas WHERE deleted_at IS NULL ORDER BY created_at DESC LIMIT 5
	schemas_active_subject_idx|count(*) FROM schemas WHERE state = 'active' AND deleted_at IS NULL
	schemas_deleted_idx|id FROM schemas WHERE deleted_at < now() - interval '30 days'
	schemas_version_order_idx|version, content FROM schemas WHERE subject = 's7' AND deleted_at IS NULL ORDER BY version_sort_key(version) DESC LIMIT 1
	schemas_content_gin_idx|id FROM schemas WHERE content @> '{"n": 7}'
	schemas_metadata_gin_idx|id FROM schemas WHERE metadata ? 'owner'
	schemas_type_state_tags_gin_idx|id FROM schemas WHERE tags @> '{t7}' AND schema_type = 'AVRO' AND deleted_at IS NULL
	schemas_subject_trgm_idx|id FROM schemas WHERE subject LIKE '%49%9%'
	validation_history_failed_idx|errors FROM validation_history WHERE NOT is_valid AND schema_id = '00000000-0000-0000-0000-00000000000a'
	compatibility_checks_failed_idx|violations FROM compatibility_checks WHERE NOT is_compatible AND schema_id = '00000000-0000-0000-0000-00000000000a'
	schema_dependencies_depends_on_idx|schema_id FROM schema_dependencies WHERE depends_on_id = '00000000-0000-0000-0000-00000000000a'
	subject_metadata_labels_gin_idx|subject FROM subject_metadata WHERE labels @> '{"team": "core"}'
	END
	# without a look at the table
	while IFS='|' read -r index query; do
		assert_match "$(plan_of "SELECT $query" off)" \
		    "Index Only Scan using [a-z0-9_]*$index"
	done <<-'END'
	schemas_lookup_covering_idx|id, schema_type, state FROM schemas WHERE subject = 's7' AND version = '1.7' AND deleted_at IS NULL
	schemas_hash_covering_idx|id, subject, version FROM schemas WHERE content_hash = schema_content_hash('{}') AND deleted_at IS NULL
	validation_history_covering_idx|is_valid, duration_ms FROM validation_history WHERE schema_id = '00000000-0000-0000-0000-00000000000a'
	schema_access_log_schema_idx|cache_hit, client FROM schema_access_log WHERE schema_id = '00000000-0000-0000-0000-00000000000a' AND accessed_at > '2024-01-01'
	END
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
	run_mig 0 psql -Xq -v ON_ERROR_STOP=1 <<-'END'
	ANALYZE schemas;
	ANALYZE schema_dependencies;
	ANALYZE validation_history;
	REINDEX TABLE schemas;
	VACUUM ANALYZE schemas;
	SELECT * FROM get_schema_statistics();
	SELECT cleanup_old_validation_history(90);
	DELETE FROM schemas WHERE deleted_at < NOW() - INTERVAL '30 days';
	END
	# The page has tablename and indexname here, which the view lacks.
	fails_with 42703 'SELECT tablename FROM pg_stat_user_indexes'
	assert_eq "$(sql "SELECT schemaname, relname, indexrelname
	    FROM pg_stat_user_indexes WHERE indexrelname = 'schemas_pkey'")" \
	    'public|schemas|schemas_pkey'
	# The page has \dv here, which shows no materialised view.
	run_mig 0 psql -XAtq -c '\dm'
	assert_eq "$(echo "$output" | cut -d'|' -f2)" 'latest_schemas
popular_schemas
schema_validation_stats'
}
