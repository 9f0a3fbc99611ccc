# Migrations that stopped part-way, outside of one transaction: what mig-plan
# finds out about them, and that mig-apply goes on from there.

load helpers
load mig-resume

@test "an index that our build left invalid is dropped and built again" {
	new_db
	stopped_at_index
	mend
	plan 0
	assert_stderr_has 'statement 3: index public.t_id is invalid, left by'
	assert_stderr_has 'goes on from statement 3 of 4'
	assert_eq "$(resume_of_plan)" \
	    '3	DROP INDEX CONCURRENTLY IF EXISTS public.t_id'
	run_mig 0 mig-apply <plan
	assert_output_has $'done\t1\tresume\tmain\t2\t'
	assert_eq "$(valid t_id)" t
	assert_eq "$(sql "SELECT to_regclass('behind') IS NOT NULL")" t
	assert_eq "$(log)" "apply 1 t
fail 2 index
resume 2 index"
	assert_eq "$(progress)" ''
	plan 0
	assert_eq "$(grep -c '^step' plan)" 0
	run_mig 0 mig-ls -d --verify
}

@test "it fails again, and again it can go on" {
	new_db
	stopped_at_index
	plan 0
	run_mig 7 mig-apply <plan
	assert_stderr_has 'm/2_index.sql:4:1: ERROR 23505'
	assert_eq "$(progress)" '1 done, 2 done, 3 intent'
	mend
	apply 0
	assert_eq "$(valid t_id)" t
}

@test "nobody's index but ours is dropped" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	apply 0
	sql 'CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)' 2>/dev/null || :
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE before (id int);
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	apply 7
	assert_stderr_has 'ERROR 42P07'
	assert_eq "$(progress)" '1 done'
	plan 0
	assert_eq "$(resume_of_plan)" '2	-'
	run_mig 7 mig-apply <plan
	assert_eq "$(valid t_id)" f
	# a valid one is not taken for what the migration was to build
	mend
	sql 'REINDEX INDEX t_id'
	apply 7
	assert_stderr_has 'ERROR 42P07'
	assert_eq "$(progress)" '1 done'
}

@test "what is to be dropped is somebody else's by now" {
	new_db
	stopped_at_index
	mend
	plan 0
	assert_eq "$(resume_of_plan)" \
	    '3	DROP INDEX CONCURRENTLY IF EXISTS public.t_id'
	sql 'DROP INDEX t_id; CREATE INDEX t_id ON before (id)'
	run_mig 8 mig-apply <plan
	assert_stderr_has 't_id is there, but no index of that table'
	assert_eq "$(valid t_id)" t
}

@test "killed while it builds: busy as long as the server goes on" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	apply 0
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE behind (id int);
	SQL
	plan 0
	# a snapshot, for which the build waits in the end
	gate 'CREATE INDEX'
	background sh -c 'exec mig-apply <plan'
	local pid=$PID
	at_gate
	background psql -XAtqc "BEGIN ISOLATION LEVEL REPEATABLE READ;
	    SELECT count(*) FROM t; SELECT pg_sleep(60)"
	local holder=$PID
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 1
	open_gate
	wait_for "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass" 1
	kill -9 "$pid"
	assert_eq "$(progress)" '1 intent'
	plan 6
	assert_stderr_has 'm/2_index.sql:2:1: statement 1: pid '
	assert_stderr_has 'is at work on it still'
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'
		AND datname = current_database()" >/dev/null
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'
		AND datname = current_database()" 0
	kill "$holder"
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" \
	    >/dev/null
	apply 0
	assert_eq "$stderr" '' 'nothing is left to say'
	assert_eq "$(valid t_id)" t
	assert_eq "$(log)" "apply 1 t
resume 2 index"
}

@test "the build had ended, but nobody saw it: it is done" {
	new_db
	stopped_at_index
	mend
	sql 'DROP INDEX t_id; CREATE UNIQUE INDEX t_id ON t (id)'
	plan 0
	assert_stderr_has 'statement 3: index public.t_id is valid: it is done'
	assert_eq "$(resume_of_plan)" '4	-'
	# and when it is not so any more, nothing runs
	sql 'DROP INDEX t_id'
	run_mig 8 mig-apply <plan
	assert_stderr_has 'statement 3 is not as it was when the plan was made'
	assert_eq "$(sql "SELECT to_regclass('behind') IS NULL")" t
	plan 0
	assert_stderr_has 'there is no index public.t_id: it runs again'
	assert_eq "$(resume_of_plan)" '3	-'
	run_mig 0 mig-apply <plan
	assert_eq "$(valid t_id)" t
}

