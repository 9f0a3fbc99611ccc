#!/usr/bin/env bats
# migrations/podcast: what the finished system does.
# rounds: system 13 18 17x 17n tsl

# shellcheck disable=SC2016,SC2154 # dollars are SQL; mig_run sets stderr
load helpers

PODCAST=$BATS_TEST_DIRNAME/../migrations/podcast
MASTER=99999999999999_master_schema
A=00000000-0000-0000-0000-00000000000a
B=00000000-0000-0000-0000-00000000000b
TABLES="attribution_events campaigns deals episodes listener_events partnerships\
 podcasts referrals sponsors tenant_quotas tenant_settings tenants\
 user_email_preferences user_metrics users"

setup() {
	keep_role podcast_app
	new_db
}

# apply DIR [DEALS]: the daily line.
apply() {
	run_pipe 0 "mig-ls '$1' | mig-plan | mig-apply -v deals=${2-on}"
}

# The system, with nothing going on in the background.
bootstrap() {
	apply "$PODCAST" "${1-on}"
	[ "$(tier)" != community ] ||
	    sql 'SELECT _timescaledb_functions.stop_background_workers()' >/dev/null
}

# A copy of the directory to change, in m.
copy() {
	rm -rf "$BATS_TEST_TMPDIR/m"
	cp -R "$PODCAST" "$BATS_TEST_TMPDIR/m"
	cd "$BATS_TEST_TMPDIR" || return
}

# as_app TENANT SQL: what the application gets, of that tenant; - for none.
as_app() {
	PGOPTIONS=$(app_options "$1") sql "$2"
}

app_options() {
	echo "-c role=podcast_app -c app.tenant_id=${1#-}"
}

# denied TENANT SQLSTATE SQL
denied() {
	PGOPTIONS=$(app_options "$1") fails_with "$2" "$3"
}

# fails_with SQLSTATE SQL: as the owner.
fails_with() {
	run_mig 1 psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2"
	assert_stderr_has "ERROR:  $1"
}

# Two tenants that have a row in each table, of the same ids as their own.
two_tenants() {
	local t
	for t in $A $B; do
		sql "INSERT INTO tenants (id, name, slug)
		    VALUES ('$t', '$t', '$t');
		    SET app.tenant_id = '$t';
		    INSERT INTO tenant_settings (settings)
		    VALUES ('{\"theme\": \"dark\"}');
		    INSERT INTO tenant_quotas (resource, allowed)
		    VALUES ('podcasts', 5);
		    INSERT INTO users (id, email) VALUES ('$t', 'me@example.com');
		    INSERT INTO user_email_preferences (user_id) VALUES ('$t');
		    INSERT INTO user_metrics (user_id, day)
		    VALUES ('$t', current_date);
		    INSERT INTO podcasts (id, title) VALUES ('$t', 'of $t');
		    INSERT INTO episodes (id, podcast_id, title)
		    VALUES ('$t', '$t', 'first');
		    INSERT INTO sponsors (id, name) VALUES ('$t', 'a sponsor');
		    INSERT INTO campaigns (id, podcast_id, sponsor_id, name)
		    VALUES ('$t', '$t', '$t', 'spring');
		    INSERT INTO partnerships (partner_name) VALUES ('a network');
		    INSERT INTO referrals (referrer_user_id) VALUES ('$t');
		    INSERT INTO deals (sponsor_id, title) VALUES ('$t', 'big');
		    INSERT INTO listener_events
		    (podcast_id, episode_id, event_type, listener_id)
		    VALUES ('$t', '$t', 'play', 'l');
		    INSERT INTO attribution_events (campaign_id, event_type)
		    VALUES ('$t', 'visit')"
	done
}

# events SQL...: listener events of A's episode, from rows (timestamp, type,
# listener, seconds).
events() {
	sql "INSERT INTO listener_events (tenant_id, podcast_id, episode_id,
	    \"timestamp\", event_type, listener_id, duration_seconds)
	    SELECT '$A', '$A', '$A', e.* FROM ($1) e"
}

# What metrics_daily must have, computed from the raw rows.
PLAIN="SELECT date_trunc('day', \"timestamp\", 'UTC') AS day, tenant_id,
    podcast_id, episode_id, count(*) AS events,
    count(CASE event_type WHEN 'download' THEN 1 END) AS downloads,
    count(CASE event_type WHEN 'play' THEN 1 END) AS plays,
    count(CASE event_type WHEN 'complete' THEN 1 END) AS completions,
    count(DISTINCT listener_id) AS unique_listeners,
    coalesce(sum(duration_seconds), 0) AS listening_seconds
    FROM listener_events GROUP BY 1, 2, 3, 4"

