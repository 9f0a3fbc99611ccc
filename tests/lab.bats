#!/usr/bin/env bats
# rounds: system 1? 17x 17n
# The lab and the helpers, on which every other file here stands.
load helpers

# A further server, of the same version as the suite's.
setup() {
	OWN=$MIG_TEST_SERVER-own
}

teardown() {
	clean_up
	lab stop "$OWN-standby"
	lab stop "$OWN"
}

@test "the suite's server is the one asked for" {
	case $MIG_TEST_SERVER in
	system) ;;
	17[nx]*) assert_eq "$MIG_SERVER_MAJOR" 17 ;;
	*) assert_eq "$MIG_SERVER_MAJOR" "${MIG_TEST_SERVER%%-*}" ;;
	esac
	assert_eq "$(sql 'SELECT current_user')" lab
}

@test "TCP wants the password" {
	run_mig 0 psql -XAtc 'SELECT 1' "$(lab url -t "$MIG_TEST_SERVER")"
	run_mig 2 psql -XAtc 'SELECT 1' \
	    "$(lab url -t "$MIG_TEST_SERVER" | sed 's/lab:lab/lab:other/')"
	assert_stderr_has 'password authentication failed'
}

@test "start, crash, start again, stop" {
	local url pid
	url=$(lab start "$OWN" 3>&-)
	run_mig 0 psql -XAtqc 'CREATE TABLE kept ()' "$url"
	pid=$(head -n 1 "$MIG_LAB_DIR/$OWN/data/postmaster.pid")
	run_mig 0 psql -XAtqc CHECKPOINT "$url"
	lab crash "$OWN"
	refute alive "$pid"
	run_mig 2 psql -XAtc 'SELECT 1' "$url"
	assert_eq "$(lab start "$OWN" 3>&-)" "$url"
	run_mig 0 psql -XAtc 'SELECT count(*) FROM kept' "$url"
	assert_eq "$output" 0
	pid=$(head -n 1 "$MIG_LAB_DIR/$OWN/data/postmaster.pid")
	lab stop "$OWN"
	refute alive "$pid"
	refute test -e "$MIG_LAB_DIR/$OWN"
}

@test "a standby follows its primary and is read-only" {
	local url standby
	url=$(lab start "$OWN" 3>&-)
	standby=$(lab standby "$OWN" 3>&-)
	run_mig 0 psql -XAtqc 'CREATE TABLE followed ()' "$url"
	wait_for "SELECT to_regclass('followed')" followed 10 -d "$standby"
	run_mig 1 psql -XAtqc 'CREATE TABLE refused ()' "$standby"
	assert_stderr_has 'read-only transaction'
}

@test "an unknown server, an unknown verb" {
	run_mig 1 lab start 9
	assert_stderr_has '9: no such server'
	run_mig 2 lab dance system
	run_mig 2 lab start ../x
	run_mig 2 lab
}

@test "tsl is the server of MIG_TEST_TSL_URL, and stays" {
	local url
	run_mig 1 env -u MIG_TEST_TSL_URL "$MIG_ROOT/tests/lab/lab" start tsl
	assert_stderr_has 'MIG_TEST_TSL_URL is not set'
	url=$(lab url -t "$MIG_TEST_SERVER")
	export MIG_TEST_TSL_URL=$url
	assert_eq "$(lab start tsl)" "$url"
	run_mig 0 lab stop tsl
	run_mig 1 lab crash tsl
	new_db
	eval "$(lab env tsl)"
	assert_eq "$PGHOST:$PGUSER:$PGPASSWORD:$PGDATABASE" \
	    127.0.0.1:lab:lab:postgres
	assert_eq "$(sql 'SHOW port')" "$PGPORT"
}

@test "new_db makes a database and clean_up drops it" {
	local name
	new_db
	name=$PGDATABASE
	assert_eq "$(sql 'SELECT current_database()')" "$name"
	assert_eq "${DATABASE_URL-unset}" unset
	clean_up
	assert_eq "$(sql "SELECT count(*) FROM pg_database
	    WHERE datname = '$name'" -d postgres)" 0
}

@test "new_role makes a role and clean_up drops it" {
	new_db
	new_role app LOGIN
	sql "CREATE TABLE t (); GRANT SELECT ON t TO $ROLE"
	clean_up
	assert_eq "$(sql "SELECT count(*) FROM pg_roles
	    WHERE rolname = '$ROLE'" -d postgres)" 0
}

@test "run_mig keeps status, output and stderr apart" {
	run_mig 3 sh -c 'echo out; echo err >&2; exit 3'
	assert_eq "$status" 3
	assert_eq "$output" out
	assert_eq "$stderr" err
	assert_eq "${#lines[@]}" 1
	run_mig 0 true
	assert_eq "${#lines[@]}" 0
	refute run_mig 0 false
	run_pipe 1 'false | cat'
}

@test "run_mig ends what does not end" {
	MIG_TIMEOUT=1 run_mig 124 sleep 30
}

@test "assertions fail when they should" {
	output=abc stderr=abc
	refute assert_eq a b
	refute assert_match abc '^b'
	refute assert_output_has d
	refute refute_output_has b
	refute assert_stderr_has d
	refute refute_stderr_has b
	refute refute true
	refute wait_for 'SELECT 1' 2 1
	assert_match abc '^a.c$'
	assert_output_has b
	refute_output_has d
}

@test "background ends with the test" {
	background sleep 100
	alive "$PID"
	clean_up
	wait "$PID" || :
	refute alive "$PID"
}

