# mig-apply told to stop: at each moment, by each signal, and by a closed
# terminal, it says where it stands, dies of the signal, and leaves nothing.
# rounds: system

# shellcheck disable=SC2016,SC2119,SC2120 # $ for the inner shell; options, seldom wanted
load helpers

setup() {
	case $MIG_BIN in
	*/valgrind) skip 'valgrind takes all signals itself' ;;
	esac
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

teardown() {
	local server=$MIG_TEST_SERVER-signals
	tmux -S "$BATS_TEST_TMPDIR/tmux" kill-server 2>/dev/null || :
	if [ -e "$BATS_TEST_TMPDIR/stopped" ]; then
		kill -CONT "$(cat "$BATS_TEST_TMPDIR/stopped")" || :
	fi
	if [ -e "$BATS_TEST_TMPDIR/.server" ]; then
		lab stop "$server" 3>&-
		eval "$(lab env "$MIG_TEST_SERVER")"
	fi
	clean_up
}

# A server of this test's own, the current one from here on.
own_server() {
	touch "$BATS_TEST_TMPDIR/.server"
	lab start "$MIG_TEST_SERVER-signals" 3>&- >/dev/null
	eval "$(lab env "$MIG_TEST_SERVER-signals")"
	export PGDATABASE=postgres
}

plan() {
	mig-ls m | mig-plan "$@" >plan
}

log() {
	sql "SELECT string_agg(action || ' ' || version, ', ' ORDER BY seq)
	    FROM mig.log"
}

# begin [MIG-APPLY-OPTION...]: carry out the plan in the background.
begin() {
	# a shell has SIGINT ignored there
	env --default-signal=INT mig-apply "$@" <plan >out.sig 2>err.sig \
	    3>&- 4>&- &
	PID=$!
	echo $PID >>"$BATS_TEST_TMPDIR/.pids"
}

# How many backends of ours there are, [that are at what is like $1].
OURS="SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mig-apply'
    AND pid <> pg_backend_pid() AND datname = current_database()"
running() {
	wait_for "$OURS AND state = 'active' AND query LIKE '$1'" "${2:-1}" 30
}

# ended SIGNAL DONE: it has died of it; the report is whole and says so, and no
# backend of ours is left.
ended() {
	local rc=0 n=0
	while alive "$PID"; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo "failed: it does not end"; return 1; }
		sleep 0.05
	done
	wait "$PID" || rc=$?
	cat out.sig err.sig
	assert_eq $rc $((128 + $(kill -l "$1")))
	[ $# -eq 2 ] || return 0
	assert_eq "$(tail -n 2 out.sig | head -n 1)" \
	    $'exit\t'"$rc"$'\t'"$2"
	assert_eq "$(sed '$d' out.sig | sha256sum | cut -c1-64)" \
	    "$(tail -n 1 out.sig | sed 's/.*://')" "the digest of the report"
	# nothing of ours is left, where there is anybody to ask
	[ -e stopped ] || [ -e gone ] || wait_for "$OURS" 0
}

# said TEXT: on stderr.
said() {
	has_text "$(cat err.sig)" "$1" || { echo "failed: not said: $1"; return 1; }
}

# told LINES: the records of the report, without times.
told() {
	assert_eq "$(sed -n 's/^\([a-z]*\)\t\([0-9]*\)\t.*/\1 \2/p' out.sig |
	    paste -sd,)" "$1" "the report"
}

# The next run finishes the job: the log has each step once.
finished() {
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_eq "$(sql "SELECT string_agg(n::text, '') FROM (
	    SELECT count(*) AS n FROM mig.log WHERE action <> 'fail'
	    GROUP BY version ORDER BY version) x")" "$1"
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	run_mig 0 mig-ls -d --verify
}

two() {
	migration 1_first.sql <<<'CREATE TABLE first (id int);'
	migration 2_second.sql <<<'CREATE TABLE second (id int);'
}

