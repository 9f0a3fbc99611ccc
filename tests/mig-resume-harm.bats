# Migrations that stopped part-way, and all that may come between then and now:
# what belongs to others, what was moved, what goes on still, another text.

load helpers
load mig-resume

sha() {
	printf '%s' "$1" | sha256sum | cut -c 1-64
}

# begun VERSION STATEMENT...: as it is when mig-apply was killed within the last
# of these statements of that migration, outside of a transaction.
begun() {
	local version=$1 k=0 state='done'
	shift
	while [ $# -gt 0 ]; do
		[ $# -gt 1 ] || state=intent
		k=$((k + 1))
		sql "INSERT INTO mig.progress (series, version, name, action,
		    statement, statements, sha256, state) VALUES ('main',
		    '$version', 'x', 'apply', $k, 9, '$(sha "$1")', '$state')"
		shift
	done
}

# The statements of its standard input, each in a line, are what migration
# VERSION consists of, and the last of them was begun.
begun_file() {
	local lines
	mapfile -t lines
	{
		echo '-- mig: no-transaction'
		printf '%s;\n' "${lines[@]}"
	} | migration "$1_x.sql"
	sql 'DELETE FROM mig.progress'
	begun "$1" "${lines[@]}"
}

history() {
	migration 1_t.sql <<<"${1-CREATE TABLE t (id int);}"
	apply 0
}

# An index of that name that somebody has built, and that is invalid.
foreign_index() {
	echo "CREATE INDEX t_id ON t (id);
	    UPDATE pg_index SET indisvalid = false
	    WHERE indexrelid = 't_id'::regclass;"
}

# hold SQL: in a transaction that stays open until the file go is there.
hold() {
	rm -f go
	mkfifo in
	background psql -XAtqf in
	exec 7>in
	echo "BEGIN; $1; SELECT 'held';" >&7
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE state = 'idle in transaction' AND query ~ 'held'" 1
}

let_go() {
	echo "$1; COMMIT;" >&7
	exec 7>&-
	rm in
}

waiting() {
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE wait_event_type = 'Lock' AND query ~ '^$1'
		AND application_name = 'mig-apply'" 1
}

@test "an index that another session makes first is not dropped" {
	new_db
	history
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE before (id int);
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	plan 0
	gate 'CREATE INDEX'
	background sh -c 'exec mig-apply <plan'
	at_gate
	hold 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE'
	open_gate
	waiting CREATE
	sql 'DROP EVENT TRIGGER gate'
	let_go "$(foreign_index)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'" 0
	assert_eq "$(progress)" '1 done'
	grep -q 'ERROR 42P07' "$BATS_TEST_TMPDIR/bg.out"
	plan 0
	assert_eq "$(resume_of_plan)" '2	-'
	run_mig 7 mig-apply <plan
	assert_eq "$(valid t_id)" f
}

@test "nor one that IF NOT EXISTS finds" {
	new_db
	history
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE before (id int);
		CREATE INDEX CONCURRENTLY IF NOT EXISTS t_id ON t (id);
	SQL
	plan 0
	gate 'CREATE INDEX'
	background sh -c 'exec mig-apply <plan'
	at_gate
	hold 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE'
	open_gate
	waiting CREATE
	sql 'DROP EVENT TRIGGER gate'
	let_go "$(foreign_index)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'" 0
	assert_eq "$(progress)" '1 done'
	grep -q 'index t_id is invalid' "$BATS_TEST_TMPDIR/bg.out"
	apply 7
	assert_eq "$(valid t_id)" f
	sql 'DROP INDEX t_id'
	apply 0
	assert_eq "$(valid t_id)" t
}

@test "an index of that name and table, but another one" {
	new_db
	local def
	migration 1_t.sql <<<"CREATE TABLE t (id int, note text);
	    INSERT INTO t VALUES (2, 'x'), (2, 'x')"
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id, lower(note),
		    note COLLATE "C", note text_ops)
		WHERE id > 1 AND note IN ('x', 'y') -- these
		;
	SQL
	apply 7
	assert_eq "$(progress)" '1 intent'
	sql 'DELETE FROM t'
	while read -r def; do
		sql "DROP INDEX t_id; CREATE $def"
		plan 8
		assert_stderr_has 'index public.t_id is valid, but not the one'
		assert_stderr_has 'mig-plan --settle main:2=done or =again'
	done <<-'END'
		INDEX t_id ON t (id, lower(note), note COLLATE "C", note) WHERE note IN ('x', 'y')
		INDEX t_id ON t (note)
		UNIQUE INDEX t_id ON t (id, lower(note), note, note) WHERE id > 1 AND note IN ('x', 'y')
		UNIQUE INDEX t_id ON t (id, lower(note), note COLLATE "POSIX", note) WHERE id > 1 AND note IN ('x', 'y')
		UNIQUE INDEX t_id ON t (id, lower(note), note COLLATE "C", note text_pattern_ops) WHERE id > 1 AND note IN ('x', 'y')
		UNIQUE INDEX t_id ON t (id, upper(note), note COLLATE "C", note) WHERE id > 1 AND note IN ('x', 'y')
		UNIQUE INDEX t_id ON t (id, lower(note), note COLLATE "C", note) WHERE id > 1 AND note IN ('x', 'z')
	END
	# who may not read the table compares the rest
	new_role reader LOGIN
	sql "GRANT USAGE ON SCHEMA mig TO $ROLE;
	    GRANT SELECT ON ALL TABLES IN SCHEMA mig TO $ROLE"
	PGUSER=$ROLE plan 0
	assert_stderr_has 'index public.t_id is valid: it is done'
	sql 'DROP INDEX t_id; CREATE INDEX t_id ON t (id, lower(note))'
	PGUSER=$ROLE plan 8
	sql "REVOKE ALL ON ALL TABLES IN SCHEMA mig FROM $ROLE;
	    REVOKE ALL ON SCHEMA mig FROM $ROLE"
	# an invalid one is not ours either
	sql "DROP INDEX t_id; INSERT INTO t VALUES (2, 'x'), (2, 'x')"
	refute sql 'CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)'
	plan 8
	assert_stderr_has 'index public.t_id is invalid, but not the one'
	sql "DROP INDEX t_id; DELETE FROM t;
	    CREATE UNIQUE INDEX t_id ON t USING btree (id ASC, (lower((note))),
	    note COLLATE pg_catalog.\"C\", note)
	    WHERE (id > 1) AND (note = ANY (ARRAY['x', 'y']))"
	plan 0
	assert_stderr_has 'index public.t_id is valid: it is done'
	run_mig 0 mig-apply <plan
	assert_eq "$(progress)" ''
}

@test "an index that the server puts in words of its own is the same" {
	new_db
	history 'CREATE TABLE t (id int, v varchar(10), d date, j jsonb, a int[]);'
	local def n=0
	while read -r def; do
		sql "CREATE INDEX t_i ON t $def"
		begun_file 2 <<<"CREATE INDEX CONCURRENTLY t_i ON t $def"
		plan 0
		assert_stderr_has 'index public.t_i is valid: it is done'
		sql 'DROP INDEX t_i'
		n=$((n + 1))
	done <<-'END'
		((v), "v", ID, (("d")))
		(v varchar_pattern_ops, d DESC NULLS LAST)
		((v COLLATE "C"), (lower(v) COLLATE "C"))
		(lower(v) COLLATE "C" text_pattern_ops)
		(v) WHERE v IN ('a', 'b') AND id BETWEEN 1 AND 5
		(v) WHERE v NOT IN ('a') OR d > '2020-01-01' OR v LIKE 'a%'
		USING gin (j jsonb_path_ops)
		USING gin ((j -> 'a'), a) WITH (fastupdate = off)
		((j ->> 'a'), (id + 1), coalesce(v, 'x')) INCLUDE (id, d)
		(date_trunc('month', d::timestamp), CAST(v AS text))
		((CASE WHEN id > 1 THEN 1 ELSE 2 END), GREATEST(id, 1))
		(id) WHERE id = ANY ('{1,2}') AND NOT (id = 1) AND true
		(substring(v from 1 for 3), trim(v), (a[1]))
		(id) WHERE j ? 'a' AND j @> '{"a": 1}'
		(id) WHERE (id, v) IS DISTINCT FROM (1, 'x')
		(id) WHERE v SIMILAR TO 'a_c' AND NOT v ILIKE 'y'
		(id) WHERE d = ANY (ARRAY['2020-01-01']::date[])
		((id::numeric(10, 2)), (v::char(3)))
		((v || E'\\x'))
	END
	assert_eq $n 19
}

@test "an index whose table goes by another name, or is another one" {
	new_db
	history
	sql "$(foreign_index)"
	begun_file 2 <<<'CREATE INDEX CONCURRENTLY t_id ON t (id)'
	hold 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE'
	plan 6
	assert_stderr_has 'is at work on the table of index public.t_id'
	let_go 'ALTER TABLE t RENAME TO u'
	wait_for "SELECT to_regclass('u') IS NOT NULL" t
	plan 8
	assert_stderr_has 'the table is not there, but index t_id of table u: was'
	sql 'CREATE TABLE t (id int)'
	plan 8
	assert_stderr_has 'public.t_id is there, but no index of that table'
	sql 'DROP TABLE t; CREATE SCHEMA a; ALTER TABLE u RENAME TO t;
	    ALTER TABLE t SET SCHEMA a'
	plan 8
	assert_stderr_has 'but index a.t_id of table a.t: was it renamed'
	sql 'ALTER TABLE a.t SET SCHEMA public'
	apply 0
	assert_eq "$(valid t_id)" t
}

@test "an index whose schema is gone" {
	new_db
	history 'CREATE SCHEMA a; CREATE TABLE a.t (id int);'
	begun_file 2 <<<'CREATE INDEX CONCURRENTLY t_id ON a.t (id)'
	sql 'DROP SCHEMA a CASCADE'
	plan 0
	assert_stderr_has 'neither the index nor its table is there: it runs again'
	run_mig 5 mig-apply <plan
	assert_stderr_has 'm/2_x.sql:2:1: ERROR 3F000'
	assert_eq "$(progress)" ''
	sql 'CREATE SCHEMA a; CREATE TABLE a.t (id int)'
	apply 0
}

@test "an index that the server names" {
	new_db
	history 'CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1);'
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE before (id int);
		CREATE UNIQUE INDEX CONCURRENTLY ON t (nosuch);
	SQL
	apply 7
	assert_eq "$(progress)" '1 done'
	sed -i s/nosuch/id/ m/2_index.sql
	apply 7
	assert_eq "$(progress)" '1 done, 2 intent'
	plan 8
	assert_stderr_has 'without a name in the statement; invalid is t_id_idx'
	mend
	sql 'DROP INDEX t_id_idx'
	plan 8
	assert_stderr_has 'its table has no invalid one'
	plan 0 --settle 2=again
	run_mig 0 mig-apply <plan
	assert_eq "$(valid t_id_idx)" t
}

@test "a partitioned table has none of it" {
	new_db
	history 'CREATE TABLE t (id int) PARTITION BY RANGE (id);'
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	apply 5
	assert_stderr_has 'ERROR 0A000'
	assert_eq "$(progress)" ''
}

@test "what REINDEX CONCURRENTLY leaves is named, and not dropped" {
	new_db
	history 'CREATE TABLE t (id int); CREATE INDEX t_id ON t (id);'
	migration 2_reindex.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE before (id int);
		REINDEX INDEX CONCURRENTLY t_id;
		CREATE TABLE behind (id int);
	SQL
	plan 0
	# it waits for the first before it begins, and then for the second
	background psql -XAtqc \
	    'BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep'" 1
	background sh -c 'exec mig-apply <plan'
	until grep -q '^wait' "$BATS_TEST_TMPDIR/bg.out"; do
		alive "$PID"
		sleep 0.05
	done
	hold 'INSERT INTO t VALUES (1)'
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep'" >/dev/null
	waiting REINDEX
	sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	    WHERE query ~ '^REINDEX'" >/dev/null
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-apply'" 0
	let_go ''
	assert_eq "$(progress)" '1 done, 2 intent'
	assert_eq "$(valid t_id_ccnew)" f
	plan 0
	assert_stderr_has 'to be dropped by hand: t_id_ccnew: it runs again'
	run_mig 0 mig-apply <plan
	assert_eq "$(valid t_id)" t
	assert_eq "$(valid t_id_ccnew)" f
	# the same by its table, its schema, the database
	begun_file 3 <<<'REINDEX (VERBOSE) TABLE CONCURRENTLY t'
	plan 0
	assert_stderr_has 'by hand: t_id_ccnew'
	begun_file 3 <<<'REINDEX SCHEMA CONCURRENTLY public'
	plan 0
	assert_stderr_has 'by hand: t_id_ccnew'
	begun_file 3 <<<"REINDEX DATABASE CONCURRENTLY $PGDATABASE"
	plan 0
	assert_stderr_has 'by hand: t_id_ccnew'
	begun_file 3 <<<'REINDEX TABLE CONCURRENTLY before'
	plan 0
	assert_stderr_has 'statement 1: it can run again: it runs again'
}

@test "a statement that the server goes on with is waited for" {
	new_db
	history 'CREATE TABLE t (id int);
	    CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO t VALUES (1);
		COMMIT;
		PERFORM pg_sleep(60);
	    END $$;'
	migration 2_call.sql <<-'SQL'
		-- mig: no-transaction
		CALL p();
	SQL
	plan 0
	background sh -c 'exec mig-apply <plan'
	wait_for 'SELECT count(*) FROM t' 1
	kill -9 "$PID"
	plan 6 --settle 2=again
	assert_stderr_has 'statement 1: pid '
	assert_stderr_has 'is at work on it still'
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query = 'CALL p()'" >/dev/null
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query = 'CALL p()'" 0
	plan 0 --settle 2=done
	# and in the plan's time too
	background psql -XAtqc 'CALL p()'
	wait_for 'SELECT count(*) FROM t' 2
	run_mig 6 mig-apply <plan
	assert_stderr_has 'is not as it was when the plan was made: pid'
}

@test "a statement of another role is waited for, too" {
	new_db
	new_role app
	local app=$ROLE
	new_role login LOGIN
	sql "GRANT $app TO $ROLE; GRANT CREATE ON DATABASE $PGDATABASE TO $ROLE;
	    CREATE TABLE t (id int); GRANT ALL ON t TO $app;
	    CREATE PROCEDURE p(n int) LANGUAGE plpgsql AS \$\$ BEGIN
		INSERT INTO t VALUES (n);
		COMMIT;
		PERFORM pg_sleep(60);
	    END \$\$"
	migration 1_call.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $app
		CALL p(1);
	SQL
	PGUSER=$ROLE plan 0
	PGUSER=$ROLE background sh -c 'exec mig-apply <plan'
	wait_for 'SELECT count(*) FROM t' 1
	kill -9 "$PID"
	PGUSER=$ROLE plan 6
	assert_stderr_has 'is at work on it still'
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query = 'CALL p(1)'" >/dev/null
	PGUSER=$ROLE plan 8
	# the plan does not know what a variable is, but mig-apply does
	sql 'DROP SCHEMA mig CASCADE' 2>/dev/null
	sed -i 's/p(1)/p(:n)/' m/1_call.sql
	PGUSER=$ROLE plan 0
	PGUSER=$ROLE background sh -c 'exec mig-apply -v n=2 <plan'
	wait_for 'SELECT count(*) FROM t' 2
	kill -9 "$PID"
	PGUSER=$ROLE plan 0 --settle 1=again
	PGUSER=$ROLE run_mig 6 mig-apply -v n=2 <plan
	assert_stderr_has 'is not as it was when the plan was made: pid'
	assert_eq "$(sql 'SELECT count(*) FROM t')" 2
}

@test "what was there before, and is not of the statement, is not done" {
	new_db
	history
	local create="CREATE SUBSCRIPTION ${PGDATABASE}_s CONNECTION ''" sql
	sql "$create PUBLICATION other WITH (connect = false)" 2>/dev/null
	for sql in "$create PUBLICATION p WITH (connect = false)" \
	    "CREATE DATABASE $PGDATABASE"; do
		migration 2_create.sql <<-SQL
			-- mig: no-transaction
			$sql;
		SQL
		apply 5
		assert_stderr_has 'already exists'
		assert_eq "$(progress)" ''
		assert_eq "$(mig-ls m | mig-plan --status -H -o state | tail -n 1)" \
		    failed
	done
	sql "ALTER SUBSCRIPTION ${PGDATABASE}_s SET (slot_name = NONE);
	    DROP SUBSCRIPTION ${PGDATABASE}_s"
}

@test "COMMIT PREPARED of what is not there leaves nothing" {
	new_db
	migration 1_a.sql <<-'SQL'
		-- mig: no-transaction
		COMMIT PREPARED 'nosuch';
	SQL
	apply 5
	assert_eq "$(progress)" ''
}

@test "operators of the text's search_path do not get at the history" {
	new_db
	sql "CREATE SCHEMA ops; CREATE TABLE t (id int);
	    CREATE FUNCTION ops.never(text, text) RETURNS bool
	    LANGUAGE sql AS 'SELECT false';
	    CREATE OPERATOR ops.= (LEFTARG = text, RIGHTARG = text,
		FUNCTION = ops.never)"
	migration 1_path.sql <<-'SQL'
		-- mig: no-transaction
		SET search_path = ops, pg_catalog, public;
		CREATE INDEX CONCURRENTLY i ON public.t (id);
		CREATE TABLE public.u (id int);
	SQL
	apply 0
	assert_eq "$(progress)" ''
	assert_eq "$(valid i)" t
}

@test "what a function has set in the session is not gone on without" {
	new_db
	local call
	sql "CREATE SCHEMA tenant;
	    CREATE FUNCTION use(text) RETURNS void LANGUAGE sql AS
	    'SELECT set_config(''search_path'', \$1, false)';
	    CREATE PROCEDURE use_it(s text) LANGUAGE sql AS
	    'SELECT public.use(s)'"
	for call in "SELECT public.use('tenant')" "CALL public.use_it('tenant')" \
	    "DO \$\$ BEGIN PERFORM public.use('tenant'); END \$\$" \
	    "BEGIN; SELECT 1; SELECT public.use('tenant'); COMMIT"; do
		migration 1_a.sql <<-SQL
			-- mig: $([[ $call == BEGIN* ]] && echo own || echo no)-transaction
			SELECT 1;
			$call;
			CREATE TABLE a ();
			SELECT 1 / 0;
			CREATE TABLE b ();
		SQL
		apply 7
		sed -i 's,1 / 0,1,' m/1_a.sql
		plan 8
		assert_stderr_has 'left something in its session, which is gone'
		plan 0 --forget
		run_mig 0 mig-apply <plan
		sql 'DROP TABLE tenant.a'
	done
	# for its transaction alone, or back to what it was, is no matter
	migration 1_a.sql <<-'SQL'
		-- mig: no-transaction
		DO $$ BEGIN PERFORM set_config('search_path', 'tenant', true); END $$;
		DO $$ BEGIN PERFORM public.use('tenant');
		    PERFORM public.use('"$user", public'); END $$;
		SET search_path = public;
		SELECT 1 / 0;
		CREATE TABLE b ();
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/1_a.sql
	plan 0
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT 'b'::regclass")" b
}

@test "what ROLLBACK TO has taken back is not set again" {
	new_db
	local first
	sql 'CREATE SCHEMA tenant'
	while read -r first; do
		migration 1_a.sql <<-SQL
			-- mig: own-transaction
			$first
			CREATE TABLE a ();
			SELECT 1 / 0;
			CREATE TABLE b ();
		SQL
		apply 7
		sed -i 's,1 / 0,1,' m/1_a.sql
		plan 0
		run_mig 0 mig-apply <plan
		assert_eq "$(sql "SELECT count(*) FROM pg_class a JOIN pg_class b
		    USING (relnamespace)
		    WHERE a.relname = 'a' AND b.relname = 'b'")" 1
		sql 'DROP SCHEMA mig, tenant CASCADE; CREATE SCHEMA tenant;
		    DROP TABLE IF EXISTS a, b' 2>/dev/null
		sed -i s/own/no/ m/1_a.sql
	done <<-'END'
		BEGIN; SAVEPOINT a; SET search_path = tenant; ROLLBACK TO a; COMMIT;
		BEGIN; SET search_path = tenant; SAVEPOINT a; SET search_path = public; ROLLBACK TO SAVEPOINT A; COMMIT;
		BEGIN; SAVEPOINT "a"; SAVEPOINT b; SET search_path = tenant; RELEASE b; ROLLBACK WORK TO a; COMMIT;
		BEGIN; SAVEPOINT a; SET search_path = tenant; SAVEPOINT a; SET search_path = public; ROLLBACK TO a; RELEASE SAVEPOINT a; COMMIT;
		BEGIN; SAVEPOINT a; SET search_path = tenant; RELEASE a; COMMIT;
	END
}

@test "what is in a transaction leaves no question" {
	new_db
	history "CREATE TYPE mood AS ENUM ('sad');
	    CREATE TABLE t (id int);
	    CREATE MATERIALIZED VIEW v AS SELECT 1 AS id;
	    CREATE UNIQUE INDEX ON v (id);"
	migration 2_many.sql <<-'SQL'
		-- mig: no-transaction
		ALTER TYPE mood ADD VALUE 'happy';
		ALTER TABLE t ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
		ALTER TABLE t VALIDATE CONSTRAINT positive;
		REFRESH MATERIALIZED VIEW CONCURRENTLY v;
		ALTER TABLE t ADD mood mood DEFAULT 'happy';
		SELECT 1 / 0;
	SQL
	apply 7
	assert_eq "$(progress)" '1 done, 2 done, 3 done, 4 done, 5 done'
	sed -i 's,1 / 0,1,' m/2_many.sql
	plan 0
	assert_eq "$(resume_of_plan)" '6	-'
	run_mig 0 mig-apply <plan
	run_mig 0 mig-ls -d --verify
}

@test "databases, subscriptions and what can run again" {
	new_db
	history
	begun_file 2 <<<"CREATE DATABASE ${PGDATABASE}_x"
	plan 0
	assert_stderr_has "DATABASE ${PGDATABASE}_x is not there: it runs again"
	begun_file 2 <<<"DROP DATABASE $PGDATABASE"
	plan 0
	assert_stderr_has "DATABASE $PGDATABASE is there: it runs again"
	begun_file 2 <<<'CREATE TABLESPACE pg_default'
	plan 0
	assert_stderr_has 'TABLESPACE pg_default is there: it is done'
	local create="CREATE SUBSCRIPTION ${PGDATABASE}_s CONNECTION '' PUBLICATION p"
	begun_file 2 <<<"$create"
	plan 0
	assert_stderr_has "SUBSCRIPTION ${PGDATABASE}_s is not there: it runs again"
	sql "$create WITH (connect = false)" 2>/dev/null
	plan 0
	assert_stderr_has "SUBSCRIPTION ${PGDATABASE}_s is there: it is done"
	begun_file 2 <<<"DROP SUBSCRIPTION ${PGDATABASE}_s"
	plan 0
	assert_stderr_has 'is there: it runs again'
	sql "ALTER SUBSCRIPTION ${PGDATABASE}_s SET (slot_name = NONE);
	    DROP SUBSCRIPTION ${PGDATABASE}_s"
	plan 0
	assert_stderr_has 'is not there: it is done'
	for sql in 'VACUUM t' 'ALTER SYSTEM RESET work_mem' 'DISCARD ALL' \
	    'ALTER SUBSCRIPTION s REFRESH PUBLICATION' \
	    "ALTER DATABASE $PGDATABASE SET TABLESPACE pg_default"; do
		begun_file 2 <<<"$sql"
		plan 0
		assert_stderr_has 'it can run again: it runs again'
	done
}

@test "the schema of a role is looked at as that role" {
	new_db
	new_role owner
	sql "CREATE SCHEMA AUTHORIZATION $ROLE; CREATE TABLE t (id int);
	    CREATE INDEX t_id ON t (id)"
	migration 1_t.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	migration 2_index.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $ROLE
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	apply 7
	assert_eq "$(progress)" '1 intent'
	sql "DELETE FROM $ROLE.t WHERE ctid = (SELECT min(ctid) FROM $ROLE.t)"
	plan 0
	assert_eq "$(resume_of_plan)" \
	    "1	DROP INDEX CONCURRENTLY IF EXISTS $ROLE.t_id"
	run_mig 0 mig-apply <plan
	assert_eq "$(valid "$ROLE.t_id")" t
	migration 3_drop.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $ROLE
		DROP INDEX CONCURRENTLY t_id;
	SQL
	begun 3 'DROP INDEX CONCURRENTLY t_id'
	sql "DROP INDEX $ROLE.t_id"
	# of two schemas that the name may have meant it is not said which
	plan 8
	assert_stderr_has 'perhaps of another schema'
	sql 'DROP INDEX t_id'
	plan 0
	run_mig 0 mig-apply <plan
}

@test "who plans and may not be that role: a person settles it" {
	new_db
	new_role owner
	local owner=$ROLE
	new_role reader LOGIN
	sql "GRANT CREATE ON SCHEMA public TO $owner"
	history "CREATE TABLE t (id int); ALTER TABLE t OWNER TO $owner;
	    GRANT USAGE ON SCHEMA mig TO $ROLE;
	    GRANT SELECT ON ALL TABLES IN SCHEMA mig TO $ROLE;"
	migration 2_index.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $owner
		CREATE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	begun 2 'CREATE INDEX CONCURRENTLY t_id ON t (id)'
	PGUSER=$ROLE plan 8
	assert_stderr_has 'permission denied to set role'
	assert_stderr_has '--settle main:2=done or =again'
	PGUSER=$ROLE plan 0 --settle 2=again
	run_mig 0 mig-apply <plan
	assert_eq "$(valid t_id)" t
}

@test "what is to run first fails: the file is named, and it can go on" {
	new_db
	new_role owner
	local owner=$ROLE
	sql "GRANT CREATE ON SCHEMA public TO $owner"
	history "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1);
	    ALTER TABLE t OWNER TO $owner;"
	migration 2_index.sql <<-SQL
		-- mig: no-transaction
		-- mig: role $owner
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
	SQL
	apply 7
	mend
	plan 0
	sql 'ALTER TABLE t OWNER TO session_user'
	run_mig 7 mig-apply <plan
	assert_stderr_has 'mig-apply: m/2_index.sql: ERROR 42501: must be owner'
	assert_stderr_has 'hint: it runs DROP INDEX CONCURRENTLY IF EXISTS'
	assert_output_has $'\t42501\tm/2_index.sql\t'
	assert_eq "$(progress)" '1 intent'
	sql "ALTER TABLE t OWNER TO $owner"
	apply 0
	assert_eq "$(valid t_id)" t
}

@test "what is to run first waits for readers, not with a timeout of the role" {
	new_db
	stopped_at_index
	mend
	plan 0
	hold 'LOCK TABLE t IN ACCESS SHARE MODE'
	run_mig 7 mig-apply --concurrently-wait 50ms <plan
	assert_stderr_has 'mig-apply: m/2_index.sql:4:1: not begun, since it would wait for pid '
	assert_eq "$(progress)" '1 done, 2 done, 3 intent'
	assert_eq "$(valid t_id)" f
	PGOPTIONS='-c lock_timeout=50ms -c statement_timeout=300ms' \
	    background sh -c 'exec mig-apply <plan >report 2>&1'
	until grep -q ^wait report; do
		alive "$PID"
		sleep 0.05
	done
	let_go 'SELECT 1'
	wait "$PID"
	assert_eq "$(valid t_id)" t
}

# A run that is about to build an index is at the gate, and another takes over.
taken_over() {
	new_db
	history
	migration 2_index.sql <<-SQL
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE behind (id int);
	SQL
	plan 0
	gate 'CREATE INDEX'
	background sh -c 'mig-apply <plan >report 2>&1; echo $? >code'
	at_gate
	sql "UPDATE mig.progress SET run = 'another'; $1"
	open_gate
	wait "$PID"
	sql 'DROP EVENT TRIGGER gate'
	assert_eq "$(sql 'SELECT statement, state, run FROM mig.progress')" \
	    '1|intent|another'
}

@test "what another run has taken over, only that one records" {
	taken_over ''
	assert_eq "$(cat code)" 8
	assert_match "$(cat report)" 'hint: another mig-apply went on'
	assert_eq "$(valid t_id)" t
	plan 0
	assert_stderr_has 'index public.t_id is valid: it is done'
	run_mig 0 mig-apply <plan
	assert_eq "$(progress)" ''
}

@test "what another run has taken over, only that one forgets" {
	taken_over "ALTER EVENT TRIGGER gate DISABLE; CREATE INDEX t_id ON t (id)"
	assert_eq "$(cat code)" 5
	assert_match "$(cat report)" 'ERROR 42P07'
	apply 0
	assert_eq "$(progress)" ''
}

@test "the plan of another text, of which as much had run" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE a (id int);
		SELECT 1 / 0;
	SQL
	apply 7
	sed -i 's,1 / 0,1,' m/1_part.sql
	plan 0
	cp plan old
	plan 0 --forget
	run_mig 0 mig-apply <plan
	sed -i 's/TABLE a/TABLE b/; s,SELECT 1,&/0,' m/1_part.sql
	apply 7
	run_mig 8 mig-apply <old
	assert_stderr_has 'm/1_part.sql: statement 1 is not the one that ran'
	assert_eq "$(progress)" '1 done'
	sed -i 's,/0,,' m/1_part.sql
	apply 0
}

