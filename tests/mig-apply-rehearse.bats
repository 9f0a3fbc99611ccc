# mig-apply --rehearse: every figure is compared with what is known to be true,
# and nothing of it stays.

# shellcheck disable=SC2016,SC2119,SC2120 # $ for the inner shell; options, seldom wanted
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

# rehearse STATUS [MIG-APPLY-OPTION...]: plan m, and rehearse the plan.
rehearse() {
	local expected=$1
	shift
	mig-ls m | mig-plan >plan
	run_mig "$expected" mig-apply --rehearse "$@" <plan
}

# told WORD STEP STATEMENT: those records, without these three columns, on one
# line, joined by semicolons.
told() {
	awk -F '\t' -v word="$1" -v step="$2" -v statement="$3" '
	$1 == word && $2 == step && $3 == statement {
		line = $4
		for (i = 5; i <= NF; i++)
			line = line " " $i
		all = all (all == "" ? "" : "; ") line
	}
	END { print all }' "$BATS_TEST_TMPDIR/out"
}

# field WORD STEP STATEMENT NUMBER: one column of such a record, from 1.
field() {
	awk -F '\t' -v word="$1" -v step="$2" -v statement="$3" -v n="$4" '
	$1 == word && $2 == step && $3 == statement { print $(n + 3) }' \
	    "$BATS_TEST_TMPDIR/out"
}

# A thousand orders of a hundred customers.
orders() {
	sql "CREATE TABLE customer (id int PRIMARY KEY, name text);
	    INSERT INTO customer
	    SELECT i, 'name ' || i FROM generate_series(1, 100) i;
	    CREATE TABLE orders (id int PRIMARY KEY, customer int, total int,
		note varchar(20));
	    INSERT INTO orders SELECT i, i % 100 + 1, i, 'note ' || i
	    FROM generate_series(1, 1000) i;
	    ANALYZE"
}

# What is in the database: schema, rows, roles' settings, files.
everything() {
	catalog_of
	sql "SELECT * FROM customer ORDER BY id"
	sql "SELECT * FROM orders ORDER BY id"
	sql "SELECT relname, relfilenode FROM pg_class
	    WHERE oid >= 16384 ORDER BY oid"
	sql "SELECT nspname FROM pg_namespace ORDER BY oid"
}

@test "what ALTER TABLE rewrites, scans and locks" {
	new_db
	orders
	migration 1_alter.sql <<-'SQL'
		ALTER TABLE orders ADD note2 text DEFAULT 'none';
		ALTER TABLE orders ALTER total SET NOT NULL;
		ALTER TABLE orders ALTER note TYPE varchar(30);
		ALTER TABLE orders ALTER total TYPE bigint;
		ALTER TABLE orders ADD at timestamptz DEFAULT clock_timestamp();
	SQL
	rehearse 0
	assert_eq "$(told lock 1 1)" 'public.orders ACCESS EXCLUSIVE'
	assert_eq "$(told rewrite 1 1)$(told scan 1 1)$(told rows 1 1)" ''
	assert_eq "$(told lock 1 2)" '' "it has that lock already"
	assert_eq "$(told scan 1 2)" 'public.orders 1 1000'
	assert_eq "$(told rewrite 1 2)$(told rewrite 1 3)" ''
	assert_eq "$(told scan 1 3)" ''
	# the key's index is built anew: that is a second scan
	assert_match "$(told rewrite 1 4)" \
	    '^public.orders [0-9]+; public.orders_pkey [0-9]+$'
	assert_eq "$(told scan 1 4)" 'public.orders 2 2000'
	assert_eq "$(told lock 1 4)" '' "indexes of what is locked already"
	assert_match "$(told rewrite 1 5)" '^public.orders [0-9]+;'
	assert_eq "$(told statement 1 5 | cut -d' ' -f1)" m/1_alter.sql:5:1
	# what it says of their size is what they get
	is=$(field rewrite 1 5 2 | tr '\n' ' ')
	run_pipe 0 'mig-apply -q <plan'
	assert_eq "$is" "$(sql "SELECT pg_relation_size('orders'),
	    pg_relation_size('orders_pkey')" -F ' ') "
}

@test "a foreign key locks both tables, and reads the one that refers" {
	new_db
	orders
	migration 1_fk.sql <<-'SQL'
		ALTER TABLE orders ADD FOREIGN KEY (customer)
		    REFERENCES customer NOT VALID;
		ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey;
	SQL
	rehearse 0
	assert_eq "$(told lock 1 1)" 'public.customer SHARE ROW EXCLUSIVE; '\
'public.orders SHARE ROW EXCLUSIVE'
	assert_eq "$(told scan 1 1)" ''
	assert_match "$(told scan 1 2)" 'public.orders 1 1000'
}