# hold SQL: a session that does it, and keeps its transaction open; release
# ends it.
HELD="FROM pg_stat_activity WHERE datname = current_database()
    AND state = 'active' AND application_name = 'holder'"
hold() {
	PGAPPNAME=holder background psql -XAtq -c "$1" -c "$2" \
	    -c 'SELECT pg_sleep(120)'
	wait_for "SELECT count(*) $HELD AND query LIKE '%pg_sleep%'" 1
}

release() {
	sql "SELECT pg_terminate_backend(pid) $HELD" >/dev/null
	wait_for "SELECT count(*) $HELD" 0
}

# terminal COMMAND: run it in a terminal, its status in file ended; ready TEXT
# waits until the screen shows it.
terminal() {
	rm -f ended ended.new
	printf '%s\n' "trap : INT HUP" "$1" 'echo $? >ended.new' \
	    'mv ended.new ended' 'trap - INT HUP' '[ ! -t 1 ] || sleep 30' >go.sh
	new_terminal sh go.sh
}

keys() {
	tmux -S "$PWD/tmux" send-keys "$@"
}

shows() {
	local n=0
	until tmux -S "$PWD/tmux" capture-pane -p >screen 2>/dev/null &&
	    grep -q "$1" screen; do
		n=$((n + 1))
		[ $n -lt 600 ] || {
			cat screen
			echo "failed: not on the screen: $1"
			return 1
		}
		sleep 0.05
	done
}

# The status of what ran in the terminal.
assert_ended() {
	local n=0
	until [ -e ended ]; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo "failed: it does not end"; return 1; }
		sleep 0.05
	done
	assert_match "$(cat ended)" "^$1\$"
	wait_for "$OURS" 0
}

# It has come so far that a signal does not just end it.
caught() {
	local mask
	until [ "$(cat "/proc/$PID/comm")" = mig-apply ] &&
	    mask=$(sed -n 's/^SigCgt:\t//p' "/proc/$PID/status") &&
	    [ $((16#$mask & 0x4000)) -ne 0 ]; do
		alive "$PID"
		sleep 0.01
	done
}

@test "while it reads the plan: nothing was done, and the report ends" {
	new_db
	two
	mkfifo plan
	sleep 60 >plan 3>&- 4>&- &
	echo $! >>"$BATS_TEST_TMPDIR/.pids"
	for sig in INT TERM HUP; do
		for option in --verbose --no-header --json; do
			begin $option
			caught
			kill -$sig $PID
			case $option in
			--verbose) ended $sig 0 ;;
			*) ended $sig ;;
			esac
			said 'mig-apply: stopped: nothing was done'
		done
		assert_eq "$(cat out.sig)" \
		    '{"record":"exit","code":'$((128 + $(kill -l $sig)))',"done":0}'
	done
	assert_eq "$(tables)" ""
}

@test "while it connects to a server that does not answer" {
	own_server
	two
	plan
	head -n 1 "$(sql 'SHOW data_directory')/postmaster.pid" >stopped
	kill -STOP "$(cat stopped)"
	export PGCONNECT_TIMEOUT=600
	begin
	caught
	sleep 0.2
	kill -TERM $PID
	ended TERM 0
	said 'stopped: nothing was done'
	kill -CONT "$(cat stopped)"
	rm stopped
	finished 11
}

@test "while another run has the lock" {
	new_db
	migration 1_slow.sql <<<'SELECT pg_sleep(60);'
	plan
	begin
	running '%pg_sleep%'
	first=$PID
	cp out.sig out.first
	mig-apply --wait 60 <plan >out.sig 2>err.sig 3>&- 4>&- &
	PID=$!
	echo $PID >>"$BATS_TEST_TMPDIR/.pids"
	# between two tries it holds nothing
	wait_for "$OURS AND query = 'ROLLBACK'" 1
	kill -INT $PID
	# bats has it ignored in the background, as a shell script has
	alive $PID
	kill -HUP $PID
	OURS='SELECT 0' ended HUP 0
	said 'stopped: nothing was done'
	alive "$first"
	kill -TERM "$first"
	wait "$first" || :
	wait_for "$OURS" 0
}

@test "while the history cannot be read: nobody waits for it any more" {
	new_db
	two
	plan
	run_mig 0 mig-apply <plan
	migration 3_third.sql <<<'CREATE TABLE third (id int);'
	plan
	hold BEGIN 'LOCK TABLE mig.log'
	begin
	wait_for "$OURS AND wait_event_type = 'Lock'" 1
	kill -TERM "$!"
	ended TERM 0
	said 'stopped: nothing was done'
}

@test "at the question of -i: ^C, ^D, a terminal that is closed" {
	new_db
	two
	plan
	for key in C-c C-d close; do
		terminal 'mig-apply -i <plan 2>err.sig'
		shows 'y/N'
		case $key in
		close) tmux -S "$PWD/tmux" kill-session ;;
		*) keys $key ;;
		esac
		case $key in
		C-c) assert_ended 130 ;;
		C-d) assert_ended 1 ;;
		# the end of the file may come before the signal
		close) assert_ended '(1|129)' ;;
		esac
		said 'nothing was done'
		assert_eq "$(tables)" ""
		tmux -S "$PWD/tmux" kill-server 2>/dev/null || :
	done
}

