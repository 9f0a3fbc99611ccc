# The damage table: what can happen to a listing or a plan on its way, and the
# message that each must give.  The database is untouched every time.

load helpers

setup_file() {
	# one good plan and listing for all rows, of a database that is empty
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir m
	printf 'CREATE TABLE a (id int);\n' >m/1_a.sql
	printf "SELECT ':x', :'v';\n-- mig: down\nDROP TABLE b;\n" >m/2_b.sql
	printf 'SELECT 3' >m/3_c.sql
	mig-ls m >list
	psql -XAtqc 'CREATE DATABASE damage' -d postgres
	PGDATABASE=damage mig-plan <list >plan
}

teardown_file() {
	psql -XAtqc 'DROP DATABASE damage WITH (FORCE)' -d postgres
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	export PGDATABASE=damage
	bad=$BATS_TEST_TMPDIR/bad
}

teardown() {
	assert_eq "$(sql "SELECT count(*) FROM pg_class
	    WHERE relnamespace = 'public'::regnamespace")" 0 "tables"
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'mig'")" 0 "history"
}

# refused MESSAGE CMD...: CMD must refuse what is in file bad with exit 3 and
# this message, and write nothing.
refused() {
	local message=$1
	shift
	run_mig 3 "$@" <"$bad"
	assert_stderr_has "$message"
	# mig-apply may write its report, but no step
	refute grep -q '^\(step\|start\|done\)' "$BATS_TEST_TMPDIR/out"
}

# seal: the lines of standard input with a trailer that fits.
seal() {
	local text
	text=$(cat; echo .)
	text=${text%.}
	printf '%s#end\t%d\tsha256:%s\n' "$text" \
	    "$(printf '%s' "$text" | grep -vc '^[#	]')" \
	    "$(printf '%s' "$text" | sha256sum | cut -c 1-64)"
}

@test "seal makes what mig-plan makes" {
	sed '$d' plan | seal | diff plan -
}

@test "every prefix of a plan" {
	local n
	for ((n = $(wc -c <plan) - 1; n > 0; n -= ${MIG_SLOW:-1})); do
		head -c "$n" plan >"$bad"
		mig-apply -v v=1 <"$bad" >out 2>err && rc=0 || rc=$?
		[ "$rc" = 3 ] && grep -q 'truncated\|damaged' err || {
			echo "prefix of $n bytes: status $rc: $(cat err)"
			return 1
		}
	done
	: >"$bad"
	refused "empty, but a plan is wanted" mig-apply
	assert_stderr_has "hint: the command before it"
}

@test "every prefix of a sealed listing" {
	local n
	# the first bytes alone are records of no word
	for ((n = $(wc -c <list) - 1; n > 0; n -= 3 * ${MIG_SLOW:-1})); do
		head -c "$n" list >"$bad"
		mig-plan <"$bad" >out 2>err && rc=0 || rc=$?
		[ "$rc" = 3 ] && [ -s err ] && [ ! -s out ] || {
			echo "prefix of $n bytes: status $rc: $(cat err)"
			return 1
		}
	done
}

# flip FILE BYTE BIT: the file with one bit the other way.
flip() {
	local byte
	byte=$(tail -c +$(($2 + 1)) "$1" | head -c 1 | od -An -tu1)
	head -c "$2" "$1"
	# shellcheck disable=SC2059 # octal is wanted
	printf "\\$(printf %03o $((${byte:-0} ^ (1 << $3))))"
	tail -c +$(($2 + 2)) "$1"
}

@test "a flipped bit in each byte of a plan" {
	local n size rc
	size=$(wc -c <plan)
	for ((n = 0; n < size; n += ${MIG_SLOW:-1})); do
		flip plan "$n" $((n % 8)) >"$bad"
		mig-apply -v v=1 <"$bad" >out 2>err && rc=0 || rc=$?
		[ "$rc" = 3 ] || {
			echo "byte $n: status $rc: $(cat err)"
			return 1
		}
	done
}

@test "a flipped bit in each byte of a listing" {
	local n size rc
	size=$(wc -c <list)
	for ((n = 0; n < size; n += ${MIG_SLOW:-1})); do
		flip list "$n" $((n % 8)) >"$bad"
		mig-plan <"$bad" >out 2>err && rc=0 || rc=$?
		[ "$rc" = 3 ] && [ ! -s out ] || {
			echo "byte $n: status $rc: $(cat err)"
			return 1
		}
	done
}

@test "joined, filtered, edited, of another kind" {
	cat plan plan >"$bad"
	refused "a second stream begins here: two were joined" mig-apply
	{ sed '$d' plan; cat plan; } >"$bad"
	refused "a second header: two streams were joined" mig-apply
	{ cat plan; echo; } >"$bad"
	refused "text after the trailer" mig-apply
	grep -v '^need' plan >"$bad"
	refused "records are missing or were added" mig-apply
	grep -v '^step	2' plan >"$bad"
	refused 'a "keep" that belongs to no step' mig-apply
	grep '^[#s]' plan >"$bad"
	refused "records are missing or were added" mig-apply
	sed 's/^#at	.*/#at	2000-01-01T00:00:00Z/' plan >"$bad"
	refused "the stream is damaged: its digest differs" mig-apply
	sed 's/CREATE TABLE a/CREATE TABLE x/' plan >"$bad"
	refused "the text of the step before this is not the one" mig-apply
	sed 's/$/\r/' plan >"$bad"
	refused "" mig-apply
	mig-plan -H <list >"$bad"
	refused "no stream of mig-tools: the header is missing" mig-apply
	cp list "$bad"
	refused "this is a listing, but a plan is wanted" mig-apply
	assert_stderr_has "hint: mig-ls DIR | mig-plan | mig-apply"
	cp plan "$bad"
	refused "this is a plan, but a listing is wanted" mig-plan
	sed '1s/1$/2/' plan >"$bad"
	refused "another version of the format" mig-apply
	gzip -c plan >"$bad"
	refused "" mig-apply
	head -c 100000 /dev/urandom >"$bad"
	refused "" mig-apply
	refused "" mig-plan
	head -c 100000 /dev/zero >"$bad"
	refused "" mig-apply
	refused "" mig-plan
}