@test "locks of other strength, of indexes, views and what is dropped" {
	new_db
	orders
	sql 'CREATE INDEX total ON orders (total);
	    CREATE VIEW names AS SELECT name FROM customer'
	migration 1_locks.sql <<-'SQL'
		SELECT * FROM names;
		UPDATE orders SET total = 0 WHERE id = 1;
		CREATE INDEX name ON customer (name);
		DROP INDEX total;
		DROP VIEW names;
		REINDEX INDEX customer_pkey;
		CREATE TABLE mine (i int);
		ALTER TABLE mine ADD j int;
	SQL
	rehearse 0
	assert_eq "$(told lock 1 1)" \
	    'public.customer ACCESS SHARE; public.names ACCESS SHARE'
	assert_eq "$(told lock 1 2)" 'public.orders ROW EXCLUSIVE'
	assert_eq "$(told lock 1 3)" 'public.customer SHARE'
	assert_eq "$(told scan 1 3)" 'public.customer 1 100'
	assert_eq "$(told lock 1 4)" 'public.orders ACCESS EXCLUSIVE'
	assert_eq "$(told lock 1 5)" 'public.names ACCESS EXCLUSIVE'
	# what the plan itself makes nobody else waits for
	assert_eq "$(told lock 1 7)$(told lock 1 8)" ''
	assert_eq "$(told lock 1 6)" 'public.customer_pkey ACCESS EXCLUSIVE'
	assert_match "$(told rewrite 1 6)" '^public.customer_pkey [0-9]+$'
}

@test "a lock that was given up and is taken again is told again" {
	new_db
	orders
	migration 1_savepoint.sql <<-'SQL'
		SAVEPOINT s;
		LOCK TABLE orders;
		ROLLBACK TO s;
		LOCK TABLE orders;
	SQL
	rehearse 0
	assert_eq "$(told lock 1 2)" 'public.orders ACCESS EXCLUSIVE'
	assert_eq "$(told lock 1 4)" 'public.orders ACCESS EXCLUSIVE'
}

@test "the rows that are written, by triggers too" {
	new_db
	orders
	migration 1_rows.sql <<-'SQL'
		UPDATE orders SET total = total + 1 WHERE id <= 10;
		DELETE FROM orders WHERE id > 900;
		CREATE TABLE log (id int);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO log VALUES (NEW.id), (NEW.id); RETURN NULL; END
		$$;
		CREATE TRIGGER note AFTER INSERT ON customer
		    FOR EACH ROW EXECUTE FUNCTION note();
		INSERT INTO customer SELECT generate_series(101, 105), 'new';
		COPY customer FROM stdin;
		200	Ann
		201	Bob
		\.
		TRUNCATE orders;
		INSERT INTO orders VALUES (1, 1, 1, 'one');
		DO 'BEGIN TRUNCATE customer; INSERT INTO customer VALUES (1); END';
	SQL
	rehearse 0
	assert_eq "$(told rows 1 1)" 'public.orders 0 10 0'
	assert_eq "$(told rows 1 2)" 'public.orders 0 0 100'
	assert_eq "$(told rows 1 6)" \
	    'public.customer 5 0 0; public.log 10 0 0'
	assert_eq "$(told rows 1 7)" 'public.customer 2 0 0; public.log 4 0 0'
	assert_match "$(told rewrite 1 8)" '^public.orders 0;'
	assert_eq "$(told rows 1 8)" ''
	assert_eq "$(told rows 1 9)" 'public.orders 1 0 0'
	# behind a TRUNCATE the server counts from nothing
	assert_eq "$(told rows 1 10)" 'public.customer 1 0 0; public.log 2 0 0'
	# the command tag
	assert_eq "$(field statement 1 1 3) $(field statement 1 1 4)" \
	    'UPDATE 10'
	assert_eq "$(field statement 1 6 3) $(field statement 1 6 4)" 'INSERT 5'
	assert_eq "$(field statement 1 7 3) $(field statement 1 7 4)" 'COPY 2'
	assert_eq "$(field statement 1 3 3) $(field statement 1 3 4)" \
	    'CREATE TABLE -'
}