@test "a step is rolled back, the ones before it stand" {
	new_db
	two
	migration 3_slow.sql <<-'SQL'
		CREATE TABLE third (id int);
		SELECT pg_sleep(60);
	SQL
	migration 4_last.sql <<<'CREATE TABLE fourth (id int);'
	plan
	done=2 stands='the ones before it are done'
	for sig in TERM INT HUP; do
		begin
		running '%pg_sleep(60)%'
		kill -$sig $PID
		ended $sig $done
		said "stopped: step $((done + 1)) of $((done + 2)) is rolled back, $stands"
		assert_eq "$(tables)" "first second"
		assert_eq "$(log)" "apply 1, apply 2"
		done=0 stands='nothing was done'
		plan
	done
	told "start 1,fail 1,exit 129"
	sed -i 's/60/0/' m/3_slow.sql
	finished 1111
}

@test "a step that waits for a lock, or for its next try" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_alter.sql <<<'ALTER TABLE t ADD COLUMN name text;'
	plan
	hold BEGIN 'LOCK TABLE t'
	begin --lock-timeout 0
	wait_for "$OURS AND wait_event_type = 'Lock'" 1
	kill -TERM $PID
	ended TERM 0
	said 'stopped: step 1 of 1 is rolled back'
	begin --lock-timeout 20
	until [ "$(grep -c ^retry out.sig)" -ge 4 ]; do sleep 0.05; done
	wait_for "$OURS AND state = 'active'" 0
	kill -TERM $PID
	ended TERM 0
	said 'stopped: step 1 of 1 is rolled back'
	release
	finished 11
}

