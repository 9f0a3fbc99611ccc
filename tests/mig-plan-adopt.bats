# mig-plan --adopt: taking over what another tool has applied.
#
# The tables are those that the tools make, and the checksums come from other
# programs than ours: gzip for CRC-32, sha384sum.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir m
	new_db
}

# plan STATUS TOOL [MIG-PLAN-OPTION...]: plan to adopt; the plan is in file
# plan too.  FORMAT is how m is read.
plan() {
	local expected=$1 tool=$2
	shift 2
	mig-ls ${FORMAT:+-f "$FORMAT"} m >list
	run_mig "$expected" mig-plan --adopt "$tool" "$@" <list
	cp "$BATS_TEST_TMPDIR/out" plan
	[ "$expected" = 0 ] || assert_eq "$output" "" "a plan all the same"
}

# The steps of the last plan: action, version and name.
steps() {
	sed -n 's/^step\t[0-9]*\t//p' plan | cut -f 1,3,6 | tr '\t' ' '
}

# What is planned without --adopt.
pending() {
	mig-ls ${FORMAT:+-f "$FORMAT"} m | mig-plan -H |
	    sed -n 's/^step\t[0-9]*\t//p' | cut -f 1,3,6 | tr '\t' ' '
}

# ------------------------------------------------------------------- Flyway

# A file's checksum as Flyway has it: gzip ends with a CRC-32 and a length.
crc() {
	tr -d '\r\n' <"m/$1" | gzip -c | tail -c 8 | od -An -td4 -N4 | tr -d ' '
}

# flyway_table [NAME]: the history table of Flyway, here and from now on.
flyway_table() {
	FLYWAY=${1:-public.flyway_schema_history} RANK=0
	sql "CREATE TABLE $FLYWAY (installed_rank int NOT NULL PRIMARY KEY,
	    version varchar(50), description varchar(200) NOT NULL,
	    type varchar(20) NOT NULL, script varchar(1000) NOT NULL,
	    checksum int, installed_by varchar(100) NOT NULL,
	    installed_on timestamp NOT NULL DEFAULT now(),
	    execution_time int NOT NULL, success boolean NOT NULL)"
}

