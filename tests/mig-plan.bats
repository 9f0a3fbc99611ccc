# mig-plan: what a database lacks, and what stands against it.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
}

# plan STATUS [MIG-PLAN-OPTION...]: plan m; the plan is in file plan too.
plan() {
	local expected=$1
	shift
	mig-ls m >list
	run_mig "$expected" mig-plan "$@" <list
	cp "$BATS_TEST_TMPDIR/out" plan
}

# apply [MIG-PLAN-OPTION...]: plan m and apply it.
apply() {
	if ! mig-ls m | mig-plan -q "$@" >plan || ! mig-apply <plan >report
	then
		echo "failed: apply"
		cat report
		return 1
	fi
}

# The steps of the last plan: action, version and name.
steps() {
	sed -n 's/^step\t[0-9]*\t//p' plan | cut -f 1,3,6 | tr '\t' ' '
}

# The states of m: version or name, and state.
states() {
	mig-ls m | mig-plan --status -o version,name,state | tr '\t' ' '
}

# Three small migrations, the first two with down texts.
three() {
	migration 1_one.sql <<-'END'
		CREATE TABLE one (id int);
		-- mig: down
		DROP TABLE one;
	END
	migration 2_two.sql <<-'END'
		CREATE TABLE two (id int);
		-- mig: down
		DROP TABLE two;
	END
	migration 10_ten.sql <<<'CREATE TABLE ten (id int);'
}

# ---------------------------------------------------------------- applying

@test "pending ones in the order of their numbers, then none" {
	new_db
	three
	plan 0
	assert_eq "$(steps)" "apply 1 one
apply 2 two
apply 10 ten"
	run_mig 0 mig-apply <plan
	plan 0
	assert_eq "$(steps)" ""
	assert_eq "$(grep -c . plan)" 5 "an empty plan is a plan"
	run_mig 0 mig-apply <plan
}

@test "a plan carries the SQL byte for byte" {
	new_db
	printf 'SELECT 1;\n\n\tSELECT 2;\n-- no end of line' >m/1_a.sql
	printf '\xef\xbb\xbfSELECT 3;\r\nSELECT 4;\r\n' >m/2_b.sql
	printf 'SELECT 5;\n\n' >m/3_c.sql
	: >m/4_d.sql
	plan 0
	sed -n 's/^\t//p' plan >sql
	# what has no last LF is told by a record
	assert_eq "$(cat sql)" "SELECT 1;

	SELECT 2;
-- no end of line
SELECT 3;
SELECT 4;
SELECT 5;"
	assert_eq "$(grep -c '^nolf' plan)" 1
	grep '^step' plan | cut -f 7 >sums
	{
		printf 'SELECT 1;\n\n\tSELECT 2;\n-- no end of line' | sha256sum
		printf 'SELECT 3;\nSELECT 4;\n' | sha256sum
		printf 'SELECT 5;\n\n' | sha256sum
		printf '' | sha256sum
	} | cut -c 1-64 >expected
	diff expected sums
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT sql FROM mig.log WHERE version = '1'")" \
	    "$(cat m/1_a.sql)"
}

@test "a bare, filtered and shuffled listing is taken" {
	new_db
	three
	mig-ls -H m | tac | grep -v '_two' >list
	run_mig 0 mig-plan <list
	cp out plan
	assert_eq "$(steps)" "apply 1 one
apply 10 ten"
}

@test "a listing on a terminal, options that do not fit: usage" {
	three
	run_mig 2 script -qec mig-plan /dev/null
	assert_output_has "stdin is a terminal"
	mig-ls m >list
	local o
	for o in "-n 0" "-n x" "--revert 1 --baseline 1" "--revert 1 -n 1" \
	    "--to 1 --to 2" "--revert 1 --revert-to 1" "-o version" \
	    "-H --json" "--to :1" "--to main:" "--nonsense" "m" \
	    "--clean x --status" "--revert x"; do
		# shellcheck disable=SC2086
		run_mig 2 mig-plan $o <list
		[ "$stderr" ]
		assert_eq "$output" ""
	done
}

@test "-h and --version" {
	run_mig 0 mig-plan -h
	assert_output_has "mig-ls DIR | mig-plan"
	[ "${#lines[@]}" -le 40 ]
	run_mig 0 mig-plan --version
	assert_match "$output" '^mig-plan [0-9]+\.'
}

@test "no connection: 4, and no password is shown" {
	three
	mig-ls m >list
	run_mig 4 mig-plan -d "host=/nowhere password=geheim" <list
	refute_stderr_has geheim
	refute_output_has step
	new_db
	run_mig 0 mig-plan --verbose -d "dbname=$PGDATABASE password=geheim" \
	    <list
	assert_stderr_has "database $PGDATABASE"
	refute_stderr_has geheim
}

@test "a history that may not be read: 9" {
	new_db
	three
	apply
	new_role reader LOGIN
	mig-ls m >list
	PGUSER=$ROLE run_mig 9 mig-plan <list
	assert_stderr_has "hint: grant USAGE on schema"
}

@test "the schema of the history has another name by MIG_SCHEMA" {
	new_db
	three
	export MIG_SCHEMA="My mig"
	apply
	plan 0
	assert_eq "$(steps)" ""
	MIG_SCHEMA=other plan 0
	assert_eq "$(steps | wc -l)" 3
}

@test "no room for the output: 3; a reader that goes: no word" {
	new_db
	three
	mig-ls m >list
	mig_run bash -c 'mig-plan <list >/dev/full'
	assert_eq "$status" 3
	assert_stderr_has "cannot write the output: No space left"
	for ((i = 0; i < 3000; i++)); do echo "SELECT $i; -- $i $i $i"; done |
	    migration 11_long.sql
	# shellcheck disable=SC2016 # the inner shell's
	mig_run bash -c 'mig-ls m | mig-plan | head -n 1; echo ${PIPESTATUS[1]}'
	assert_eq "${lines[1]}" 141
	assert_eq "$stderr" ""
}

# ------------------------------------------------------- what is not pending

@test "out of order: refused with all of them, or allowed in the plan" {
	new_db
	three
	apply
	migration 3_three.sql <<<'CREATE TABLE three (id int);'
	migration 4_four.sql <<<'CREATE TABLE four (id int);'
	migration 11_eleven.sql <<<'CREATE TABLE eleven (id int);'
	plan 8
	assert_stderr_has "m/3_three.sql: main 3 three: out of order: 10 is"
	assert_stderr_has "m/4_four.sql: main 4 four: out of order"
	refute_stderr_has "eleven"
	assert_match "$stderr" 'hint: [^
]*--out-of-order'
	assert_eq "$(grep -c hint: err)" 1
	assert_eq "$output" ""

	plan 0 --out-of-order
	assert_eq "$(steps)" "apply 3 three
