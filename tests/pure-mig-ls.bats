#!/usr/bin/env bats
# mig-ls: directories of every convention, and what is wrong with them.  Asks
# no server anything.

# shellcheck disable=SC2016,SC2154 # dollars are SQL; mig_run sets stderr
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir m
}

# file PATH [TEXT]: with a final newline; printf's escapes work.
file() {
	mkdir -p "$(dirname "$1")"
	printf '%b\n' "${2-SELECT 1;}" >"$1"
}

# list COLUMNS [ARG...]: these columns of a listing that must succeed, silently.
list() {
	run_mig 0 mig-ls -o "$1" "${@:2}"
	assert_eq "$stderr" ''
}

# listed COLUMNS DIR LINE...: such a listing, blanks for its tabs.
listed() {
	local columns=$1 dir=$2
	shift 2
	list "$columns" "$dir"
	assert_eq "$(tr '\t' ' ' <"$BATS_TEST_TMPDIR/out")" \
	    "$(printf '%s\n' "$@")"
}

convention() {
	run_mig 0 mig-ls "$@"
	assert_output_has "#series	main ${CONVENTION:?} "
}

# bad MESSAGE ARG...: exit 3, the message, nothing on stdout.
bad() {
	run_mig 3 mig-ls "${@:2}"
	assert_stderr_has "mig-ls: $1"
	assert_eq "$output" ''
}

# ------------------------------------------------------------ the stream

@test "a listing is a sealed stream of ten columns" {
	file m/001_one.sql
	run_mig 0 mig-ls m
	assert_eq "${lines[0]}" '#mig	list	1'
	assert_match "${lines[1]}" '^#by	mig-ls [0-9.]+$'
	assert_match "${lines[2]}" '^#at	20[0-9T:-]*Z$'
	assert_eq "${lines[3]}" '#series	main plain 1'
	assert_eq "${lines[4]}" "file	main	001	one	versioned	tx	$(
	    sha256sum <m/001_one.sql | cut -c 1-64)	m/001_one.sql	-	-	plain"
	assert_eq "${lines[5]}" "#end	1	sha256:$(
	    sed '$d' "$BATS_TEST_TMPDIR/out" | sha256sum | cut -c 1-64)"
}

@test "-H prints bare records, -o columns alone, --json objects" {
	file m/001_one.sql
	run_mig 0 mig-ls -H m
	assert_eq "${#lines[@]}" 1
	assert_match "$output" '^file	main	001	one	versioned	tx	[0-9a-f]{64}	m/'
	run_mig 0 mig-ls -o path,mode m
	assert_eq "$output" 'm/001_one.sql	tx'
	run_mig 0 mig-ls -H -o version m
	assert_eq "$output" 001
	run_mig 0 mig-ls --json m
	assert_match "$output" '^\{"record":"file","series":"main","version":"001"'
	assert_output_has '"down_path":null,"convention":"plain"}'
	run_mig 2 mig-ls -o path,colour m
	assert_stderr_has colour
	run_mig 2 mig-ls --json -o path m
	assert_stderr_has 'only one of them'
}

@test "a digest does not know BOM and CRLF, and knows all else" {
	printf 'SELECT 1;\nSELECT 2;\n' >m/1_a.sql
	printf '\357\273\277SELECT 1;\r\nSELECT 2;\r\n' >m/2_b.sql
	printf 'SELECT 1;\r\nSELECT 2;\n' >m/3_c.sql
	printf 'SELECT 1;\r\nSELECT 2;\r' >m/4_d.sql
	list sha256 m
	local sum
	sum=$(sha256sum <m/1_a.sql | cut -c 1-64)
	assert_eq "${lines[0]}" "$sum"
	assert_eq "${lines[1]}" "$sum"
	assert_eq "${lines[2]}" "$sum"
	assert_eq "${lines[3]}" \
	    "$(printf 'SELECT 1;\nSELECT 2;\r' | sha256sum | cut -c 1-64)"
}

@test "paths with blanks, tabs and quotes are escaped in the stream" {
	file "m/001_a b'c.sql"
	file "m/002_d	e.sql"
	list path,name m
	assert_eq "${lines[0]}" "m/001_a b'c.sql	a b'c"
	assert_eq "${lines[1]}" 'm/002_d\te.sql	d\te'
}

@test "stdout that cannot be written is an error" {
	file m/001_one.sql
	for args in m '-H m' '-o path m' '--json m' '-h' '--version' '-n x m'; do
		run_mig 3 bash -c "mig-ls $args >/dev/full"
		assert_match "$stderr" 'No space left on device'
	done
}

# ----------------------------------------------------------- the arguments

@test "several directories are one series; SERIES=DIR,DIR names others" {
	file a/001_one.sql
	file b/002_two.sql
	file c/001_other.sql
	list series,version,path a b
	assert_eq "$output" 'main	001	a/001_one.sql
main	002	b/002_two.sql'
	list series,version,path pay=c base=b,a
	assert_eq "$output" 'pay	001	c/001_other.sql
base	001	a/001_one.sql
base	002	b/002_two.sql'
	run_mig 0 mig-ls pay=c base=a,b
	assert_output_has '#series	pay plain 1'
	assert_output_has '#series	base plain 2'
	bad 'c/001_other.sql: has the same version as a/001_one.sql' a c
	bad 'a/001_one.sql: read twice: its directory is named twice' a a
	run_mig 2 mig-ls x=a x=b
	assert_stderr_has 'x: the series is named twice'
	run_mig 2 mig-ls main=a b
	run_mig 2 mig-ls x=
}

@test "a directory with = in its name is given with a slash" {
	file a=b/001_one.sql
	list series,path ./a=b
	assert_eq "$output" 'main	./a=b/001_one.sql'
}

@test "MIG_PATH, else ./migrations, else usage" {
	run_mig 2 mig-ls
	assert_stderr_has 'usage: mig-ls'
	file migrations/001_one.sql
	list path
	assert_eq "$output" migrations/001_one.sql
	file a/001_a.sql
	file b/002_b.sql
	MIG_PATH=a::b run_mig 0 mig-ls -o path
	assert_eq "$output" 'a/001_a.sql
b/002_b.sql'
	MIG_PATH=pay=a run_mig 0 mig-ls -o series,path
	assert_eq "$output" 'pay	a/001_a.sql'
	MIG_PATH=a run_mig 0 mig-ls -o path b
	assert_eq "$output" b/002_b.sql
}

