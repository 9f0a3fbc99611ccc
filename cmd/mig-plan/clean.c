/* Dropping all that a database holds, each drop spelled out. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "memfile.h"
#include "sql.h"

/*
 * Before all drops: a plan is good for every database of one state, but this
 * one only for the database that was named, and not for one of the same name:
 * on another server, or made anew.
 */
static const char guard[] =
    "SELECT pg_catalog.format('DO %L;', pg_catalog.format('BEGIN IF "
    "(pg_catalog.current_database(), (SELECT d.oid FROM "
    "pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) "
    "pg_catalog.current_database()), (SELECT c.system_identifier FROM "
    "pg_catalog.pg_control_system() c)) IS DISTINCT FROM (%L, %s, %s) THEN "
    "RAISE EXCEPTION USING MESSAGE = %L; END IF; END', d.datname, d.oid, "
    "c.system_identifier, pg_catalog.format('this plan cleans database %s "
    "of server %s', d.datname, c.system_identifier))) "
    "FROM pg_catalog.pg_database d, pg_catalog.pg_control_system() c "
    "WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";

static int
refuse_name(struct planner *p)
{
	fault_set(&p->f, EXIT_USAGE, "--clean %s: connected to database %s",
	    p->o.clean, PQdb(p->conn));
	return fault_hint(&p->f,
	    "to drop all that it holds, name the "
	    "database that you are connected to");
}

/* The lines of a query's only column. */
static int
add_lines(struct planner *p, FILE *fp, const char *sql, int n,
    const char *const *values)
{
	PGresult *result;
	int i;

	result = db_query(p->conn, sql, n, values, EXIT_NOVERDICT, "catalog",
	    &p->f);
	if (result == NULL)
		return -1;
	for (i = 0; i < PQntuples(result); i++)
		fprintf(fp, "%s\n", PQgetvalue(result, i, 0));
	PQclear(result);
	return 0;
}

/* What stopped part-way is gone with all the rest. */
static int
add_progress(struct planner *p, FILE *fp)
{
	char *schema;

	if (!p->history.exists)
		return 0;
	schema = db_schema(p->conn, &p->f);
	if (schema == NULL)
		return -1;
	fprintf(fp, "DELETE FROM %s.progress;\n", schema);
	free(schema);
	return 0;
}

/* The SQL, owned; NULL with a fault. */
static char *
spell_out(struct planner *p)
{
	const char *schema = db_schema_name();
	char *text;
	size_t len;
	FILE *fp;
	int result;

	fp = memfile_open(&text, &len);
	if (fp == NULL) {
		fault_nomem(&p->f);
		return NULL;
	}
	result = add_lines(p, fp, guard, 0, NULL);
	if (result == 0)
		result = add_lines(p, fp, sql_clean, 1, &schema);
	if (result == 0)
		result = add_progress(p, fp);
	if (fclose(fp) != 0)
		result = fault_nomem(&p->f);
	if (result == 0)
		return text;
	free(text);
	return NULL;
}

int
clean_steps(struct planner *p)
{
	static char name[] = "clean", sha256[HASH_HEX];
	struct migration m;
	struct hash hash;
	struct step *s;
	char *text;

	if (strcmp(p->o.clean, PQdb(p->conn)) != 0)
		return refuse_name(p);
	text = spell_out(p);
	if (text == NULL)
		return -1;
	hash_init(&hash);
	hash_add(&hash, text, strlen(text));
	hash_hex(&hash, sha256);
	memset(&m, 0, sizeof(m));
	m.name = name;
	m.kind = KIND_CALLBACK;
	m.mode = MODE_TX;
	m.sha256 = sha256;
	m.convention = convention_find("plain");
	s = step_add(p, PLAN_EXEC, &m);
	if (s == NULL) {
		free(text);
		return -1;
	}
	s->from = TEXT_GIVEN;
	s->text = text;
	return 0;
}
