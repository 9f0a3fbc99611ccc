/* How far a migration has come, as far as no server is asked. */

#include "progress.h"

#include <err.h>

#include "unit.h"

/* The digest of the first statement of a text. */
static void
digest(const char *text, char hex[HASH_HEX])
{
	struct lex_item item;
	struct lexer *lx = lex_new(0);

	if (lx == NULL || lex_feed(lx, text, strlen(text)) == -1)
		err(1, "lex_feed");
	lex_finish(lx);
	if (lex_next(lx, &item) != LEX_STATEMENT)
		errx(1, "no statement: %s", text);
	progress_digest(&item, hex);
	lex_free(lx);
}

static void
check_digests(void)
{
	char one[HASH_HEX], other[HASH_HEX];

	digest("select 1", one);
	digest("select 1;", other);
	CHECK_STR(other, one);
	digest("select 1 \t\r\n ", other);
	CHECK_STR(other, one);
	digest("select 1 \n;", other);
	CHECK_STR(other, one);
	digest("select  1", other);
	CHECK(strcmp(other, one) != 0);
	digest("SELECT 1", other);
	CHECK(strcmp(other, one) != 0);
}

static void
check_rows(void)
{
	struct progress_row rows[] = { { 1, "", false, false },
		{ 3, "", false, false }, { 4, "", true, false },
		{ 9, "", true, false } };
	struct progress p = { rows, 4 };
	const struct progress_row *row;
	size_t i;

	for (i = 0; i < 12; i++) {
		row = progress_find(&p, i);
		if (i == 1 || i == 3 || i == 4 || i == 9)
			CHECK(row != NULL && row->statement == i);
		else
			CHECK(row == NULL);
	}
	CHECK_INT(progress_done(&p), 3);
	p.n = 0;
	CHECK(progress_find(&p, 1) == NULL);
	CHECK_INT(progress_done(&p), 0);
}

int
main(void)
{
	check_digests();
	check_rows();
	return unit_done("progress");
}