@test "a failure in between: the text behind it may be mended" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1);
		SELECT 1 / 0;
		INSERT INTO t VALUES (3);
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/1_part.sql
	plan 0
	assert_eq "$(resume_of_plan)" '3	-'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT string_agg(id::text, ' ') FROM t")" '1 3'
}

@test "another beginning than what ran: refused, and shown" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int);
		SELECT 1 / 0;
	SQL
	apply 7
	sed -i 's/id int/id bigint/' m/1_part.sql
	plan 8
	assert_stderr_has 'm/1_part.sql:2:1: statement 1 is not the one that ran'
	assert_stderr_has '-CREATE TABLE t (id int);'
	assert_stderr_has '+CREATE TABLE t (id bigint);'
	assert_stderr_has 'hint: put the old beginning back'
	# shorter than what is done
	migration 1_part.sql <<<'-- mig: no-transaction'
	plan 8
	assert_stderr_has 'the text has 0 statements now, but 1 had run or begun'
}

@test "a statement that was begun: put back, or settled" {
	new_db
	stopped_at_index
	sed -i 's/t_id ON/t_other ON/' m/2_index.sql
	plan 8
	assert_stderr_has 'm/2_index.sql:4:1: statement 3 is not the one that was'
	assert_stderr_has 'mig-plan --settle main:2=again'
	sql 'DROP INDEX t_id'
	mend
	plan 0 --settle main:2=again
	run_mig 0 mig-apply <plan
	assert_eq "$(valid t_other)" t
}

@test "an open statement that is taken out: the same" {
	new_db
	stopped_at_index
	sed -i '/CONCURRENTLY/,$d' m/2_index.sql
	plan 8
	assert_stderr_has 'the text has 2 statements now, but 3 had run or begun'
	sql 'DROP INDEX t_id'
	plan 0 --settle 2=again
	run_mig 0 mig-apply <plan
	assert_eq "$(progress)" ''
}

@test "long names, and a schema of the search_path" {
	new_db
	local name
	name=$(printf 'i%.0s' {1..70})
	migration 1_t.sql <<-'SQL'
		CREATE SCHEMA a;
		CREATE SCHEMA b;
		CREATE TABLE a.t (id int);
		CREATE TABLE b.t (id int);
		CREATE INDEX i ON a.t (id);
		CREATE INDEX i ON b.t (id);
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	migration 2_long.sql <<-SQL
		-- mig: no-transaction
		CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS $name ON t (id);
	SQL
	apply 7
	assert_eq "$(progress)" '1 intent'
	mend
	apply 0
	assert_eq "$(valid "${name:0:63}")" t
	# another index of the same name is not the one that was to go
	migration 3_drop.sql <<-'SQL'
		-- mig: no-transaction
		SET search_path = a, b;
		DROP INDEX CONCURRENTLY i;
	SQL
	sha() {
		printf '%s' "$1" | sha256sum | cut -c 1-64
	}
	sql "INSERT INTO mig.progress VALUES
	    ('main', '3', 'drop', 'apply', 1, 2,
		'$(sha 'SET search_path = a, b')', 'done'),
	    ('main', '3', 'drop', 'apply', 2, 2,
		'$(sha 'DROP INDEX CONCURRENTLY i')', 'intent');
	    DROP INDEX a.i"
	plan 8
	assert_stderr_has 'perhaps of another schema of the search_path'
	plan 0 --settle 3=done
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT to_regclass('b.i') IS NOT NULL")" t
	# of two, one that is gone says nothing
	migration 4_two.sql <<-'SQL'
		-- mig: no-transaction
		DROP INDEX CONCURRENTLY b.gone, b.i;
	SQL
	apply 7
	plan 8
	assert_stderr_has 'which index is it?'
}