assert_metrics() {
	assert_eq "$(sql "SELECT 'not there', e.* FROM ($PLAIN
	    EXCEPT ALL SELECT * FROM metrics_daily) e")" ''
	assert_eq "$(sql "SELECT 'too much', m.* FROM
	    (SELECT * FROM metrics_daily EXCEPT ALL $PLAIN) m")" ''
	assert_eq "$(sql 'SELECT count(*) FROM metrics_daily')" "$1"
}

# ------------------------------------------------------------- applying it

@test "podcast: bootstraps an empty database, and says what it leaves out" {
	apply "$PODCAST"
	case $(tier) in
	community)
		assert_eq "$stderr" ''
		;;
	apache)
		assert_stderr_has 'no policies and no continuous aggregates'
		refute_stderr_has 'partitioned by month'
		;;
	none)
		assert_stderr_has 'WARNING: timescaledb is not available'
		assert_stderr_has 'partitioned by month'
		;;
	esac
	run_pipe 0 "mig-ls '$PODCAST' | mig-plan --check"
	run_pipe 0 "mig-ls '$PODCAST' | mig-plan | mig-apply | grep -c ^done || :"
	assert_eq "$output" 0
	assert_eq "$(sql "SELECT string_agg(extname, ' ' ORDER BY extname)
	    FROM pg_extension WHERE extname NOT IN ('plpgsql', 'timescaledb')")" \
	    'pg_trgm pgcrypto uuid-ossp'
}

@test "podcast: running it again changes nothing, by mig-apply or by psql" {
	copy
	apply m
	schema_of >first
	sed -i 's/Revision: 1/Revision: 2/' "m/$MASTER.sql"
	apply m
	assert_output_has "start	1	repeat	main	-	"
	schema_of | diff first -
	psql -Xq -v ON_ERROR_STOP=1 -v deals=on -f "m/$MASTER.sql" >out
	assert_eq "$(cat out)" ''
	schema_of | diff first -
	psql -Xq1 -v ON_ERROR_STOP=1 -v deals=on -f "m/$MASTER.sql"
	schema_of | diff first -
	# with rows in it, too
	two_tenants
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	sql 'SELECT * FROM listener_events, metrics_daily' >rows
	psql -Xq -v ON_ERROR_STOP=1 -v deals=on -f "m/$MASTER.sql"
	sql 'SELECT * FROM listener_events, metrics_daily' | diff rows -
}

@test "podcast: psql alone makes what mig-apply makes" {
	local by_mig=$PGDATABASE
	apply "$PODCAST"
	new_db psql
	psql -Xq -v ON_ERROR_STOP=1 -v deals=on -f "$PODCAST/$MASTER.sql"
	diff <(catalog_of "$by_mig" | sed '/^[^ ]* mig/d;/mig\./d') \
	    <(catalog_of | sed '/^[^ ]* mig/d;/mig\./d')
}

@test "podcast: a changed master file runs again alone; a new file goes before" {
	copy
	cat >>"m/$MASTER.sql" <<-'SQL'
	ALTER TABLE public.episodes ADD COLUMN IF NOT EXISTS transcript text;
	SQL
	apply "$PODCAST"
	run_pipe 0 'mig-ls m | mig-plan | grep "^step" | cut -f 2-5,8'
	assert_eq "$output" "1	repeat	main	-	$MASTER"
	apply m
	sql 'SELECT transcript FROM episodes'
	run_pipe 0 'mig-ls m | mig-plan --check'
	# what is to be done once stands in a file of its own for a while
	run_mig 0 mig-ls -n backfill m
	assert_eq "$output" m/001_backfill.sql
	echo "UPDATE episodes SET transcript = '' WHERE transcript IS NULL;" \
	    >m/001_backfill.sql
	run_pipe 0 'mig-ls m | mig-plan | grep "^step" | cut -f 2-5,8'
	assert_eq "$output" '1	apply	main	001	backfill'
	apply m
	run_pipe 0 'mig-ls m | mig-plan --check'
}

@test "podcast: the archive is not read" {
	run_mig 0 mig-ls -o path "$PODCAST"
	assert_eq "$output" "$PODCAST/$MASTER.sql"
	assert_eq "$stderr" ''
	[ -s "$PODCAST/archive/001_initial_tables.sql" ]
}

@test "podcast: deploy asks, applies and checks" {
	run_mig 2 setsid -w "$PODCAST/deploy"
	assert_stderr_has 'there is no terminal to ask on'
	assert_eq "$(sql "SELECT to_regclass('tenants') IS NULL")" t
	run_mig 0 env SKIP_CONFIRMATION=true "$PODCAST/deploy"
	assert_output_has "done	1	repeat	main	-	"
	assert_eq "$(sql "SELECT to_regclass('tenants') IS NOT NULL
	    AND to_regclass('deals') IS NULL")" t
	run_mig 0 setsid -w "$PODCAST/deploy"
	refute_output_has 'done	'
	# a database that is not there, before anything is asked
	run_mig 4 env PGDATABASE=t_no_such "$PODCAST/deploy"
	assert_stderr_has 'database "t_no_such" does not exist'
}

