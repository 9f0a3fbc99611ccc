# mig-apply: what the text of a migration does must not harm its record.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

@test "a plan does not run again over a migration that stopped part-way" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int);
		SELECT 1 / count(*) FROM t;
	SQL
	apply 7
	sql 'INSERT INTO t VALUES (1); ALTER TABLE t RENAME TO u'
	run_mig 8 mig-apply <plan
	assert_stderr_has 'stale: database'
	assert_eq "$(sql "SELECT to_regclass('t') IS NULL")" t "run twice"
	migration 2_more.sql <<<'CREATE TABLE more (id int);'
	mig-ls m | mig-plan --forget >forget
	run_mig 0 mig-apply <forget
}

@test "what a procedure committed before it failed is no rollback" {
	new_db
	migration 1_p.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO t VALUES (1);
			COMMIT;
			RAISE 'half';
		END $$;
	SQL
	apply 0
	migration 2_call.sql <<-'SQL'
		-- mig: no-transaction
		CALL p();
	SQL
	apply 7
	assert_eq "$(sql "SELECT count(*) FROM t")" 1
	assert_eq "$(sql "SELECT state FROM mig.progress")" intent
}

@test "an index without a name that fails is no rollback" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	apply 0
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE UNIQUE INDEX CONCURRENTLY ON t (id);
	SQL
	apply 7
	assert_eq "$(sql "SELECT state FROM mig.progress")" intent
}

@test "an index on a table that a variable names; others' invalid ones" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE "T 1" (id int, x int);
		INSERT INTO "T 1" VALUES (1, 1), (1, 2);
	SQL
	apply 0
	sql 'CREATE UNIQUE INDEX CONCURRENTLY bad ON "T 1" (id)' 2>/dev/null || :
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY good ON :"table" (x);
	SQL
	apply 0 -v 'table=T 1'
	migration 3_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY IF NOT EXISTS bad ON :"table" (x);
	SQL
	apply 7 -v 'table=T 1'
	assert_stderr_has 'index bad is invalid'
	assert_output_has $'fail\t1\tapply\tmain\t3\t'
	assert_eq "$(log)" "apply 1 t
apply 2 index
fail 3 index"
}

@test "DEALLOCATE ALL and DISCARD ALL: the row of the log is written" {
	new_db
	migration 1_first.sql <<<'CREATE TABLE a (id int);'
	migration 2_all.sql <<<'DEALLOCATE ALL;'
	migration 3_none.sql <<-'SQL'
		-- mig: no-transaction
		DISCARD ALL;
		CREATE TABLE b (id int);
	SQL
	migration 4_last.sql <<<'CREATE TABLE c (id int);'
	apply 0
	assert_eq "$(sql "SELECT count(*) FROM mig.applied")" 4
}

@test "a trigger that drops what is prepared: the row of the log is written" {
	new_db
	migration 1_trigger.sql <<-'SQL'
		CREATE TABLE a (id int);
		CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			EXECUTE 'DEALLOCATE ALL';
			RETURN NULL;
		END $$;
		CREATE TRIGGER forget AFTER INSERT ON a
		    FOR EACH ROW EXECUTE FUNCTION forget();
	SQL
	migration 2_forget.sql <<<'INSERT INTO a VALUES (2);'
	migration 3_forget.sql <<<'INSERT INTO a VALUES (3);'
	apply 0
	refute_output_has retry
	assert_eq "$(sql 'SELECT string_agg(id::text, $$ $$) FROM a')" '2 3'
	assert_eq "$(sql "SELECT count(*) FROM mig.applied")" 3
}

