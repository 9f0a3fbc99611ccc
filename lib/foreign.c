/* What another migration tool has recorded in a database. */

#include "foreign.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "sql.h"

static const struct foreign_tool tools[] = {
	{ .name = "flyway",
	    .title = "Flyway",
	    .check = FOREIGN_LINES,
	    .conventions = { "flyway", "flyway-raw" },
	    .table = "flyway_schema_history",
	    .sql = sql_foreign_flyway },
	{ .name = "sqlx",
	    .title = "sqlx",
	    .check = FOREIGN_BYTES,
	    .conventions = { "sqlx", "golang-migrate", "plain" },
	    .table = "_sqlx_migrations",
	    .sql = sql_foreign_sqlx },
	{ .name = "supabase",
	    .title = "Supabase",
	    .check = FOREIGN_TEXT,
	    .conventions = { "supabase", "plain" },
	    .schema = "supabase_migrations",
	    .table = "schema_migrations",
	    .sql = sql_foreign_supabase },
};

#define TOOLS (sizeof(tools) / sizeof(tools[0]))

static const char *const states[] = {
	[FOREIGN_APPLIED] = "applied",
	[FOREIGN_CODE] = "code",
	[FOREIGN_BASELINE] = "baseline",
	[FOREIGN_FAILED] = "failed",
};

#define STATES (sizeof(states) / sizeof(states[0]))

/* The columns of the queries, in their order. */
enum { STATE, KIND, VERSION, NAME, CHECKSUM, AT, BY };

