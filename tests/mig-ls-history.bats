# mig-ls -d: what a database has applied.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
	printf 'CREATE TABLE a ();\n-- mig: down\nDROP TABLE a;\n' >m/1_a.sql
	printf 'CREATE TABLE b ();\n' >m/2_b.sql
	printf 'CREATE TABLE c ();\n' >m/10_c.sql
	printf 'SELECT 1;\n' >m/9_d.sql
}

# Plan and apply m.
apply() {
	mig-ls m | mig-plan -q --out-of-order | mig-apply >report
}

@test "the same as the listing of the files" {
	new_db
	apply
	run_pipe 0 "diff <(mig-ls -H m | sed 's/^file/done/') \
	    <(mig-ls -d -H | cut -f 1-11)"
	run_pipe 0 "diff <(mig-ls -H -o series,version,sha256 m) \
	    <(mig-ls -d -H -o series,version,sha256)"
	# and then not
	echo 'SELECT 2;' >m/11_e.sql
	sed -i '1s/$/ /' m/2_b.sql
	run_pipe 1 "diff <(mig-ls -o version,sha256 m) \
	    <(mig-ls -d -o version,sha256)"
	assert_eq "$(grep -c '^[<>]' out)" 3
	# which are pending: comm works on the two
	run_pipe 0 "comm -23 <(mig-ls -o version m | sort) \
	    <(mig-ls -d -o version | sort)"
	assert_eq "$output" 11
}

@test "when, by whom and how long" {
	new_db
	apply
	run_mig 0 mig-ls -d -o version,seq,action,at,by,ms
	local re='^[0-9]+	[0-9]	apply	20[0-9-]+T[0-9:]+Z	[a-z]+	[0-9]+$'
	assert_match "${lines[0]}" "$re"
	assert_eq "${#lines[@]}" 4
	assert_eq "$(cut -f 1 out | tr '\n' ' ')" "1 2 9 10 "
	run_mig 2 mig-ls -d -o nothing
	assert_stderr_has "the columns are series,version,name,kind,mode,sha256"
	assert_stderr_has "seq,action,at,by,ms"
}

@test "a sealed listing, JSON, a table" {
	new_db
	apply
	run_mig 0 mig-ls -d
	assert_eq "${lines[0]}" "#mig	list	1"
	assert_match "${lines[-1]}" '^#end	4	sha256:'
	assert_eq "$(sed '$d' out | sha256sum | cut -c 1-64)" \
	    "$(tail -n 1 out | sed 's/.*://')"
	run_mig 0 mig-ls -d --json
	assert_match "${lines[3]}" '^\{"record":"done","series":"main","version":"10","name":"c",.*,"seq":4,"action":"apply","at":"[^"]*","by":"[^"]*","ms":[0-9]+\}$'
	TERM=xterm run_mig 0 script -qec 'mig-ls -d' /dev/null
	assert_match "${lines[0]}" '^series +version +name +action +at +by +ms'
	assert_match "${lines[4]}" '^main +10 +c +apply +20'
	refute_output_has "#mig"
}

@test "the database is named in each way" {
	new_db
	local db=$PGDATABASE
	apply
	unset PGDATABASE
	local o
	for o in "-d $db" "-d$db" "-d dbname=$db" "--dbname=$db" \
	    "-d postgresql:///$db"; do
		# shellcheck disable=SC2086
		run_mig 0 mig-ls $o -o version
		assert_eq "${#lines[@]}" 4
	done
	DATABASE_URL="postgresql:///$db" run_mig 0 mig-ls -d -o version
	assert_eq "${#lines[@]}" 4
	run_mig 2 mig-ls -d "$db" other
	run_mig 2 mig-ls -d "$db" -n x
	run_mig 4 mig-ls -d "host=/nowhere password=geheim"
	refute_stderr_has geheim
}

@test "no history: an empty listing; what was taken back is not in it" {
	new_db
	run_mig 0 mig-ls -d
	assert_match "${lines[-1]}" '^#end	0	'
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'mig'")" 0
	run_mig 0 mig-ls -d -H
	assert_eq "$output" ""
	rm m/2* m/9* m/10*
	apply
	run_pipe 0 "mig-ls m | mig-plan --revert 1 | mig-apply"
	run_mig 0 mig-ls -d -H
	assert_eq "$output" ""
}

