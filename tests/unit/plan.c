/* Unit tests of lib/plan: written, read back, and damaged. */

#include "plan.h"

#include <stdlib.h>

#include "convention.h"
#include "unit.h"

static char sum[HASH_HEX], down_sum[HASH_HEX];

static const char run_text[] = "CREATE TABLE a ();\n\n\tSELECT 1";
static const char down_text[] = "DROP TABLE a;\n";

static void
digest(const char *text, char hex[HASH_HEX])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, text, strlen(text));
	hash_hex(&h, hex);
}

static char series[] = "main", version[] = "7", name[] = "a\tb",
	    path[] = "m/7_a.sql";

static struct migration
migration(char *sha256)
{
	struct migration m;

	memset(&m, 0, sizeof(m));
	m.series = series;
	m.version = version;
	m.name = name;
	m.path = path;
	m.mode = MODE_NONE;
	m.sha256 = sha256;
	m.convention = convention_find("sqlx");
	return m;
}

/* A plan with all that there is; owned. */
static char *
make(size_t *len)
{
	struct migration m;
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	char *text;
	FILE *fp;

	digest(run_text, sum);
	digest(down_text, down_sum);
	m = migration(sum);
	fp = open_memstream(&text, len);
	plan_begin(&w, fp, STREAM_SEALED);
	plan_state(&w, sum);
	plan_allow(&w, "out-of-order");
	plan_tool(&w, "flyway", "my schema", "t\tt", "rows");
	plan_need(&w, "a");
	plan_need(&w, "b");
	plan_step(&w, 1, PLAN_APPLY, &m);
	plan_from(&w, path, 3);
	stream_text(&w, run_text, sizeof(run_text) - 1);
	plan_keep(&w, 1, true, down_sum, path, down_text);
	plan_step(&w, 2, PLAN_ACCEPT, &m);
	plan_keep(&w, 2, false, sum, path, run_text);
	plan_step(&w, 3, PLAN_APPLY, &m);
	stream_text(&w, "one\n", 4);
	plan_from(&w, "inc", 1);
	stream_text(&w, "two\nthree\n", 10);
	plan_from(&w, path, 3);
	stream_text(&w, "four\n", 5);
	plan_step(&w, 4, PLAN_ADOPT, &m);
	plan_keep(&w, 4, false, sum, path, run_text);
	CHECK_INT(stream_end(&w, &f), 0);
	fclose(fp);
	return text;
}

static int
read_plan(struct plan *p, const char *text, size_t len, struct fault *f)
{
	char *copy;
	FILE *fp;
	int result;

	copy = malloc(len + 1);
	memcpy(copy, text, len);
	fp = len == 0 ? fopen("/dev/null", "r") : fmemopen(copy, len, "r");
	result = plan_read(p, fp, "in", f);
	fclose(fp);
	free(copy);
	return result;
}

static void
check_text(const struct plan *p, const struct plan_text *t,
    const char *expected)
{
	struct fault f = FAULT_INIT;
	char *text;

	if (!CHECK_INT(t->present, expected != NULL) || expected == NULL)
		return;
	text = plan_text_read(p, t, &f);
	CHECK_STR(text, expected);
	free(text);
}

static void
check_where(const struct plan_step *s, size_t line, const char *file,
    size_t there)
{
	size_t n;

	CHECK_STR(plan_where(s, line, &n), file);
	CHECK_INT(n, there);
}

