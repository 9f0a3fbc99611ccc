#!/usr/bin/env bats
# tests/lab/check: which files it runs on which servers, and how it counts.
load helpers

# A tree of our own with the real check, a lab that has no server "none", and a
# bats that says what it would run: one test a file, skipped in skip.bats.
setup() {
	D=$BATS_TEST_TMPDIR/root
	mkdir -p "$D/tests/lab" "$D/build" "$D/bin"
	cp "$MIG_ROOT/tests/lab/check" "$MIG_ROOT/tests/lab/scratch" "$D/tests/lab"
	cat >"$D/tests/lab/lab" <<-'END'
	#!/bin/sh
	[ "$1-$2" != bin-none ] || { echo 'none: why not' >&2; exit 1; }
	END
	cat >"$D/bin/bats" <<-'END'
	#!/bin/sh
	shift 2
	echo "1..$#"
	n=0
	for f; do
		n=$((n + 1))
		case $f in
		*/meet.bats) touch "$MEET/$MIG_TEST_SERVER"; i=0
			until [ "$(ls "$MEET" | wc -l)" = 2 ]; do
				i=$((i + 1)); [ $i -lt 200 ] || break; sleep 0.05
			done; echo "ok $n meet.bats" ;;
		*/bad.bats) echo "not ok $n ${f##*/}" ;;
		*/skip.bats) echo "ok $n ${f##*/} # skip" ;;
		*) echo "ok $n ${f##*/}" ;;
		esac
	done
	case " $* " in *bad.bats*) exit 1 ;; esac
	END
	chmod +x "$D/tests/lab/lab" "$D/bin/bats"
	PATH=$D/bin:$PATH
	file any
	file pure-a
	file apart '17x tsl'
	file majors 'system 1?'
}

# file NAME [ROUNDS]
file() {
	{
		echo '#!/usr/bin/env bats'
		[ -z "${2-}" ] || echo "# rounds: $2"
	} >"$D/tests/$1.bats"
}

# check STATUS MATRIX [TESTS]: what it runs is in RAN, as `SERVER FILE...` lines.
check() {
	run_mig "$1" env BUILD="$D/build" MATRIX="$2" TESTS="${3-*}" \
	    "$D/tests/lab/check"
	RAN=$(sed -n -e 's/^# on server //p' -e 's/^\(not \)\{0,1\}ok [0-9-]* //p' \
	    <<<"$output" | paste -sd ' ')
}

@test "rounds: a file runs where its line says, else on no 17x" {
	check 0 'system 13 17x 17n tsl'
	assert_eq "$RAN" 'system any.bats majors.bats pure-a.bats 13 any.bats'\
' majors.bats 17x apart.bats tsl apart.bats'
	assert_eq "${lines[-1]}" '7 passed, 0 failed, 0 skipped'
}

@test "rounds: a further server is of the kind of its first word" {
	check 0 17x-more
	assert_eq "$RAN" '17x-more apart.bats pure-a.bats'
}

@test "rounds: nothing to run is a failure" {
	check 1 17n any
	assert_output_has 'failed: no test for 17n is called any'
	assert_eq "${lines[-1]}" '0 passed, 1 failed, 0 skipped'
}

@test "rounds: a server that is not to be had is one skip with its reason" {
	file apart 'none'
	check 0 'system none'
	assert_output_has 'ok - # skip none: why not'
	assert_eq "${lines[-1]}" '3 passed, 0 failed, 1 skipped'
}

@test "rounds: a failure is counted and named, a skip counted" {
	file bad
	file skip
	check 1 system
	assert_output_has 'failed: system: 2 bad.bats'
	assert_eq "${lines[-1]}" '3 passed, 1 failed, 1 skipped'
}

@test "rounds: two at once, each with its name before its lines" {
	export MEET=$BATS_TEST_TMPDIR/meet
	mkdir "$MEET"
	file meet '1?'
	file bad 14
	ROUNDS=2 check 1 '13 14' 'meet bad'
	assert_eq "$(ls "$MEET")" $'13\n14'
	assert_output_has '13: ok 1 meet.bats'
	assert_output_has '14: not ok 1 bad.bats'
	assert_output_has 'failed: 14: 1 bad.bats'
	assert_eq "${lines[-1]}" '2 passed, 1 failed, 0 skipped'
}