@test "what a trigger leaves in the session does not reach the next step" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_trigger.sql <<-SQL
		CREATE TABLE a (id int);
		GRANT INSERT ON a TO PUBLIC;
		CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS \$\$
		BEGIN
			PERFORM set_config('search_path', 'pg_catalog', false);
			CREATE TEMP TABLE scratch (id int);
			PERFORM pg_advisory_lock(4712);
			SET ROLE $ROLE;
			RETURN NULL;
		END \$\$;
		CREATE TRIGGER leave AFTER INSERT ON a
		    FOR EACH STATEMENT EXECUTE FUNCTION leave();
	SQL
	migration 2_leave.sql <<<'INSERT INTO a VALUES (2);'
	migration 3_seen.sql <<-'SQL'
		CREATE TABLE seen AS SELECT current_user::text AS who,
		    to_regclass('pg_temp.scratch') IS NULL AS gone,
		    (SELECT count(*) FROM pg_locks
		    WHERE locktype = 'advisory' AND objid = 4712) AS locks;
	SQL
	migration 4_leave.sql <<<'INSERT INTO a VALUES (4);'
	migration 5_sets.sql <<-'SQL'
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
		INSERT INTO seen VALUES (current_user, to_regclass(
		    'pg_temp.scratch') IS NULL, 0);
	SQL
	migration 6_leave.sql <<<'INSERT INTO a VALUES (6);'
	migration 7_none.sql <<-'SQL'
		-- mig: no-transaction
		INSERT INTO seen VALUES (current_user, to_regclass(
		    'pg_temp.scratch') IS NULL, 0);
	SQL
	apply 0
	assert_eq "$(sql 'SELECT DISTINCT * FROM seen')" "$PGUSER|t|0"
	assert_eq "$(sql 'SELECT count(*) FROM seen')" 3
}

@test "settings that BEGIN heeds end with their step" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (level text, at int);'
	migration 2_set.sql <<-'SQL'
		SET default_transaction_isolation = 'serializable';
		SET default_transaction_deferrable = on;
		INSERT INTO a VALUES (current_setting('transaction_isolation'), 2);
	SQL
	migration 3_seen.sql <<-'SQL'
		INSERT INTO a VALUES (current_setting('transaction_isolation'), 3);
	SQL
	migration 4_set.sql <<-'SQL'
		-- mig: no-transaction
		SET default_transaction_isolation = 'serializable';
	SQL
	migration 5_seen.sql <<-'SQL'
		INSERT INTO a VALUES (current_setting('transaction_isolation'), 5);
	SQL
	apply 0
	assert_eq "$(sql 'SELECT DISTINCT level FROM a')" 'read committed'
}

@test "a login that has another role from the start keeps the history" {
	new_db
	new_role owner
	owner=$ROLE
	new_role login "LOGIN NOINHERIT IN ROLE $owner"
	sql "ALTER ROLE $ROLE SET role = $owner"
	sql "GRANT CREATE ON DATABASE $PGDATABASE TO $owner"
	sql "GRANT CREATE ON SCHEMA public TO $owner"
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	migration 2_a.sql <<<'INSERT INTO a VALUES (2);'
	migration 3_a.sql <<<'DO $$ BEGIN RESET ROLE; END $$;'
	migration 4_a.sql <<<'CREATE TABLE b AS SELECT current_user;'
	PGUSER=$ROLE apply 0
	assert_eq "$(sql "SELECT string_agg(DISTINCT db_user, ' ') FROM mig.log")" \
	    "$ROLE"
	assert_eq "$(sql "SELECT * FROM b")" "$owner"
	sql "DROP OWNED BY $owner"
}

@test "session_replication_role = replica: the row of the log is chained" {
	new_db
	migration 1_replica.sql <<-'SQL'
		SET session_replication_role = replica;
		CREATE TABLE a (id int);
	SQL
	apply 0
	assert_eq "$(sql "SELECT hash = mig.row_hash(l) FROM mig.log l")" t
}

