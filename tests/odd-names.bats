# Names with every odd character, through the whole pipeline.
# rounds: system 18

# shellcheck disable=SC2016 # names, and lines for eval and script

load helpers

# Names of migrations, one an element; none has a slash or a NUL.
odd=('with  spaces' $'tab\tbed' $'line\nfeed' $'carriage\rreturn'
	'back\slash\n\101' "quo'te" 'dou"ble' '%s%n%' '$HOME`id`$(id)' '*?[a-z]'
	'-rf' '--' '-' '#end' '#mig' '.' '~' '!' '; DROP TABLE t1; --' '*)' 'a,b=c:d'
	$'esc\033[31mred' $'bel\a\177' $'c1\302\233' $'turned\342\200\256round'
	'🐘🏳️‍🌈' 'שלום' 'ä' $'a\314\210' '\.' "\$\$" ':name' "E'\\''")

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	new_db
}

# A directory of an odd name with a migration of each odd name.
odd_directory() {
	local n=0 name
	dir=$'d i\tr\n%s\'"\\*'
	mkdir "$dir"
	odd+=("$(printf 'x%.0s' {1..240})")
	for name in "${odd[@]}"; do
		n=$((n + 1))
		printf 'CREATE TABLE t%d ();\n-- mig: down\nDROP TABLE t%d;\n' \
		    $n $n >"$dir/${n}__$name.sql"
	done
}

# The JSON of FILE, one object a line, as a table `j` that psql can ask.
json() {
	sql 'DROP TABLE IF EXISTS public.j' 2>/dev/null
	sql 'CREATE TABLE public.j (j json)'
	psql -Xq -v ON_ERROR_STOP=1 -c "\\copy public.j FROM '$1' (FORMAT csv,
	    QUOTE E'\\x01', DELIMITER E'\\x02')"
}

@test "files and their directory: listed, planned, applied, taken back" {
	local files=()
	odd_directory
	run_mig 0 mig-ls "$dir"
	cp out list
	files=("$dir"/*)
	assert_eq "$(grep -c ^file list)" ${#files[@]}
	# what printf makes of a field is the name
	while IFS='	' read -r _ _ _ _ _ _ _ path _; do
		[ -f "$(printf '%b' "$path")" ] || {
			echo "no such file: $path"
			return 1
		}
	done < <(grep ^file list)
	run_pipe 0 "mig-plan <list | tee plan | mig-apply >report"
	assert_eq "$(grep -c ^done report)" ${#files[@]}
	run_pipe 0 "diff <(grep ^file list | sed s/^file/done/) \
	    <(mig-ls -d -H | cut -f 1-11)"
	run_pipe 0 "diff <(grep ^file list | cut -f 4) <(grep ^step plan | cut -f 8)"
	run_pipe 0 "diff <(grep ^file list | cut -f 4) <(grep ^done report | cut -f 7)"
	assert_eq "$(mig-plan --status -o state <list | sort -u)" applied
	assert_eq "$(mig-ls -d --verify | cut -d' ' -f1)" ${#files[@]}
	run_mig 0 mig-plan --check <list
	run_pipe 0 "mig-plan --revert ${#files[@]} <list | mig-apply"
	assert_eq "$(sql "SELECT count(*) FROM pg_class
	    WHERE relname ~ '^t[0-9]'")" 0
	run_pipe 0 "mig-plan <list | mig-apply --json >report.json"
	assert_eq "$(grep -c '"record":"done"' report.json)" ${#files[@]}
}

@test "the names in JSON and in the history are those of the files" {
	local i names
	odd_directory
	mig-ls "$dir" | mig-plan | mig-apply >report
	names=$(for i in "${!odd[@]}"; do
		printf '%s\0' "${odd[i]}"
	done | tr '\0\n' '\n\001' | sed 's/^[_-]*//' | sort)
	for cmd in 'mig-ls --json "$dir"' 'mig-ls -d --json' \
	    'mig-ls "$dir" | mig-plan --status --json'; do
		eval "$cmd" >list.json
		json list.json
		assert_eq "$(sql "SELECT translate(j->>'path', E'\n', E'\\x01')
		    FROM j" | sed "s,^.*/[0-9]*__\(.*\).sql\$,\1," |
		    sed 's/^[_-]*//' | sort)" "$names" "$cmd"
	done
	assert_eq "$(sql "SELECT translate(path, E'\n', E'\\x01') FROM mig.log" |
	    sed "s,^.*/[0-9]*__\(.*\).sql\$,\1," | sed 's/^[_-]*//' |
	    sort)" "$names"
}