apply 4 four
apply 11 eleven"
	assert_eq "$(grep -c '^allow	out-of-order$' plan)" 1
	assert_stderr_has "m/3_three.sql: out of order"
	plan 0 --out-of-order -q
	assert_eq "$stderr" ""
	run_mig 0 mig-apply <plan

	# and when there is none, the plan does not allow it
	plan 0 --out-of-order
	refute grep '^allow' plan
}

@test "a changed file: refused with a diff of what ran" {
	new_db
	three
	apply
	sed -i 's/one (id int)/one (id bigint)/' m/1_one.sql
	sed -i 's/ten (id int)/ten (id bigint)/' m/10_ten.sql
	plan 8
	assert_stderr_has "m/1_one.sql: main 1 one: changed since it was applied"
	assert_stderr_has "-CREATE TABLE one (id int);
+CREATE TABLE one (id bigint);"
	assert_stderr_has "+++ m/10_ten.sql"
	refute_stderr_has "m/2_two"
	assert_match "$stderr" 'hint: [^
]*--accept'
	assert_eq "$output" ""
}

@test "a changed file of which the history has no text" {
	new_db
	three
	apply
	# as of a text that was too long to be kept
	sql "ALTER TABLE mig.log DISABLE TRIGGER refuse;
	    UPDATE mig.log SET sql = NULL"
	echo >>m/10_ten.sql
	plan 8
	assert_stderr_has "m/10_ten.sql: the history has no text"
}

@test "what a terminal would act on is escaped in a diff" {
	new_db
	three
	apply
	printf -- '-- \033[2J\n' >>m/10_ten.sql
	plan 8
	assert_stderr_has '+-- \033[2J'
	refute grep $'\033' err
}

@test "--accept: new text, nothing runs, then what is pending" {
	new_db
	three
	apply --to 2
	sed -i '1s/$/ -- x/' m/1_one.sql
	sed -i '1s/$/ -- y/' m/2_two.sql
	plan 0 --accept
	assert_eq "$(steps)" "accept 1 one
accept 2 two
apply 10 ten"
	refute grep '^	CREATE TABLE one' plan
	assert_eq "$(grep -c '^keep	1	' plan)" 2
	plan 8 --accept 2
	refute_stderr_has "m/2_two"
	assert_stderr_has "m/1_one.sql: main 1"
	plan 8 --accept=main:2
	plan 0 --accept 1 --accept main:2
	run_mig 0 mig-apply <plan
	assert_eq "$(states)" "1 one applied
2 two applied
10 ten applied"
	assert_eq "$(sql "SELECT sql FROM mig.log
	    WHERE action = 'accept' AND version = '1'")" \
	    "$(head -n 1 m/1_one.sql)"
}

@test "--accept of what is not changed is an error" {
	new_db
	three
	apply
	plan 2 --accept 2
	assert_stderr_has "--accept 2: there is no such edited migration"
	plan 2 --accept nobody
	plan 0 --accept
	assert_eq "$(steps)" ""
}

@test "missing: refused, or allowed" {
	new_db
	three
	apply
	rm m/1_one.sql m/10_ten.sql
	migration 11_eleven.sql <<<'SELECT 1;'
	plan 8
	assert_stderr_has "main 1 one: missing: applied 2"
	assert_stderr_has "main 10 ten: missing"
	assert_match "$stderr" 'hint: [^
]*--allow-missing'
	plan 0 --allow-missing
	assert_eq "$(steps)" "apply 11 eleven"
}

@test "series that are not listed are left alone" {
	new_db
	three
	apply
	mkdir other
	echo 'SELECT 1;' >other/1_x.sql
	run_pipe 0 "mig-ls other=other | mig-plan | grep '^step'"
	assert_match "$output" 'apply	other	1'
	run_pipe 0 "mig-ls main=m other=other | mig-plan | grep '^step'"
	assert_eq "${#lines[@]}" 1
}

@test "all kinds of offenders are told at once" {
	new_db
	three
	apply
	sed -i '1s/$/ /' m/1_one.sql
	rm m/2_two.sql
	migration 3_three.sql <<<'SELECT 1;'
	plan 8
	assert_stderr_has "main 1 one: changed"
	assert_stderr_has "main 2 two: missing"
	assert_stderr_has "main 3 three: out of order"
}

# As mig-apply leaves it when it stops in the third of five statements.
stop_part_way() {
	sql "INSERT INTO mig.progress (series, version, name, action,
	    statement, statements, sha256, state)
	    SELECT 'main', '$1', '$2', 'apply', n, 5, repeat('a', 64), 'done'
	    FROM generate_series(1, 3) n"
}

@test "partial: how far it came; --forget" {
	new_db
	three
	apply --to 2
	stop_part_way 10 ten
	plan 8
	assert_stderr_has "m/10_ten.sql: main 10 ten: partial 3/5"
	assert_stderr_has "now it is to run in one transaction"
	assert_match "$stderr" 'hint: [^
]*--forget'
	plan 8 --revert 1
	plan 8 --baseline 10
	plan 0 --forget
	assert_eq "$(steps)" "forget 10 ten"
	plan 2 --forget 2
	plan 0 --forget 10
	run_mig 0 mig-apply <plan
	plan 0
	assert_eq "$(steps)" "apply 10 ten"
}

@test "--forget of what is not listed any more" {
	new_db
	three
	apply --to 2
	stop_part_way 10 ten
	rm m/10_ten.sql
	plan 8
	assert_stderr_has 'hint: put its file back, or '
	plan 0 --forget
	assert_eq "$(steps)" "forget 10 ten"
	plan 0 --forget main:10
	run_mig 0 mig-apply <plan
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
}

@test "a listing that has a version twice" {
	new_db
	three
	{ mig-ls -H m; mig-ls -H m; } >list
	run_mig 3 mig-plan <list
	assert_stderr_has "m/1_one.sql: the listing has version 1 of series"
	# the history tells versions apart by number, not by their text
	{ mig-ls -H m; mig-ls -H m | sed -n '1s/	1	one/	01	zwei/p'; } \
	    >list
	run_mig 3 mig-plan <list
	assert_stderr_has "the listing has version 1 of series main twice"
}

# ------------------------------------------------------------------- limits

@test "-n and --to" {
	new_db
	three
	plan 0 -n 2
	assert_eq "$(steps)" "apply 1 one
apply 2 two"
	plan 0 -n 99
	assert_eq "$(steps | wc -l)" 3
	plan 0 --to 2
	assert_eq "$(steps)" "apply 1 one
apply 2 two"
	plan 0 --to main:002 -n 1
	assert_eq "$(steps)" "apply 1 one"
	plan 2 --to 3
	assert_stderr_has "--to 3: series main has no such version"
	plan 2 --to other:1
	assert_stderr_has "other: the listing has no such series"
	apply
	plan 8 --to 2
	assert_stderr_has "--to 2: 10 is applied already"
	assert_stderr_has "hint: mig-plan --revert-to"
	plan 0 --to 10
	assert_eq "$(steps)" ""
}