@test "a file that is gone is not passed over" {
	new_db
	history
	migration 2_part.sql <<-'SQL'
		-- mig: no-transaction
		INSERT INTO t VALUES (1);
		SELECT 1 / 0;
	SQL
	migration 3_next.sql <<<'INSERT INTO t VALUES (3);'
	apply 7
	mv m/2_part.sql .
	for option in '' --allow-missing --out-of-order '--to 3' '--revert 1' \
	    '--baseline 3'; do
		# shellcheck disable=SC2086
		plan 8 $option
		assert_stderr_has 'main 2 part: partial 1/2: apply stopped there, and it is not in the listing'
	done
	run_pipe 0 'mig-ls m | mig-plan --status -H -o version,state'
	assert_output_has $'2\tpartial 1/2'
	run_pipe 1 'mig-ls m | mig-plan --check'
	mv 2_part.sql m
	plan 0
	assert_eq "$(resume_of_plan)" '2	-'
	rm m/2_part.sql
	plan 0 --forget
	run_mig 0 mig-apply <plan
	apply 0
	assert_eq "$(sql 'SELECT string_agg(id::text, $$ $$) FROM t')" '1 3'
}

@test "a query that sets something does not run twice" {
	new_db
	history 'CREATE SEQUENCE s;'
	migration 2_set.sql <<-'SQL'
		-- mig: no-transaction
		SELECT set_config('app.id', nextval('s')::text, false);
		SELECT 1 / 0;
	SQL
	apply 7
	plan 8
	assert_stderr_has 'm/2_set.sql:2:1: statement 1 left something in its'
	plan 0 --forget
	run_mig 0 mig-apply <plan
	migration 2_set.sql <<-'SQL'
		-- mig: no-transaction
		WITH x AS (SELECT nextval('s') AS id)
		SELECT set_config('app.id', id::text, false) FROM x;
		SELECT 1 / 0;
	SQL
	apply 7
	plan 8
	assert_stderr_has 'statement 1 left something in its'
}