@test "how long a statement took, and what the server wrote" {
	new_db
	orders
	migration 1_slow.sql <<-'SQL'
		SELECT pg_sleep(0.3);
		INSERT INTO customer SELECT i, repeat('x', 100)
		    FROM generate_series(1001, 2000) i;
	SQL
	rehearse 0
	[ "$(field statement 1 1 2)" -ge 300 ]
	[ "$(field rehearsed 1 apply 3)" -ge 300 ]
	# less than the rows alone cannot be, nor ten times that
	[ "$(field statement 1 2 5)" -ge 100000 ]
	[ "$(field statement 1 2 5)" -lt 1000000 ]
}

@test "the database is as it was, and has no history" {
	local before
	new_db
	orders
	before=$(everything)
	migration 1_all.sql <<-'SQL'
		ALTER TABLE orders ALTER total TYPE bigint;
		UPDATE customer SET name = 'changed';
		CREATE TABLE new (i int);
		CREATE ROLE nobody_at_all;
		INSERT INTO new VALUES (1);
		CREATE SCHEMA further;
	SQL
	migration 2_next.sql <<-'SQL'
		INSERT INTO new VALUES (2);
		DROP TABLE orders;
	SQL
	rehearse 0
	assert_eq "$(told rows 2 1)" 'public.new 1 0 0'
	assert_eq "${lines[-2]}" $'exit\t0\t0'
	refute_output_has $'\ndone\t'
	assert_eq "$(everything)" "$before"
	assert_eq "$(sql "SELECT count(*) FROM pg_roles
	    WHERE rolname = 'nobody_at_all'")" 0
	# the same plan is good for an apply
	sed -i /nobody_at_all/d m/1_all.sql
	rehearse 0
	run_mig 0 mig-apply <plan
	before=$(sql 'TABLE mig.log ORDER BY seq')
	migration 3_last.sql <<<'DROP TABLE new;'
	rehearse 0
	assert_eq "$(sql 'TABLE mig.log ORDER BY seq')" "$before"
	assert_eq "$(sql 'SELECT count(*) FROM new')" 2
}

@test "a sequence does not go back" {
	new_db
	sql 'CREATE SEQUENCE s'
	migration 1_next.sql <<<"SELECT nextval('s');"
	rehearse 0
	assert_eq "$(sql "SELECT nextval('s')")" 2
}

@test "taking back can be rehearsed, and steps without a text" {
	new_db
	orders
	printf '%s\n' 'ALTER TABLE orders ADD a int;' '-- mig: down' \
	    'ALTER TABLE orders DROP a;' | migration 1_a.sql
	run_pipe 0 'mig-ls m | mig-plan --baseline 1 | mig-apply --rehearse'
	assert_output_has $'\nrehearsed\t1\tbaseline\tmain\t1\t'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply -q'
	run_pipe 0 'mig-ls m | mig-plan --revert 1 | mig-apply --rehearse'
	assert_output_has $'\nrehearsed\t1\trevert\tmain\t1\t'
	assert_eq "$(told lock 1 1)" 'public.orders ACCESS EXCLUSIVE'
	sql 'SELECT a FROM orders LIMIT 0'
}

@test "a failing statement ends it, and what was measured stands" {
	local before
	new_db
	orders
	migration 1_good.sql <<<'ALTER TABLE orders ADD a int;'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply -q'
	before=$(everything; sql 'TABLE mig.log')
	migration 2_next.sql <<<'ALTER TABLE orders ADD b int;'
	printf '%s\n' 'UPDATE orders SET b = 1;' '' '  ALTER TABLE nope ADD c int;' \
	    'SELECT 1;' | migration 3_bad.sql
	migration 4_never.sql <<<'SELECT 1;'
	rehearse 5
	assert_eq "$(told lock 1 1)" 'public.orders ACCESS EXCLUSIVE'
	assert_eq "$(told rows 2 1)" 'public.orders 0 1000 0'
	assert_output_has $'\t42P01\tm/3_bad.sql:3:3\trelation "nope" does not exist'
	assert_stderr_has 'm/3_bad.sql:3:3: ERROR 42P01: relation "nope"'
	refute_output_has $'\nstart\t3\t'
	refute_output_has $'\nrehearsed\t2\t'
	assert_eq "${lines[-2]}" $'exit\t5\t0'
	assert_eq "$(everything; sql 'TABLE mig.log')" "$before"
	run_pipe 0 'mig-ls m | mig-plan --status'
	refute_output_has failed
}