@test "nothing is left of a mistake, whatever the role" {
	new_db
	new_role owner
	migration 1_t.sql <<-SQL
		CREATE TABLE t (id int);
		ALTER TABLE t OWNER TO $ROLE;
		GRANT CREATE ON SCHEMA public TO $ROLE;
	SQL
	migration 2_column.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $ROLE
		CREATE INDEX CONCURRENTLY t_id ON t (nosuch);
	SQL
	apply 5
	assert_eq "$(progress)" ''
	sed -i 's/ t (nosuch)/ nosuch (id)/' m/2_column.sql
	apply 5
	assert_eq "$(progress)" ''
	sed -i 's/nosuch/t/' m/2_column.sql
	apply 0
	assert_eq "$(valid t_id)" t
}

@test "temporary things by other words; what was rolled back is none" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		SELECT 1 AS id INTO TEMP mine;
		SELECT 1 / 0;
	SQL
	apply 7
	plan 8
	assert_stderr_has 'statement 1 left something in its session'
	refute_stderr_has 'the text has'
	plan 0 --forget
	run_mig 0 mig-apply <plan
	rm m/1_part.sql
	migration 2_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		SET search_path = pg_temp;
		CREATE TEMP TABLE x (id int);
		ROLLBACK;
		BEGIN;
		CREATE TABLE a (id int);
		COMMIT;
		SELECT 1 / 0;
		CREATE TABLE b (id int);
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/2_own.sql
	apply 0
	assert_eq "$(sql "SELECT to_regclass('public.b') IS NOT NULL")" t
}

@test "the last statement of a file that is read in, without semicolon" {
	new_db
	printf 'CREATE TABLE k (id int)\n' >m/kid.inc
	migration 1_in.sql <<-'SQL'
		-- mig: no-transaction
		\ir kid.inc
		SELECT 1 / 0;
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/1_in.sql
	apply 0
}

@test "a callback that stopped part-way begins anew" {
	new_db
	migration V1__t.sql <<<'CREATE TABLE t (id int);'
	migration beforeMigrate.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS begun (id int);
		SELECT 1 / 0;
	SQL
	echo 'executeInTransaction=false' >m/beforeMigrate.sql.conf
	apply 7
	sed -i 's,1 / 0,1,' m/beforeMigrate.sql
	apply 0
	assert_eq "$(progress)" ''
}

@test "what no catalog tells is left to a person" {
	new_db
	migration 1_p.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE PROCEDURE p(n int) LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO t VALUES (1);
			COMMIT;
			PERFORM 1 / n;
		END $$;
	SQL
	apply 0
	migration 2_call.sql <<-'SQL'
		-- mig: no-transaction
		CALL p(0);
		CREATE TABLE behind (id int);
	SQL
	apply 7
	plan 8
	assert_stderr_has 'm/2_call.sql:2:1: statement 1 was begun outside of a'
	assert_stderr_has '--settle main:2=done or =again'
	plan 2 --settle 2=again --settle 1=done
	assert_stderr_has 'no such migration that stopped within a statement'
	plan 2 --settle 2
	assert_stderr_has 'NAME=done or NAME=again'
	plan 0 --settle 2=again
	assert_eq "$(resume_of_plan)" '1	-'
	plan 0 --settle 2=done
	assert_eq "$(resume_of_plan)" '2	-'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql 'SELECT count(*) FROM t')" 1
	assert_eq "$(sql "SELECT to_regclass('behind') IS NOT NULL")" t
}

@test "a variable in the open statement: left to a person" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	apply 0
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON :"table" (id);
	SQL
	apply 7 -v table=t
	plan 8
	assert_stderr_has 'it holds a variable'
	sql 'DROP INDEX t_id'
	mend
	plan 0 --settle main:2=again
	run_mig 0 mig-apply -v table=t <plan
	assert_eq "$(valid t_id)" t
}

@test "settings of what is done hold for the rest" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE SCHEMA app;
		SET search_path = app;
		SELECT set_config('work_mem', '7MB', false);
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE setting AS SELECT current_setting('work_mem') AS is;
	SQL
	apply 7
	sql 'DELETE FROM app.t WHERE ctid = (SELECT min(ctid) FROM app.t)'
	plan 0
	assert_eq "$(resume_of_plan)" \
	    '6	DROP INDEX CONCURRENTLY IF EXISTS app.t_id'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql 'SELECT "is" FROM app.setting')" 7MB
}