@test "on a terminal: one line each, and no byte that acts on it" {
	local base=$PGDATABASE
	odd_directory
	PGDATABASE+=$'_\033[31m\302\233'
	made databases "$PGDATABASE"
	sql "CREATE DATABASE \"$PGDATABASE\"" -d postgres
	mkdir vars
	echo $'SELECT :a\302\233b;' >vars/1_v.sql
	mig-ls "$dir" >list
	mig-ls vars >vars/list
	for cmd in 'mig-ls "$dir"' 'mig-plan <list' 'mig-plan <vars/list' \
	    'mig-plan --status <list' 'mig-apply <plan' 'mig-ls -d'; do
		mig-plan <list >plan
		echo "\$ $cmd"
		dir=$dir NO_COLOR=1 TERM=dumb script -qec "$cmd" /dev/null \
		    >screen </dev/null || return 1
		# nothing but the newlines of the terminal itself
		LC_ALL=C refute grep -n -e $'[\001-\010\013\014\016-\032\034-\037\177]' \
		    -e $'\033\\[31' -e $'\302\233' -e $'\342\200\256' screen
		LC_ALL=C refute grep -n $'\r[^\n\r\033]*return' screen
	done
	sql "DROP DATABASE \"$PGDATABASE\"" -d postgres
	PGDATABASE=$base
}

# mig-plan takes any version that a listing has.
@test "what mig-apply shows of series and version acts on no terminal" {
	local cmd digest
	mkdir m
	echo 'SELECT pg_sleep(1);' >m/1_a.sql
	mig-ls $'a\033[31mb=m' | mig-plan >plan
	# a version that only an edited plan can have
	sed -e '$d' -e 's/\t1\ttx\t/\t1\\033[32m\ttx\t/' plan >edited
	digest=$(sha256sum <edited)
	sed -n '$p' plan | sed "s/sha256:.*/sha256:${digest%% *}/" >>edited
	for cmd in 'mig-apply -i <edited' 'mig-apply <edited'; do
		echo "\$ $cmd"
		NO_COLOR=1 TERM=dumb script -qec "$cmd" /dev/null >screen \
		    </dev/null || :
		cat -v screen
		LC_ALL=C refute grep -n -e $'\033\\[3' screen
		grep -qF 'a\033[31mb 1\033[32m a' screen
	done
	# the line of progress
	grep -qF ' 1\033[32m a  0.' screen
}

@test "a name that is not UTF-8 is refused, and shown escaped" {
	mkdir a b $'c\377'
	echo 'SELECT 1;' >$'a/1_x\377\033.sql'
	run_mig 3 mig-ls a
	assert_eq "$stderr" 'mig-ls: a/1_x\377\033.sql: the name is not well-formed UTF-8
hint: rename it'
	echo 'SELECT 1;' >b/1_a.up.sql
	echo 'SELECT 1;' >$'b/1_a\200.down.sql'
	run_mig 3 mig-ls b
	assert_stderr_has 'mig-ls: b/1_a\200.down.sql: the name is not'
	echo 'SELECT 1;' >$'c\377/1_a.sql'
	run_mig 3 mig-ls $'c\377'
	assert_stderr_has 'mig-ls: c\377/1_a.sql: the name is not'
	mv $'c\377' d
	run_mig 2 mig-ls $'s\377=d'
	assert_stderr_has 's\377: the name of a series is not well-formed UTF-8'
	run_mig 2 mig-ls s:1=d
	assert_stderr_has 's:1: a colon in the name of a series'
	run_mig 3 mig-ls $'no\377\033'
	assert_stderr_has 'no\377\033: '
}

@test "series: every name that has no colon" {
	local name
	mkdir m
	printf 'SELECT 1;\n-- mig: down\nSELECT 2;\n' >m/1_a.sql
	export name
	cp m/1_a.sql m/2_b.sql
	for name in 'a b' $'t\ta\nb' "q'u\"o\\te" '-n' '%s' '$x' '*' '🐘' '#end' \
	    "$(printf 'y%.0s' {1..255})"; do
		rm -f list
		mig-ls -- "$name=m" >list
		run_pipe 0 "mig-plan --to \"\$name:1\" <list | mig-apply"
		assert_output_has "done	1	apply"
		run_pipe 0 "mig-plan <list | mig-apply"
		run_pipe 0 "mig-plan --revert-to \"\$name:1\" <list | mig-apply"
		assert_output_has "done	1	revert"
		assert_eq "$(psql -XAtq -v name="$name" <<<"SELECT count(*)
		    FROM mig.applied WHERE series = :'name'")" 1
	done
	assert_eq "$(sql 'SELECT count(DISTINCT series) FROM mig.applied')" 10
}

