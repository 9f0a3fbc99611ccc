/* Our directives at the head of a text. */

#include "directive.h"

#include <stdlib.h>

#include "unit.h"

/* All that was read, as a line; or the text of the fault. */
static char *
read_text(const char *text, size_t cut, size_t *line)
{
	struct directives d = DIRECTIVES_INIT;
	struct fault f = FAULT_INIT;
	char *out;
	size_t i, len = strlen(text), out_len;
	FILE *fp = open_memstream(&out, &out_len);

	if (fp == NULL)
		abort();
	if (directives_read(&d, text, cut, "p", 1, &f) == -1 ||
	    directives_read(&d, text + cut, len - cut, "p", *line, &f) == -1) {
		CHECK_INT(f.code, EXIT_STREAM);
		fprintf(fp, "!%s", f.text);
	} else {
		if (d.has_mode)
			fprintf(fp, "mode=%s ", migration_mode_name(d.mode));
		for (i = 0; i < LIMITS; i++)
			if (d.has_limit[i])
				fprintf(fp, "%zu=%ld ", i, d.limits[i]);
		if (d.role != NULL)
			fprintf(fp, "role=%s ", d.role);
		for (i = 0; i < d.nneeds; i++)
			fprintf(fp, "need=%s/%s ", d.needs[i].series,
			    d.needs[i].version);
		if (d.repeatable > 0)
			fprintf(fp, "repeatable=%zu ", d.repeatable);
		if (d.ended)
			fprintf(fp, "ended ");
	}
	fclose(fp);
	directives_free(&d);
	CHECK(d.role == NULL && d.needs == NULL && d.nneeds == 0);
	fault_free(&f);
	return out;
}

/* In one piece, and in two wherever a line ends. */
static void
check(const char *text, const char *expected)
{
	size_t i, line = 1;
	char *got;

	for (i = 0; i <= strlen(text); i++) {
		if (i > 0 && text[i - 1] != '\n')
			continue;
		line += i > 0;
		got = read_text(text, i, &line);
		if (!CHECK_STR(got, expected))
			printf("\tof %s, cut at %zu\n", text, i);
		free(got);
	}
}

static void
check_words(void)
{
	check("", "");
	check("SELECT 1;\n", "ended ");
	check("-- mig: no-transaction\nVACUUM;\n", "mode=none ended ");
	check("--mig:own-transaction\r\n", "mode=own ");
	check(" \t-- \t mig:\trole \f a\"b\n\n", "role=a\"b ");
	check("-- mig: requires a 1\n-- mig: requires b 1.2\n",
	    "need=a/1 need=b/1.2 ");
	check("-- one\n-- mig: repeatable\n", "repeatable=2 ");
	check("-- migrate: role a\n-- mig\n-- mig is a\n-- MIG: role b\n",
	    "role=b ");
	check("/* /* a */\n-- mig: role a\n*/ -- mig: role b\n", "role=b ");
	check("/* a */ SELECT 1; -- mig: roles\n", "ended ");
	check("*/\n", "ended ");
	check("-\n", "ended ");
}

static void
check_durations(void)
{
	check("-- mig: lock-timeout 0\n", "0=0 ");
	check("-- mig: lock-timeout 500ms\n", "0=500 ");
	check("-- mig: lock-timeout 10s\n", "0=10000 ");
	check("-- mig: lock-timeout 2min\n", "0=120000 ");
	check("-- mig: lock-timeout 596h\n", "0=2145600000 ");
	check("-- mig: statement-timeout 1s\n-- mig: retry 0\n", "1=0 3=1000 ");
}

static void
check_wrong_duration(const char *duration)
{
	char *text;

	if (asprintf(&text, "\n-- mig: lock-timeout%s\n", duration) == -1)
		abort();
	check(text,
	    "!p:2: -- mig: lock-timeout: wants a duration: "
	    "500ms, 10s, 2min, 0");
	free(text);
}

