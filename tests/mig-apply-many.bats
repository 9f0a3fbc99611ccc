# mig-apply: many at once, of one plan and of several, and other tools.
# rounds: system

# shellcheck disable=SC2119,SC2120 # options, seldom wanted
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	DIRECT=$PGHOST
}

teardown() {
	PGHOST=$DIRECT
	[ ! -e pool ] || pooler stop "$(cat pool)"
	clean_up
}

# pool MODE [SIZE [SETTING...]]: all goes through a pooler from here on.
pool() {
	command -v pgbouncer >/dev/null || skip 'needs pgbouncer'
	pooler start "$@" >pool
	export PGHOST
	PGHOST=$(cat pool)
}

# ten [MIG-APPLY-OPTION...]: ten at once, of plan.1 to plan.10; their codes in
# order, one that hangs has 124.
ten() {
	local n pids=()
	for n in $(seq 10); do
		(
			rc=0
			timeout 150 mig-apply "$@" <"plan.$n" >"out.$n" \
			    2>"err.$n" || rc=$?
			echo $rc >"rc.$n"
		) 3>&- 4>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat err.*
	sort -n rc.* | uniq -c | awk '{ print $2 "x" $1 }' | paste -sd' ' |
	    tee codes
}

# One has done it, the others say busy or stale.
assert_one() {
	assert_match "$(cat codes)" '^0x1( 6x[0-9])?( 8x[0-9])?$'
}

# Steps of each mode that say when they run.
steps() {
	migration 1_tx.sql <<<"INSERT INTO ran VALUES ('tx');"
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		INSERT INTO ran VALUES ('none');
		CREATE INDEX CONCURRENTLY i ON ran (what);
	SQL
	migration 3_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		INSERT INTO ran VALUES ('own');
		COMMIT;
	SQL
	migration 4_last.sql <<<"INSERT INTO ran VALUES ('last');"
}

ran() {
	sql "SELECT string_agg(what, ' ' ORDER BY what) FROM ran"
}

# Ten of one plan; with a history that is not there yet, and with one.
ten_of_one_plan() {
	sql 'CREATE TABLE ran (what text)'
	steps
	mig-ls m | mig-plan >plan
	for n in $(seq 10); do cp plan "plan.$n"; done
	ten "$@"
	assert_one
	assert_eq "$(ran)" 'last none own tx'
	assert_eq "$(log)" 'apply 1 tx
apply 2 none
apply 3 own
apply 4 last'
	assert_chain
	migration 5_more.sql <<<"INSERT INTO ran VALUES ('more');"
	mig-ls m | mig-plan >plan
	for n in $(seq 10); do cp plan "plan.$n"; done
	ten "$@"
	assert_one
	assert_eq "$(ran)" 'last more none own tx'
	assert_chain
}

@test "ten of one plan, that wait: one does it, the others are stale" {
	new_db
	ten_of_one_plan --wait 60s
	assert_eq "$(cat codes)" '0x1 8x9'
}

@test "ten of one plan, that do not wait: the others are busy or stale" {
	new_db
	ten_of_one_plan --wait 0
}

@test "ten of one plan through a pool in transaction mode" {
	new_db
	pool transaction 4
	ten_of_one_plan --wait 60s
}

@test "ten of one plan through a pool in session mode" {
	new_db
	pool session 32
	ten_of_one_plan --wait 60s
}