# flyway_row FILE [TYPE [SUCCESS [CHECKSUM]]]: its next row, for a file of m
# or one that is not there.
flyway_row() {
	local file=${1##*/} version description sum=${4-}
	description=${file#*__}
	description=${description%.sql}
	version=${file%%__*}
	version=${version#[VUB]}
	[ "$version" != R ] || version=
	[ "$sum" ] || sum=$(crc "$1")
	RANK=$((RANK + 1))
	sql "INSERT INTO $FLYWAY VALUES ($RANK,
	    nullif('${version//_/.}', ''), '${description//_/ }',
	    '${2:-SQL}', '$file', $sum, 'app', '2025-01-02 03:04:05', 3,
	    ${3:-true})"
}

# Three versions, one with an undo, and a repeatable.
flyway_files() {
	migration V1__one.sql <<<'CREATE TABLE one (id int);'
	migration V2__two_words.sql <<<'CREATE TABLE two (id int);'
	migration U2__two_words.sql <<<'DROP TABLE two;'
	migration V10__ten.sql <<<'CREATE TABLE ten (id int);'
	migration R__all.sql <<<'CREATE OR REPLACE VIEW v AS SELECT 1 AS a;'
}

@test "Flyway: adopted in its order, once, and the rest is pending" {
	flyway_files
	flyway_table
	flyway_row V2__two_words.sql
	flyway_row V1__one.sql
	flyway_row R__all.sql
	plan 0 flyway
	assert_eq "$(steps)" "adopt 2 two_words
adopt 1 one
adopt - all"
	assert_eq "$(cut -f 1-4 <<<"$(grep '^tool' plan)" | tr '\t' ' ')" \
	    "tool flyway public flyway_schema_history"
	refute grep -q "^$(printf '\t')" plan
	run_mig 0 mig-apply <plan
	assert_match "$output" $'\nstart\t1\tadopt\tmain\t2\t'
	assert_match "$output" $'\ndone\t3\tadopt\tmain\t-\t'
	assert_eq "$(log)" "adopt 2 two_words
adopt 1 one
adopt all"
	assert_eq "$(sql "SELECT sql, down FROM mig.applied
	    WHERE version = '2'")" "CREATE TABLE two (id int);
|DROP TABLE two;"
	assert_eq "$(mig-ls -d -o version,name,action)" "1	one	adopt
2	two_words	adopt
-	all	adopt"
	assert_eq "$(mig-ls m | mig-plan --status -o version,state)" \
	    "1	applied
2	applied
10	pending
-	applied"
	assert_eq "$(sql "SELECT count(*) FROM $FLYWAY")" 3
	plan 0 flyway
	assert_eq "$(steps)" ""
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" "apply 10 ten"
}

@test "Flyway: a reverted migration runs the down text of the history" {
	flyway_files
	flyway_table
	sql "CREATE TABLE one (id int); CREATE TABLE two (id int)"
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql
	run_pipe 0 'mig-ls m | mig-plan --adopt flyway | mig-apply'
	rm m/U2__two_words.sql
	run_pipe 0 'mig-ls m | mig-plan --revert 1 | mig-apply'
	assert_eq "$(sql "SELECT to_regclass('one'), to_regclass('two')")" "one|"
}

@test "Flyway: line ends and a byte order mark do not count" {
	printf '\xef\xbb\xbfSELECT 1;\r\n-- gr\xc3\xbcn\rSELECT 2;\n\n' \
	    >m/V1__a.sql
	flyway_table
	# of the text without the mark
	flyway_row V1__a.sql SQL true \
	    "$(printf 'SELECT 1;-- gr\xc3\xbcnSELECT 2;' | gzip -c |
	    tail -c 8 | od -An -td4 -N4)"
	plan 0 flyway
	assert_eq "$(steps)" "adopt 1 a"
}

@test "Flyway: another text is refused, with both checksums, or accepted" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql SQL true -12345
	flyway_row V10__ten.sql SQL true 7
	plan 8 flyway
	assert_stderr_has "m/V2__two_words.sql: main 2 two_words: not the text \
that Flyway has applied 2025-01-02T03:04:05 by app"
	assert_stderr_has "CRC-32 -12345 in Flyway"
	assert_stderr_has "CRC-32 $(crc V2__two_words.sql) of m/V2__two_words.sql"
	assert_stderr_has "main 10 ten: not the text"
	refute_stderr_has "main 1 one"
	assert_eq "$(grep -c '^hint: .*--accept' "$BATS_TEST_TMPDIR/err")" 1
	plan 8 flyway --accept 2
	refute_stderr_has "main 2"
	assert_stderr_has "main 10 ten"
	plan 0 flyway --accept 2 --accept 10
	assert_eq "$(steps)" "adopt 1 one
adopt 2 two_words
accept 2 two_words
adopt 10 ten
accept 10 ten"
	cp plan named
	plan 0 flyway --accept
	diff <(grep '^step' named) <(grep '^step' plan)
	run_mig 0 mig-apply <plan
	# that it ran is known, but not which text; then this one counts
	assert_eq "$(sql "SELECT sha256 IS NULL, sql IS NULL FROM mig.log
	    WHERE version = '2' ORDER BY seq")" "t|t
f|f"
	assert_eq "$(pending)" "repeat - all"
	plan 2 flyway --accept 1
	assert_stderr_has "--accept 1: there is no such entry that differs"
}

@test "Flyway: no checksum is no proof" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql SQL true NULL
	plan 8 flyway
	assert_stderr_has "applied 2025-01-02T03:04:05 by app, but Flyway has \
no checksum of it"
	plan 0 flyway --accept 1
	assert_eq "$(steps)" "adopt 1 one
accept 1 one"
}

@test "Flyway: what is not listed is refused, or left out" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	flyway_row V3__gone.sql SQL true 5
	flyway_row V4__Code JDBC true NULL
	flyway_row R__gone.sql SQL true 5
	plan 8 flyway
	assert_stderr_has "main 3 gone: missing: applied 2025-01-02T03:04:05 by \
app in Flyway, but its text is not in the listing"
	assert_stderr_has "main 4 Code: applied 2025-01-02T03:04:05 by app in \
Flyway, but no SQL"
	assert_stderr_has "main gone: missing"
	plan 8 flyway --accept
	plan 0 flyway --allow-missing
	assert_stderr_has "main 3: applied by Flyway, and not taken over"
	assert_eq "$(steps)" "adopt 1 one"
}

@test "Flyway: what failed is refused" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql SQL false
	plan 8 flyway --accept --allow-missing
	assert_stderr_has "main 2 two_words: failed in Flyway"
	assert_stderr_has "hint: put right by hand what it has left"
	# repair takes the row away, and then it runs
	sql "DELETE FROM $FLYWAY WHERE NOT success"
	plan 0 flyway
	assert_eq "$(steps)" "adopt 1 one"
}

