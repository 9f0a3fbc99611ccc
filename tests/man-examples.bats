#!/usr/bin/env bats
# Every example of the pages and of README.md runs, in a folder of its own, on a
# database `app` of the user `app`, and says what stands there.
#
# A block is a session at a terminal; its marker (see man/blocks) may say else:
#
#   sql       statements for psql
#   crontab   lines for cron: their form is checked; then each command runs as
#             cron runs it, with the scratch folder for /srv/app
#   script    lines to be pasted into a shell
#   text      not to be run; a test of its own compares it with the commands
#
# What stands in for something else: less is cat, $EDITOR is touch.

load helpers

setup() {
	EXAMPLES=$BATS_TEST_TMPDIR/e
	mkdir -p "$EXAMPLES/bin"
	cd "$EXAMPLES" || return
	ln -s "$(command -v cat)" bin/less
	PATH=$EXAMPLES/bin:$PATH
	export EDITOR=touch
	unset DATABASE_URL
	keep_role app
	sql 'CREATE ROLE app SUPERUSER LOGIN' -d postgres
	echo app >>"$BATS_TEST_TMPDIR/.databases"
	sql 'CREATE DATABASE app OWNER app' -d postgres
	export PGUSER=app PGDATABASE=app
}

teardown() {
	export PGUSER=lab PGDATABASE=postgres
	clean_up
}

# run_block FILE NUMBER KIND
run_block() {
	local text=$EXAMPLES/.block said=$EXAMPLES/.said
	"$MIG_ROOT/tests/man/blocks" "$1" "$2" >"$text"
	echo "# block $2 of ${1##*/}"
	[ -s "$text" ]
	case $3 in
	sql)
		run_mig 0 psql -XAt -v ON_ERROR_STOP=1 -f "$text" || return 1
		;;
	crontab)
		run_crontab "$text" || return 1
		;;
	script)
		run_mig 0 bash -eu -o pipefail "$text" || return 1
		;;
	'')
		"$MIG_ROOT/tests/man/session" "$text" >"$said" 3>&- ||
		    { cat "$said"; return 1; }
		output=$(cat "$said")
		echo "$output"
		"$MIG_ROOT/tests/man/compare" "$text" "$said" || return 1
		;;
	*)
		echo "no such kind of block: $3"
		return 1
		;;
	esac
}

# example FILE NAME: all blocks of that name, one after another.
example() {
	local file=$MIG_ROOT/$1 n name kind found=
	while read -r n name kind; do
		[ "$name" = "$2" ] || continue
		found=y
		run_block "$file" "$n" "$kind" || return 1
	done < <("$MIG_ROOT/tests/man/blocks" "$file")
	[ "$found" ]
}

# A crontab as crontab(5) has it; cron takes % for a newline.
run_crontab() {
	local line job=' *[0-9*,/-]+ +[0-9*,/-]+ +[0-9*,/-]+ +[0-9*,/-]+ +'
	job="^${job}[0-9*,/-]+ +([^%]+)\$"
	local -a env=()
	while IFS= read -r line; do
		if [[ $line =~ $job ]]; then
			run_mig 0 env ${env[@]+"${env[@]}"} sh -c \
			    "${BASH_REMATCH[1]//\/srv\/app/$EXAMPLES}" ||
			    return 1
		elif [[ $line =~ ^[A-Z_]+=[^%]+$ ]]; then
			env+=("$line")
		else
			echo "no line for cron: $line"
			return 1
		fi
	done <"$1"
}

users() {
	mkdir -p migrations
	cat >migrations/001_users.sql <<-'END'
	CREATE TABLE users (
	    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	    email text NOT NULL UNIQUE
	);
	-- mig: down
	DROP TABLE users;
	END
}

name() {
	cat >migrations/002_name.sql <<-'END'
	ALTER TABLE users ADD name text;
	-- mig: down
	ALTER TABLE users DROP name;
	END
}

apply() {
	run_pipe 0 'mig-ls migrations | mig-plan | mig-apply -q'
}

