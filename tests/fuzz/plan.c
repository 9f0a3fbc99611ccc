/*
 * Fuzz target of plans.  As no fuzzer finds a digest, the input is the lines
 * between header and trailer: they are sealed here, and so are the texts of
 * steps.  What is read as a plan is whole: its texts can be read, each line
 * of them has a place, and every prefix of the stream is refused.
 */

#include "plan.h"

#include "fuzz.h"

static int
read_plan(struct plan *p, const char *s, size_t len, struct fault *f)
{
	char *copy;
	FILE *fp;
	int result;

	copy = malloc(len + 1);
	memcpy(copy, s, len);
	fp = fmemopen(copy, len, "r");
	result = plan_read(p, fp, "in", f);
	fclose(fp);
	free(copy);
	return result;
}

static void
check_text(const struct plan *p, const struct plan_text *t)
{
	struct fault f = FAULT_INIT;
	char *text;

	if (!t->present)
		return;
	text = plan_text_read(p, t, &f);
	require(text != NULL);
	require(text[t->len] == '\0');
	free(text);
}

static void
check_plan(const struct plan *p)
{
	const struct plan_step *s;
	size_t i, line, there;

	require(p->state != NULL);
	for (i = 0; i < p->nsteps; i++) {
		s = &p->steps[i];
		check_text(p, &s->run);
		check_text(p, &s->up);
		check_text(p, &s->down);
		require(!s->run.present || plan_action_runs(s->action));
		for (line = 1; line < 5; line++) {
			require(plan_where(s, line, &there) != NULL);
			require(there > 0);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = FAULT_INIT;
	struct plan p;
	size_t len, cut;
	char *text;

	text = fuzz_seal("plan", (const char *)data, size, &len);
	if (read_plan(&p, text, len, &f) == 0) {
		check_plan(&p);
		plan_free(&p);
		cut = size > 0 ? 1 + data[size / 2] % (len - 1) : len / 2;
		require(read_plan(&p, text, cut, &f) == -1);
	}
	require(f.text == NULL || f.code == EXIT_STREAM);
	fault_free(&f);
	free(text);
	return 0;
}
