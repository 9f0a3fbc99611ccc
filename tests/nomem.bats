# rounds: system
# malloc() fails: each command says so, and nothing is lost, half-written,
# half-recorded or run twice.  `fault/nomem -a` lets each allocation fail.

load helpers

@test "out of memory, here and there" {
	case $MIG_BIN in
	*/asan | */valgrind | */cov) skip "it has an allocator of its own" ;;
	esac
	MIG_TIMEOUT=600 run_mig 0 env -u PGDATABASE \
	    "$MIG_ROOT/tests/fault/nomem" -n 60 ls plan apply
	refute_output_has FAULT
	# the memory was wanted, and not by one alone
	assert_match "$output" '[0-9] of ls ended with 3'
	assert_match "$output" '[0-9] of plan ended with 3'
	assert_match "$output" '[0-9] of apply ended with 5'
}