@test "a library that was loaded is loaded again" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		LOAD 'auto_explain';
		SELECT 1 / 0;
		SHOW auto_explain.log_analyze;
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/1_part.sql
	plan 0
	run_mig 0 mig-apply <plan
}

@test "what was left in the session is lost: refused" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TEMPORARY TABLE mine (id int);
		SELECT 1 / 0;
	SQL
	apply 7
	plan 8
	assert_stderr_has 'm/1_part.sql:2:1: statement 1 left something in its'
	plan 0 --forget
	run_mig 0 mig-apply <plan
}

# DETACH CONCURRENTLY that was cancelled half-way; 13 has no such command.
stopped_at_detach() {
	min_server 14
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int) PARTITION BY RANGE (id);
		CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (10);
	SQL
	apply 0
	migration 2_detach.sql <<-'SQL'
		-- mig: no-transaction
		ALTER TABLE t DETACH PARTITION t_1 CONCURRENTLY;
		CREATE TABLE behind (id int);
	SQL
	plan 0
	gate 'ALTER TABLE'
	background sh -c 'exec mig-apply <plan'
	at_gate
	background psql -XAtqc "BEGIN; SELECT count(*) FROM t;
	    SELECT pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 1
	open_gate
	wait_for "SELECT count(*) FROM pg_inherits WHERE inhdetachpending" 1
	sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	    WHERE query LIKE '%DETACH PARTITION%'
		AND pid <> pg_backend_pid()" >/dev/null
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'
		AND datname = current_database()" 0
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" \
	    >/dev/null
	assert_eq "$(progress)" '1 intent'
}

@test "a partition that is half detached is finished" {
	stopped_at_detach
	plan 0
	assert_eq "$(resume_of_plan)" \
	    '2	ALTER TABLE t DETACH PARTITION t_1 FINALIZE'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT count(*) FROM pg_inherits
	    WHERE inhrelid = 't_1'::regclass")" 0
	assert_eq "$(sql "SELECT to_regclass('behind') IS NOT NULL")" t
}

@test "to finish a partition, nobody is held up for longer than a lock may take" {
	stopped_at_detach
	plan 0
	background psql -XAtqc "BEGIN; SELECT count(*) FROM t_1;
	    SELECT pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 1
	run_mig 7 mig-apply --lock-timeout 50ms --retry 200ms <plan
	assert_output_has $'\nretry\t1\tresume\tmain\t2\t'
	assert_output_has 'blocked by pid '
	assert_stderr_has 'ERROR 55P03'
	assert_stderr_has 'hint: it runs ALTER TABLE t DETACH PARTITION t_1 FINALIZE first, blocked by pid '
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" \
	    >/dev/null
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 0
	apply 0
	assert_eq "$(progress)" ''
}

@test "a partition that somebody else detached, attached, dropped" {
	stopped_at_detach
	sql 'ALTER TABLE t DETACH PARTITION t_1 FINALIZE'
	plan 0
	assert_stderr_has 'partition t_1 is detached'
	assert_eq "$(resume_of_plan)" '2	-'
	sql 'ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES FROM (1) TO (10)'
	plan 0
	assert_stderr_has 'partition t_1 is still attached'
	assert_eq "$(resume_of_plan)" '1	-'
	sql 'DROP TABLE t_1'
	plan 8
	assert_stderr_has 'table t or its partition t_1 is not there'
}

@test "DROP INDEX CONCURRENTLY: gone is done, there runs again" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);
		CREATE INDEX t_id ON t (id);'
	apply 0
	migration 2_drop.sql <<-'SQL'
		-- mig: no-transaction
		DROP INDEX CONCURRENTLY t_id;
	SQL
	# as it is when mig-apply was killed within it
	sha=$(printf 'DROP INDEX CONCURRENTLY t_id' | sha256sum | cut -c 1-64)
	sql "INSERT INTO mig.progress VALUES ('main', '2', 'drop', 'apply', 1,
	    1, '$sha', 'intent')"
	plan 0
	assert_stderr_has 'index t_id is still there: it runs again'
	assert_eq "$(resume_of_plan)" '1	-'
	cp plan again
	sql 'DROP INDEX t_id'
	run_mig 8 mig-apply <again
	plan 0
	assert_eq "$(resume_of_plan)" '2	-'
	assert_stderr_has 'm/2_drop.sql: nothing of it is left to run'
	run_mig 0 mig-apply <plan
	assert_eq "$(log)" "apply 1 t