@test "several series, repeatables behind their versions" {
	new_db
	mkdir f
	echo 'SELECT 1;' >f/V2__x.sql
	echo 'SELECT 1;' >f/R__a.sql
	run_pipe 0 "mig-ls main=m fly=f | mig-plan | mig-apply"
	run_mig 0 mig-ls -d -o series,version,name,kind,convention
	assert_eq "$output" "fly	2	x	versioned	flyway
fly	-	a	repeatable	flyway
main	1	a	versioned	plain
main	2	b	versioned	plain
main	9	d	versioned	plain
main	10	c	versioned	plain"
}

@test "a history that may not be read: 9" {
	new_db
	apply
	new_role reader LOGIN
	PGUSER=$ROLE run_mig 9 mig-ls -d
	assert_stderr_has "hint: grant"
}

@test "no room for the output: 3" {
	new_db
	run_mig 3 bash -c 'mig-ls -d >/dev/full'
	assert_stderr_has "No space left"
}

# What only somebody with all rights can do, behind the triggers' back.
tamper() {
	sql "ALTER TABLE mig.log DISABLE TRIGGER ALL; $1;
	    ALTER TABLE mig.log ENABLE ALWAYS TRIGGER append,
	    ENABLE ALWAYS TRIGGER refuse"
}

@test "--verify: the chain as it was written" {
	new_db
	run_mig 0 mig-ls -d --verify
	assert_eq "$output" "0 -"
	run_mig 1 mig-ls -d --verify=00
	assert_stderr_has "no row has the hash 00: the database has no history"
	apply
	run_mig 0 mig-ls -d --verify
	assert_eq "$output" "4 $(sql 'SELECT hash FROM mig.log WHERE seq = 4')"
	run_mig 0 mig-ls -d --verify="$(sql 'SELECT hash FROM mig.log
	    WHERE seq = 2')"
	run_mig 1 mig-ls -d --verify=00
	assert_stderr_has "mig.log: no row has the hash 00"
	assert_eq "$output" ""
	run_mig 2 mig-ls --verify m
	run_mig 2 mig-ls -d --verify -H
}

@test "--verify names the first row that is not as it was written" {
	new_db
	apply
	tamper "UPDATE mig.log SET name = 'x' WHERE seq IN (2, 3)"
	run_mig 1 mig-ls -d --verify
	assert_stderr_has "mig.log: row 2 is not what its hash says: it was \
changed after it was written"
	assert_stderr_has "hint: SELECT * FROM mig.log WHERE seq IN (1, 2)"
	# with a hash that fits
	tamper "UPDATE mig.log l SET hash = mig.row_hash(l) WHERE seq IN (2, 3)"
	run_mig 1 mig-ls -d --verify
	assert_stderr_has "row 3 does not continue row 2"
	tamper "DELETE FROM mig.log WHERE seq < 3"
	run_mig 1 mig-ls -d --verify
	assert_stderr_has "row 3 follows row 0: the rows between them are gone"
	MIG_SCHEMA=other run_mig 0 mig-ls -d --verify
}

@test "--verify: the last row is gone; who kept its hash finds out" {
	new_db
	apply
	kept=$(mig-ls -d --verify | cut -d ' ' -f 2)
	tamper "DELETE FROM mig.log WHERE seq = 4"
	run_mig 0 mig-ls -d --verify
	assert_match "$output" '^3 [0-9a-f]{64}$'
	run_mig 1 mig-ls -d --verify="$kept"
	assert_stderr_has "mig.log: no row has the hash $kept"
	assert_stderr_has "its history was written anew"
}

@test "--verify: a trigger that does not keep the rows; no right to look" {
	new_db
	apply
	sql 'ALTER TABLE mig.log ENABLE TRIGGER refuse'
	run_mig 1 mig-ls -d --verify
	assert_stderr_has 'the trigger "refuse" is missing or not ENABLE ALWAYS'
	sql 'DROP TRIGGER append ON mig.log'
	run_mig 1 mig-ls -d --verify
	assert_stderr_has 'the trigger "append" is missing'
	new_role reader LOGIN
	run_mig 9 env PGUSER="$ROLE" mig-ls -d --verify
	assert_stderr_has "grant USAGE on schema \"mig\""
}