@test "of several series --to names one" {
	new_db
	three
	mkdir n
	echo 'SELECT 1;' >n/1_x.sql
	run_pipe 2 "mig-ls a=m b=n | mig-plan --to 1"
	assert_stderr_has "1: the listing has several series"
	assert_stderr_has "as in a:1"
	run_pipe 0 "mig-ls a=m b=n | mig-plan --to b:1 | grep '^step' |
	    cut -f 4,5"
	assert_eq "$output" "b	1"
}

# ------------------------------------------------------------- requirements

@test "requires: another series goes first as far as needed" {
	new_db
	mkdir a b
	echo 'CREATE TABLE a1 ();' >a/1_a.sql
	printf -- '-- mig: requires b 2\nCREATE TABLE a2 ();' >a/2_a.sql
	echo 'CREATE TABLE a3 ();' >a/3_a.sql
	printf -- '-- mig: requires a 1\nCREATE TABLE b1 ();' >b/1_b.sql
	echo 'CREATE TABLE b2 ();' >b/2_b.sql
	echo 'CREATE TABLE b3 ();' >b/3_b.sql
	run_pipe 0 "mig-ls a=a b=b | mig-plan | grep '^step' | cut -f 4,5"
	assert_eq "$output" "a	1
b	1
b	2
a	2
a	3
b	3"
	run_pipe 0 "mig-ls a=a b=b | mig-plan --to a:2 | grep '^step' |
	    cut -f 4,5 | tr '\n' ' '"
	assert_eq "$output" "a	1 b	1 b	2 a	2 "
	# it may be the history that has it
	run_pipe 0 "mig-ls a=a b=b | mig-plan | mig-apply"
	printf -- '-- mig: requires b 3\nCREATE TABLE a4 ();' >a/4_a.sql
	run_pipe 0 "mig-ls a=a | mig-plan | grep -c '^step'"
}

@test "requires: what cannot be had is refused" {
	new_db
	three
	printf -- '-- mig: requires main 99\nSELECT 1;' >m/2_two.sql
	printf -- '-- mig: requires nobody 1\nSELECT 1;' >m/10_ten.sql
	plan 8
	assert_stderr_has "main 2 two: requires main 99, which is neither"
	assert_stderr_has "main 10 ten: requires nobody 1, which is neither"
	printf -- '-- mig: requires main 10\nSELECT 1;' >m/2_two.sql
	echo 'SELECT 1;' >m/10_ten.sql
	plan 3
	assert_stderr_has "main 2 two: requires main 10, which cannot come"
}

@test "requires: a circle is refused, both named" {
	new_db
	mkdir a b
	printf -- '-- mig: requires b 1\nSELECT 1;' >a/1_a.sql
	printf -- '-- mig: requires a 1\nSELECT 1;' >b/1_b.sql
	run_pipe 3 "mig-ls a=a b=b | mig-plan"
	assert_stderr_has "b/1_b.sql: b 1 b: requires a 1, which cannot come"
	assert_eq "$output" ""
}

# ---------------------------------------------------------------- the texts