# Ten branches, each with a step of its own above what all have.
ten_plans() {
	local n
	sql 'CREATE TABLE ran (what text)'
	migration 1_base.sql <<<"INSERT INTO ran VALUES ('base');"
	apply 0
	for n in $(seq 10); do
		cp -r m "m.$n"
		echo "INSERT INTO ran VALUES ('$n');" >"m.$n/2_branch_$n.sql"
		mig-ls "m.$n" | mig-plan >"plan.$n"
	done
	ten "$@"
	assert_one
	n=$(grep -lx 0 rc.*)
	n=${n#rc.}
	assert_eq "$(ran)" "$n base"
	assert_eq "$(log)" "apply 1 base
apply 2 branch_$n"
	assert_chain
}

@test "ten plans of ten branches, made for one state: one is carried out" {
	new_db
	ten_plans --wait 60s
}

@test "ten plans of ten branches through a pool in transaction mode" {
	new_db
	pool transaction 4
	ten_plans --wait 60s
}

@test "ten series, planned and applied until all are: each step once" {
	local n pids=()
	new_db
	sql 'CREATE TABLE ran (what text)'
	for n in $(seq 10); do
		mkdir "m.$n"
		echo "INSERT INTO ran VALUES ('$n');" >"m.$n/1_one.sql"
		echo "INSERT INTO ran VALUES ('$n');" >"m.$n/2_two.sql"
	done
	for n in $(seq 10); do
		timeout $((150 * ${MIG_SLOW:-1})) bash -o pipefail -c "
		while rc=0; mig-ls s$n=m.$n | mig-plan | mig-apply -q || rc=\$?
		do
			case \$rc in
			0) exit ;;
			6 | 8) ;;
			*) exit \$rc ;;
			esac
		done" 2>"err.$n" 3>&- 4>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT what) FROM ran')" \
	    '20|10'
	assert_eq "$(sql 'SELECT count(*) FROM mig.applied')" 20
	assert_chain
}

# The CRC-32 that gzip writes, and FNV-1, as other tools make their keys.
crc() {
	gzip -c | tail -c 8 | od -An -tu4 | awk '{ print $1 }'
}

fnv() {
	local h=2166136261 c
	for c in $(printf %s "$1" | od -An -tu1); do
		h=$(((h * 16777619 & 0xffffffff) ^ c))
	done
	echo $h
}

java_hash() {
	local h=0 c
	for c in $(printf %s "$1" | od -An -tu1); do
		h=$(((h * 31 + c) & 0xffffffff))
	done
	echo $((h < 0x80000000 ? h : h - 0x100000000))
}

# peer TOOL TABLE COLUMN KEY: with its history there, and its lock held.
peer() {
	local held="SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
	sql "CREATE TABLE $2 ($3 int)"
	background psql -XAtqc "SELECT pg_advisory_lock($4)" \
	    -c 'SELECT pg_sleep(60)'
	wait_for "$held" 1
	run_mig 6 mig-apply --wait 0 <plan
	assert_stderr_has "holds the lock of $1"
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	wait_for "$held" 0
	sql "DROP TABLE $2"
}

@test "the lock of each other tool that has one is respected" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	mig-ls m | mig-plan >plan
	sql 'CREATE SCHEMA graphile_migrate; CREATE SCHEMA sqitch;
	    CREATE SCHEMA other'
	for schema in public other; do
		peer flyway $schema.flyway_schema_history installed_rank \
		    $((0x466c79776179 + $(java_hash \
		    "\"$schema\".\"flyway_schema_history\"")))
		peer golang-migrate $schema.schema_migrations dirty $((($(
		    printf '%s\0%s\0%s' $schema schema_migrations \
			"$PGDATABASE" | crc) * 1486364155) & 0xffffffff))
	done
	peer sqlx _sqlx_migrations checksum \
	    $((0x3d32ad9e * $(printf %s "$PGDATABASE" | crc)))
	peer goose goose_db_version version_id "$(printf goose | crc)"
	peer atlas atlas_schema_revisions version "$(fnv atlas_migrate_execute)"
	peer prisma _prisma_migrations checksum 72707369
	peer graphile-migrate graphile_migrate.migrations hash 4727445306447283
	peer node-pg-migrate pgmigrations run_on 7241865325823964
	peer sqitch sqitch.changes change_id 75474063
	run_mig 0 mig-apply <plan
}