@test "own: a COMMIT of what its tool began, gone on behind" {
	new_db
	history
	migration 2_own.sql <<-'SQL'
		-- mig: own-transaction
		INSERT INTO t VALUES (1);
		COMMIT;
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		BEGIN;
		INSERT INTO t VALUES (2);
		SELECT 1 / 0;
	SQL
	apply 7
	assert_eq "$(progress)" '1 done, 2 done, 3 done'
	sed -i 's,1 / 0,1,' m/2_own.sql
	plan 0
	assert_eq "$(resume_of_plan)" '4	-'
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT string_agg(id::text, ' ' ORDER BY id)
	    FROM t")" '1 2'
	assert_eq "$(progress)" ''
	run_mig 0 mig-ls -d --verify
}

@test "own: behind what was rolled back, what fails has left nothing" {
	new_db
	history
	migration 2_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		INSERT INTO t VALUES (1);
		ROLLBACK;
		VACUUM nosuch;
	SQL
	apply 5
	refute_stderr_has 'it goes on from there'
	assert_eq "$(progress)" ''
	# as it is when it was killed within the last
	sql "INSERT INTO mig.progress (series, version, name, action, statement,
	    statements, sha256, state) VALUES ('main', '2', 'own', 'apply', 4,
	    4, '$(sha 'VACUUM nosuch')', 'intent')"
	plan 0
	assert_eq "$(resume_of_plan)" '1	-'
	run_mig 5 mig-apply <plan
	assert_eq "$(progress)" ''
	# a ROLLBACK of nothing has a row of its own
	sed -i /BEGIN/,/INSERT/d m/2_own.sql
	apply 7
	assert_stderr_has 'it goes on from there'
	assert_eq "$(progress)" '1 done'
	apply 7
	assert_eq "$(progress)" '1 done'
	sed -i s/nosuch/t/ m/2_own.sql
	apply 0
}