fail 2 drop
resume 2 drop"
	# what was never there is a failure, and nothing is left of it
	migration 3_drop.sql <<-'SQL'
		-- mig: no-transaction
		DROP INDEX CONCURRENTLY t_id;
	SQL
	apply 5
	assert_stderr_has 'ERROR 42704'
	assert_eq "$(progress)" ''
}

@test "DROP INDEX CONCURRENTLY that failed behind its beginning is no rollback" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);
		CREATE INDEX t_id ON t (id);'
	apply 0
	sql "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql
	    AS 'BEGIN RAISE ''refused''; END'"
	sql 'CREATE EVENT TRIGGER refuse ON sql_drop EXECUTE FUNCTION refuse()'
	migration 2_drop.sql <<-'SQL'
		-- mig: no-transaction
		DROP INDEX CONCURRENTLY t_id;
	SQL
	apply 7
	assert_eq "$(sql "SELECT indisvalid FROM pg_index
	    WHERE indexrelid = 't_id'::regclass")" f
	sql 'DROP EVENT TRIGGER refuse'
	apply 0
	assert_eq "$(progress)" ''
	assert_eq "$(sql "SELECT to_regclass('t_id') IS NULL")" t
}

@test "own: it goes on behind the last transaction that is done" {
	new_db
	migration 1_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1);
		COMMIT;
		BEGIN;
		INSERT INTO t VALUES (2);
		ROLLBACK;
		BEGIN;
		INSERT INTO t VALUES (3);
		SELECT 1 / (count(*) - 2) FROM t;
		COMMIT;
	SQL
	apply 7
	assert_eq "$(sql 'SELECT count(*) FROM t')" 1
	sql 'INSERT INTO t VALUES (4)'
	plan 0
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT string_agg(id::text, ' ' ORDER BY id)
	    FROM t")" '1 3 4'
	assert_eq "$(progress)" ''
}

@test "a revert that stopped part-way goes on too" {
	new_db
	migration 1_t.up.sql <<<'CREATE TABLE a (id int); CREATE TABLE b (id int);'
	migration 1_t.down.sql <<-'SQL'
		-- mig: no-transaction
		DROP TABLE a;
		SELECT 1 / 0;
		DROP TABLE b;
	SQL
	apply 0
	plan 0 --revert 1
	run_mig 7 mig-apply <plan
	plan 8
	assert_stderr_has 'partial 1/3: revert stopped there'
	assert_stderr_has 'mig-plan --revert'
	sed -i 's,1 / 0,1,' m/1_t.down.sql
	plan 0 --revert 1
	assert_eq "$(resume_of_plan)" '2	-'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT count(*) FROM pg_tables
	    WHERE schemaname = 'public'")" 0
	plan 0
	assert_eq "$(grep -c '^step	1	apply	main	1' plan)" 1
}

@test "a repeatable that stopped part-way goes on too" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	migration 2_fill.sql <<-'SQL'
		-- mig: repeatable
		-- mig: no-transaction
		INSERT INTO t VALUES (1);
		SELECT 1 / (count(*) - 1) FROM t;
		INSERT INTO t VALUES (2);
	SQL
	apply 7
	sql 'INSERT INTO t VALUES (0)'
	apply 0
	assert_eq "$(sql "SELECT string_agg(id::text, ' ' ORDER BY id)
	    FROM t")" '0 1 2'
	plan 0
	assert_eq "$(grep -c '^step' plan)" 0
}

@test "an index that the rest needs, by a role that may" {
	new_db
	new_role owner
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_t.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	migration 2_index.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $ROLE
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE behind (id int);
	SQL
	apply 7
	mend
	apply 0
	assert_eq "$(sql "SELECT tableowner FROM pg_tables
	    WHERE tablename = 'behind'")" "$ROLE"
	assert_eq "$(valid t_id)" t
}

@test "status, JSON, and what a person sees of it" {
	new_db
	stopped_at_index
	run_pipe 0 'mig-ls m | mig-plan --status | grep partial'
	assert_output_has 'partial 2/4'
	run_pipe 0 'mig-ls m | mig-plan --json -q | grep resume'
	assert_output_has '"statement":3,"first":"DROP INDEX CONCURRENTLY IF'
}