@test "the history's schema, the database, the role" {
	local name base=$PGDATABASE
	mkdir m
	printf 'SELECT 1;\n-- mig: down\nSELECT 2;\n' >m/1_a.sql
	printf -- '-- mig: no-transaction\nSELECT 1;\nSELECT 2;\n' >m/2_b.sql
	for name in 'Mixed Case' $'t\tb' $'l\nf' "q'u\"o;te" '-' '%s' '$user' \
	    'x$function' '🐘' 'select' '"' "\\" "$(printf 'y%.0s' {1..63})"; do
		export MIG_SCHEMA=$name
		run_pipe 0 'mig-ls m | mig-plan | mig-apply'
		assert_output_has "exit	0	2"
		run_pipe 0 'mig-ls m | mig-plan --status'
		run_mig 0 mig-ls -d --verify
		assert_match "$output" '^2 [0-9a-f]{64}$'
	done
	assert_eq "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'log'
	    AND relkind = 'r'")" 13
	for name in $'\377' "$(printf 'y%.0s' {1..64})"; do
		MIG_SCHEMA=$name run_pipe 2 'mig-ls m | mig-plan'
		assert_stderr_has 'mig-plan: MIG_SCHEMA is '
	done
	unset MIG_SCHEMA
	PGDATABASE="${base}_ =x'%s\"\"🐘\\"
	made databases "$PGDATABASE"
	sql "CREATE DATABASE \"$PGDATABASE\"" -d postgres
	name="${base}_ r=o'l\"\"e;\\"
	keep_role "$name"
	sql "CREATE ROLE \"$name\" LOGIN" -d postgres
	sql "GRANT CREATE ON DATABASE \"$PGDATABASE\" TO \"$name\"" -d postgres
	PGDATABASE=${PGDATABASE//'""'/'"'} PGUSER=${name//'""'/'"'} \
	    run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_output_has "exit	0	2"
	PGDATABASE=${PGDATABASE//'""'/'"'}
	assert_eq "$(sql 'SELECT DISTINCT db_user FROM mig.log')" \
	    "${name//'""'/'"'}"
	run_mig 0 mig-ls -d -o by
	assert_eq "$(printf '%b' "${lines[0]}")" "${name//'""'/'"'}"
	run_pipe 0 "mig-ls m | mig-plan --clean=\"\$PGDATABASE\" | mig-apply"
	PGDATABASE=$base
}

@test "objects: made, analyzed, named where they fail, and dropped again" {
	mkdir m
	cat >m/1_a.sql <<-'END'
	CREATE SCHEMA "s $ '%s' "" ; 🐘
	x";
	CREATE TABLE "s $ '%s' "" ; 🐘
	x"."t "".x	y" ("c "" \ :v" int);
	SET search_path = "s $ '%s' "" ; 🐘
	x";
	CREATE TYPE "e ;" AS ENUM ('a''b');
	CREATE VIEW "v --" AS SELECT * FROM "t "".x	y";
	CREATE FUNCTION "f $$ "("p ""x" "e ;") RETURNS int LANGUAGE sql
	    AS 'SELECT 1';
	CREATE INDEX "i /*" ON "s $ '%s' "" ; 🐘
	x"."t "".x	y" ("c "" \ :v");
	END
	run_pipe 0 'mig-ls m | mig-plan | mig-apply --analyze'
	assert_eq "$stderr" ''
	assert_eq "$(sql "SELECT relname FROM pg_stat_user_tables
	    WHERE schemaname ~ '^s'")" 't ".x	y'
	printf 'SELECT 1;\n  ALTER TABLE "no ""\t:such" ADD y int;\n' \
	    >'m/2_%s "b".sql'
	run_pipe 5 'mig-ls m | mig-plan | mig-apply'
	assert_stderr_has 'mig-apply: m/2_%s "b".sql:2:3: ERROR 42P01: relation "no "	:such" does not exist'
	run_pipe 0 "mig-ls m | mig-plan --clean=$PGDATABASE | mig-apply"
	assert_eq "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname ~ '^s '")" 0
}