@test "a stale, a damaged and an empty plan, and a variable" {
	new_db
	orders
	migration 1_a.sql <<<'ALTER TABLE orders ADD a int DEFAULT :number;'
	rehearse 2
	assert_stderr_has 'the plan needs variable number'
	run_mig 0 mig-apply --rehearse -v number=3 <plan
	sed 's/ADD a/ADD b/' plan >bad
	run_mig 3 mig-apply --rehearse -v number=3 <bad
	run_mig 0 mig-apply -v number=3 <plan
	run_mig 8 mig-apply --rehearse -v number=3 <plan
	assert_stderr_has stale
	mig-ls m | mig-plan >plan
	run_mig 0 env PGHOST=/nonexistent mig-apply --rehearse <plan
}

@test "it waits for another run, and not for ever" {
	new_db
	migration 1_slow.sql <<<'SELECT pg_sleep(30);'
	mig-ls m | mig-plan >plan
	background sh -c 'exec mig-apply <plan'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND query ~ '^SELECT pg_sleep'" 1
	run_mig 6 mig-apply --rehearse --wait 0 <plan
	assert_stderr_has 'mig-apply, user'
}

@test "what is not one transaction is left out, and that is said" {
	new_db
	orders
	printf '%s\n' '-- mig: no-transaction' \
	    'CREATE INDEX CONCURRENTLY total ON orders (total);' |
	    migration 1_none.sql
	migration 2_tx.sql <<<'ALTER TABLE orders ADD a int;'
	rehearse 0
	assert_eq "$(told skip 1 -)" 'm/1_none.sql its mode is none'
	assert_eq "$(told lock 2 1)" 'public.orders ACCESS EXCLUSIVE'
	refute_output_has $'\nrehearsed\t1\t'
	migration 3_needs.sql <<<'DROP INDEX total;'
	rehearse 5
	assert_stderr_has 'hint: step 1 was left out, and what it makes is not there'
	assert_eq "$(sql "SELECT count(*) FROM pg_class
	    WHERE relname = 'total'")" 0
}

@test "deferred constraints are checked where a COMMIT would" {
	new_db
	orders
	sql 'ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customer
	    DEFERRABLE INITIALLY DEFERRED'
	migration 1_child.sql <<-'SQL'
		INSERT INTO orders VALUES (2001, 101);
		INSERT INTO customer VALUES (101);
	SQL
	# which an unchecked row would not allow
	migration 2_alter.sql <<<'ALTER TABLE orders ADD a int;'
	# and by now they wait again
	migration 3_child.sql <<-'SQL'
		INSERT INTO orders VALUES (2002, 102);
		INSERT INTO customer VALUES (102);
	SQL
	rehearse 0
	assert_match "$(told statement 1 -)" '^m/1_child.sql [0-9]+ COMMIT - [0-9]+$'
	assert_match "$(told statement 3 -)" '^m/3_child.sql [0-9]+ COMMIT '
	migration 4_orphan.sql <<<'INSERT INTO orders VALUES (2003, 999);'
	migration 5_parent.sql <<<'INSERT INTO customer VALUES (999);'
	rehearse 5
	assert_output_has $'fail\t4\tapply'
	assert_output_has $'\t23503\tm/4_orphan.sql\t'
	assert_output_has $'\nrehearsed\t3\t'
}

@test "without deferrable constraints nothing is told of COMMIT" {
	new_db
	migration 1_a.sql <<<'SELECT 1;'
	rehearse 0
	refute_output_has COMMIT
}

# Before PostgreSQL 18 it runs as whoever commits, since then as whoever has
# set it off.
@test "a deferred trigger has the rights that it has in an apply" {
	new_db
	new_role small
	sql "CREATE TABLE who (name text);
	    CREATE TABLE t (i int);
	    GRANT INSERT ON t TO $ROLE;
	    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
	    'BEGIN PERFORM 1 FROM who; RETURN NULL; END';
	    CREATE CONSTRAINT TRIGGER note AFTER INSERT ON t
	    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()"
	printf '%s\n' "-- mig: role $ROLE" 'INSERT INTO t VALUES (1);' |
	    migration 1_a.sql
	mig-ls m | mig-plan >plan
	if [ "$MIG_SERVER_MAJOR" -lt 18 ]; then
		rehearse 0
		assert_eq "$(told scan 1 -)" 'public.who 1 0'
		run_mig 0 mig-apply <plan
	else
		rehearse 5
		run_mig 5 mig-apply <plan
	fi
}