@test "min_server and need_extension skip" {
	skip() {
		echo "skipped: $*"
	}
	assert_match "$(min_server 99)" '^skipped: needs PostgreSQL 99'
	assert_match "$(need_extension no_such)" '^skipped: .*no_such'
	assert_eq "$(min_server 10)" ''
	assert_eq "$(need_extension plpgsql)" ''
}

@test "schema_of and catalog_of tell schemas apart" {
	local empty one more
	new_db
	empty=$(catalog_of)
	sql 'CREATE SCHEMA mig; CREATE TABLE mig.log ()'
	assert_eq "$(catalog_of)" "$empty" 'schema mig is left out'
	sql 'CREATE TABLE t (a int)'
	one=$(schema_of)
	more=$(catalog_of)
	refute assert_eq "$more" "$empty"
	sql 'ALTER TABLE t ADD b int; ALTER TABLE t DROP b'
	assert_eq "$(schema_of)" "$one" 'a dropped column does not show'
	assert_eq "$(catalog_of)" "$more" 'nor does it here'
}

# Each statement must show in the catalog text, and its undoing take it away.
@test "catalog_of sees every kind of object" {
	local before after doing undoing
	new_db
	new_role app
	sql "CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN pos AS int;
	    CREATE TABLE t (a int, b text, c mood, CONSTRAINT k CHECK (a > 0)
	    NOT VALID);
	    CREATE VIEW v AS SELECT a FROM t; CREATE SEQUENCE s;
	    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
	    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql
	    AS 'BEGIN RETURN NEW; END'"
	while IFS='|' read -r doing undoing; do
		echo "$doing"
		before=$(catalog_of)
		sql "$doing"
		after=$(catalog_of)
		refute [ "$before" = "$after" ]
		sql "$undoing"
		assert_eq "$(catalog_of)" "$before" "$undoing"
	done <<-END
	CREATE SCHEMA x|DROP SCHEMA x
	CREATE TABLE u ()|DROP TABLE u
	CREATE UNLOGGED TABLE u ()|DROP TABLE u
	CREATE TABLE u (a int) PARTITION BY LIST (a)|DROP TABLE u
	ALTER TABLE t ADD x int|ALTER TABLE t DROP x
	ALTER TABLE t ALTER a SET DEFAULT 7|ALTER TABLE t ALTER a DROP DEFAULT
	ALTER TABLE t ALTER a SET NOT NULL|ALTER TABLE t ALTER a DROP NOT NULL
	ALTER TABLE t ALTER a SET STATISTICS 7|ALTER TABLE t ALTER a SET STATISTICS -1
	ALTER TABLE t SET (fillfactor = 70)|ALTER TABLE t RESET (fillfactor)
	ALTER TABLE t REPLICA IDENTITY FULL|ALTER TABLE t REPLICA IDENTITY DEFAULT
	ALTER TABLE t ADD CONSTRAINT n UNIQUE (a)|ALTER TABLE t DROP CONSTRAINT n
	CREATE INDEX i ON t (a) WHERE b IS NULL|DROP INDEX i
	CREATE OR REPLACE VIEW v AS SELECT a, b FROM t|DROP VIEW v; CREATE VIEW v AS SELECT a FROM t
	CREATE MATERIALIZED VIEW m AS SELECT 1|DROP MATERIALIZED VIEW m
	CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING|DROP RULE r ON v
	ALTER SEQUENCE s INCREMENT 2|ALTER SEQUENCE s INCREMENT 1
	ALTER SEQUENCE s OWNED BY t.a|ALTER SEQUENCE s OWNED BY NONE
	ALTER FUNCTION f() STABLE|ALTER FUNCTION f() VOLATILE
	CREATE AGGREGATE ag (int) (SFUNC = int4pl, STYPE = int)|DROP AGGREGATE ag (int)
	CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()|DROP TRIGGER tr ON t
	ALTER TABLE t ENABLE ROW LEVEL SECURITY|ALTER TABLE t DISABLE ROW LEVEL SECURITY
	CREATE POLICY p ON t USING (a > 1)|DROP POLICY p ON t
	ALTER TYPE mood RENAME VALUE 'low' TO 'sad'|ALTER TYPE mood RENAME VALUE 'sad' TO 'low'
	CREATE TYPE ct AS (a int)|DROP TYPE ct
	CREATE TYPE rt AS RANGE (SUBTYPE = int)|DROP TYPE rt
	ALTER DOMAIN pos ADD CONSTRAINT dc CHECK (VALUE > 0)|ALTER DOMAIN pos DROP CONSTRAINT dc
	CREATE STATISTICS st ON a, b FROM t|DROP STATISTICS st
	CREATE PUBLICATION pub FOR TABLE t|DROP PUBLICATION pub
	CREATE EXTENSION hstore|DROP EXTENSION hstore
	COMMENT ON TABLE t IS 'x'|COMMENT ON TABLE t IS NULL
	COMMENT ON COLUMN t.a IS 'x'|COMMENT ON COLUMN t.a IS NULL
	ALTER TABLE t OWNER TO $ROLE|ALTER TABLE t OWNER TO lab
	END
	for doing in "GRANT SELECT ON t TO $ROLE" "GRANT UPDATE (b) ON t TO $ROLE" \
	    "GRANT EXECUTE ON FUNCTION f() TO $ROLE" \
	    "GRANT USAGE ON TYPE mood TO $ROLE" \
	    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO $ROLE" \
	    "GRANT CREATE ON SCHEMA public TO $ROLE"; do
		echo "$doing"
		before=$(catalog_of)
		sql "$doing"
		refute [ "$before" = "$(catalog_of)" ]
	done
}
