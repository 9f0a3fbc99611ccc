# mig-apply: plans are carried out, recorded, and nothing is left half done.

# shellcheck disable=SC2016,SC2119,SC2120 # $ for the inner shell; options, seldom wanted
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

# plan [MIG-PLAN-OPTION...]: what mig-plan makes of m, in file plan.
plan() {
	mig-ls m | mig-plan "$@" >plan
}

two() {
	migration 001_first.sql <<-'SQL'
		CREATE TABLE first (id int);
	SQL
	migration 002_second.sql <<-'SQL'
		CREATE TABLE second (id int);
	SQL
}

@test "steps are carried out in order, reported and recorded" {
	new_db
	two
	apply 0
	assert_eq "$(tables)" "first second"
	assert_eq "$(log)" "apply 001 first
apply 002 second"
	assert_match "${lines[0]}" $'^#mig\treport\t1$'
	assert_match "${lines[1]}" $'^start\t1\tapply\tmain\t001\t2.*Z\tfirst$'
	assert_match "${lines[2]}" $'^done\t1\tapply\tmain\t001\t[0-9]+\tfirst$'
	assert_match "${lines[4]}" $'^done\t2\tapply\tmain\t002\t[0-9]+\tsecond$'
	assert_eq "${lines[5]}" $'exit\t0\t2'
	assert_match "${lines[6]}" $'^#end\t5\tsha256:[0-9a-f]{64}$'
	assert_eq "$(sed '$d' out | sha256sum | cut -c1-64)" \
	    "${lines[6]##*:}" "the digest of the report"
	assert_chain
	assert_eq "$(sql "SELECT sql FROM mig.log WHERE seq = 1")" \
	    "CREATE TABLE first (id int);"
	assert_eq "$(sql "SELECT count(DISTINCT plan), min(length(plan)),
	    bool_and(db_user = session_user AND os_user <> '' AND host <> ''
	    AND tool LIKE 'mig-tools %' AND finished >= started)
	    FROM mig.log")" "1|64|t"
}

@test "an empty plan ends with 0 and needs no connection" {
	new_db
	two
	apply 0
	plan
	run_mig 0 env PGHOST=/nonexistent mig-apply <plan
	assert_output_has $'exit\t0\t0'
}

@test "the history is made by the first step's own transaction" {
	new_db
	migration 1_bad.sql <<<'CREATE TABLE t (id int); SELECT nope;'
	apply 5
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'mig'")" 0
	assert_eq "$(tables)" ""
}

@test "a syntax error on line 40 of the third file is found there" {
	new_db
	two
	{
		for i in $(seq 39); do echo "-- line $i"; done
		echo "  CREATE TABEL third (id int);"
	} | migration 003_third.sql
	apply 5
	assert_stderr_has 'mig-apply: m/003_third.sql:40:10: ERROR 42601: syntax error at or near "TABEL"'
	assert_output_has $'\t42601\tm/003_third.sql:40:10\tsyntax error'
	assert_output_has $'exit\t5\t2'
	assert_eq "$(tables)" "first second"
	assert_eq "$(log)" "apply 001 first
apply 002 second
fail 003 third"
	assert_chain
	# mended, the next run goes on
	migration 003_third.sql <<<'CREATE TABLE third (id int);'
	apply 0
	assert_eq "$(tables)" "first second third"
	assert_chain
}

@test "places count characters, through CRLF, and past variables" {
	new_db
	printf 'SELECT 1;\r\nSELECT \047\303\251\303\251\047,\r\n  nope;\r\n' |
	    migration 1_crlf.sql
	apply 5
	assert_stderr_has 'm/1_crlf.sql:3:3: ERROR 42703'
	printf "SELECT '\303\251\303\251', :'long', nope;\n" |
	    migration 1_crlf.sql
	apply 5 -v long=12345678901234567890
	assert_stderr_has 'm/1_crlf.sql:1:23: ERROR 42703'
}

@test "the server's detail, hint and context are passed on" {
	new_db
	migration 1_detail.sql <<-'SQL'
		CREATE TABLE p (id int PRIMARY KEY);
		INSERT INTO p VALUES (1);
		INSERT INTO p VALUES (1);
	SQL
	apply 5
	assert_stderr_has 'm/1_detail.sql:3:1: ERROR 23505'
	assert_stderr_has 'DETAIL: Key (id)=(1) already exists.'
	migration 1_detail.sql <<-'SQL'
		DO $$ BEGIN RAISE 'no' USING HINT = 'do it so'; END $$;
	SQL
	apply 5
	assert_stderr_has 'HINT: do it so'
	assert_stderr_has 'CONTEXT: PL/pgSQL function'
}

# More than what a pipe takes at once, which is 4 KiB.
@test "a message of any length is in the report, whose digest is right" {
	new_db
	local n
	for n in 4000 5000 9000 200000; do
		migration 1_long.sql <<-SQL
			DO \$\$ BEGIN RAISE '%', repeat('~', $n); END \$\$;
		SQL
		run_pipe 0 'mig-ls m | mig-plan >plan'
		run_pipe 5 'mig-apply <plan >report'
		assert_eq "$(tr -cd '~' <report | wc -c)" "$n"
		assert_eq "$(tail -n 1 report)" \
		    "#end	3	sha256:$(sed '$d' report | sha256sum | cut -c 1-64)"
		assert_eq "$(tr -cd '~' <err | wc -c)" "$n"
		refute grep 'cannot write' err
		run_pipe 3 'mig-apply <plan >/dev/full'
		assert_stderr_has 'No space left on device'
	done
}