@test "settings, roles and temporary tables end with their step" {
	new_db
	new_role small
	orders
	sql "GRANT SELECT ON orders TO $ROLE"
	migration 1_leave.sql <<-SQL
		SET LOCAL search_path = pg_temp;
		SET application_name = 'left behind';
		CREATE TEMP TABLE orders (i int);
		PREPARE p AS SELECT 1;
		SET LOCAL lock_timeout = 1;
		SET ROLE $ROLE;
	SQL
	migration 2_find.sql <<-'SQL'
		DO $$ BEGIN
			ASSERT current_setting('search_path') ~ 'public';
			ASSERT current_setting('application_name') = 'mig-apply';
			ASSERT current_setting('lock_timeout') = '7s';
			ASSERT current_user = session_user;
		END $$;
		PREPARE p AS SELECT 1;
		SELECT note FROM orders;
	SQL
	rehearse 0 --lock-timeout 7000
	assert_eq "$(field statement 2 3 4)" 1000
}

@test "what a migration sets does not mislead the measuring" {
	new_db
	new_role small
	orders
	sql "CREATE SCHEMA evil;
	    CREATE TABLE evil.pg_locks (i int);
	    CREATE TABLE evil.pg_class (i int);
	    CREATE FUNCTION evil.no(oid, oid) RETURNS boolean LANGUAGE sql
	    AS 'SELECT false';
	    CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql
	    AS 'SELECT false';
	    CREATE OPERATOR evil.= (FUNCTION = evil.no,
		LEFTARG = oid, RIGHTARG = oid);
	    CREATE OPERATOR evil.= (FUNCTION = evil.no,
		LEFTARG = text, RIGHTARG = text);
	    GRANT USAGE ON SCHEMA evil TO $ROLE;
	    GRANT ALL ON customer TO $ROLE"
	migration 1_evil.sql <<-SQL
		SET search_path = evil, pg_catalog, public;
		UPDATE orders SET total = 1 WHERE note OPERATOR(pg_catalog.=) 'note 1';
		SET ROLE $ROLE;
		DELETE FROM customer;
	SQL
	rehearse 0
	assert_eq "$(told lock 1 2)" 'public.orders ROW EXCLUSIVE'
	assert_eq "$(told rows 1 2)" 'public.orders 0 1 0'
	assert_eq "$(told lock 1 4)" 'public.customer ROW EXCLUSIVE'
	assert_eq "$(told rows 1 4)" 'public.customer 0 0 100'
}

@test "where nothing may be asked there is no verdict" {
	new_db
	new_role small
	sql 'REVOKE SELECT ON pg_catalog.pg_locks FROM public'
	migration 1_a.sql <<-SQL
		SET ROLE $ROLE;
	SQL
	rehearse 9
	assert_stderr_has 'permission denied for view pg_locks'
	assert_output_has $'\nfail\t1\tapply\t'
}

# It is rolled back all the same, whichever of the questions it is.
@test "nor where it may not be asked what COMMIT would do" {
	new_db
	new_role small LOGIN
	sql 'REVOKE SELECT ON pg_catalog.pg_constraint FROM public'
	migration 1_a.sql <<<'SELECT 1;'
	PGUSER=$ROLE rehearse 9
	assert_stderr_has 'permission denied for table pg_constraint'
	assert_output_has $'\nexit\t9\t0'
}

# What the server takes for a string ends elsewhere than in the file.
@test "a step that ends the transaction after all is found, and is 7" {
	new_db
	printf '%s\n' 'CREATE TABLE t (i int);' \
	    "SELECT set_config('standard_conforming_strings', 'off', false);" \
	    "SELECT 1 \\; SELECT 'x\\', '; COMMIT; --';" 'SELECT 2;' |
	    migration 1_a.sql
	rehearse 7
	assert_stderr_has 'm/1_a.sql:3:1: ended the transaction of the rehearsal'
	refute_output_has 'm/1_a.sql:4'
}

@test "-- mig: role holds in a rehearsal" {
	new_db
	new_role small
	orders
	sql "GRANT SELECT ON orders TO $ROLE"
	printf '%s\n' "-- mig: role $ROLE" 'SELECT 1 FROM orders;' \
	    'DELETE FROM orders;' | migration 1_role.sql
	rehearse 5
	assert_output_has $'\t42501\tm/1_role.sql:3:'
}

