/* peer: the keys of other tools, as research of their sources gave them. */

#include <string.h>

#include "peer.h"
#include "unit.h"

static int64_t
key(const char *tool, const char *table)
{
	int64_t k = 0;

	CHECK(peer_key(tool, "public", table, "app", &k) == 1);
	return k;
}

int
main(void)
{
	int64_t k;

	CHECK(key("flyway", "flyway_schema_history") == 77433833903597);
	CHECK(key("sqlx", "_sqlx_migrations") == 3469795979745788610);
	CHECK(key("golang-migrate", "schema_migrations") == 1787120056);
	CHECK(key("goose", "goose_db_version") == 4097083626);
	CHECK(
	    peer_key("dbmate", "public", "schema_migrations", "app", &k) == 0);
	return unit_done("peer");
}