@test "variables go in when applying, and stay out of plan and history" {
	new_db
	migration 1_vars.sql <<-'SQL'
		CREATE TABLE :"table" (id int DEFAULT :number);
		COMMENT ON TABLE :"table" IS :'secret';
		SELECT (ARRAY[1, 2, 3])[1:2], 'a:number', 1::int;
	SQL
	plan
	assert_eq "$(grep ^need plan | cut -f2 | sort | paste -sd' ')" \
	    "number secret table"
	run_mig 2 mig-apply -v table=x <plan
	assert_stderr_has "the plan needs variables number, secret"
	assert_eq "$(tables)" ""
	secret="it's a pass\\word" run_mig 0 mig-apply -v 'table=a "b' \
	    -v number=42 -v secret <plan
	assert_eq "$(sql "SELECT obj_description('\"a \"\"b\"'::regclass)")" \
	    "it's a pass\\word"
	refute grep -q 'pass.*word' plan
	migration 2_notice.sql <<-'SQL'
		DO $$ BEGIN RAISE NOTICE 'is %', obj_description('"a ""b"'::regclass)
		    USING HINT = 'not ' || obj_description('"a ""b"'::regclass);
		END $$;
		COMMENT ON TABLE :"table" IS :'secret';
	SQL
	plan
	secret="it's a pass\\word" run_mig 0 mig-apply -v 'table=a "b' \
	    -v secret <plan
	assert_stderr_has 'NOTICE: is :secret'
	assert_stderr_has 'HINT: not :secret'
	assert_eq "$(sql "SELECT count(*) FROM mig.log
	    WHERE l::text LIKE '%pass%word%'" 2>/dev/null ||
	    sql "SELECT count(*) FROM mig.log l
	    WHERE l::text LIKE '%pass%word%'")" 0
}

@test "a variable that is not given is an error, never guessed" {
	new_db
	migration 1_v.sql <<<"SELECT :'who';"
	plan
	run_mig 2 env -u who mig-apply -v who <plan
	assert_stderr_has 'no such environment variable'
	# psql minds the case, and so does what puts it in
	run_mig 2 mig-apply -v WHO=me <plan
	assert_stderr_has 'the plan needs variable who'
}

@test "Flyway's placeholders" {
	new_db
	migration V1__first.sql <<-'SQL'
		CREATE TABLE ${name} (c text DEFAULT '${text}');
		COMMENT ON TABLE ${name} IS '${flyway:filename} ${flyway:user}';
	SQL
	plan
	run_mig 2 mig-apply -v name=t <plan
	assert_stderr_has 'needs variable text'
	run_mig 0 mig-apply -v NAME=t -v text=hello <plan
	assert_eq "$(sql "SELECT obj_description('t'::regclass)")" \
	    "V1__first.sql $(sql 'SELECT session_user')"
}

@test "a variable cannot end the step's transaction" {
	new_db
	migration 1_v.sql <<-'SQL'
		CREATE TABLE a (id int);
		:what;
		CREATE TABLE b (id int);
	SQL
	plan
	run_mig 2 mig-apply -v what='COMMIT' <plan
	assert_stderr_has 'm/1_v.sql:2: a variable makes this transaction control'
	assert_eq "$(tables)" ""
}

# 2 and 3 say that nothing was done.
@test "what is refused behind what was done is no usage error" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	migration 2_b.sql <<<':what;'
	plan
	run_mig 5 mig-apply -v what='COMMIT' <plan
	assert_output_has $'\nexit\t5\t1'
	assert_stderr_has 'm/2_b.sql:1: a variable makes this transaction control'
	assert_eq "$(tables)" a
}

@test "a text that cannot be read any more once something was done" {
	new_db
	migration 1_a.sql <<-SQL
		ALTER DATABASE $PGDATABASE SET standard_conforming_strings = off;
	SQL
	printf '%s\n' 'ALTER EXTENSION plpgsql UPDATE;' "SELECT 'a\\';" |
	    migration 2_b.sql
	plan
	run_mig 5 mig-apply <plan
	assert_output_has $'\nexit\t5\t1'
	assert_eq "$(log)" 'apply 1 a
fail 2 b'
}

@test "passwords and variables leave the process title" {
	new_db
	migration 1_s.sql <<<"SELECT pg_sleep(30), :'word';"
	plan
	background bash -c 'exec mig-apply -v word=hunter2 -d "$0" <plan' \
	    "postgresql://$PGUSER:hunter3@/$PGDATABASE?host=$PGHOST&port=$PGPORT"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%sleep(30)%' AND pid <> pg_backend_pid()" 1
	# valgrind keeps a copy of the arguments, which stays as it was
	[[ $MIG_BIN == */valgrind ]] ||
	    refute grep -qa hunter "/proc/$PID/cmdline"
	kill -TERM "$PID"
	wait "$PID" || :
}

@test "so does the password of a key, in both forms" {
	local conninfo
	new_db
	migration 1_s.sql <<<"SELECT pg_sleep(30);"
	plan
	for conninfo in "dbname=$PGDATABASE sslpassword=hunter2" \
	    "postgresql:///$PGDATABASE?sslpassword=hunter2"; do
		background bash -c 'exec mig-apply -d "$0" <plan' "$conninfo"
		wait_for "SELECT count(*) FROM pg_stat_activity
		    WHERE query LIKE '%sleep(30)%'
		    AND pid <> pg_backend_pid()" 1
		[[ $MIG_BIN == */valgrind ]] ||
		    refute grep -qa hunter "/proc/$PID/cmdline"
		kill -TERM "$PID"
		wait "$PID" || :
	done
}

