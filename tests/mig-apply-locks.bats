# mig-apply: waiting for locks without an outage, and for whom.
# rounds: 13 18

# shellcheck disable=SC2016,SC2119,SC2120
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
	new_db
	sql 'CREATE TABLE t (id int)'
}

# hold SQL...: a session of the application `holder` that does that in a
# transaction and stays idle in it until let_go.
hold() {
	local sql
	rm -f hold.in
	mkfifo hold.in
	PGAPPNAME=holder background psql -XAtq -v ON_ERROR_STOP=1 -f hold.in
	exec 7>hold.in
	echo 'BEGIN;' >&7
	for sql; do
		echo "$sql;" >&7
	done
	echo "SET application_name = 'holds';" >&7
	wait_for "SELECT state FROM pg_stat_activity
	    WHERE application_name = 'holds'" 'idle in transaction'
}

let_go() {
	exec 7>&-
	wait "$PID"
}

@test "the directives say for one migration how long" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_a.sql <<-'SQL'
		-- mig: lock-timeout 20ms
		-- mig: retry 0
		ALTER TABLE t ADD a int;
	SQL
	apply 6 --lock-timeout 1h --retry 1h
	refute_output_has $'\nretry\t'
	migration 1_a.sql <<-'SQL'
		-- mig: retry 300ms
		ALTER TABLE t ADD a int;
	SQL
	apply 6 --lock-timeout 20 --retry 0
	assert_output_has $'\nretry\t'
	# of several in one transaction the longest counts
	migration 2_b.sql <<<'CREATE TABLE b (id int);'
	sed -i 's/300ms/0/' m/1_a.sql
	apply 6 -1 --lock-timeout 20 --retry 300ms
	assert_output_has $'\nretry\t'
	let_go
}

@test "a statement timeout, of the option or the directive" {
	local option
	migration 1_a.sql <<-'SQL'
		-- mig: statement-timeout 50ms
		SELECT pg_sleep(60);
	SQL
	apply 5 --statement-timeout 1h
	assert_stderr_has 'm/1_a.sql:2:1: ERROR 57014'
	assert_stderr_has 'hint: if by a statement timeout: --statement-timeout'
	migration 1_a.sql <<<'SELECT pg_sleep(60);'
	apply 5 --statement-timeout 50
	sed -i '1i -- mig: no-transaction' m/1_a.sql
	apply 5 --statement-timeout 50ms
	# that of the role is lifted by 0
	migration 1_a.sql <<-'SQL'
		-- mig: statement-timeout 0
		CREATE TABLE a AS SELECT current_setting('statement_timeout');
	SQL
	migration 2_b.sql <<<"CREATE TABLE b AS
	    SELECT current_setting('statement_timeout');"
	for option in -q -1; do
		PGOPTIONS='-c statement_timeout=7s' apply 0 $option
		assert_eq "$(sql 'TABLE a; TABLE b')" $'0\n7s'
		sql 'DROP TABLE a, b; DROP SCHEMA mig CASCADE' 2>/dev/null
	done
	PGOPTIONS='-c statement_timeout=7s' apply 0 --statement-timeout 1h
	assert_eq "$(sql 'TABLE a; TABLE b')" $'0\n1h'
}

# tried N [OPTION...]: `ALTER TABLE t` as the next step, in at least N tries,
# all of them in $tries, while what is in the way stays there.
tried() {
	local n=$1
	shift
	migration 1_a.sql <<<'ALTER TABLE t ADD a int;'
	apply 6 "$@"
	tries=$(grep ^retry <<<"$output")
	[ "$(wc -l <<<"$tries")" -ge "$n" ]
}

@test "who is in the way is named each time, and how" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE' 'SELECT 1 AS    one'
	local timeout
	for timeout in 300ms 50ms 1ms; do
		tried 2 --lock-timeout $timeout --retry 900ms
		refute grep -v ": blocked by pid [0-9]* (holds, idle in transaction\
 00:[0-9:]*): SET application_name = 'holds'" <<<"$tries"
		assert_stderr_has 'hint: blocked by pid'
	done
	# nobody waits at all
	migration 1_a.sql <<<'LOCK TABLE t NOWAIT;'
	apply 6 --retry 0
	assert_stderr_has 'hint: blocked by pid'
	assert_stderr_has '(holds, idle'
	let_go
}