@test "names like the catalog's in a search_path: the log is not fooled" {
	new_db
	migration 1_names.sql <<-'SQL'
		CREATE SCHEMA own;
		CREATE DOMAIN own.text AS pg_catalog.text CHECK (VALUE = 'no');
		CREATE FUNCTION own.repeat(pg_catalog.text, int)
		    RETURNS pg_catalog.text LANGUAGE sql AS $$ SELECT 'no' $$;
		CREATE FUNCTION own.sha256(bytea) RETURNS bytea
		    LANGUAGE sql AS $$ SELECT 'no'::bytea $$;
		CREATE FUNCTION own.encode(bytea, pg_catalog.text)
		    RETURNS pg_catalog.text LANGUAGE sql AS $$ SELECT 'no' $$;
		CREATE FUNCTION own.clock_timestamp() RETURNS timestamptz
		    LANGUAGE sql AS $$ SELECT timestamptz '2000-01-01' $$;
		CREATE FUNCTION own.no(bigint, int) RETURNS boolean
		    LANGUAGE sql AS $$ SELECT false $$;
		CREATE OPERATOR own.= (FUNCTION = own.no, LEFTARG = bigint,
		    RIGHTARG = int);
		SET search_path = own, pg_catalog;
	SQL
	migration 2_table.sql <<<'SET search_path = own, pg_catalog;
		CREATE TABLE public.t (id int);'
	apply 0
	assert_eq "$(sql "SELECT count(*), count(*) FILTER (WHERE
	    l.hash = mig.row_hash(l) AND l.prev = coalesce(b.hash,
	    repeat('0', 64)) AND l.finished > '2001-01-01')
	    FROM mig.log l LEFT JOIN mig.log b ON b.seq = l.seq - 1")" '2|2'
}

@test "roles taken on inside steps of all modes" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_tx.sql <<-SQL
		SET LOCAL SESSION AUTHORIZATION $ROLE;
		CREATE TABLE a (id int);
	SQL
	migration 2_none.sql <<-SQL
		-- mig: no-transaction
		SET ROLE $ROLE;
		CREATE TABLE b (id int);
		VACUUM b;
		CREATE TABLE c (id int);
	SQL
	migration 3_own.sql <<-SQL
		-- mig: own-transaction
		SET SESSION AUTHORIZATION $ROLE;
		BEGIN;
		CREATE TABLE d (id int);
		COMMIT;
		BEGIN;
		RESET SESSION AUTHORIZATION;
		SET ROLE $ROLE;
		CREATE TABLE e (id int);
		SELECT 1;
		CREATE TABLE f (id int);
		COMMIT;
	SQL
	migration 4_own.sql <<-SQL
		-- mig: role $ROLE
		-- mig: own-transaction
		BEGIN;
		CREATE TABLE g (id int);
		CREATE TABLE h (id int);
		COMMIT;
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SET TRANSACTION READ WRITE;
		CREATE TABLE i (id int);
		COMMIT;
	SQL
	migration 5_mine.sql <<<'CREATE TABLE mine (id int);'
	apply 0
	assert_eq "$(sql "SELECT string_agg(tablename, ' ' ORDER BY tablename)
	    FROM pg_tables WHERE schemaname = 'public'
	    AND tableowner = '$ROLE'")" "a b c d e f g h i"
	sql "DROP OWNED BY $ROLE"
}

@test "-1: each step has its own role, and no other's settings" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_dirt.sql <<-'SQL'
		SELECT set_config('search_path', '', false);
		SET lock_timeout = '1h';
		CREATE TEMP TABLE scratch (id int);
	SQL
	migration 2_role.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE a (id int);
		CREATE TEMP TABLE scratch (id int);
	SQL
	migration 3_mine.sql <<-SQL
		-- mig: lock-timeout 7s
		CREATE TABLE b AS SELECT current_setting('lock_timeout') AS t;
	SQL
	apply 0 -1
	assert_eq "$(sql "SELECT string_agg(relname || '=' || (relowner =
	    '$ROLE'::regrole), ' ' ORDER BY relname) FROM pg_class
	    WHERE relname IN ('a', 'b')")" "a=true b=false"
	assert_eq "$(sql 'SELECT t FROM b')" 7s
	sql "DROP OWNED BY $ROLE"
}

@test "COPY that a variable brings in" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	apply 0
	migration 2_copy.sql <<-'SQL'
		COPY t TO :where;
	SQL
	MIG_TIMEOUT=10 apply 0 -v where=STDOUT
	migration 3_copy.sql <<-'SQL'
		COPY t FROM :where;
	SQL
	MIG_TIMEOUT=10 apply 5 -v where=STDIN
	migration 3_copy.sql <<-'SQL'
		:what;
	SQL
	MIG_TIMEOUT=10 apply 5 -v 'what=COPY t FROM STDIN'
}

