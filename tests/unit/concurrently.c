/* What statements with CONCURRENTLY wait for. */

#include "concurrently.h"

#include <err.h>
#include <stdlib.h>

#include "unit.h"

/* r: readers too, s: snapshots; then the names.  NULL: it is none of these. */
static const char *const rows[][2] = {
	{ "CREATE INDEX CONCURRENTLY i ON t (a)", "s t" },
	{ "create unique index concurrently if not exists \"I\" on only s.t (a)",
	    "s s.t" },
	{ "CREATE INDEX CONCURRENTLY ON \"a b\".\"c\"\"d\" (a)",
	    "s \"a b\".\"c\"\"d\"" },
	{ "DROP INDEX CONCURRENTLY s.i", "r s.i" },
	{ "DROP INDEX CONCURRENTLY IF EXISTS i CASCADE", "r i" },
	{ "ALTER TABLE IF EXISTS ONLY t DETACH PARTITION s.p CONCURRENTLY",
	    "r t s.p" },
	{ "REINDEX INDEX CONCURRENTLY i", "rs i" },
	{ "REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t", "rs s.t" },
	{ "REINDEX (CONCURRENTLY true) INDEX i", "rs i" },
	{ "REINDEX SCHEMA CONCURRENTLY s", "rs" },
	{ "REINDEX (CONCURRENTLY) DATABASE d", "rs" },
	{ "REINDEX SCHEMA s", NULL },
	{ "REINDEX (CONCURRENTLY off) TABLE t", NULL },
	{ "CREATE INDEX i ON t (a)", NULL },
	{ "DROP INDEX \"CONCURRENTLY\"", NULL },
	{ "VACUUM FULL t", NULL },
	{ "REFRESH MATERIALIZED VIEW CONCURRENTLY m", NULL },
	{ "ALTER TABLE t DETACH PARTITION p FINALIZE", NULL },
	{ "SELECT 1\\; CREATE INDEX CONCURRENTLY i ON t (a)", NULL },
	{ "CREATE INDEX CONCURRENTLY i ON :t (a)", "s :t" },
	{ "CREATE INDEX CONCURRENTLY i", "s" },
	{ "CREATE INDEX CONCURRENTLY", "s" },
	{ "CREATE INDEX CONCURRENTLY ON", "s" },
};

static char *
read_text(const char *text)
{
	struct concurrently w;
	struct lex_item item;
	struct lexer *lx = lex_new(0);
	char *got = NULL;
	size_t i, len;
	FILE *fp;

	if (lx == NULL || lex_feed(lx, text, strlen(text)) == -1)
		err(1, "lex_feed");
	lex_finish(lx);
	if (lex_next(lx, &item) != LEX_STATEMENT)
		errx(1, "no statement: %s", text);
	if (concurrently_read(&w, &item)) {
		fp = open_memstream(&got, &len);
		if (fp == NULL)
			err(1, NULL);
		fprintf(fp, "%s%s", w.readers ? "r" : "",
		    w.snapshots ? "s" : "");
		for (i = 0; i < w.n; i++)
			fprintf(fp, " %.*s", (int)w.len[i],
			    item.text + w.off[i]);
		fclose(fp);
	}
	lex_free(lx);
	return got;
}

int
main(void)
{
	size_t i;
	char *got;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = read_text(rows[i][0]);
		if (!CHECK_STR(got, rows[i][1]))
			printf("\tof %s\n", rows[i][0]);
		free(got);
	}
	return unit_done("concurrently");
}