@test "a value that the server quotes in its message is not shown or kept" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	apply 0
	migration 2_b.sql <<<"SELECT :'pw'::int;"
	apply 5 -v pw=hunter2
	assert_stderr_has 'invalid input syntax for type integer: ":pw"'
	refute_stderr_has hunter2
	refute_output_has hunter2
	assert_eq "$(sql "SELECT error FROM mig.log WHERE action = 'fail'")" \
	    'm/2_b.sql:1:8: ERROR 22P02: invalid input syntax for type integer: ":pw"'
}

@test "a value that the server quotes as SQL does is not shown or kept" {
	local statement
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int);'
	apply 0
	for statement in "CREATE USER :'pw';" 'SELECT 1 AS :"pw" :"pw";'; do
		migration 2_b.sql <<<"$statement"
		apply 5 -v pw="sesame'\\\"open"
		assert_match "$stderr" 'syntax error at or near "E?.:pw."'
		refute_stderr_has sesame
		refute_output_has sesame
		assert_eq "$(sql "SELECT count(*) FROM mig.log
		    WHERE error LIKE '%sesame%'")" 0
	done
}

@test "without a standard output nothing is done" {
	new_db
	two
	plan
	run_mig 3 bash -c 'mig-apply <plan >&-'
	assert_eq "$(tables)" ""
}

@test "COPY data goes along, and its errors name the line" {
	new_db
	printf '%s\n' 'CREATE TABLE c (id int, t text);' 'COPY c FROM stdin;' \
	    $'1\ta\\tb' $'2\t\\N' $'3\t\\\\.' '\.' \
	    'INSERT INTO c VALUES (4);' | migration 1_copy.sql
	apply 0
	assert_eq "$(sql "SELECT string_agg(concat_ws('=', id, t), ','
	    ORDER BY id) FROM c")" $'1=a\tb,2,3=\\.,4'
	printf '%s\n' 'COPY c (id) FROM stdin WITH (FORMAT csv);' \
	    5 six '\.' | migration 2_copy.sql
	apply 5
	assert_stderr_has 'm/2_copy.sql:1:1: ERROR 22P02'
	assert_stderr_has 'COPY c, line 2, column id: "six"'
	assert_eq "$(sql 'SELECT count(*) FROM c')" 4
}

@test "no-transaction: statement by statement, with its progress" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		VACUUM t;
		INSERT INTO t VALUES (1);
	SQL
	apply 0
	assert_eq "$(sql "SELECT indisvalid FROM pg_index
	    WHERE indexrelid = 't_id'::regclass")" t
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	assert_eq "$(log)" "apply 1 t
apply 2 none"
	assert_chain
}

@test "no-transaction: a procedure may commit" {
	new_db
	migration 1_p.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE SEQUENCE begun;
		CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM nextval('begun');
			FOR i IN 1 .. 3 LOOP
				INSERT INTO t VALUES (i);
				COMMIT;
			END LOOP;
		END $$;
	SQL
	migration 2_call.sql <<-'SQL'
		-- mig: no-transaction
		INSERT INTO t VALUES (10);
		CALL p();
		INSERT INTO t VALUES (11);
	SQL
	apply 0
	assert_eq "$(sql 'SELECT sum(id) FROM t')" 27
	# it began in a transaction, was refused at its COMMIT, and began anew
	assert_eq "$(sql 'SELECT last_value FROM begun')" 2
}

@test "no-transaction: what stops part-way is known, and ends with 7" {
	new_db
	migration 1_part.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
		CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE never (id int);
	SQL
	apply 7
	assert_stderr_has 'm/1_part.sql:4:1: ERROR 23505'
	assert_eq "$(sql "SELECT string_agg(concat_ws(' ', statement, state),
	    ', ' ORDER BY statement) FROM mig.progress")" \
	    "1 done, 2 done, 3 intent"
	assert_eq "$(log)" "fail 1 part"
	run_mig 0 mig-plan --status < <(mig-ls m)
	assert_output_has 'partial 2/4'
	# forgotten, cleaned up and mended, it runs from its start
	run_pipe 0 'mig-ls m | mig-plan --forget | mig-apply'
	sql 'DROP TABLE t'
	sed -i 's/, (1)//' m/1_part.sql
	apply 0
	assert_eq "$(tables)" "never t"
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	assert_chain
}

@test "no-transaction: nothing done is no half-way" {
	new_db
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		VACUUM nope;
	SQL
	apply 5
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	sed -i 's/ nope//' m/1_none.sql
	apply 0
}

@test "an index that IF NOT EXISTS leaves invalid is no success" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		INSERT INTO t VALUES (1), (1);
	SQL
	apply 0
	sql 'CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)' 2>/dev/null || :
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id ON t (id);
	SQL
	apply 7
	assert_stderr_has 'index t_id is invalid'
	assert_stderr_has 'hint: DROP INDEX CONCURRENTLY t_id'
}

