#!/usr/bin/env bats
# rounds: system 1? 17x 17n tsl
# migrations/messaging: what the finished system does.  003 needs pgvector; the
# other files do not need 003, so all else is tested on a server without it.

load helpers
load systems-messaging

@test "messaging: applying again changes nothing, nor does each file" {
	apply_messaging
	schema_of >"$BATS_TEST_TMPDIR/first"
	apply_dir "$BATS_TEST_TMPDIR/m"
	schema_of | diff "$BATS_TEST_TMPDIR/first" -
	for file in "$BATS_TEST_TMPDIR"/m/*.sql; do
		psql -Xq1 -v ON_ERROR_STOP=1 -f "$file"
		schema_of | diff "$BATS_TEST_TMPDIR/first" -
	done
}

# A server that has it shows that the deploy script goes through.
@test "messaging: its deploy script brings it up, or without pgvector nothing" {
	export SKIP_CONFIRMATION=1
	cd /
	if has_vector; then
		run_mig 0 "$MESSAGING/deploy"
		assert_eq "$stderr" ''
		run_mig 0 bash -c "mig-ls '$MESSAGING' | mig-plan --check"
		schema_of >"$BATS_TEST_TMPDIR/deployed"
		run_mig 0 "$MESSAGING/deploy"
		assert_match "$output" $'exit\t0\t0'
		new_db pipe
		apply_dir "$MESSAGING"
		schema_of | diff "$BATS_TEST_TMPDIR/deployed" -
		return
	fi
	for run in "$MESSAGING/deploy" \
	    "bash -o pipefail -c 'mig-ls $MESSAGING | mig-plan | mig-apply'"; do
		eval "run_mig 5 $run"
		assert_eq "$(grep -c ERROR <<<"$stderr")" 1
		assert_stderr_has 'user memory needs the extension "vector" (pgvector)'
		assert_stderr_has "postgresql-$MIG_SERVER_MAJOR-pgvector"
		assert_eq "$(sql "SELECT count(*) FROM pg_class
		    WHERE relnamespace = 'public'::regnamespace")" 0
	done
	# where 000 was the baseline, the script still makes all or nothing
	psql -Xq -v ON_ERROR_STOP=1 -c 'SET messaging.memory = off' \
	    -f "$MESSAGING/000_initial_schema.sql"
	run_pipe 0 "mig-ls '$MESSAGING' | mig-plan --baseline 0 | mig-apply"
	run_mig 5 "$MESSAGING/deploy"
	assert_stderr_has 'user memory needs the extension "vector" (pgvector)'
	assert_eq "$(sql "SELECT to_regclass('call_logs') IS NULL")" t
	fails_with 0A000 "$(cat "$MESSAGING"/003_*.sql)"
}

@test "messaging: a database of the first version takes it as its baseline" {
	apply_messaging
	schema_of >"$BATS_TEST_TMPDIR/new"
	new_db old
	psql -Xq1 -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/m/000_initial_schema.sql"
	two_users
	refute grep -q idx_users_phone <(schema_of)
	run_pipe 0 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan --baseline 0 | mig-apply"
	# it was counted and not run
	assert_match "$(mig-ls "$BATS_TEST_TMPDIR/m" |
	    mig-plan --status -H -o version,state | head -n 2)" \
	    $'^000\tbaseline\n001\tpending$'
	apply_dir "$BATS_TEST_TMPDIR/m"
	refute_output_has initial_schema
	schema_of | diff "$BATS_TEST_TMPDIR/new" -
	assert_eq "$(sql 'SELECT string_agg(content, $$, $$ ORDER BY id)
	    FROM messages_v2')" 'from ana, from ben'
	run_pipe 0 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan --check"
}

@test "messaging: what the Supabase CLI has migrated is taken over" {
	local file name
	messaging_dir
	sql 'CREATE SCHEMA supabase_migrations;
	    CREATE TABLE supabase_migrations.schema_migrations
	    (version text PRIMARY KEY, statements text[], name text)'
	for file in "$BATS_TEST_TMPDIR"/m/*.sql; do
		name=${file##*/}
		psql -Xq1 -v ON_ERROR_STOP=1 -v file="$(cat "$file")" \
		    -v version="${name%%_*}" -v name="${name#*_}" -f "$file" \
		    -f <(echo "INSERT INTO supabase_migrations.schema_migrations
		    VALUES (:'version', ARRAY[:'file'], :'name')")
	done
	schema_of >"$BATS_TEST_TMPDIR/before"
	run_pipe 0 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan --adopt supabase |
	    mig-apply"
	assert_match "$output" $'done\t1\tadopt\tmain\t000'
	schema_of | diff "$BATS_TEST_TMPDIR/before" -
	run_pipe 0 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan --check"
}

@test "messaging: an auth.uid() that is there is left alone" {
	sql "CREATE SCHEMA auth;
	    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
	    AS \$\$SELECT '$BEN'::uuid\$\$"
	apply_messaging
	assert_eq "$(sql 'SELECT auth.uid()')" "$BEN"
}

@test "messaging: the stand-in for auth.uid() reads either setting" {
	apply_messaging
	assert_eq "$(sql 'SELECT auth.uid() IS NULL')" t
	assert_eq "$(sql "SET request.jwt.claims = '{\"sub\": \"$ANA\"}';
	    SELECT auth.uid()")" "$ANA"
	assert_eq "$(sql "SET request.jwt.claim.sub = '$BEN';
	    SELECT auth.uid()")" "$BEN"
	# after a transaction that set it, it is empty and not absent
	assert_eq "$(sql "SET request.jwt.claims = '';
	    SET request.jwt.claim.sub = ''; SELECT auth.uid() IS NULL")" t
	fails_with 22P02 "SET request.jwt.claims = '{\"sub\": \"ana\"}';
	    SELECT auth.uid()"
}