@test "help is a screenful, the version a line, wrong options are usage" {
	run_mig 0 mig-ls -h
	assert_eq "$stderr" ''
	[ "${#lines[@]}" -le 24 ]
	assert_output_has golang-migrate
	run_mig 0 mig-ls --version
	assert_match "$output" '^mig-ls [0-9]'
	run_mig 2 mig-ls -q
	run_mig 2 mig-ls -f nosuch m
	assert_stderr_has 'nosuch: no such convention'
	run_mig 2 mig-ls -m sometimes m
	assert_stderr_has 'sometimes: no such mode'
}

@test "no directory, a file, a loop, an empty one, an unreadable one" {
	bad 'none: No such file or directory' none
	file f.sql
	bad 'f.sql: not a directory' f.sql
	run_mig 0 mig-ls m
	assert_stderr_has 'm: no migrations'
	assert_output_has '#series	main plain 0'
	assert_match "$output" '#end	0	sha256:'
	file m/V1__a.sql
	ln -s .. m/up
	bad 'm/up/m: a link back to a directory that it is in' m
	rm m/up
	[ "$(id -u)" != 0 ] || return 0
	chmod 0 m
	bad 'm: Permission denied' m
	chmod 755 m
}

# ---------------------------------------------------------------- the files

@test "what is no text is refused, with path and line" {
	file m/001_ok.sql
	printf 'SELECT 1;\nSELECT \377;\n' >m/002_x.sql
	bad 'm/002_x.sql:2: not well-formed UTF-8 (byte 0xff)' m
	printf '\nSELECT 1;\n\n\0' >m/002_x.sql
	bad 'm/002_x.sql:4: a NUL byte' m
	printf '\377\376S\0E\0' >m/002_x.sql
	bad 'm/002_x.sql:1: not well-formed UTF-8' m
	printf 'SELECT 1; -- cut \303' >m/002_x.sql
	bad 'm/002_x.sql:1: not well-formed UTF-8 (byte 0xc3)' m
	rm m/002_x.sql
	ln -s nowhere m/002_x.sql
	bad 'm/002_x.sql: No such file or directory' m
	rm m/002_x.sql
	mkfifo m/002_x.sql
	bad 'm/002_x.sql: not a file' m
	rm m/002_x.sql
	if [ "$(id -u)" != 0 ]; then
		file m/002_x.sql
		chmod 0 m/002_x.sql
		bad 'm/002_x.sql: Permission denied' m
	fi
}

@test "a link to a file is followed" {
	file elsewhere/x
	ln -s ../elsewhere/x m/001_linked.sql
	listed path m m/001_linked.sql
}

@test "by-standers are passed over, what looks like a migration is told of" {
	file m/001_one.sql
	for f in README.md .gitkeep .keep atlas.sum migration_lock.toml index.js \
	    001.sql.conf generate.sh notes.txt schema.rb x.sha256; do
		file "m/$f"
	done
	listed path m m/001_one.sql
	file m/seed.sql
	file m/002_two.go
	file m/003_three.pgsql
	run_mig 0 mig-ls -H m
	assert_eq "${#lines[@]}" 1
	assert_stderr_has 'm/seed.sql: left out: in plain SQL files a migration'
	assert_stderr_has 'm/002_two.go: left out'
	assert_stderr_has 'm/003_three.pgsql: left out'
}

@test "a directory without one name of a migration asks for a convention" {
	file m/users.sql
	bad 'm/users.sql: not named as a migration' m
	assert_stderr_has 'hint: '
	run_mig 0 mig-ls -f plain m
	assert_stderr_has 'm/users.sql: left out'
	mkdir m/sub
	mv m/users.sql m/sub
	bad 'm: no migrations in it, but .sql files below it, as m/sub/users.sql' m
}

@test "as many names of one convention as of another ask for -f" {
	file m/V1__a.sql
	file m/001_b.sql
	bad 'm: names of several conventions' m
	assert_stderr_has 'hint: say which it is: mig-ls -f CONVENTION m'
	run_mig 0 mig-ls -o path -f flyway m
	assert_eq "$output" m/V1__a.sql
	assert_stderr_has 'm/001_b.sql: left out'
	file m/V2__b.sql
	run_mig 0 mig-ls -o path m
	assert_eq "${#lines[@]}" 2
}

# -------------------------------------------------------------------- plain

@test "plain: versions of many shapes" {
	local v
	while read -r v; do
		rm -rf p
		file "p/$v.sql"
		list version,name p
		echo "$v.sql	$output"
	done >got <<-'END'
	001_one
	0001##name
	1
	142-add-users
	007_2fa_tables
	00000001_x__y
	20240131113100_stamp
	1620138136207_millis
	1620138136_epoch
	20250124T113100Z
	20250124T113100Z_named
	2016-12-01-123456_date
	2026-07-30-140000-0000_zone
	2020-09-17-22-00-47-dashes
	2020_09_17_220047_create_users
	2016-12-01_2fa
	V1_10
	V69.1
	V1.0.0.3.1
	V4_101_1639764160
	V0001.Name
	v2_lower
	1.5.2-pr1059
	1.5.2-add_users
	0000_busy_firebird
	3 with blanks
	1.2_x
	1_2
	END
	assert_eq "$(grep '\.sql	' got | sed 's/\.sql	/ /')" \
	    '001_one 001	one
0001##name 0001	name
1 1	-
142-add-users 142	add-users
007_2fa_tables 007	2fa_tables
00000001_x__y 00000001	x__y
20240131113100_stamp 20240131113100	stamp
1620138136207_millis 1620138136207	millis
1620138136_epoch 1620138136	epoch
20250124T113100Z 20250124T113100Z	-
20250124T113100Z_named 20250124T113100Z	named
2016-12-01-123456_date 2016-12-01-123456	date
2026-07-30-140000-0000_zone 2026-07-30-140000-0000	zone
2020-09-17-22-00-47-dashes 2020-09-17-22-00-47	dashes
2020_09_17_220047_create_users 2020_09_17_220047	create_users
2016-12-01_2fa 2016-12-01	2fa
V1_10 1_10	-
V69.1 69.1	-
V1.0.0.3.1 1.0.0.3.1	-
V4_101_1639764160 4_101_1639764160	-
V0001.Name 0001	Name
v2_lower 2	lower
1.5.2-pr1059 1.5.2-pr1059	-
1.5.2-add_users 1.5.2	add_users
0000_busy_firebird 0000	busy_firebird
3 with blanks 3	with blanks
1.2_x 1.2	x
1_2 1_2	-'
}