# It would wait for their snapshots, and they for its lock.
@test "what waits for the lock is not waited for by an index" {
	new_db
	sql 'CREATE TABLE t (id int)'
	migration 1_slow.sql <<<'SELECT pg_sleep(2);'
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY i ON t (id);
	SQL
	mig-ls m | mig-plan >plan
	background bash -c 'exec mig-apply <plan >first'
	local first=$PID n
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(2)%' AND state = 'active'
	    AND pid <> pg_backend_pid()" 1
	for n in 1 2; do
		background bash -c \
		    "rc=0; mig-apply --wait 50s <plan || rc=\$?; echo \$rc >rc.$n"
	done
	wait "$first"
	refute grep ^wait first
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'
	    AND datname = current_database()" 0
	assert_eq "$(cat rc.1 rc.2)" "8
8"
}

@test "what waits for another tool's lock keeps no snapshot meanwhile" {
	new_db
	sql 'CREATE TABLE goose_db_version (version_id int)'
	local key
	key=$(printf goose | crc)
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	mig-ls m | mig-plan >plan
	background psql -XAtq -c "SELECT pg_advisory_lock($key)" \
	    -c 'SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query = 'SELECT pg_sleep(60)'
	    AND datname = current_database()" 1
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE state = 'idle in transaction' AND query LIKE '%try_advisory%'
	    AND datname = current_database() AND backend_xmin IS NULL" 1
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query = 'SELECT pg_sleep(60)'
	    AND datname = current_database()" >/dev/null
	wait "$PID"
}

# The lock's session is ended while MIG-APPLY waits in QUERY; its code in rc.
lose_lock() {
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) > 0 FROM pg_stat_activity
	    WHERE query LIKE '%$1%' AND state = 'active'
	    AND pid <> pg_backend_pid()" t
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	rc=0
	wait "$PID" || rc=$?
}

@test "the lock is lost in a step: no step is begun after it" {
	new_db
	sql 'CREATE TABLE ran (what int)'
	migration 1_slow.sql <<<'SELECT pg_sleep(1.5);'
	# more than are sent before an answer is waited for
	for n in $(seq 2 400); do
		echo "INSERT INTO ran VALUES ($n);" | migration "${n}_n.sql"
	done
	mig-ls m | mig-plan >plan
	lose_lock 'pg_sleep(1.5)'
	assert_eq "$rc" 5
	assert_match "$(cat bg.out)" 'lock was lost; stopped before step'
	# what was under way is done, and nothing twice
	done_=$(sql 'SELECT count(*) FROM mig.applied')
	[ "$done_" -lt 400 ]
	assert_eq "$(sql 'SELECT count(*) FROM ran')" $((done_ - 1))
	run_pipe 0 'mig-ls m | mig-plan | mig-apply -q'
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT what) FROM ran')" \
	    '399|399'
	assert_chain
}

@test "the lock is lost while others go on: steps that are sent are fenced" {
	new_db
	local s=$((2 * ${MIG_SLOW:-1}))
	sql 'CREATE TABLE ran (what int)'
	migration 1_first.sql <<<'SELECT 1;'
	apply 0
	migration 2_slow.sql <<<"INSERT INTO ran SELECT 2 FROM pg_sleep($s);"
	for n in $(seq 3 20); do
		echo "INSERT INTO ran VALUES ($n);" | migration "${n}_n.sql"
	done
	mig-ls m | mig-plan >plan
	# all of it is sent, and nothing more to be noticed before
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep($s)%' AND state = 'active'
	    AND pid <> pg_backend_pid()" 1
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	migration 2_slow.sql <<<'INSERT INTO ran VALUES (2);'
	mig-ls m | mig-plan >plan.quick
	run_mig 0 mig-apply -q <plan.quick
	rc=0
	wait "$PID" || rc=$?
	assert_eq "$rc" 8
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT what) FROM ran')" \
	    '19|19'
	assert_chain
}
