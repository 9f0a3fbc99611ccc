# mig-ls | mig-plan | mig-apply against psql running the same files in the
# order of the tool that they were written for.

load helpers

# compare CONVENTION: psql and ours end with the same schema and rows.
compare() {
	local file expected opt
	cd "$BATS_TEST_TMPDIR" || return 1
	REALISTIC_PG=$MIG_SERVER_MAJOR "$MIG_ROOT/tests/gen/realistic" "$1" d
	# nothing in its files tells a directory of Supabase from a plain one
	opt=
	[ "$1" != supabase ] || opt='-f supabase'
	[ "$(wc -l <d.order)" -ge 50 ]

	new_db psql
	expected=$PGDATABASE
	while read -r file; do
		psql -Xq -v ON_ERROR_STOP=1 -f "$file" >psql.out 2>&1 || {
			cat psql.out
			echo "failed: psql cannot run $file"
			return 1
		}
	done <d.order

	new_db ours
	MIG_TIMEOUT=120 run_pipe 0 "mig-ls $opt d | mig-plan | mig-apply"
	assert_eq "$(schema_of)" "$(schema_of "$expected")" "schema"
	assert_eq "$(rows)" "$(PGDATABASE=$expected rows)" "rows"

	# and again: nothing
	run_pipe 1 "mig-ls $opt d | mig-plan | grep -c ^step"
	assert_eq "$output" 0
	run_pipe 0 "mig-ls $opt d | mig-plan --check"
	run_pipe 0 "diff <(mig-ls $opt -o series,version,name,sha256 d) \
	    <(mig-ls -d -o series,version,name,sha256)"
}

# Every table with its rows, in one digest each.
rows() {
	sql "SELECT format('SELECT %L, count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s t',
	    c.oid::regclass, c.oid::regclass) FROM pg_class c
	    JOIN pg_namespace n ON n.oid = relnamespace
	    WHERE relkind = 'r' AND nspname !~ '^(pg_|information_schema|mig$)'
	    ORDER BY c.oid::regclass::text" |
	    psql -XAtq -v ON_ERROR_STOP=1
}

@test "as psql: plain" { compare plain; }
@test "as psql: flyway" { compare flyway; }
@test "as psql: sqlx" { compare sqlx; }
@test "as psql: golang-migrate" { compare golang-migrate; }
@test "as psql: supabase" { compare supabase; }
@test "as psql: dbmate" { compare dbmate; }
@test "as psql: goose" { compare goose; }
@test "as psql: diesel" { compare diesel; }
@test "as psql: prisma" { compare prisma; }

# up and down: every migration taken back, one after the other, leaves nothing
@test "all the way down and up again" {
	cd "$BATS_TEST_TMPDIR"
	REALISTIC_PG=$MIG_SERVER_MAJOR "$MIG_ROOT/tests/gen/realistic" golang-migrate d
	new_db
	empty=$(schema_of)
	run_pipe 0 'mig-ls d | mig-plan | mig-apply'
	full=$(schema_of)
	n=$(sql 'SELECT count(*) FROM mig.applied')
	run_pipe 0 "mig-ls d | mig-plan --revert $n | mig-apply"
	assert_eq "$(schema_of)" "$empty"
	assert_eq "$(sql 'SELECT count(*) FROM mig.applied')" 0
	run_pipe 0 'mig-ls d | mig-plan | mig-apply'
	assert_eq "$(schema_of)" "$full"
}

# Prisma and others tell equal stamps apart by name; so does the history.
@test "equal versions, where the tool allows them, are applied by name" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p d/20200101000000_b d/20200101000000_a d/20200101000000_a2
	echo 'CREATE TABLE t (a int);' >d/20200101000000_a/migration.sql
	echo 'ALTER TABLE t RENAME TO u;' >d/20200101000000_a2/migration.sql
	echo 'ALTER TABLE u ADD b int;' >d/20200101000000_b/migration.sql
	new_db
	run_pipe 0 'mig-ls d | mig-plan | mig-apply'
	run_pipe 0 'mig-ls d | mig-plan --check'
	assert_eq "$(sql 'SELECT count(*) FROM mig.applied')" 3
	assert_eq "$(sql 'SELECT a, b FROM u')" ''
}
