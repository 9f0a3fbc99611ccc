/* What a CREATE INDEX says of its index, and whether another says the same. */

#include "indexdef.h"

#include <err.h>
#include <stdlib.h>

#include "lexer.h"
#include "unit.h"

#define BEGIN "CREATE INDEX CONCURRENTLY i ON t "
#define THERE "CREATE INDEX i ON public.t USING btree "

/*
 * What differs, NULL if nothing does for sure; the last has all that the one
 * before leaves out.
 */
static const char *const rows[][4] = {
	{ BEGIN "(a)", THERE "(a)", NULL },
	{ "create index if not exists I on only t using BTREE(A asc nulls last)",
	    THERE "(a)", NULL },
	{ BEGIN "(a)", THERE "(b)", "the columns" },
	{ BEGIN "(a)", THERE "(a, b)", "the columns" },
	{ BEGIN "(a, b)", THERE "(b, a)", "the columns" },
	{ BEGIN "(\"a\")", THERE "(a)", NULL },
	{ BEGIN "(\"A\")", THERE "(a)", "the columns" },
	{ BEGIN "(\"a\"\"b\")", THERE "(\"a\"\"b\")", NULL },
	{ BEGIN "(\"a\"\"b\")", THERE "(\"a\"\"\")", "the columns" },
	{ BEGIN "(U&\"d\\0061t\")", THERE "(dat)", NULL },
	{ BEGIN "(\"desc\")", THERE "(\"desc\")", NULL },
	{ "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", THERE "(a)",
	    "UNIQUE" },
	{ BEGIN "USING hash (a)", THERE "(a)", "USING" },
	{ BEGIN "(a DESC)", THERE "(a DESC)", NULL },
	{ BEGIN "(a DESC NULLS FIRST)", THERE "(a DESC)", NULL },
	{ BEGIN "(a)", THERE "(a DESC)", "the order of a column" },
	{ BEGIN "(a NULLS FIRST)", THERE "(a)", "the order of a column" },
	{ BEGIN "(a text_pattern_ops)", THERE "(a text_pattern_ops)", NULL },
	{ BEGIN "(a public.gin_x (n = 3) desc)", THERE "(a gin_x DESC)", NULL },
	{ BEGIN "(a int4_ops)", THERE "(a)", NULL, THERE "(k int4_ops)" },
	{ BEGIN "(a x_ops)", THERE "(a)", "an operator class",
	    THERE "(k y_ops)" },
	{ BEGIN "(a)", THERE "(a x_ops)", "an operator class" },
	{ BEGIN "(a x_ops)", THERE "(a y_ops)", "an operator class" },
	{ BEGIN "(a COLLATE pg_catalog.\"C\" x_ops)", THERE "(a x_ops)", NULL,
	    THERE "(k COLLATE \"C\" x_ops)" },
	{ BEGIN "(a COLLATE \"C\")", THERE "(a)", "a collation",
	    THERE "(k COLLATE \"default\" x_ops)" },
	{ BEGIN "(a COLLATE \"C\")", THERE "(a COLLATE \"C\")", NULL },
	{ BEGIN "(b, a)", THERE "(b, a COLLATE \"C\")", "a collation" },
	{ BEGIN "((a COLLATE \"C\"))", THERE "(a COLLATE \"C\")", NULL },
	{ BEGIN "(a) INCLUDE (b, c)", THERE "(a) INCLUDE (b, c)", NULL },
	{ BEGIN "(a) INCLUDE (b)", THERE "(a)", "INCLUDE" },
	{ BEGIN "(a) INCLUDE (b)", THERE "(a) INCLUDE (c)", "INCLUDE" },
	{ BEGIN "(a) NULLS NOT DISTINCT", THERE "(a)", "NULLS NOT DISTINCT" },
	{ BEGIN "(a) NULLS DISTINCT", THERE "(a)", NULL },
	{ BEGIN "(a) WITH (fillfactor = 70) TABLESPACE x", THERE "(a)", NULL },
	{ BEGIN "(a) WHERE a > 0", THERE "(a)", "WHERE" },
	{ BEGIN "(a) WHERE a > 0", THERE "(a) WHERE (a > 0)", NULL },
	{ BEGIN "(lower(a))", THERE "(upper(a))", NULL },
	{ BEGIN "(lower(a), b)", THERE "(lower(a), c)", "the columns" },
	{ BEGIN "((a || 'x'-- it's )\n), b) INCLUDE (c)",
	    THERE "((a || 'x'::text), b) INCLUDE (c)", NULL },
	/* the lexer keeps no words of these */
	{ BEGIN "(a, b, c, d, e, f, g, h, j, k, l, m, n DESC)",
	    THERE "(a, b, c, d, e, f, g, h, j, k, l, m, n DESC)", NULL },
	{ BEGIN "(a, b, c, d, e, f, g, h, j, k, l, m, n)",
	    THERE "(a, b, c, d, e, f, g, h, j, k, l, m, n DESC)",
	    "the order of a column" },
};