@test "Flyway: undone and deleted ones do not count, applied again they do" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql
	flyway_row V10__ten.sql
	flyway_row V10_0__ten.sql DELETE true 0
	flyway_row U02__two_words.sql UNDO_SQL
	flyway_row V5__gone.sql SQL true 9
	flyway_row V5__gone.sql DELETE true 9
	flyway_row R__all.sql SQL true 3
	flyway_row R__all.sql DELETE true 3
	plan 0 flyway
	assert_eq "$(steps)" "adopt 1 one"
	flyway_row V2__two_words.sql
	flyway_row R__all.sql
	plan 0 flyway
	assert_eq "$(steps)" "adopt 1 one
adopt 2 two_words
adopt - all"
	# an undo that failed leaves nobody knows what
	flyway_row U2__two_words.sql UNDO_SQL false
	plan 8 flyway
	assert_stderr_has "main 2 two_words: failed in Flyway"
}

@test "Flyway: its baseline counts as ours" {
	flyway_files
	flyway_table
	flyway_row '<< Schema Creation >>' SCHEMA true NULL
	flyway_row 'V2__<< Flyway Baseline >>' BASELINE true NULL
	flyway_row V10__ten.sql
	plan 0 flyway
	assert_stderr_has "m/V1__one.sql: Flyway counts it as applied, and has \
no checksum"
	assert_eq "$(steps)" "baseline 1 one
baseline 2 two_words
adopt 10 ten"
	run_mig 0 mig-apply <plan
	assert_eq "$(mig-ls m | mig-plan --status -o version,state)" \
	    "1	baseline
2	baseline
10	applied
-	repeat"
	plan 0 flyway
	assert_eq "$(steps)" ""
}

@test "Flyway: what has a row of its own is not its baseline's" {
	flyway_files
	flyway_table
	flyway_row 'V2__<< Flyway Baseline >>' BASELINE true NULL
	flyway_row V1__one.sql
	plan 0 flyway
	assert_eq "$(steps)" "baseline 2 two_words
adopt 1 one"
}

@test "Flyway: a B that ran stands for those below it" {
	flyway_files
	migration B2__both.sql <<<'CREATE TABLE both_of_them (id int);'
	flyway_table
	flyway_row B2__both.sql SQL_BASELINE
	flyway_row V10__ten.sql
	plan 0 flyway
	assert_eq "$(steps)" "adopt 2 both
adopt 10 ten"
	assert_match "$(cat plan)" $'\tm/B2__both.sql\tbaseline\t'
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" "repeat - all"
}

@test "Flyway: a B that came later is not the V that ran" {
	flyway_files
	migration B2__both.sql <<<'CREATE TABLE both_of_them (id int);'
	flyway_table
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql
	plan 0 flyway
	assert_eq "$(steps)" "adopt 1 one
adopt 2 two_words"
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" "apply 10 ten
repeat - all"
}

@test "Flyway: of a repeatable the last run counts" {
	migration R__my_view.sql <<<'CREATE VIEW v AS SELECT 1;'
	migration R__b.sql <<<'CREATE VIEW b AS SELECT 1;'
	# shellcheck disable=SC2016 # Flyway's
	migration R__c.sql <<<'CREATE VIEW ${name} AS SELECT 1;'
	flyway_table
	flyway_row R__my_view.sql SQL true 1
	flyway_row R__my_view.sql
	flyway_row R__b.sql
	flyway_row R__b.sql SQL true 2
	flyway_row R__c.sql SQL true 3
	plan 0 flyway
	assert_eq "$(steps)" "adopt - my_view"
	assert_stderr_has "m/R__b.sql: not the text that Flyway ran: it will \
run again"
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" "repeat - b
repeat - c"
}

@test "Flyway: versions are compared as it does" {
	migration V01.1__a.sql <<<'SELECT 1;'
	migration V1_10__b.sql <<<'SELECT 2;'
	migration V1_9__c.sql <<<'SELECT 3;'
	flyway_table
	flyway_row V01.1__a.sql
	flyway_row V1.9.0__c.sql SQL true "$(crc V1_9__c.sql)"
	plan 0 flyway
	assert_eq "$(steps)" "adopt 01.1 a
adopt 1_9 c"
	flyway_row V1_10__b.sql
	plan 0 flyway
	assert_eq "$(steps | tail -n 1)" "adopt 1_10 b"
}

# ------------------------------------------------------------- which table