@test "what cannot run in a transaction: refused with its place" {
	new_db
	migration 1_a.sql <<-'END'
		CREATE TABLE a (id int);

		/* x */ CREATE INDEX CONCURRENTLY i ON a (id);
	END
	migration 2_b.sql <<-'END'
		VACUUM a; SELECT 1;
		  ALTER SYSTEM SET work_mem = '1MB';
	END
	plan 3
	assert_stderr_has "m/1_a.sql:3:1: CREATE INDEX CONCURRENTLY cannot run"
	assert_stderr_has "m/2_b.sql:1:1: VACUUM cannot run"
	assert_stderr_has "m/2_b.sql:2:3: ALTER SYSTEM cannot run"
	assert_stderr_has 'hint: put "-- mig: no-transaction" at the head'
	assert_eq "$(grep -c hint: err)" 1
	assert_eq "$output" ""
	sed -i '1i -- mig: no-transaction' m/*.sql
	plan 0
	assert_eq "$(grep -c '	none	' plan)" 2
}

@test "the hint is in the words of the tool" {
	new_db
	mkdir d
	printf -- '-- migrate:up\nVACUUM;\nVACUUM;\n' >d/20240101000000_a.sql
	run_pipe 3 "mig-ls -f dbmate d | mig-plan"
	assert_stderr_has "d/20240101000000_a.sql:2:1: VACUUM"
	assert_stderr_has '"-- migrate:up transaction:false"'
	printf -- '-- +goose Up\nVACUUM;\nVACUUM;\n' >d/20240101000000_a.sql
	run_pipe 3 "mig-ls -f goose d | mig-plan"
	assert_stderr_has '"-- +goose NO TRANSACTION"'
	printf 'VACUUM;\nVACUUM;\n' >d/20240101000000_a.sql
	run_pipe 3 "mig-ls -f sqlx d | mig-plan"
	assert_stderr_has '"-- no-transaction"'
}

@test "transaction control in a transaction: refused" {
	new_db
	printf '%s;\n' 'SELECT 1' BEGIN 'SAVEPOINT x; ROLLBACK TO x' COMMIT \
	    END ROLLBACK "PREPARE TRANSACTION 'x'" >m/1_a.sql
	plan 3
	local line
	for line in 2:1:\ BEGIN 4:1:\ COMMIT 5:1:\ COMMIT 6:1:\ ROLLBACK; do
		assert_stderr_has "m/1_a.sql:$line in a migration that runs"
	done
	assert_stderr_has "m/1_a.sql:7:1: "
	refute_stderr_has "m/1_a.sql:3:"
	assert_stderr_has "-- mig: own-transaction"
	sed -i -e '1i -- mig: own-transaction' -e '/PREPARE/d' m/1_a.sql
	plan 0
	assert_eq "$(grep -c '	own	' plan)" 1
}

@test "a text that ends within something: refused with its place" {
	new_db
	migration 1_a.sql <<<"SELECT 'a"
	# shellcheck disable=SC2016 # dollar quotes
	migration 2_b.sql <<<'CREATE FUNCTION f() AS $x$ SELECT 1; $y$;'
	migration 3_c.sql <<<'SELECT (1;'
	printf 'SELECT 1;\n  /* x' >m/4_d.sql
	plan 3
	assert_stderr_has "m/1_a.sql:1:8: unterminated quoted string"
	assert_stderr_has "m/2_b.sql:1:24: unterminated dollar-quoted string"
	assert_stderr_has "m/3_c.sql:1:8: unclosed parenthesis"
	assert_stderr_has "m/4_d.sql:2:3: unterminated /* comment"
}

@test "COPY data goes along; COPY without data is fine" {
	new_db
	printf 'CREATE TABLE a (s text, t text);\nCOPY a FROM stdin;\n\tx\\\\y\n\\.\n' \
	    >m/1_a.sql
	printf 'COPY a FROM stdin;\n' >m/2_b.sql
	plan 0
	run_mig 0 mig-apply <plan
	assert_eq "$(sql 'SELECT count(*), min(s), min(t) FROM a')" '1||x\y'
}

@test "variables are needs; Flyway's own are not" {
	new_db
	migration 1_a.sql <<-'END'
		SELECT :plain, :'literal', :"identifier", a[1:n], x::int, ':no',
		    "a:b", $$ :no $$, :plain, '${no}', :_1;
		COPY x FROM stdin;
		:data
		\.
	END
	plan 0
	assert_eq "$(grep '^need' plan | cut -f 2 | tr '\n' ' ')" \
	    "_1 identifier literal plain "
	mkdir f
	echo "SELECT '\${a}', \"\${b.c}\", \${flyway:user} \$\$\${d}\$\$ :e" \
	    >f/V1__x.sql
	run_pipe 0 "mig-ls f | mig-plan | grep '^need' | cut -f 2 | tr '\n' ' '"
	assert_eq "$output" "a b.c d e "
}

@test "a file that changes after mig-ls" {
	new_db
	three
	mig-ls m >list
	sed -i '1s/^/ /' m/2_two.sql
	echo >>m/10_ten.sql
	run_mig 3 mig-plan <list
	assert_eq "$output" ""
	assert_stderr_has "m/2_two.sql: changed since mig-ls read it"
	assert_stderr_has "m/10_ten.sql: changed since mig-ls read it"
	assert_stderr_has "hint: list and plan again"
	rm m/2_two.sql
	run_mig 3 mig-plan <list
	assert_stderr_has "m/2_two.sql: No such file"
	# a down text is read as well
	three
	mig-ls m >list
	sed -i 's/DROP TABLE two/DROP TABLE IF EXISTS two/' m/2_two.sql
	run_mig 3 mig-plan <list
	refute grep '^#end' out
}

@test "sections: places are those of the file" {
	new_db
	mkdir d
	printf '%s\n' '-- comment' '-- migrate:up' 'CREATE TABLE a ();' \
	    'SELECT 1/0;' '-- migrate:down' 'DROP TABLE a;' \
	    >d/20240101000000_a.sql
	run_pipe 0 "mig-ls -f dbmate d | mig-plan >plan"
	assert_eq "$(grep -c '^from	d/20240101000000_a.sql	3$' plan)" 1
	run_mig 5 mig-apply <plan
	assert_stderr_has "d/20240101000000_a.sql:4:"
}

# ------------------------------------------------------------------ includes

@test "\\i and \\ir: files are read in, places stay" {
	new_db
	mkdir -p m/inc/deep
	migration 1_a.sql <<-'END'
		/* a comment before it */
		\ir inc/one.psql
		CREATE TABLE a ();
		\i 'two words.psql'
		\ir "inc/one.psql"
		SELECT 1/0;
	END
	echo 'CREATE TABLE two ();' >'two words.psql'
	printf 'CREATE TABLE IF NOT EXISTS one ();\n\\ir deep/x.psql\nCREATE TABLE IF NOT EXISTS uno ()' \
	    >m/inc/one.psql
	printf 'CREATE TABLE IF NOT EXISTS x (); -- no line feed' >m/inc/deep/x.psql
	plan 0
	run_mig 5 mig-apply <plan
	assert_stderr_has "m/1_a.sql:6:"
	sed -i '$d' m/1_a.sql
	plan 0
	refute grep '\\i' plan
	assert_eq "$(sed -n 's/^from\t//p' plan | tr '\t\n' ': ')" \
	    "m/inc/one.psql:1 m/inc/deep/x.psql:1 m/inc/one.psql:3 m/1_a.sql:3 two words.psql:1 m/inc/one.psql:1 m/inc/deep/x.psql:1 m/inc/one.psql:3 "
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT string_agg(relname, ' ' ORDER BY relname)
	    FROM pg_class WHERE relnamespace = 'public'::regnamespace")" \
	    "a one two uno x"
	# an error in a file that was read in
	migration 2_b.sql <<-'END'
		SELECT 1;
		\ir inc/bad.psql
	END
	printf 'SELECT 1;\n\n SELECT nix;\n' >m/inc/bad.psql
	plan 0
	run_mig 5 mig-apply <plan
	assert_stderr_has "m/inc/bad.psql:3:"
}

@test "\\i: as psql does it" {
	migration 1_a.sql <<-'END'
		CREATE TABLE log (n serial, t text);
		INSERT INTO log (t) VALUES ('a');
		\ir x.psql
		INSERT INTO log (t) VALUES ('c');
		\ir x.psql
	END
	printf "INSERT INTO log (t) VALUES ('b1');\nINSERT INTO log (t) VALUES ('b2')" >m/x.psql
	new_db psql
	psql -Xq -v ON_ERROR_STOP=1 -f m/1_a.sql
	sql 'SELECT * FROM log' >expected
	new_db ours
	apply
	diff expected <(sql 'SELECT * FROM log')
	assert_eq "$(wc -l <expected)" 6
}

# mig-apply would refuse the plan, or heed a part of them.
@test "\\i: a file that is read in has no directives" {
	new_db
	migration 1_a.sql <<<'\ir x.psql'
	printf -- '-- mig: lock-timeout 1s\nSELECT 1;\n' >m/x.psql
	plan 3
	assert_stderr_has 'm/x.psql:1: -- mig: holds in no file that \i reads in'
	assert_stderr_has 'hint: put it into the file that reads this one in'
	printf -- 'CREATE TABLE a ();\n-- mig: down\nDROP TABLE a;\n' >m/x.psql
	plan 3
	assert_stderr_has 'm/x.psql:2: -- mig:'
}

