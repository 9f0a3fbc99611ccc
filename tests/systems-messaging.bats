#!/usr/bin/env bats
# rounds: system 1? 17x 17n tsl
# migrations/messaging: what the finished system does.  003 needs pgvector; the
# other files do not need 003, so all else is tested on a server without it.

load helpers

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

# All that this server can have.
apply_messaging() {
	mkdir -p "$BATS_TEST_TMPDIR/m"
	cp "$MESSAGING"/*.sql "$BATS_TEST_TMPDIR/m"
	has_vector || rm "$BATS_TEST_TMPDIR"/m/003_*
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

@test "messaging: without pgvector one clear error, and 003 leaves nothing" {
	! has_vector || skip 'this server has pgvector'
	run_pipe 5 "mig-ls '$MESSAGING' | mig-plan | mig-apply"
	assert_stderr_has 'user memory needs the extension "vector" (pgvector)'
	assert_stderr_has "postgresql-$MIG_SERVER_MAJOR-pgvector"
	assert_eq "$(sql "SELECT to_regclass('public.call_logs') IS NOT NULL,
	    to_regclass('public.user_memory'), to_regclass('public.ai_usage')")" \
	    't||'
	fails_with 0A000 "$(cat "$MESSAGING"/003_*.sql)"
}

@test "messaging: an auth.uid() that is there is left alone" {
	sql "CREATE SCHEMA auth;
	    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
	    AS \$\$SELECT '$BEN'::uuid\$\$"
	apply_messaging
	assert_eq "$(sql 'SELECT auth.uid()')" $BEN
}

@test "messaging: the stand-in for auth.uid() reads either setting" {
	apply_messaging
	assert_eq "$(sql 'SELECT auth.uid() IS NULL')" t
	assert_eq "$(sql "SET request.jwt.claims = '{\"sub\": \"$ANA\"}';
	    SELECT auth.uid()")" $ANA
	assert_eq "$(sql "SET request.jwt.claim.sub = '$BEN';
	    SELECT auth.uid()")" $BEN
	# after a transaction that set it, it is empty and not absent
	assert_eq "$(sql "SET request.jwt.claims = '';
	    SET request.jwt.claim.sub = ''; SELECT auth.uid() IS NULL")" t
	fails_with 22P02 "SET request.jwt.claims = '{\"sub\": \"ana\"}';
	    SELECT auth.uid()"
}

@test "messaging: each user reads what is theirs" {
	apply_messaging
	two_users
	app_role
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
	while IFS='|' read -r table key; do
		for id in $ANA $BEN; do
			assert_eq "$(as_user "$id" "SELECT $key FROM $table")" \
			    "$id" "$table as $id"
		done
		assert_eq "$(as_user '' "SELECT count(*) FROM $table")" 0 \
		    "$table as nobody"
	done <<-'END'
	users|id
	conversations|user_id
	messages_v2|id
	message_reactions|user_id
	message_statuses|message_id
	flow_sessions|user_id
	user_locations|user_id
	call_logs|user_id
	ai_usage|user_id
	scheduled_messages|user_id
	messaging_windows|user_id
	END
	assert_eq "$(as_user $ANA 'SELECT count(*) FROM dead_letter_queue')" 0
	assert_eq "$(as_user $ANA 'SELECT sum(cost_usd)
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
	as_user $ANA "UPDATE users SET name = 'new'"
	assert_eq "$(sql 'SELECT name FROM users ORDER BY id')" 'new
ben'
	user_fails_with 42501 $ANA "UPDATE users SET id = gen_random_uuid()"
	as_user $ANA "INSERT INTO conversations (user_id) VALUES ('$ANA')"
	user_fails_with 42501 $ANA \
	    "INSERT INTO conversations (user_id) VALUES ('$BEN')"
	insert='INSERT INTO messages_v2 (conversation_id, direction) VALUES'
	as_user $ANA "$insert ('$ANA', 'inbound')"
	user_fails_with 42501 $ANA "$insert ('$BEN', 'inbound')"
	user_fails_with 42501 $ANA "$insert ('$ANA', 'outbound')"
	user_fails_with 42501 '' "$insert ('$ANA', 'inbound')"
	user_fails_with 42501 $ANA \
	    "INSERT INTO ai_usage (user_id, provider, model, cost_usd)
	    VALUES ('$ANA', 'openai', 'm', 0)"
	as_user $ANA 'DELETE FROM users; DELETE FROM messages_v2'
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
	assert_eq "$(as_user $ANA 'SELECT id FROM users')" $ANA
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
	assert_eq "$(as_user $ANA 'SET enable_indexscan = off;
	    SET enable_bitmapscan = off;
	    SELECT count(*) FROM conversations')" 2
	assert_eq "$(sql 'SELECT last_value FROM asked')" 1
	assert_match "$(as_user $ANA 'SET enable_seqscan = off;
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

@test "messaging: memories are found nearest first" {
	need_extension vector
	apply_messaging
	two_users
	app_role
	# unit vectors in the plane of the first two dimensions, by angle
	sql "CREATE FUNCTION at(degrees float) RETURNS vector LANGUAGE sql AS
	    \$\$SELECT (array[cosd(degrees), sind(degrees)]
	    || array_fill(0::float, array[1534]))::real[]::vector\$\$;
	    INSERT INTO user_memory (user_id, type, content, embedding) VALUES
	    ('$ANA', 'fact', 'east', at(0)), ('$ANA', 'fact', 'north', at(90)),
	    ('$ANA', 'preference', 'northeast', at(40)),
	    ('$ANA', 'conversation', 'west', at(180)),
	    ('$ANA', 'fact', 'not yet', NULL), ('$BEN', 'fact', 'ben', at(10))"
	assert_eq "$(sql "SELECT content, round(similarity::numeric, 2)
	    FROM search_user_memory('$ANA', at(10), 2)")" 'east|0.98
northeast|0.87'
	assert_eq "$(sql "SELECT content
	    FROM search_user_memory('$ANA', at(10))")" 'east
northeast
north'
	assert_eq "$(sql "SELECT content
	    FROM search_user_memory('$ANA', at(10), 5, 0.9)")" east
	# row security holds in it
	assert_eq "$(as_user $BEN "SELECT count(*)
	    FROM search_user_memory('$ANA', at(10))")" 0
	assert_eq "$(as_user $BEN 'SELECT content FROM user_memory')" ben
	as_user $BEN 'DELETE FROM user_memory'
	assert_eq "$(sql 'SELECT count(*) FROM user_memory')" 5
	# nearest of all users, by the index
	sql "INSERT INTO user_memory (user_id, type, content, embedding)
	    SELECT '$BEN', 'fact', i, at(i * 0.1) FROM generate_series(1, 900) AS i;
	    ANALYZE user_memory"
	q="SELECT content FROM user_memory ORDER BY embedding <#> at(33) LIMIT 1"
	assert_match "$(sql "SET enable_seqscan = off; EXPLAIN ${q//at(33)/"(SELECT at(33))"}")" \
	    user_memory_embedding_idx
	assert_eq "$(sql "SET enable_seqscan = off;
	    ${q//at(33)/"(SELECT at(33))"}")" 330
	fails_with 23514 "INSERT INTO user_memory (user_id, type, content)
	    VALUES ('$ANA', 'rumour', 'x')"
	fails_with 22000 "INSERT INTO user_memory (user_id, type, content, embedding)
	    VALUES ('$ANA', 'fact', 'x', '[1,2,3]')"
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
	run_mig 0 psql -Xq -v ON_ERROR_STOP=1 <<-'END'
	SELECT schemaname, relname, last_autovacuum, last_autoanalyze
	FROM pg_stat_user_tables WHERE schemaname = 'public';
	VACUUM ANALYZE users;
	VACUUM ANALYZE messages_v2;
	REINDEX INDEX idx_users_phone_btree;
	REINDEX TABLE messages_v2;
	ANALYZE users;
	ALTER TABLE users ADD COLUMN IF NOT EXISTS preferences JSONB;
	END
	assert_eq "$(sql "SELECT column_name FROM information_schema.columns
	    WHERE table_schema = 'public' AND table_name = 'messaging_windows'
	    AND column_name LIKE '%proactive%' ORDER BY 1")" \
	    'last_proactive_sent_at
proactive_messages_sent_today'
	# The page has it that most DDL commits by itself: this table is gone.
	sql 'BEGIN; CREATE TABLE test (); ROLLBACK'
	assert_eq "$(sql "SELECT to_regclass('test') IS NULL")" t
}