@test "a statement timeout that ends a wait for a lock: who has it is named" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_a.sql <<-'SQL'
		DO $$ BEGIN
		    PERFORM pg_sleep(1);
		    ALTER TABLE t ADD a int;
		END $$;
	SQL
	apply 5 --statement-timeout 3s
	assert_stderr_has '57014'
	assert_match "$stderr" 'hint: blocked by pid [0-9]+ \(holds, idle'
	let_go
	migration 1_a.sql <<<'SELECT pg_sleep(60);'
	apply 5 --statement-timeout 1s
	refute_stderr_has 'blocked by'
}

@test "a wait for a lock ends before the statement timeout, and is tried again" {
	migration 1_a.sql <<-'SQL'
		-- mig: statement-timeout 400ms
		ALTER TABLE t ADD a int;
	SQL
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	apply 6 --retry 2s
	assert_output_has $'\nretry\t'
	assert_output_has $'\t55P03\t'
	migration 1_a.sql <<<'ALTER TABLE t ADD a int;'
	apply 6 --statement-timeout 400ms --lock-timeout 0 --retry 2s
	assert_output_has $'\t55P03\t'
	PGOPTIONS='-c statement_timeout=400ms' apply 6 --retry 2s
	assert_output_has $'\t55P03\t'
	let_go
	migration 1_a.sql <<<"CREATE TABLE a AS SELECT current_setting('lock_timeout');"
	PGOPTIONS='-c statement_timeout=7s' apply 0
	migration 2_b.sql <<<"CREATE TABLE b AS SELECT current_setting('lock_timeout');"
	PGOPTIONS='-c statement_timeout=4s' apply 0
	assert_eq "$(sql 'TABLE a; TABLE b')" $'5s\n3s'
}

@test "a procedure outside of a transaction that waits for a lock says so once" {
	sql "CREATE PROCEDURE p() LANGUAGE plpgsql AS
	    'BEGIN COMMIT; LOCK TABLE t; COMMIT; END'"
	migration 1_a.sql <<-'SQL'
		-- mig: no-transaction
		CALL p();
	SQL
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	mig-ls m | mig-plan >plan
	background sh -c 'exec mig-apply <plan' 7>&-
	for _ in $(seq 600); do
		! grep -q ^wait "$BATS_TEST_TMPDIR/bg.out" || break
		sleep 0.1
	done
	let_go
	wait "$PID"
	assert_eq "$(grep -c ^wait "$BATS_TEST_TMPDIR/bg.out")" 1
	assert_match "$(grep ^wait "$BATS_TEST_TMPDIR/bg.out")" \
	    $'^wait\t1\tapply\tmain\t1\t[0-9]+\tpid [0-9]+ \\(holds, idle'
}

@test "who is in the way where standard_conforming_strings is off" {
	local timeout
	sql "ALTER DATABASE $PGDATABASE SET standard_conforming_strings = off"
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	for timeout in 300ms 1ms; do
		tried 2 --lock-timeout $timeout --retry 900ms
		refute grep -v "): SET application_name = 'holds'" <<<"$tries"
		refute_stderr_has WARNING
	done
	let_go
}

@test "a chain: who really holds it comes first" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	PGAPPNAME=queued background psql -XAtq -c BEGIN -c 'LOCK TABLE t' \
	    7>&-
	local queued=$PID
	wait_for "SELECT wait_event_type FROM pg_stat_activity
	    WHERE application_name = 'queued'" Lock
	local timeout root
	root=$(sql "SELECT pid FROM pg_stat_activity
	    WHERE application_name = 'holds'")
	for timeout in 500ms 1ms; do
		tried 1 --lock-timeout $timeout --retry 300ms
		refute grep -v "blocked by pid $root (holds, .*; pid [0-9]* \
(queued, active [0-9:]*, waits for pid $root): LOCK TABLE t" <<<"$tries"
	done
	exec 7>&-
	wait "$queued"
}

@test "a prepared transaction is named, and no more than three are" {
	[ "$(sql 'SHOW max_prepared_transactions')" -gt 0 ] ||
	    skip "this server has no prepared transactions"
	sql "BEGIN; INSERT INTO t VALUES (1);
	    PREPARE TRANSACTION 'it''s $PGDATABASE'"
	local timeout
	for timeout in 300ms 1ms; do
		tried 1 --lock-timeout $timeout --retry 300ms
		refute grep -v "blocked by prepared transaction \
'it''s $PGDATABASE' ($PGUSER 00:" <<<"$tries"
	done
	sql "ROLLBACK PREPARED 'it''s $PGDATABASE'"
	local i
	for i in 1 2 3 4 5; do
		background psql -XAtq -c 'BEGIN' -c 'LOCK TABLE t IN ACCESS SHARE MODE' \
		    -c 'SELECT pg_sleep(60)'
	done
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass" 5
	tried 1 --lock-timeout 300ms --retry 300ms
	refute grep -v ' and 2 more$' <<<"$tries"
}