@test "much COPY data in a step outside of a transaction" {
	new_db
	{
		echo '-- mig: no-transaction'
		echo 'CREATE TABLE t (id int);'
		echo 'COPY t FROM stdin;'
		seq 200000
		echo '\.'
		echo "INSERT INTO nope VALUES (1);"
	} | migration 1_copy.sql
	apply 7
	assert_eq "$(sql "SELECT sha256 FROM mig.progress
	    WHERE statement = 2")" \
	    "$(printf 'COPY t FROM stdin' | sha256sum | cut -c1-64)"
}

@test "the time a step began does not depend on DateStyle" {
	new_db
	sql "ALTER DATABASE $PGDATABASE SET datestyle = 'SQL, DMY'"
	sql "ALTER DATABASE $PGDATABASE SET timezone = 'Asia/Kolkata'"
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		SET datestyle = 'ISO, MDY';
		VACUUM;
	SQL
	apply 0
	assert_eq "$(sql "SELECT started BETWEEN now() - interval '1 min'
	    AND now() FROM mig.log")" t
}

@test "standard_conforming_strings is off: statements end where they end" {
	new_db
	sql "ALTER DATABASE $PGDATABASE SET standard_conforming_strings = off"
	printf '%s\n' '-- mig: no-transaction' 'CREATE TABLE t (c text);' \
	    "INSERT INTO t SELECT 'a\\'; SELECT 1; --\\'';" \
	    "INSERT INTO t VALUES ('b');" | migration 1_old.sql
	apply 0
	assert_eq "$(sql 'SELECT count(*) FROM t')" 2
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "a text without a statement, in each mode" {
	new_db
	migration 1_tx.sql <<<'-- nothing'
	migration 2_none.sql <<<'-- mig: no-transaction'
	migration 3_own.sql <<<'-- mig: own-transaction'
	apply 0
	assert_eq "$(log)" "apply 1 tx
apply 2 none
apply 3 own"
}

@test "deferred constraints fail at COMMIT, behind them nothing runs" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int PRIMARY KEY, up int
		    REFERENCES t DEFERRABLE INITIALLY DEFERRED);
	SQL
	migration 2_bad.sql <<<'INSERT INTO t VALUES (1, 2);'
	migration 3_next.sql <<<'CREATE TABLE next (id int);'
	apply 5
	assert_stderr_has 'm/2_bad.sql: ERROR 23503'
	assert_output_has $'exit\t5\t1'
	assert_eq "$(log)" "apply 1 t
fail 2 bad"
	assert_eq "$(sql "SELECT to_regclass('next') IS NULL")" t
	rm m/2_bad.sql
	migration 2_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		INSERT INTO t VALUES (1, 2);
		COMMIT;
	SQL
	apply 5
	assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "a result of many rows is not kept in memory" {
	! wants_all_memory || skip "the sanitizer wants all addresses"
	new_db
	migration 1_rows.sql <<-'SQL'
		SELECT repeat('x', 1000) FROM generate_series(1, 300000);
		SELECT repeat('x', 1000) FROM generate_series(1, 300000);
	SQL
	mig-ls m | mig-plan >plan
	run_mig 0 bash -c 'ulimit -v 200000; mig-apply <plan'
}

@test "a flood of notices, results of rules, joined statements" {
	new_db
	migration 1_flood.sql <<-'SQL'
		CREATE TABLE t (id int);
		DO $$ BEGIN FOR i IN 1 .. 20000 LOOP
			RAISE NOTICE 'number %', i;
		END LOOP; END $$;
		CREATE RULE r AS ON INSERT TO t DO ALSO SELECT 1;
		INSERT INTO t VALUES (1);
		SELECT 1\; INSERT INTO t VALUES (2)\; SELECT 3;
		LISTEN c;
		NOTIFY c;
		CREATE TEMP TABLE x (id int) ON COMMIT DROP;
	SQL
	apply 0
	assert_eq "$(sql 'SELECT count(*) FROM t')" 2
	assert_eq "$(grep -c 'NOTICE: number' err)" 20000
}