# A row of Ana's and one of Ben's in every table.
fill_tables() {
	two_users
	sql "INSERT INTO message_reactions (message_id, user_id, emoji)
	    SELECT id, id, 'x' FROM users;
	    INSERT INTO message_statuses (message_id, status, occurred_at)
	    SELECT id, 'read', now() FROM users;
	    INSERT INTO flow_sessions (id, user_id, flow_id, flow_token)
	    SELECT id, id, 'f', id FROM users;
	    INSERT INTO user_locations (id, user_id, latitude, longitude)
	    SELECT id, id, 4.7, -74.1 FROM users;
	    INSERT INTO call_logs (id, user_id, wa_call_id, direction, started_at)
	    SELECT id, id, id, 'inbound', now() FROM users;
	    INSERT INTO ai_usage (user_id, provider, model, cost_usd)
	    SELECT id, 'openai', 'm', 1 FROM users;
	    INSERT INTO scheduled_messages (id, user_id, content, scheduled_for)
	    SELECT id, id, 'c', now() FROM users;
	    SELECT open_messaging_window(id) FROM users;
	    SELECT add_dead_letter('webhook', phone_number, '{}', 'e')
	    FROM users" >"$BATS_TEST_TMPDIR/null"
	! has_vector || sql "INSERT INTO user_memory (user_id, type, content)
	    SELECT id, 'fact', 'c' FROM users"
}