@test "SET TRANSACTION is left out, and the rest of its step is not" {
	new_db
	orders
	migration 0_first.sql <<<'SELECT 1;'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply -q'
	migration 1_a.sql <<-'SQL'
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
		SET LOCAL transaction_deferrable = on;
		SELECT 1;
	SQL
	migration 2_b.sql <<-'SQL'
		set session transaction isolation level repeatable read;
		SET transaction_isolation TO serializable;
		SET TRANSACTION READ WRITE;
		SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
	SQL
	migration 3_c.sql <<<'DELETE FROM orders;'
	rehearse 0
	assert_eq "$(told skip 1 1)" 'm/1_a.sql:1:1 a rehearsal is one transaction'
	assert_eq "$(told skip 1 2)" 'm/1_a.sql:2:1 a rehearsal is one transaction'
	assert_eq "$(told skip 2 1)" 'm/2_b.sql:1:1 a rehearsal is one transaction'
	assert_eq "$(told skip 2 2)" 'm/2_b.sql:2:1 a rehearsal is one transaction'
	assert_eq "$(field statement 1 3 3)" SELECT
	assert_eq "$(field statement 2 3 3)" SET
	assert_eq "$(field statement 2 4 3)" SET
	assert_eq "$(told rows 3 1)" 'public.orders 0 0 1000'
	run_mig 0 mig-apply <plan
}

@test "a value of an enum that an earlier step adds ends it, as no failure" {
	new_db
	sql "CREATE TYPE mood AS ENUM ('sad')"
	migration 1_add.sql <<<"ALTER TYPE mood ADD VALUE 'happy';"
	migration 2_use.sql <<-'SQL'
		SELECT 1;
		SELECT 'happy'::mood;
	SQL
	migration 3_next.sql <<<'SELECT 1;'
	rehearse 0
	assert_match "$(told skip 2 2)" '^m/2_use.sql:2:8 the value of an enum'
	assert_eq "$(told skip 3 -)" 'm/3_next.sql a step before it was left out'
	assert_output_has $'\nrehearsed\t1\t'
	refute_output_has $'\nrehearsed\t2\t'
	refute_output_has $'\nfail\t'
	run_mig 0 mig-apply <plan
}

@test "a value of an enum that its own step adds is a failure" {
	new_db
	sql "CREATE TYPE mood AS ENUM ('sad')"
	migration 1_both.sql <<-'SQL'
		ALTER TYPE mood ADD VALUE 'happy';
		SELECT 'happy'::mood;
	SQL
	rehearse 5
	assert_output_has $'\t55P04\tm/1_both.sql:2:8\t'
	run_mig 5 mig-apply <plan
	migration 1_both.sql <<-'SQL'
		DO $$ BEGIN ALTER TYPE mood ADD VALUE 'merry';
		EXCEPTION WHEN undefined_object THEN NULL; END $$;
		SELECT 'merry'::mood;
	SQL
	mig-ls m | mig-plan --forget | mig-apply -q
	rehearse 5
	assert_output_has $'\t55P04\tm/1_both.sql:3:8\t'
	migration 0_other.sql <<<"ALTER TYPE mood ADD VALUE 'calm';"
	rm m/1_both.sql
	migration 1_both.sql <<-'SQL'
		ALTER TYPE mood ADD VALUE 'happy';
		SELECT 'calm'::mood;
	SQL
	mig-ls m | mig-plan --forget | mig-apply -q
	rehearse 5
	assert_stderr_has 'hint: values of enums that earlier steps add are not'
}

@test "an extension, and a step that needs it" {
	new_db
	migration 1_a.sql <<<'SELECT 1;'
	migration 2_ext.sql <<<'CREATE EXTENSION hstore;'
	migration 3_use.sql <<<"SELECT 'a=>b'::hstore;"
	rehearse 0
	assert_eq "$(sql "SELECT count(*) FROM pg_extension
	    WHERE extname = 'hstore'")" 0
	migration 4_bad.sql <<<'CREATE EXTENSION no_such_extension;'
	rehearse 5
	assert_stderr_has 'hint: applied, a step that alters an extension has'
}

@test "too many locks: what to do" {
	new_db
	migration 1_many.sql <<-'SQL'
		SELECT pg_advisory_xact_lock(i) FROM generate_series(1, 1000000) i;
	SQL
	rehearse 5
	assert_output_has $'\t53200\t'
	assert_stderr_has 'hint: a rehearsal keeps all locks to its end'
}

@test "a lock that is not to be had ends it with 6, and says who has it" {
	new_db
	orders
	migration 1_a.sql <<<'ALTER TABLE customer ADD a int;'
	migration 2_b.sql <<<'ALTER TABLE orders ADD a int;'
	background psql -Xc 'BEGIN; LOCK TABLE orders' -c 'SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_locks l JOIN pg_class c
	    ON c.oid = l.relation WHERE c.relname = 'orders' AND l.granted" 1
	rehearse 6 --lock-timeout 1500
	assert_output_has $'\nrehearsed\t1\t'
	assert_output_has $'\t55P03\tm/2_b.sql:1:1\t'
	refute_output_has $'\nretry\t'
	assert_stderr_has 'hint: blocked by pid'
}