# build STATEMENT...: a step outside of a transaction.
build() {
	printf '%s;\n' '-- mig: no-transaction' "$@" | sed '1s/;$//' |
	    migration 1_a.sql
}

# held_up STATEMENT: it is not begun while what is in the way stays, and is
# done when that has gone.
held_up() {
	local progress
	build "$1"
	apply 6 --concurrently-wait 700ms
	assert_output_has $'\nwait\t1\tapply\tmain\t1\t'
	assert_match "$output" $'\tpid [0-9]+ \\(holds, idle in transaction|\tprepared transaction'
	assert_stderr_has "m/1_a.sql:2:1: not begun, since it would wait for p"
	progress=$(sql 'SELECT count(*) FROM mig.progress')
	assert_eq "$progress" 0
}

# went STATEMENT: it is done though others are at work.
went() {
	build "$1"
	apply 0 --concurrently-wait 0
	refute_output_has $'\nwait\t'
	rm -r m
	mkdir m
	sql 'DROP SCHEMA mig CASCADE' 2>/dev/null
}

@test "CREATE INDEX CONCURRENTLY waits for old snapshots first" {
	sql "CREATE TABLE other (id int)"
	hold 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' 'TABLE other'
	held_up 'CREATE INDEX CONCURRENTLY i ON t (id)'
	assert_eq "$(sql "SELECT to_regclass('i') IS NULL")" t
	apply 6 --concurrently-wait 0
	refute_output_has $'\nwait\t'
	# the directive goes before the option, and it goes on by itself
	sed -i '1i -- mig: concurrently-wait 1h' m/1_a.sql
	mig-ls m | mig-plan >plan
	mig-apply --concurrently-wait 0 <plan >report 2>&1 3>&- 4>&- 7>&- &
	local pid=$!
	until grep -q ^wait report; do
		alive $pid
		sleep 0.05
	done
	let_go
	wait $pid
	assert_eq "$(sql "SELECT indisvalid FROM pg_index
	    WHERE indexrelid = 'i'::regclass")" t
}

@test "CONCURRENTLY waits for locks on its table, as far as it must" {
	sql 'CREATE TABLE other (id int); CREATE INDEX i ON t (id);
	    CREATE INDEX "O ""\" ON other (id);
	    CREATE TABLE p (id int) PARTITION BY LIST (id);
	    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)'
	# a reader that is idle has no snapshot
	hold 'TABLE t' 'INSERT INTO other VALUES (1)' 'TABLE p1'
	went 'CREATE INDEX CONCURRENTLY j ON t (id)'
	held_up 'DROP INDEX CONCURRENTLY i'
	held_up 'REINDEX INDEX CONCURRENTLY i'
	held_up 'REINDEX (CONCURRENTLY) TABLE t'
	held_up 'CREATE INDEX CONCURRENTLY k ON public.other (id)'
	held_up 'REINDEX INDEX CONCURRENTLY "O ""\"'
	if [ "$MIG_SERVER_MAJOR" -ge 14 ]; then
		held_up 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY'
	fi
	let_go
	apply 0
	assert_eq "$(sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid")" 0
}

@test "CONCURRENTLY: the look does not wait for a locked partition itself" {
	min_server 14
	sql 'CREATE TABLE p (id int) PARTITION BY LIST (id);
	    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
	    CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)'
	hold 'LOCK TABLE p1, p2'
	held_up 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY'
	held_up 'REINDEX TABLE CONCURRENTLY p'
	let_go
}

@test "CONCURRENTLY waits for a prepared transaction on its table" {
	sql "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION '$PGDATABASE'"
	held_up 'CREATE INDEX CONCURRENTLY i ON t (id)'
	assert_stderr_has "wait for prepared transaction '$PGDATABASE' ("
	sql "COMMIT PREPARED '$PGDATABASE'"
	apply 0
}

