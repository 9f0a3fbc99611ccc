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

@test "the same as the view of what is applied" {
	new_db
	printf -- '-- mig: down\nDROP TABLE c;\n' >>m/10_c.sql
	apply
	sed -i 's/b ()/b (b int)/' m/2_b.sql
	mig-ls m | mig-plan -q --accept | mig-apply >report
	printf -- '-- mig: repeatable\nSELECT 1;\n' >m/11_r.sql
	apply
	echo 'SELECT 2;' >>m/11_r.sql
	apply
	mig-ls m | mig-plan -q --revert 1 | mig-apply >report
	run_mig 0 mig-ls -d -H -o version,name,action,seq
	assert_eq "$output" "$(psql -XAtq -F '	' -c "SELECT
	    coalesce(version, '-'), name, action, seq FROM mig.applied
	    ORDER BY version::int NULLS LAST")"
	assert_eq "${#lines[@]}" 4
	assert_output_has "b	accept	5"
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
	run_mig 0 mig-ls -d --verify=-
	other=$(printf '%064d' 0)
	run_mig 1 mig-ls -d --verify="$other"
	assert_stderr_has "no row has the hash $other: the database has no history"
	apply
	run_mig 0 mig-ls -d --verify=-
	run_mig 0 mig-ls -d --verify
	assert_eq "$output" "4 $(sql 'SELECT hash FROM mig.log WHERE seq = 4')"
	run_mig 0 mig-ls -d --verify="$(sql 'SELECT hash FROM mig.log
	    WHERE seq = 2')"
	run_mig 1 mig-ls -d --verify="$other"
	assert_stderr_has "mig.log: no row has the hash $other"
	assert_eq "$output" ""
	# a hash that was kept badly is no history that was written anew
	for wrong in 00 "4 $other" "${other}0" "${other/0/A}" ''; do
		run_mig 2 mig-ls -d --verify="$wrong"
		assert_stderr_has "--verify=$wrong: wants the 64 digits"
	done
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

@test "--verify: a change of each column is found, and its row named" {
	new_db
	apply
	sql 'CREATE TABLE kept AS SELECT * FROM mig.log'
	local column n=0
	while read -r column; do
		n=$((n + 1))
		tamper "UPDATE mig.log SET $column WHERE seq = 2"
		run_mig 1 mig-ls -d --verify
		assert_match "$stderr" \
		    'row (2|3 follows row 1|3 does not continue row 2)'
		tamper 'TRUNCATE mig.log; INSERT INTO mig.log SELECT * FROM kept'
	done < <(sql "SELECT replace(CASE
	    WHEN attname = 'seq' THEN '@ = 99'
	    WHEN attname = 'action' THEN '@ = ''adopt'''
	    WHEN atttypid = 'timestamptz'::regtype
		THEN '@ = @ + interval ''1 us'''
	    ELSE '@ = coalesce(@, '''') || ''x''' END, '@', attname)
	    FROM pg_attribute WHERE attrelid = 'mig.log'::regclass
	    AND attnum > 0 ORDER BY attnum")
	assert_eq $n 24
	# nor is an absent value the same as an empty one
	tamper "UPDATE mig.log SET error = '' WHERE seq = 3"
	run_mig 1 mig-ls -d --verify
	assert_stderr_has 'mig.log: row 3 is not what its hash says'
}

@test "--verify: rows that are gone, put in, or have changed places" {
	new_db
	apply
	sql 'CREATE TABLE kept AS SELECT * FROM mig.log'
	local change said
	while IFS='|' read -r change said; do
		tamper "$change"
		run_mig 1 mig-ls -d --verify
		assert_stderr_has "mig.log: row $said"
		tamper 'TRUNCATE mig.log; INSERT INTO mig.log SELECT * FROM kept'
	done <<-'END'
		DELETE FROM mig.log WHERE seq = 1|2 follows row 0
		DELETE FROM mig.log WHERE seq = 3|4 follows row 2
		UPDATE mig.log SET seq = 15 - seq WHERE seq IN (2, 3); UPDATE mig.log SET seq = seq - 10 WHERE seq > 10|2 is not what its hash says
		INSERT INTO mig.log (seq, prev, hash, action, started, finished, db_user) SELECT 5, hash, repeat('f', 64), 'fail', now(), now(), 'x' FROM mig.log WHERE seq = 4|5 is not what its hash says
		INSERT INTO mig.log (seq, prev, hash, action, started, finished, db_user) SELECT 5, repeat('e', 64), '', 'fail', now(), now(), 'x'; UPDATE mig.log l SET hash = mig.row_hash(l) WHERE seq = 5|5 does not continue row 4
	END
	run_mig 0 mig-ls -d --verify
}

@test "the log refuses changes by its owner and by a superuser" {
	new_db
	new_role owner LOGIN
	sql "GRANT CREATE ON DATABASE $PGDATABASE TO $ROLE;
	    GRANT CREATE ON SCHEMA public TO $ROLE"
	PGUSER=$ROLE apply
	local who change
	for who in "$ROLE" "$PGUSER"; do
		for change in 'UPDATE mig.log SET name = name' \
		    'DELETE FROM mig.log WHERE seq = 4' 'TRUNCATE mig.log' \
		    "MERGE INTO mig.log l USING mig.log k ON l.seq = k.seq
		    WHEN MATCHED THEN DELETE" \
		    "SET session_replication_role = replica;
		    DELETE FROM mig.log"; do
			case $who$change in
			*MERGE*) [ "$MIG_SERVER_MAJOR" -ge 15 ] || continue ;;
			"$ROLE"*replica*) continue ;;
			esac
			PGUSER=$who run_mig 1 psql -Xq -v ON_ERROR_STOP=1 \
			    -v VERBOSITY=verbose -c "$change"
			assert_stderr_has 'MG002'
		done
	done
	run_mig 0 mig-ls -d --verify
	assert_match "$output" '^4 '
	sql "DROP OWNED BY $ROLE CASCADE"
}