@test "podcast: deploy takes POSTGRES_ variables and DATABASE_URL" {
	local db=$PGDATABASE host=$PGHOST port=$PGPORT user=$PGUSER
	run_mig 0 env -u PGDATABASE -u PGHOST -u PGPORT -u PGUSER \
	    POSTGRES_HOST="$host" POSTGRES_PORT="$port" POSTGRES_USER="$user" \
	    POSTGRES_DATABASE="$db" SKIP_CONFIRMATION=true DEALS=on \
	    "$PODCAST/deploy"
	assert_eq "$(sql "SELECT to_regclass('deals') IS NOT NULL")" t
	run_mig 0 env -u PGDATABASE -u PGHOST -u PGPORT -u PGUSER \
	    DATABASE_URL="postgresql://$user@/$db?host=$host&port=$port" \
	    "$PODCAST/deploy"
	assert_stderr_has "mig-plan: database $db"
}

@test "podcast: an ordinary owner of the database can have it" {
	new_role owner 'LOGIN CREATEROLE'
	new_db owned "OWNER $ROLE"
	local as=$ROLE
	sql "GRANT CREATE, USAGE ON SCHEMA public TO $as"
	PGUSER=$as run_pipe 0 \
	    "mig-ls '$PODCAST' | mig-plan | mig-apply -v deals=on"
	PGUSER=$as sql 'CALL maintain_events()'
	two_tenants
	PGUSER=$as sql 'CALL refresh_metrics_daily()'
	assert_eq "$(sql 'SELECT sum(plays) FROM metrics_daily')" 2
	assert_eq "$(as_app $A 'SELECT count(*) FROM listener_events')" 1
}

@test "podcast: TimescaleDB wants 15 or newer; without it any version does" {
	# The setting is what tells that the library is loaded
	if [ "$MIG_SERVER_MAJOR" -lt 15 ]; then
		run_pipe 5 "mig-ls '$PODCAST' | mig-plan |
		    PGOPTIONS='-c timescaledb.max_background_workers=8' \
		    mig-apply -v deals=off"
		assert_stderr_has 'is too old for TimescaleDB'
		assert_eq "$(sql "SELECT to_regclass('tenants') IS NULL
		    AND to_regrole('podcast_app') IS NULL")" t
	fi
	apply "$PODCAST"
}

@test "podcast: a server without an extension gets one error, and no table" {
	copy
	sed -i 's/{uuid-ossp,pg_trgm,pgcrypto}/{uuid-ossp,pg_nosuch,pgcrypto}/' \
	    "m/$MASTER.sql"
	run_pipe 5 'mig-ls m | mig-plan | mig-apply -v deals=on'
	assert_stderr_has 'this server does not have: pg_nosuch'
	assert_eq "$(sql "SELECT count(*) FROM pg_tables
	    WHERE schemaname = 'public'")" 0
}

@test "podcast: a name that is taken by a view is no table" {
	sql 'CREATE VIEW campaigns AS SELECT 1 AS id, 2 AS tenant_id'
	run_pipe 5 "mig-ls '$PODCAST' | mig-plan | mig-apply -v deals=on"
	assert_eq "$(sql "SELECT to_regclass('tenants') IS NULL")" t
}

@test "podcast: deals on, off and on again" {
	copy
	run_pipe 2 'mig-ls m | mig-plan | mig-apply'
	assert_stderr_has deals
	run_pipe 5 'mig-ls m | mig-plan | mig-apply -v deals=yes'
	assert_stderr_has 'deals is "yes", but must be on or off'
	assert_eq "$(sql "SELECT to_regclass('tenants') IS NULL")" t
	apply m off
	assert_eq "$(sql "SELECT to_regclass('deals') IS NULL")" t
	# the same text runs no more; its revision is for that
	run_pipe 0 'mig-ls m | mig-plan --check'
	sed -i 's/Revision: 1/Revision: 2/' "m/$MASTER.sql"
	apply m on
	two_tenants
	assert_eq "$(as_app $A 'SELECT count(*) FROM deals')" 1
	sed -i 's/Revision: 2/Revision: 3/' "m/$MASTER.sql"
	apply m off
	assert_stderr_has 'deals is off: the table stays with its rows'
	assert_eq "$(sql 'SELECT count(*) FROM deals')" 2
	denied $A 42501 'SELECT count(*) FROM deals'
	denied $A 42501 'DELETE FROM deals'
	sed -i 's/Revision: 3/Revision: 4/' "m/$MASTER.sql"
	apply m on
	assert_eq "$(as_app $A 'SELECT count(*) FROM deals')" 1
}

# ------------------------------------------------------------- the page's own

