/* How far a migration has come that runs outside of one transaction. */

#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "sql.h"

void
progress_digest(const struct lex_item *item, char hex[HASH_HEX])
{
	struct hash hash;
	size_t len = item->len;

	while (len > 0 && strchr(" \t\n\v\f\r", item->text[len - 1]) != NULL)
		len--;
	hash_init(&hash);
	hash_add(&hash, item->text, len);
	hash_hex(&hash, hex);
}

static int
take_rows(struct progress *p, const PGresult *result, struct fault *f)
{
	struct progress_row *row;
	int i, n = PQntuples(result);

	p->rows = calloc((size_t)n + 1, sizeof(*p->rows));
	if (p->rows == NULL)
		return fault_nomem(f);
	for (i = 0; i < n; i++) {
		row = &p->rows[p->n++];
		row->statement = (size_t)strtoull(PQgetvalue(result, i, 0),
		    NULL, 10);
		strlcpy(row->sha256, PQgetvalue(result, i, 1),
		    sizeof(row->sha256));
		row->open = *PQgetvalue(result, i, 2) == 't';
		row->session = *PQgetvalue(result, i, 3) == 't';
	}
	return 0;
}

int
progress_read(struct progress *p, PGconn *conn, const struct migration *m,
    struct fault *f)
{
	const char *values[3];
	PGresult *result;
	int ok;

	memset(p, 0, sizeof(*p));
	values[0] = m->series;
	values[1] = m->version;
	values[2] = m->name;
	result = history_query(conn, sql_progress_read, 3, values, f);
	if (result == NULL)
		return -1;
	ok = take_rows(p, result, f);
	PQclear(result);
	return ok;
}

void
progress_free(struct progress *p)
{
	free(p->rows);
	memset(p, 0, sizeof(*p));
}

const struct progress_row *
progress_find(const struct progress *p, size_t statement)
{
	size_t low = 0, high = p->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (p->rows[middle].statement == statement)
			return &p->rows[middle];
		if (p->rows[middle].statement < statement)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

size_t
progress_done(const struct progress *p)
{
	size_t i;

	for (i = p->n; i > 0; i--)
		if (!p->rows[i - 1].open)
			return p->rows[i - 1].statement;
	return 0;
}
