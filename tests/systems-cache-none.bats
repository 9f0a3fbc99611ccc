#!/usr/bin/env bats
# rounds: system 13 18
# migrations/cache on a server without pgvector: nothing stands in for it.

load helpers

# there is nobody to ask
export SKIP_CONFIRMATION=1

CACHE=$BATS_TEST_DIRNAME/../migrations/cache

@test "cache: without pgvector one clear error, before anything is made" {
	new_db
	run_mig 5 "$CACHE"/deploy
	assert_eq "$(grep -c ERROR "$BATS_TEST_TMPDIR/err")" 1
	assert_stderr_has 'ERROR 0A000: the embeddings need the extension "vector" (pgvector), which this server does not have'
	assert_stderr_has "postgresql-$MIG_SERVER_MAJOR-pgvector"
	assert_eq "$(sql "SELECT nspname FROM pg_namespace
	    WHERE nspname LIKE 'app\\_%' UNION ALL
	    SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' UNION ALL
	    SELECT rolname FROM pg_roles WHERE rolname LIKE 'app\\_%'")" ''
}