@test "plain: by number, not by bytes" {
	file m/10_j.sql
	file m/9_i.sql
	file m/1.10_b.sql
	file m/1.9_a.sql
	file m/0100_k.sql
	listed version m 1.9 1.10 9 10 0100
}

@test "plain: equal versions are an error that names both" {
	file m/001_one.sql
	file m/1_uno.sql
	bad 'm/1_uno.sql: has the same version as m/001_one.sql' m
	rm m/1_uno.sql
	file m/001_one.up.sql
	bad 'm/001_one.up.sql: has the same version as m/001_one.sql' m
}

@test "plain: up and down in two files, or in one" {
	file m/001_a.up.sql 'SELECT 1;'
	file m/001_a.down.sql 'SELECT 2;'
	file m/002_b.sql 'SELECT 3;\n-- mig: down\nSELECT 4;'
	file m/003_c.sql
	listed version,path,down_path m \
	    '001 m/001_a.up.sql m/001_a.down.sql' \
	    '002 m/002_b.sql m/002_b.sql' \
	    '003 m/003_c.sql -'
	list sha256,down_sha256 m
	assert_eq "${lines[1]}" "$(echo 'SELECT 3;' | sha256sum | cut -c 1-64)	$(
	    echo 'SELECT 4;' | sha256sum | cut -c 1-64)"
	file m/004_d.down.sql
	run_mig 0 mig-ls m
	assert_stderr_has 'm/004_d.down.sql: a down text without its up text'
	rm m/004_d.down.sql
	file m/001_a.up.sql 'SELECT 1;\n-- mig: down\n'
	bad 'm/001_a.up.sql: has a down text in itself and another in m/001_a.down.sql' m
	file m/001_a.up.sql
	file m/001_a.down.sql '-- mig: down'
	bad 'm/001_a.down.sql: -- mig: down in a down file' m
	rm m/001*
	file m/002_b.sql '-- mig: down\n-- mig: down'
	bad 'm/002_b.sql:2: a second -- mig: down' m
}

# What stands behind it would run with the up text.
@test "plain: what was meant as -- mig: down is refused" {
	local line
	for line in ' -- mig: down' 'SELECT 2; -- mig: down' '-- mig down' \
	    '-- mig: down;' '-- mig : down' '	--mig:down' '-- mig: dwon'; do
		file m/001_a.sql "SELECT 1;\\n$line\\nDROP TABLE a;"
		bad 'm/001_a.sql:2: -- mig:' m
	done
	file m/001_a.sql 'SELECT 1;\n-- MIG: Down \nDROP TABLE a;'
	listed down_path m m/001_a.sql
}

@test "plain: the mode comes from the directive alone" {
	file m/1_a.sql 'BEGIN;\nSELECT 1;\nCOMMIT;'
	file m/2_b.sql 'VACUUM;'
	file m/3_c.sql '/* licence */\n\n-- mig: no-transaction\nVACUUM;'
	file m/4_d.sql '--mig:own-transaction\r\nBEGIN; COMMIT;'
	listed version,mode m '1 tx' '2 tx' '3 none' '4 own'
	run_mig 0 mig-ls -m own -o version,mode m
	assert_eq "$(echo "$output" | tr '\t\n' ' ,')" '1 own,2 own,3 none,4 own,'
}

@test "our directives are checked, with path and line" {
	while IFS='|' read -r text message; do
		file m/1_a.sql "$text"
		bad "m/1_a.sql:$message" m
	done <<-'END'
	\n-- mig: notransaction\nSELECT 1;|2: -- mig: notransaction: no such directive
	-- mig: no-transaction now|1: -- mig: no-transaction: takes no argument
	-- mig: no-transaction\n-- mig: own-transaction|2: -- mig: own-transaction: the mode was said before
	-- mig: requires main|1: -- mig: requires: wants a series and a version
	-- mig: lock-timeout 10|1: -- mig: lock-timeout: wants a duration
	-- mig: lock-timeout 5s\n-- mig: lock-timeout 5s|2: -- mig: lock-timeout: was said before
	-- mig: retry|1: -- mig: retry: wants a duration
	-- mig: statement-timeout 1s 2s|1: -- mig: statement-timeout: wants a duration
	-- mig: retry 5s\n-- mig: lock-timeout 5s\n-- mig: retry 6s|3: -- mig: retry: was said before
	-- mig: role a b|1: -- mig: role: wants one name
	-- mig:|1: -- mig: says nothing
	SELECT 1;\n-- mig: no-transaction|2: -- mig: behind the first statement
	SELECT 1;\n-- mig: down\n-- mig: nosuch\nSELECT 2;|3: -- mig: nosuch: no such directive
	-- mig no-transaction\nSELECT 1;|1: a directive begins with "-- mig:"
	SELECT 1; -- mig: lock-timeout 5s|1: -- mig: behind the first statement
	END
	file m/1_a.sql '-- mig: requires base 001\n-- mig: requires base 2\n-- mig: lock-timeout 500ms\n-- mig: retry 1min\n-- mig: concurrently-wait 1h\n-- mig: statement-timeout 0\n-- mig: role owner\nSELECT 1;'
	listed version,mode m '1 tx'
	file g/1_a.up.sql '-- mig: down'
	bad 'g/1_a.up.sql:1: -- mig: down: parts a file in the plain convention only' -f sqlx g
}

@test "plain: a repeatable says so, and is called as its file" {
	local long=99999999999999_master_schema.sql
	file "m/$long" '-- mig: repeatable\nSELECT 1;'
	listed version,name,kind,mode,path m \
	    "- ${long%.sql} repeatable tx m/$long"
	CONVENTION=plain convention m
	mkdir m/archive
	file m/archive/001_old.sql
	file m/5_v.SQL '/* a */ -- mig: no-transaction\n-- mig: repeatable'
	file m/006_a.sql
	file m/4_u.sql '-- mig: repeatable'
	listed version,name,kind,mode m '006 a versioned tx' \
	    '- 4_u repeatable tx' '- 5_v repeatable none' \
	    "- ${long%.sql} repeatable tx"
	file m/2/5_v.sql '-- mig: repeatable'
	bad 'm/5_v.SQL: has the same name as m/2/5_v.sql' m m/2
}