# rights_of ID: for every table, how many rows that user reads, inserts as their
# own, inserts as the other's, changes and deletes; - is none, or refused.
rights_of() {
	local table column columns values own other=$BEN query=
	[ "$1" != "$BEN" ] || other=$ANA
	own=${1:-$ANA}
	while IFS='|' read -r table column columns values; do
		query+="SELECT '$table', attempt('SELECT FROM $table'),
		    attempt(\$\$INSERT INTO $table ($columns)
		    VALUES (${values//U/"'$own'"})\$\$),
		    attempt(\$\$INSERT INTO $table ($columns)
		    VALUES (${values//U/"'$other'"})\$\$),
		    attempt('UPDATE $table SET $column = $column'),
		    attempt('DELETE FROM $table');
		"
	done < <(grep "^$(sql "SELECT string_agg(relname, '|\\|^')
	    FROM pg_class WHERE relnamespace = 'public'::regnamespace
	    AND relkind = 'r'")|" <<-'END'
	users|name|id, phone_number|U, '+12345678'
	conversations|status|user_id|U
	messages_v2|content|conversation_id, direction|U, 'inbound'
	message_reactions|emoji|message_id, user_id, emoji|U, U, 'x'
	message_statuses|status|message_id, status, occurred_at|U, 'sent', now()
	flow_sessions|response|user_id, flow_id, flow_token|U, 'f', 'f'
	user_locations|name|user_id, latitude, longitude|U, 0, 0
	call_logs|ended_at|user_id, wa_call_id, direction, started_at|U, 'c', 'inbound', now()
	user_memory|content|user_id, type, content|U, 'fact', 'c'
	ai_usage|task|user_id, provider, model, cost_usd|U, 'openai', 'm', 0
	scheduled_messages|status|user_id, content, scheduled_for|U, 'c', now()
	messaging_windows|phone_number|user_id, phone_number, window_opened_at, window_expires_at|U, '+1', now(), now() + interval '1 day'
	dead_letter_queue|note|source, message_key, payload, error_message|'s', U, '{}', 'e'
	END
	)
	as_user "$1" "$query"
}

@test "messaging: every table and command, as two users and as nobody" {
	apply_messaging
	fill_tables
	# what it did is undone, and counted
	psql -Xq -v ON_ERROR_STOP=1 <<-'SQL'
	CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql
	AS $$
	DECLARE n bigint;
	BEGIN
		EXECUTE statement;
		GET DIAGNOSTICS n = ROW_COUNT;
		RAISE SQLSTATE 'ZZ001' USING MESSAGE = n;
	EXCEPTION
		WHEN SQLSTATE 'ZZ001' THEN
			RETURN replace(SQLERRM, '0', '-');
		WHEN insufficient_privilege THEN
			RETURN '-';
	END
	$$;
	SQL
	# table, reads, inserts own, inserts the other's, changes, deletes
	rights=$(cat <<-'END'
	users|1|-|-|1|-
	conversations|1|1|-|-|-
	messages_v2|1|1|-|-|-
	message_reactions|1|-|-|-|-
	message_statuses|1|-|-|-|-
	flow_sessions|1|-|-|-|-
	user_locations|1|-|-|-|-
	call_logs|1|-|-|-|-
	user_memory|1|-|-|-|1
	ai_usage|1|-|-|-|-
	scheduled_messages|1|-|-|-|-
	messaging_windows|1|-|-|-|-
	dead_letter_queue|-|-|-|-|-
	END
	)
	has_vector || rights=$(grep -v user_memory <<<"$rights")
	# a table that is not in the list has no test
	assert_eq "$(sql "SELECT relname FROM pg_class
	    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
	    ORDER BY 1")" "$(cut -d'|' -f1 <<<"$rights" | sort)"
	app_role
	assert_eq "$(rights_of "$ANA")" "$rights" 'as ana'
	assert_eq "$(rights_of "$BEN")" "$rights" 'as ben'
	assert_eq "$(rights_of '')" "$(tr 1 - <<<"$rights")" 'as nobody'
	# the grants that the README has are enough for all of it
	new_role readme
	sed -n 's/^    \(GRANT .*\) TO authenticated;/\1/p' "$MESSAGING/README.md" \
	    >"$BATS_TEST_TMPDIR/grants"
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/grants")" 4
	while read -r grant; do
		[[ $grant == *user_memory* ]] && ! has_vector ||
		    sql "$grant TO $ROLE"
	done <"$BATS_TEST_TMPDIR/grants"
	assert_eq "$(rights_of "$ANA")" "$rights" 'with the grants of the README'
}

# Anyone may call a function: it runs with the rights of the caller.
@test "messaging: the backend's functions do nothing for a user" {
	apply_messaging
	fill_tables
	app_role
	digest="SELECT md5(string_agg(r, ',' ORDER BY r)) FROM
	    (SELECT s::text FROM scheduled_messages s
	    UNION ALL SELECT w::text FROM messaging_windows w
	    UNION ALL SELECT d::text FROM dead_letter_queue d) AS t (r)"
	before=$(sql "$digest")
	assert_eq "$(as_user "$ANA" "SELECT (SELECT count(*)
	    FROM claim_scheduled_messages()), (SELECT count(*)
	    FROM claim_dead_letters()), cleanup_dead_letters('-1 day'),
	    finish_scheduled_message('$ANA'), record_proactive_message('$ANA'),
	    record_proactive_message('$BEN')")" '0|0|0|||'
	user_fails_with 42501 "$ANA" "SELECT open_messaging_window('$ANA')"
	user_fails_with 42501 "$ANA" "SELECT add_dead_letter('a', 'b', '{}', 'c')"
	assert_eq "$(as_user "$ANA" "SELECT is_messaging_window_open('$ANA'),
	    is_messaging_window_open('$BEN'), proactive_messages_today('$BEN')")" \
	    't|f|0'
	assert_eq "$(sql "$digest")" "$before"
	assert_eq "$(sql "SELECT count(*) FROM pg_proc
	    WHERE pronamespace = 'public'::regnamespace AND prosecdef
	    AND proname !~ '^ts_'")" 0
}

@test "messaging: each user reads what is theirs" {
	apply_messaging
	fill_tables
	app_role
	# who is known in the rows that they see
	query='SELECT id FROM users UNION SELECT id FROM messages_v2
	    UNION SELECT message_id FROM message_statuses'
	for table in conversations message_reactions flow_sessions user_locations \
	    call_logs ai_usage scheduled_messages messaging_windows; do
		query+=" UNION SELECT user_id FROM $table"
	done
	assert_eq "$(as_user "$ANA" "$query")" "$ANA"
	assert_eq "$(as_user "$BEN" "$query")" "$BEN"
	assert_eq "$(as_user '' "$query")" ''
	assert_eq "$(as_user "$ANA" 'SELECT count(*) FROM dead_letter_queue')" 0
	assert_eq "$(as_user "$ANA" 'SELECT sum(cost_usd)
	    FROM ai_cost_by_provider()')" 1.00000000
	# no table was forgotten
	assert_eq "$(sql "SELECT string_agg(relname, ' ') FROM pg_class
	    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
	    AND NOT relrowsecurity")" ''
}

@test "messaging: each user writes what is theirs, and no more" {
	apply_messaging
	two_users
	app_role
	as_user "$ANA" "UPDATE users SET name = 'new'"
	assert_eq "$(sql 'SELECT name FROM users ORDER BY id')" 'new
ben'
	user_fails_with 42501 "$ANA" "UPDATE users SET id = gen_random_uuid()"
	as_user "$ANA" "INSERT INTO conversations (user_id) VALUES ('$ANA')"
	user_fails_with 42501 "$ANA" \
	    "INSERT INTO conversations (user_id) VALUES ('$BEN')"
	insert='INSERT INTO messages_v2 (conversation_id, direction) VALUES'
	as_user "$ANA" "$insert ('$ANA', 'inbound')"
	user_fails_with 42501 "$ANA" "$insert ('$BEN', 'inbound')"
	user_fails_with 42501 "$ANA" "$insert ('$ANA', 'outbound')"
	user_fails_with 42501 '' "$insert ('$ANA', 'inbound')"
	user_fails_with 42501 "$ANA" \
	    "INSERT INTO ai_usage (user_id, provider, model, cost_usd)
	    VALUES ('$ANA', 'openai', 'm', 0)"
	as_user "$ANA" 'DELETE FROM users; DELETE FROM messages_v2'
	assert_eq "$(sql 'SELECT (SELECT count(*) FROM users),
	    (SELECT count(*) FROM messages_v2)')" '2|3'
}

@test "messaging: a policy that let everybody in is gone" {
	sql 'CREATE TABLE users (id uuid PRIMARY KEY, phone_number text NOT NULL,
	    updated_at timestamptz);
	    CREATE POLICY "allow_all_users" ON users USING (true)'
	apply_messaging
	sql "INSERT INTO users VALUES ('$ANA', '+573001112233'),
	    ('$BEN', '+573004445566')"
	app_role
	assert_eq "$(as_user "$ANA" 'SELECT id FROM users')" "$ANA"
}

@test "messaging: policies ask auth.uid() once a query" {
	apply_messaging
	two_users
	app_role
	sql "INSERT INTO users (phone_number)
	    SELECT '+5731' || 10000000 + i FROM generate_series(1, 500) AS i;
	    INSERT INTO conversations (user_id) SELECT id FROM users;
	    CREATE SEQUENCE asked; GRANT USAGE ON asked TO PUBLIC;
	    CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid
	    LANGUAGE sql STABLE AS \$\$SELECT '$ANA'::uuid FROM
	    (SELECT nextval('public.asked')) AS n\$\$"
	assert_eq "$(as_user "$ANA" 'SET enable_indexscan = off;
	    SET enable_bitmapscan = off;
	    SELECT count(*) FROM conversations')" 2
	assert_eq "$(sql 'SELECT last_value FROM asked')" 1
	assert_match "$(as_user "$ANA" 'SET enable_seqscan = off;
	    EXPLAIN SELECT * FROM conversations')" \
	    idx_conversations_userid_btree
	assert_eq "$(sql "SELECT string_agg(policyname, ' ') FROM pg_policies
	    WHERE schemaname = 'public' AND regexp_replace(concat(qual, with_check),
	    'SELECT auth\.uid\(\)', '', 'g') ~ 'auth\.uid'")" ''
}

@test "messaging: phone numbers are E.164" {
	apply_messaging
	while read -r number; do
		fails_with 23514 "INSERT INTO users (phone_number)
		    VALUES ('$number')"
	done <<-'END'
	573001112233
	+073001112233
	+5730011
	+5730011122334455
	+57300111223a
	+57300+112233
	END
	fails_with 23502 'INSERT INTO users (name) VALUES (1)'
	sql "INSERT INTO users (phone_number) VALUES ('+12345678'),
	    ('+123456789012345')"
	fails_with 23505 "INSERT INTO users (phone_number) VALUES ('+12345678')"
}

# The team's page has it that a BEFORE trigger comes too early for constraints.
@test "messaging: the constraint judges what the BEFORE trigger made" {
	apply_messaging
	sql "INSERT INTO users (phone_number) VALUES ('+57 (300) 111-22.33')"
	assert_eq "$(sql 'SELECT phone_number FROM users')" +573001112233
	fails_with 23505 "INSERT INTO users (phone_number)
	    VALUES ('+57 300 1112233')"
	sql "UPDATE users SET phone_number = '+57 300 999 88 77'"
	assert_eq "$(sql 'SELECT phone_number FROM users')" +573009998877
	fails_with 23514 "UPDATE users SET phone_number = '300 111 2233'"
	# after the row, as the page would have it, it is too late
	fails_with 23514 "BEGIN; DROP TRIGGER t_users_normalize_phone ON users;
	    CREATE TRIGGER t_users_normalize_phone AFTER INSERT ON users
	    FOR EACH ROW EXECUTE FUNCTION normalize_phone_number();
	    INSERT INTO users (phone_number) VALUES ('+57 300 444 55 66')"
	# and what a BEFORE trigger spoils is refused
	fails_with 23514 "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
	    AS \$\$BEGIN NEW.phone_number := 'x'; RETURN NEW; END\$\$;
	    CREATE TRIGGER t_users_spoil BEFORE INSERT ON users
	    FOR EACH ROW EXECUTE FUNCTION spoil();
	    INSERT INTO users (phone_number) VALUES ('+573004445566')"
}

@test "messaging: message types, first and later ones" {
	apply_messaging
	two_users
	# the query of the team's page
	assert_eq "$(sql "SELECT enumlabel FROM pg_enum
	    WHERE enumtypid = 'msg_type'::regtype ORDER BY enumsortorder" |
	    tr '\n' ' ')" 'text image audio video sticker reaction order '
	sql "INSERT INTO messages_v2 (conversation_id, direction, type)
	    SELECT '$ANA', 'outbound', t
	    FROM unnest(enum_range('sticker'::msg_type, 'order')) AS t"
	fails_with 22P02 "SELECT 'voice'::msg_type"
	fails_with 23505 "INSERT INTO messages_v2
	    (conversation_id, direction, wa_message_id)
	    SELECT id, 'inbound', 'wamid.1' FROM conversations"
}

@test "messaging: rows of 002 that cannot be are refused" {
	apply_messaging
	two_users
	fails_with 23514 "INSERT INTO user_locations (user_id, latitude, longitude)
	    VALUES ('$ANA', 91, 0)"
	fails_with 23514 "INSERT INTO user_locations (user_id, latitude, longitude)
	    VALUES ('$ANA', 0, -181)"
	fails_with 23514 "INSERT INTO call_logs
	    (user_id, wa_call_id, direction, started_at, ended_at)
	    VALUES ('$ANA', 'c', 'inbound', now(), now() - interval '1 s')"
	fails_with 23505 "INSERT INTO message_reactions (message_id, user_id, emoji)
	    VALUES ('$ANA', '$BEN', 'a'), ('$ANA', '$BEN', 'b')"
}

@test "messaging: deleting a user takes all but the bill" {
	apply_messaging
	two_users
	sql "INSERT INTO ai_usage (user_id, conversation_id, provider, model,
	    cost_usd) VALUES ('$ANA', '$ANA', 'openai', 'm', 2);
	    SELECT open_messaging_window('$ANA');
	    INSERT INTO scheduled_messages (user_id, content, scheduled_for)
	    VALUES ('$ANA', 'c', now());
	    DELETE FROM users WHERE id = '$ANA'"
	assert_eq "$(sql 'SELECT (SELECT count(*) FROM conversations),
	    (SELECT count(*) FROM messages_v2),
	    (SELECT count(*) FROM messaging_windows),
	    (SELECT count(*) FROM scheduled_messages)')" '1|1|0|0'
	assert_eq "$(sql 'SELECT user_id IS NULL, conversation_id IS NULL, cost_usd
	    FROM ai_usage')" 't|t|2.00000000'
}

@test "messaging: cost a provider and Bogotá day" {
	apply_messaging
	two_users
	# Bogotá is five hours behind: 04:59 UTC is still the day before
	sql "INSERT INTO ai_usage (user_id, provider, model, input_tokens,
	    output_tokens, cost_usd, succeeded, created_at) VALUES
	    ('$ANA', 'openai', 'a', 100, 10, 0.002, true, '2025-10-02 04:59:59Z'),
	    ('$ANA', 'openai', 'a', 200, 20, 0.004, true, '2025-10-02 05:00:00Z'),
	    ('$BEN', 'openai', 'b', 300, 30, 0.00000001, false,
	    '2025-10-03 04:59:59Z'),
	    ('$BEN', 'anthropic', 'c', 7, 1, 0.5, true, '2025-10-02 12:00:00Z'),
	    (NULL, 'google', 'd', 1, 1, 9, true, '2025-10-03 05:00:00Z')"
	assert_eq "$(sql 'SELECT * FROM ai_cost_by_provider()')" \
	    '2025-10-01|openai|1|0|100|10|0.00200000
2025-10-02|anthropic|1|0|7|1|0.50000000
2025-10-02|openai|2|1|500|50|0.00400001
2025-10-03|google|1|0|1|1|9.00000000'
	assert_eq "$(sql "SELECT day, provider, cost_usd
	    FROM ai_cost_by_provider('2025-10-02', '2025-10-02')")" \
	    '2025-10-02|anthropic|0.50000000
2025-10-02|openai|0.00400001'
	assert_eq "$(sql "SELECT sum(calls)
	    FROM ai_cost_by_provider(p_until => '2025-10-01')")" 1
	insert='INSERT INTO ai_usage (provider, model, cost_usd) VALUES'
	fails_with 23514 "$insert ('OpenAI', 'a', 1)"
	fails_with 23514 "$insert ('openai', 'a', -1)"
}

@test "messaging: a scheduled message goes to one worker" {
	apply_messaging
	two_users
	sql "INSERT INTO scheduled_messages (user_id, content, scheduled_for) VALUES
	    ('$ANA', 'second', now() - interval '1 min'),
	    ('$ANA', 'first', now() - interval '2 min'),
	    ('$ANA', 'later', now() + interval '1 hour')"
	# one worker in its transaction, another beside it
	background psql -XAtq -c "SELECT content FROM claim_scheduled_messages(1);
	    SELECT pg_sleep(60)"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'" 1
	assert_eq "$(sql "SET lock_timeout = '2s';
	    SELECT content, status, attempts FROM claim_scheduled_messages()")" \
	    'second|sending|1'
	assert_eq "$(sql 'SELECT count(*) FROM claim_scheduled_messages()')" 0
	assert_eq "$(sql "SELECT finish_scheduled_message(id)
	    FROM scheduled_messages WHERE content = 'second'")" sent
	assert_eq "$(sql "SELECT status, sent_at IS NOT NULL, claimed_at IS NULL
	    FROM scheduled_messages WHERE content = 'second'")" 'sent|t|t'
	# done once
	assert_eq "$(sql "SELECT finish_scheduled_message(id) IS NULL
	    FROM scheduled_messages WHERE content = 'second'")" t
	# the first worker is lost, and its claim with its transaction
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'"
	wait_for "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = current_database() AND wait_event = 'PgSleep'" 0
	assert_eq "$(sql 'SELECT content FROM claim_scheduled_messages()')" first
}

@test "messaging: a scheduled message is tried again, then a dead letter" {
	apply_messaging
	two_users
	sql "INSERT INTO scheduled_messages (id, user_id, content, scheduled_for)
	    VALUES ('$ANA', '$ANA', 'hello', now())"
	due="UPDATE scheduled_messages SET scheduled_for = now()"
	claim='SELECT attempts FROM claim_scheduled_messages()'
	wait="SELECT round(extract(epoch FROM scheduled_for - now()) / 60)
	    FROM scheduled_messages"
	assert_eq "$(sql "$claim")" 1
	assert_eq "$(sql "SELECT finish_scheduled_message('$ANA', 'e1')")" pending
	assert_eq "$(sql "$wait")" 1
	assert_eq "$(sql "$claim")" ''
	assert_eq "$(sql "$due; $claim")" 2
	assert_eq "$(sql "SELECT finish_scheduled_message('$ANA', 'e2')")" pending
	assert_eq "$(sql "$wait")" 2
	assert_eq "$(sql 'SELECT count(*) FROM dead_letter_queue')" 0
	# lost in the last attempt: not sent a fourth time
	assert_eq "$(sql "$due; $claim")" 3
	assert_eq "$(sql "UPDATE scheduled_messages
	    SET claimed_at = now() - interval '9 minutes'; $claim")" ''
	assert_eq "$(sql "SELECT status FROM scheduled_messages")" sending
	assert_eq "$(sql "UPDATE scheduled_messages
	    SET claimed_at = now() - interval '11 minutes'; $claim")" ''
	assert_eq "$(sql 'SELECT status FROM scheduled_messages')" failed
	assert_eq "$(sql "SELECT source, message_key, payload ->> 'content',
	    error_message, next_retry_at IS NULL FROM dead_letter_queue")" \
	    "scheduled_message|$ANA|hello|the worker was lost in the last attempt|t"
	# lost before the last one: sent again
	sql "INSERT INTO scheduled_messages (id, user_id, content, scheduled_for)
	    VALUES ('$BEN', '$BEN', 'x', now())"
	sql "$claim" >"$BATS_TEST_TMPDIR/null"
	assert_eq "$(sql "UPDATE scheduled_messages
	    SET claimed_at = now() - interval '11 minutes' WHERE id = '$BEN';
	    $claim")" 2
	fails_with 23514 "UPDATE scheduled_messages SET status = 'sent'"
	fails_with 23514 "UPDATE scheduled_messages SET status = 'lost'"
}

@test "messaging: a window is open for 24 hours" {
	apply_messaging
	two_users
	open="SELECT is_messaging_window_open('$ANA',"
	assert_eq "$(sql "$open now())")" f
	sql "SELECT open_messaging_window('$ANA', '2025-10-01 12:00Z')"
	assert_eq "$(sql "$open '2025-10-01 11:59:59Z')")" f
	assert_eq "$(sql "$open '2025-10-01 12:00Z')")" t
	assert_eq "$(sql "$open '2025-10-02 11:59:59Z')")" t
	assert_eq "$(sql "$open '2025-10-02 12:00Z')")" f
	sql "SELECT open_messaging_window('$ANA', '2025-10-02 11:00Z')"
	assert_eq "$(sql "$open '2025-10-03 10:59:59Z')")" t
	# a webhook that comes late
	sql "SELECT open_messaging_window('$ANA', '2025-10-01 13:00Z')"
	assert_eq "$(sql "$open '2025-10-03 10:59:59Z')")" t
	assert_eq "$(sql "SELECT user_id, phone_number,
	    window_expires_at AT TIME ZONE 'UTC' FROM messaging_windows")" \
	    "$ANA|+573001112233|2025-10-03 11:00:00"
	assert_eq "$(sql "SELECT open_messaging_window(gen_random_uuid())
	    IS NULL")" t
	fails_with 23514 'UPDATE messaging_windows
	    SET window_expires_at = window_opened_at'
}