@test "the table is found in any schema, and must be the only one" {
	flyway_files
	plan 2 flyway
	assert_stderr_has "there is no table flyway_schema_history of Flyway"
	sql 'CREATE SCHEMA app; CREATE SCHEMA "O""x"'
	flyway_table app.flyway_schema_history
	flyway_row V1__one.sql
	# those that another session has for itself are not looked at
	background psql -XAtq -c 'CREATE TEMP TABLE flyway_schema_history ()' \
	    -c 'SELECT pg_sleep(60)'
	wait_for "SELECT count(*) FROM pg_class
	    WHERE relname = 'flyway_schema_history'" 2
	plan 0 flyway
	assert_match "$(cat plan)" $'\ntool\tflyway\tapp\tflyway_schema_history'
	flyway_table '"O""x".flyway_schema_history'
	plan 2 flyway
	assert_stderr_has 'there are 2 tables flyway_schema_history: '
	assert_stderr_has '"O""x".flyway_schema_history'
	assert_stderr_has "hint: --adopt-table SCHEMA.TABLE says which"
	flyway_row V10__ten.sql
	plan 0 flyway --adopt-table '"O""x".FLYWAY_schema_history'
	assert_eq "$(steps)" "adopt 10 ten"
	run_mig 0 mig-apply <plan
}

@test "a table of another name, of an old release, of no tool" {
	flyway_files
	flyway_table schema_version
	sql "ALTER TABLE schema_version ADD version_rank int"
	flyway_row V1__one.sql
	plan 0 flyway --adopt-table schema_version
	assert_eq "$(steps)" "adopt 1 one"
	sql "ALTER TABLE schema_version DROP checksum"
	plan 2 flyway --adopt-table public.schema_version
	assert_stderr_has 'column "checksum" does not exist'
	assert_stderr_has "hint: is this a table of Flyway?"
	plan 2 flyway --adopt-table 'a b'
	plan 2 flyway --adopt-table nowhere.schema_version
	assert_stderr_has "there is no table nowhere.schema_version of Flyway"
}

@test "a table that may not be read: 9" {
	flyway_files
	flyway_table
	new_role reader LOGIN
	PGUSER=$ROLE plan 9 flyway
	assert_stderr_has "hint: grant SELECT on public.flyway_schema_history"
}

@test "another convention, several series, wrong usage" {
	migration 1_a.sql <<<'SELECT 1;'
	plan 2 flyway
	assert_stderr_has "--adopt flyway: m/1_a.sql is listed as a file of \
plain SQL files"
	assert_stderr_has "hint: mig-ls -f flyway DIR"
	rm m/1_a.sql
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	mkdir n
	cp m/V1__one.sql n
	mig-ls a=m b=n >list
	run_mig 2 mig-plan --adopt flyway <list
	assert_stderr_has "hint: say which, as in a:flyway"
	run_mig 0 mig-plan --adopt b:flyway <list
	assert_match "$output" $'\nstep\t1\tadopt\tb\t1\t'
	run_mig 2 mig-plan --adopt c:flyway <list
	local o
	for o in "--adopt" "--adopt liquibase" "--adopt flyway -n 1" \
	    "--adopt flyway --adopt sqlx" "--adopt flyway --status" \
	    "--adopt-table x" "--adopt flyway --out-of-order" \
	    "--baseline 1 --adopt sqlx" "--status --accept"; do
		# shellcheck disable=SC2086
		run_mig 2 mig-plan $o <list
		[ "$stderr" ]
		assert_eq "$output" ""
	done
	# that tool would have run the down text too
	printf 'CREATE TABLE a ();\n-- mig: down\nDROP TABLE a;\n' >n/1_a.sql
	rm n/V1__one.sql
	mig-ls n >list
	run_mig 2 mig-plan --adopt sqlx <list
	assert_stderr_has "n/1_a.sql is listed as a file of plain SQL files"
	# flyway-raw is Flyway too
	FORMAT=flyway-raw plan 0 flyway
	assert_eq "$(steps)" "adopt 1 one"
}

# --------------------------------------------------------------------- sqlx

# sqlx_table: the history table of sqlx.
sqlx_table() {
	SQLX=_sqlx_migrations
	sql "CREATE TABLE $SQLX (version bigint PRIMARY KEY,
	    description text NOT NULL,
	    installed_on timestamptz NOT NULL DEFAULT now(),
	    success boolean NOT NULL, checksum bytea NOT NULL,
	    execution_time bigint NOT NULL)"
}

# sqlx_row FILE [SUCCESS [CHECKSUM-OF]]
sqlx_row() {
	local name=${1%.sql} sum
	name=${name%.up}
	sum=$(sha384sum <"${3:-m/$1}")
	sql "INSERT INTO $SQLX VALUES (${name%%_*}, '${name#*_}',
	    '2025-01-02 03:04:05+02', ${2:-true}, '\x${sum%% *}', -1)"
}

