# shellcheck shell=bash
# What bats files share: `load helpers`.
#
# Every test starts with no database of its own; call new_db in setup or in the
# test.  A file that defines its own teardown calls clean_up in it.
#
# A name for bats 1.8: `refute cmd`, as a bare `! cmd` fails no test.  Servers
# and whatever else goes on in the background need `3>&-`.

teardown() {
	clean_up
}

# Drop what new_db, new_role and background made.
clean_up() {
	local name rc=0
	while read -r name; do
		kill -9 "$name" 2>/dev/null || :
	done < <(cat "$BATS_TEST_TMPDIR/.pids" 2>/dev/null)
	while read -r name; do
		PGOPTIONS='-c client_min_messages=error' \
		    psql -XAtq -d postgres -v ON_ERROR_STOP=1 -c \
		    "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)" || rc=1
	done < <(cat "$BATS_TEST_TMPDIR/.databases" 2>/dev/null)
	while read -r name; do
		PGOPTIONS='-c client_min_messages=error' \
		    psql -XAtq -d postgres -v ON_ERROR_STOP=1 -c \
		    "DROP ROLE IF EXISTS \"$name\"" || rc=1
	done < <(cat "$BATS_TEST_TMPDIR/.roles" 2>/dev/null)
	rm -f "$BATS_TEST_TMPDIR"/.pids "$BATS_TEST_TMPDIR"/.databases \
	    "$BATS_TEST_TMPDIR"/.roles
	return $rc
}