@test "podcast: the queries of the page" {
	bootstrap off
	assert_eq "$(sql 'SELECT 1;')" 1
	# the key-table query
	local keys="SELECT
	      COUNT(*) as table_count,
	      COUNT(CASE WHEN table_name IN ('tenants', 'users', 'podcasts', 'episodes', 'campaigns', 'listener_events') THEN 1 END) as key_tables
	    FROM information_schema.tables
	    WHERE table_schema = 'public' AND table_type = 'BASE TABLE';"
	assert_eq "$(sql "$keys")" '14|6'
	psql -Xq -v ON_ERROR_STOP=1 -v deals=on -f "$PODCAST/$MASTER.sql"
	assert_eq "$(sql "$keys")" '15|6'
	# neither chunks, partitions nor the metrics of any edition count
	two_tenants
	sql 'CALL maintain_events()' 2>/dev/null
	assert_eq "$(sql "$keys")" '15|6'
	run_mig 0 psql -XAtq -c '\dt'
	assert_output_has 'public|listener_events|'
	assert_eq "$(sql "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb';")" \
	    "$(case $(tier) in none) echo 0 ;; *) echo 1 ;; esac)"
	# the example with its dots filled in, twice
	local new='CREATE TABLE IF NOT EXISTS new_table (new_column int);
	    CREATE INDEX IF NOT EXISTS idx_new_table_column ON new_table(new_column);'
	sql "$new"
	sql "$new"
}

@test "podcast: the tables and indexes that the page names" {
	bootstrap
	assert_eq "$(sql "SELECT string_agg(c.relname, ' ' ORDER BY c.relname)
	    FROM pg_class c WHERE relnamespace = 'public'::regnamespace
	    AND relkind IN ('r', 'p')")" "$TABLES"
	assert_eq "$(sql "SELECT string_agg(c.relname || ' ' ||
	    i.indrelid::regclass, ',' ORDER BY c.relname)
	    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
	    WHERE relname IN ('idx_users_tenant_id', 'idx_users_email',
	    'idx_listener_events_timestamp', 'idx_attribution_events_campaign_id')
	    AND relnamespace = 'public'::regnamespace AND indisvalid")" \
	    "idx_attribution_events_campaign_id attribution_events,\
idx_listener_events_timestamp listener_events,idx_users_email users,\
idx_users_tenant_id users"
	# every foreign key from a table of public has an index to go by
	assert_eq "$(sql "SELECT DISTINCT conrelid::regclass, conkey
	    FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid
	    WHERE contype = 'f' AND relnamespace = 'public'::regnamespace
	    AND NOT EXISTS (SELECT FROM pg_index
	    WHERE indrelid = conrelid AND indkey[0] = ANY (conkey)
	    AND (cardinality(conkey) = 1 OR indkey[0] = conkey[cardinality(conkey)]))")" ''
}

@test "podcast: the indexes are the ones that the planner takes" {
	bootstrap
	two_tenants
	explain() {
		sql "SET enable_seqscan = off; EXPLAIN (COSTS off) $1"
	}
	assert_match "$(explain "SELECT * FROM users WHERE email = 'x'")" \
	    idx_users_email
	assert_match "$(explain "SELECT * FROM podcasts WHERE title ILIKE '%news%'")" \
	    idx_podcasts_title_trgm
	assert_match "$(explain "SELECT * FROM episodes WHERE title % 'news'")" \
	    idx_episodes_title_trgm
	# a part's index is called after the part, or after the table's index
	assert_match "$(explain "SELECT * FROM listener_events
	    WHERE \"timestamp\" > now() - interval '1 hour'")" \
	    'idx_listener_events_timestamp|listener_events_[0-9a-z]+_timestamp_idx'
	assert_match "$(explain "SELECT * FROM attribution_events
	    WHERE campaign_id = '$A'")" \
	    'idx_attribution_events_campaign_id|attribution_events_[0-9a-z]+_campaign_id_timestamp_idx'
}

@test "podcast: the events are in the parts that the edition has" {
	bootstrap
	two_tenants
	case $(tier) in
	none)
		assert_eq "$(sql "SELECT partrelid::regclass, partstrat
		    FROM pg_partitioned_table ORDER BY partrelid::regclass::text")" \
		    'attribution_events|r
listener_events|r'
		# the month before and three to come, and the default
		assert_eq "$(sql "SELECT count(*) FROM pg_inherits
		    WHERE inhparent = 'listener_events'::regclass")" 6
		assert_eq "$(sql 'SELECT DISTINCT tableoid::regclass
		    FROM listener_events')" \
		    "podcast_internal.listener_events_$(date -u +%Y%m)"
		;;
	*)
		assert_eq "$(sql "SELECT hypertable_name, num_dimensions, num_chunks
		    FROM timescaledb_information.hypertables
		    WHERE hypertable_schema = 'public' ORDER BY 1")" \
		    'attribution_events|1|1
