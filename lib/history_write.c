/* What writes a history: the statements that make it, and a row of the log. */

#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "db.h"
#include "lexer.h"
#include "sql.h"

static int
add_statement(struct history_ddl *ddl, const char *text, size_t len,
    struct fault *f)
{
	char **statements;

	statements = reallocarray(ddl->statements, ddl->n + 1,
	    sizeof(*statements));
	if (statements == NULL)
		return fault_nomem(f);
	ddl->statements = statements;
	statements[ddl->n] = strndup(text, len);
	if (statements[ddl->n] == NULL)
		return fault_nomem(f);
	ddl->n++;
	return 0;
}

/* Split our own SQL text into its statements. */
static int
split(struct history_ddl *ddl, const char *sql, struct fault *f)
{
	struct lexer *lexer;
	struct lex_item item;
	enum lex_kind kind;
	int result = 0;

	lexer = lex_text(sql, strlen(sql), 0);
	if (lexer == NULL)
		return fault_nomem(f);
	while (result == 0 && (kind = lex_next(lexer, &item)) == LEX_STATEMENT)
		result = add_statement(ddl, item.text, item.len, f);
	if (result == 0 && kind != LEX_END)
		result = kind == LEX_NOMEM ?
		    fault_nomem(f) :
		    fault_set(f, EXIT_USAGE,
			"MIG_SCHEMA breaks the SQL of the history");
	lex_free(lexer);
	return result;
}

int
history_ddl(struct history_ddl *ddl, const char *schema, bool schema_exists,
    struct fault *f)
{
	char *create, *sql;
	int result;

	memset(ddl, 0, sizeof(*ddl));
	sql = db_sql(sql_history, schema);
	if (sql == NULL ||
	    asprintf(&create, "CREATE SCHEMA %s", schema) == -1) {
		free(sql);
		return fault_nomem(f);
	}
	result = schema_exists ? 0 :
				 add_statement(ddl, create, strlen(create), f);
	if (result == 0)
		result = split(ddl, sql, f);
	if (result == -1)
		history_ddl_free(ddl);
	free(create);
	free(sql);
	return result;
}

void
history_ddl_free(struct history_ddl *ddl)
{
	size_t i;

	for (i = 0; i < ddl->n; i++)
		free(ddl->statements[i]);
	free(ddl->statements);
	memset(ddl, 0, sizeof(*ddl));
}

char *
history_append_sql(const char *schema)
{
	return db_sql(sql_append, schema);
}

void
history_append_values(const struct history_row *row, char seq[24],
    const char *values[HISTORY_COLUMNS])
{
	const struct migration *m = row->m;

	snprintf(seq, 24, "%lld", row->seq);
	memset(values, 0, HISTORY_COLUMNS * sizeof(*values));
	values[0] = seq;
	values[1] = row->action;
	if (m != NULL) {
		values[2] = m->series;
		values[3] = m->version;
		values[4] = m->name;
		values[5] = migration_kind_name(m->kind);
		values[6] = migration_mode_name(m->mode);
		values[7] = m->sha256;
		values[8] = m->path;
		values[9] = m->convention == NULL ? NULL : m->convention->name;
		values[11] = m->down_sha256;
		values[12] = m->down_path;
	}
	values[10] = row->sql;
	values[13] = row->down;
	values[14] = row->plan;
	values[15] = row->started;
	values[16] = row->os_user;
	values[17] = row->host;
	values[18] = "mig-tools " MIG_VERSION;
	values[19] = row->error;
	values[20] = row->follows ? "t" : "f";
}