# A day of Bogotá begins at 05:00 UTC.
@test "messaging: the daily count begins again at midnight in Bogotá" {
	apply_messaging
	two_users
	# a time of today, and one each on either side of the midnight before
	sql "SELECT open_messaging_window('$ANA');
	    CREATE VIEW at AS SELECT midnight, midnight - interval '1 s' AS before
	    FROM (SELECT date_trunc('day', now() AT TIME ZONE 'America/Bogota')
	    AT TIME ZONE 'America/Bogota' AS midnight) AS m"
	row='SELECT proactive_messages_sent_today FROM messaging_windows'
	set="UPDATE messaging_windows SET proactive_messages_sent_today = 0,
	    last_proactive_sent_at = NULL;
	    UPDATE messaging_windows SET proactive_messages_sent_today = 4,
	    last_proactive_sent_at"
	touch='UPDATE messaging_windows SET window_expires_at = window_expires_at'
	# any write shows it, on the day that ended and on the one that goes on
	assert_eq "$(sql "$set = before FROM at; $row; $touch; $row")" '4
0'
	assert_eq "$(sql "$set = midnight FROM at; $row; $touch; $row")" '4
4'
	# the statement that the application sends: the first of a day is 1
	count='UPDATE messaging_windows SET proactive_messages_sent_today =
	    proactive_messages_sent_today + 1, last_proactive_sent_at = now()'
	assert_eq "$(sql "$set = before FROM at; $count; $row; $count; $row")" '1
2'
	assert_eq "$(sql "$set = midnight FROM at; $count; $row")" 5
	# the same, of an application that counts by itself
	assert_eq "$(sql "$set = before FROM at; ${count/+ 1/- 3}; $row")" 1
	assert_eq "$(sql "$set = before FROM at; ${count/+ 1/- 0}; $row")" 1
	# and one that touches the row before it counts
	assert_eq "$(sql "$set = before FROM at; $touch; $count; $row")" 1
	# a read before any write
	today="SELECT proactive_messages_today('$ANA')"
	assert_eq "$(sql "$set = before FROM at; $today")" 0
	assert_eq "$(sql "$set = midnight FROM at; $today")" 4
	fails_with 23514 'UPDATE messaging_windows
	    SET proactive_messages_sent_today = -1'
}