sqlx_files() {
	FORMAT=sqlx
	migration 1_one.up.sql <<<'CREATE TABLE one (id int);'
	migration 1_one.down.sql <<<'DROP TABLE one;'
	migration 2_two.up.sql <<<'CREATE TABLE two (id int);'
	migration 2_two.down.sql <<<'DROP TABLE two;'
	migration 10_ten.up.sql <<<'CREATE TABLE ten (id int);'
	migration 10_ten.down.sql <<<'DROP TABLE ten;'
}

@test "sqlx: adopted, taken back by the down text, and applied again" {
	sqlx_files
	sqlx_table
	sql "CREATE TABLE one (id int); CREATE TABLE two (id int)"
	sqlx_row 1_one.up.sql
	sqlx_row 2_two.up.sql
	plan 0 sqlx
	assert_eq "$(steps)" "adopt 1 one
adopt 2 two"
	run_mig 0 mig-apply -1 --json <plan
	assert_output_has '"action":"adopt"'
	assert_eq "$(pending)" "apply 10 ten"
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --revert 2 | mig-apply'
	assert_eq "$(sql "SELECT to_regclass('one'), to_regclass('two')")" "|"
	run_pipe 0 'mig-ls -f sqlx m | mig-plan | mig-apply'
	assert_eq "$(pending)" ""
}

@test "sqlx: the bytes of the file count, or all but carriage returns" {
	FORMAT=sqlx
	printf '\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\n' >m/1_bom.sql
	printf 'SELECT 1;\r\nSELECT 2;\r\n' >m/2_cr.sql
	tr -d '\r' <m/2_cr.sql >without
	sqlx_table
	sqlx_row 1_bom.sql
	sqlx_row 2_cr.sql true without
	plan 0 sqlx
	assert_eq "$(steps)" "adopt 1 bom
adopt 2 cr"
	sql "UPDATE $SQLX SET installed_on = '2024-12-31' WHERE version = 2"
	plan 0 sqlx
	assert_eq "$(steps)" "adopt 2 cr
adopt 1 bom"
	sql "UPDATE $SQLX SET checksum = sha384('x') WHERE version = 2"
	plan 8 sqlx
	assert_stderr_has "SHA-384 $(printf x | sha384sum | cut -c 1-96) in sqlx"
	assert_stderr_has "SHA-384 $(sha384sum <m/2_cr.sql | cut -c 1-96) of m/2"
	printf '\xef\xbb\xbfSELECT 1;\nSELECT 2;' >m/1_bom.sql
	plan 8 sqlx
	assert_stderr_has "m/1_bom.sql: main 1 bom: not the text that sqlx has \
applied 2025-01-02T01:04:05Z"
}

@test "sqlx: a down file alone is no text that ran" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	rm m/1_one.up.sql
	plan 8 sqlx
	assert_stderr_has "main 1 one: missing: applied 2025-01-02T01:04:05Z"
	plan 0 sqlx --allow-missing
	assert_eq "$(steps)" ""
}

@test "sqlx: dirty is refused, a missing time is not" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	sqlx_row 2_two.up.sql false
	plan 8 sqlx
	assert_stderr_has "m/2_two.up.sql: main 2 two: failed in sqlx"
	refute_stderr_has "main 1"
}

# --------------------------------------------------------------- Supabase

# supabase_table [old]: its history table, as it is or as it began.
supabase_table() {
	FORMAT=supabase
	sql "CREATE SCHEMA supabase_migrations"
	sql "CREATE TABLE supabase_migrations.schema_migrations
	    (version text NOT NULL PRIMARY KEY)"
	[ "${1-}" ] || sql "ALTER TABLE supabase_migrations.schema_migrations
	    ADD statements text[], ADD name text"
}

# supabase_row VERSION NAME SQL-ARRAY
supabase_row() {
	sql "INSERT INTO supabase_migrations.schema_migrations
	    VALUES ('$1', $3, '$2')"
}

@test "Supabase: statement by statement, comments included" {
	supabase_table
	printf -- '-- first\r\nCREATE TABLE a (\r\n  id int\r\n) ;;\r\n\r\n%s%s' \
	    $'SELECT \';\';\n-- between\nDO $$ BEGIN; END; $$ ;' \
	    $'\n\n-- at the end\n' >m/20250101000000_a.sql
	printf 'SELECT 1;SELECT 2' >m/20250102000000_b.sql
	: >m/20250103000000_empty.sql
	supabase_row 20250102000000 b "'{SELECT 1,SELECT 2}'"
	supabase_row 20250101000000 a "ARRAY[
	    E'-- first\r\nCREATE TABLE a (\r\n  id int\r\n)',
	    'SELECT '';''', E'-- between\nDO \$\$ BEGIN; END; \$\$',
	    '-- at the end']"
	supabase_row 20250103000000 empty NULL
	plan 8 supabase
	assert_stderr_has "main 20250103000000 empty: applied, but Supabase has \
no checksum of it"
	refute_stderr_has "main 20250101000000"
	refute_stderr_has "main 20250102000000"
	sql "UPDATE supabase_migrations.schema_migrations SET statements = '{}'
	    WHERE statements IS NULL"
	plan 0 supabase
	assert_eq "$(steps)" "adopt 20250101000000 a
