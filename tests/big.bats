# Large input, in sizes that take seconds: nothing is cut, lost or counted
# wrong where a buffer ends.  How time and memory grow is for make bench.

# rounds: system

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	new_db
	mkdir m
}

# As much address space as KiB says, where the sanitizers do not want it all.
limit() {
	wants_all_memory || ulimit -v "$1"
}

@test "10,000 statements in a transaction, 1,000 outside of one" {
	{
		echo 'CREATE TABLE x (i int);'
		seq -f 'INSERT INTO x VALUES (%.0f);' 9999
	} >m/1_tx.sql
	{
		printf -- '-- mig: no-transaction\nCREATE TABLE y (i int);\n'
		seq -f 'INSERT INTO y VALUES (%.0f);' 999
	} >m/2_none.sql
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_output_has "exit	0	2"
	assert_eq "$(sql 'SELECT count(*), sum(i) FROM x')" '9999|49995000'
	assert_eq "$(sql 'SELECT count(*), sum(i) FROM y')" '999|499500'
	assert_eq "$(sql 'SELECT count(*) FROM mig.progress')" 0
	# the last of many is named where it fails
	sed -i '9000s/.*/INSERT INTO x VALUES (1, 2);/' m/1_tx.sql
	mv m/1_tx.sql m/3_bad.sql
	sed -i 1d m/3_bad.sql
	run_pipe 5 'mig-ls m | mig-plan --allow-missing | mig-apply'
	assert_stderr_has 'm/3_bad.sql:8999:26: ERROR 42601'
	assert_eq "$(sql 'SELECT count(*) FROM x')" 9999
}

@test "a function of 2 MB: kept, compared, named where it fails" {
	{
		echo 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$'
		printf 'DECLARE\n\tx int := 0;\nBEGIN\n'
		seq -f '	x := x + 1; -- the line %.0f of many' 65000
		printf '\tRETURN x;\nEND\n$$;\n'
	} >m/1_f.sql
	[ "$(wc -c <m/1_f.sql)" -gt 2000000 ]
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_eq "$(sql 'SELECT f()')" 65000
	psql -XAtqc "SELECT sql FROM mig.log" >kept
	assert_eq "$(head -c "$(wc -c <m/1_f.sql)" kept | sha256sum)" \
	    "$(sha256sum <m/1_f.sql)"
	sed -i '40000s/x + 1/x + 2/' m/1_f.sql
	run_pipe 3 'mig-ls m | mig-plan | mig-apply'
	assert_stderr_has '-	x := x + 1; -- the line 39996 of many'
	assert_stderr_has '+	x := x + 2; -- the line 39996 of many'
}

@test "a statement of 20 MB" {
	{
		echo 'CREATE TABLE s AS SELECT $$'
		seq -f 'a line of the text that has the number %020.0f' 320000
		echo '$$::text AS t;'
		echo 'SELECT nothing;'
	} >m/1_s.sql
	[ "$(wc -c <m/1_s.sql)" -gt 18000000 ]
	limit 163840
	run_pipe 5 'mig-ls m | mig-plan | mig-apply'
	assert_stderr_has 'm/1_s.sql:320003:8: ERROR 42703'
	sed -i '$d' m/1_s.sql
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	assert_eq "$(sql "SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex')
	    FROM s")" "$(sed -e '1d' -e '$d' m/1_s.sql |
	    { echo; cat; } | sha256sum | cut -d' ' -f1)"
}

@test "40 MiB of COPY data, long lines and short ones, in 64 MiB of memory" {
	{
		echo 'CREATE TABLE c (i int, t text);'
		echo 'COPY c FROM stdin;'
		awk 'BEGIN {
			pad = sprintf("%5000s", ""); gsub(/ /, "x", pad)
			for (i = 1; i <= 200000; i++)
				printf "%d\t%s\n", i, substr(pad, 1, i % 7 * 13)
			long = pad
			while (length(long) < 70000)
				long = long pad
			for (; i <= 200500; i++)
				printf "%d\t%s\n", i, substr(long, 1, 65400 + i % 300)
			printf "%d\t\\\\.\n", i
		}'
		printf '\\.\n\n'
		echo 'SELECT nothing;'
	} >m/1_c.sql
	[ "$(wc -c <m/1_c.sql)" -gt 40000000 ]
	limit 65536
	run_pipe 5 'mig-ls m | mig-plan | mig-apply'
	assert_stderr_has 'm/1_c.sql:200506:8: ERROR 42703'
	sed -i '$d' m/1_c.sql
	run_pipe 0 'mig-ls m | mig-plan | mig-apply'
	sql 'COPY (SELECT * FROM c ORDER BY i) TO STDOUT' >copied
	sed -e 1,2d -e '/^\\\.$/,$d' m/1_c.sql >data
	run_mig 0 cmp data copied
}

@test "5,000 migrations, each accepted with another text" {
	local rows
	seq -f 'm/%.0f_x.sql' 5000 | while read -r file; do
		echo "SELECT '$file';" >"$file"
	done
	mv m/5000_x.sql .
	mig-ls m >list
	mv 5000_x.sql m
	# as mig-apply would, but all at once
	mkdir first
	echo 'SELECT 1;' >first/1_x.sql
	mig-ls first=first | mig-plan | mig-apply >report
	rows='INSERT INTO mig.log (seq, action, series, version, name, kind, mode,
	    sha256, path, convention, started) SELECT (SELECT max(seq) FROM
	    mig.log) + row_number() OVER (ORDER BY version::int)'
	psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE TEMP TABLE l (w text, series text, version text, name text,
	    kind text, mode text, sha256 text, path text, down_sha256 text,
	    down_path text, convention text);
	\\copy l FROM PROGRAM 'grep ^file list'
	$rows, 'apply', series, version, name, kind, mode, repeat('0', 64), path,
	    convention, now() FROM l;
	$rows, 'accept', series, version, name, kind, mode, sha256, path,
	    convention, now() FROM l;
	END
	run_pipe 0 'mig-ls m | mig-plan | tee plan | mig-apply'
	assert_eq "$(grep ^step plan | cut -f 3-5)" 'apply	main	5000'
	run_pipe 0 'mig-ls m | mig-plan --status -o state | sort | uniq -c'
	assert_match "$output" '^ *5000 applied$'
	assert_eq "$(mig-ls -d --verify | cut -d' ' -f1)" 10000
	assert_eq "$(mig-ls -d -H | cut -f 13 | sort | uniq -c | tr -s ' \n' ' ')" \
	    ' 4999 accept 2 apply '
}
