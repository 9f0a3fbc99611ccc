# mig-apply: through a pooler, in each of its modes.
# rounds: system

# shellcheck disable=SC2016,SC2119,SC2120 # SQL with $; options, seldom wanted
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	DIRECT=$PGHOST
	command -v pgbouncer >/dev/null || skip 'needs pgbouncer'
}

teardown() {
	PGHOST=$DIRECT
	[ ! -e pool ] || pooler stop "$(cat pool)"
	clean_up
}

# pool MODE [SIZE [SETTING...]]: all goes through a pooler from here on.
pool() {
	export PGHOST=$DIRECT
	[ ! -e pool ] || pooler stop "$(cat pool)"
	rm -f pool
	pooler start "$@" >pool
	PGHOST=$(cat pool)
}

# What a server connection says of its session, and of those that the pool has
# besides: each is in a transaction while the next is asked.
sessions() {
	cat >session.sql <<-'SQL'
	BEGIN;
	SELECT 'setting', name, setting FROM pg_settings
	WHERE setting IS DISTINCT FROM reset_val AND name NOT IN
	    ('application_name', 'transaction_isolation',
	    'transaction_read_only', 'transaction_deferrable')
	UNION ALL SELECT 'custom', name, setting FROM pg_settings
	WHERE name LIKE 'my.%' AND setting <> ''
	UNION ALL SELECT 'user', current_user, session_user
	UNION ALL SELECT 'prepared', name, NULL FROM pg_prepared_statements
	UNION ALL SELECT 'cursor', name, NULL FROM pg_cursors
	UNION ALL SELECT 'channel', c, NULL FROM pg_listening_channels() c
	UNION ALL SELECT 'temporary', relname, NULL FROM pg_class
	WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
	UNION ALL SELECT 'lock', objid::text, NULL FROM pg_locks
	WHERE locktype = 'advisory' AND pid = pg_backend_pid()
	ORDER BY 1, 2;
	\setenv LEFT :left
	SELECT :left > 1 AS more, :left - 1 AS fewer \gset
	\if :more
	\setenv FEWER :fewer
	\! psql -XAtq -v left="$FEWER" -f session.sql
	\endif
	COMMIT;
	SQL
	PGHOST=$(cat pool) psql -XAtq -v ON_ERROR_STOP=1 -v left="$1" \
	    -f session.sql
}

# Steps of all modes, and whatever one may leave in its session.
realistic() {
	migration 01_dump.sql <<-'SQL'
		SET statement_timeout = 0;
		SET lock_timeout = '10s';
		SELECT pg_catalog.set_config('search_path', '', false);
		SET client_min_messages = warning;
		SET row_security = off;
		CREATE TABLE public.t (id int PRIMARY KEY, name text);
		COPY public.t (id, name) FROM stdin;
		1	Zoë
		2	Łukasz
		\.
	SQL
	migration 02_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_name ON t (name);
		VACUUM t;
		INSERT INTO t VALUES (3, 'three');
		DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false);
		    EXECUTE 'CREATE TEMP TABLE left_by_do (id int)'; END $$;
		COPY t FROM stdin;
		4	vier
		\.
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	migration 03_session.sql <<-SQL
		SET SESSION AUTHORIZATION $ROLE;
		RESET SESSION AUTHORIZATION;
		SET ROLE $ROLE;
		SET my.tenant = 'seven';
		SET TIME ZONE 'Asia/Kolkata';
		CREATE TEMP TABLE scratch (id int);
		PREPARE p AS SELECT 1;
		EXECUTE p;
		LISTEN c;
		DECLARE held CURSOR WITH HOLD FOR SELECT 1;
		SELECT pg_advisory_lock(4711);
		CREATE TABLE of_role (id int);
	SQL
	migration 04_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		SET search_path = public;
		SET work_mem = '2MB';
		CREATE TABLE own (id int);
		COMMIT;
	SQL
	migration 05_procedure.sql <<-'SQL'
		CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
		BEGIN
			SET work_mem = '3MB';
			INSERT INTO own VALUES (1);
			COMMIT;
			INSERT INTO own VALUES (2);
			PERFORM pg_advisory_lock(4712);
		END $$;
	SQL
	migration 06_call.sql <<-'SQL'
		-- mig: no-transaction
		CALL p();
	SQL
	migration 07_role.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE by_role AS SELECT :'what' AS what;
	SQL
	migration 08_plain.sql <<<'CREATE TABLE plain (id int);'
}