# digest PLAN: as anybody can compute it.
digest() {
	sed '$d' "$1" | sha256sum | cut -c 1-64
}

@test "who did it, where, and with which plan" {
	new_db
	new_role other
	local who
	who="$PGUSER|$(id -un)|$(uname -n)|mig-tools $(mig-ls --version |
	    sed 's/.* //')"
	rm m/10* m/9*
	echo "SET SESSION AUTHORIZATION $ROLE;" >m/2_b.sql
	printf '%s\n' "-- mig: no-transaction" "SET ROLE $ROLE;" 'SELECT 2;' \
	    >m/3_c.sql
	mig-ls m | mig-plan >plan.1
	run_mig 0 mig-apply <plan.1
	echo 'SELECT nope;' >m/4_fail.sql
	mig-ls m | mig-plan >plan.2
	run_mig 5 mig-apply <plan.2
	rm m/4_fail.sql
	echo 'SELECT 3;' >>m/2_b.sql
	mig-ls m | mig-plan --accept >plan.3
	run_mig 0 mig-apply <plan.3
	printf -- 'SELECT 5;\n-- mig: down\nSELECT 6;\n' >m/5_e.sql
	mig-ls m | mig-plan >plan.4
	run_mig 0 mig-apply <plan.4
	mig-ls m | mig-plan --revert 1 >plan.5
	run_mig 0 mig-apply <plan.5
	mig-ls m | mig-plan --clean="$PGDATABASE" >plan.6
	run_mig 0 mig-apply <plan.6
	assert_eq "$(sql "SELECT DISTINCT db_user, os_user, host, tool
	    FROM mig.log")" "$who"
	assert_eq "$(sql "SELECT action || ' ' || plan FROM mig.log
	    WHERE seq > 2 ORDER BY seq")" "apply $(digest plan.1)
fail $(digest plan.2)
accept $(digest plan.3)
apply $(digest plan.4)
revert $(digest plan.5)
exec $(digest plan.6)"
	[ "$(id -u)" = 0 ] || skip "only root can be somebody else"
	# sudo(8) and its like: it is the one that it runs as
	mig-ls m | mig-plan >plan.7
	setpriv --reuid=65534 --clear-groups test -x "$MIG_BIN/mig-apply" ||
	    skip "the commands are not for everybody"
	TMPDIR=/tmp run_mig 0 \
	    setpriv --reuid=65534 --clear-groups mig-apply <plan.7
	assert_eq "$(sql 'SELECT os_user FROM mig.log ORDER BY seq DESC
	    LIMIT 1')" "$(id -un 65534)"
}