@test "\\i: what cannot be read in is refused with its place" {
	new_db
	migration 1_a.sql <<-'END'
		SELECT 1
		\ir x.psql
		;
	END
	migration 2_b.sql <<-'END'
		SELECT 1; \ir x.psql
	END
	printf '\\i nowhere.psql\n\\i\n\\i a b\n\\i :x\n\\i "x\n' >m/3_c.sql
	printf '\\ir loop.psql\n' >m/4_d.sql
	printf '\n\\ir ./loop2.psql\n' >m/loop.psql
	printf '\\ir loop.psql\n' >m/loop2.psql
	printf '\\ir 5_e.sql\n' >m/5_e.sql
	echo 'SELECT 2;' >m/x.psql
	plan 3
	assert_stderr_has "m/1_a.sql:1:1: \\i within a statement"
	assert_stderr_has "m/2_b.sql:1:11: \\i must be alone in its line"
	assert_stderr_has "m/3_c.sql:1:1: nowhere.psql: No such file"
	assert_stderr_has "m/3_c.sql:2:1: one file's name is wanted"
	assert_stderr_has "m/3_c.sql:3:1: one file's name"
	assert_stderr_has "m/3_c.sql:4:1: one file's name"
	assert_stderr_has "m/3_c.sql:5:1: one file's name"
	assert_stderr_has "m/./loop2.psql:1:1: a file that reads itself in"
	assert_stderr_has "m/5_e.sql:1:1: a file that reads itself in"
}

@test "\\i: too many files within files end" {
	new_db
	local i
	migration 1_a.sql <<<'\ir f0'
	for ((i = 0; i < 20; i++)); do
		printf '\\ir f%d\n\\ir f%d\n' $((i + 1)) $((i + 1)) >m/f$i
	done
	echo 'SELECT 1;' >m/f20
	MIG_TIMEOUT=20 plan 3
	assert_stderr_has "too many files within files"
}

@test "\\restrict is carried, other commands of psql are refused" {
	new_db
	printf '\\restrict abc\nSELECT 1;\n\\unrestrict abc\n' >m/1_a.sql
	plan 0
	assert_eq "$(grep -c '^	.restrict abc' plan)" 1
	run_mig 0 mig-apply <plan
	printf 'SELECT 1;\n  \\set x 1\nSELECT 1 \\gset\n\\! rm x\n' >m/2_b.sql
	plan 3
	assert_stderr_has "m/2_b.sql:2:3: \\set: of psql's commands only"
	assert_stderr_has "m/2_b.sql:3:10: \\gset: of"
	assert_stderr_has "m/2_b.sql:4:1: \\!: of"
}

# ------------------------------------------------------------------- revert

@test "--revert: the newest first, in the order of applying" {
	new_db
	three
	mv m/2_two.sql .
	echo 'DROP TABLE ten;' | sed '1i -- mig: down' >>m/10_ten.sql
	apply
	mv 2_two.sql m
	apply --out-of-order
	plan 0 --revert 1
	assert_eq "$(steps)" "revert 2 two"
	assert_eq "$(sed -n 's/^	//p' plan)" "DROP TABLE two;"
	assert_eq "$(grep -c '^from	m/2_two.sql	3$' plan)" 1
	plan 0 --revert 99
	assert_eq "$(steps)" "revert 2 two
revert 10 ten
revert 1 one"
	run_mig 0 mig-apply <plan
	assert_eq "$(states)" "1 one pending
2 two pending
10 ten pending"
	plan 0 --revert 1
	assert_eq "$(steps)" ""
}

@test "--revert: an accepted text does not make a migration newer" {
	new_db
	three
	echo 'DROP TABLE ten;' | sed '1i -- mig: down' >>m/10_ten.sql
	apply
	sed -i '1s/$/ /' m/1_one.sql
	apply --accept
	plan 0 --revert 1
	assert_eq "$(steps)" "revert 10 ten"
	plan 0 --revert 3
	assert_eq "$(steps | tail -n 1)" "revert 1 one"
}

@test "--revert: the file's down text, else the history's" {
	new_db
	three
	apply --to 2
	# another down text, the same up text: the file's
	sed -i 's/DROP TABLE two/DROP TABLE IF EXISTS two/' m/2_two.sql
	plan 0 --revert 1
	assert_eq "$(sed -n 's/^	//p' plan)" "DROP TABLE IF EXISTS two;"
	assert_stderr_has "the down text has changed since it was applied"
	# another up text: the history's
	sed -i 's/CREATE TABLE two/CREATE TABLE zwei/' m/2_two.sql
	plan 0 --revert 1
	assert_eq "$(sed -n 's/^	//p' plan)" "DROP TABLE two;"
	assert_stderr_has "the file was changed: the history's down text"
	plan 0 --revert 1 -q
	assert_eq "$stderr" ""
	# no file
	rm m/2_two.sql
	plan 0 --revert 1
	assert_stderr_has "not in the listing: the history's down text"
	run_mig 0 mig-apply <plan
	assert_eq "$(sql "SELECT to_regclass('two') IS NULL")" t
}

@test "--revert: without a down text refused by name" {
	new_db
	three
	apply
	plan 8 --revert 2
	assert_stderr_has "m/10_ten.sql: main 10 ten: there is no down text"
	assert_stderr_has "hint: "
	assert_eq "$output" ""
}

@test "--revert-to" {
	new_db
	three
	apply --to 2
	plan 0 --revert-to 1
	assert_eq "$(steps)" "revert 2 two"
	plan 0 --revert-to 2
	assert_eq "$(steps)" ""
	plan 0 --revert-to main:0
	assert_eq "$(steps)" "revert 2 two
revert 1 one"
	plan 8 --revert-to 10
	assert_stderr_has "--revert-to 10: main has not applied it"
	plan 2 --revert-to 7
	assert_stderr_has "--revert-to 7: main has no such version"
}

@test "--revert: the mode is that of the down text" {
	new_db
	migration 1_a.up.sql <<<'CREATE TABLE a (i int); CREATE INDEX x ON a (i);'
	migration 1_a.down.sql <<-'END'
		-- mig: no-transaction
		DROP INDEX CONCURRENTLY x;
		DROP TABLE a;
	END
	apply
	plan 0 --revert 1
	assert_match "$(grep '^step' plan)" \
	    '^step	1	revert	main	1	none	.*	m/1_a.down.sql'
	run_mig 0 mig-apply <plan
	# and of what cannot run so: refused
	apply
	sed -i 1d m/1_a.down.sql
	plan 3 --revert 1
	assert_stderr_has "m/1_a.down.sql:1:1: DROP INDEX CONCURRENTLY"
}

# --------------------------------------------------- baseline, status, clean

@test "--baseline: counts as applied, nothing runs" {
	new_db
	three
	sql 'CREATE TABLE one (id int); CREATE TABLE two (id int)'
	plan 0 --baseline 2
	assert_eq "$(steps)" "baseline 1 one
baseline 2 two"
	refute grep '^	' plan
	assert_eq "$(grep -c '^keep' plan)" 4
	run_mig 0 mig-apply <plan
	assert_eq "$(states)" "1 one baseline
2 two baseline
10 ten pending"
	plan 0
	assert_eq "$(steps)" "apply 10 ten"
	plan 0 --baseline 2
	assert_eq "$(steps)" ""
	plan 2 --baseline 3
	assert_stderr_has "--baseline 3: the listing has no such version"
	plan 0 --revert 1
	assert_eq "$(sed -n 's/^	//p' plan)" "DROP TABLE two;"
}