@test "own: COMMIT AND CHAIN, with its role, and gone on behind" {
	new_db
	new_role other
	history "CREATE TABLE t (id int, by text DEFAULT current_user,
		level text DEFAULT current_setting('transaction_isolation'));
	    GRANT ALL ON t TO $ROLE;"
	migration 2_own.sql <<-SQL
		-- mig: own-transaction
		-- mig: role $ROLE
		BEGIN ISOLATION LEVEL SERIALIZABLE;
		INSERT INTO t VALUES (1);
		COMMIT AND CHAIN;
		INSERT INTO t VALUES (2);
		ROLLBACK AND CHAIN;
		INSERT INTO t VALUES (3);
		COMMIT AND CHAIN;
		INSERT INTO t VALUES (4);
		SELECT 1 / 0;
		COMMIT AND CHAIN;
	SQL
	apply 7
	assert_eq "$(sql "SELECT string_agg(id || level, ' ' ORDER BY id) FROM t
	    WHERE by = '$ROLE'")" '1serializable 3serializable'
	# one transaction still
	plan 0
	run_mig 7 mig-apply <plan
	assert_eq "$(sql 'SELECT count(*) FROM t')" 2
	sed -i 's,1 / 0,1,' m/2_own.sql
	apply 0
	assert_eq "$(sql "SELECT string_agg(id || level, ' ' ORDER BY id) FROM t
	    WHERE by = '$ROLE'")" '1serializable 3serializable 4serializable'
	assert_eq "$(log | tail -n 1)" 'resume 2 own'
	run_mig 0 mig-ls -d --verify
}