listener_events|1|1'
		;;
	esac
	case $(tier) in
	community)
		assert_eq "$(sql "SELECT view_name, materialized_only
		    FROM timescaledb_information.continuous_aggregates")" \
		    'metrics_daily|t'
		assert_eq "$(sql "SELECT proc_name, hypertable_name,
		    schedule_interval FROM timescaledb_information.jobs
		    WHERE job_id >= 1000 ORDER BY 1, 2")" \
		    'policy_refresh_continuous_aggregate|metrics_daily|01:00:00
policy_retention|attribution_events|1 day
policy_retention|listener_events|1 day'
		;;
	*)
		assert_eq "$(sql "SELECT relkind FROM pg_class
		    WHERE oid = 'metrics_daily'::regclass")" v
		;;
	esac
}

# ------------------------------------------------------------------ tenants

@test "podcast: row security is on for every table, the owner excepted" {
	bootstrap
	assert_eq "$(sql "SELECT string_agg(tablename, ' ' ORDER BY tablename)
	    FROM pg_policies JOIN pg_class ON oid = (schemaname || '.'
	    || tablename)::regclass AND relrowsecurity AND NOT relforcerowsecurity
	    WHERE policyname = 'tenant_isolation' AND cmd = 'ALL'")" "$TABLES"
	# a table that is added tomorrow has it too, when the file has run
	sql 'CREATE TABLE invoices (id int, tenant_id uuid)'
	psql -Xq -v ON_ERROR_STOP=1 -v deals=on -f "$PODCAST/$MASTER.sql"
	sql "GRANT SELECT ON invoices TO podcast_app;
	    INSERT INTO invoices VALUES (1, '$A'), (2, '$B')"
	assert_eq "$(as_app $B 'SELECT id FROM invoices')" 2
}

@test "podcast: tenants neither see nor touch each other's rows" {
	local t key row
	bootstrap
	two_tenants
	for t in $TABLES; do
		key=tenant_id
		[ "$t" != tenants ] || key=id
		echo "# $t"
		assert_eq "$(sql "SELECT count(*) FROM $t")" 2
		assert_eq "$(as_app $A "SELECT $key FROM $t")" $A
		assert_eq "$(as_app $B "SELECT $key FROM $t")" $B
		assert_eq "$(as_app - "SELECT count(*) FROM $t")" 0
		assert_eq "$(as_app $A "SELECT count(*) FROM $t
		    WHERE $key = '$B'")" 0
		# a row of the other's, given as it is
		row=$(sql "SELECT to_json(t) FROM $t t WHERE $key = '$B'")
		denied $A 42501 "INSERT INTO $t
		    SELECT * FROM json_populate_record(NULL::$t, '$row')"
		# to give a row away
		denied $A 42501 "UPDATE $t SET $key = '$B'"
		denied $A 42501 "TRUNCATE $t CASCADE"
		case $t in
		tenants)
			denied $A 42501 "DELETE FROM $t"
			denied $A 42501 "UPDATE $t SET name = 'x'"
			;;
		tenant_quotas)
			denied $A 42501 "DELETE FROM $t"
			denied $A 42501 "UPDATE $t SET allowed = 9"
			as_app $A "UPDATE $t SET used = 1"
			assert_eq "$(sql "SELECT sum(used) FROM $t")" 1
			;;
		*)
			# all that there is, then the other's by its name
			assert_eq "$(as_app $A "WITH x AS (UPDATE $t
			    SET $key = $key RETURNING *)
			    SELECT $key FROM x")" $A
			# (what the tenant says itself must not matter)
			assert_eq "$(as_app $A "WITH x AS (UPDATE $t
			    SET $key = $key WHERE $key = '$A' RETURNING *)
			    SELECT count(*) FROM x")" 1
			assert_eq "$(as_app $A "WITH x AS (DELETE FROM $t
			    WHERE $key = '$B' RETURNING *)
			    SELECT count(*) FROM x")" 0
			assert_eq "$(as_app - "WITH x AS (DELETE FROM $t
			    RETURNING *) SELECT count(*) FROM x")" 0
			;;
		esac
		assert_eq "$(sql "SELECT count(*) FROM $t")" 2
	done
	# its own it may delete
	as_app $A 'DELETE FROM podcasts'
	assert_eq "$(sql "SELECT tenant_id FROM listener_events")" $B
	assert_eq "$(sql "SELECT tenant_id FROM campaigns")" $B
}