adopt 20250102000000 b
adopt 20250103000000 empty"
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" ""
}

@test "Supabase: what differs is shown, and only that" {
	supabase_table
	printf 'SELECT 1;\n\nSELECT 22;\n\nSELECT 3;\n' >m/1_a.sql
	supabase_row 1 a "'{SELECT 1,SELECT 2,SELECT 3}'"
	plan 8 supabase
	assert_stderr_has "m/1_a.sql: main 1 a: not the text that Supabase has \
applied"
	assert_stderr_has "--- Supabase, statement 2
+++ m/1_a.sql:3"
	assert_stderr_has "-SELECT 2"
	assert_stderr_has "+SELECT 22"
	refute_stderr_has "SELECT 3"
	# another statement, one less, one cut in two
	local row
	for row in '{SELECT 1,SELECT 22,SELECT 3,SELECT 4}' \
	    '{SELECT 1,SELECT 22}' '{SELECT 1,SELECT 3}' '{}' \
	    '{SELECT 1,SELECT 2,"2",SELECT 3}' '{SELECT 1,select 22,SELECT 3}' \
	    '{SELECT 1,SELECT  22,SELECT 3}' '{SELECT 1,SELECT 3,SELECT 22}'
	do
		sql "UPDATE supabase_migrations.schema_migrations
		    SET statements = '$row'"
		plan 8 supabase
		assert_stderr_has "Supabase, statement"
	done
	sql "UPDATE supabase_migrations.schema_migrations
	    SET statements = '{SELECT 1,SELECT 22,SELECT 3}'"
	plan 0 supabase
}

@test "Supabase: an old table has nothing to check by" {
	supabase_table old
	migration 001_a.sql <<<'SELECT 1;'
	migration 010_b.sql <<<'SELECT 2;'
	sql "INSERT INTO supabase_migrations.schema_migrations
	    VALUES ('001'), ('2')"
	plan 8 supabase
	assert_stderr_has "main 001 a: applied, but Supabase has no checksum"
	assert_stderr_has "main 2: missing"
	plan 0 supabase --accept --allow-missing
	assert_eq "$(steps)" "adopt 001 a
accept 001 a"
}

# ------------------------------------------------------- our own history

@test "a first plan tells of the other tool, and is made all the same" {
	flyway_files
	flyway_table
	run_pipe 0 'mig-ls m | mig-plan'
	assert_stderr_has "Flyway has its table here: --adopt flyway takes over"
	assert_match "$output" $'\nstep\t1\tapply\tmain\t1\t'
	run_pipe 0 'mig-ls m | mig-plan -q'
	assert_eq "$stderr" ""
	mkdir n
	echo 'SELECT 1;' >n/1_a.sql
	run_pipe 0 'mig-ls n | mig-plan'
	assert_eq "$stderr" ""
	flyway_row V1__one.sql
	run_pipe 0 'mig-ls m | mig-plan --adopt flyway | mig-apply'
	run_pipe 0 'mig-ls m | mig-plan'
	assert_eq "$stderr" ""
}

@test "what the other tool has applied since is adopted later" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --adopt sqlx | mig-apply'
	sqlx_row 10_ten.up.sql
	plan 0 sqlx
	assert_eq "$(steps)" "adopt 10 ten"
	run_mig 0 mig-apply <plan
	run_pipe 8 'mig-ls -f sqlx m | mig-plan'
	assert_stderr_has "main 2 two: out of order: 10 is applied already"
}

@test "another text in our own history is refused" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --to 2 | mig-apply'
	migration 2_two.up.sql <<<'CREATE TABLE two (id bigint);'
	sqlx_row 2_two.up.sql
	plan 8 sqlx
	assert_stderr_has "m/2_two.up.sql: main 2 two: changed since it was"
	refute_stderr_has "main 1"
}

@test "what was taken back here stays so, unless it is named" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	sqlx_row 2_two.up.sql
	sql "CREATE TABLE one (); CREATE TABLE two ()"
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --adopt sqlx | mig-apply'
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --revert 1 | mig-apply'
	plan 8 sqlx --accept
	assert_stderr_has "main 2 two: taken back here, but applied \
2025-01-02T01:04:05Z in sqlx still"
	assert_stderr_has "hint: delete its row there"
	plan 0 sqlx --accept 2
	assert_eq "$(steps)" "adopt 2 two"
	sql "DELETE FROM $SQLX WHERE version = 2"
	plan 0 sqlx
	assert_eq "$(steps)" ""
	assert_eq "$(pending)" "apply 2 two