@test "waiting for older transactions: part-way, and told to stop" {
	hold 'INSERT INTO t VALUES (1)'
	build 'CREATE TABLE b (id int)' 'CREATE INDEX CONCURRENTLY i ON t (id)'
	apply 7 --concurrently-wait 0
	assert_eq "$(sql "SELECT string_agg(statement || ' ' || state, ', ')
	    FROM mig.progress")" '1 done'
	mig-ls m | mig-plan >plan
	mig-apply <plan >report 2>&1 3>&- 4>&- 7>&- &
	local pid=$! rc=0
	until grep -q ^wait report; do
		alive $pid
		sleep 0.05
	done
	kill $pid
	wait $pid || rc=$?
	assert_eq $rc 143
	assert_eq "$(sql "SELECT to_regclass('i') IS NULL,
	    string_agg(statement || ' ' || state, ', ') FROM mig.progress")" \
	    't|1 done'
	let_go
	apply 0
}

@test "CONCURRENTLY has no timeout of the role's, but one of its own" {
	sql "INSERT INTO t VALUES (1);
	    CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS \$\$
	    BEGIN RAISE NOTICE 'lock % statement %',
		current_setting('lock_timeout'),
		current_setting('statement_timeout'); RETURN \$1; END \$\$"
	local -x PGOPTIONS='-c lock_timeout=7s -c statement_timeout=8s'
	build 'CREATE INDEX CONCURRENTLY i ON t (f(id))' \
	    "SET lock_timeout = '4s'" "SET statement_timeout = '9s'" \
	    'CREATE INDEX CONCURRENTLY j ON t (f(id))' \
	    'RESET statement_timeout' \
	    'CREATE INDEX CONCURRENTLY k ON t (f(id))' \
	    "DO 'BEGIN PERFORM public.f(1); COMMIT; END'"
	apply 0
	# the last is tried in a transaction first
	assert_eq "$(grep -o 'lock .*' <<<"$stderr" | uniq)" 'lock 0 statement 0
lock 0 statement 9s
lock 0 statement 0
lock 5s statement 8s
lock 4s statement 8s'
	migration 2_b.sql <<-'SQL'
		-- mig: no-transaction
		-- mig: statement-timeout 1h
		CREATE INDEX CONCURRENTLY l ON t (f(id));
	SQL
	apply 0
	assert_stderr_has 'lock 0 statement 1h'
}

@test "VACUUM FULL does not queue for ever: it is tried again" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	build 'VACUUM FULL t'
	apply 6 --lock-timeout 100ms --retry 300ms
	assert_match "$output" $'\nretry\t1\t.*: blocked by pid [0-9]+ \\(holds'
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	let_go
	apply 0
}

@test "VACUUM FULL behind another VACUUM: the same" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_b.sql <<<'CREATE TABLE b (id int);'
	migration 2_c.sql <<-'SQL'
		-- mig: no-transaction
		VACUUM b;
		VACUUM FULL t;
	SQL
	MIG_TIMEOUT=10 apply 7 --lock-timeout 100ms --retry 300ms
	assert_match "$output" $'\nretry\t2\t.*: blocked by pid [0-9]+ \\(holds'
	let_go
	apply 0
}

@test "VACUUM FULL and REINDEX of the catalogs: we stand in nobody's way" {
	sql 'CREATE TABLE flyway_schema_history (installed_rank int)'
	migration 1_v.sql <<-SQL
		-- mig: no-transaction
		VACUUM FULL;
		REINDEX SYSTEM "$PGDATABASE";
	SQL
	apply 0 --lock-timeout 1s --retry 0
}

@test "what is not in a transaction is tried for as long as any other" {
	sql 'CREATE TABLE u (id int)'
	PGAPPNAME=second background psql -XAtqc 'BEGIN' \
	    -c 'LOCK TABLE u IN ACCESS SHARE MODE' -c 'SELECT pg_sleep(600)'
	wait_for "SELECT count(*) FROM pg_locks
	    WHERE relation = 'u'::regclass AND granted" 1
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	build 'VACUUM FULL t; VACUUM FULL u'
	run_pipe 0 'mig-ls m | mig-plan >plan'
	mig-apply --lock-timeout 100ms --retry 2s <plan >report 2>err \
	    3>&- 4>&- 7>&- &
	local pid=$!
	until grep -q '^retry.*(holds' report; do
		alive $pid
		sleep 0.05
	done
	sleep 1.3
	let_go
	until grep -q '^retry.*(second' report; do
		alive $pid
		sleep 0.05
	done
	sleep 1.3
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE application_name = 'second'" >/dev/null
	wait $pid
	assert_eq "$(log)" 'apply 1 a'
}