@test "the session with the lock asks nothing while steps run" {
	new_db
	migration 1_slow.sql <<<'SELECT pg_sleep(3);'
	mig-ls m | mig-plan >plan
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%mig.worker%' AND pid <> pg_backend_pid()" 1
	holder="SELECT a.state_change, a.backend_xmin FROM pg_stat_activity a
	    JOIN pg_locks l USING (pid) WHERE l.locktype = 'advisory'"
	was=$(sql "$holder")
	sleep 1.2
	assert_eq "$(sql "$holder")" "$was"
	wait "$PID"
}

@test "the lock is lost: of two that go on from one state one is refused" {
	new_db
	sql 'CREATE TABLE ran (what text)'
	migration 1_first.sql <<<'SELECT 1;'
	apply 0
	migration 2_slow.sql <<-'SQL'
		INSERT INTO ran SELECT 'slow' FROM pg_sleep(1.5);
	SQL
	migration 3_last.sql <<<"INSERT INTO ran VALUES ('last');"
	mig-ls m | mig-plan >plan
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()" 1
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	mig_run mig-apply <plan
	rc=0
	wait "$PID" || rc=$?
	# whichever was first
	[ "$status $rc" = "8 0" ] || [ "$status $rc" = "0 8" ] ||
	    [ "$status $rc" = "8 5" ]
	assert_eq "$(sql 'SELECT max(n) FROM (SELECT count(*) AS n FROM ran
	    GROUP BY what) r')" 1
	assert_eq "$(sql "SELECT count(*) FROM mig.log l LEFT JOIN mig.log p
	    ON p.seq = l.seq - 1 WHERE l.hash <> mig.row_hash(l)
	    OR l.prev <> coalesce(p.hash, repeat('0', 64))")" 0
}

@test "the lock is lost within a step of many transactions: it stops" {
	new_db
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		SELECT pg_sleep(1.5);
		CREATE TABLE never (id int);
	SQL
	mig-ls m | mig-plan >plan
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()" 1
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	rc=0
	wait "$PID" || rc=$?
	assert_eq "$rc" 7
	assert_match "$(cat bg.out)" 'lock was lost; stopped before statement 2'
	assert_eq "$(sql "SELECT to_regclass('never') IS NULL")" t
	run_mig 8 mig-apply <plan
}

@test "the backend ends outside of one transaction: what it said is told" {
	new_db
	migration 1_a.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE a (id int);
		SELECT pg_terminate_backend(pg_backend_pid());
	SQL
	apply 7
	assert_stderr_has 'the connection was lost (terminating connection due to'
}

@test "the backend ends in COMMIT: it is rolled back" {
	new_db
	migration 1_first.sql <<<'SELECT 1;'
	apply 0
	sql 'CREATE TABLE t (id int)'
	sql "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
	    AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END'"
	sql "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE
	    INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
	for mode in transaction own-transaction; do
		{
			echo "-- mig: $mode"
			[ $mode = transaction ] || echo 'BEGIN;'
			echo 'INSERT INTO t VALUES (1);'
			[ $mode = transaction ] || echo 'COMMIT;'
		} | sed '/mig: transaction/d' | migration 2_slow.sql
		mig-ls m | mig-plan >plan
		mig-apply <plan >report 2>err 3>&- 4>&- &
		pid=$!
		wait_for "SELECT count(*) FROM pg_stat_activity
		    WHERE query = 'COMMIT' AND state = 'active'" 1
		sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		    WHERE query = 'COMMIT' AND state = 'active'" >/dev/null
		rc=0
		wait $pid || rc=$?
		assert_eq "$rc" 4
		assert_match "$(tail -2 report | head -1)" $'^exit\t4\t0$'
		assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	done
}