static void
test_read(void)
{
	struct fault f = FAULT_INIT;
	struct plan p;
	size_t len;
	char *text;

	text = make(&len);
	if (!CHECK_INT(read_plan(&p, text, len, &f), 0)) {
		printf("\t%s\n", f.text);
		return;
	}
	CHECK_STR(p.state, sum);
	CHECK(p.out_of_order);
	CHECK_STR(p.tool.name, "flyway");
	CHECK_STR(p.tool.schema, "my schema");
	CHECK_STR(p.tool.table, "t\tt");
	CHECK_STR(p.tool.rows, "rows");
	CHECK_INT(p.nneeds, 2);
	CHECK_STR(p.needs[1], "b");
	CHECK_INT(p.nsteps, 4);
	CHECK_INT(p.steps[0].action, PLAN_APPLY);
	CHECK_STR(p.steps[0].m.series, "main");
	CHECK_STR(p.steps[0].m.version, "7");
	CHECK_STR(p.steps[0].m.name, "a\tb");
	CHECK_STR(p.steps[0].m.path, path);
	CHECK_INT(p.steps[0].m.mode, MODE_NONE);
	CHECK_STR(p.steps[0].m.sha256, sum);
	CHECK_STR(p.steps[0].m.down_sha256, down_sum);
	CHECK_STR(p.steps[0].m.convention->name, "sqlx");
	check_text(&p, &p.steps[0].run, run_text);
	check_text(&p, &p.steps[0].down, down_text);
	check_text(&p, &p.steps[0].up, NULL);
	CHECK_INT(p.steps[1].action, PLAN_ACCEPT);
	check_text(&p, &p.steps[1].run, NULL);
	check_text(&p, &p.steps[1].up, run_text);
	check_text(&p, &p.steps[2].run, "one\ntwo\nthree\nfour\n");
	CHECK_INT(p.steps[3].action, PLAN_ADOPT);
	check_text(&p, &p.steps[3].run, NULL);
	check_text(&p, &p.steps[3].up, run_text);
	check_where(&p.steps[0], 1, path, 3);
	check_where(&p.steps[0], 3, path, 5);
	check_where(&p.steps[1], 2, path, 2);
	check_where(&p.steps[2], 1, path, 1);
	check_where(&p.steps[2], 2, "inc", 1);
	check_where(&p.steps[2], 3, "inc", 2);
	check_where(&p.steps[2], 4, path, 3);
	plan_free(&p);
	free(text);
}

static void
test_label(void)
{
	struct plan_step s;

	memset(&s, 0, sizeof(s));
	CHECK_STR(plan_step_label(&s), "-");
	check_where(&s, 2, "-", 2);
	s.m.name = name;
	CHECK_STR(plan_step_label(&s), name);
	check_where(&s, 2, name, 2);
	s.m.path = path;
	CHECK_STR(plan_step_label(&s), path);
	check_where(&s, 2, path, 2);
}

/* Every prefix, and every bit the other way: nothing of it is a plan. */
static void
test_every_bit(void)
{
	struct fault f = FAULT_INIT;
	struct plan p;
	size_t len, i;
	char *text;

	text = make(&len);
	for (i = 0; i < len; i++) {
		if (!CHECK_INT(read_plan(&p, text, i, &f), -1) ||
		    !CHECK_INT(f.code, EXIT_STREAM))
			printf("\tprefix of %zu\n", i);
		fault_free(&f);
	}
	for (i = 0; i < len * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		if (!CHECK_INT(read_plan(&p, text, len, &f), -1) ||
		    !CHECK_INT(f.code, EXIT_STREAM))
			printf("\tbit %zu\n", i);
		fault_free(&f);
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
	}
	CHECK_INT(read_plan(&p, text, len, &f), 0);
	plan_free(&p);
	free(text);
}

/* Lines behind a header, sealed; static. */
static const char *
sealed(const char *lines)
{
	static char text[4096];
	const char *s;
	struct hash h;
	char hex[HASH_HEX];
	size_t n = 0, len;

	len = (size_t)snprintf(text, sizeof(text), "#mig\tplan\t1\n%s", lines);
	for (s = lines; s != NULL && *s != '\0'; s = strchr(s, '\n')) {
		s += *s == '\n';
		n += *s != '\0' && *s != '\t' && *s != '#';
	}
	hash_init(&h);
	hash_add(&h, text, len);
	hash_hex(&h, hex);
	snprintf(text + len, sizeof(text) - len, "#end\t%zu\tsha256:%s\n", n,
	    hex);
	return text;
}

#define STATE "state\tx\n"
#define TOOL "tool\tflyway\ts\tt\tx\n"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define STEP_OF(n, action) \
	"step\t" n "\t" action "\tmain\t1\ttx\t" EMPTY \
	"\ta\tp\tversioned\tplain\n"
#define STEP STEP_OF("1", "apply")