# What realistic() must have made.
assert_realistic() {
	assert_chain
	assert_eq "$(sql "SELECT count(*) FROM mig.applied")" "$1"
	assert_eq "$(sql 'SELECT string_agg(name, $$ $$ ORDER BY id) FROM t')" \
	    'Zoë Łukasz three vier'
	assert_eq "$(sql 'SELECT count(*) FROM own')" 2
	assert_eq "$(sql "SELECT string_agg(relname, ' ' ORDER BY relname)
	    FROM pg_class WHERE relowner = '$ROLE'::regrole
	    AND relkind = 'r'")" 'by_role of_role'
	assert_eq "$(sql "SELECT count(*) FROM pg_index
	    WHERE indrelid = 't'::regclass AND indisvalid")" 3
	assert_eq "$(sql 'SELECT what FROM by_role')" 'it'
}


# Of each mode: a pool whose connections are given out in turn, so that none of
# our transactions is on the one that the last was on.
through_pool() {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	pool "$1" 5 server_round_robin=1
	sessions 5 >before
	realistic
	apply 0 -v what=it
	assert_realistic 8
	run_mig 0 mig-ls -d --verify
	run_pipe 0 'mig-ls m | mig-plan --check'
	sessions 5 >after
	assert_eq "$(cat after)" "$(cat before)" 'what is left in sessions'
	assert_eq "$(grep -c ^user after)" 5
	PGHOST=$DIRECT
	sql "DROP OWNED BY $ROLE"
}

@test "session mode: steps of all modes, and nothing stays in a session" {
	through_pool session
}

@test "transaction mode: steps of all modes, and nothing stays in a session" {
	through_pool transaction
}

@test "statement mode: refused in one message by each command" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	run_pipe 0 'mig-ls m | mig-plan >plan'
	pool statement
	for command in 'mig-apply <plan' 'mig-ls -d' 'mig-ls m | mig-plan'; do
		run_pipe 2 "$command"
		assert_stderr_has 'not allowed in statement pooling mode'
		assert_stderr_has 'hint: what runs in a transaction needs a pool'
		assert_eq "$(grep -vc ^hint: err)" 1
	done
	PGHOST=$DIRECT
	assert_eq "$(sql "SELECT to_regclass('a') IS NULL
	    AND to_regnamespace('mig') IS NULL")" t
}

@test "a session of its own: kept by session mode, refused by transaction mode" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE a (id int);

		SET search_path = other, public;
		CREATE INDEX CONCURRENTLY i ON a (id);
	SQL
	migration 2_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		CREATE TEMP TABLE kept (id int);
		COMMIT;
		BEGIN;
		INSERT INTO kept VALUES (1);
		CREATE TABLE b AS SELECT id FROM kept;
		COMMIT;
	SQL
	migration 3_role.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $ROLE
		CREATE TABLE c (id int);
		CREATE INDEX CONCURRENTLY j ON c (id);
	SQL
	for refused in 1_none.sql:4: 2_own.sql:3: 3_role.sql:; do
		pool transaction 3
		run_pipe 0 'mig-ls m | mig-plan >plan'
		run_mig 2 mig-apply <plan
		assert_stderr_has "m/$refused"
		assert_stderr_has 'a pooler in transaction mode'
		assert_stderr_has 'hint: connect without the pooler'
		assert_eq "$(sql "SELECT count(*) FROM mig.applied
		    WHERE version = '${refused%%_*}'" 2>&1 | tail -c 2)" 0 || :
		pool session 3
		run_pipe 0 'mig-ls m | mig-plan -n 1 >plan'
		run_mig 0 mig-apply <plan
	done
	assert_eq "$(sql "SELECT string_agg(tablename || ' ' || (tableowner =
	    '$ROLE'), ' ' ORDER BY 1) FROM pg_tables
	    WHERE schemaname = 'public'")" 'a false b false c true'
	PGHOST=$DIRECT
	sql "DROP OWNED BY $ROLE"
}