@test "own transactions: the log row is in the last of them" {
	new_db
	migration 1_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		CREATE TABLE a (id int);
		COMMIT;
		BEGIN;
		CREATE TABLE b (id int);
		COMMIT;
	SQL
	apply 0
	assert_eq "$(tables)" "a b"
	assert_eq "$(log)" "apply 1 own"
	assert_eq "$(sql "SELECT (SELECT xmin FROM mig.log WHERE seq = 1)::text =
	    (SELECT xmin FROM pg_class WHERE relname = 'b')::text")" t
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "own transactions: one left open is rolled back and refused" {
	new_db
	migration 1_own.sql <<-'SQL'
		-- mig: own-transaction
		BEGIN;
		CREATE TABLE a (id int);
	SQL
	apply 5
	assert_stderr_has 'm/1_own.sql: leaves a transaction open'
	assert_eq "$(tables)" ""
}

@test "own transactions: one that is left for another, which the tool ends" {
	new_db
	migration 1_own.sql <<-'SQL'
		-- mig: own-transaction
		CREATE TABLE a (id int);
		COMMIT;
		BEGIN;
		CREATE TABLE b (id int);
	SQL
	apply 0
	assert_eq "$(tables)" "a b"
	assert_eq "$(log)" "apply 1 own"
	assert_eq "$(sql "SELECT (SELECT xmin FROM mig.log WHERE seq = 1)::text =
	    (SELECT xmin FROM pg_class WHERE relname = 'b')::text")" t
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "-1: all steps or none" {
	new_db
	two
	migration 003_bad.sql <<<'SELECT nope;'
	apply 5 -1
	assert_eq "$(tables)" ""
	assert_output_has $'exit\t5\t0'
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'mig'")" 0
	rm m/003_bad.sql
	apply 0 -1
	assert_eq "$(sql "SELECT count(DISTINCT xmin::text) FROM mig.log")" 1
	assert_output_has $'exit\t0\t2'
	assert_chain
}

@test "-1: each step has its own time, in the report and in the history" {
	new_db
	two
	migration 003_slow.sql <<<'SELECT pg_sleep(1);'
	apply 0 -1
	assert_eq "$(sql "SELECT bool_and(l.started = p.finished)
	    FROM mig.log l JOIN mig.log p ON p.seq = l.seq - 1")" t
	assert_match "$output" \
	    $'\ndone\t3\tapply\tmain\t003\t([1-9]..|....+)\tslow\n'
}

@test "-1 is refused with a step that is no transaction" {
	new_db
	two
	migration 003_none.sql <<-'SQL'
		-- mig: no-transaction
		VACUUM;
	SQL
	apply 2 -1
	assert_stderr_has '-1: step 3 (m/003_none.sql)'
	assert_eq "$(tables)" ""
}

@test "the session is put back between steps" {
	new_db
	new_role other
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_dirt.sql <<-SQL
		SELECT pg_catalog.set_config('search_path', '', false);
		SET statement_timeout = '1h';
		SET ROLE $ROLE;
		CREATE TEMP TABLE scratch (id int);
		PREPARE p AS SELECT 1;
		DECLARE c CURSOR WITH HOLD FOR SELECT 1;
		SELECT pg_advisory_lock(4711);
	SQL
	migration 2_clean.sql <<-'SQL'
		CREATE TABLE unqualified (id int);
		CREATE TEMP TABLE scratch (id int);
		PREPARE p AS SELECT 1;
		DECLARE c CURSOR WITH HOLD FOR SELECT 1;
		CREATE TABLE seen AS SELECT current_user::text AS who,
		    current_setting('statement_timeout') AS timeout,
		    (SELECT count(*) FROM pg_locks
		    WHERE locktype = 'advisory' AND objid = 4711) AS locks;
	SQL
	apply 0
	assert_eq "$(sql 'SELECT * FROM seen')" "$PGUSER|0|0"
	assert_eq "$(tables)" "seen unqualified"
	sql "DROP OWNED BY $ROLE"
}

@test "a step may run as another role" {
	new_db
	new_role owner
	sql "GRANT CREATE ON SCHEMA public TO $ROLE"
	migration 1_role.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE t (id int);
	SQL
	migration 2_role.sql <<-SQL
		-- mig: role $ROLE
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE u (id int);
	SQL
	migration 3_mine.sql <<<'CREATE TABLE mine (id int);'
	apply 0
	assert_eq "$(sql "SELECT string_agg(tablename || '=' || (tableowner =
	    '$ROLE'), ' ' ORDER BY tablename) FROM pg_tables
	    WHERE schemaname = 'public'")" "mine=false t=true u=true"
	sql "DROP OWNED BY $ROLE"
}

@test "a plan made for another state is stale" {
	new_db
	two
	plan
	run_mig 0 mig-apply <plan
	run_mig 8 mig-apply <plan
	assert_stderr_has 'stale: database'
	assert_output_has $'exit\t8\t0'
	assert_eq "$(log)" "apply 001 first
apply 002 second"
}

@test "one plan serves many databases" {
	new_db a
	first=$PGDATABASE
	two
	plan
	run_mig 0 mig-apply <plan
	new_db b
	run_mig 0 mig-apply <plan
	assert_eq "$(schema_of "$first")" "$(schema_of)"
}

@test "two at once: one works, the other says busy, each step runs once" {
	new_db
	migration 1_slow.sql <<<'CREATE TABLE t AS SELECT 1 AS x FROM pg_sleep(2);'
	plan
	background bash -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(2)%' AND pid <> pg_backend_pid()" 1
	run_mig 6 mig-apply --wait 0 <plan
	assert_stderr_has 'busy: pid '
	assert_stderr_has '(mig-apply, user '
	run_mig 8 mig-apply --wait 30 <plan
	wait "$PID"
	assert_eq "$(log)" "apply 1 slow"
}

@test "ten at once: each step runs once, none hangs" {
	new_db
	for i in 1 2 3 4 5; do
		migration $i.sql <<<"CREATE TABLE t$i AS SELECT 1 AS x FROM pg_sleep(0.1);"
	done
	plan
	for i in 1 2 3 4 5 6 7 8 9 10; do
		{
			rc=0
			mig-apply <plan >"out.$i" 2>"err.$i" || rc=$?
			echo "$rc" >"rc.$i"
		} 3>&- &
	done
	wait
	assert_eq "$(sort rc.* | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd' ')" \
	    "1x0 9x8"
	assert_eq "$(sql 'SELECT count(*) FROM mig.log')" 5
	assert_chain
}

@test "the lock of another tool is respected" {
	new_db
	two
	sql 'CREATE TABLE flyway_schema_history (installed_rank int)'
	plan
	background psql -XAtqc "SELECT pg_advisory_lock(77433833903597)" \
	    -c "SELECT pg_sleep(30)"
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'" 1
	run_mig 6 mig-apply --wait 0 <plan
	assert_stderr_has 'holds the lock of flyway'
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'" >/dev/null
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'" 0
	run_mig 0 mig-apply <plan
}

@test "a lock that is not to be had is tried again, its holder named" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	apply 0
	migration 2_alter.sql <<<'ALTER TABLE t ADD COLUMN name text;'
	plan
	PGAPPNAME=holder background psql -XAtq -c 'BEGIN' \
	    -c 'LOCK TABLE t IN ACCESS SHARE MODE' -c 'SELECT pg_sleep(3)' \
	    -c 'COMMIT'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass" 1
	run_mig 0 mig-apply --lock-timeout 900ms --retry 1min <plan
	assert_output_has $'retry\t1\tapply\tmain\t2\t'
	assert_output_has '55P03'
	assert_match "$output" 'blocked by pid [0-9]+ \(holder, '
	wait "$PID"
	assert_eq "$(log)" "apply 1 t
apply 2 alter"
}

@test "another try is another session" {
	new_db
	# a sequence keeps what was rolled back
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE SEQUENCE first MINVALUE 0;
		CREATE SEQUENCE last MINVALUE 0;
	SQL
	apply 0
	local option n=1
	for option in --verbose --single-transaction; do
		n=$((n + 1))
		migration ${n}_alter.sql <<-SQL
			SELECT setval('first', last_value),
			    setval('last', pg_backend_pid()) FROM last;
			ALTER TABLE t ADD COLUMN name$n text;
		SQL
		plan
		sql "SELECT setval('last', 0)" >/dev/null
		background psql -XAtq -c 'BEGIN' -c 'LOCK TABLE t' \
		    -c 'SELECT pg_sleep(3)' -c 'COMMIT'
		wait_for "SELECT count(*) FROM pg_locks
		    WHERE relation = 't'::regclass" 1
		run_mig 0 mig-apply $option --lock-timeout 300 <plan
		assert_output_has $'retry\t1\tapply\tmain\t'
		assert_eq "$(sql 'SELECT first.last_value > 0
		    AND first.last_value <> last.last_value
		    FROM first, last')" t
		wait "$PID"
	done
}

@test "a lock not had before the deadline ends with 6" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	apply 0
	migration 2_alter.sql <<-'SQL'
		-- mig: lock-timeout 100ms
		CREATE TABLE u (id int);
		ALTER TABLE t ADD COLUMN name text;
	SQL
	plan
	background psql -XAtq -c 'BEGIN' -c 'LOCK TABLE t' \
	    -c 'SELECT pg_sleep(30)'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass
	    AND granted" 1
	run_mig 6 mig-apply --retry 1 <plan
	assert_stderr_has 'm/2_alter.sql:3:1: ERROR 55P03'
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE relation = 't'::regclass" >/dev/null
	assert_eq "$(tables)" "t"
}

