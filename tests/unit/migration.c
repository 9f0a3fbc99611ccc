/* Listings: read, refused, put in order. */

#include "migration.h"

#include <stdlib.h>

#include "unit.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REST "\t" SUM "\tp\t-\t-\tplain\n"

static int
read_listing(struct migration_list *list, const char *text, struct fault *f)
{
	char *copy = strdup(text);
	FILE *fp = copy == NULL ? NULL : fmemopen(copy, strlen(copy), "r");
	int result;

	if (fp == NULL)
		abort();
	result = migration_read(list, fp, "in", f);
	fclose(fp);
	free(copy);
	return result;
}

static void
check_read(void)
{
	struct migration_list list = MIGRATION_LIST_INIT;
	struct fault f = FAULT_INIT;
	const char *values[MIGRATION_COLUMNS];

	CHECK_INT(read_listing(&list,
		      "file\tmain\t7\ta\\tb\tversioned\tnone" REST
		      "file\t-\t-\tbefore\tcallback\ttx\t-\t-\t" SUM
		      "\td\tflyway\tmore\n",
		      &f),
	    0);
	if (!CHECK_INT(list.n, 2))
		return;
	migration_values(&list.items[0], values);
	CHECK_STR(values[0], "main");
	CHECK_STR(values[1], "7");
	CHECK_STR(values[2], "a\tb");
	CHECK_STR(values[3], "versioned");
	CHECK_STR(values[4], "none");
	CHECK_STR(values[5], SUM);
	CHECK_STR(values[6], "p");
	CHECK_STR(values[7], NULL);
	CHECK_STR(values[8], NULL);
	CHECK_STR(values[9], "plain");
	CHECK_STR(list.items[1].series, NULL);
	CHECK_STR(list.items[1].version, NULL);
	CHECK_INT(list.items[1].kind, KIND_CALLBACK);
	CHECK_STR(list.items[1].down_path, "d");
	migration_list_free(&list);
	CHECK(list.items == NULL && list.n == 0);
}

/* A sealed listing may hold words of tomorrow. */
static void
check_new_word(void)
{
	static const struct stream_column column = { "x", STREAM_STRING };
	const char *value = "y";
	struct migration_list list = MIGRATION_LIST_INIT;
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	char *text;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	if (fp == NULL)
		abort();
	stream_begin(&w, fp, "list", STREAM_SEALED, NULL);
	stream_record(&w, "new", &column, &value, 1);
	CHECK_INT(stream_end(&w, &f), 0);
	fclose(fp);
	CHECK_INT(read_listing(&list, text, &f), 0);
	CHECK_INT(list.n, 0);
	migration_list_free(&list);
	free(text);
}

static const char *const wrong[][2] = {
	{ "file\ta\tb\n", "1: a migration has 10 fields, here are 2" },
	{ "file\tm\t1\ta\tnew\ttx" REST, "1: no kind \"new\"" },
	{ "file\tm\t1\ta\t-\ttx" REST, "1: no kind \"-\"" },
	{ "file\t-\t1\ta\tversioned\ttx" REST, "1: no series" },
	{ "file\tm\t1\ta\tversioned\tnew" REST, "1: no mode \"new\"" },
	{ "file\tm\t1\ta\tversioned\t-" REST, "1: no mode \"-\"" },
	{ "file\tm\t1\ta\tversioned\ttx\tabc\tp\t-\t-\tplain\n",
	    "1: no SHA-256" },
	{ "file\tm\t1\ta\tversioned\ttx\t-\tp\tABC\t-\tplain\n",
	    "1: no SHA-256" },
	{ "file\tm\t-\t-\trepeatable\ttx" REST,
	    "1: neither a version nor a name" },
	{ "file\tm\t-\ta\tversioned\ttx" REST,
	    "1: a version is for versioned and baseline migrations, "
	    "and only for them" },
	{ "file\tm\t1\ta\trepeatable\ttx" REST,
	    "1: a version is for versioned and baseline migrations, "
	    "and only for them" },
	{ "file\tm\t1\ta\tversioned\ttx\t" SUM "\tp\t-\t-\tnew\n",
	    "1: no convention \"new\"" },
	{ "file\tm\t1\ta\tversioned\ttx" REST "done\tm\t1\n",
	    "2: this is what a database has applied, but a listing of "
	    "files is wanted" },
	{ "new\tm\n", "1: this is no record of a listing" },
};

static void
check_wrong(void)
{
	struct migration_list list = MIGRATION_LIST_INIT;
	struct fault f = FAULT_INIT;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CHECK_INT(read_listing(&list, wrong[i][0], &f), -1);
		CHECK_INT(f.code, EXIT_STREAM);
		CHECK(f.text != NULL && strncmp(f.text, "in:", 3) == 0);
		CHECK_STR(f.text == NULL ? NULL : f.text + 3, wrong[i][1]);
		CHECK(list.items == NULL && list.n == 0);
		fault_free(&f);
	}
}

/* Ascending. */
static const struct {
	enum migration_kind kind;
	const char *version, *name;
} order[] = { { KIND_VERSIONED, "1", NULL }, { KIND_VERSIONED, "1", "a" },
	{ KIND_BASELINE, "2", "a" }, { KIND_VERSIONED, "9", "b" },
	{ KIND_VERSIONED, "10", "a" }, { KIND_REPEATABLE, NULL, "a" },
	{ KIND_REPEATABLE, NULL, "b" }, { KIND_CALLBACK, NULL, "a" },
	{ KIND_CALLBACK, NULL, "b" } };

#define COUNT (sizeof(order) / sizeof(order[0]))

static char *
copy(const char *s)
{
	return s == NULL ? NULL : strdup(s);
}

static void
check_order(void)
{
	struct migration_list list = MIGRATION_LIST_INIT;
	struct migration *m;
	size_t i, k;
	int c;

	for (i = 0; i < COUNT; i++) {
		m = migration_add(&list);
		if (m == NULL)
			abort();
		m->kind = order[i].kind;
		m->version = copy(order[i].version);
		m->name = copy(order[i].name);
	}
	for (i = 0; i < COUNT; i++)
		for (k = 0; k < COUNT; k++) {
			c = migration_cmp(&list.items[i], &list.items[k]);
			CHECK_INT((c > 0) - (c < 0), (i > k) - (i < k));
		}
	migration_list_free(&list);
}

int
main(void)
{
	check_read();
	check_new_word();
	check_wrong();
	check_order();
	return unit_done("migration");
}