@test "each literal block has a marker, and each marker a test" {
	local file n name kind bad=0
	for file in "$MIG_ROOT"/man/*.[1-9] "$MIG_ROOT"/README.md; do
		while read -r n name kind; do
			if [ "$name" = - ]; then
				echo "${file##*/}: block $n has no marker"
				bad=1
			elif [ "$kind" = text ]; then
				grep -q "^@test .*: $name\"" \
				    "$BATS_TEST_FILENAME" ||
				    { echo "no test: $name"; bad=1; }
			elif ! grep -q "example ${file#"$MIG_ROOT/"} $name\$" \
			    "$BATS_TEST_FILENAME"; then
				echo "${file##*/}: nothing runs $name"
				bad=1
			fi
		done < <("$MIG_ROOT/tests/man/blocks" "$file")
	done
	[ "$bad" = 0 ]
}

@test "mig-ls(1): the daily pipeline, a new file" {
	users
	example man/mig-ls.1 ls-daily
	assert_eq "$(tables)" users
	[ -e migrations/002_add_users.sql ]
}

@test "mig-ls(1): what has no down text" {
	users
	echo 'SELECT 1;' >migrations/002_seed.sql
	example man/mig-ls.1 ls-down
	assert_output_has migrations/002_seed.sql
	refute_output_has migrations/001_users.sql
}

@test "mig-ls(1): two series" {
	mkdir -p db/core db/common db/tenant
	echo 'CREATE TABLE a (i int);' >db/core/001_a.sql
	echo 'CREATE TABLE b (i int);' >db/common/002_b.sql
	echo 'CREATE TABLE c (i int);' >db/tenant/001_c.sql
	example man/mig-ls.1 ls-series
	assert_eq "$(tables)" 'a b c'
}

@test "mig-ls(1): disk and database compared" {
	users
	apply
	name
	example man/mig-ls.1 ls-diff
	assert_match "$output" 'main	002	'
	refute_output_has 'main	001'
}

@test "mig-plan(1): the daily pipeline" {
	users
	example man/mig-plan.1 plan-daily
	assert_eq "$(tables)" users
}

@test "mig-plan(1): plan, review, apply" {
	users
	apply
	name
	example man/mig-plan.1 plan-review
	sql 'SELECT name FROM users'
}

@test "mig-plan(1): the status" {
	users
	apply
	name
	example man/mig-plan.1 plan-status
}

@test "mig-plan(1): taking back" {
	users
	name
	apply
	example man/mig-plan.1 plan-revert
	refute sql 'SELECT name FROM users'
}

@test "mig-plan(1): taking over" {
	mkdir migrations
	echo 'CREATE TABLE users (email text);' >migrations/V1__users.sql
	echo 'ALTER TABLE users ADD name text;' >migrations/V2__name.sql
	sql "CREATE TABLE users (email text);
	    CREATE TABLE flyway_schema_history (installed_rank int,
	    version text, description text, type text, script text,
	    checksum int, installed_by text, installed_on timestamp,
	    execution_time int, success boolean);
	    INSERT INTO flyway_schema_history VALUES (1, '1', 'users', 'SQL',
	    'V1__users.sql', $(tr -d '\n' <migrations/V1__users.sql | gzip -c |
	    tail -c 8 | od -An -td4 -N4), 'app', now(), 1, true)"
	example man/mig-plan.1 plan-adopt
}

@test "mig-plan(1): clean" {
	users
	name
	apply
	example man/mig-plan.1 plan-clean
	assert_output_has 'DROP TABLE'
	assert_eq "$(tables)" ''
}

@test "mig-plan(1): from cron" {
	users
	example man/mig-plan.1 plan-cron
	assert_output_has pending
	apply
	example man/mig-plan.1 plan-cron
	assert_eq "$output$stderr" ''
}

@test "mig-apply(1): the daily pipeline" {
	users
	example man/mig-apply.1 apply-daily
	assert_eq "$(tables)" users
}

@test "mig-apply(1): plan, look, apply" {
	users
	example man/mig-apply.1 apply-reviewed
	assert_output_has 'CREATE TABLE users'
	assert_eq "$(tables)" users
}