@test "no-transaction: a statement is tried again, in its session" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	apply 0
	migration 2_alter.sql <<-'SQL'
		-- mig: no-transaction
		SET search_path = public;
		CREATE TEMPORARY TABLE mine (id int);
		ALTER TABLE t ADD COLUMN name text;
		INSERT INTO mine SELECT pg_backend_pid();
	SQL
	plan
	background psql -XAtq -c 'BEGIN' \
	    -c 'LOCK TABLE t IN ACCESS SHARE MODE' -c 'SELECT pg_sleep(3)' \
	    -c 'COMMIT'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass" 1
	run_mig 0 mig-apply --lock-timeout 300 <plan
	assert_output_has $'retry\t1\tapply\tmain\t2\t'
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	wait "$PID"
	# and when it is not to be had, what is done stays known
	migration 3_alter.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE u (id int);
		ALTER TABLE t DROP COLUMN name;
	SQL
	plan
	background psql -XAtq -c 'BEGIN' -c 'LOCK TABLE t' \
	    -c 'SELECT pg_sleep(30)'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass
	    AND granted" 1
	run_mig 7 mig-apply --lock-timeout 100 --retry 1 <plan
	assert_output_has $'retry\t1\tapply\tmain\t3\t'
	assert_eq "$(sql "SELECT string_agg(statement || ' ' || state, ', ')
	    FROM mig.progress")" '1 done'
}

@test "a report that cannot be written: nothing is done" {
	new_db
	two
	plan
	run_mig 3 bash -c 'mig-apply <plan >/dev/full'
	assert_stderr_has 'nothing was done'
	assert_eq "$(tables)" ""
}

