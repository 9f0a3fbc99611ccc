# The lexer cuts SQL text as psql does: compared with what a server logs when
# psql sends the same text.  psql-split/run takes any folder of SQL files.

load helpers

@test "our own cases are cut as psql cuts them" {
	run_mig 0 "$MIG_ROOT/tests/psql-split/run" "$MIG_ROOT/tests/psql-split" own
	assert_match "$output" 'files 1 agree 1 differ 0'
}

@test "data of a COPY that is refused are no SQL" {
	# an older psql takes them for that
	refused=$(psql -Xq -f "$MIG_ROOT/tests/psql-split/refused.sql" 2>/dev/null)
	! has_text "$refused" data ||
	    skip "needs a psql of August 2026 (15.20 and its like) or later"
	run_mig 0 "$MIG_ROOT/tests/psql-split/run" "$MIG_ROOT/tests/psql-split" \
	    refused
	assert_match "$output" 'files 1 agree 1 differ 0'
}