static void
check_wrong(void)
{
	static const char *const durations[] = { "", " s", " 1", " 1y", " -1s",
		" 597h", " 2147483648ms", " 12345678901ms", " 1s 2s", " 1 s" };
	size_t i;

	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		check_wrong_duration(durations[i]);
	check("-- mig:\n", "!p:1: -- mig: says nothing");
	check("-- mig: nothing\n", "!p:1: -- mig: nothing: no such directive");
	check("-- mig: no-transaction x\n",
	    "!p:1: -- mig: no-transaction: takes no argument");
	check("-- mig: no-transaction\n-- mig: own-transaction\n",
	    "!p:2: -- mig: own-transaction: the mode was said before");
	check("-- mig: lock-timeout 1s\n\n-- mig: lock-timeout 1s\n",
	    "!p:3: -- mig: lock-timeout: was said before");
	check("-- mig: retry 1s\n-- mig: statement-timeout 1s\n"
	      "-- mig: retry 1s\n",
	    "!p:3: -- mig: retry: was said before");
	check("-- mig: role\n", "!p:1: -- mig: role: wants one name");
	check("-- mig: role a b\n", "!p:1: -- mig: role: wants one name");
	check("-- mig: role a\n-- mig: role a\n",
	    "!p:2: -- mig: role: was said before");
	check("-- mig: requires a\n",
	    "!p:1: -- mig: requires: wants a series and a version");
	check("-- mig: requires a 1 2\n",
	    "!p:1: -- mig: requires: wants a series and a version");
	check("-- mig: repeatable x\n",
	    "!p:1: -- mig: repeatable: takes no argument");
	check("-- mig: repeatable\n-- mig: repeatable\n",
	    "!p:2: -- mig: repeatable: was said before");
	check("-- mig: down\n",
	    "!p:1: -- mig: down: parts a file in the plain convention only, "
	    "as a line of its own with nothing before it");
	check("-- mig : role a\n", "!p:1: a directive begins with \"-- mig:\"");
	check("-- Mig no-transaction\n",
	    "!p:1: a directive begins with \"-- mig:\"");
	check("-- mig: a23456789012345678901234567890"
	      "1234567890123456789012345678901\n",
	    "!p:1: -- mig: a23456789012345678901234567890"
	    "123456789012345678901234567890: no such directive");
}

#define LATE "behind the first statement: directives stand before it"
#define DOWN \
	"parts a file in the plain convention only, as a line of its own " \
	"with nothing before it"

/* Below the first statement, and behind it in its line. */
static void
check_late(void)
{
	check("a\nb -- mig: x\n-- mig: role a\n", "!p:3: -- mig: " LATE);
	check("a\nb -- mig: role a\n", "!p:2: -- mig: " LATE);
	check("a;\n--mig:role a\n", "!p:2: -- mig: " LATE);
	check("a;\n--\t mig: x\n", "!p:2: -- mig: " LATE);
	check("a;\n \t-- MIG: x\n", "!p:2: -- mig: " LATE);
	check("a;\n-- mig :\n", "!p:2: -- mig: " LATE);
	check("a; -- mig: retry 1s\n", "!p:1: -- mig: " LATE);
	check("a; -- mig: down\nb\n", "!p:1: -- mig: down: " DOWN);
	check("a;\n  -- mig: down\nb\n", "!p:2: -- mig: down: " DOWN);
	check("a;\n-- mig down\nb\n", "!p:2: -- mig: down: " DOWN);
	check("a;\n-- mig : down\nb\n", "!p:2: -- mig: " LATE);
	check("a;\n-mig: a\n- - mig: a\n--- mig: a\nmig: a\n", "ended ");
	check("a;\n-- -- mig: role a\n-- mig is a\n-- migrate: a\n--\n",
	    "ended ");
}

int
main(void)
{
	check_words();
	check_durations();
	check_wrong();
	check_late();
	return unit_done("directive");
}