const struct foreign_tool *
foreign_tool_find(const char *name)
{
	size_t i;

	for (i = 0; i < TOOLS; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

const struct foreign_tool *
foreign_tool_at(size_t n)
{
	return n < TOOLS ? &tools[n] : NULL;
}

bool
foreign_tool_reads(const struct foreign_tool *tool, const struct convention *c)
{
	const size_t n = sizeof(tool->conventions) / sizeof(char *);
	size_t i;

	for (i = 0; i < n && tool->conventions[i] != NULL; i++)
		if (strcmp(tool->conventions[i], c->name) == 0)
			return true;
	return false;
}

static char *
copy(const PGresult *result, int row, int column, bool *broken)
{
	const char *value = db_value(result, row, column);
	char *text;

	if (value == NULL)
		return NULL;
	text = strdup(value);
	*broken |= text == NULL;
	return text;
}

/* The tables that may be the one, each with its quoted name. */
static PGresult *
look_for(PGconn *conn, const struct foreign_tool *tool, const char *table,
    struct fault *f)
{
	const char *values[3] = { table, tool->schema, tool->table };

	return db_query(conn, sql_foreign_find, 3, values, EXIT_USAGE,
	    table == NULL ? tool->table : table, f);
}

int
foreign_is_there(PGconn *conn, const struct foreign_tool *tool, struct fault *f)
{
	PGresult *found;
	int n;

	found = look_for(conn, tool, NULL, f);
	if (found == NULL)
		return -1;
	n = PQntuples(found);
	PQclear(found);
	return n > 0;
}

/* There is not the one table that there must be. */
static int
refuse_table(const struct foreign_tool *tool, const char *table,
    const PGresult *found, struct fault *f)
{
	if (PQntuples(found) == 0) {
		fault_set(f, EXIT_USAGE, "there is no table %s of %s here",
		    table == NULL ? tool->table : table, tool->title);
		return fault_hint(f,
		    "is this the right database?  --adopt-table names "
		    "another table");
	}
	fault_set(f, EXIT_USAGE, "there are %d tables %s: %s, %s%s",
	    PQntuples(found), table == NULL ? tool->table : table,
	    PQgetvalue(found, 0, 2), PQgetvalue(found, 1, 2),
	    PQntuples(found) > 2 ? " ..." : "");
	return fault_hint(f, "--adopt-table SCHEMA.TABLE says which");
}

/* Find the table.  Returns its quoted name, owned, or NULL with a fault. */
static char *
find_table(struct foreign *h, PGconn *conn, const char *table, struct fault *f)
{
	PGresult *found;
	char *quoted = NULL;
	bool broken = false;

	found = look_for(conn, h->tool, table, f);
	if (found == NULL)
		return NULL;
	if (PQntuples(found) != 1)
		refuse_table(h->tool, table, found, f);
	else {
		h->schema = copy(found, 0, 0, &broken);
		h->table = copy(found, 0, 1, &broken);
		quoted = copy(found, 0, 2, &broken);
		if (broken) {
			fault_nomem(f);
			free(quoted);
			quoted = NULL;
		}
	}
	PQclear(found);
	return quoted;
}

/* What to do about a table that the server would not show. */
static void
hint_unreadable(const struct foreign_tool *tool, const char *table,
    struct fault *f)
{
	if (f->text != NULL && strstr(f->text, " 42501: ") != NULL) {
		fault_hint(f, "grant SELECT on %s to this role", table);
		return;
	}
	/* not there, or without a column that it should have */
	if (f->text == NULL || strstr(f->text, " ERROR 42") == NULL)
		return;
	f->code = EXIT_USAGE;
	fault_hint(f, "is this a table of %s?  --adopt-table names another",
	    tool->title);
}

static PGresult *
query(const struct foreign_tool *tool, PGconn *conn, const char *table,
    struct fault *f)
{
	PGresult *rows;
	char *sql;

	sql = db_sql_table(tool->sql, table);
	if (sql == NULL) {
		fault_nomem(f);
		return NULL;
	}
	rows = db_query(conn, sql, 0, NULL, EXIT_NOVERDICT, table, f);
	if (rows == NULL && f->code == EXIT_NOVERDICT)
		hint_unreadable(tool, table, f);
	free(sql);
	return rows;
}

static enum foreign_state
find_state(const char *name)
{
	size_t i;

	for (i = 0; i < STATES; i++)
		if (strcmp(states[i], name) == 0)
			return (enum foreign_state)i;
	return FOREIGN_CODE;
}

static int
take_rows(struct foreign *h, const PGresult *rows, struct fault *f)
{
	struct foreign_entry *e;
	int i, n = PQntuples(rows);
	bool broken = false;

	h->entries = calloc(n == 0 ? 1 : (size_t)n, sizeof(*h->entries));
	for (i = 0; h->entries != NULL && i < n; i++) {
		e = &h->entries[h->n++];
		e->state = find_state(PQgetvalue(rows, i, STATE));
		migration_kind_find(PQgetvalue(rows, i, KIND), &e->kind);
		e->version = copy(rows, i, VERSION, &broken);
		e->name = copy(rows, i, NAME, &broken);
		e->checksum = copy(rows, i, CHECKSUM, &broken);
		e->at = copy(rows, i, AT, &broken);
		e->by = copy(rows, i, BY, &broken);
	}
	return h->entries == NULL || broken ? fault_nomem(f) : 0;
}

/* A byte that no text of the server holds stands for null. */
static void
hash_field(struct hash *hash, const char *field)
{
	if (field == NULL)
		field = "\xff";
	hash_add(hash, field, strlen(field) + 1);
}

static void
set_digest(struct foreign *h)
{
	const struct foreign_entry *e;
	struct hash hash;
	size_t i;

	hash_init(&hash);
	for (i = 0; i < h->n; i++) {
		e = &h->entries[i];
		hash_field(&hash, states[e->state]);
		hash_field(&hash, migration_kind_name(e->kind));
		hash_field(&hash, e->version);
		hash_field(&hash, e->name);
		hash_field(&hash, e->checksum);
	}
	hash_hex(&hash, h->digest);
}

/* Read the table of that quoted name. */
static int
read_table(struct foreign *h, PGconn *conn, const char *quoted, struct fault *f)
{
	PGresult *rows;
	int result = -1;

	rows = query(h->tool, conn, quoted, f);
	if (rows != NULL)
		result = take_rows(h, rows, f);
	if (result == 0)
		set_digest(h);
	PQclear(rows);
	return result;
}

int
foreign_read(struct foreign *h, PGconn *conn, const struct foreign_tool *tool,
    const char *table, struct fault *f)
{
	char *quoted;
	int result = -1;

	memset(h, 0, sizeof(*h));
	h->tool = tool;
	quoted = find_table(h, conn, table, f);
	if (quoted != NULL)
		result = read_table(h, conn, quoted, f);
	if (result == -1)
		foreign_free(h);
	free(quoted);
	return result;
}

void
foreign_free(struct foreign *h)
{
	struct foreign_entry *e;
	size_t i;

	for (i = 0; i < h->n; i++) {
		e = &h->entries[i];
		free(e->version);
		free(e->name);
		free(e->checksum);
		free(e->at);
		free(e->by);
	}
	free(h->entries);
	free(h->schema);
	free(h->table);
	memset(h, 0, sizeof(*h));
}

/* The name of a table in SQL, owned; NULL without memory. */
static char *
quote(PGconn *conn, const char *schema, const char *table)
{
	char *quoted[2], *name;

	quoted[0] = PQescapeIdentifier(conn, schema, strlen(schema));
	quoted[1] = PQescapeIdentifier(conn, table, strlen(table));
	if (quoted[0] == NULL || quoted[1] == NULL ||
	    asprintf(&name, "%s.%s", quoted[0], quoted[1]) == -1)
		name = NULL;
	PQfreemem(quoted[0]);
	PQfreemem(quoted[1]);
	return name;
}

/* The table says something else, or is gone. */
static int
stale(const struct foreign *h, const char *quoted, struct fault *f)
{
	fault_set(f, EXIT_STALE,
	    "stale: %s of %s does not say what it did when the plan was made",
	    quoted, h->tool->title);
	return fault_hint(f, "plan again: mig-ls DIR | mig-plan --adopt %s",
	    h->tool->name);
}

int
foreign_same(PGconn *conn, const char *tool, const char *schema,
    const char *table, const char *digest, struct fault *f)
{
	struct foreign h;
	char *quoted;
	int result;

	memset(&h, 0, sizeof(h));
	h.tool = foreign_tool_find(tool);
	if (h.tool == NULL)
		return fault_set(f, EXIT_STREAM,
		    "the plan adopts from an unknown tool: %s", tool);
	quoted = quote(conn, schema, table);
	if (quoted == NULL)
		return fault_nomem(f);
	result = read_table(&h, conn, quoted, f);
	if (result == 0 ? strcmp(h.digest, digest) != 0 : f->code == EXIT_USAGE)
		result = stale(&h, quoted, f);
	free(quoted);
	foreign_free(&h);
	return result;
}