@test "messaging: proactive messages are counted by their day" {
	apply_messaging
	two_users
	record="SELECT record_proactive_message('$ANA',"
	assert_eq "$(sql "$record now()) IS NULL")" t
	sql "SELECT open_messaging_window('$ANA')"
	assert_eq "$(sql "$record '2099-03-01 23:00Z')")" 1
	assert_eq "$(sql "$record '2099-03-02 00:30Z')")" 2
	assert_eq "$(sql "$record '2099-03-02 04:59:59Z')")" 3
	assert_eq "$(sql "$record '2099-03-02 05:00Z')")" 1
	assert_eq "$(sql "$record '2099-03-02 23:59Z')")" 2
	# reported late: a message of the day before does not count for this one
	sql "$record '2099-03-02 04:00Z')"
	today="SELECT proactive_messages_today('$ANA',"
	assert_eq "$(sql "$today '2099-03-03 04:59Z')")" 2
	assert_eq "$(sql "$today '2099-03-03 05:00Z')")" 0
	assert_eq "$(sql "$today '2099-03-02 04:00Z')")" 0
	# late within the day
	assert_eq "$(sql "$record '2099-03-02 06:00Z')")" 3
	assert_eq "$(sql "SELECT last_proactive_sent_at AT TIME ZONE 'UTC'
	    FROM messaging_windows")" '2099-03-02 23:59:00'
	assert_eq "$(sql "$record '2099-03-04 00:00Z')")" 1
}

