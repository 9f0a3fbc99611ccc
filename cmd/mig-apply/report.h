#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "plan.h"
#include "stop.h"
#include "stream.h"

/*
 * What mig-apply says while it works: the report on stdout, each line
 * flushed, and on a terminal a line of progress on stderr.
 */
struct report {
	struct stream_writer w;
	FILE *terminal;		 /* what stdout was */
	FILE *messages;		 /* what stderr was */
	struct stop_words words; /* as long as nothing has begun */
	bool people;		 /* stdout is a terminal: lines for people */
	bool colour;
	bool progress; /* stderr is a terminal */
	bool shown;    /* a line of progress stands there */
	bool broken;   /* stdout cannot be written any more */
	int error;     /* why not; 0: for want of memory */
	bool ended;
	bool rehearsal; /* all is rolled back in the end */
	size_t steps;	/* of the plan */
	size_t done;
	size_t rehearsed;
	bool begun;	 /* a step has been */
	long long began; /* report_clock() of the first step */
	long long step_began;
};

/* Milliseconds of a clock that only goes forward. */
long long report_clock(void);

/*
 * Begin, with stdout and stderr as stop_stream() has them.  Until stop_hold() a
 * signal ends the report, and the process.  Returns 0, or -1 without memory.
 * `steps` is set by the caller.
 */
int report_begin(struct report *, enum stream_style, bool people);

/* Whether the output still goes through; false once it has failed. */
bool report_ok(struct report *);

/* Step `n` begins, and is done: at that report_clock(), or with 0 now. */
void report_start(struct report *, size_t n, const struct plan_step *,
    long long began);
void report_done(struct report *, size_t n, const struct plan_step *,
    long long ended);
void report_retry(struct report *, size_t n, const struct plan_step *,
    const char *sqlstate, const char *why);

/* A step has not begun a statement yet, and waits. */
void report_wait(struct report *, size_t n, const struct plan_step *,
    const char *why);
void report_fail(struct report *, size_t n, const struct plan_step *,
    const char *sqlstate, const char *where, const char *message);

/* Write series, version and name of a step, where it has them, for a person. */
void report_name(FILE *, const struct plan_step *);

/* A step has been rehearsed. */
void report_rehearsed(struct report *, size_t n, const struct plan_step *);

/* A number as a field; returns `buf`. */
const char *report_number(char buf[24], long long value);

/*
 * Write a record; nothing for people.  It is flushed, and a failure is seen by
 * the next report_ok().
 */
void report_record(struct report *, const char *word,
    const struct stream_column *, const char *const *values, size_t n);

/*
 * Show what step `n` is doing, if it has been at it for a while and the terminal
 * takes it just now: nothing waits for that.
 */
void report_progress(struct report *, size_t n, const struct plan_step *,
    const char *what);

/* Wipe the line of progress, before something else goes to stderr. */
void report_wipe(struct report *);

/*
 * The last record, and the end.  `database` is for people.  Returns the exit
 * code, which becomes EXIT_STREAM where all went well but the report could
 * not be written.
 */
enum exits report_end(struct report *, int code, const char *database);

/* Give stdout and stderr back as they were. */
void report_close(struct report *);

#endif
