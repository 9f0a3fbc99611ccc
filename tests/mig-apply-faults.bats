# mig-apply: lines are cut, processes and backends die, the server crashes;
# nothing is lost, half-recorded or run twice.  `fault/sweep 3000 50` does more.

load helpers

@test "a hundred faults" {
	MIG_TIMEOUT=300 run_mig 0 env -u PGDATABASE \
	    "$MIG_ROOT/tests/fault/sweep" 100 2
	refute_output_has FAULT
	# the faults did strike
	assert_match "$output" '[0-9] ended with 4'
	assert_match "$output" '[0-9] ended with 5'
	assert_match "$output" '[0-9] ended with 7'
	assert_match "$output" '[0-9] ended with 137'
}