@test "messaging: dead letters" {
	apply_messaging
	add="SELECT add_dead_letter('webhook', 'wamid.1', '{\"n\": 1}', 'timeout')"
	wait="SELECT failures, round(extract(epoch
	    FROM next_retry_at - last_failed_at) / 60) FROM dead_letter_queue"
	id=$(sql "$add")
	assert_eq "$(sql "$wait")" '1|1'
	assert_eq "$(sql "SELECT id = '$id' FROM
	    (SELECT add_dead_letter('webhook', 'wamid.1', '{\"n\": 2}', 'again'))
	    AS r (id)")" t
	assert_eq "$(sql "$wait")" '2|2'
	assert_eq "$(sql 'SELECT payload, error_message
	    FROM dead_letter_queue')" '{"n": 2}|again'
	# not due, due and claimed, claimed by nobody else
	claim='SELECT message_key FROM claim_dead_letters()'
	assert_eq "$(sql "$claim")" ''
	sql 'UPDATE dead_letter_queue SET next_retry_at = now()'
	assert_eq "$(sql "$claim")" wamid.1
	assert_eq "$(sql "$claim")" ''
	# the lease of one that died is over
	assert_eq "$(sql "UPDATE dead_letter_queue
	    SET next_retry_at = next_retry_at - interval '10 minutes';
	    $claim")" wamid.1
	# the ninth failure is the last that is tried again by itself
	for _ in 3 4 5 6 7 8 9; do
		sql "$add"
	done
	assert_eq "$(sql "$wait")" '9|256'
	sql "$add"
	assert_eq "$(sql "$wait")" '10|'
	assert_eq "$(sql "SELECT close_dead_letter('$id', 'discarded', 'spam'),
	    close_dead_letter(gen_random_uuid())")" 't|f'
	assert_eq "$(sql "SELECT close_dead_letter('$id')")" f
	assert_eq "$(sql 'SELECT status, note, closed_at IS NOT NULL
	    FROM dead_letter_queue')" 'discarded|spam|t'
	fails_with 23514 "UPDATE dead_letter_queue SET status = 'pending'"
	# it fails anew: another letter, and the old one goes in its time
	sql "$add; UPDATE dead_letter_queue SET closed_at = now()
	    - interval '31 days' WHERE id = '$id'"
	assert_eq "$(sql 'SELECT cleanup_dead_letters()')" 1
	assert_eq "$(sql "SELECT status, failures FROM dead_letter_queue")" \
	    'pending|1'
	assert_eq "$(sql "SELECT cleanup_dead_letters('0')")" 0
}