@test "none: what is in a transaction is rolled back, the rest is known" {
	new_db
	for mode in no own; do
		migration 1_$mode.sql <<-SQL
			-- mig: $mode-transaction
			CREATE TABLE ${mode}_a (id int);
			BEGIN;
			INSERT INTO ${mode}_a VALUES (1);
			SELECT pg_sleep(60);
			COMMIT;
			INSERT INTO ${mode}_a VALUES (2);
		SQL
		[ $mode = own ] || sed -i '/BEGIN/d;/COMMIT/d' m/1_no.sql
		plan
		begin
		running '%pg_sleep(60)%'
		kill -TERM $PID
		ended TERM 0
		said 'stopped part-way in step 1 of 1'
		said 'hint: plan again'
		assert_eq "$(sql "SELECT count(*) FROM ${mode}_a")" \
		    "$([ $mode = no ] && echo 1 || echo 0)"
		run_mig 0 mig-plan --status < <(mig-ls m)
		assert_output_has partial
		# the second time it sleeps less
		sql "CREATE FUNCTION public.pg_sleep(int) RETURNS void
		    LANGUAGE sql AS ''; ALTER DATABASE $PGDATABASE
		    SET search_path = public, pg_catalog"
		finished 1
		assert_eq "$(sql "SELECT string_agg(id::text, ',' ORDER BY id)
		    FROM ${mode}_a")" 1,2
		sql "DROP SCHEMA mig CASCADE; DROP FUNCTION public.pg_sleep(int);
		    ALTER DATABASE $PGDATABASE RESET search_path"
		rm m/*
	done
}

# A session with an old snapshot, for which CREATE INDEX CONCURRENTLY waits.
hold_snapshot() {
	hold 'BEGIN ISOLATION LEVEL REPEATABLE READ' 'SELECT count(*) FROM t'
}

# Carry the plan out, whose index waits for it when it has begun.
begin_held() {
	local pid
	gate 'CREATE INDEX'
	begin
	pid=$PID
	at_gate
	hold_snapshot
	open_gate
	PID=$pid
}

index_step() {
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
	SQL
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_index.sql <<-'SQL'
		-- mig: no-transaction
		CREATE INDEX CONCURRENTLY t_id ON t (id);
		CREATE TABLE u (id int);
	SQL
	plan
}

index_is() {
	assert_eq "$(sql "SELECT string_agg(indisvalid::text, ',')
	    FROM pg_index WHERE indrelid = 't'::regclass")" "$1"
}

@test "outside of a transaction: the first lets it end, the second cancels" {
	new_db
	index_step
	begin_held
	running '%CONCURRENTLY%'
	kill -TERM $PID
	sleep 1
	alive $PID
	running '%CONCURRENTLY%'
	release
	ended TERM 0
	said 'stopped part-way in step 1 of 1'
	index_is true
	assert_eq "$(tables)" t
	finished 11
	sql 'DROP TABLE t, u; DROP SCHEMA mig CASCADE'
	rm m/2*
	index_step
	begin_held
	running '%CONCURRENTLY%'
	kill -TERM $PID
	sleep 0.5
	kill -INT $PID
	ended TERM 0
	said 'stopped part-way in step 1 of 1'
	assert_eq "$(sql "SELECT count(*) $HELD")" 1
	index_is false
	release
	finished 11
	index_is true
}

@test "outside of a transaction: what waits for a lock is canceled" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_vacuum.sql <<-'SQL'
		-- mig: no-transaction
		CREATE TABLE u (id int);
		VACUUM FULL t;
	SQL
	plan
	hold BEGIN 'LOCK TABLE t IN ACCESS SHARE MODE'
	begin
	wait_for "$OURS AND wait_event_type = 'Lock'" 1
	kill -TERM $PID
	ended TERM 0
	said 'stopped part-way in step 1 of 1'
	assert_eq "$(sql "SELECT count(*) $HELD")" 1
	assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	release
	finished 11
}

@test "while data of a COPY go" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_sleep(0.001);
			RETURN NEW;
		END $$;
		CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW
		    EXECUTE FUNCTION slow();
	SQL
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	for mode in tx no-transaction; do
		{
			[ $mode = tx ] || echo "-- mig: $mode"
			echo 'CREATE TABLE u (id int);'
			echo 'COPY t FROM stdin;'
			seq 1000000
			echo '\.'
		} >m/2_copy.sql
		plan
		begin
		running 'COPY t%'
		kill -TERM $PID
		ended TERM 0
		assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	done
	assert_eq "$(sql "SELECT string_agg(statement || ' ' || state, ', ')
	    FROM mig.progress")" '1 done'
	sql 'DROP TRIGGER slow ON t'
	finished 11
	assert_eq "$(sql 'SELECT count(*) FROM t')" 1000000
}

@test "during COMMIT" {
	new_db
	migration 1_t.sql <<-'SQL'
		CREATE TABLE t (id int);
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_sleep(60);
			RETURN NEW;
		END $$;
		CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t
		    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
		    EXECUTE FUNCTION slow();
	SQL
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_insert.sql <<<'INSERT INTO t VALUES (1);'
	plan
	begin
	running COMMIT
	kill -TERM $PID
	ended TERM 0
	said 'stopped: step 1 of 1 is rolled back'
	assert_eq "$(sql 'SELECT count(*) FROM t')" 0
	sql 'DROP TRIGGER slow ON t'
	finished 11
}

@test "during COMMIT that waits for a standby: it is done, and said to be" {
	own_server
	migration 1_first.sql <<<'CREATE TABLE first (id int);'
	plan
	sql "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
	sql 'SELECT pg_reload_conf()' >/dev/null
	wait_for 'SHOW synchronous_standby_names' nobody
	PGOPTIONS='-c synchronous_commit=on' begin
	running COMMIT
	kill -TERM $PID
	ended TERM 1
	said 'canceling wait for synchronous replication'
	assert_eq "$(log)" 'apply 1'
	assert_eq "$(tables)" first
	PGOPTIONS='-c synchronous_commit=local' finished 1
}

@test "while it looks for a server that is gone" {
	own_server
	migration 1_none.sql <<-'SQL'
		-- mig: no-transaction
		SELECT pg_sleep(60);
	SQL
	plan
	begin
	running '%pg_sleep%'
	lab crash "$MIG_TEST_SERVER-signals" 3>&-
	sleep 0.5
	alive $PID
	kill -TERM $PID
	touch gone
	ended TERM 0
	rm gone
	said 'what became of step 1 is unknown'
	lab start "$MIG_TEST_SERVER-signals" 3>&- >/dev/null
	sed -i 's/60/0/' m/1_none.sql
	finished 1
}

@test "a server that does not answer: the third ends it" {
	own_server
	migration 1_slow.sql <<<'SELECT pg_sleep(60);'
	plan
	begin
	running '%pg_sleep%'
	backend=$(sql "SELECT pid FROM pg_stat_activity
	    WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
	head -n 1 "$(sql 'SHOW data_directory')/postmaster.pid" >stopped
	kill -STOP "$(cat stopped)"
	for sig in TERM INT HUP; do
		alive $PID
		kill -$sig $PID
		sleep 0.5
	done
	ended TERM
	said 'stopped without another look at the database: mig-ls -d says'
	alive "$backend"
	refute grep '^#end' out.sig
}

@test "ANALYZE behind the last step" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_insert.sql <<<'INSERT INTO t VALUES (1);'
	plan
	hold BEGIN 'LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE'
	begin --analyze
	running 'ANALYZE%'
	kill -TERM $PID
	ended TERM 1
	said 'mig-apply: stopped, but all is done'
	assert_eq "$(log)" 'apply 1, apply 2'
}

@test "nobody reads the report, and the pipe is full" {
	new_db
	mkfifo pipe
	for i in $(seq 100 180); do
		migration "$i.sql" <<<"CREATE TABLE t$i (id int);"
	done
	plan
	exec 7<>pipe
	: >out.sig
	# room for some lines, and for none
	for n in 57344 65536; do
		head -c $n /dev/zero >&7
		env --default-signal=INT mig-apply <plan >&7 2>err.sig 3>&- \
		    4>&- 7>&- &
		PID=$!
		echo $PID >>"$BATS_TEST_TMPDIR/.pids"
		sleep 1
		kill -TERM $PID
		ended TERM
		said stopped
		dd bs=65536 count=1 <&7 >/dev/null 2>&1
		plan
	done
	exec 7>&-
	assert_eq "$(sql 'SELECT count(*) FROM mig.log')" \
	    "$(tables | wc -w)"
}

@test "the line of progress says whom a build waits for, in one line" {
	local when
	new_db
	index_step
	for when in before within; do
		gate 'CREATE INDEX'
		[ $when = within ] || hold_snapshot
		terminal 'mig-apply <plan'
		if [ $when = before ]; then
			shows '^1/1 apply 2 index .* s  waits for pid [0-9]* (holder'
			shows '^1/1 apply 2 index  [1-9]'
		else
			at_gate
			hold_snapshot
			open_gate
			shows '^1/1 apply 2 index .* s  waiting for .* t_id, waits for'
			shows '^1/1 apply 2 index  [1-9]'
		fi
		assert_eq "$(grep -c 'apply 2 index' screen)" 1 "$(cat screen)"
		release
		[ $when = within ] || open_gate
		assert_ended 0
		shows '1 of 1 step done'
		refute grep '1/1 apply 2 index' screen
		tmux -S "$PWD/tmux" kill-server
		sql 'DROP TABLE t, u; DROP SCHEMA mig CASCADE'
		rm m/2*
		index_step
	done
}

@test "a terminal that is stopped keeps no transaction open" {
	new_db
	two
	plan
	run_mig 0 mig-apply <plan
	migration 3_view.sql <<-'SQL'
		-- mig: no-transaction
		CREATE VIEW v AS SELECT 1;
	SQL
	plan
	gate 'CREATE VIEW'
	terminal 'mig-apply <plan'
	at_gate
	shows '1/1 apply 3 view'
	keys C-s
	sleep 1
	open_gate
	wait_for "SELECT count(*) FROM mig.log WHERE version = '3'" 1
	keys C-q
	assert_ended 0
}

# As one does on a terminal that a signal found full.
@test "a write that is interrupted is made again" {
	new_db
	two
	plan
	# the leak check wants ptrace(2) for itself
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
	    run_mig 0 strace -o trace -P "$PWD/out" -e trace=write \
	    -e inject=write:error=EINTR:when=2+2 mig-apply <plan
	grep -q EINTR trace
	assert_output_has $'\nexit\t0\t2\n#end'
}

@test "a terminal that is closed" {
	new_db
	two
	migration 3_slow.sql <<<'SELECT pg_sleep(60);'
	plan
	local how
	for how in 'mig-apply <plan' 'mig-apply -q <plan'; do
		# the shell dies of it, and then all in its terminal
		new_terminal "$how 2>err.sig; echo \$?"
		running '%pg_sleep%'
		tmux -S "$PWD/tmux" kill-session
		wait_for "$OURS" 0
		while pgrep -f -x "$how" >/dev/null; do sleep 0.05; done
		said 'is rolled back'
		assert_eq "$(log)" 'apply 1, apply 2'
		plan
	done
}

@test "^C at a whole pipeline" {
	new_db
	migration 1_t.sql <<<'CREATE TABLE t (id int);'
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 2_slow.sql <<<'SELECT pg_sleep(60);'
	terminal 'mig-ls m | mig-plan | mig-apply >out.sig 2>err.sig'
	running '%pg_sleep%'
	keys C-c
	assert_ended 130
	said 'stopped: step 1 of 1 is rolled back'
	tmux -S "$PWD/tmux" kill-server
	# while mig-plan reads the history
	hold BEGIN 'LOCK TABLE mig.log'
	terminal 'mig-ls m | mig-plan | mig-apply >out.sig 2>err.sig'
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'mig-plan' AND wait_event_type = 'Lock'" 1
	keys C-c
	assert_ended 130
	release
	assert_eq "$(log)" 'apply 1'
}

@test "what comes before it in the pipeline dies: nothing is done" {
	new_db
	two
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	migration 3_third.sql <<<'CREATE TABLE third (id int);'
	hold BEGIN 'LOCK TABLE mig.log'
	for sig in TERM KILL; do
		bash -c 'mig-ls m | mig-plan | mig-apply >out.sig 2>err.sig
		    echo "${PIPESTATUS[*]}" >status' 3>&- 4>&- &
		wait_for "SELECT count(*) FROM pg_stat_activity
		    WHERE application_name = 'mig-plan'
			AND wait_event_type = 'Lock'" 1
		kill -$sig "$(pgrep -x -P $! mig-plan)"
		wait $! || :
		assert_eq "$(cat status)" "0 $((128 + $(kill -l $sig))) 3"
		said 'nothing was done'
		sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		    WHERE application_name = 'mig-plan'" >/dev/null
	done
	release
	wait_for "$OURS" 0
	assert_eq "$(log)" 'apply 1, apply 2'
}

@test "timeout(1), nohup(1), head(1)" {
	new_db
	two
	migration 3_slow.sql <<<'SELECT pg_sleep(60);'
	plan
	run_mig 124 timeout -k 30 3 mig-apply <plan
	assert_output_has $'exit\t143\t2'
	assert_stderr_has 'stopped: step 3 of 3 is rolled back'
	wait_for "$OURS" 0
	sed -i 's/60/2/' m/3_slow.sql
	plan
	(trap '' HUP; exec mig-apply <plan >out.sig 2>err.sig) 3>&- 4>&- &
	PID=$!
	running '%pg_sleep%'
	kill -HUP $PID
	wait $PID
	assert_eq "$(log)" 'apply 1, apply 2, apply 3'
	new_db big
	mkdir big
	seq 20000 | sed 's/.*/SELECT &;/' >big/1_big.sql
	for i in $(seq 2 1500); do echo 'SELECT 1;' >"big/${i}_$i.sql"; done
	for command in 'mig-ls big' 'mig-ls -H big | mig-plan -q'; do
		run_mig 0 bash -c "$command | head -n 1 >/dev/null
		    exit \$((PIPESTATUS[\${#PIPESTATUS[@]} - 2] - 141))"
		assert_eq "$stderr" ""
	done
}

# A statement that goes on though it is canceled, for so many seconds.
stubborn() {
	cat <<-SQL
		DO \$\$
		DECLARE until timestamptz := clock_timestamp() + '$1 s';
		BEGIN
			WHILE clock_timestamp() < until LOOP
				BEGIN
					PERFORM pg_sleep(1);
				EXCEPTION WHEN query_canceled THEN
					NULL;
				END;
			END LOOP;
		END \$\$;
	SQL
}

@test "TERM, and KILL before it has ended: the next run finishes the job" {
	local mode n
	for mode in tx none own; do
		new_db $mode
		two
		{
			case $mode in
			none) echo '-- mig: no-transaction' ;;
			own) printf '%s\n' '-- mig: own-transaction' 'BEGIN;' ;;
			esac
			echo 'CREATE TABLE third (id int);'
			stubborn 4
			echo 'INSERT INTO third VALUES (1);'
			[ $mode != own ] || echo 'COMMIT;'
		} | migration 3_third.sql
		plan
		begin
		running 'DO %'
		kill -TERM $PID
		sleep 1
		alive $PID
		kill -KILL $PID
		ended KILL
		# at once, while the server is still at it
		mig_run mig-apply <plan
		case $status in
		0 | 5 | 6 | 7 | 8) ;;
		*) false ;;
		esac
		wait_for "$OURS" 0 30
		finished 111
		assert_eq "$(sql 'SELECT count(*) FROM third')" 1
	done
}

@test "TERM, and KILL while an index is built: the server goes on" {
	new_db
	index_step
	begin_held
	running '%CONCURRENTLY%'
	kill -TERM $PID
	sleep 1
	kill -KILL $PID
	ended KILL
	running '%CONCURRENTLY%'
	run_mig 6 mig-plan < <(mig-ls m)
	assert_stderr_has 'is at work on it still'
	release
	wait_for "$OURS" 0
	index_is true
	finished 11
}