@test "a repeatable has no down text, and is for the plain convention" {
	file m/1_a.sql '\n-- mig: repeatable\n-- mig: down\nSELECT 1;'
	bad 'm/1_a.sql:2: -- mig: repeatable: has a down text' m
	assert_stderr_has 'hint: to undo it, change its text'
	rm m/1_a.sql
	file m/1_a.up.sql '-- mig: repeatable'
	file m/1_a.down.sql
	bad 'm/1_a.up.sql:1: -- mig: repeatable: has a down text' m
	file m/1_a.up.sql
	file m/1_a.down.sql '-- mig: repeatable'
	bad 'm/1_a.down.sql:1: -- mig: repeatable: in a down text' m
	rm m/1_a.*
	file m/1_a.sql 'SELECT 1;\n-- mig: down\n-- mig: repeatable'
	bad 'm/1_a.sql:3: -- mig: repeatable: in a down text' m
	file m/1_a.sql '-- mig: repeatable\n-- mig: repeatable'
	bad 'm/1_a.sql:2: -- mig: repeatable: was said before' m
	file m/1_a.sql '-- mig: repeatable always'
	bad 'm/1_a.sql:1: -- mig: repeatable: takes no argument' m
	file m/1_a.sql '-- mig: repeatable'
	bad 'm/1_a.sql:1: -- mig: repeatable: in the plain convention only' \
	    -f sqlx m
}

# ------------------------------------------------------------------- Flyway

@test "flyway: versioned, undo, repeatable, baseline, callbacks, folders" {
	file m/V2__two.sql
	file m/V10__ten.sql
	file m/a/b/V1_1__one_one.sql
	file m/a/V1.10__one__ten.SQL
	file m/U2__undo_two.sql
	file m/R__view.sql
	file m/a/R__another_view.sql
	file m/B2__base.sql
	file m/beforeMigrate.sql
	file m/afterMigrate__grants.sql
	listed version,name,kind,path,down_path m \
	    '1_1 one_one versioned m/a/b/V1_1__one_one.sql -' \
	    '1.10 one__ten versioned m/a/V1.10__one__ten.SQL -' \
	    '2 base baseline m/B2__base.sql -' \
	    '2 two versioned m/V2__two.sql m/U2__undo_two.sql' \
	    '10 ten versioned m/V10__ten.sql -' \
	    '- another_view repeatable m/a/R__another_view.sql -' \
	    '- view repeatable m/R__view.sql -' \
	    '- afterMigrate__grants callback m/afterMigrate__grants.sql -' \
	    '- beforeMigrate callback m/beforeMigrate.sql -'
	CONVENTION=flyway convention m
}

@test "flyway: 1, 1.0 and 01 are one version; wrong names are told of" {
	file m/V1__a.sql
	file m/V01.0__b.sql
	bad 'm/V01.0__b.sql: has the same version as m/V1__a.sql' m
	rm m/V01.0__b.sql
	file m/a/R__x.sql
	file m/b/R__x.sql
	bad 'm/b/R__x.sql: has the same name as m/a/R__x.sql' m
	rm -r m/b
	for f in V1_x.sql V__x.sql Va__x.sql R1__x.sql R__.sql V2__x.pgsql \
	    V2__x.java; do
		file "m/$f"
	done
	run_mig 0 mig-ls -o path m
	assert_eq "$output" 'm/V1__a.sql
m/a/R__x.sql'
	for f in V1_x.sql V__x.sql Va__x.sql R1__x.sql R__.sql V2__x.pgsql \
	    V2__x.java; do
		assert_stderr_has "m/$f: left out: in Flyway a migration"
	done
	file m/U7__gone.sql
	run_mig 0 mig-ls m
	assert_stderr_has 'm/U7__gone.sql: a down text without its up text'
}

@test "flyway: none where a statement asks for it, or the .conf" {
	file m/V1__a.sql 'SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);'
	file m/V2__b.sql
	file m/V2__b.sql.conf '# a comment\nexecuteInTransaction = false'
	file m/V3__c.sql 'VACUUM;'
	file m/V3__c.sql.conf 'executeInTransaction=true'
	file m/V4__d.sql 'BEGIN; SELECT 1; COMMIT;'
	file m/V5__e.sql "SELECT 'VACUUM;' \$\$ VACUUM; \$\$; -- VACUUM;"
	file m/V6__f.sql "SELECT '\${x}';"
	file m/V6__f.sql.conf 'placeholderReplacement=false'
	file m/V7__g.sql '-- mig: no-transaction'
	listed version,mode,convention m '1 none flyway' '2 none flyway' \
	    '3 tx flyway' '4 own flyway' '5 tx flyway' '6 tx flyway-raw' \
	    '7 none flyway'
}

@test "flyway: a .conf that asks for what is not there" {
	file m/V1__a.sql
	file m/V1__a.sql.conf 'encoding=UTF-8'
	listed mode m tx
	file m/V1__a.sql.conf '\nencoding=ISO-8859-1'
	bad 'm/V1__a.sql.conf:2: encoding = ISO-8859-1: only UTF-8' m
	file m/V1__a.sql.conf 'shouldExecute=${x}==1'
	bad 'm/V1__a.sql.conf:1: shouldExecute = ' m
	file m/V1__a.sql.conf 'executeInTransaction=maybe'
	bad 'm/V1__a.sql.conf:1: executeInTransaction = maybe: neither' m
	file m/V1__a.sql.conf 'colour=red'
	run_mig 0 mig-ls m
	assert_stderr_has 'm/V1__a.sql.conf: colour is not known'
}

# --------------------------------------------------------------------- sqlx

@test "sqlx: simple and reversible, by integer" {
	file m/20_b.up.sql '-- no-transaction\nVACUUM;'
	file m/20_b.down.sql
	file m/3_a_b.sql
	file m/+4_plus.sql
	file m/-1_minus.sql
	listed version,name,mode,path,down_path m '-1 minus tx m/-1_minus.sql -' \
	    '3 a_b tx m/3_a_b.sql -' '+4 plus tx m/+4_plus.sql -' \
	    '20 b none m/20_b.up.sql m/20_b.down.sql'
}

