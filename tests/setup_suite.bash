# shellcheck shell=bash
# Once a run of bats: a server before the first test, and after the last one a
# look at what the tests have left behind.
#
#   MIG_TEST_SERVER   which server of the lab (system)
#   MIG_BIN           folder of the commands under test (build)

setup_suite() {
	local root var clients
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	# Nothing of the caller's environment decides a test.
	for var in ${!PG*} ${!POSTGRES_*} DATABASE_URL MIG_PATH MIG_SCHEMA \
	    SKIP_CONFIRMATION NO_COLOR COLUMNS; do
		unset "$var"
	done
	export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
	export HOME=$BATS_RUN_TMPDIR/home
	mkdir -p "$HOME"
	export LC_ALL=C.UTF-8 TZ=UTC PGCONNECT_TIMEOUT=10
	export MIG_ROOT=$root
	export MIG_TEST_SERVER=${MIG_TEST_SERVER:-system}
	export MIG_BIN=${MIG_BIN:-$root/build}
	export PATH=$MIG_BIN:$root/tests/lab:$PATH
	# Marks every process that a test starts.
	export MIG_SUITE=$$.$RANDOM$RANDOM
	if [ -z "${MIG_LAB_DIR-}" ]; then
		MIG_LAB_DIR=$("$root/tests/lab/scratch" suite) || return 1
		export MIG_LAB_DIR
	fi
	lab start "$MIG_TEST_SERVER" 3>&- || return 1
	eval "$(lab env "$MIG_TEST_SERVER")"
	# The clients must not be older than the server, and not be behind a
	# wrapper that looks for them each time.
	case $MIG_TEST_SERVER in
	17x* | 17n* | tsl) clients=$MIG_TEST_SERVER ;;
	*) clients=system ;;
	esac
	PATH=$MIG_BIN:$(lab bin "$clients"):$PATH
	MIG_SERVER_MAJOR=$(psql -XAtqc \
	    "SELECT current_setting('server_version_num')::int / 10000")
	export MIG_SERVER_MAJOR
	state_of_server >"$BATS_RUN_TMPDIR/before"
}

# What a test can make outside of its database, and can leave behind.  Others
# may work on the server of round tsl: there, what this run has made by name.
state_of_server() {
	if [ "$MIG_TEST_SERVER" = tsl ]; then
		psql -XAtq -F ' ' -v names="$(cat "$BATS_RUN_TMPDIR/made" \
		    2>/dev/null)" <<-'END'
		SELECT 'database', datname FROM pg_database
		WHERE datname = ANY (string_to_array(:'names', E'\n'))
		UNION ALL SELECT 'role', rolname FROM pg_roles
		WHERE rolname = ANY (string_to_array(:'names', E'\n'));
		END
		return
	fi
	psql -XAtq -F ' ' <<-'END'
	SELECT 'database', datname FROM pg_database
	UNION ALL SELECT 'role', rolname FROM pg_roles
	UNION ALL SELECT 'tablespace', spcname FROM pg_tablespace
	WHERE spcname !~ '^pg_'
	UNION ALL SELECT 'prepared transaction', gid FROM pg_prepared_xacts
	UNION ALL SELECT 'replication slot', slot_name FROM pg_replication_slots
	UNION ALL SELECT 'advisory lock', concat_ws(' ', classid, objid)
	FROM pg_locks WHERE locktype = 'advisory'
	UNION ALL SELECT 'connection', concat_ws(' ', pid, application_name, query)
	FROM pg_stat_activity
	WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
	UNION ALL SELECT 'setting', name FROM pg_file_settings
	WHERE sourcefile ~ 'postgresql.auto.conf$'
	UNION ALL SELECT 'schema in ' || current_database(), nspname
	FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
	UNION ALL SELECT 'extension in ' || current_database(), extname
	FROM pg_extension;
	END
}

leftovers_in_server() {
	state_of_server | grep -Fxv -f "$BATS_RUN_TMPDIR/before"
}

# Processes that tests have started, servers aside: the lab stops those.
leftover_processes() {
	local f exe
	env -u MIG_SUITE grep -lsa "MIG_SUITE=$MIG_SUITE" /proc/[0-9]*/environ |
	    while read -r f; do
		exe=$(readlink "${f%environ}exe") || continue
		[ -e "${f%environ}cwd/PG_VERSION" ] ||
		    echo "process ${f//[!0-9]/} $exe"
	done
}

teardown_suite() {
	local left
	left=$(leftovers_in_server; leftover_processes)
	# Wait a moment for connections that are being closed.
	if [ "$left" ]; then
		sleep 1
		left=$(leftovers_in_server; leftover_processes)
	fi
	leftover_processes | while read -r _ pid _; do
		kill -9 "$pid"
	done
	lab stop all || left="$left
a server that does not stop"
	[ -z "$left" ] || { echo "left behind by tests:"; echo "$left"; return 1; }
}
