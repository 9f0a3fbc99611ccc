# What a person may give by mistake, without a server: each message says what
# is wrong and what to do, with the right exit code.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir m
	echo 'CREATE TABLE a (x int);' >m/001_a.sql
	mig-ls m >list
}

# What is no listing must not be planned as if there was nothing to do.
@test "mig-plan refuses what is no listing" {
	run_pipe 3 "echo 'root:x:0:0' | mig-plan"
	assert_stderr_has 'listing:1: this is no listing'
	assert_stderr_has 'hint: mig-ls DIR | mig-plan'
	run_pipe 3 "mig-ls --json m | mig-plan"
	assert_stderr_has 'this is no listing'
	run_pipe 3 "printf 'a\tb\n' | mig-plan --check"
	assert_stderr_has 'listing:1: this is no record of a listing'
	run_pipe 3 'mig-ls -o version,path m | mig-plan'
	assert_stderr_has 'listing:1: this is no record of a listing'
	run_pipe 3 "printf 'file\tmain\t1\n' | mig-plan"
	assert_stderr_has 'listing:1: a migration has 10 fields'
	run_pipe 3 "printf 'done\tmain\t1\n' | mig-plan"
	assert_stderr_has 'this is what a database has applied'
	run_pipe 3 'mig-plan </dev/null'
	assert_stderr_has 'empty, but a listing is wanted'
}

@test "a stream of the wrong kind, or through Windows, is named" {
	run_pipe 3 'mig-apply <list'
	assert_stderr_has 'this is a listing, but a plan is wanted'
	run_pipe 3 "sed 's/$/\r/' list | mig-plan"
	assert_stderr_has 'the lines end in CR LF'
	run_pipe 3 'mig-apply <m/001_a.sql'
	assert_stderr_has 'the header is missing'
	assert_stderr_has 'hint: mig-ls DIR | mig-plan | mig-apply'
}

# libpq would take what is behind the @ for the host, and say it.
@test "a URI with an unescaped password is refused, and not shown" {
	local uri
	for uri in postgresql://u:p@geheim:1/x@127.0.0.1:1/d \
	    postgresql://u:geheim/x@127.0.0.1:1/d \
	    postgres://u:x@geheim@127.0.0.1:1/d; do
		run_pipe 2 "mig-plan -d '$uri' <list"
		refute_stderr_has geheim
		assert_stderr_has 'write @ as %40'
		run_pipe 2 "DATABASE_URL='$uri' mig-plan <list"
		refute_stderr_has geheim
	done
	run_pipe 4 "mig-plan -d 'postgres://u:p%40@127.0.0.1:1/d?options=a@b' \
	    <list"
	assert_stderr_has 'here -d did'
}

@test "what is no version is shown" {
	for arg in main: :1 ''; do
		run_pipe 2 "mig-plan --to '$arg' <list"
		assert_stderr_has "\"$arg\": VERSION or SERIES:VERSION is wanted"
	done
}

@test "one form of output, and a stream where one is read" {
	run_pipe 2 'mig-apply -H --json <list'
	assert_stderr_has '-H and --json: only one of them'
	run_pipe 2 "script -qec 'mig-apply' /dev/null"
	assert_output_has 'a plan is wanted: mig-ls DIR | mig-plan | mig-apply'
	run_pipe 2 "script -qec 'mig-plan' /dev/null"
	assert_output_has 'a listing is wanted: mig-ls DIR | mig-plan'
}

@test "a name for a new migration that no file can have" {
	run_pipe 2 'mig-ls -n ... m'
	assert_stderr_has '"..." has no letter and no digit for a name'
	run_pipe 2 "mig-ls -n $(printf 'x%.0s' {1..201}) m"
	assert_stderr_has 'a name of 201 bytes is too long for a file'
	run_pipe 0 "touch \"\$(mig-ls -n $(printf 'x%.0s' {1..200}) m)\""
}

@test "a closed stdout is no success" {
	run_pipe 3 'mig-ls m >&-'
	assert_stderr_has 'cannot write the output'
	# valgrind wants an stderr
	[[ $MIG_BIN == */valgrind ]] || run_pipe 2 'mig-ls -f nosuch m 2>&-'
}

# The history could not hold it, after the migration has run.
@test "a name that is not UTF-8 is refused" {
	mkdir bad
	echo 'SELECT 1;' >$'bad/001_caf\xe9.sql'
	run_pipe 3 'mig-ls bad'
	assert_stderr_has '001_caf\351.sql: the name is not well-formed UTF-8'
	assert_eq "$output" ""
}

@test "help that cannot be printed is no success" {
	run_pipe 3 'mig-ls --help >/dev/full'
	assert_stderr_has 'No space left on device'
	run_pipe 3 'mig-plan --help >/dev/full'
	assert_stderr_has 'No space left on device'
	run_pipe 3 'mig-plan --version >/dev/full'
	assert_stderr_has 'No space left on device'
}

@test "help fits a terminal" {
	local cmd
	for cmd in mig-ls mig-plan mig-apply; do
		run_pipe 0 "$cmd --help | awk 'length > 80'"
		assert_eq "$output" ""
	done
}

# A row that is longer than the terminal is no row for the eye.
@test "a table fits the terminal, however narrow" {
	local columns
	echo 'SELECT 1;' >m/002_a_name_that_is_rather_long_for_one_line_only.sql
	for columns in 40 60 80; do
		run_pipe 0 "script -qec 'stty cols $columns; mig-ls m' /dev/null |
		    tr -d '\r' | tee out.$columns"
		assert_output_has '001      a'
		assert_eq "$(awk -v n=$columns 'length > n' out.$columns)" ""
		assert_eq "$(wc -l <out.$columns)" 3
	done
}
