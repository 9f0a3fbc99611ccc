# The rights that mig-history(5) names: enough, and each of them needed.
# rounds: system 18

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
	printf 'CREATE TABLE app.a (id int);\n' >m/1_a.sql
	new_db
	sql 'CREATE SCHEMA app'
}

teardown() {
	local name
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE application_name = 'holder'" >/dev/null
	while read -r name; do
		sql "DROP OWNED BY $name CASCADE" || :
	done < <(cat "$BATS_TEST_TMPDIR/.roles" 2>/dev/null)
	clean_up
}

# as ROLE STATUS LINE: a line of shell as that role.
as() {
	PGUSER=$1 run_pipe "$2" "$3"
}

APPLY='mig-ls m | mig-plan -q | mig-apply'

# A history that somebody else has made, a step to come, and a role with what
# $1 of the man page grants.
granted() {
	run_pipe 0 "$APPLY"
	new_role role LOGIN
	sed -n "/test: $1 sql/,/\\.Ed/ s/^\\([A-Z ]* .*\\)/\\1/p" \
	    "$MIG_ROOT/man/mig-history.5" | sed '/^\./d' >grants.sql
	[ "$(grep -c GRANT grants.sql)" -ge 2 ]
	sed -i "s/ TO [a-z]*;/ TO $ROLE;/" grants.sql
	sql 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
	    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA mig FROM PUBLIC'
	psql -XAtq -v ON_ERROR_STOP=1 -f grants.sql
}

@test "a role that makes the history: CREATE on the database" {
	new_role maker LOGIN
	sql "GRANT ALL ON SCHEMA app TO $ROLE"
	as "$ROLE" 5 "$APPLY"
	assert_stderr_has 'hint: the history needs CREATE on the database'
	assert_eq "$(sql "SELECT to_regclass('app.a') IS NULL")" t
	sql "GRANT CREATE ON DATABASE $PGDATABASE TO $ROLE"
	as "$ROLE" 0 "$APPLY"
	sql "REVOKE CREATE ON DATABASE $PGDATABASE FROM $ROLE"
	echo 'CREATE TABLE app.b (id int);' >m/2_b.sql
	printf '%s\n' '-- mig: no-transaction' 'VACUUM app.a;' 'SELECT 1;' \
	    >m/3_c.sql
	as "$ROLE" 0 "$APPLY"
	as "$ROLE" 0 'mig-ls -d --verify'
	assert_match "$output" '^3 '
}

@test "a role that applies where another made the history" {
	granted history-grant-apply
	sql "GRANT ALL ON SCHEMA app TO $ROLE"
	echo 'CREATE TABLE app.b (id int);' >m/2_b.sql
	printf '%s\n' '-- mig: no-transaction' 'VACUUM app.b;' 'SELECT 1;' \
	    >m/3_c.sql
	as "$ROLE" 0 'mig-ls m | mig-plan >plan'
	local right
	while read -r right; do
		sql "REVOKE $right FROM $ROLE"
		as "$ROLE" 9 'mig-apply <plan'
		assert_match "$stderr" 'hint: grant'
		case $right in
		*ON\ mig.* | EXECUTE*) assert_stderr_has "${right%% *}" ;;
		esac
		assert_eq "$(sql 'SELECT count(*) FROM mig.log')" 1
		sql "GRANT $right TO $ROLE"
	done <<-'END'
		USAGE ON SCHEMA mig
		SELECT ON mig.log
		SELECT ON mig.format
		SELECT ON mig.progress
		INSERT ON mig.log
		INSERT ON mig.progress
		UPDATE ON mig.progress
		DELETE ON mig.progress
		EXECUTE ON FUNCTION mig.row_hash(mig.log)
	END
	as "$ROLE" 0 'mig-apply <plan'
	assert_eq "$(sql "SELECT count(*) FROM mig.log
	    WHERE db_user = '$ROLE'")" 2
	# and no more than that
	for right in 'UPDATE mig.log SET name = NULL' 'DELETE FROM mig.log' \
	    'TRUNCATE mig.log' 'ALTER TABLE mig.log DISABLE TRIGGER ALL' \
	    'DROP TABLE mig.progress'; do
		as "$ROLE" 1 "psql -Xqc '$right' -v ON_ERROR_STOP=1"
	done
}

@test "a role that reads: planning, status, listing, verifying" {
	granted history-grant
	sql "ALTER ROLE $ROLE SET default_transaction_read_only = on"
	echo 'CREATE TABLE app.b (id int);' >m/2_b.sql
	local right command
	as "$ROLE" 0 'mig-ls m | mig-plan >plan'
	as "$ROLE" 0 'mig-ls m | mig-plan --status'
	as "$ROLE" 0 'mig-ls -d'
	as "$ROLE" 0 'mig-ls -d --verify'
	as "$ROLE" 4 'mig-apply <plan'
	assert_stderr_has 'is read-only for this role'
	as "$ROLE" 9 'PGOPTIONS="-c default_transaction_read_only=off" \
	    mig-apply <plan'
	assert_stderr_has 'hint: grant INSERT on "mig".log'
	while read -r right; do
		sql "REVOKE $right FROM $ROLE"
		for command in 'mig-ls m | mig-plan' 'mig-ls -d' \
		    'mig-ls m | mig-plan --status' 'mig-ls -d --verify'; do
			case $right$command in
			EXECUTE*verify) ;;
			EXECUTE*) continue ;;
			esac
			as "$ROLE" 9 "$command"
			assert_stderr_has 'hint: grant'
			assert_stderr_has "${right%% *} on"
		done
		sql "GRANT $right TO $ROLE"
	done <<-'END'
		USAGE ON SCHEMA mig
		SELECT ON mig.log
		SELECT ON mig.format
		SELECT ON mig.progress
		EXECUTE ON FUNCTION mig.row_hash(mig.log)
	END
	# what was planned so is what an owner applies
	run_mig 0 mig-apply <plan
}