@test "sqlx: the directive is the file's first bytes" {
	file m/1_a.sql '-- no-transaction\nVACUUM;'
	file m/2_b.sql '\n-- no-transaction\nSELECT 1;'
	printf '\357\273\277-- no-transaction\nSELECT 1;' >m/3_c.sql
	file m/4_d.sql '-- no-transaction at all\nSELECT 1;'
	file m/5_e.sql 'VACUUM;'
	file m/6_f.sql 'BEGIN;\nSELECT 1;\nCOMMIT;'
	listed version,mode,convention m '1 none sqlx' '2 tx sqlx' '3 tx sqlx' \
	    '4 none sqlx' '5 tx sqlx' '6 own sqlx'
}

@test "sqlx: numbered files beside a Cargo.toml" {
	file c/Cargo.toml
	file c/migrations/1_a.sql 'BEGIN; COMMIT;'
	listed mode,convention c/migrations 'own sqlx'
	cd c/migrations
	listed convention . sqlx
	file 1_a.sql '-- +goose Up'
	listed convention . goose
	cd "$BATS_TEST_TMPDIR/c"
	file migrations/1_a.sql
	listed convention migrations sqlx
}

@test "sqlx: a name without an integer is an error, other names are not" {
	file m/1_a.sql
	file m/seed.sql
	run_mig 0 mig-ls -f sqlx -o path m
	assert_eq "$output" m/1_a.sql
	file m/a_b.sql
	bad 'm/a_b.sql: sqlx wants an integer before the first _' -f sqlx m
	rm m/a_b.sql
	file m/99999999999999999999_big.sql
	bad 'm/99999999999999999999_big.sql: sqlx wants an integer' -f sqlx m
}

# ------------------------------------------------------------------ Supabase