@test "edited and sealed again: still no plan" {
	local row message
	while IFS='|' read -r row message; do
		sed '$d' plan | sed "$row" | seal >"$bad"
		refused "$message" mig-apply -v v=1
	done <<-'END'
		s/CREATE TABLE a/CREATE TABLE x/|the text of the step before this
		s/^step	2/step	3/|a step is out of its place
		/^step	2/d|
		/^state/d|the plan names no state
		/^state/p|a damaged or second state
		s/^need	v/need	v	w/|a damaged "need"
		s/	apply	/	do	/|a step of an unknown action
		s/^step	\(.*\)	plain$/step	\1/|a step with another number
		s/	versioned	/	nothing	/|no kind "nothing"
		s/	tx	/	xt	/|no mode "xt"
		s/	plain$/	simple/|no convention "simple"
		s/^\(keep.*\)DROP/\1CREATE/|a text that is not the one
		s/^state/stat/|"stat" is nothing that this mig-apply knows
		s/^nolf	-/nolf	x/|
		$s/$/x/|
	END
}

@test "a resume that is none" {
	local step='^step	1	apply	main	1	tx'
	edit() {
		sed '$d' plan | sed "$1" | seal >"$bad"
	}
	edit "s/$step/step	1	resume	main	1	none/"
	refused "does not say from where" mig-apply
	edit "/$step/a resume	1	1	-"
	refused 'a "resume" of a step that runs whole' mig-apply
	edit "s/$step/step	1	apply	main	1	none/;
	    /^step	1	/a resume	1	1	-"
	refused 'a "resume" of a step that runs whole' mig-apply
	edit "s/$step/step	1	resume	main	1	none/;
	    /^step	1	/a resume	1	0	-"
	refused 'a "resume" with no statement' mig-apply
	edit "s/$step/step	1	resume	main	1	none/;
	    /^step	1	/a resume	2	1	-"
	refused 'a "resume" that belongs to no step' mig-apply
	edit "s/$step/step	1	resume	main	1	none/;
	    /^step	1	/a resume	1	1	-\nresume	1	1	-"
	refused 'a "resume" that belongs to no step' mig-apply
	edit "/^state/a resume	1	1	-"
	refused 'a "resume" that belongs to no step' mig-apply
}

@test "a dead writer, with pipefail and without" {
	local cmd
	# shellcheck disable=SC2016 # the inner shell's process
	for cmd in 'false' 'mig-plan </dev/null' 'mig-ls /nowhere | mig-plan' \
	    'mig-ls m | mig-plan | head -n 7' \
	    'mig-ls m | mig-plan -d "host=/nowhere"' \
	    'mig-ls m | mig-plan | grep -v "^#end"' \
	    'mig-ls m | head -n 5 | mig-plan' \
	    '{ mig-plan | (head -c 300; kill -9 $BASHPID); } <list'; do
		run_mig 3 bash -c "{ $cmd; } 2>/dev/null | mig-apply -v v=1"
		assert_match "$stderr" 'empty, but a plan|truncated'
	done
}

@test "no room for the output" {
	run_mig 3 bash -c 'mig-ls m >/dev/full'
	assert_match "$stderr" 'No space left'
	run_mig 3 bash -c 'mig-plan <list >/dev/full'
	assert_match "$stderr" 'No space left'
	run_mig 3 bash -c 'mig-plan --status <list >/dev/full'
	assert_match "$stderr" 'No space left'
	run_mig 3 bash -c 'mig-plan --json <list >/dev/full'
	assert_match "$stderr" 'No space left'
}

@test "a listing that was tampered with" {
	local row message
	while IFS='|' read -r row message; do
		mig-ls -H m | sed "$row" >"$bad"
		refused "$message" mig-plan
	done <<-'END'
		1s/	tx	/	txt	/|listing:1: no mode "txt"
		2s/	versioned	/	version	/|listing:2: no kind "version"
		1s/	[0-9a-f]\{64\}	/	abc	/|listing:1: no SHA-256
		1s/	1	/	-	/|listing:1: a version is for versioned
		1s/	plain$/	plane/|listing:1: no convention "plane"
		1s/	main	/	-	/|listing:1: no series
		1s/^file	.*/file	x/|listing:1:
		1s/\(	[0-9a-f]*\)[0-9a-f]\(	m\)/\10\2/|changed since mig-ls read it
		1s,m/1_a,m/9_a,|m/9_a.sql: No such file
		1s/1_a/\\1_a/|a field with a bad escape
	END
}
