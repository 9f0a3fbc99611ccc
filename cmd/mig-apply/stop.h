#ifndef STOP_H
#define STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <libpq-fe.h>

/*
 * Being told to stop, by SIGINT, SIGTERM or SIGHUP.  One that was ignored when
 * the process began stays so.
 */

/* What is said where the signal ends the process at once. */
struct stop_words {
	const char *line; /* for stderr; it names the command */
	char *report[3]; /* for stdout: stop_signals[i] has ended it; or NULL */
	PGcancel *cancel; /* of what the server may be doing for us, or NULL */
};

extern const int stop_signals[3];

/*
 * From here on a signal ends the process at once, with these words.  They are
 * lent until stop_hold(), and may change.
 */
void stop_at_once(const struct stop_words *);

/*
 * From here on signals are counted, and taken only while stop_poll() waits, so
 * that none falls between a check and a wait.  The third still ends the process
 * at once.
 */
void stop_hold(void);

/*
 * Around a call that may block, between stop_hold() and the end: signals are
 * counted in it too, and the third gets through.
 */
void stop_enter_call(void);
void stop_leave_call(void);

/* As poll(2), with the signals taken; they end it with EINTR. */
int stop_poll(struct pollfd *, nfds_t n, int ms);

/*
 * A stream that writes to a descriptor and is left by signals: behind the first
 * one a write waits for a reader for a second, and then fails.  Returns NULL
 * without memory.
 */
FILE *stop_stream(int fd);

/* The first signal that came, 0 for none; and how many came. */
int stop_signal(void);
int stop_count(void);

/* Milliseconds since the first signal; 0 before it. */
long long stop_since(void);

/* End the process by the signal that came. */
void stop_die(void) __attribute__((noreturn));

#endif
