/* The advisory locks of other migration tools. */

#include "peer.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Tools whose key is the same for all databases and tables. */
static const struct {
	const char *tool;
	int64_t key;
} fixed[] = {
	{ "atlas", 2686470616 }, /* FNV-1 of atlas_migrate_execute */
	{ "goose", 4097083626 }, /* CRC-32 of goose */
	{ "graphile-migrate", 4727445306447283 },
	{ "node-pg-migrate", 7241865325823964 },
	{ "prisma", 72707369 },
	{ "sqitch", 75474063 },
};

/* String.hashCode() of Java, for text in ASCII. */
static int32_t
java_hash(const char *s)
{
	uint32_t h = 0;

	for (; *s != '\0'; s++)
		h = h * 31 + (unsigned char)*s;
	return (int32_t)h;
}

static uint32_t
crc(const char *s, size_t len)
{
	return (uint32_t)crc32(0, (const Bytef *)s, (uInt)len);
}

/* "flyway" in ASCII, and the hash of the quoted name of the table. */
static int
flyway_key(const char *schema, const char *table, int64_t *key)
{
	char *name;

	if (asprintf(&name, "\"%s\".\"%s\"", schema, table) == -1)
		return 0;
	*key = 0x466c79776179 + (int64_t)java_hash(name);
	free(name);
	return 1;
}

/* Schema, table and database with a NUL between them, salted. */
static int
golang_key(const char *schema, const char *table, const char *database,
    int64_t *key)
{
	char *name;
	int len;

	len = asprintf(&name, "%s%c%s%c%s", schema, 0, table, 0, database);
	if (len == -1)
		return 0;
	*key = (uint32_t)(crc(name, (size_t)len) * 1486364155U);
	free(name);
	return 1;
}

int
peer_key(const char *tool, const char *schema, const char *table,
    const char *database, int64_t *key)
{
	size_t i;

	if (strcmp(tool, "flyway") == 0)
		return flyway_key(schema, table, key);
	if (strcmp(tool, "golang-migrate") == 0)
		return golang_key(schema, table, database, key);
	if (strcmp(tool, "sqlx") == 0) {
		*key = (int64_t)0x3d32ad9e * crc(database, strlen(database));
		return 1;
	}
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].tool, tool) == 0) {
			*key = fixed[i].key;
			return 1;
		}
	return 0;
}