apply 10 ten"
}

@test "what was taken back before a clean is forgotten" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	sql "CREATE TABLE one ()"
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --adopt sqlx | mig-apply'
	run_pipe 0 'mig-ls -f sqlx m | mig-plan --revert 1 | mig-apply'
	run_pipe 0 "mig-plan --clean $PGDATABASE | mig-apply"
	sqlx_table
	sqlx_row 1_one.up.sql
	plan 0 sqlx
	assert_eq "$(steps)" "adopt 1 one"
}

@test "what stopped part-way is in the way" {
	sqlx_files
	sqlx_table
	printf -- '-- no-transaction\nSELECT 1;\nSELECT 1/0;\n' >m/1_one.up.sql
	run_pipe 7 'mig-ls -f sqlx m | mig-plan | mig-apply'
	sqlx_row 1_one.up.sql
	plan 8 sqlx
	assert_stderr_has "partial 1/2"
}

# ----------------------------------------------------------------- applying

@test "the other tool has gone on: the plan is stale, and nothing is done" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	plan 0 flyway
	flyway_row V2__two_words.sql
	run_mig 8 mig-apply <plan
	assert_stderr_has "stale: "
	assert_stderr_has "hint: plan again: mig-ls DIR | mig-plan --adopt flyway"
	assert_eq "$(sql "SELECT to_regclass('mig.log')")" ""
	sql "DELETE FROM $FLYWAY WHERE version = '2'"
	sql "UPDATE $FLYWAY SET checksum = 5"
	run_mig 8 mig-apply <plan
	sql "UPDATE $FLYWAY SET checksum = $(crc V1__one.sql), success = false"
	run_mig 8 mig-apply <plan
	sql "ALTER TABLE $FLYWAY RENAME TO other"
	run_mig 8 mig-apply <plan
	sql "ALTER TABLE other RENAME TO flyway_schema_history"
	# who and when may differ: one plan serves many databases
	sql "UPDATE $FLYWAY SET success = true, installed_on = now(),
	    installed_by = 'ann', installed_rank = 7, execution_time = 1"
	run_mig 0 mig-apply <plan
	assert_eq "$(log)" "adopt 1 one"
}

@test "a plan to adopt is refused where less was applied" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	flyway_row V2__two_words.sql
	plan 0 flyway
	new_db other
	flyway_table
	flyway_row V1__one.sql
	run_mig 8 mig-apply <plan
	flyway_row V2__two_words.sql
	run_mig 0 mig-apply <plan
}

# hold_lock KEY: in another session, until release_lock.
hold_lock() {
	background psql -XAtqc "SELECT pg_advisory_lock($1), pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	    AND granted" 1
}

release_lock() {
	sql "SELECT pg_terminate_backend(pid) FROM pg_locks
	    WHERE locktype = 'advisory'"
	wait_for "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'" 0
}

@test "the lock of the other tool is taken, whatever its table is called" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	plan 0 flyway
	hold_lock 77433833903597
	run_mig 6 mig-apply --wait 0 <plan
	assert_stderr_has "holds the lock of flyway"
	sql "ALTER TABLE $FLYWAY RENAME TO mine"
	plan 0 flyway --adopt-table mine
	release_lock
	# "flyway" in ASCII, and Java's hash of "public"."mine"
	hold_lock '77431708279161 - 1700914012'
	run_mig 6 mig-apply --wait 0 <plan
	assert_stderr_has "holds the lock of flyway"
	release_lock
	run_mig 0 mig-apply --wait 0 <plan
}

@test "a file that changes after it was listed is not recorded" {
	sqlx_files
	sqlx_table
	sqlx_row 1_one.up.sql
	mig-ls -f sqlx m >list
	migration 1_one.up.sql <<<'CREATE TABLE one (id bigint);'
	sql "DELETE FROM $SQLX"
	sqlx_row 1_one.up.sql
	run_mig 3 mig-plan --adopt sqlx <list
	assert_stderr_has "m/1_one.up.sql: changed since mig-ls read it"
	refute_output_has '#end'
	rm m/1_one.up.sql
	run_mig 3 mig-plan --adopt sqlx <list
	mkfifo m/1_one.up.sql
	run_mig 3 mig-plan --adopt sqlx <list
	assert_stderr_has "not a file"
}