@test "own: a transaction of the text is tried again from its BEGIN" {
	sql 'CREATE SEQUENCE tries; CREATE TABLE u (id int)'
	migration 1_a.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		INSERT INTO u VALUES (1);
		COMMIT AND CHAIN;
		SELECT nextval('tries');
		COPY u FROM stdin;
		2
		\.
		ALTER TABLE t ADD a int;
		COMMIT;
		BEGIN ISOLATION LEVEL SERIALIZABLE;
		COPY u FROM stdin;
		3
		\.
		COMMIT;
	SQL
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	apply 7 --lock-timeout 50ms --retry 300ms
	assert_match "$output" $'\nretry\t1\t.*: blocked by pid [0-9]+ \\(holds'
	assert_eq "$(sql 'TABLE u')" 1
	mig-ls m | mig-plan >plan
	mig-apply --lock-timeout 50ms <plan >report 2>err 3>&- 4>&- 7>&- &
	local pid=$!
	until [ "$(grep -c ^retry report)" -ge 2 ]; do
		alive $pid
		sleep 0.05
	done
	let_go
	wait $pid
	assert_eq "$(sql 'SELECT * FROM u ORDER BY id')" $'1\n2\n3'
	[ "$(sql 'SELECT last_value FROM tries')" -ge 5 ]
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	assert_eq "$(sql "SELECT string_agg(action, ' ' ORDER BY seq)
	    FROM mig.log")" 'fail resume'
	assert_eq "$(cat err)" ''
}

@test "own: nothing committed is busy; a PREPARE is not run twice" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_a.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		ALTER TABLE t ADD a int;
		COMMIT;
	SQL
	apply 6 --lock-timeout 20 --retry 200ms
	assert_output_has $'\nretry\t'
	sed -i 's/^BEGIN;/&\nPREPARE p AS SELECT 1;/' m/1_a.sql
	apply 6 --lock-timeout 20 --retry 200ms
	refute_output_has $'\nretry\t'
	let_go
	apply 0
}

@test "COPY with data is tried again with its data, in each mode" {
	local mode n=0
	for mode in '' no-transaction own-transaction; do
		n=$((n + 1))
		migration ${n}_a.sql <<-SQL
			${mode:+-- mig: $mode}
			${mode:+--}SELECT 1;
			COPY t FROM stdin;
			1
			2
			\\.
			INSERT INTO t VALUES (3);
		SQL
		hold 'LOCK TABLE t IN SHARE MODE'
		mig-ls m | mig-plan >plan
		mig-apply --lock-timeout 50ms <plan >report 2>err 3>&- 4>&- 7>&- &
		local pid=$!
		until [ "$(grep -c ^retry report)" -ge 2 ]; do
			alive $pid
			sleep 0.05
		done
		let_go
		wait $pid
		assert_eq "$(sql 'SELECT sum(id), count(*) FROM t')" '6|3'
		assert_eq "$(cat err)" ''
		sql 'TRUNCATE t'
	done
}

@test "a COMMIT that fails to serialize, or in a deadlock, is tried again" {
	sql "CREATE SEQUENCE tries;
	    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \$\$
	    BEGIN
		IF nextval('tries') % 3 <> 0 THEN
			RAISE 'again' USING ERRCODE =
			    CASE new.id WHEN 1 THEN '40001' ELSE '40P01' END;
		END IF;
		RETURN NULL;
	    END \$\$;
	    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON t DEFERRABLE
	    INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
	migration 1_tx.sql <<<'INSERT INTO t VALUES (1);'
	# its data have gone by when it fails
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		COPY t FROM stdin;
		2
		\.
	SQL
	migration 3_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		INSERT INTO t VALUES (1);
		COMMIT;
	SQL
	apply 0
	assert_eq "$(grep ^retry <<<"$output" | cut -f 5,7 | tr '\t\n' ' ,')" \
	    '1 40001,1 40001,2 40P01,2 40P01,3 40001,3 40001,'
	assert_eq "$(sql 'SELECT sum(id), count(*) FROM t')" '4|3'
	assert_eq "$(sql "SELECT string_agg(action, ' ') FROM mig.log")" \
	    'apply apply apply'
	# -1: all of it again
	sql "SELECT setval('tries', 3); TRUNCATE t; DROP SCHEMA mig CASCADE" \
	    2>/dev/null >/dev/null
	rm m/2* m/3*
	migration 2_tx.sql <<<'CREATE TABLE second (id int);'
	apply 0 -1
	assert_eq "$(grep ^retry <<<"$output" | cut -f 5,7 | tr '\t\n' ' ,')" \
	    '1 40001,1 40001,'
	assert_eq "$(sql 'SELECT sum(id), count(*) FROM t')" '1|1'
}

