# shellcheck shell=bash
# What the tests of migrations/messaging share: `load systems-messaging` after
# `load helpers`.

MESSAGING=$BATS_TEST_DIRNAME/../migrations/messaging
ANA=00000000-0000-0000-0000-00000000000a
BEN=00000000-0000-0000-0000-00000000000b

setup() {
	new_db
}

apply_dir() {
	run_pipe 0 "mig-ls '$1' | mig-plan | mig-apply"
}

has_vector() {
	[ "$(sql "SELECT count(*) FROM pg_available_extensions
	    WHERE name = 'vector'")" = 1 ]
}

# All that this server can have, in folder m.
messaging_dir() {
	mkdir -p "$BATS_TEST_TMPDIR/m"
	cp "$MESSAGING"/*.sql "$BATS_TEST_TMPDIR/m"
	has_vector || {
		rm "$BATS_TEST_TMPDIR"/m/003_*
		export PGOPTIONS='-c messaging.memory=off'
	}
}

apply_messaging() {
	messaging_dir
	apply_dir "$BATS_TEST_TMPDIR/m"
}

# Two users with a conversation each, of a message each.
two_users() {
	sql "INSERT INTO users (id, phone_number, name) VALUES
	    ('$ANA', '+573001112233', 'ana'), ('$BEN', '+573004445566', 'ben');
	    INSERT INTO conversations (id, user_id) VALUES
	    ('$ANA', '$ANA'), ('$BEN', '$BEN');
	    INSERT INTO messages_v2 (id, conversation_id, direction, content) VALUES
	    ('$ANA', '$ANA', 'inbound', 'from ana'),
	    ('$BEN', '$BEN', 'inbound', 'from ben')"
}

# A role for end users; it may do anything that row security does not forbid.
app_role() {
	new_role app
	sql "GRANT SELECT, INSERT, UPDATE, DELETE
	    ON ALL TABLES IN SCHEMA public TO $ROLE"
}

# as_user ID SQL [PSQL-OPTION...]: with the claims of that user, '' for nobody.
as_user() {
	local claims=
	[ -z "$1" ] || claims="{\"sub\": \"$1\", \"role\": \"authenticated\"}"
	psql -XAtq -v ON_ERROR_STOP=1 "${@:3}" <<-END
	SET ROLE $ROLE;
	SET request.jwt.claims = '$claims';
	$2;
	END
}

# It must fail with that SQLSTATE.
fails_with() {
	run_mig 1 psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2"
	assert_stderr_has "ERROR:  $1"
}

user_fails_with() {
	refute as_user "$2" "$3" -v VERBOSITY=sqlstate \
	    2>"$BATS_TEST_TMPDIR/err"
	assert_match "$(cat "$BATS_TEST_TMPDIR/err")" "ERROR:  $1"
}