@test "a plan to adopt, edited and sealed again, is no plan" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	plan 0 flyway
	local row message
	while IFS='|' read -r row message; do
		sed '$d' plan | sed "$row" >bad
		printf '#end\t%s\tsha256:%s\n' "$(grep -vc '^#' bad)" \
		    "$(sha256sum <bad | cut -c 1-64)" >>bad
		run_mig 3 mig-apply <bad
		assert_stderr_has "$message"
	done <<-'END'
		/^tool/d|a step adopts, but the plan names no "tool"
		/^tool/p|a damaged or second "tool"
		s/^tool	flyway/tool	-/|a damaged or second "tool"
		s/^tool	flyway/tool	dbmate/|an unknown tool: dbmate
	END
}

@test "on a terminal it shows what would be adopted" {
	flyway_files
	flyway_table
	flyway_row V1__one.sql
	mig-ls m >list
	run_mig 0 script -qec "mig-plan --adopt flyway <list" /dev/null
	assert_output_has "1  adopt   main    1        tx    one"
	assert_output_has "1 step for database $PGDATABASE"
}

# --------------------------------------------------------- shipped systems

@test "migrations/rollup: Flyway with its checksums" {
	local file
	cp -R "$MIG_ROOT"/migrations/rollup/foundational m
	mv m/foundational/*/*.sql m
	flyway_table
	while read -r file; do
		flyway_row "${file#m/}"
	done < <(find m -maxdepth 1 -name '*.sql' | sort -V)
	mig-ls main="$MIG_ROOT"/migrations/rollup/foundational/initial-setup,\
"$MIG_ROOT"/migrations/rollup/foundational/timeseries \
	    payload="$MIG_ROOT"/migrations/rollup/payload-tables >list
	run_mig 0 mig-plan --adopt main:flyway <list
	cp "$BATS_TEST_TMPDIR/out" plan
	assert_eq "$(steps | cut -d ' ' -f 1,2)" "$(printf 'adopt %d\n' \
	    1 2 3 4 5 6 7 8 9 10)"
	run_mig 0 mig-apply <plan
	run_mig 0 mig-plan --status -o series,version,state <list
	assert_eq "$(sort -V <<<"$output" | cut -f 1,3 | uniq -c |
	    sed 's/^ *//' | tr '\t' ' ')" "10 main applied
2 payload pending"
}

@test "migrations/registry: sqlx with its checksums, and back" {
	local file before
	cp "$MIG_ROOT"/migrations/registry/*.sql m
	sqlx_table
	for file in m/*.up.sql; do
		psql -XAtq1 -v ON_ERROR_STOP=1 -f "$file"
		sqlx_row "${file#m/}"
	done
	before=$(schema_of)
	plan 0 sqlx
	assert_eq "$(steps | cut -d ' ' -f 1,2)" "adopt 20240101000001
adopt 20240101000002"
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" ""
	# the history's down texts take back what sqlx has made
	rm m/*.down.sql
	run_pipe 0 'mig-ls m | mig-plan --revert 2 | mig-apply'
	assert_eq "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN
	    ('pg_catalog', 'information_schema', 'mig')
	    AND tablename <> '$SQLX'")" 0
	cp "$MIG_ROOT"/migrations/registry/*.down.sql m
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_eq "$(schema_of)" "$before"
	# and sqlx finds what it had, with the checksums that it would compute
	assert_eq "$(sql "SELECT count(*) FROM mig.applied a
	    JOIN $SQLX s ON s.version::text = a.version
	    WHERE s.checksum = sha384(convert_to(a.sql, 'UTF8'))")" 2
}

# The statements of a file as an SQL array, cut at the ends of lines where a
# semicolon stands outside of a dollar quote.
statements() {
	awk 'BEGIN { printf "ARRAY[" }
	    {
		text = text $0 "\n"
		line = $0
		while (match(line, /\$[a-z_]*\$/)) {
			inside = !inside
			line = substr(line, RSTART + RLENGTH)
		}
		if (!inside && /;[ \t]*$/) {
			sub(/[; \t\n]+$/, "", text)
			sub(/^[ \t\n]+/, "", text)
			printf "%s$_st_$%s$_st_$", sep, text
			sep = ","
			text = ""
		}
	    }
	    END { print "]::text[]" }' "$1"
}

@test "migrations/messaging: Supabase with its statements" {
	local file name
	supabase_table
	FORMAT=
	cp "$MIG_ROOT"/migrations/messaging/*.sql m
	for file in m/*.sql; do
		name=${file#m/}
		supabase_row "${name%%_*}" "${name#*_}" "$(statements "$file")"
	done
	plan 0 supabase
	assert_eq "$(steps | wc -l)" "$(find m -name '*.sql' | wc -l)"
	run_mig 0 mig-apply <plan
	assert_eq "$(pending)" ""
}