@test "what is over at COMMIT needs no session of its own" {
	new_db
	pool transaction 3 server_round_robin=1
	sessions 3 >before
	migration 1_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		SET LOCAL work_mem = '1MB';
		CREATE TABLE a (id int);
		COMMIT;
		BEGIN;
		SET search_path = public;
		CREATE TABLE b AS SELECT current_setting('work_mem') AS w;
		ROLLBACK;
	SQL
	migration 2_last.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE c (id int);
		SET work_mem = '1MB';
	SQL
	apply 0
	sessions 3 >after
	assert_eq "$(cat after)" "$(cat before)"
}

@test "a pool of one: it says what is wrong" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	run_pipe 0 'mig-ls m | mig-plan >plan'
	for mode in session transaction; do
		pool $mode 1
		run_mig 0 mig-ls -d
		PGCONNECT_TIMEOUT=2 run_mig 4 mig-apply <plan
		assert_stderr_has 'connected, but there was no answer within 2 s'
		assert_stderr_has 'raise the size of the pool'
	done
	pool transaction 2
	run_mig 0 mig-apply <plan
}

@test "a pool of two, and a step that takes its time" {
	new_db
	{
		seq -f 'SELECT %g;' 3
		echo 'SELECT pg_sleep(1.2);'
	} | migration 1_slow.sql
	for n in $(seq 2 600); do
		echo "SELECT $n;" | migration "${n}_n.sql"
	done
	run_pipe 0 'mig-ls m | mig-plan >plan'
	for mode in session transaction; do
		pool $mode 2
		run_mig 0 mig-apply <plan
		assert_eq "$(sql 'SELECT count(*) FROM mig.applied')" 600
		sql 'DROP SCHEMA mig CASCADE' 2>/dev/null
	done
}

@test "an encoding that is not the database's comes back" {
	new_db latin "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'
	    TEMPLATE template0"
	pool transaction 2
	migration 1_set.sql <<<'SET work_mem = "1MB"; CREATE TABLE t (c text);'
	migration 2_text.sql <<<"INSERT INTO t VALUES ('Zoë');"
	apply 0
	PGHOST=$DIRECT
	assert_eq "$(sql "SELECT encode(convert_to(c, 'UTF8'), 'hex') FROM t")" \
	    "$(printf 'Zoë' | od -An -tx1 | tr -d ' \n')"
}

@test "who is in the way is told, and what is tried again runs" {
	new_db
	sql 'CREATE TABLE t (id int)'
	migration 1_alter.sql <<<'ALTER TABLE t ADD COLUMN name text;'
	for mode in session transaction; do
		run_pipe 0 'mig-ls m | mig-plan >plan'
		pool $mode 4
		PGHOST=$DIRECT PGAPPNAME=in_the_way background psql -XAtq \
		    -c 'BEGIN' -c 'LOCK TABLE t' -c 'SELECT pg_sleep(30)'
		PGHOST=$DIRECT wait_for "SELECT count(*) FROM pg_locks
		    WHERE relation = 't'::regclass AND granted" 1
		background bash -c 'exec mig-apply --lock-timeout 1500 <plan'
		for _ in $(seq 400); do
			! grep -q ^retry bg.out || break
			sleep 0.05
		done
		assert_match "$(grep ^retry bg.out)" 'blocked by pid.*in_the_way'
		PGHOST=$DIRECT sql "SELECT pg_terminate_backend(pid)
		    FROM pg_stat_activity
		    WHERE application_name = 'in_the_way'" >/dev/null
		wait "$PID"
		: >bg.out
		sql 'DROP SCHEMA mig CASCADE' 2>/dev/null
		sql 'ALTER TABLE t DROP COLUMN name'
	done
}