@test "a reader that goes away stops it between steps" {
	new_db
	for i in $(seq 20); do
		migration "$i.sql" <<<"CREATE TABLE t$i AS SELECT 1 AS x FROM pg_sleep(0.1);"
	done
	plan
	run_mig 3 bash -c 'mig-apply <plan | head -2 >/dev/null
	    exit "${PIPESTATUS[0]}"'
	n=$(sql "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+$'")
	[ "$n" -lt 20 ]
	assert_eq "$(sql "SELECT coalesce(max(seq), 0) FROM mig.log
	    WHERE action = 'apply'" 2>/dev/null || echo 0)" "$n"
	apply 0
	assert_eq "$(sql "SELECT count(*) FROM pg_class
	    WHERE relname ~ '^t[0-9]+$'")" 20
	assert_chain
}

@test "a line of progress on the terminal" {
	new_db
	migration 1_slow.sql <<<'SELECT pg_sleep(60);'
	plan
	cat >go.sh <<-'SQL'
		mig-apply <plan
		echo "ended with $?" >ended
	SQL
	new_terminal sh go.sh
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 1
	sleep 1
	tmux -S "$PWD/tmux" capture-pane -p >screen
	tmux -S "$PWD/tmux" send-keys C-c
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" 0
	tmux -S "$PWD/tmux" kill-server 2>/dev/null || :
	assert_match "$(cat screen)" '1/1 apply 1 slow +[0-9]+\.[0-9] s'
}

@test "-i asks on the terminal" {
	new_db
	two
	plan
	run_mig 2 setsid mig-apply -i <plan
	assert_stderr_has 'there is no terminal to ask on'
	assert_eq "$(tables)" ""
	for answer in n y; do
		rm -f ended
		cat >go.sh <<-'SQL'
			mig-apply -i <plan
			echo $? >ended.new
			mv ended.new ended
			sleep 5
		SQL
		new_terminal sh go.sh
		for _ in $(seq 200); do
			tmux -S "$PWD/tmux" capture-pane -p >screen
			grep -q 'y/N' screen && break
			sleep 0.05
		done
		assert_match "$(cat screen)" 'Carry out 2 steps on database'
		sleep 1
		asked=$(date +%s.%N)
		tmux -S "$PWD/tmux" send-keys $answer Enter
		for _ in $(seq 200); do [ -e ended ] && break; sleep 0.05; done
		tmux -S "$PWD/tmux" capture-pane -p >screen
		tmux -S "$PWD/tmux" kill-server
		if [ $answer = n ]; then
			assert_eq "$(cat ended)" 1
			assert_match "$(cat screen)" 'nothing was done'
			assert_eq "$(tables)" ""
		else
			assert_eq "$(cat ended)" 0
			took=$(sed -n 's/^2 of 2 steps done in \([0-9.]*\) s.*/\1/p' screen)
			# the time of the question is none of theirs
			awk -v took="$took" -v from="$asked" \
			    -v to="$(date -r ended +%s.%N)" \
			    'BEGIN { exit took == "" || took > to - from }'
			assert_eq "$(tables)" "first second"
		fi
	done
}

@test "SKIP_CONFIRMATION answers yes" {
	new_db
	two
	plan
	run_mig 0 env SKIP_CONFIRMATION=1 setsid -w mig-apply -i <plan
	assert_eq "$(tables)" "first second"
}

# The tables that have statistics of their rows.
analyzed() {
	sql "SELECT string_agg(oid::regclass::text, ' ' ORDER BY relname)
	    FROM pg_class WHERE reltuples > 0 AND relkind IN ('r', 'm')
		AND relnamespace <> ALL (ARRAY['pg_catalog',
		    'information_schema', 'mig', 'pg_toast']::regnamespace[])"
}

@test "--analyze analyzes what was created or changed" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE "odd name" (id int);
		INSERT INTO "odd name" SELECT generate_series(1, 500);
		CREATE TABLE gone (id int);
		DROP TABLE gone;
		CREATE TABLE old (id int);
		INSERT INTO old VALUES (1);
		ALTER TABLE old RENAME TO renamed;
		CREATE MATERIALIZED VIEW v AS SELECT 1;
		CREATE VIEW w AS TABLE renamed;
		INSERT INTO w VALUES (2);
	SQL
	migration 2_none.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE more (id int);
		COPY more FROM STDIN;
		1
		\.
		CREATE INDEX CONCURRENTLY ON more (id);
	SQL
	apply 0 --analyze
	assert_eq "$stderr" ''
	assert_eq "$(analyzed)" 'more "odd name" renamed v'
	assert_eq "$(sql "SELECT reltuples FROM pg_class
	    WHERE relname = 'odd name'")" 500
}

@test "--analyze: the table that was meant, by a path and by variables" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE SCHEMA app;
		CREATE TABLE app.t (id int);
		INSERT INTO t VALUES (1);
		INSERT INTO app.t VALUES (1);
	SQL
	apply 0
	migration 2_path.sql <<-'SQL'
		SET search_path = app;
		INSERT INTO t VALUES (2);
		CREATE TABLE u AS SELECT 1 AS id;
	SQL
	apply 0 --analyze
	assert_eq "$stderr" ''
	assert_eq "$(analyzed)" 'app.t app.u'
	migration 3_vars.sql <<-'SQL'
		INSERT INTO :"where".:what /* here */ SELECT 3;
		INSERT INTO public /* there */ . t VALUES (3);
	SQL
	apply 0 --analyze -v where=public -v what=t
	assert_eq "$stderr" ''
	assert_eq "$(analyzed)" 't app.t app.u'
}

@test "--analyze that fails is told" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE
		AS 'SELECT 1 / $1';
		CREATE INDEX ON t (f(id));
		INSERT INTO t VALUES (1);
		CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql
		IMMUTABLE AS 'SELECT 1 / ($1 - 1)';
	SQL
	apply 0 --analyze
	assert_stderr_has 'ANALYZE public.t: ERROR 22012'
}