# A name of this test's own: t_FILE_NUMBER[_SUFFIX].
test_name() {
	local file=${BATS_TEST_FILENAME##*/}
	file=${file%.bats}
	file=${file//[!a-zA-Z0-9]/_}
	echo "t_${file,,}_$BATS_TEST_NUMBER${1:+_$1}"
}

# new_db [SUFFIX [CREATE DATABASE OPTIONS]]: an empty database, the current one
# from here on; its name is in PGDATABASE.
new_db() {
	unset DATABASE_URL
	PGDATABASE=$(test_name "${1-}")
	export PGDATABASE
	made databases "$PGDATABASE"
	psql -XAtq -d postgres -v ON_ERROR_STOP=1 \
	    -c "CREATE DATABASE $PGDATABASE ${2-}"
}

# For clean_up to drop, and for the end of the suite to see that it is gone.
made() {
	echo "$2" >>"$BATS_TEST_TMPDIR/.$1"
	echo "$2" >>"$BATS_RUN_TMPDIR/made"
}

# new_role SUFFIX [ATTRIBUTES]: a role of this test's own; its name is in ROLE.
new_role() {
	ROLE=$(test_name "$1")
	made roles "$ROLE"
	psql -XAtq -d postgres -v ON_ERROR_STOP=1 \
	    -c "CREATE ROLE $ROLE ${2-}"
}

# keep_role NAME: drop a role that the test itself makes.
keep_role() {
	made roles "$1"
}

# background CMD...: start it, its process id in PID, its output in bg.out; it
# is killed at the end if it still lives.
background() {
	echo "\$ $* &"
	"$@" >>"$BATS_TEST_TMPDIR/bg.out" 2>&1 3>&- 4>&- &
	PID=$!
	echo $PID >>"$BATS_TEST_TMPDIR/.pids"
}

# Whether these commands are a build that reserves all addresses, so that none
# can be kept from them.
wants_all_memory() {
	[[ $MIG_BIN == */@(asan|valgrind) ]]
}

# mig_run CMD...: run it and log it; sets status, output (stdout), stderr, and
# lines (of stdout).  The files are out and err in $BATS_TEST_TMPDIR.
# MIG_TIMEOUT seconds (60) at most, then status is 124.  Where everything is slow,
# MIG_SLOW times that, and what loops a thousand times goes in steps of MIG_SLOW.
mig_run() {
	local d=$BATS_TEST_TMPDIR
	echo "\$ $*"
	status=0
	timeout -k 5 $((${MIG_TIMEOUT:-60} * ${MIG_SLOW:-1})) "$@" >"$d/out" 2>"$d/err" 3>&- 4>&- ||
	    status=$?
	output=$(tr -d '\0' <"$d/out")
	stderr=$(tr -d '\0' <"$d/err")
	# shellcheck disable=SC2034 # for the tests
	mapfile -t lines <<<"$output"
	# shellcheck disable=SC2034
	[ "$output" ] || lines=()
	[ -z "$output" ] || echo "$output"
	[ -z "$stderr" ] || sed 's/^/stderr: /' "$d/err"
	echo "status: $status"
}

# run_mig STATUS CMD...: mig_run, and its status must be STATUS.
run_mig() {
	local expected=$1
	shift
	mig_run "$@"
	[ "$status" = "$expected" ] || {
		echo "failed: status $status, expected $expected: $*"
		return 1
	}
}

# run_pipe STATUS 'CMD | CMD': the same for a line of shell, with pipefail.
run_pipe() {
	run_mig "$1" bash -o pipefail -c "$2"
}

# refute CMD...: it must fail.
refute() {
	if "$@"; then
		echo "failed: succeeded, expected to fail: $*"
		return 1
	fi
}

# assert_eq ACTUAL EXPECTED [WHAT]
assert_eq() {
	[ "$1" = "$2" ] || {
		echo "failed: ${3:-not equal}"
		diff -u --label expected --label actual \
		    <(printf '%s\n' "$2") <(printf '%s\n' "$1") || :
		return 1
	}
}

# assert_match ACTUAL EXTENDED-REGEX [WHAT]
assert_match() {
	[[ $1 =~ $2 ]] || {
		printf 'failed: %s\n\tis       %s\n\tno match %s\n' \
		    "${3:-no match}" "$1" "$2"
		return 1
	}
}

has_text() {
	case $1 in
	*"$2"*) return 0 ;;
	esac
	return 1
}

# migration NAME: a file below m from standard input.
migration() {
	mkdir -p "m/$(dirname "$1")"
	cat >"m/$1"
}

# apply STATUS [MIG-APPLY-OPTION...]: plan m, into the file plan, and apply it.
apply() {
	local expected=$1
	shift
	run_pipe 0 'mig-ls m | mig-plan >plan'
	run_mig "$expected" mig-apply "$@" <plan
}

# The log in one line a row: action, version, name.
log() {
	sql "SELECT concat_ws(' ', action, version, name) FROM mig.log
	    ORDER BY seq"
}

# The tables of schema public in one line, by name.
tables() {
	sql "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
	    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
}

# The output of the last mig_run holds TEXT, or does not; the same for stderr.
assert_output_has() {
	has_text "$output" "$1" || { echo "failed: not in stdout: $1"; return 1; }
}

refute_output_has() {
	! has_text "$output" "$1" || { echo "failed: in stdout: $1"; return 1; }
}

assert_stderr_has() {
	has_text "$stderr" "$1" || { echo "failed: not in stderr: $1"; return 1; }
}

refute_stderr_has() {
	! has_text "$stderr" "$1" || { echo "failed: in stderr: $1"; return 1; }
}

# sql SQL [PSQL-OPTION...]: the rows, columns separated by |.
sql() {
	psql -XAtq -v ON_ERROR_STOP=1 -c "$@"
}

# Every row of the log has the hash that its fields give, and the row before
# it has the one it names.
assert_chain() {
	assert_eq "$(sql "SELECT count(*) FROM mig.log l
	    LEFT JOIN mig.log p ON p.seq = l.seq - 1
	    WHERE l.hash <> mig.row_hash(l)
	    OR l.prev <> coalesce(p.hash, repeat('0', 64))")" 0 "the chain"
}

# new_terminal COMMAND...: run it in a terminal of 80 by 24, by tmux with the socket
# ./tmux; the server of the one before may be on its way out.
new_terminal() {
	local n=0
	until env -u TMUX tmux -S "$PWD/tmux" new-session -d -x 80 -y 24 "$@" \
	    3>&- 4>&-; do
		n=$((n + 1))
		[ $n -lt 50 ] || return 1
		sleep 0.1
	done
}

# alive PID: it runs; one that has ended and was not waited for does not.
alive() {
	local state
	state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) &&
	    [ "$state" != Z ]
}

