/* What mig-apply says while it works. */

#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memfile.h"
#include "table.h"
#include "text.h"

static const struct stream_column start_columns[] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "at", STREAM_STRING },
	{ "name", STREAM_STRING },
};

static const struct stream_column done_columns[] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "ms", STREAM_NUMBER },
	{ "name", STREAM_STRING },
};

static const struct stream_column retry_columns[] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "ms", STREAM_NUMBER },
	{ "sqlstate", STREAM_STRING },
	{ "why", STREAM_STRING },
};

static const struct stream_column wait_columns[] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "ms", STREAM_NUMBER },
	{ "why", STREAM_STRING },
};

static const struct stream_column fail_columns[] = {
	{ "step", STREAM_NUMBER },
	{ "action", STREAM_STRING },
	{ "series", STREAM_STRING },
	{ "version", STREAM_STRING },
	{ "ms", STREAM_NUMBER },
	{ "sqlstate", STREAM_STRING },
	{ "where", STREAM_STRING },
	{ "message", STREAM_STRING },
};

static const struct stream_column exit_columns[] = {
	{ "code", STREAM_NUMBER },
	{ "done", STREAM_NUMBER },
};

/* Milliseconds that a step may take before its progress is shown. */
#define PATIENCE 300

long long
report_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const char *
number(char buf[24], long long value)
{
	snprintf(buf, 24, "%lld", value);
	return buf;
}

/* How the report ends with a signal before anything has begun; or NULL. */
static char *
last_words(enum stream_style style, int sig)
{
	struct fault ignored = FAULT_INIT;
	struct stream_writer w;
	const char *values[] = { NULL, "0" };
	char code[24], *text = NULL;
	size_t len = 0, header = 0;
	FILE *mem;

	mem = memfile_open(&text, &len);
	if (mem == NULL)
		return NULL;
	if (stream_begin(&w, mem, "report", style, NULL) == 0) {
		/* which was written then */
		fflush(mem);
		header = len;
		values[0] = number(code, 128 + sig);
		stream_record(&w, "exit", exit_columns, values, 2);
		stream_end(&w, &ignored);
		fault_free(&ignored);
	}
	if (fclose(mem) == 0)
		memmove(text, text + header, len - header + 1);
	return text;
}

static int
take_standard(void)
{
	FILE *out, *error;

	out = stop_stream(STDOUT_FILENO);
	error = stop_stream(STDERR_FILENO);
	if (out == NULL || error == NULL)
		return -1;
	setvbuf(error, NULL, _IOLBF, 0);
	/* glibc lets them be set, and so err(3) follows */
	stdout = out;
	stderr = error;
	return 0;
}

int
report_begin(struct report *r, enum stream_style style, bool people)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->people = people;
	r->colour = people && table_coloured(stdout);
	r->progress = isatty(STDERR_FILENO);
	r->began = r->step_began = report_clock();
	r->terminal = stdout;
	r->messages = stderr;
	r->words.line = "mig-apply: stopped: nothing was done\n";
	for (i = 0; i < 3 && !people; i++)
		r->words.report[i] = last_words(style, stop_signals[i]);
	if (take_standard() == -1 ||
	    stream_begin(&r->w, stdout, "report", people ? STREAM_BARE : style,
		NULL) == -1)
		return -1;
	stop_at_once(&r->words);
	report_ok(r);
	return 0;
}

bool
report_ok(struct report *r)
{
	if (r->broken)
		return false;
	errno = 0;
	r->broken = fflush(stdout) == EOF || ferror(stdout) || r->w.broken;
	r->error = r->broken ? errno : 0;
	return !r->broken;
}

void
report_wipe(struct report *r)
{
	if (r->shown)
		fputs("\r\033[K", stderr);
	r->shown = false;
}

void
report_record(struct report *r, const char *word,
    const struct stream_column *columns, const char *const *values, size_t n)
{
	if (r->people)
		return;
	stream_record(&r->w, word, columns, values, n);
	stream_flush(&r->w);
	report_ok(r);
}

/* The columns that all records of a step have in front. */
static void
step_values(const char **values, char step[24], size_t n,
    const struct plan_step *s)
{
	values[0] = number(step, (long long)n);
	values[1] = plan_action_name(s->action);
	values[2] = s->m.series;
	values[3] = s->m.version;
}

/* A line for people, of the step: `  3/12  apply  main 7 name`. */
static void
people(struct report *r, const char *colour, size_t n,
    const struct plan_step *s)
{
	report_wipe(r);
	printf("%*zu/%zu  %s%-8s%s %s%s%s%s", r->steps > 999 ? 5 : 3, n,
	    r->steps, r->colour ? colour : "", plan_action_name(s->action),
	    r->colour ? "\033[0m" : "", s->m.series == NULL ? "" : s->m.series,
	    s->m.series == NULL ? "" : " ",
	    s->m.version == NULL ? "" : s->m.version,
	    s->m.version == NULL ? "" : " ");
	if (s->m.name != NULL)
		text_show(stdout, s->m.name, strlen(s->m.name));
}