@test "podcast: the parts of a table of events are no way round" {
	local part parts
	bootstrap
	two_tenants
	case $(tier) in
	none) parts="SELECT inhrelid::regclass FROM pg_inherits
	    WHERE inhparent IN ('listener_events'::regclass,
	    'attribution_events'::regclass)" ;;
	*) parts="SELECT c::regclass FROM show_chunks('listener_events') c
	    UNION ALL SELECT c::regclass FROM show_chunks('attribution_events') c" ;;
	esac
	parts=$(sql "$parts")
	[ "$(wc -l <<<"$parts")" -ge 2 ]
	for part in $parts; do
		sql "SELECT count(*) FROM $part"
		denied $A 42501 "SELECT count(*) FROM $part"
		denied $A 42501 "DELETE FROM $part"
	done
	# in the application's eyes all is as ever
	as_app $A "INSERT INTO listener_events (\"timestamp\", podcast_id,
	    episode_id, event_type, listener_id)
	    VALUES (now() - interval '300 days', '$A', '$A', 'play', 'l')"
	assert_eq "$(as_app $A 'SELECT count(*) FROM listener_events')" 2
	assert_eq "$(as_app $B 'SELECT count(*) FROM listener_events')" 1
}

@test "podcast: metrics are a tenant's own" {
	bootstrap
	two_tenants
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT tenant_id)
	    FROM metrics_daily')" '2|2'
	denied $A 42501 'SELECT count(*) FROM metrics_daily'
	assert_eq "$(as_app $A 'SELECT tenant_id, plays
	    FROM tenant_metrics_daily')" "$A|1"
	assert_eq "$(as_app - 'SELECT count(*) FROM tenant_metrics_daily')" 0
	denied $A 42501 'DELETE FROM tenant_metrics_daily'
	denied $A 42501 'CALL refresh_metrics_daily()'
	denied $A 42501 'CALL maintain_events()'
	# nor does a function in a query see more than the view lets through
	sql "CREATE FUNCTION leak(uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0001
	    AS 'BEGIN RAISE NOTICE ''saw %'', \$1; RETURN true; END'"
	PGOPTIONS="$(app_options $A) -c enable_indexscan=off \
	    -c enable_bitmapscan=off" run_mig 0 psql -XAtq -c \
	    'SELECT count(*) FROM tenant_metrics_daily WHERE leak(tenant_id)'
	assert_stderr_has "saw $A"
	refute_stderr_has "saw $B"
}

@test "podcast: no foreign key leads to another tenant, not even the owner's" {
	bootstrap
	two_tenants
	fails_with 23503 "INSERT INTO episodes (tenant_id, podcast_id, title)
	    VALUES ('$A', '$B', 'x')"
	fails_with 23503 "INSERT INTO campaigns (tenant_id, podcast_id, name)
	    VALUES ('$A', '$B', 'x')"
	fails_with 23503 "INSERT INTO campaigns (tenant_id, podcast_id, sponsor_id,
	    name) VALUES ('$A', '$A', '$B', 'x')"
	fails_with 23503 "INSERT INTO deals (tenant_id, sponsor_id, title)
	    VALUES ('$A', '$B', 'x')"
	fails_with 23503 "INSERT INTO referrals (tenant_id, referrer_user_id)
	    VALUES ('$A', '$B')"
	fails_with 23503 "INSERT INTO user_metrics (tenant_id, user_id, day)
	    VALUES ('$A', '$B', '2020-01-01')"
	fails_with 23503 "INSERT INTO listener_events (tenant_id, podcast_id,
	    episode_id, event_type, listener_id)
	    VALUES ('$A', '$A', '$B', 'play', 'l')"
	fails_with 23503 "INSERT INTO attribution_events (tenant_id, campaign_id,
	    event_type) VALUES ('$A', '$B', 'visit')"
	# as a tenant the same
	denied $A 23503 "INSERT INTO episodes (podcast_id, title)
	    VALUES ('$B', 'x')"
}

@test "podcast: with a tenant goes all that is his, and nothing else" {
	local t
	bootstrap
	two_tenants
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	sql "DELETE FROM tenants WHERE id = '$A'"
	for t in $TABLES; do
		assert_eq "$(sql "SELECT count(*) FROM $t")" 1 "$t"
	done
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	assert_eq "$(sql 'SELECT tenant_id FROM metrics_daily')" $B
}

@test "podcast: what the columns hold to" {
	bootstrap
	two_tenants
	fails_with 23514 "UPDATE users SET email = 'Me@Example.com'"
	fails_with 23505 "INSERT INTO users (tenant_id, email)
	    VALUES ('$A', 'me@example.com')"
	fails_with 23514 "UPDATE tenant_settings SET settings = '[]'"
	fails_with 23514 "UPDATE campaigns SET starts_on = '2026-02-01',
	    ends_on = '2026-01-31'"
	fails_with 23514 "UPDATE deals SET stage = 'won'"
	sql "UPDATE deals SET stage = 'won', closed_at = now()"
	assert_eq "$(sql "SELECT count(DISTINCT code), min(length(code))
	    FROM referrals")" '2|16'
	assert_eq "$(sql "UPDATE podcasts SET updated_at = '2020-01-01'
	    WHERE id = '$A' RETURNING updated_at > '2026-01-01'")" t
}

# ------------------------------------------------------------------ metrics