@test "a signal: all is rolled back, and it dies of it" {
	new_db
	orders
	migration 1_a.sql <<<'DELETE FROM orders;'
	migration 2_slow.sql <<<'SELECT pg_sleep(60);'
	mig-ls m | mig-plan >plan
	mig-apply --rehearse <plan >report 2>err 3>&- &
	PID=$!
	echo $PID >>"$BATS_TEST_TMPDIR/.pids"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND query ~ '^SELECT pg_sleep'" 1
	kill -TERM $PID
	status=0
	wait $PID || status=$?
	cat report err
	assert_eq "$status" 143
	grep -q 'stopped in step 2 of 2: all is rolled back' err
	grep -qx 'exit	143	0' report
	assert_eq "$(sql 'SELECT count(*) FROM orders')" 1000
	assert_eq "$(sql "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database()")" 1
}

@test "a lost connection leaves nothing, and is 4" {
	new_db
	orders
	migration 1_a.sql <<<'DELETE FROM orders;'
	migration 2_b.sql <<<'SELECT pg_terminate_backend(pg_backend_pid());'
	rehearse 4
	assert_eq "$(sql 'SELECT count(*) FROM orders')" 1000
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'mig'")" 0
}

@test "a session that the server ends for its time is 5, and is placed" {
	min_server 17
	new_db
	migration 1_a.sql <<<'SELECT pg_sleep(9);'
	sql "ALTER DATABASE \"$PGDATABASE\" SET transaction_timeout = 200"
	rehearse 5
	assert_stderr_has 'm/1_a.sql:1:1: FATAL 25P04'
}

@test "a reader that goes away ends it" {
	new_db
	orders
	for i in $(seq 20); do
		migration "$i".sql <<<'DELETE FROM orders; SELECT pg_sleep(0.1);'
	done
	mig-ls m | mig-plan >plan
	run_pipe 3 'mig-apply --rehearse <plan | head -n 3 >/dev/null'
	assert_stderr_has 'the report cannot be written: all is rolled back'
	assert_eq "$(sql 'SELECT count(*) FROM orders')" 1000
}

@test "bare, as JSON, quiet, for people" {
	new_db
	orders
	migration 1_a.sql <<-'SQL'
		ALTER TABLE orders ALTER total TYPE bigint;
		UPDATE orders SET note = null WHERE id <= 3;
		DELETE FROM customer WHERE id = 1;
	SQL
	printf '%s\n' '-- mig: no-transaction' 'VACUUM orders;' |
	    migration 2_none.sql
	rehearse 0 -H
	assert_match "${lines[0]}" $'^start\t1\t'
	assert_match "${lines[1]}" $'^statement\t1\t1\t'
	assert_eq "${lines[-1]}" $'exit\t0\t0'
	rehearse 0 --json
	assert_match "${lines[1]}" '^\{"record":"statement","step":1,"statement":1,"where":"m/1_a.sql:1:1","ms":[0-9]+,"command":"ALTER TABLE","rows":null,"server_wal":[0-9]+\}$'
	assert_output_has '{"record":"lock","step":1,"statement":1,"relation":"public.orders","mode":"ACCESS EXCLUSIVE"}'
	assert_output_has '{"record":"rows","step":1,"statement":2,"relation":"public.orders","inserted":0,"updated":3,"deleted":0}'
	assert_output_has '{"record":"skip","step":2,"statement":null,"where":"m/2_none.sql","why":"its mode is none"}'
	rehearse 0 -q
	assert_eq "$output$stderr" ''
	TERM=xterm run_mig 0 script -qec \
	    'stty cols 80; mig-apply --rehearse <plan' /dev/null
	# a line of progress may have been wiped before it
	assert_match "${lines[0]}" '(^|\[K)step  where +ms +wal  what'
	assert_output_has 'ACCESS EXCLUSIVE on public.orders'
	assert_output_has 'rewrites public.orders: '
	assert_output_has 'UPDATE, 3 rows'
	assert_output_has '  3 updated in public.orders'
	assert_output_has 'DELETE, 1 row'
	assert_output_has 'not rehearsed: its mode is none'
	assert_output_has '1 of 2 steps rehearsed and rolled back in '
	migration 3_bad.sql <<<'SELECT nope;'
	rehearse 5
	TERM=xterm run_mig 5 script -qec 'mig-apply --rehearse <plan' /dev/null
	assert_output_has 'm/3_bad.sql:1:8'
	assert_output_has failed
}