@test "a role that reads all data may plan" {
	min_server 14
	run_pipe 0 "$APPLY"
	new_role all LOGIN
	sql "GRANT pg_read_all_data TO $ROLE"
	echo 'SELECT 1;' >m/2_b.sql
	as "$ROLE" 0 'mig-ls m | mig-plan'
	as "$ROLE" 0 'mig-ls -d --verify'
	sql "REVOKE pg_read_all_data FROM $ROLE"
}

@test "a role that may do nothing" {
	run_pipe 0 "$APPLY"
	new_role nobody LOGIN
	echo 'SELECT 1;' >m/2_b.sql
	mig-ls m | mig-plan >plan
	for command in 'mig-apply <plan' 'mig-ls m | mig-plan' 'mig-ls -d'; do
		as "$ROLE" 9 "$command"
		assert_stderr_has 'hint: grant USAGE on schema "mig"'
	done
	as "$ROLE" 4 "mig-apply -d 'dbname=$PGDATABASE user=${ROLE}x' <plan"
}

@test "a step as the owner of the schema, by a role with nothing but that" {
	granted history-grant-apply
	local deploy=$ROLE
	new_role owner
	# in this order: from 16 on each grant keeps what held when it was made
	sql "ALTER SCHEMA app OWNER TO $ROLE; ALTER ROLE $deploy NOINHERIT;
	    GRANT $ROLE TO $deploy"
	echo 'CREATE TABLE app.b (id int);' >m/2_b.sql
	as "$deploy" 5 "$APPLY"
	assert_stderr_has 'permission denied for schema app'
	assert_stderr_has "hint: this role ($deploy) lacks a right"
	sed -i "1i-- mig: role $ROLE" m/2_b.sql
	as "$deploy" 0 "$APPLY"
	assert_eq "$(sql "SELECT tableowner FROM pg_tables
	    WHERE tablename = 'b'")" "$ROLE"
	assert_eq "$(sql 'SELECT db_user FROM mig.log ORDER BY seq DESC
	    LIMIT 1')" "$deploy"
}

# Not that of the history, and not ours where it is the step's.
@test "whose right is wanting is said" {
	granted history-grant-apply
	local deploy=$ROLE text
	new_role owner
	for text in 'CREATE TABLE app.b ();' \
	    "$(printf -- '-- mig: no-transaction\nCREATE DATABASE nosuch;')"; do
		printf -- '-- mig: role %s\n%s\n' "$ROLE" "$text" >m/2_b.sql
		sql "REVOKE $ROLE FROM $deploy"
		as "$deploy" 5 "$APPLY"
		assert_stderr_has 'm/2_b.sql: ERROR 42501: permission denied'
		assert_stderr_has "hint: its \"-- mig: role\" wants that $deploy is a member of $ROLE"
		sql "GRANT $ROLE TO $deploy"
		as "$deploy" 5 "$APPLY"
		assert_stderr_has "hint: it runs as role $ROLE"
	done
}

@test "who is in the way, seen with and without the right to" {
	sql 'CREATE TABLE app.t (id int)'
	granted history-grant-apply
	sql "ALTER TABLE app.t OWNER TO $ROLE; GRANT ALL ON SCHEMA app TO $ROLE"
	PGAPPNAME=holder background psql -XAtq -c 'BEGIN' \
	    -c 'LOCK TABLE app.t' -c 'SELECT pg_sleep(120)'
	wait_for "SELECT count(*) FROM pg_locks
	    WHERE relation = 'app.t'::regclass AND granted" 1
	echo 'ALTER TABLE app.t ADD name text;' >m/2_t.sql
	as "$ROLE" 0 'mig-ls m | mig-plan >plan'
	as "$ROLE" 6 'mig-apply --lock-timeout 1200 --retry 0 <plan'
	assert_match "$stderr" 'blocked by pid [0-9]+ \([a-z]+\): what it does is for pg_read_all_stats to see'
	sql "GRANT pg_read_all_stats TO $ROLE"
	as "$ROLE" 6 'mig-apply --lock-timeout 1200 --retry 0 <plan'
	assert_match "$stderr" 'blocked by pid [0-9]+ \(holder, active .*\): SELECT pg_sleep'
	sql "REVOKE pg_read_all_stats FROM $ROLE"
}

# As an event trigger does that sees to it for all tables.
@test "row-level security: what it would hide is not taken for unapplied" {
	granted history-grant-apply
	local table command
	as "$ROLE" 0 'mig-ls m | mig-plan --check'
	echo 'CREATE TABLE app.b (id int);' >m/2_b.sql
	run_pipe 0 'mig-ls m | mig-plan >plan'
	for table in log progress; do
		sql "ALTER TABLE mig.$table ENABLE ROW LEVEL SECURITY"
		for command in 'mig-ls m | mig-plan' 'mig-ls -d' \
		    'mig-ls m | mig-plan --status' 'mig-ls -d --verify' \
		    'mig-apply <plan'; do
			as "$ROLE" 9 "$command"
			assert_stderr_has "row-level security policy for table \"$table\""
			assert_stderr_has 'hint: grant USAGE on schema "mig"'
		done
		sql "ALTER TABLE mig.$table DISABLE ROW LEVEL SECURITY"
	done
	sql 'ALTER TABLE mig.log ENABLE ROW LEVEL SECURITY'
	run_mig 0 mig-apply <plan
	run_mig 0 mig-ls -d --verify
}