@test "the backend ends in a step that is alone, beside one that stands part-way" {
	new_db
	migration 1_other.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE other (id int);
		SELECT 1 / 0;
	SQL
	apply 7
	assert_eq "$(sql 'SELECT version FROM mig.progress')" 1
	migration 1_first.sql </dev/null
	rm m/1_other.sql
	migration 2_alone.sql <<-'SQL'
		-- mig: no-transaction
		SELECT pg_terminate_backend(pg_backend_pid());
	SQL
	run_pipe 0 'mig-ls second=m | mig-plan >plan'
	run_mig 5 mig-apply <plan
	assert_stderr_has ': step 2 of 2 is rolled back, the ones before it'
	# and the one at hand, of which a part is committed
	sed -i '2i INSERT INTO other VALUES (1);' m/2_alone.sql
	run_pipe 0 'mig-ls second=m | mig-plan >plan'
	run_mig 7 mig-apply <plan
	assert_stderr_has ': step 1 of 1 stopped part-way'
}

@test "of several hosts both connections use one" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	mig-ls m | mig-plan >plan
	# a host that lets one connection through, and then no more
	${CC:-cc} -D_GNU_SOURCE -o proxy "$MIG_ROOT/tests/fault/proxy.c"
	# shellcheck disable=SC2016 # for the client
	PGPASSWORD=lab REAL=$PGPORT run_mig 4 ./proxy -l 1 -w up -k 1 -f run \
	    -a : -n -1 "$PGHOST/.s.PGSQL.$PGPORT" sh -c 'exec mig-apply -d \
	    "host=127.0.0.1,127.0.0.1 port=$PGPORT,$REAL" <plan'
	assert_stderr_has 'leads to another server'
	assert_eq "$(sql "SELECT to_regclass('a') IS NULL")" t
}

@test "COMMIT is done, its answer is lost: the history says so" {
	new_db whole
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	migration 2_b.sql <<<'CREATE TABLE b (id int);'
	mig-ls m | mig-plan >plan
	${CC:-cc} -D_GNU_SOURCE -o proxy "$MIG_ROOT/tests/fault/proxy.c"
	harm() {
		run_mig 0 ./proxy -t trace "$@" "$PGHOST/.s.PGSQL.$PGPORT" \
		    mig-apply -d 'keepalives_idle=1 tcp_user_timeout=1500' <plan
	}
	harm
	last=$(sed -n 's/^2 down \([0-9]*\) C COMMIT$/\1/p' trace | tail -n 1)
	for how in before hold; do
		new_db $how
		harm -l 2 -w down -k "$last" -f $how
		assert_stderr_has 'lost, but the last step is done'
		assert_output_has $'exit\t0\t2'
		assert_eq "$(log)" "apply 1 a
apply 2 b"
	done
}

