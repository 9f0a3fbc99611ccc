# mig-apply: lines are cut or go dead, processes and backends die, others break
# in, the server crashes, the disk is full; nothing is lost, half-recorded or run
# twice.  `make sweep` does more.
# rounds: system 18

load helpers

@test "two hundred faults" {
	MIG_TIMEOUT=600 run_mig 0 env -u PGDATABASE \
	    "$MIG_ROOT/tests/fault/sweep" 200
	refute_output_has FAULT
	# the faults did strike; whether another run that breaks in comes before
	# the lost lock is seen, which gives 8, is a matter of luck
	assert_output_has ': lost 0, doubled 0, else wrong 0'
	for code in 0 4 5 7 137; do
		assert_match "$output" "[0-9] ended with $code"
	done
	for kind in before middle after hold kill terminate cancel unlock \
	    fence refuse limit crash; do
		assert_match "$output" "$kind [1-9]"
	done
}