@test "signals: canceled through the pooler, rolled back" {
	new_db
	migration 1_slow.sql <<-'SQL'
		CREATE TABLE a (id int);
		SELECT pg_sleep(30);
	SQL
	run_pipe 0 'mig-ls m | mig-plan >plan'
	for mode in session transaction; do
		pool $mode 3
		background bash -c 'exec mig-apply <plan'
		PGHOST=$DIRECT wait_for "SELECT count(*) FROM pg_stat_activity
		    WHERE query LIKE '%pg_sleep(30)%' AND state = 'active'
		    AND pid <> pg_backend_pid()" 1
		kill -TERM "$PID"
		rc=0
		wait "$PID" || rc=$?
		assert_eq "$rc" 143
		assert_match "$(cat bg.out)" 'stopped: step 1 of 1 is rolled back'
		: >bg.out
	done
	PGHOST=$DIRECT
	assert_eq "$(sql "SELECT to_regclass('a') IS NULL")" t
}

@test "what fails leaves nothing in a session" {
	new_db
	pool transaction 3 server_round_robin=1
	sessions 3 >before
	migration 1_fails.sql <<-'SQL'
		SET work_mem = '1MB';
		PREPARE p AS SELECT 1;
		SELECT pg_advisory_lock(1);
		SELECT 1 / 0;
	SQL
	apply 5
	run_pipe 5 'mig-ls m | mig-plan | mig-apply --rehearse'
	rm m/*
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int);
		DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false),
		    pg_advisory_lock(1); END $$;
		DO $$ BEGIN PERFORM pg_advisory_lock(1), 1 / 0; END $$;
	SQL
	run_pipe 0 'mig-ls m | mig-plan >plan'
	run_mig 7 mig-apply <plan
	sessions 3 >after
	assert_eq "$(cat after)" "$(cat before)"
	assert_eq "$(log)" 'fail 2 none'
}

@test "a rehearsal leaves nothing, of rows or of the session" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	pool transaction 3 server_round_robin=1
	sessions 3 >before
	realistic
	run_pipe 0 'mig-ls m | mig-plan >plan'
	sed -n '/^need/p' plan
	rm m/07_role.sql m/06_call.sql
	run_pipe 0 'mig-ls m | mig-plan >plan'
	run_mig 0 mig-apply --rehearse <plan
	assert_output_has 'its mode is none'
	sessions 3 >after
	assert_eq "$(cat after)" "$(cat before)"
	PGHOST=$DIRECT
	assert_eq "$(sql "SELECT to_regclass('t') IS NULL")" t
}

# A COMMIT that takes longer than the pooler lets a query take: it closes the
# line to us, and its own to a server that goes on with what it has got.
slow_commit() {
	sql 'CREATE TABLE t (id int)'
	sql "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
	    'BEGIN PERFORM pg_sleep(5); $1 RETURN NULL; END'"
	sql "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE
	    INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
}

@test "the line is lost in COMMIT, which is done behind the pooler" {
	new_db
	slow_commit ''
	migration 1_slow.sql <<<'INSERT INTO t VALUES (1);'
	migration 2_next.sql <<<'INSERT INTO t VALUES (2);'
	for mode in session transaction; do
		pool $mode 5 query_timeout=2
		run_pipe 0 'mig-ls m | mig-plan -n 1 >plan'
		run_mig 0 mig-apply <plan
		assert_stderr_has ', but the last step is done'
		assert_eq "$(sql 'SELECT count(*) FROM t')" 1
		assert_eq "$(log)" 'apply 1 slow'
		assert_chain
		sql 'TRUNCATE t; DROP SCHEMA mig CASCADE' 2>/dev/null
	done
}

@test "the line is lost in COMMIT, which fails behind the pooler" {
	new_db
	slow_commit "RAISE ''no'';"
	migration 1_first.sql <<<'SELECT 1;'
	apply 0
	migration 2_slow.sql <<<'INSERT INTO t VALUES (1);'
	migration 3_next.sql <<<'INSERT INTO t VALUES (2);'
	run_pipe 0 'mig-ls m | mig-plan >plan'
	for mode in session transaction; do
		pool $mode 5 query_timeout=2
		run_mig 4 mig-apply <plan
		assert_stderr_has 'step 1 of 2 is rolled back, nothing was done'
		assert_match "$output" \
		    $'\nfail\t1\tapply\tmain\t2\t[0-9]+\t-\t-\tthe connection was lost.*: step 1 of 2 is rolled'
		assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	done
	assert_eq "$(log)" 'apply 1 first
fail 2 slow
fail 2 slow'
	assert_chain
}

@test "the line is lost outside of a transaction: look first" {
	new_db
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t AS SELECT 1 FROM pg_sleep(5);
	SQL
	run_pipe 0 'mig-ls m | mig-plan >plan'
	pool transaction 5 query_timeout=2
	run_mig 7 mig-apply <plan
	assert_stderr_has 'step 1 of 1 stopped part-way'
	PGHOST=$DIRECT wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(5)%' AND pid <> pg_backend_pid()" 0
	run_pipe 0 'mig-ls m | mig-plan >plan'
	PGHOST=$DIRECT
	run_mig 0 mig-apply <plan
	assert_eq "$(sql 'SELECT count(*) FROM t')" 1
	assert_chain
}

@test "transaction mode: no CONCURRENTLY that a timeout would leave half done" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	sql "ALTER DATABASE $PGDATABASE SET lock_timeout = '1h'"
	pool transaction 3
	apply 5
	apply 2
	assert_stderr_has 'm/2_index.sql:2:1: CREATE INDEX CONCURRENTLY outside of a transaction wants a lock_timeout of 0 ms'
	assert_stderr_has 'hint: connect without the pooler'
	PGHOST=$DIRECT
	assert_eq "$(sql "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass")" 0
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	apply 0
}

@test "session mode: a statement outside of a transaction has our timeouts" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	sql "ALTER DATABASE $PGDATABASE SET lock_timeout = '1h'"
	pool session 4
	apply 0
	background psql -Xqc "BEGIN; LOCK t IN ROW EXCLUSIVE MODE;
	    SELECT pg_sleep(600)" -h "$DIRECT"
	PGHOST=$DIRECT wait_for "SELECT count(*) FROM pg_locks
	    WHERE relation = 't'::regclass AND mode = 'RowExclusiveLock'" 1
	migration 3_vacuum.sql <<-'SQL'
		-- mig: no-transaction
		-- mig: lock-timeout 100ms
		-- mig: retry 0
		VACUUM FULL t;
	SQL
	apply 6
	kill "$PID"
	rm m/3_vacuum.sql
	migration 3_again.sql <<-'SQL'
		-- mig: no-transaction
		REINDEX INDEX CONCURRENTLY t_id;
	SQL
	# too small for a look at which mode it is in
	pool session 2
	PGCONNECT_TIMEOUT=1 apply 2
	assert_stderr_has 'm/3_again.sql:2:1: REINDEX CONCURRENTLY'
}

@test "--analyze waits no longer for a lock, and sets nothing for others" {
	new_db
	sql 'CREATE TABLE t (id int); CREATE TABLE u (id int)'
	pool transaction 3
	sessions 3 >before
	migration 1_insert.sql <<-'SQL'
		INSERT INTO t VALUES (1);
		INSERT INTO u VALUES (1);
	SQL
	PGHOST=$DIRECT background psql -XAtq -c 'BEGIN' \
	    -c 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE' \
	    -c 'SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass" 1
	MIG_TIMEOUT=20 apply 0 --analyze --lock-timeout 300
	assert_stderr_has 'ANALYZE public.t: ERROR 55P03'
	assert_eq "$(sql "SELECT reltuples FROM pg_class WHERE relname = 'u'")" 1
	assert_eq "$(sessions 3)" "$(cat before)"
}