@test "messaging: the statements of the team's page run" {
	apply_messaging
	two_users
	schema_of >"$BATS_TEST_TMPDIR/before"
	run_mig 0 psql -XAt -v ON_ERROR_STOP=1 <<-'SQL'
	-- safety checks
	SELECT * FROM information_schema.tables
	WHERE table_schema = 'public' AND table_name = 'users';
	SELECT column_name, data_type FROM information_schema.columns
	WHERE table_schema = 'public' AND table_name = 'users';
	SELECT * FROM pg_indexes
	WHERE schemaname = 'public' AND tablename = 'users';
	SELECT enumlabel FROM pg_enum WHERE enumtypid = 'msg_type'::regtype;
	-- what its principles have as good
	ALTER TABLE users ADD COLUMN IF NOT EXISTS preferences JSONB;
	DO $$ BEGIN
	CREATE TYPE msg_type AS ENUM ('text', 'image', 'audio', 'video');
	EXCEPTION WHEN duplicate_object THEN NULL; END $$;
	ALTER TYPE msg_type ADD VALUE IF NOT EXISTS 'sticker';
	ALTER TYPE msg_type ADD VALUE IF NOT EXISTS 'reaction';
	ALTER TABLE users DROP CONSTRAINT IF EXISTS chk_phone_e164;
	ALTER TABLE users ADD CONSTRAINT chk_phone_e164
	CHECK (phone_number ~ '^[+][1-9][0-9]{7,14}$');
	-- migrations 001 and 006
	CREATE INDEX IF NOT EXISTS idx_users_phone_btree
	ON public.users USING btree (phone_number);
	CREATE INDEX IF NOT EXISTS idx_conversations_userid_btree
	ON public.conversations USING btree (user_id);
	DROP POLICY IF EXISTS "users_select_own" ON public.users;
	CREATE POLICY "users_select_own" ON public.users FOR SELECT
	USING (id = (SELECT auth.uid()));
	ALTER TYPE msg_type ADD VALUE IF NOT EXISTS 'order';
	-- maintenance
	SELECT schemaname, relname, last_autovacuum, last_autoanalyze
	FROM pg_stat_user_tables WHERE schemaname = 'public';
	VACUUM ANALYZE users;
	VACUUM ANALYZE messages_v2;
	REINDEX INDEX idx_users_phone_btree;
	REINDEX TABLE messages_v2;
	ANALYZE users;
	ANALYZE messages_v2;
	SQL
	assert_output_has 'phone_number|text'
	assert_output_has 'public|users|idx_users_phone_btree'
	assert_output_has $'video\nsticker\nreaction\norder'
	assert_output_has 'public|messages_v2||'
	# it is what stands here already
	schema_of | diff "$BATS_TEST_TMPDIR/before" -
	# REINDEX DATABASE takes the name of the one that is connected to
	sql "REINDEX DATABASE $PGDATABASE"
	# what it has as bad does fail, and for the reason that it gives
	fails_with 42P07 'CREATE TABLE users ()'
	fails_with 42P07 'CREATE INDEX idx_users_phone_btree ON users (phone_number)'
	fails_with 42701 'ALTER TABLE users ADD COLUMN preferences JSONB'
	# until 16 it is no syntax, from 17 on it is one without a meaning
	run_mig 1 psql -X -v VERBOSITY=sqlstate -c \
	    "ALTER TYPE msg_type DROP VALUE 'voice'"
	assert_match "$stderr" 'ERROR:  (42601|0A000)'
	fails_with 42883 'CREATE TRIGGER t BEFORE UPDATE ON users
	    FOR EACH ROW EXECUTE FUNCTION not_made_yet()'
	# the reverse of a column, and the way back
	sql 'ALTER TABLE users DROP COLUMN IF EXISTS preferences'
	psql -Xq1 -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/m/000_initial_schema.sql"
	assert_eq "$(sql "SELECT count(*) FROM information_schema.columns
	    WHERE table_name = 'users' AND column_name = 'preferences'")" 0
	sql 'ALTER TABLE users ADD COLUMN IF NOT EXISTS preferences JSONB'
	# it gives the messaging windows no last_proactive_sent_at
	assert_eq "$(sql "SELECT column_name FROM information_schema.columns
	    WHERE table_schema = 'public' AND table_name = 'messaging_windows'
	    AND column_name LIKE '%proactive%' ORDER BY 1")" \
	    'last_proactive_sent_at
proactive_messages_sent_today'
}

