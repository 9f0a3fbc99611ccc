/* What mig-apply says while it works. */

#include "report.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memfile.h"
#include "table.h"
#include "text.h"

/* What all records of a step have in front. */
#define STEP_COLUMNS \
	{ "step", STREAM_NUMBER }, { "action", STREAM_STRING }, \
	    { "series", STREAM_STRING }, \
	{ \
		"version", STREAM_STRING \
	}

/* The same of what comes behind its start. */
#define EVENT_COLUMNS \
	STEP_COLUMNS, \
	{ \
		"ms", STREAM_NUMBER \
	}

static const struct stream_column start_columns[] = {
	STEP_COLUMNS,
	{ "at", STREAM_STRING },
	{ "name", STREAM_STRING },
};

static const struct stream_column done_columns[] = {
	EVENT_COLUMNS,
	{ "name", STREAM_STRING },
};

static const struct stream_column retry_columns[] = {
	EVENT_COLUMNS,
	{ "sqlstate", STREAM_STRING },
	{ "why", STREAM_STRING },
};

static const struct stream_column wait_columns[] = {
	EVENT_COLUMNS,
	{ "why", STREAM_STRING },
};

static const struct stream_column fail_columns[] = {
	EVENT_COLUMNS,
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

/* Columns of a terminal that does not say how many it has. */
#define COLUMNS 80

long long
report_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
report_number(char buf[24], long long value)
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
		values[0] = report_number(code, 128 + sig);
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
	if (r->shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
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
	values[0] = report_number(step, (long long)n);
	values[1] = plan_action_name(s->action);
	values[2] = s->m.series;
	values[3] = s->m.version;
}

void
report_start(struct report *r, size_t n, const struct plan_step *s,
    long long began)
{
	const char *values[6];
	char step[24], at[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
	r->step_began = began != 0 ? began : report_clock();
	if (!r->begun)
		r->began = r->step_began;
	r->begun = true;
	step_values(values, step, n, s);
	values[4] = at;
	values[5] = s->m.name;
	report_record(r, "start", start_columns, values, 6);
}

/* What has happened to a step: a record with `rest` behind its time. */
struct event {
	const char *word;
	const struct stream_column *columns;
	size_t rest;
	const char *colour; /* of the line for people */
	const char *words;  /* on it, before what is said; NULL: no line */
};

/* Write a word of a plan, as no terminal acts on it; NULL: nothing. */
static void
show_word(FILE *fp, const char *word, const char *behind)
{
	if (word == NULL)
		return;
	text_show(fp, word, strlen(word));
	fputs(behind, fp);
}

/* Version and name: the line of progress has no room for more. */
static void
show_short_name(FILE *fp, const struct plan_step *s)
{
	show_word(fp, s->m.version, " ");
	show_word(fp, s->m.name, "");
}

void
report_name(FILE *fp, const struct plan_step *s)
{
	show_word(fp, s->m.series, " ");
	show_short_name(fp, s);
}

/* A line for people: `  3/12  apply   main 7 name  waits for pid 4711`. */
static void
show(struct report *r, const struct event *e, size_t n,
    const struct plan_step *s, const char *said)
{
	printf("%*zu/%zu  %s%-8s%s ", r->steps > 999 ? 5 : 3, n, r->steps,
	    r->colour ? e->colour : "", plan_action_name(s->action),
	    r->colour ? "\033[0m" : "");
	report_name(stdout, s);
	printf("  %s", e->words);
	text_show(stdout, said, strlen(said));
	fputc('\n', stdout);
	report_ok(r);
}

/* Milliseconds since the step began. */
static long long
taken(const struct report *r)
{
	return report_clock() - r->step_began;
}

/* Tell an event; `said` is what people read of it. */
static void
tell(struct report *r, const struct event *e, size_t n,
    const struct plan_step *s, long long ms, const char *const *rest,
    const char *said)
{
	const char *values[8];
	char step[24], took[24];

	report_wipe(r);
	if (r->people) {
		if (e->words != NULL)
			show(r, e, n, s, said);
		return;
	}
	step_values(values, step, n, s);
	values[4] = report_number(took, ms);
	memcpy(values + 5, rest, e->rest * sizeof(*rest));
	report_record(r, e->word, e->columns, values, 5 + e->rest);
}

void
report_done(struct report *r, size_t n, const struct plan_step *s,
    long long ended)
{
	long long ms = ended != 0 ? ended - r->step_began : taken(r);
	static const struct event done = { "done", done_columns, 1, "\033[32m",
		"" };
	const char *rest[] = { s->m.name };
	char took[32];

	r->done++;
	snprintf(took, sizeof(took), "%lld ms", ms);
	tell(r, &done, n, s, ms, rest, took);
}

void
report_rehearsed(struct report *r, size_t n, const struct plan_step *s)
{
	static const struct event rehearsed = { "rehearsed", done_columns, 1,
		NULL, NULL };
	const char *rest[] = { s->m.name };

	r->rehearsed++;
	tell(r, &rehearsed, n, s, taken(r), rest, NULL);
}

void
report_retry(struct report *r, size_t n, const struct plan_step *s,
    const char *sqlstate, const char *why)
{
	static const struct event retry = { "retry", retry_columns, 2,
		"\033[33m", "tried again: " };
	const char *rest[] = { sqlstate, why };

	tell(r, &retry, n, s, taken(r), rest, why);
}

void
report_wait(struct report *r, size_t n, const struct plan_step *s,
    const char *why)
{
	static const struct event wait = { "wait", wait_columns, 1, "\033[33m",
		"waits for " };
	const char *rest[] = { why };

	tell(r, &wait, n, s, taken(r), rest, why);
}

void
report_fail(struct report *r, size_t n, const struct plan_step *s,
    const char *sqlstate, const char *where, const char *message)
{
	static const struct event fail = { "fail", fail_columns, 3, "\033[31m",
		"failed" };
	const char *rest[] = { sqlstate, where, message };

	tell(r, &fail, n, s, taken(r), rest, "");
}

/* What step `n` is doing, in one line; owned, NULL without memory. */
static char *
progress_line(const struct report *r, size_t n, const struct plan_step *s,
    const char *what)
{
	long long ms = taken(r);
	char *line;
	size_t len;
	FILE *fp;

	fp = memfile_open(&line, &len);
	if (fp == NULL)
		return NULL;
	fprintf(fp, "%zu/%zu %s ", n, r->steps, plan_action_name(s->action));
	show_short_name(fp, s);
	fprintf(fp, "  %lld.%lld s", ms / 1000, ms % 1000 / 100);
	if (*what != '\0') {
		fputs("  ", fp);
		text_show(fp, what, strcspn(what, "\n"));
	}
	return fclose(fp) == 0 ? line : NULL;
}

/*
 * How many bytes of a text the terminal shows in a line: what it wraps is not
 * wiped.  Whether a character is a wide one is guessed, so that all fit.
 */
static int
fitting(const char *text)
{
	size_t i = 0, n, len = strlen(text), room = COLUMNS, wide;
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		room = size.ws_col;
	for (room--; i < len; i += n) {
		n = text_utf8(text + i, len - i);
		n = n == 0 ? 1 : n;
		wide = n > 2 ? 2 : 1;
		if (wide > room)
			break;
		room -= wide;
	}
	return (int)i;
}

/* Whether it takes text now: one that was stopped must stop nothing else. */
static bool
terminal_takes(void)
{
	struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

void
report_progress(struct report *r, size_t n, const struct plan_step *s,
    const char *what)
{
	char *line;

	if (!r->progress || taken(r) < PATIENCE || !terminal_takes())
		return;
	line = progress_line(r, n, s, what);
	if (line == NULL)
		return;
	fflush(stdout);
	fprintf(stderr, "\r\033[K%.*s", fitting(line), line);
	fflush(stderr);
	r->shown = true;
	free(line);
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
	values[0] = report_number(number_code, code);
	values[1] = report_number(number_done, (long long)r->done);
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