@test "podcast: the daily metrics equal a plain GROUP BY" {
	bootstrap
	two_tenants
	sql "DELETE FROM listener_events;
	    INSERT INTO episodes (id, tenant_id, podcast_id, title)
	    VALUES ('00000000-0000-0000-0000-0000000000a2', '$A', '$A', 'second');
	    INSERT INTO listener_events (tenant_id, podcast_id, episode_id,
	    \"timestamp\", event_type, listener_id, duration_seconds)
	    SELECT e.tenant_id, e.podcast_id, e.id,
	    date_trunc('day', now(), 'UTC') - i * interval '97 minutes',
	    ('{download,play,pause,skip,complete}'::text[])[1 + i % 5],
	    'l' || i % 7, CASE WHEN i % 3 > 0 THEN i END
	    FROM generate_series(1, 600) i, episodes e"
	sql 'CALL refresh_metrics_daily()'
	assert_metrics 123
	assert_eq "$(sql 'SELECT sum(events), sum(downloads), sum(plays),
	    sum(completions) FROM metrics_daily')" '1800|360|360|360'
	# again, and without change
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	assert_metrics 123
	# late rows, rows that go, and one on either side of a UTC midnight
	events "SELECT date_trunc('day', now(), 'UTC') - interval '60 days'
	    + d * interval '1 microsecond', 'play', 'late', 60
	    FROM (VALUES (0), (-1)) v(d)"
	sql "DELETE FROM listener_events WHERE \"timestamp\" <
	    date_trunc('day', now(), 'UTC') - interval '30 days'
	    AND listener_id = 'l3'"
	sql "SET TimeZone = 'America/Bogota'" -c 'CALL refresh_metrics_daily()'
	assert_metrics 125
	assert_eq "$(sql "SELECT count(*) FROM metrics_daily WHERE events = 1
	    AND listening_seconds = 60")" 2
}

@test "podcast: a refresh of some days leaves the others as they were" {
	bootstrap
	two_tenants
	sql 'DELETE FROM listener_events'
	local day="date_trunc('day', now(), 'UTC') - interval '5 days'"
	events "SELECT $day + d * interval '1 day', 'play', 'l', 1
	    FROM generate_series(0, 3) d"
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	assert_metrics 4
	events "SELECT $day + d * interval '1 day', 'play', 'm', 1
	    FROM generate_series(0, 3) d"
	# the days that lie wholly in it: the second and the third
	sql "DO \$\$ BEGIN CALL refresh_metrics_daily(
	    $day + interval '1 hour', $day + interval '71 hours'); END \$\$"
	assert_eq "$(sql 'SELECT plays FROM metrics_daily ORDER BY day' |
	    tr '\n' ' ')" '1 2 1 1 '
	sql 'CALL refresh_metrics_daily()'
	assert_metrics 4
}

# old_events: run what drops them.
old_events() {
	local job
	if [ "$(tier)" = community ]; then
		for job in $(sql "SELECT job_id FROM timescaledb_information.jobs
		    WHERE proc_name = 'policy_retention'"); do
			sql "CALL run_job($job)"
		done
	else
		sql 'CALL maintain_events()'
	fi
}

@test "podcast: events go after two years, their metrics stay" {
	bootstrap
	two_tenants
	sql 'DELETE FROM listener_events'
	sql "INSERT INTO attribution_events (tenant_id, campaign_id, \"timestamp\",
	    event_type) SELECT '$A', '$A', now() - d * interval '1 day', 'visit'
	    FROM unnest('{1000,800,600}'::int[]) d"
	events "SELECT now() - d * interval '1 day', 'play', 'l', 1
	    FROM unnest('{1000,800,600,10}'::int[]) d"
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	assert_metrics 4
	sql 'SELECT * FROM metrics_daily ORDER BY day' >"$BATS_TEST_TMPDIR/before"
	old_events
	assert_eq "$(sql "SELECT current_date - \"timestamp\"::date
	    FROM listener_events ORDER BY 1 DESC" | tr '\n' ' ')" '600 10 '
	assert_eq "$(sql "SELECT current_date - \"timestamp\"::date
	    FROM attribution_events WHERE tenant_id = '$A'
	    ORDER BY 1 DESC" | tr '\n' ' ')" '600 0 '
	sql 'SELECT * FROM metrics_daily ORDER BY day' |
	    diff "$BATS_TEST_TMPDIR/before" -
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	sql 'SELECT * FROM metrics_daily ORDER BY day' |
	    diff "$BATS_TEST_TMPDIR/before" -
	# and by hand, in every edition
	sql "CALL maintain_events('400 days')" 2>/dev/null
	assert_eq "$(sql 'SELECT count(*) FROM listener_events')" 1
	sql 'CALL refresh_metrics_daily()' 2>/dev/null
	sql 'SELECT * FROM metrics_daily ORDER BY day' |
	    diff "$BATS_TEST_TMPDIR/before" -
	fails_with 22023 "CALL maintain_events('1 day')"
}