@test "options that do not go with it" {
	new_db
	migration 1_a.sql <<<'SELECT 1;'
	mig-ls m | mig-plan >plan
	for option in -1 -i --analyze; do
		run_mig 2 mig-apply --rehearse $option <plan
		assert_stderr_has "$option does not go with it"
	done
}

@test "what is locked already is seen all the same" {
	new_db
	orders
	migration 1_a.sql <<-'SQL'
		ALTER TABLE orders ALTER total TYPE bigint;
		ALTER TABLE orders ALTER customer TYPE bigint;
		REINDEX INDEX orders_pkey;
		ALTER TABLE orders RENAME TO sales;
		UPDATE sales SET total = 1 WHERE id <= 2;
		TRUNCATE sales;
		INSERT INTO sales VALUES (1);
	SQL
	migration 2_b.sql <<-'SQL'
		DELETE FROM sales;
		CREATE TABLE n (i int);
		INSERT INTO n VALUES (1), (2);
		TRUNCATE n;
		INSERT INTO n VALUES (1), (2);
	SQL
	rehearse 0
	for statement in 1 2; do
		assert_match "$(told rewrite 1 $statement)" \
		    '^public.orders [0-9]+; public.orders_pkey [0-9]+$'
	done
	assert_match "$(told rewrite 1 3)" '^public.orders_pkey [0-9]+$'
	assert_eq "$(told lock 1 2)$(told lock 1 4)$(told rewrite 1 5)" ''
	assert_eq "$(told rows 1 5)" 'public.sales 0 2 0'
	# its file is of this transaction already
	assert_eq "$(told rewrite 1 6)" ''
	assert_eq "$(told rows 1 7)" 'public.sales 1 0 0'
	assert_eq "$(told rows 2 1)" 'public.sales 0 0 1'
	assert_eq "$(told rows 2 4)" ''
	# the server counts anew
	assert_eq "$(told rows 2 5)" 'public.n 2 0 0'
}

@test "a table of many partitions" {
	new_db
	sql "CREATE TABLE p (i int PRIMARY KEY) PARTITION BY RANGE (i);
	    DO \$\$ BEGIN FOR n IN 0..99 LOOP
		EXECUTE format('CREATE TABLE p%s PARTITION OF p
		    FOR VALUES FROM (%s) TO (%s)', n, n * 10, n * 10 + 10);
	    END LOOP; END \$\$;
	    INSERT INTO p SELECT generate_series(0, 999)"
	migration 1_a.sql <<-'SQL'
		UPDATE p SET i = i WHERE i = 5;
		ALTER TABLE p ADD j int DEFAULT random();
		CREATE TABLE mine (i int REFERENCES p);
		INSERT INTO mine SELECT generate_series(0, 199);
	SQL
	rehearse 0
	assert_match "$(told lock 1 1)" 'public.p0 ROW EXCLUSIVE'
	assert_eq "$(told rows 1 1)" 'public.p0 0 1 0'
	assert_eq "$(grep -c $'^lock\t1\t2\tpublic.p[0-9]*\tACCESS EXCLUSIVE' \
	    "$BATS_TEST_TMPDIR/out")" 101
	assert_eq "$(grep -c $'^rewrite\t1\t2\tpublic.p[0-9]*\t' \
	    "$BATS_TEST_TMPDIR/out")" 100
	assert_eq "$(told rows 1 4)" 'public.mine 200 0 0'
}

@test "names are quoted where SQL would" {
	new_db
	sql 'CREATE SCHEMA "a b"; CREATE TABLE "a b"."T" (i int);
	    INSERT INTO "a b"."T" VALUES (1)'
	migration 1_a.sql <<-'SQL'
		ALTER TABLE "a b"."T" RENAME TO t2;
		UPDATE "a b".t2 SET i = 2;
	SQL
	rehearse 0
	assert_eq "$(told rows 1 2)" '"a b".t2 0 1 0'
}

@test "a server that counts nothing is no reason to say nothing was done" {
	new_db
	orders
	sql "ALTER DATABASE $PGDATABASE SET track_counts = off"
	migration 1_a.sql <<<'UPDATE orders SET total = 1;'
	rehearse 0
	assert_stderr_has 'track_counts is off'
	assert_eq "$(told lock 1 1)" 'public.orders ROW EXCLUSIVE'
	assert_eq "$(field statement 1 1 4)" 1000
}