# The page has it that most DDL commits by itself.
@test "messaging: ROLLBACK takes a table back" {
	apply_messaging
	sql 'BEGIN; CREATE TABLE test (id int); ROLLBACK'
	assert_eq "$(sql "SELECT to_regclass('test') IS NULL")" t
	# so does a migration that fails after it
	echo 'CREATE TABLE test (id int); SELECT 1 / 0' \
	    >"$BATS_TEST_TMPDIR/m/20251101_bad.sql"
	run_pipe 5 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan | mig-apply"
	assert_eq "$(sql "SELECT to_regclass('test') IS NULL")" t
}

# The page's way leaves out the default of the column, and all other tables.
@test "messaging: a value is taken out of the enum by making it anew" {
	apply_messaging
	two_users
	fails_with 42804 "BEGIN; ALTER TYPE msg_type RENAME TO msg_type_old;
	    CREATE TYPE msg_type AS ENUM ('text', 'image', 'audio', 'video');
	    ALTER TABLE messages_v2 ALTER COLUMN type TYPE msg_type
	    USING type::TEXT::msg_type"
	sql "$(sed -n 's/^    //p' "$MESSAGING/README.md" |
	    sed -n '/^BEGIN;$/,/^COMMIT;$/p')"
	assert_eq "$(sql 'SELECT enum_range(NULL::msg_type)')" \
	    '{text,image,audio,video,sticker,reaction}'
	sql "INSERT INTO messages_v2 (conversation_id, direction)
	    VALUES ('$ANA', 'inbound');
	    INSERT INTO scheduled_messages (user_id, content, scheduled_for)
	    VALUES ('$ANA', 'c', now())"
	assert_eq "$(sql 'SELECT DISTINCT type FROM messages_v2')" text
	assert_eq "$(sql "SELECT to_regtype('msg_type_old') IS NULL")" t
}

# pg_dump > backup.sql; psql < backup.sql
@test "messaging: a dump is restored as it was" {
	apply_messaging
	fill_tables
	local client from=$PGDATABASE
	client=$(pg_dump --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
	if [ "$client" -lt "$MIG_SERVER_MAJOR" ]; then
		# no client programs of this version: such a one refuses
		run_mig 1 pg_dump
		assert_stderr_has 'version mismatch'
		return
	fi
	# a condition that was parsed once more has fewer brackets
	schema_of | tr -d '()' >"$BATS_TEST_TMPDIR/before"
	pg_dump >"$BATS_TEST_TMPDIR/backup.sql"
	new_db copy
	psql -Xq -v ON_ERROR_STOP=1 -f "$BATS_TEST_TMPDIR/backup.sql" \
	    >"$BATS_TEST_TMPDIR/null"
	schema_of | tr -d '()' | diff "$BATS_TEST_TMPDIR/before" -
	for table in users ai_usage dead_letter_queue messaging_windows; do
		assert_eq "$(sql "TABLE $table")" "$(sql "TABLE $table" -d "$from")"
	done
	run_pipe 0 "mig-ls '$BATS_TEST_TMPDIR/m' | mig-plan --check"
}
