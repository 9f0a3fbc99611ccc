# The lexer cuts SQL text as psql does: compared with what a server logs when
# psql sends the same text.  psql-split/run takes any folder of SQL files.

load helpers

@test "our own cases are cut as psql cuts them" {
	run_mig 0 "$MIG_ROOT/tests/psql-split/run" "$MIG_ROOT/tests/psql-split"
	assert_match "$output" 'files 1 agree 1 differ 0'
}