@test "--analyze gives up what is locked, and goes on" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE TABLE u (id int);
	SQL
	apply 0
	migration 2_insert.sql <<-'SQL'
		INSERT INTO t VALUES (1);
		INSERT INTO u VALUES (1);
	SQL
	background psql -XAtq -c 'BEGIN' \
	    -c 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE' \
	    -c 'SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass" 1
	MIG_TIMEOUT=20 apply 0 --analyze --lock-timeout 300
	assert_stderr_has 'ANALYZE public.t: ERROR 55P03'
	assert_eq "$(analyzed)" u
	assert_eq "$(log)" 'apply 1 t
apply 2 insert'
}

@test "no connection, a wrong password, a server that takes no writes" {
	new_db
	two
	plan
	run_mig 4 mig-apply -d 'host=/nonexistent' <plan
	assert_stderr_has 'hint: -d, DATABASE_URL or PGHOST'
	url=$(lab url -t "$MIG_TEST_SERVER")
	run_mig 4 mig-apply -d "${url/:lab@/:wrong@}" <plan
	assert_stderr_has 'password authentication failed'
	refute_stderr_has wrong
	run_mig 4 env PGOPTIONS='-c default_transaction_read_only=on' \
	    mig-apply <plan
	assert_stderr_has 'is read-only for this role'
	assert_eq "$(tables)" ""
}

@test "a transaction that its own text has made read-only" {
	new_db
	migration 1_a.sql <<-'SQL'
		SET TRANSACTION READ ONLY;
		CREATE TABLE a (id int);
	SQL
	plan
	run_mig 5 mig-apply <plan
	assert_stderr_has '1_a.sql:2:1: ERROR 25006'
	assert_stderr_has 'hint: a statement before it has made the transaction'
}

@test "a text that the encoding of the database lacks: nothing has run" {
	new_db latin "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'
	    TEMPLATE template0"
	local mode
	for mode in no own; do
		migration 1_a.sql <<-SQL
			-- mig: $mode-transaction
			CREATE TABLE a (id int); -- costs €
		SQL
		apply 5
		assert_stderr_has 'm/1_a.sql: the history cannot hold its text: '
		assert_stderr_has 'hint: the database is in encoding LATIN1'
		assert_eq "$(tables)" ""
	done
	sed -i s/€/Zoë/ m/1_a.sql
	apply 0
}

@test "-1: what fails at COMMIT is said of no step" {
	new_db
	migration 1_a.sql <<<'CREATE TABLE a (id int PRIMARY KEY, up int
	    REFERENCES a DEFERRABLE INITIALLY DEFERRED);'
	migration 2_b.sql <<<'INSERT INTO a VALUES (1, 2);'
	migration 3_c.sql <<<'CREATE TABLE c ();'
	apply 5 -1
	assert_stderr_has 'mig-apply: COMMIT of all steps: ERROR 23503'
	assert_output_has $'\t23503\tCOMMIT of all steps\t'
	assert_eq "$(tables)" ""
}

@test "a step behind ALTER DATABASE SET has what that says" {
	new_db
	migration 1_set.sql <<-SQL
		CREATE SCHEMA app;
		ALTER DATABASE $PGDATABASE SET search_path TO app, public;
		CREATE TABLE here ();
	SQL
	migration 2_x.sql <<<'CREATE TABLE x ();'
	migration 3_y.sql <<<'-- mig: no-transaction
	    CREATE TABLE y ();'
	apply 0
	assert_eq "$(sql "SELECT string_agg(oid::regclass::text, ' '
	    ORDER BY relname) FROM pg_class WHERE relname IN ('here', 'x', 'y')")" \
	    'here x y'
	assert_eq "$(sql "SELECT string_agg(relnamespace::regnamespace::text, ' '
	    ORDER BY relname) FROM pg_class WHERE relname IN ('here', 'x', 'y')")" \
	    'public app app'
}

@test "a standby is told from its primary" {
	new_db
	two
	plan
	# a server of its own: template databases and slots would be in the way
	lab standby "$MIG_TEST_SERVER" 3>&-
	url=$(lab url "$MIG_TEST_SERVER-standby")
	name=$PGDATABASE
	for _ in $(seq 200); do
		psql -XAtqc 'SELECT 1' "${url/\/postgres?//$name?}" \
		    >/dev/null 2>&1 && break
		sleep 0.05
	done
	run_mig 4 mig-apply -d "${url/\/postgres?//$name?}" <plan
	assert_stderr_has 'is on a standby, which takes no changes'
	assert_stderr_has 'target_session_attrs'
	lab stop "$MIG_TEST_SERVER-standby" 3>&-
}

@test "without the right to make the history: what to grant" {
	new_db
	new_role poor LOGIN
	two
	plan
	run_mig 5 env PGUSER="$ROLE" mig-apply <plan
	assert_stderr_has 'ERROR 42501: permission denied for database'
	assert_stderr_has 'hint: the history needs CREATE on the database'
	assert_output_has $'fail\t1\tapply\tmain\t001\t'
	assert_eq "$(tables)" ""
	# an empty schema of its own is enough
	sql "CREATE SCHEMA mig AUTHORIZATION $ROLE;
	    GRANT CREATE ON SCHEMA public TO $ROLE"
	run_mig 0 env PGUSER="$ROLE" mig-apply <plan
	sql "DROP OWNED BY $ROLE CASCADE"
}