@test "supabase: by text, known by its folder" {
	file supabase/migrations/10_b.sql 'CREATE INDEX CONCURRENTLY i ON t (a);'
	file supabase/migrations/9_c.sql 'BEGIN; SELECT 1; COMMIT;'
	file supabase/migrations/1_a.sql
	file supabase/migrations/10_b.sql.bak
	run_mig 0 mig-ls -o version,mode,convention supabase/migrations
	assert_eq "$output" '10	none	supabase
1	tx	supabase
9	own	supabase'
	assert_stderr_has '10_b.sql.bak: left out: in Supabase CLI'
	cd supabase/migrations
	rm ./*.bak
	list version .
	assert_eq "${lines[0]}" 10
}

# ------------------------------------------------------------- golang-migrate

@test "golang-migrate: pairs of any suffix, by version alone" {
	file m/000002_b.up.sql
	file m/000010_j.up.pgsql
	file m/000001_a.up.sql
	file m/1_other_name.down.sql
	file m/000003_a.up.b.up.sql
	listed version,name,path,down_path m \
	    '000001 a m/000001_a.up.sql m/1_other_name.down.sql' \
	    '000002 b m/000002_b.up.sql -' \
	    '000003 a.up.b m/000003_a.up.b.up.sql -' \
	    '000010 j m/000010_j.up.pgsql -'
	CONVENTION=golang-migrate convention m
	file m/4_code.up.go
	run_mig 0 mig-ls -o version m
	assert_stderr_has 'm/4_code.up.go: left out: in golang-migrate'
	file m/2_b.up.sql
	bad 'm/2_b.up.sql: has the same version as m/000002_b.up.sql' m
	rm m/2_b.up.sql
	file m/5_x.down.sql
	file m/6_x.down.sql
	file m/06_x.down.sql
	bad 'm/6_x.down.sql: has the same version as m/06_x.down.sql' m
}

@test "golang-migrate: one statement alone may be out of a transaction" {
	file m/1_a.up.sql '-- why\nCREATE INDEX CONCURRENTLY i ON t (a);\n'
	file m/2_b.up.sql 'CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1;'
	file m/3_c.up.sql 'BEGIN; SELECT 1; COMMIT;'
	file m/4_d.up.sql
	listed version,mode m '1 none' '2 tx' '3 own' '4 tx'
}

@test "pairs are sqlx's or plain where a head says so" {
	file m/1_a.up.sql
	file m/2_b.up.sql '-- no-transaction\nVACUUM'
	CONVENTION=sqlx convention m
	file m/2_b.up.sql '-- mig: no-transaction\nVACUUM'
	CONVENTION=plain convention m
	file m/1_a.up.sql '-- no-transaction\nVACUUM'
	bad 'm/2_b.up.sql: is written for plain SQL files, but m/1_a.up.sql for sqlx' m
	assert_stderr_has 'hint: say which it is with -f'
}

@test "pairs are not taken apart by a head of a tool that has no pairs" {
	file m/1_a.up.sql '-- Up migration: more\nSELECT 1;'
	file m/1_a.down.sql '-- Down migration: less\nSELECT 2;'
	listed version,path,down_path,convention m \
	    '1 m/1_a.up.sql m/1_a.down.sql golang-migrate'
}

@test "pairs are not made single files by a head" {
	file m/1_a.up.sql '-- migrate:up\nSELECT 1;'
	file m/1_a.down.sql
	CONVENTION=golang-migrate convention m
	file m/2_b.sql
	CONVENTION=plain convention m
}

# -------------------------------------------------------------------- dbmate

@test "dbmate: sections and their options" {
	file m/1_a.sql '-- licence\n\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;'
	file m/2_b.sql '-- migrate:up transaction:false\nVACUUM;\n--migrate:down   transaction:true'
	file m/3c.sql '-- migrate:up\nSELECT $$\n -- migrate:down\n$$;'
	file m/4.sql '-- migrate:up\nBEGIN; COMMIT;'
	listed version,name,mode,path,down_path,convention m \
	    '1 a tx m/1_a.sql m/1_a.sql dbmate' \
	    '2 b none m/2_b.sql m/2_b.sql dbmate' \
	    '3 c tx m/3c.sql - dbmate' '4 - own m/4.sql - dbmate'
	list sha256,down_sha256 m
	assert_eq "${lines[0]}" "$(printf -- '-- licence\n\nSELECT 1;\n\n' |
	    sha256sum | cut -c 1-64)	$(echo 'SELECT 2;' | sha256sum | cut -c 1-64)"
}

@test "dbmate: what it does not allow" {
	while IFS='|' read -r text message; do
		file m/1_a.sql "$text"
		bad "m/1_a.sql$message" -f dbmate m
	done <<-'END'
	SELECT 1;|: no -- migrate:up
	SELECT 1;\n-- migrate:up|:2: a statement before -- migrate:up
	-- migrate:down\n-- migrate:up|:1: -- migrate:down before -- migrate:up
	-- migrate:up transaction:no|:1: unknown option
	-- migrate:up\n-- migrate:down\n-- migrate:up transaction:false|:3: sections of one file with and without
	END
	file m/1_a.sql '-- migrate:up\nSELECT 1;'
	file m/2_b.sql 'SELECT 2;'
	bad 'm/2_b.sql: no -- migrate:up: dbmate wants it' m
	file m/2_b.sql '-- +goose Up\nSELECT 2;'
	bad 'm/2_b.sql: is written for goose, but m/1_a.sql for dbmate' m
}

@test "dbmate and supabase: by the bytes of the file name" {
	file m/10_b.sql '-- migrate:up'
	file m/9_c.sql '-- migrate:up'
	file m/100_a.sql '-- migrate:up'
	listed version m 100 10 9
}

# --------------------------------------------------------------------- goose

@test "goose: sections, marks round statements, NO TRANSACTION anywhere" {
	file m/00001_a.sql '-- +goose Up\n-- +goose StatementBegin\nSELECT 1\n-- +goose StatementEnd\n-- +goose Down\nSELECT 2;'
	file m/00002_b.sql '-- +goose Up\nVACUUM;\n\n-- +goose NO TRANSACTION'
	file m/00003_c.sql '-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;'
	file m/00010_d.sql '-- +goose up\nSELECT 1;'
	listed version,mode,down_path,convention m \
	    '00001 tx m/00001_a.sql goose' '00002 none - goose' \
	    '00003 none - goose' '00010 tx - goose'
	list sha256 m
	assert_eq "${lines[0]}" "$(printf -- '-- +goose %s\nSELECT 1\n-- +goose %s\n' \
	    StatementBegin StatementEnd | sha256sum | cut -c 1-64)"
}

@test "goose: what it does not allow" {
	while IFS='|' read -r text message; do
		file m/1_a.sql "$text"
		bad "m/1_a.sql$message" -f goose m
	done <<-'END'
	SELECT 1;|: no -- +goose Up
	SELECT 1;\n-- +goose Up|:2: a statement before -- +goose Up
	-- +goose Up\n-- +goose Up|:2: a second -- +goose Up
	-- +goose Down|:1: -- +goose Down must come once
	-- +goose Up\n-- +goose StatementEnd|:2: -- +goose StatementBegin and
	-- +goose Up\n-- +goose StatementBegin\nSELECT 1;|: -- +goose StatementBegin without
	-- +goose Up\n-- +goose ENVSUB ON|:2: -- +goose ENVSUB is not supported
	-- +goose Up\n-- +goose Sideways|:2: unknown goose annotation
	END
	file m/1_a.sql '-- +goose Up'
	file m/1_b.sql '-- +goose Up'
	bad 'm/1_b.sql: has the same version as m/1_a.sql' m
	rm m/1_b.sql
	file m/00002_code.go
	file m/00002_code_test.go
	run_mig 0 mig-ls -o path m
	assert_eq "$output" m/1_a.sql
	assert_stderr_has 'm/00002_code.go: left out: in goose'
	refute_stderr_has _test.go
}

# -------------------------------------------------------------------- diesel

@test "diesel: folders, dashes out of the version, metadata.toml" {
	file m/2016-12-01-123456_a_b/up.sql
	file m/2016-12-01-123456_a_b/down.sql
	file m/00000000000000_initial/up.sql
	file m/2017-01-01-000000_c/up.sql 'VACUUM;'
	file m/2017-01-01-000000_c/metadata.toml 'run_in_transaction = false # why'
	file m/2017-01-02-000000_trap/up.sql
	file m/2017-01-02-000000_trap/metadata.toml '# nothing'
	file m/2017-01-03-000000_yes/up.sql
	file m/2017-01-03-000000_yes/metadata.toml 'run_in_transaction=true'
	file m/2017-01-04-000000_own/up.sql 'BEGIN; COMMIT;'
	listed version,name,mode,path,down_path m \
	    '00000000000000 initial tx m/00000000000000_initial/up.sql -' \
	    '20161201123456 a_b tx m/2016-12-01-123456_a_b/up.sql m/2016-12-01-123456_a_b/down.sql' \
	    '20170101000000 c none m/2017-01-01-000000_c/up.sql -' \
	    '20170102000000 trap none m/2017-01-02-000000_trap/up.sql -' \
	    '20170103000000 yes tx m/2017-01-03-000000_yes/up.sql -' \
	    '20170104000000 own own m/2017-01-04-000000_own/up.sql -'
	CONVENTION=diesel convention m
	file m/20170101000000_same/up.sql
	bad 'm/20170101000000_same/up.sql: has the same version as ' m
	rm -r m/2017*
	file m/2018-01-01-000000_no_up/down.sql
	mkdir m/empty
	run_mig 0 mig-ls m
	assert_stderr_has 'm/2018-01-01-000000_no_up: a down text without its up text'
	assert_stderr_has 'm/empty: a folder without up.sql'
}

# -------------------------------------------------------------------- Prisma

@test "prisma: folders by name, equal stamps too" {
	file m/20200102000000_b/migration.sql 'CREATE INDEX CONCURRENTLY i ON t (a);'
	file m/20200101000000_init/migration.sql
	file m/20200102000000_a/migration.sql 'VACUUM; SELECT 1;'
	file m/zero_name/migration.sql
	file m/migration_lock.toml 'provider = "postgresql"'
	listed version,name,mode,down_path m '20200101000000 init tx -' \
	    '20200102000000 a tx -' '20200102000000_b b none -' \
	    'zero_name - tx -'
	CONVENTION=prisma convention m
}

# ----------------------------------------------------------------- the others

@test "hasura: folders of milliseconds" {
	file m/1620138136207_b/up.sql
	file m/1620138136207_b/down.sql
	file m/1520138136207_a/up.sql
	listed version,name,convention m '1520138136207 a hasura' \
	    '1620138136207 b hasura'
}

@test "graphile-migrate: committed/ of the folder that people name" {
	file m/committed/000001-init.sql '--! Previous: -\n--! Hash: sha1:x\n\nSELECT 1;'
	file m/committed/000002.sql '--! Previous: sha1:x\n--! Hash: sha1:y\n--! Message: m\n\n--! no-transaction\nVACUUM;'
	file m/current.sql
	listed version,name,mode,path,convention m \
	    '000001 init tx m/committed/000001-init.sql graphile-migrate' \
	    '000002 - none m/committed/000002.sql graphile-migrate'
	listed version m/committed 000001 000002
}

@test "node-pg-migrate: sections in any order" {
	file m/1_a.sql '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;'
	file m/2-b.sql '---- down migration ----\nSELECT 2;\n  -- UP  MIGRATION\nSELECT 1;'
	file m/2_a.sql 'SELECT 1;'
	listed version,name,down_path,convention m \
	    '1 a m/1_a.sql node-pg-migrate' '2 a - node-pg-migrate' \
	    '2_b b m/2-b.sql node-pg-migrate'
	file m/3_c.sql 'SELECT 1;\n-- Down Migration'
	bad 'm/3_c.sql:2: -- Down Migration without -- Up Migration' m
	file m/3_c.sql 'SELECT 1;\n-- Up Migration'
	bad 'm/3_c.sql:2: node-pg-migrate leaves out' m
}

@test "drizzle: what the journal names, in its order" {
	file m/0000_busy_bird.sql 'SELECT 1\n--> statement-breakpoint\nSELECT 2'
	file m/0001_next.sql
	file m/0002_stranger.sql
	file m/meta/_journal.json '{"entries": [{"idx": 0, "tag": "0000_busy_bird"}, {"tag":"0001_next"}]}'
	run_mig 0 mig-ls -o version,name,convention m
	assert_eq "$output" '0000	busy_bird	drizzle
0001	next	drizzle'
	assert_stderr_has 'm/0002_stranger.sql: left out: not in meta/_journal.json'
	file m/meta/_journal.json '{"entries": [{"tag":"0001_next"}, {"tag": "0000_busy_bird"}]}'
	bad 'm/0000_busy_bird.sql: has another place in meta/_journal.json' m
	file m/meta/_journal.json '{"entries": [{"tag":"0000_busy_bird"}, {"tag": "0003_no"}]}'
	bad '0003_no: in meta/_journal.json, but there is no such file' m
	file m/meta/_journal.json '{"entries": [{"tag":"0000'
	bad 'm/meta/_journal.json: ends within a string' m
}

@test "tern: below the line is down" {
	file m/001_a.sql 'SELECT 1;\n---- create above / drop below ----\nSELECT 2;'
	file m/002_b.sql '---- tern: disable-tx ----\nVACUUM;'
	listed version,mode,down_path,convention m '001 tx m/001_a.sql tern' \
	    '002 none - tern'
}

@test "sql-migrate: sections in any order, unnumbered files last" {
	file m/10_b.sql '-- +migrate Down\nSELECT 2;\n-- +migrate Up notransaction\nVACUUM;'
	file m/9_a.sql '-- +migrate Up\nSELECT 1;'
	file m/last.sql '-- +migrate Up\nSELECT 1;'
	listed version,name,mode,down_path,convention m '9 a tx - sql-migrate' \
	    '10 b none m/10_b.sql sql-migrate' 'last - tx - sql-migrate'
	file m/9_a.sql 'SELECT 1;\n-- +migrate Up\n'
	bad 'm/9_a.sql:2: sql-migrate leaves out' -f sql-migrate m
	file m/9_a.sql 'SELECT 1;'
	bad 'm/9_a.sql: no -- +migrate Up' -f sql-migrate m
}

@test "block comments may stand before the marks" {
	file s/1_a.sql '/*\n * -- a licence /* and more */\n */\n\n-- +migrate Up\nSELECT 1;'
	listed version,convention s '1 sql-migrate'
	file d/1_a.sql '/* one */ /* two\n-- */ -- migrate:up\n-- migrate:up\nSELECT 1;'
	listed version,convention d '1 dbmate'
	file d/1_a.sql '/* one */ SELECT 1; /*\n*/\n-- migrate:up\nSELECT 1;'
	bad 'd/1_a.sql:3: a statement before -- migrate:up' -f dbmate d
	file p/1_a.sql '/* never ended\n-- +migrate Up\n'
	listed version,convention p '1 plain'
}