@test "mig-apply(1): a rehearsal" {
	users
	apply
	sql "INSERT INTO users (email)
	    SELECT i FROM generate_series(1, 10000) i"
	printf '%s\n' 'ALTER TABLE users ADD age smallint CHECK (age > 0);' \
	    'ALTER TABLE users ALTER email TYPE varchar(254);' \
	    >migrations/02_age.sql
	mv migrations db
	example man/mig-apply.1 apply-rehearse
	refute sql 'SELECT age FROM users'
	mig-ls db | mig-plan >release.plan
	example man/mig-apply.1 apply-rewrites
	assert_output_has 'rewrite	1	2	public.users	'
	assert_eq "$(sql 'SELECT count(*) FROM mig.log')" 1
}

@test "mig-apply(1): from cron, silent twice" {
	users
	example man/mig-apply.1 apply-cron
	assert_eq "$output$stderr" ''
	assert_eq "$(tables)" users
	example man/mig-apply.1 apply-cron
	assert_eq "$output$stderr" ''
}

@test "mig-apply(1): a variable from the environment" {
	mkdir migrations
	keep_role app_reader
	echo "CREATE ROLE app_reader PASSWORD :'app_password';" \
	    >migrations/001_reader.sql
	mig-ls migrations | mig-plan >release.plan
	run_mig 2 mig-apply <release.plan
	assert_stderr_has app_password
	app_password="it's secret" example man/mig-apply.1 apply-variable
	assert_eq "$(sql "SELECT count(*) FROM pg_authid
	    WHERE rolname = 'app_reader' AND rolpassword IS NOT NULL")" 1
	refute grep -r secret release.plan
	assert_eq "$(sql "SELECT count(*) FROM mig.log l
	    WHERE l::text LIKE '%secret%'")" 0
}

@test "mig-stream(5): digest and parts of a plan" {
	local hex
	users
	mig-ls migrations | mig-plan >release.plan
	hex=$(tail -n 1 release.plan | sed 's/.*sha256://')
	example man/mig-stream.5 stream-digest
	assert_output_has 'CREATE TABLE users'
	assert_output_has 'step	1	apply'
	assert_eq "$(sed '$d' release.plan | sha256sum)" "$hex  -"
}

# The header's kinds, and each line of a plan by the grammar's rules.
@test "mig-stream(5), what is sealed: grammar" {
	local page=$MIG_ROOT/man/mig-stream.5 kind
	users
	mig-ls migrations >list
	mig-plan <list >plan
	mig-plan --status <list >status
	mig-apply <plan >report
	"$MIG_ROOT/tests/man/blocks" "$page" 1 >grammar
	for kind in list plan status report; do
		grep -q "^kind .*\"$kind\"" grammar
		head -n 1 $kind | grep -qx "#mig	$kind	1"
		sed '1d;$d' $kind | refute grep -vE '^(#?[a-z]+(	[^	]+)+|	.*)$'
		tail -n 1 $kind |
		    grep -qE '^#end	[0-9]+	sha256:[0-9a-f]{64}$'
		assert_eq "$(tail -n 1 $kind | cut -f 2)" \
		    "$(grep -c '^[a-z]' $kind)"
	done
	assert_eq "$(sed -n 's/^kind *= //p' grammar | grep -o '"' | wc -l)" 8
}

# page_columns KIND WORD: the columns of a record, as mig-stream(5) has them.
page_columns() {
	local n same
	case $1 in
	file | done) n=2 same=$(page_columns 2 file) ;;
	plan) n=3 ;;
	report) n=4 ;;
	rehearsal) n=5 ;;
	status) n=6 ;;
	*) n=$1 ;;
	esac
	"$MIG_ROOT/tests/man/blocks" "$MIG_ROOT/man/mig-stream.5" "$n" |
	    awk -v want="$2" -v same="${same-}" '
	/^[^ ]/ { word = $1; $1 = "" }
	word == want { line = line " " $0 }
	END {
		sub(/the same, and/, same, line)
		gsub(/ +/, " ", line)
		sub(/^ /, "", line)
		print line
	}'
}