@test "podcast: old events go by a policy, by pg_cron or by cron" {
	apply "$PODCAST"
	two_tenants
	events "SELECT now() - interval '1000 days', 'play', 'l', 1"
	case $MIG_TEST_SERVER in
	tsl*)
		sql "SELECT alter_job(job_id, next_start => now())
		    FROM timescaledb_information.jobs
		    WHERE proc_name = 'policy_retention'" >/dev/null
		;;
	17[xn]*)
		# the line of the README, every second
		sed -n "s/^    SELECT cron/SELECT cron/p" "$PODCAST/README.md" |
		    sed "s/10 3 \* \* \*/1 second/; s/'db'/'$PGDATABASE'/" \
		    >"$BATS_TEST_TMPDIR/job.sql"
		sql 'CREATE EXTENSION IF NOT EXISTS pg_cron' -d postgres
		psql -Xq -d postgres -v ON_ERROR_STOP=1 \
		    -f "$BATS_TEST_TMPDIR/job.sql"
		;;
	*)
		psql -Xqc 'CALL maintain_events()'
		;;
	esac
	wait_for 'SELECT count(*) FROM listener_events' 2 30
	case $MIG_TEST_SERVER in
	17[xn]*) sql 'DROP EXTENSION pg_cron' -d postgres ;;
	esac
}

@test "podcast: maintain_events computes what it drops" {
	bootstrap
	two_tenants
	sql 'DELETE FROM listener_events'
	events "SELECT now() - d * interval '1 day', 'play', 'l', 1
	    FROM unnest('{1000,800,600}'::int[]) d"
	sql 'CALL maintain_events()'
	assert_eq "$(sql 'SELECT count(*) FROM listener_events')" 1
	assert_eq "$(sql "SELECT count(*) FROM metrics_daily
	    WHERE day < now() - interval '2 years'")" 2
}

@test "podcast: partitions are made ahead, filled from the default, and go" {
	bootstrap
	case $(tier) in
	none) ;;
	*)
		# nothing of the kind: chunks come by themselves
		assert_eq "$(sql "SELECT count(*) FROM pg_tables
		    WHERE schemaname = 'podcast_internal'
		    AND tablename LIKE '%default'")" 0
		return
		;;
	esac
	two_tenants
	sql 'DELETE FROM listener_events'
	events "SELECT date_trunc('month', now(), 'UTC') + m * interval '1 month',
	    'play', 'l', 1 FROM unnest('{-30,2,5,6}'::int[]) m"
	assert_eq "$(sql "SELECT count(*)
	    FROM podcast_internal.listener_events_default")" 3
	sql "SELECT podcast_internal.add_partition('listener_events',
	    (date_trunc('month', now() AT TIME ZONE 'UTC')
	    + m * interval '1 month')::date) FROM unnest('{-30,5}'::int[]) m" \
	    >/dev/null
	assert_eq "$(sql "SELECT count(*)
	    FROM podcast_internal.listener_events_default")" 1
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT tableoid)
	    FROM listener_events')" '4|4'
	local n
	n=$(sql "SELECT count(*) FROM pg_inherits
	    WHERE inhparent = 'listener_events'::regclass")
	sql 'CALL maintain_events()'
	assert_eq "$(sql "SELECT count(*) FROM pg_inherits
	    WHERE inhparent = 'listener_events'::regclass")" $((n - 1))
	# the month that is lacking is made
	sql "DROP TABLE podcast_internal.listener_events_$(date -u -d "$(date -u +%Y-%m-15) 2 months" +%Y%m)"
	sql 'CALL maintain_events()'
	assert_eq "$(sql "SELECT count(*) FROM pg_inherits
	    WHERE inhparent = 'listener_events'::regclass")" $((n - 1))
}

@test "podcast: a database that was made without TimescaleDB stays so" {
	case $(tier) in
	none)
		# no edition to come from
		apply "$PODCAST"
		assert_eq "$(sql "SELECT relkind FROM pg_class
		    WHERE oid = 'listener_events'::regclass")" p
		return
		;;
	esac
	copy
	# the file as a server without it would read it
	sed "s/WHERE name = 'timescaledb'/WHERE name = 'none such'/" \
	    "$PODCAST/$MASTER.sql" >"m/$MASTER.sql"
	apply m
	assert_stderr_has 'timescaledb is not available'
	two_tenants
	apply "$PODCAST"
	assert_stderr_has 'made without timescaledb, and stay so'
	assert_eq "$(sql "SELECT relkind, (SELECT count(*) FROM listener_events)
	    FROM pg_class WHERE oid = 'listener_events'::regclass")" 'p|2'
	sql 'CALL maintain_events()'
	sql 'CALL refresh_metrics_daily()'
	assert_metrics 2
}