@test "postgrator, pop, refinery, postgres-migrations" {
	file p/001.do.first.sql
	file p/001.undo.first.sql
	file p/2.do.sql
	listed version,name,down_path,convention p \
	    '001 first p/001.undo.first.sql postgrator' '2 - - postgrator'
	file o/20200101_a.up.sql
	file o/20200101_a.postgres.up.sql
	file o/20200101_a.mysql.up.sql
	file o/20200101_a.down.sql
	file o/20200102_b.autocommit.up.sql 'VACUUM;'
	run_mig 0 mig-ls -o version,mode,path,down_path,convention o
	assert_eq "$output" '20200101	tx	o/20200101_a.postgres.up.sql	o/20200101_a.down.sql	pop
20200102	none	o/20200102_b.autocommit.up.sql	-	pop'
	file r/V1__a.sql
	file r/U2__b.sql
	run_mig 0 mig-ls -f refinery -o version,kind,down_path r
	assert_eq "$output" '1	versioned	-
2	versioned	-'
	file g/1_a.sql '-- postgres-migrations disable-transaction\nVACUUM;'
	file g/2-b.sql
	listed version,mode,convention g '1 none postgres-migrations' \
	    '2 tx postgres-migrations'
}

@test "atlas: known by its directive" {
	file m/20200101.sql
	file m/20200102_b.sql '-- atlas:txmode none\n\nVACUUM;'
	listed version,name,mode,convention m '20200101 - tx atlas' \
	    '20200102 b none atlas'
}

# ---------------------------------------------------------------- a new name

# next DIR [OPTION...]: what -n add_users gives.
next() {
	run_mig 0 mig-ls -n add_users "${@:2}" "$1"
	assert_eq "$stderr" ''
}

@test "-n: the next number, in the same width and form" {
	while read -r last expected; do
		rm -rf d
		file "d/$last"
		next d
		assert_eq "$output" "d/$expected"
	done <<-'END'
	001_a.sql 002_add_users.sql
	099_a.sql 100_add_users.sql
	999_a.sql 1000_add_users.sql
	9-a.sql 10-add_users.sql
	7.sql 8_add_users.sql
	0001##a.sql 0002##add_users.sql
	1.9_a.sql 1.10_add_users.sql
	V1_10.sql V1_11_add_users.sql
	V1__a.sql V2__add_users.sql
	V1.9__a.sql V1.10__add_users.sql
	END
	rm -rf d
	file d/9_a.sql
	file d/10_b.sql
	next d
	assert_eq "$output" d/11_add_users.sql
}