# json_columns WORD FILE: the members of the first such object, its SQL aside.
json_columns() {
	local line
	line=$(grep -m 1 "^{\"record\":\"$1\"" "$2")
	psql -XAt -v line="$line" -v word="$1" <<-'END'
	SELECT string_agg(k, ' ') FROM json_object_keys(:'line') k
	WHERE k <> 'record' AND (k <> 'text' OR :'word' = 'keep');
	END
}

@test "mig-stream(5), the columns of all records: columns" {
	local word file
	mkdir migrations
	echo 'CREATE TABLE b (i int);' >migrations/002_b.sql
	apply
	mig-ls -d --json >done.json
	echo 'LOCK TABLE b;' >inner
	cat >migrations/001_a.sql <<-'END'
	CREATE TABLE a (i int DEFAULT :number);
	\i inner
	-- mig: down
	DROP TABLE a;
	END
	mig-ls migrations >list
	mig-ls --json migrations >file.json
	mig-plan --status --json <list >status.json
	mig-plan --out-of-order --json <list >plan.json
	background psql -Xc 'BEGIN; LOCK TABLE b' -c 'SELECT pg_sleep(30)'
	wait_for "SELECT count(*) FROM pg_locks l JOIN pg_class c
	    ON c.oid = l.relation WHERE c.relname = 'b' AND l.granted" 1
	mig-plan --out-of-order <list >plan
	run_mig 6 mig-apply --json -v number=1 --lock-timeout 50 --retry 1 \
	    <plan
	cp "$BATS_TEST_TMPDIR/out" report.json
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE query ~ 'pg_sleep' AND pid <> pg_backend_pid()"
	run_mig 0 mig-apply --json -v number=1 <plan
	cat "$BATS_TEST_TMPDIR/out" >>report.json
	cat >migrations/003_c.sql <<-'END'
	SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
	INSERT INTO b VALUES (1);
	ALTER TABLE b ALTER i TYPE bigint;
	END
	run_pipe 0 'mig-ls migrations | mig-plan | mig-apply --json --rehearse'
	# what an apply says too stands with the apply
	grep -vE '"(start|exit)"' "$BATS_TEST_TMPDIR/out" >rehearsal.json
	for file in file 'done' plan report rehearsal status; do
		while read -r word; do
			assert_eq "$(json_columns "$word" $file.json)" \
			    "$(page_columns $file "$word")" "$word"
			echo "$word" >>words
		done < <(sed 's/{"record":"\([a-z]*\)".*/\1/' $file.json | sort -u)
	done
	assert_eq "$(sort words | tr '\n' ' ')" 'allow done done exit fail '\
'file from keep lock need rehearsed retry rewrite rows scan skip start state '\
'statement status step '
}

@test "mig-history(5): what was done, the chain, the state" {
	local state
	users
	name
	state=$(printf '' | sha256sum | cut -d ' ' -f 1)
	run_pipe 0 'mig-ls migrations | mig-plan | tee plan | mig-apply -q'
	grep -qx "state	$state" plan
	example man/mig-history.5 history-last
	assert_eq "${#lines[@]}" 2
	example man/mig-history.5 history-state
	run_pipe 0 "mig-ls migrations | mig-plan | sed -n 's/^state	//p'"
	assert_eq "$output" "$(example man/mig-history.5 history-state |
	    grep -x '[0-9a-f]*')"
	example man/mig-history.5 history-text
	assert_output_has 'ALTER TABLE users ADD name text;'
	example man/mig-history.5 history-chain
	assert_eq "$output" ''
}

@test "mig-history(5): the chain shows a row that was changed" {
	users
	name
	apply
	sql 'ALTER TABLE mig.log DISABLE TRIGGER refuse;
	    UPDATE mig.log SET os_user = null WHERE seq = 1'
	example man/mig-history.5 history-chain
	assert_eq "$output" 1
	sql 'UPDATE mig.log SET hash = mig.row_hash(log) WHERE seq = 1'
	example man/mig-history.5 history-chain
	assert_eq "$output" 2
}