@test "COMMIT is done, its answer is lost, and only a standby is left" {
	local last name standby
	new_db whole
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	mig-ls m | mig-plan >plan
	${CC:-cc} -D_GNU_SOURCE -o proxy "$MIG_ROOT/tests/fault/proxy.c"
	run_mig 0 ./proxy -t trace "$PGHOST/.s.PGSQL.$PGPORT" mig-apply <plan
	last=$(sed -n 's/^2 down \([0-9]*\) C COMMIT$/\1/p' trace | tail -n 1)
	new_db
	name=$PGDATABASE
	lab standby "$MIG_TEST_SERVER" 3>&-
	standby=$(lab url "$MIG_TEST_SERVER-standby")
	standby=${standby/\/postgres?//$name?}
	for _ in $(seq 200); do
		# it hears of nothing more
		psql -XAtqc 'SELECT pg_wal_replay_pause()' "$standby" \
		    >/dev/null 2>&1 && break
		sleep 0.05
	done
	# shellcheck disable=SC2016 # for the client
	SOCKET=${standby##*host=} run_mig 7 ./proxy -l 2 -w down -k "$last" \
	    -f before -n -1 "$PGHOST/.s.PGSQL.$PGPORT" sh -c 'exec mig-apply -d \
	    "host=$PGHOST,${SOCKET%%&*} port=$PGPORT,${SOCKET##*port=}" <plan'
	assert_stderr_has 'what became of step 1 is unknown'
	assert_eq "$(log)" 'apply 1 a'
	lab stop "$MIG_TEST_SERVER-standby" 3>&-
}

@test "a silent line is looked after, as the connection string has it" {
	new_db
	migration 1_sleep.sql <<<'SELECT pg_sleep(20);'
	mig-ls m | mig-plan >plan
	local most option port=$PGPORT seen
	while read -r most option; do
		background env PGPASSWORD=lab DATABASE_URL="host=127.0.0.1 \
		    port=$port dbname=$PGDATABASE user=lab $option" \
		    sh -c 'exec mig-apply <plan'
		wait_for "SELECT count(*) FROM pg_stat_activity
		    WHERE query LIKE '%pg_sleep%' AND state = 'active'
			AND datname = current_database()
			AND pid <> pg_backend_pid()" 1
		# of the kernel's table: connections to that port, and when each
		# will be asked, in hundredths of a second
		seen=$(awk -v port="$(printf ':%04X' "$port")" \
		    '$3 ~ port "$" && $6 ~ /^02:/ { print substr($6, 4) }' \
		    /proc/net/tcp)
		[ "$seen" ]
		for seen in $seen; do
			[ $((16#$seen)) -le "$most" ]
		done
		kill -TERM "$PID"
		wait "$PID" || :
	done <<-'END'
		3000
		700 keepalives_idle=7
	END
}

# ended_meanwhile ISOLATION: where that is the database's level.
ended_meanwhile() {
	local first
	new_db
	sql "ALTER DATABASE $PGDATABASE SET default_transaction_isolation = '$1'"
	sql 'CREATE TABLE gate (shut bool); INSERT INTO gate VALUES (true);
	    CREATE TABLE ran (what text)'
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		INSERT INTO ran SELECT CASE WHEN shut
		    THEN pg_advisory_xact_lock(1)::text ELSE '' END || '1' FROM gate;
		INSERT INTO ran VALUES ('2');
	SQL
	mig-ls m | mig-plan >plan
	background psql -XAtq -c 'SELECT pg_advisory_lock(1)' \
	    -c "SELECT pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND objid = 1 AND granted" 1
	mig-apply <plan >first 2>first.err 3>&- 4>&- &
	first=$!
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND objid = 1 AND NOT granted" 1
	# its lock is lost, and another takes over
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory' AND objid <> 1"
	sql 'UPDATE gate SET shut = false'
	run_mig 0 mig-apply <plan
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory' AND objid = 1 AND granted"
	status=0
	wait $first || status=$?
	cat first first.err
	assert_eq "$status" 8
	assert_match "$(cat first.err)" 'MG001: the history has gone on'
	assert_eq "$(sql 'SELECT string_agg(what, $$,$$ ORDER BY what) FROM ran')" 1,2
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "a step that another run has ended meanwhile: nothing runs twice" {
	ended_meanwhile 'read committed'
}

@test "the same where a transaction keeps its snapshot" {
	ended_meanwhile 'repeatable read'
}

@test "the same where transactions are serializable" {
	ended_meanwhile serializable
}

@test "a publication of all tables: what has run is recorded" {
	new_db
	PGOPTIONS='-c client_min_messages=error' sql \
	    'CREATE PUBLICATION everything FOR ALL TABLES'
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int PRIMARY KEY);
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		INSERT INTO t VALUES (1);
	SQL
	apply 0
	assert_eq "$(log)" 'apply 1 none'
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "another encoding in the text: the history is written in ours" {
	new_db
	migration 1_café.sql <<-'SQL'
		SET client_encoding = 'LATIN1';
		SELECT 'naïve';
	SQL
	migration 2_café.sql <<-'SQL'
		-- mig: no-transaction
		SET client_encoding = 'LATIN1';
		SELECT 'naïve';
	SQL
	apply 0
	assert_eq "$(sql "SELECT name, path, sql LIKE '%naïve%' FROM mig.log
	    ORDER BY seq")" $'café|m/1_café.sql|t\ncafé|m/2_café.sql|t'
	# and what the server says in that encoding
	migration 3_café.sql <<-'SQL'
		SET client_encoding = 'LATIN1';
		SELECT convert_from('\xc3a9', 'UTF8')::int;
	SQL
	apply 5
	assert_eq "$(sql "SELECT name || ' ' || error FROM mig.log
	    WHERE action = 'fail'")" 'café m/3_café.sql:2:1: ERROR 22P02: invalid input syntax for type integer: "\351"'
}