/* What only an edited plan can hold, the seal being right. */
static void
test_edited(void)
{
	static const struct {
		const char *lines, *message;
	} rows[] = {
		{ "", "the plan names no state" },
		{ STATE STATE, "in:3: a damaged or second state" },
		{ "state\tx\ty\n", "in:2: a damaged or second state" },
		{ "state\t-\n", "in:2: a damaged or second state" },
		{ STATE "bogus\tx\n", "in:3: \"bogus\" is nothing" },
		{ STATE "nolf\t-\n", "in:3: \"nolf\" is nothing" },
		{ STATE "allow\teverything\n", "in:3: the plan allows" },
		{ STATE TOOL TOOL, "in:4: a damaged or second \"tool\"" },
		{ STATE "tool\tflyway\ts\t-\tx\n", "in:3: a damaged or" },
		{ STATE "tool\tflyway\ts\tt\n", "in:3: a damaged or second" },
		{ STATE STEP TOOL, "in:4: a record that belongs before" },
		{ STATE STEP_OF("1", "adopt"), "in:3: a step adopts, but" },
		{ STATE TOOL STEP_OF("1", "adopt") "\tx\n", "has text, but" },
		{ STATE "need\t-\n", "in:3: a damaged \"need\"" },
		{ STATE "\tx\n", "in:3: text that belongs to no step" },
		{ STATE "from\tx\t1\n", "in:3: a \"from\" that belongs to" },
		{ STATE "keep\t1\tup\t" EMPTY "\t-\t-\n",
		    "in:3: a \"keep\" that belongs to no step" },
		{ STATE STEP "need\tx\n", "in:4: a record that belongs" },
		{ STATE STEP STEP, "in:4: a step is out of its place" },
		{ STATE STEP_OF("2", "apply"), "in:3: a step is out of its" },
		{ STATE STEP_OF("01", "apply"), "in:3: a step is out of its" },
		{ STATE STEP_OF("1", "do"), "in:3: a step of an unknown" },
		{ STATE "step\t1\tapply\n",
		    "in:3: a step with another number" },
		{ STATE STEP "\tx\n", "the text of the step before this" },
		{ STATE STEP "from\tp\t5\n\tx\n", "the text of the step" },
		{ STATE STEP_OF("1", "accept") "\tx\n", "has text, but its" },
		{ STATE STEP "from\tx\t0\n", "in:4: a \"from\" with no line" },
		{ STATE STEP "from\tx\t-1\n", "in:4: a \"from\" with no line" },
		{ STATE STEP "from\t-\t1\n", "in:4: a \"from\" that belongs" },
		{ STATE STEP "keep\t1\tup\t" EMPTY "\t-\tx\n",
		    "in:4: a text that is not the one" },
		{ STATE STEP "keep\t1\tside\t" EMPTY "\t-\t-\n",
		    "in:4: a \"keep\" of an unknown part" },
		{ STATE STEP "keep\t1\tdown\t" EMPTY "\t-\t-\n"
			     "keep\t1\tdown\t" EMPTY "\t-\t-\n",
		    "in:5: a second down text" },
		{ STATE STEP "keep\t1\tup\t" EMPTY "\t-\t-\n"
			     "keep\t1\tup\t" EMPTY "\t-\t-\n",
		    "in:5: a second up text" },
		{ STATE STEP "keep\t2\tup\t" EMPTY "\t-\t-\n",
		    "in:4: a \"keep\" that belongs to no step" },
		{ STATE STEP "keep\t1\tup\t" EMPTY "\t-\t-\n\tx\n",
		    "in:5: text that belongs to no step" },
	};
	struct fault f = FAULT_INIT;
	struct plan p;
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = sealed(rows[i].lines);
		if (!CHECK_INT(read_plan(&p, text, strlen(text), &f), -1) ||
		    !CHECK(f.text != NULL &&
			strstr(f.text, rows[i].message) != NULL))
			printf("\trow %zu: %s\n", i,
			    f.text == NULL ? "(null)" : f.text);
		fault_free(&f);
	}
	text = sealed(STATE STEP);
	CHECK_INT(read_plan(&p, text, strlen(text), &f), 0);
	plan_free(&p);
	text = sealed(STATE);
	CHECK_INT(read_plan(&p, text, strlen(text), &f), 0);
	plan_free(&p);
}

/* More text than is kept in memory, and no directory for a file. */
static void
test_no_room(void)
{
	static char text[4096];
	struct migration m = migration(sum);
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	struct plan p;
	char *plan;
	size_t len, i;
	FILE *fp = open_memstream(&plan, &len);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	plan_begin(&w, fp, STREAM_SEALED);
	plan_state(&w, sum);
	plan_step(&w, 1, PLAN_APPLY, &m);
	for (i = 0; i < 600; i++)
		stream_text(&w, text, sizeof(text));
	CHECK_INT(stream_end(&w, &f), 0);
	fclose(fp);
	setenv("TMPDIR", "/nonexistent", 1);
	CHECK_INT(read_plan(&p, plan, len, &f), -1);
	CHECK_INT(f.code, EXIT_STREAM);
	CHECK(f.text != NULL && strncmp(f.text, "/nonexistent/mig.", 17) == 0);
	CHECK(f.hint != NULL);
	fault_free(&f);
	unsetenv("TMPDIR");
	free(plan);
}

int
main(void)
{
	test_read();
	test_label();
	test_every_bit();
	test_edited();
	test_no_room();
	return (unit_done("plan"));
}