@test "mig-history(5): a role that may read" {
	users
	apply
	keep_role reader
	sql 'CREATE ROLE reader LOGIN'
	run_mig 9 env PGUSER=reader mig-ls -d app
	assert_stderr_has 'hint: grant'
	example man/mig-history.5 history-grant
	run_mig 0 env PGUSER=reader mig-ls -d app
	assert_output_has 001
}

@test "mig-history(5): a role that may apply" {
	users
	apply
	keep_role deploy
	sql 'CREATE ROLE deploy LOGIN'
	echo "SELECT 1;" >migrations/003_last.sql
	mig-ls migrations | mig-plan >plan
	run_mig 9 env PGUSER=deploy mig-apply -d app <plan
	assert_stderr_has 'hint: grant USAGE on schema "mig"'
	example man/mig-history.5 history-grant-apply
	run_mig 0 env PGUSER=deploy mig-apply -d app <plan
}

@test "mig(7): the pipeline" {
	users
	example man/mig.7 pipeline
	assert_eq "$(tables)" users
}

@test "mig(7): a first migration, and back" {
	example man/mig.7 tour
	assert_eq "$(tables)" ''
}

@test "mig(7): from CI" {
	mkdir migrations
	sql 'CREATE TABLE users (email text)'
	echo 'ALTER TABLE users ADD name text;' >migrations/001_name.sql
	example man/mig.7 ci
	sql 'SELECT name FROM users'
}

@test "mig(7): a database that exists already" {
	users
	name
	sql 'CREATE TABLE users (email text)'
	example man/mig.7 baseline
}

@test "mig(7): coming from sqlx, and going back" {
	local file
	mkdir migrations
	echo 'CREATE TABLE users (email text);' >migrations/1_users.up.sql
	echo 'DROP TABLE users;' >migrations/1_users.down.sql
	sql "CREATE TABLE users (email text);
	    CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY,
	    description text NOT NULL,
	    installed_on timestamptz NOT NULL DEFAULT now(),
	    success boolean NOT NULL, checksum bytea NOT NULL,
	    execution_time bigint NOT NULL);
	    INSERT INTO _sqlx_migrations VALUES (1, 'users', now(), true,
	    '\x$(sha384sum <migrations/1_users.up.sql | cut -c 1-96)', 5)"
	example man/mig.7 adopt
	# one is taken back, another applied, and sqlx is told of both
	run_pipe 0 'mig-ls -f sqlx migrations | mig-plan --revert 1 | mig-apply'
	rm migrations/1_*
	echo 'CREATE TABLE b (a int);' >migrations/2_another_one.sql
	run_pipe 0 'mig-ls -f sqlx migrations | mig-plan | mig-apply'
	example man/mig.7 back
	assert_eq "$(sql "SELECT version, description, success,
	    encode(checksum, 'hex') FROM _sqlx_migrations")" \
	    "2|another one|t|$(sha384sum <migrations/2_another_one.sql |
	    cut -c 1-96)"
}

@test "mig(7): an edited file" {
	users
	apply
	example man/mig.7 edited
	run_pipe 0 'mig-ls migrations | mig-plan --check'
}

@test "mig(7): an index that failed to build" {
	mkdir migrations
	echo 'CREATE TABLE users (email text);' >migrations/001_users.sql
	apply
	sql "INSERT INTO users VALUES ('ann@example.org'), ('ann@example.org')"
	example man/mig.7 concurrently
	assert_eq "$(sql "SELECT indisvalid FROM pg_index
	    WHERE indexrelid = 'users_email'::regclass")" t
}

@test "mig(7): from cron" {
	users
	example man/mig.7 cron
	assert_eq "$output$stderr" ''
	name
	sed -i 's/text/oops/' migrations/002_name.sql
	refute example man/mig.7 cron
}

@test "README.md: the tour" {
	echo mig_tour >>"$BATS_TEST_TMPDIR/.databases"
	example README.md tour
	assert_output_has 'step	1	apply	main	001'
	assert_output_has 'CREATE TABLE users'
	assert_output_has 'status	main	002	email	applied'
	assert_output_has 'done	1	revert	main	002'
	assert_output_has 'done	main	002	email'
	assert_eq "$(grep -c '^exit	0' <<<"$output")" 3
}