@test "BEGIN and COMMIT are heeded where the mode is none" {
	new_db
	history
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		BEGIN;
		INSERT INTO t VALUES (1);
		SELECT 1 / 0;
		COMMIT;
		VACUUM t;
	SQL
	apply 5
	assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	sed -i 's,1 / 0,1,' m/2_none.sql
	apply 0
	assert_eq "$(sql 'SELECT count(*) FROM t')" 1
}

@test "transaction control that no record can be put beside is refused" {
	new_db
	migration 1_t.sql <<-'SQL'
		-- mig: own-transaction
		CREATE TABLE t (id int) \; COMMIT;
	SQL
	plan 3
	assert_stderr_has 'm/1_t.sql:2:1: transaction control within \;'
	migration 1_t.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		CREATE TABLE t (id int);
		PREPARE TRANSACTION 'x';
	SQL
	plan 3
	assert_stderr_has 'm/1_t.sql:4:1: PREPARE TRANSACTION in a migration'
	# by a plan that was made otherwise
	migration 1_t.sql <<-'SQL'
		-- mig: own-transaction
		CREATE TABLE t (id int) ; COMMIT;
	SQL
	plan 0
	sed "\$d; s/ ; COMMIT/ \\\\; COMMIT/
	    s/$(sha256sum <m/1_t.sql | cut -c 1-64)/$(sed 's/ ;/ \\;/' m/1_t.sql |
	    sha256sum | cut -c 1-64)/" plan >bad
	printf '#end\t%s\tsha256:%s\n' "$(sed -n 's/^#end\t\([0-9]*\).*/\1/p' plan)" \
	    "$(sha256sum <bad | cut -c 1-64)" >>bad
	run_mig 3 mig-apply <bad
	assert_stderr_has 'm/1_t.sql:2:1: transaction control behind a \;'
}