@test "--status: each state" {
	new_db
	migration 1_base.sql <<<'SELECT 1;'
	migration 2_applied.sql <<<'SELECT 2;'
	migration 3_changed.sql <<<'SELECT 3;'
	migration 4_missing.sql <<<'SELECT 4;'
	migration 6_applied.sql <<<'SELECT 6;'
	apply --baseline 1
	apply
	echo >>m/3_changed.sql
	rm m/4_missing.sql
	migration 5_late.sql <<<'SELECT 5;'
	migration 7_pending.sql <<<'SELECT 7;'
	migration 8_failed.sql <<<'SELECT 8/0;'
	migration 9_partial.sql <<<'SELECT 9;'
	stop_part_way 9 partial
	sql "INSERT INTO mig.log (seq, action, series, version, name, error)
	    SELECT max(seq) + 1, 'fail', 'main', '8', 'failed', 'by zero'
	    FROM mig.log"
	assert_eq "$(states)" "1 base baseline
2 applied applied
3 changed changed
4 missing missing
5 late out-of-order
6 applied applied
7 pending pending
8 failed failed
9 partial partial 3/5"
	run_pipe 0 "mig-ls m | mig-plan --status"
	assert_match "${lines[0]}" '^#mig	status	1$'
	assert_match "${lines[1]}" \
	    '^status	main	1	base	baseline	versioned	tx	2[^	]*Z	'
	run_pipe 0 "mig-ls m | mig-plan --status -H | wc -l"
	assert_eq "$output" 9
	run_pipe 0 "mig-ls m | mig-plan --status --json | sed -n 4p"
	assert_match "$output" '^\{"record":"status","series":"main","version":"4",.*"state":"missing",.*"ms":[0-9]+,"path":"m/4_missing.sql"\}$'
	run_pipe 2 "mig-ls m | mig-plan --status -o nothing"
	assert_stderr_has "the columns are series,version"
}

@test "--status without any history, and of nothing" {
	new_db
	three
	assert_eq "$(states)" "1 one pending
2 two pending
10 ten pending"
	run_mig 0 mig-plan --status <<<"$(mig-ls m | head -n 0; printf '#mig\tlist\t1\n#end\t0\tsha256:%s' "$(printf '#mig\tlist\t1\n' | sha256sum | cut -c 1-64)")"
}

@test "--check: an exit code alone" {
	new_db
	three
	mkdir empty
	run_pipe 0 "mig-ls empty | mig-plan --check"
	mig-ls m >list
	run_mig 1 mig-plan --check <list
	assert_eq "$output$stderr" ""
	run_mig 1 mig-plan --check --verbose <list
	assert_stderr_has "main 10: pending"
	run_mig 1 mig-plan --check --status <list
	assert_output_has "status	main	10"
	apply
	run_mig 0 mig-plan --check <list
	sed -i '1s/$/ /' m/1_one.sql
	run_pipe 1 "mig-ls m | mig-plan --check"
	run_pipe 1 "mig-ls -H m | grep -v _one | mig-plan --check"
	run_pipe 1 "mig-ls empty | mig-plan --check --verbose"
	assert_stderr_has 'the listing is empty, the history is not'
}

# Some of everything that can be made in a database.
everything() {
	# shellcheck disable=SC2016 # dollar quotes
	sql 'CREATE SCHEMA "S; xy";
	CREATE TABLE "S; xy"."T""t" (id serial PRIMARY KEY,
	    g int GENERATED ALWAYS AS IDENTITY);
	CREATE VIEW v AS SELECT * FROM "S; xy"."T""t";
	CREATE MATERIALIZED VIEW mv AS SELECT 1;
	CREATE TYPE en AS ENUM ($$a$$);
	CREATE DOMAIN dm AS int;
	CREATE TYPE comp AS (a int);
	CREATE TYPE rg AS RANGE (subtype = float8);
	CREATE TYPE shell;
	CREATE FUNCTION f(a en, OUT b int) LANGUAGE sql AS $$SELECT 1$$;
	CREATE FUNCTION f(a int = 3, VARIADIC b int[] = $${}$$) RETURNS int
	    LANGUAGE sql AS $$SELECT 1$$;
	CREATE PROCEDURE pr(INOUT x int) LANGUAGE plpgsql AS $$BEGIN END$$;
	CREATE AGGREGATE agg(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 0);
	CREATE AGGREGATE agg(int) (SFUNC = int4pl, STYPE = int4);
	CREATE FUNCTION fin(internal, anyelement) RETURNS anyelement
	    LANGUAGE internal AS $$mode_final$$;
	CREATE AGGREGATE myp(ORDER BY anyelement) (SFUNC =
	    ordered_set_transition, STYPE = internal, FINALFUNC = fin,
	    FINALFUNC_EXTRA);
	CREATE FUNCTION join_up(int, int) RETURNS int LANGUAGE sql
	    AS $$SELECT 1$$;
	CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int,
	    FUNCTION = join_up);
	CREATE OPERATOR FAMILY fam USING btree;
	CREATE TEXT SEARCH CONFIGURATION tsc (COPY = simple);
	CREATE TEXT SEARCH DICTIONARY tsd (TEMPLATE = simple);
	CREATE COLLATION cl (LOCALE = $$C$$);
	CREATE STATISTICS st ON id, g FROM "S; xy"."T""t";
	CREATE PUBLICATION pb FOR ALL TABLES;
	CREATE FUNCTION evf() RETURNS event_trigger LANGUAGE plpgsql
	    AS $$BEGIN END$$;
	CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION evf();
	CREATE TABLE part (a int) PARTITION BY RANGE (a);
	CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (2);
	CREATE SEQUENCE sq;
	CREATE CAST (en AS int) WITH INOUT;
	CREATE FOREIGN DATA WRAPPER fw;
	CREATE SERVER srv FOREIGN DATA WRAPPER fw;
	CREATE FOREIGN TABLE ft (a int) SERVER srv'
}

