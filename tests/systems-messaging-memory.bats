#!/usr/bin/env bats
# rounds: 17x 17n tsl
# migrations/messaging: what its 003 brings, on servers that have pgvector.

load helpers
load systems-messaging

# Unit vectors in the plane of the first two dimensions, by angle.
make_at() {
	sql "CREATE FUNCTION at(degrees float) RETURNS vector LANGUAGE sql IMMUTABLE
	    AS \$\$SELECT (array[cosd(degrees), sind(degrees)]
	    || array_fill(0::float, array[1534]))::real[]::vector\$\$"
}

@test "messaging: memories are found nearest first" {
	apply_messaging
	two_users
	app_role
	make_at
	sql "INSERT INTO user_memory (user_id, type, content, embedding) VALUES
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
	assert_eq "$(as_user "$BEN" "SELECT count(*)
	    FROM search_user_memory('$ANA', at(10))")" 0
	assert_eq "$(as_user "$BEN" 'SELECT content FROM user_memory')" ben
	as_user "$BEN" 'DELETE FROM user_memory'
	assert_eq "$(sql 'SELECT count(*) FROM user_memory')" 5
	fails_with 23514 "INSERT INTO user_memory (user_id, type, content)
	    VALUES ('$ANA', 'rumour', 'x')"
	fails_with 22000 "INSERT INTO user_memory (user_id, type, content, embedding)
	    VALUES ('$ANA', 'fact', 'x', '[1,2,3]')"
}

# The planner has the real settings, and takes the index for the first query:
# were search_user_memory() to use it as well, it would find none of Ana's.
@test "messaging: by the index over all users, and complete within one" {
	apply_messaging
	two_users
	make_at
	# all of Ben's are nearer than any of Ana's; the index is built afterwards
	sql "DROP INDEX user_memory_embedding_idx;
	    INSERT INTO user_memory (user_id, type, content, embedding)
	    SELECT CASE WHEN i <= 100 THEN '$BEN' ELSE '$ANA' END::uuid, 'fact', i,
	    at(i * 0.025) FROM generate_series(1, 3000) AS i"
	psql -Xq -v ON_ERROR_STOP=1 -f "$MESSAGING/003_user_memory_embeddings.sql" \
	    -c 'ANALYZE user_memory'
	# <#> is the negative of the inner product: the nearest comes first
	q="SELECT content FROM user_memory
	    ORDER BY embedding <#> (SELECT at(-60)) LIMIT 3"
	assert_match "$(sql "EXPLAIN $q")" 'Index Scan using user_memory_embedding_idx'
	assert_eq "$(sql "$q")" '1
2
3'
	q="SELECT content FROM user_memory WHERE user_id = '$ANA'
	    ORDER BY embedding <#> (SELECT at(-60)) LIMIT 3"
	assert_match "$(sql "EXPLAIN $q")" 'Index Scan using user_memory_embedding_idx'
	assert_eq "$(sql "$q")" ''
	assert_eq "$(sql "SELECT content, round(similarity::numeric, 4)
	    FROM search_user_memory('$ANA', at(-60), 3)")" '101|0.4614
102|0.4610
103|0.4606'
	assert_eq "$(sql "SELECT count(*)
	    FROM search_user_memory('$ANA', at(1.26), 5000, 0.7)")" 1773
}
