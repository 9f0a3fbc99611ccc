# rounds: 17x 17n tsl
# The shipped systems in mig-apply --rehearse: it comes to the end of each, with
# TimescaleDB too, and leaves nothing.

load helpers

# Roles are of the server: those that a system makes are gone with it.
everything() {
	catalog_of
	sql "SELECT count(*), max(oid) FROM pg_class WHERE oid >= 16384"
	sql "SELECT rolname FROM pg_roles ORDER BY 1"
	sql "SELECT extname, extversion FROM pg_extension ORDER BY 1"
}

# rehearse [MIG-APPLY-OPTION...]: the listing on standard input.
rehearse() {
	local before
	before=$(everything)
	mig-plan >plan
	run_mig 0 mig-apply --rehearse "$@" <plan
	assert_eq "$(everything)" "$before"
	refute_output_has $'\nskip\t'
	assert_eq "$(grep -c '^rehearsed' "$BATS_TEST_TMPDIR/out")" \
	    "$(grep -c '^step' plan)"
	assert_eq "${lines[-2]}" $'exit\t0\t0'
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	new_db
	S=$BATS_TEST_DIRNAME/../migrations
}

@test "cache" {
	rehearse < <(mig-ls "$S/cache")
}

@test "messaging" {
	rehearse < <(mig-ls "$S/messaging")
}

@test "podcast" {
	rehearse -v deals=off < <(mig-ls "$S/podcast")
}

@test "registry" {
	rehearse < <(mig-ls "$S/registry")
}

@test "rollup" {
	local f=$S/rollup/foundational
	rehearse -v app_password=x < <(mig-ls "main=$f/initial-setup,$f/timeseries" \
	    "payload=$S/rollup/payload-tables/example-tables")
}

@test "a hypertable: its chunks are told" {
	[ "$(tier)" != none ] || skip "needs TimescaleDB"
	sql "CREATE EXTENSION timescaledb;
	    CREATE TABLE h (at timestamptz NOT NULL, v int);
	    SELECT create_hypertable('h', 'at',
		chunk_time_interval => interval '1 day');
	    INSERT INTO h SELECT '2026-01-01 12:00+00'::timestamptz +
		i * interval '1 day', i FROM generate_series(1, 5) i" 2>/dev/null
	migration 1_a.sql <<-'SQL'
		ALTER TABLE h ADD w int DEFAULT random();
		INSERT INTO h VALUES ('2026-02-01 12:00+00', 1);
	SQL
	rehearse < <(mig-ls m)
	assert_output_has $'lock\t1\t1\tpublic.h\tACCESS EXCLUSIVE'
	local chunk='_timescaledb_internal\._hyper_[0-9_]*chunk'
	assert_eq "$(grep -c "^lock	1	1	$chunk	ACCESS EXCLUSIVE" \
	    "$BATS_TEST_TMPDIR/out")" 5
	assert_eq "$(grep -c "^rewrite	1	1	$chunk	" \
	    "$BATS_TEST_TMPDIR/out")" 5
	assert_eq "$(grep "^rows	1	2	$chunk	" "$BATS_TEST_TMPDIR/out" |
	    cut -f 5-)" $'1\t0\t0'
}