# What is there besides the system's and the history.
what_is_there() {
	sql "SELECT string_agg(x, ', ' ORDER BY x COLLATE \"C\") FROM (
	    SELECT nspname AS x FROM pg_namespace UNION ALL
	    SELECT relname FROM pg_class WHERE relnamespace IN (SELECT oid
		FROM pg_namespace WHERE nspname !~ '^pg_|^inf|^mig\$')
	    UNION ALL SELECT proname FROM pg_proc
		WHERE pronamespace = 'public'::regnamespace
	    UNION ALL SELECT typname FROM pg_type
		WHERE typnamespace = 'public'::regnamespace
	    UNION ALL SELECT oprname FROM pg_operator
		WHERE oprnamespace = 'public'::regnamespace
	    UNION ALL SELECT opfname FROM pg_opfamily
		WHERE opfnamespace = 'public'::regnamespace
	    UNION ALL SELECT cfgname FROM pg_ts_config
		WHERE cfgnamespace = 'public'::regnamespace
	    UNION ALL SELECT dictname FROM pg_ts_dict
		WHERE dictnamespace = 'public'::regnamespace
	    UNION ALL SELECT collname FROM pg_collation
		WHERE collnamespace = 'public'::regnamespace
	    UNION ALL SELECT pubname FROM pg_publication
	    UNION ALL SELECT evtname FROM pg_event_trigger
	    UNION ALL SELECT srvname FROM pg_foreign_server
	    UNION ALL SELECT fdwname FROM pg_foreign_data_wrapper
	    UNION ALL SELECT extname FROM pg_extension
	    UNION ALL SELECT 'cast' FROM pg_cast WHERE oid >= 16384) x
	    WHERE x !~ '^(pg_.*|information_schema|mig|public|plpgsql)\$'"
}

@test "--clean: every drop spelled out, all gone but the history" {
	new_db
	three
	apply
	everything
	[ "$(what_is_there)" ]
	run_mig 2 mig-plan --clean other </dev/null
	assert_stderr_has "--clean other: connected to database $PGDATABASE"
	run_mig 0 mig-plan --clean "$PGDATABASE" </dev/null
	cp out plan
	assert_eq "$(steps)" "exec - clean"
	assert_output_has '	DROP TABLE IF EXISTS "S; xy"."T""t" CASCADE;'
	assert_output_has '	DROP AGGREGATE IF EXISTS public.agg(*) CASCADE;'
	run_mig 0 mig-apply <plan
	assert_eq "$(what_is_there)" ""
	assert_eq "$(states)" "1 one pending
2 two pending
10 ten pending"
	apply
	assert_eq "$(sql 'SELECT count(*) FROM ten')" 0
}

@test "--clean: extensions go, and what is theirs is not named" {
	need_extension citext
	need_extension tablefunc
	new_db
	# tablefunc has composite types
	sql 'CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
	    CREATE EXTENSION tablefunc SCHEMA ext;
	    CREATE TABLE t (c ext.citext, r ext.tablefunc_crosstab_2)'
	run_mig 0 mig-plan --clean "$PGDATABASE" </dev/null
	cp out plan
	refute_output_has 'DROP FUNCTION'
	refute_output_has 'DROP TYPE'
	assert_output_has 'DROP EXTENSION IF EXISTS citext CASCADE'
	run_mig 0 mig-apply <plan
	assert_eq "$(what_is_there)" ""
}

@test "--clean: the plan of one database cleans no other" {
	new_db one
	sql 'CREATE TABLE t ()'
	run_mig 0 mig-plan --clean "$PGDATABASE" </dev/null
	cp out plan
	new_db two
	sql 'CREATE TABLE t ()'
	run_mig 5 mig-apply <plan
	assert_stderr_has "this plan cleans database"
	assert_eq "$(sql "SELECT to_regclass('t')")" t
}

# As that of staging and that of production are named.
@test "--clean: nor one of the same name" {
	new_db
	sql 'CREATE TABLE t ()'
	run_mig 0 mig-plan --clean "$PGDATABASE" </dev/null
	cp out plan
	# the guard alone, on another server as far as it can tell
	sed -n 's/^\tDO /DO /p' plan >guard.sql
	run_mig 0 psql -Xq -v ON_ERROR_STOP=1 -f guard.sql
	sed -i "s/$(sql 'SELECT system_identifier FROM pg_control_system()'))/1&/" \
	    guard.sql
	run_mig 3 psql -Xq -v ON_ERROR_STOP=1 -f guard.sql
	assert_stderr_has "this plan cleans database $PGDATABASE of server"
	# and one that was made anew
	clean_up
	new_db
	sql 'CREATE TABLE t ()'
	run_mig 5 mig-apply <plan
	assert_stderr_has "this plan cleans database $PGDATABASE of server"
	assert_eq "$(sql "SELECT to_regclass('t')")" t
}

# ------------------------------------------------- Flyway's kinds of files

@test "repeatables: after all others by name, again when they change" {
	new_db
	mkdir f
	echo 'CREATE TABLE a ();' >f/V1__a.sql
	echo 'CREATE OR REPLACE VIEW b AS SELECT 1;' >f/R__b.sql
	echo 'CREATE OR REPLACE VIEW c AS SELECT 1;' >f/R__aa.sql
	run_pipe 0 "mig-ls f | mig-plan | tee plan | mig-apply"
	assert_eq "$(steps)" "apply 1 a
repeat - aa
repeat - b"
	run_pipe 0 "mig-ls f | mig-plan >plan"
	assert_eq "$(steps)" ""
	echo '-- again' >>f/R__b.sql
	run_pipe 0 "mig-ls f | mig-plan >plan"
	assert_eq "$(steps)" "repeat - b"
	run_pipe 1 "mig-ls f | mig-plan --check"
	# accepted by its name alone
	run_pipe 0 "mig-ls f | mig-plan --accept >plan"
	assert_eq "$(steps)" "repeat - b"
	run_pipe 0 "mig-ls f | mig-plan --accept b | tee plan | mig-apply"
	assert_eq "$(steps)" "accept - b"
	run_pipe 0 "mig-ls f | mig-plan --check"
	# --to leaves them out
	echo '-- again' >>f/R__b.sql
	run_pipe 0 "mig-ls f | mig-plan --to 1 >plan"
	assert_eq "$(steps)" ""
}

@test "a plain repeatable: last, again when it changes, never taken back" {
	new_db
	mkdir p
	printf '%s\n' '-- mig: repeatable' 'CREATE OR REPLACE VIEW v AS TABLE t;' \
	    >p/001_views.sql
	echo 'CREATE TABLE t (a int);' >p/002_t.sql
	run_pipe 0 "mig-ls p | mig-plan | tee plan | mig-apply"
	assert_eq "$(steps)" "apply 002 t
repeat - 001_views"
	run_pipe 0 "mig-ls p | mig-plan --check"
	echo '-- again' >>p/001_views.sql
	run_pipe 0 "mig-ls p | mig-plan | tee plan | mig-apply"
	assert_eq "$(steps)" "repeat - 001_views"
	run_pipe 0 "mig-ls p | mig-plan --status -o state,name | cat"
	assert_eq "$output" "applied	t
applied	001_views"
	run_pipe 8 "mig-ls p | mig-plan --revert 1"
	assert_stderr_has 'p/002_t.sql: main 002 t: there is no down text'
	refute_stderr_has 001_views
}