@test "a signal ends the pause between two tries" {
	local mode
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	for mode in '' '-- mig: no-transaction'; do
		printf '%s\n' "$mode" 'ALTER TABLE t ADD a int;' |
		    migration 1_a.sql
		mig-ls m | mig-plan >plan
		mig-apply --lock-timeout 1ms --retry 1h <plan >report 2>err \
		    3>&- 4>&- 7>&- &
		local pid=$! rc=0
		# pauses of some seconds by then
		until [ "$(grep -c ^retry report)" -ge 5 ]; do
			alive $pid
			sleep 0.05
		done
		kill $pid
		wait $pid || rc=$?
		assert_eq $rc 143
		assert_match "$(cat err)" 'stopped: step 1 of 1 is rolled back'
		assert_eq "$(tail -2 report | head -1)" $'exit\t143\t0'
	done
	let_go
}

@test "who was queued behind a try gets through in the pause" {
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	migration 1_a.sql <<<'ALTER TABLE t ADD a int;'
	mig-ls m | mig-plan >plan
	mig-apply --lock-timeout 1s --retry 1h <plan >report 2>err \
	    3>&- 4>&- 7>&- &
	local pid=$! queued=0 n
	# a reader that comes while the ALTER waits stands behind it
	for n in 1 2 3; do
		wait_for "SELECT count(*) > 0 FROM pg_locks
		    WHERE relation = 't'::regclass AND NOT granted" t
		PGOPTIONS='-c lock_timeout=1min' sql 'TABLE t'
		queued=$((queued + 1))
	done
	assert_eq $queued 3
	grep -q ^retry report
	alive $pid
	let_go
	wait $pid
}

@test "without a right to see others, they are waited for and named too" {
	new_role plain LOGIN
	sql "GRANT CREATE ON DATABASE $PGDATABASE TO $ROLE;
	    GRANT ALL ON SCHEMA public TO $ROLE; ALTER TABLE t OWNER TO $ROLE"
	hold 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' 'TABLE t'
	local -x PGUSER=$ROLE
	build 'CREATE INDEX CONCURRENTLY i ON t (id)'
	apply 6 --concurrently-wait 0
	assert_match "$stderr" 'would wait for pid [0-9]+ \(holds\): what it does is for pg_read_all_stats'
	build 'ALTER TABLE t ADD a int'
	sed -i 1d m/1_a.sql
	apply 6 --lock-timeout 20 --retry 0
	assert_match "$stderr" 'blocked by pid [0-9]+ \(holds\): what it does is for pg_read_all_stats'
	let_go
	apply 0
}

@test "a history that somebody keeps locked is not waited for without end" {
	local command step
	local -a pids=()
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	apply 0
	for step in 'CREATE TABLE b (id int);' \
	    $'-- mig: no-transaction\nVACUUM a;'; do
		migration 2_b.sql <<<"$step"
		mig-ls m | mig-plan >plan
		hold 'LOCK TABLE mig.log, mig.progress IN SHARE MODE'
		run_mig 6 mig-apply --lock-timeout 100 --retry 1 <plan
		assert_output_has $'\nretry\t1\tapply'
		assert_stderr_has 'history: ERROR 55P03'
		let_go
	done
	hold 'LOCK TABLE mig.log'
	for command in 'mig-apply <plan' 'mig-ls m | mig-plan' 'mig-ls -d'; do
		bash -c "$command" >"out.${#pids[@]}" 2>"err.${#pids[@]}" \
		    3>&- 4>&- &
		pids+=($!)
	done
	for step in 0 1 2; do
		status=0
		wait "${pids[step]}" || status=$?
		assert_eq "$status" 6 "$(cat err.$step)"
		assert_match "$(cat err.$step)" \
		    'another session keeps a table of schema "mig" locked'
	done
	let_go
	assert_eq "$(log)" 'apply 1 a'
	run_mig 0 mig-apply <plan
}