/* What cannot be followed. */
static const char *const bad[] = {
	"CREATE INDEX CONCURRENTLY ON t (a)",
	"CREATE INDEX i ON t",
	"CREATE INDEX i ON (a)",
	"CREATE INDEX i ON t USING (a)",
	"CREATE INDEX i ON t (a",
	"CREATE INDEX i ON t (a) WHERE",
	"CREATE INDEX i ON t (a) NULLS",
	"CREATE INDEX i ON t (a NULLS)",
	"CREATE INDEX i ON t (a) LATER",
	"CREATE INDEX i ON t (a + 1)",
	"CREATE INDEX i ON t ((a = '\\'))",
	"CREATE INDEX i ON :t (a)",
	"CREATE INDEX i ON t (lower($1))",
	"CREATE INDEX i ON t (+)",
	"CREATE INDEX i ON t (($1))",
	"CREATE INDEX i ON t (a COLLATE)",
	"CREATE INDEX i ON t (a ops ($1))",
	"CREATE INDEX i ON t a",
	"CREATE INDEX i ON t (a) INCLUDE b",
	"CREATE INDEX i ON t (a) INCLUDE (+)",
	"CREATE INDEX i ON t (a) WITH ($1)",
	"CREATE INDEX i ON t (a) TABLESPACE",
	"ALTER INDEX i RENAME TO j",
	"CREATE TABLE i (a)",
	"SELECT 1\\; CREATE INDEX i ON t (a)",
};

/* What the server is asked; NULL: there is nothing to ask. */
static const char *const queries[][4] = {
	{ BEGIN "(a)", THERE "(a)", NULL },
	{ BEGIN "(a, lower(b) DESC) WHERE b > 'x' -- all",
	    THERE "(a, lower(b) DESC) WHERE (b > 'x'::text)",
	    "SELECT (lower(b)\n), (b > 'x' -- all\n) FROM ONLY t" },
	{ BEGIN "((a))", THERE "(a)", "SELECT ((a)\n) FROM ONLY t" },
	{ BEGIN "(lower(a) COLLATE \"C\")", THERE "(lower(a))", NULL },
};

static struct lexer *
read_text(struct indexdef *d, bool *ok, const char *text)
{
	struct lexer *lx = lex_new(0);
	struct lex_item item;

	if (lx == NULL || lex_feed(lx, text, strlen(text)) == -1)
		err(1, "lex_feed");
	lex_finish(lx);
	*ok = lex_next(lx, &item) == LEX_STATEMENT && indexdef_read(d, &item);
	return lx;
}

static void
check_pair(const char *const row[4], bool query)
{
	struct indexdef a, b, named;
	struct lexer *x, *y, *z;
	char *sql = NULL;
	bool ok[3];

	x = read_text(&a, &ok[0], row[0]);
	y = read_text(&b, &ok[1], row[1]);
	z = read_text(&named, &ok[2], row[3] == NULL ? row[1] : row[3]);
	if (!CHECK(ok[0] && ok[1] && ok[2]))
		printf("\tof %s\n", row[0]);
	else if (!query) {
		if (!CHECK_STR(indexdef_differ(&a, &b, &named), row[2]))
			printf("\tof %s\n", row[0]);
	} else if (CHECK_INT(indexdef_query(&a, &b, "t", &sql), 0))
		CHECK_STR(sql, row[2]);
	free(sql);
	lex_free(x);
	lex_free(y);
	lex_free(z);
}

int
main(void)
{
	struct indexdef d;
	bool ok;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_pair(rows[i], false);
	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		check_pair(queries[i], true);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lex_free(read_text(&d, &ok, bad[i]));
		if (!CHECK(!ok))
			printf("\tof %s\n", bad[i]);
	}
	return unit_done("indexdef");
}