@test "-n: a stamp where the directory has stamps" {
	local now
	while read -r last pattern; do
		rm -rf d
		file "d/$last"
		next d
		assert_match "$output" "^d/${pattern}\$"
		now=$(echo "$output" | tr -dc 0-9 | cut -c 1-8)
		[ "$now" -ge 20260101 ] || [[ $now == 1[7-9]* ]]
	done <<-'END'
	20240131113100_a.sql 20[0-9]{12}_add_users.sql
	1620138136207_a.sql 1[0-9]{9}000_add_users.sql
	1620138136_a.sql 1[0-9]{9}_add_users.sql
	2016-12-01-123456_a.sql 20[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{6}_add_users.sql
	20250124T113100Z.sql 20[0-9]{6}T[0-9]{6}Z_add_users.sql
	END
	rm -rf d
	file d/29991231235959_a.sql
	next d
	assert_eq "$output" d/29991231235960_add_users.sql
}

@test "-n: pairs and folders are two paths, each in the form of the last" {
	file g/000009_a.up.sql
	next g
	assert_eq "$output" 'g/000010_add_users.up.sql
g/000010_add_users.down.sql'
	file m/2016-12-01-123456_a/up.sql
	next m
	assert_match "${lines[0]}" '^m/20..-..-..-......_add_users/up.sql$'
	assert_match "${lines[1]}" '^m/20..-..-..-......_add_users/down.sql$'
	file p/20160101000000_a/migration.sql
	next p
	assert_match "$output" '^p/20.{12}_add_users/migration.sql$'
	file f/V1__a.sql
	file f/R__z.sql
	file f/sub/V1.2__b.sql
	next f
	assert_eq "$output" f/sub/V1.3__add_users.sql
	file o/001.do.x.sql
	next o
	assert_eq "$output" 'o/002.do.add_users.sql
o/002.undo.add_users.sql'
	file b/1_a.sql '-- migrate:up'
	next b
	assert_eq "$output" b/2_add_users.sql
}

@test "-n: the number of a repeatable says nothing" {
	file m/99999999999999_master_schema.sql '-- mig: repeatable'
	next m
	assert_eq "$output" m/001_add_users.sql
	file m/99999999999998_views.sql '-- mig: repeatable'
	file m/010_a.sql
	file m/009_grants.sql '-- mig: repeatable'
	next m
	assert_eq "$output" m/011_add_users.sql
}

@test "-n: an empty directory, with and without -f" {
	next m
	assert_eq "$output" m/001_add_users.sql
	next m/ -f golang-migrate
	assert_eq "$output" 'm/000001_add_users.up.sql
m/000001_add_users.down.sql'
	next m -f flyway
	assert_eq "$output" m/V1__add_users.sql
	next m -f goose
	assert_eq "$output" m/00001_add_users.sql
	next m -f sqlx
	assert_match "$output" '^m/20[0-9]{12}_add_users.sql$'
	next m -f diesel
	assert_match "${lines[0]}" '^m/20..-..-..-......_add_users/up.sql$'
	next m -f prisma
	assert_match "$output" '^m/20[0-9]{12}_add_users/migration.sql$'
	cd m
	next .
	assert_eq "$output" ./001_add_users.sql
}

@test "-n: the name is cleaned; a name of nothing is usage" {
	run_mig 0 mig-ls -n ' Add  Users: Größe! ' m
	assert_eq "$output" m/001_add_users_gr_e.sql
	run_mig 2 mig-ls -n '!' m
	run_mig 2 mig-ls -n x m m
	run_mig 3 mig-ls -n x none
	echo 'echo "$1"' >editor
	file migrations/001_a.sql
	run_pipe 0 'EDITOR="sh editor"; $EDITOR $(mig-ls -n "add users" migrations)'
	assert_eq "$output" migrations/002_add_users.sql
}

# ------------------------------------------------------- realistic, and large

@test "realistic directories of nine conventions, in the order of the tool" {
	for c in plain flyway sqlx golang-migrate supabase dbmate goose diesel \
	    prisma; do
		REALISTIC_PG=14 "$MIG_ROOT/tests/gen/realistic" $c r-$c
		run_mig 0 mig-ls -f $c -o path,mode r-$c
		assert_eq "$stderr" ''
		assert_eq "${#lines[@]}" 63
		assert_eq "$(cut -f 2 "$BATS_TEST_TMPDIR/out" | sort | uniq -c | tr -s ' \n' ' ')" \
		    ' 2 none 1 own 60 tx '
		case $c in
		plain|dbmate|goose) continue ;;
		supabase) ;;
		*) CONVENTION=$c convention r-$c ;;
		esac
		run_mig 0 mig-ls -f $c -o path r-$c
		assert_eq "$output" "$(cat r-$c.order)"
	done
}

@test "a file of 64 MiB in little memory, and lines longer than a piece" {
	{
		echo '-- mig: no-transaction'
		head -c 67108864 /dev/zero | tr '\0' x
		printf '\r\n-- mig: down\r\n'
		head -c 200000 /dev/zero | tr '\0' y
	} >m/001_big.sql
	local kb=40000
	! wants_all_memory || kb=unlimited
	run_mig 0 sh -c "ulimit -v $kb && mig-ls -o mode,sha256,down_sha256 m"
	assert_eq "$output" "none	$({
		echo '-- mig: no-transaction'
		head -c 67108864 /dev/zero | tr '\0' x
		echo
	} | sha256sum | cut -c 1-64)	$(
	head -c 200000 /dev/zero | tr '\0' y | sha256sum | cut -c 1-64)"
}

@test "every offset of a CRLF, a BOM and a character over a piece's end" {
	local n
	for n in 65533 65534 65535 65536 65537; do
		{
			head -c $n /dev/zero | tr '\0' x
			printf '\r\n☕\r'
		} >m/001_a.sql
		list sha256 m
		assert_eq "$output" "$({
			head -c $n /dev/zero | tr '\0' x
			printf '\n☕\r'
		} | sha256sum | cut -c 1-64)"
	done
}