@test "a history of a newer mig-tools is left alone" {
	new_db
	two
	apply 0
	migration 003_third.sql <<<'CREATE TABLE third (id int);'
	plan
	sql 'CREATE OR REPLACE VIEW mig.format AS SELECT 2 AS format'
	run_mig 9 mig-apply <plan
	assert_stderr_has 'the history has format 2, this is mig-tools for format 1'
}

@test "MIG_SCHEMA names another schema for the history" {
	new_db
	two
	export MIG_SCHEMA='odd "name'
	apply 0
	assert_eq "$(sql 'SELECT count(*) FROM "odd ""name".applied')" 2
	plan
	assert_eq "$(grep -c ^step plan)" 0
	MIG_SCHEMA=$PGUSER run_mig 2 mig-apply < <(unset MIG_SCHEMA
	    mig-ls m | mig-plan)
	assert_stderr_has "has the name of the history's schema"
}

@test "no role of a step, or of the session, has the name of the history" {
	new_db
	new_role history
	export MIG_SCHEMA=$ROLE
	migration 1_a.sql <<-SQL
		-- mig: role $ROLE
		CREATE TABLE a (id int);
	SQL
	plan
	run_mig 2 mig-apply <plan
	assert_stderr_has "role $ROLE has the name of the history's schema"
	sed -i 1d m/1_a.sql
	plan
	PGOPTIONS="-c role=$ROLE" run_mig 2 mig-apply <plan
	assert_stderr_has "role $ROLE has the name of the history's schema"
	assert_eq "$(tables)" ""
}

@test "the log takes new rows only, and only where the chain ends" {
	new_db
	two
	apply 0
	for change in 'UPDATE mig.log SET name = NULL' \
	    'DELETE FROM mig.log' 'TRUNCATE mig.log'; do
		run_mig 1 psql -Xqc "$change" -v ON_ERROR_STOP=1
		assert_stderr_has 'the history is append-only'
	done
	run_mig 1 psql -XqAt -v ON_ERROR_STOP=1 -c \
	    "INSERT INTO mig.log (seq, action) VALUES (9, 'fail')"
	assert_stderr_has 'row 9 of the history does not continue it'
}

@test "--json: each line is an object" {
	new_db
	two
	apply 0 --json
	assert_eq "${#lines[@]}" 5
	for line in "${lines[@]}"; do
		sql "SELECT '${line//\'/\'\'}'::json" >/dev/null
	done
	assert_match "${lines[4]}" '^\{"record":"exit","code":0,"done":2\}$'
}

@test "many steps change the connection now and then" {
	new_db
	mkdir many
	for i in $(seq 1050); do
		echo "INSERT INTO pids SELECT pg_backend_pid();" \
		    >"many/$(printf %04d "$i")_x.sql"
	done
	sql 'CREATE TABLE pids (pid int)'
	run_pipe 0 'mig-ls many | mig-plan | mig-apply >report'
	assert_eq "$(sql 'SELECT count(*), count(DISTINCT pid) FROM pids')" \
	    "1050|3"
	assert_chain
}

@test "a plan is all that is needed: no files" {
	new_db
	two
	plan
	rm -r m
	run_mig 0 mig-apply <plan
	assert_eq "$(tables)" "first second"
}

@test "usage: wrong options, arguments, a terminal as input" {
	run_mig 2 mig-apply --nope </dev/null
	run_mig 2 mig-apply plan </dev/null
	assert_stderr_has 'the plan comes from standard input'
	run_mig 2 mig-apply --wait never </dev/null
	assert_stderr_has '--wait never: wants a duration: 500ms, 10s, 2min, or a number of seconds'
	run_mig 2 mig-apply --retry 25d </dev/null
	run_mig 2 mig-apply --lock-timeout 1.5s </dev/null
	assert_stderr_has 'or a number of milliseconds'
	run_mig 2 mig-apply -v $'name=caf\xe9' </dev/null
	assert_stderr_has 'the value of name is not well-formed UTF-8'
	run_mig 2 mig-apply -v =x </dev/null
	run_mig 2 mig-apply -d 'host=' -d 'postgresql://u:geheim@[bad' </dev/null
	refute_stderr_has geheim
	run_mig 0 mig-apply --help </dev/null
	run_mig 0 mig-apply --version </dev/null
	assert_match "$output" '^mig-apply [0-9.]+$'
}

@test "SET TRANSACTION is first of all, the first time too" {
	new_db
	migration 1_set.sql <<-'SQL'
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
		CREATE TABLE t AS SELECT current_setting(
		    'transaction_isolation') AS level;
	SQL
	apply 0
	assert_eq "$(sql 'SELECT level FROM t')" serializable
	assert_eq "$(log)" 'apply 1 set'
	assert_chain
	sed 's/TABLE t/TABLE u/' m/1_set.sql >m/2_set.sql
	apply 0
	assert_eq "$(sql 'SELECT level FROM u')" serializable
}

@test "what cannot be in a transaction after all: what to do" {
	new_db
	sql 'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
	    CREATE TYPE kind AS ENUM ()'
	migration 1_call.sql <<<'CALL p();'
	apply 5
	assert_stderr_has 'm/1_call.sql:1:1: ERROR 2D000'
	assert_stderr_has 'hint: it runs outside of a transaction alone: put "-- mig: no-transaction"'
	migration 1_call.sql <<-'SQL'
		ALTER TYPE kind ADD VALUE 'new';
		SELECT 'new'::kind;
	SQL
	apply 5
	assert_stderr_has 'm/1_call.sql:2:8: ERROR 55P04'
	assert_stderr_has 'hint: what uses a new value of an enum belongs into the next migration'
}