void
report_start(struct report *r, size_t n, const struct plan_step *s)
{
	const char *values[6];
	char step[24], at[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
	r->step_began = report_clock();
	step_values(values, step, n, s);
	values[4] = at;
	values[5] = s->m.name;
	report_record(r, "start", start_columns, values, 6);
}

void
report_done(struct report *r, size_t n, const struct plan_step *s)
{
	const char *values[6];
	char step[24], ms[24];
	long long took = report_clock() - r->step_began;

	r->done++;
	if (r->people) {
		people(r, "\033[32m", n, s);
		printf("  %lld ms\n", took);
		report_ok(r);
		return;
	}
	report_wipe(r);
	step_values(values, step, n, s);
	values[4] = number(ms, took);
	values[5] = s->m.name;
	report_record(r, "done", done_columns, values, 6);
}

void
report_rehearsed(struct report *r, size_t n, const struct plan_step *s)
{
	const char *values[6];
	char step[24], ms[24];

	r->rehearsed++;
	report_wipe(r);
	step_values(values, step, n, s);
	values[4] = number(ms, report_clock() - r->step_began);
	values[5] = s->m.name;
	report_record(r, "rehearsed", done_columns, values, 6);
}

void
report_retry(struct report *r, size_t n, const struct plan_step *s,
    const char *sqlstate, const char *why)
{
	const char *values[7];
	char step[24], ms[24];

	report_wipe(r);
	if (r->people) {
		people(r, "\033[33m", n, s);
		printf("  %s, tried again: ", sqlstate);
		text_show(stdout, why, strlen(why));
		fputc('\n', stdout);
		report_ok(r);
		return;
	}
	step_values(values, step, n, s);
	values[4] = number(ms, report_clock() - r->step_began);
	values[5] = sqlstate;
	values[6] = why;
	report_record(r, "retry", retry_columns, values, 7);
}

void
report_wait(struct report *r, size_t n, const struct plan_step *s,
    const char *why)
{
	const char *values[6];
	char step[24], ms[24];

	report_wipe(r);
	if (r->people) {
		people(r, "\033[33m", n, s);
		fputs("  waits for ", stdout);
		text_show(stdout, why, strlen(why));
		fputc('\n', stdout);
		report_ok(r);
		return;
	}
	step_values(values, step, n, s);
	values[4] = number(ms, report_clock() - r->step_began);
	values[5] = why;
	report_record(r, "wait", wait_columns, values, 6);
}

void
report_fail(struct report *r, size_t n, const struct plan_step *s,
    const char *sqlstate, const char *where, const char *message)
{
	const char *values[8];
	char step[24], ms[24];

	report_wipe(r);
	if (r->people) {
		people(r, "\033[31m", n, s);
		fputs("  failed\n", stdout);
		report_ok(r);
		return;
	}
	step_values(values, step, n, s);
	values[4] = number(ms, report_clock() - r->step_began);
	values[5] = sqlstate;
	values[6] = where;
	values[7] = message;
	report_record(r, "fail", fail_columns, values, 8);
}

void
report_progress(struct report *r, size_t n, const struct plan_step *s,
    const char *what)
{
	long long took = report_clock() - r->step_began;

	if (!r->progress || took < PATIENCE)
		return;
	fflush(stdout);
	fprintf(stderr, "\r\033[K%zu/%zu %s ", n, r->steps,
	    plan_action_name(s->action));
	if (s->m.version != NULL)
		fprintf(stderr, "%s ", s->m.version);
	if (s->m.name != NULL)
		text_show(stderr, s->m.name, strlen(s->m.name));
	fprintf(stderr, "  %lld.%lld s", took / 1000, took % 1000 / 100);
	if (what != NULL && *what != '\0') {
		fputs("  ", stderr);
		text_show(stderr, what, strcspn(what, "\n"));
	}
	fflush(stderr);
	r->shown = true;
}

/* The line that people see last. */
static void
closing_line(struct report *r, int code, const char *database)
{
	long long took = report_clock() - r->began;

	if (code != 0 && r->done == 0 && r->rehearsed == 0)
		return;
	if (r->steps == 0) {
		puts("nothing to do: the plan has no steps");
		return;
	}
	printf("%s%zu of %zu step%s %s in %lld.%03lld s%s",
	    r->colour ? (code == 0 ? "\033[32m" : "\033[31m") : "",
	    r->rehearsal ? r->rehearsed : r->done, r->steps,
	    r->steps == 1 ? "" : "s",
	    r->rehearsal ? "rehearsed and rolled back" : "done", took / 1000,
	    took % 1000, r->colour ? "\033[0m" : "");
	if (database != NULL) {
		fputs(", database ", stdout);
		text_show(stdout, database, strlen(database));
	}
	if (code != 0)
		printf(", exit %d", code);
	fputc('\n', stdout);
}

enum exits
report_end(struct report *r, int code, const char *database)
{
	struct fault f = FAULT_INIT;
	const char *values[2];
	char number_code[24], number_done[24];
	size_t i;

	if (r->ended)
		return (enum exits)code;
	r->ended = true;
	report_wipe(r);
	values[0] = number(number_code, code);
	values[1] = number(number_done, (long long)r->done);
	report_record(r, "exit", exit_columns, values, 2);
	if (r->people)
		closing_line(r, code, database);
	if (stream_end(&r->w, &f) == -1 || r->broken) {
		if (r->error != 0) {
			errno = r->error;
			fault_errno(&f, "cannot write the output");
		} else if (f.text == NULL && !f.nomem)
			fault_set(&f, EXIT_STREAM, "cannot write the report");
		if (!r->rehearsal)
			fault_hint(&f,
			    "what was done stands in the history: "
			    "mig-ls -d");
		fault_print(&f, stderr);
		if (code == EXIT_DONE)
			code = EXIT_STREAM;
	}
	fault_free(&f);
	for (i = 0; i < 3; i++) {
		free(r->words.report[i]);
		r->words.report[i] = NULL;
	}
	PQfreeCancel(r->words.cancel);
	r->words.cancel = NULL;
	return (enum exits)code;
}

void
report_close(struct report *r)
{
	FILE *out = stdout, *error = stderr;

	stdout = r->terminal;
	stderr = r->messages;
	fclose(out);
	fclose(error);
}