@test "repeatables of several series: by name, behind all versions" {
	new_db
	mkdir f g
	echo 'SELECT 1;' | tee f/V1__v.sql f/R__b.sql f/R__d.sql g/V1__w.sql \
	    g/R__a.sql >g/R__c.sql
	run_pipe 0 "mig-ls f=f g=g | mig-plan >plan"
	assert_eq "$(steps | cut -d ' ' -f 3 | tr '\n' ' ')" "v w a b c d "
}

@test "Flyway's baseline stands for what is below it" {
	new_db
	mkdir f
	echo 'CREATE TABLE a ();' >f/V1__a.sql
	echo 'CREATE TABLE b ();' >f/V2__b.sql
	echo 'CREATE TABLE c ();' >f/V3__c.sql
	echo 'SELECT 1;' >f/B1__old.sql
	echo 'CREATE TABLE a (); CREATE TABLE b ();' >f/B2__base.sql
	run_pipe 0 "mig-ls f | mig-plan | tee plan | mig-apply"
	assert_eq "$(steps)" "apply 2 base
apply 3 c"
	run_pipe 0 "mig-ls f | mig-plan --status -o name,state | tr '\t' ' ' |
	    sort"
	assert_eq "$output" "a ignored
b ignored
base applied
c applied
old ignored"
	run_pipe 0 "mig-ls f | mig-plan --check"
	run_pipe 0 "mig-ls f | mig-plan >plan"
	assert_eq "$(steps)" ""
	# where the versions ran, it is the baseline that is left out
	new_db second
	mkdir away
	mv f/B* away
	run_pipe 0 "mig-ls f | mig-plan | mig-apply"
	mv away/* f
	run_pipe 0 "mig-ls f | mig-plan >plan"
	assert_eq "$(steps)" ""
}

@test "Flyway's callbacks, round the steps of a plan that has some" {
	new_db
	mkdir f
	echo 'CREATE TABLE log (n serial, t text);' >f/V1__a.sql
	echo "INSERT INTO log (t) VALUES ('V2');" >f/V2__b.sql
	echo "INSERT INTO log (t) VALUES ('R');" >f/R__r.sql
	local e
	for e in beforeMigrate beforeEachMigrate afterEachMigrate \
	    beforeRepeatables afterMigrateApplied afterMigrate afterInfo; do
		echo "SELECT '$e';" >f/$e.sql
	done
	echo "SELECT 'too';" >f/afterMigrate__too.sql
	run_pipe 0 "mig-ls f | mig-plan | tee plan | mig-apply"
	assert_stderr_has "f/afterInfo.sql: not run"
	assert_eq "$(steps | cut -d ' ' -f 1,3)" "exec beforeMigrate
exec beforeEachMigrate
apply a
exec afterEachMigrate
exec beforeEachMigrate
apply b
exec afterEachMigrate
exec beforeRepeatables
exec beforeEachMigrate
repeat r
exec afterEachMigrate
exec afterMigrateApplied
exec afterMigrate
exec afterMigrate__too"
	run_pipe 0 "mig-ls f | mig-plan >plan"
	assert_eq "$(steps)" ""
	assert_eq "$stderr" ""
	# what goes on is something to do, too
	echo "INSERT INTO log (t) VALUES ('V3'); SELECT 1 / 0;" >f/V3__c.sql
	echo 'executeInTransaction=false' >f/V3__c.sql.conf
	run_pipe 7 'mig-ls f | mig-plan -q | mig-apply'
	sed -i 's,1 / 0,1,' f/V3__c.sql
	run_pipe 0 'mig-ls f | mig-plan -q >plan'
	assert_eq "$(steps | cut -d ' ' -f 1,3)" "exec beforeMigrate
exec beforeEachMigrate
resume c
exec afterEachMigrate
exec afterMigrateApplied
exec afterMigrate
exec afterMigrate__too"
	run_mig 0 mig-apply <plan
}

# --------------------------------------------------------- people, JSON, size

@test "a terminal gets a table and the SQL" {
	new_db
	three
	mig-ls m >list
	TERM=xterm run_mig 0 script -qec 'mig-plan <list' /dev/null
	assert_match "$output" '1  apply +main +1 +tx +one'
	assert_match "$output" '    CREATE TABLE one \(id int\);'
	assert_output_has "3 steps for database $PGDATABASE"
	refute_output_has "#mig"
	assert_match "$output" $'\033'
	NO_COLOR=1 TERM=xterm run_mig 0 script -qec 'mig-plan <list' /dev/null
	refute grep $'\033' out
	apply
	TERM=xterm run_mig 0 script -qec 'mig-plan <list' /dev/null
	assert_output_has "nothing to do in database $PGDATABASE"
	TERM=xterm run_mig 0 script -qec 'mig-plan --status <list' /dev/null
	assert_match "$output" 'main +10 +.*applied.* +ten +2'
	assert_output_has "3 applied"
}

@test "--json and -H" {
	new_db
	three
	plan 0 --json
	assert_match "${lines[0]}" '^\{"record":"state","state":"[0-9a-f]{64}"\}$'
	assert_match "${lines[1]}" '^\{"record":"step","step":1,"action":"apply",.*,"text":"CREATE TABLE one \(id int\);\\n"\}$'
	plan 0 -H
	assert_eq "$(grep -c . plan)" 6
	refute grep '^	' plan
	run_mig 3 mig-apply <plan
}

@test "ten thousand migrations, two thousand of them changed" {
	new_db
	seq 10000 | awk '{ f = sprintf("m/%05d_n.sql", $1)
	    print "SELECT " $1 ";" >f; close(f) }'
	mig-ls m >list
	MIG_TIMEOUT=20 run_mig 0 mig-plan <list >/dev/null
	MIG_TIMEOUT=120 run_mig 0 mig-plan --baseline 10000 <list >/dev/null
	cp out plan
	MIG_TIMEOUT=120 run_mig 0 mig-apply -q <plan
	MIG_TIMEOUT=5 run_mig 0 mig-plan <list
	MIG_TIMEOUT=20 run_mig 0 mig-plan --status -o state <list
	assert_eq "$(sort out | uniq -c | sed 's/^ *//')" "10000 baseline"
}

@test "a large file takes no more memory than a small one" {
	! wants_all_memory || skip "the sanitizer wants all addresses"
	new_db
	{
		echo 'CREATE TABLE t (a text);'
		echo 'COPY t FROM stdin;'
		yes "$(printf '%0200d' 0)" | head -n 500000
		echo '\.'
	} >m/1_big.sql
	mig-ls m >list
	mig_run bash -c 'ulimit -v 65536; mig-plan <list | tail -n 1'
	assert_eq "$status" 0
	assert_match "$output" '^#end	2	sha256:'
}