# wait_for SQL VALUE [SECONDS [PSQL-OPTION...]]: ask until the answer is VALUE.
wait_for() {
	local n=0 is
	until is=$(sql "$1" "${@:4}" 2>&1) && [ "$is" = "$2" ]; do
		n=$((n + 1))
		[ $n -lt $((${3:-10} * 20)) ] || {
			echo "failed: still $is, waited for $2: $1"
			return 1
		}
		sleep 0.05
	done
}

# gate TAG...: whoever runs a command of these tags, as CREATE INDEX, waits as it
# begins, until open_gate; at_gate waits for who does.
gate() {
	local tags
	tags=$(printf ", '%s'" "$@")
	sql "SET client_min_messages = error;
	    DROP EVENT TRIGGER IF EXISTS gate;
	    DROP SCHEMA IF EXISTS gate CASCADE;
	    CREATE SCHEMA gate;
	    CREATE TABLE gate.opened (id int);
	    CREATE FUNCTION gate.wait() RETURNS event_trigger
	    LANGUAGE plpgsql AS \$\$ BEGIN
		WHILE NOT EXISTS (SELECT FROM gate.opened) LOOP
			PERFORM pg_catalog.pg_sleep(0.02);
		END LOOP;
	    END \$\$;
	    CREATE EVENT TRIGGER gate ON ddl_command_start
	    WHEN TAG IN (${tags#, }) EXECUTE FUNCTION gate.wait()"
}

at_gate() {
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'
		AND state = 'active' AND query NOT LIKE '%pg_sleep%'" 1
}

open_gate() {
	sql 'INSERT INTO gate.opened VALUES (1)'
}

# schema_of [DB]: the schema as text to compare, without schema mig.
schema_of() {
	local db=${1:-$PGDATABASE} client
	client=$(pg_dump --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
	if [ "$client" -ge "$MIG_SERVER_MAJOR" ]; then
		pg_dump --schema-only -N mig -d "$db" |
		    sed -e '/^--/d' -e '/^\\\(un\)\{0,1\}restrict /d' -e '/^$/d'
	else
		catalog_of "$db"
	fi
}

# catalog_of [DB]: the same from the catalogs, for any server.
catalog_of() {
	psql -XAtq -v ON_ERROR_STOP=1 -d "${1:-$PGDATABASE}" \
	    -f "$MIG_ROOT/tests/lab/schema.sql"
}

# tier: what TimescaleDB the server has: community, apache (that edition alone),
# or none.  The setting is there once the library is loaded, and loading it where
# it is not preloaded would end the connection.
tier() {
	psql -XAtq -d postgres -v ON_ERROR_STOP=1 <<-'END'
	SELECT (SELECT coalesce(installed_version, default_version)
	    FROM pg_available_extensions WHERE name = 'timescaledb'
	    AND current_setting('timescaledb.max_background_workers', true) > ''
	) AS version \gset
	\if :{?version}
	SELECT 'timescaledb-' || :'version' AS library \gset
	LOAD :'library';
	SELECT CASE current_setting('timescaledb.license')
	WHEN 'apache' THEN 'apache' ELSE 'community' END;
	\else
	\echo none
	\endif
	END
}

# min_server MAJOR: skip on an older one.
min_server() {
	[ "$MIG_SERVER_MAJOR" -ge "$1" ] ||
	    skip "needs PostgreSQL $1, this is $MIG_SERVER_MAJOR"
}

# need_extension NAME: skip where the server does not have it.
need_extension() {
	[ "$(sql "SELECT count(*) FROM pg_available_extensions
	    WHERE name = '$1'" -d postgres)" = 1 ] ||
	    skip "needs the extension $1, this server has none"
}
