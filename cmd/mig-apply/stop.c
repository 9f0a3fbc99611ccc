/* Being told to stop. */

#include "stop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* So many signals end the process wherever it is. */
#define ENOUGH 3

/* Milliseconds that a write waits for a reader once a signal has come. */
#define PATIENCE 1000

#define SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

const int stop_signals[3] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t first;
static volatile sig_atomic_t count;
static const struct stop_words *volatile words;
static struct timespec since; /* when the first came */
static bool held;	      /* they are blocked but while waiting */
static sigset_t ours;	      /* those that are not ignored */
static sigset_t outside;      /* what is blocked while waiting */

/* Say it if that does not block: nobody may be reading. */
static void
say(int fd, const char *text)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	if (text != NULL && poll(&p, 1, 0) == 1 &&
	    write(fd, text, strlen(text)) == -1)
		return;
}

/* Within a handler: only what is safe there. */
static void
end_at_once(int sig)
{
	const struct stop_words *w = words;
	char error[256];
	size_t i;

	/* the next one needs no handler */
	for (i = 0; i < SIGNALS; i++)
		if (sigismember(&ours, stop_signals[i]) == 1)
			signal(stop_signals[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &outside, NULL);
	if (w == NULL)
		say(STDERR_FILENO,
		    "mig-apply: stopped without another look at the "
		    "database: mig-ls -d says what is done\n");
	else {
		for (i = 0; i < SIGNALS; i++)
			if (stop_signals[i] == sig)
				say(STDOUT_FILENO, w->report[i]);
		say(STDERR_FILENO, w->line);
		if (w->cancel != NULL)
			PQcancel(w->cancel, error, sizeof(error));
	}
	raise(sig);
}

static void
note(int sig)
{
	int saved = errno;

	if (first == 0) {
		first = sig;
		clock_gettime(CLOCK_MONOTONIC, &since);
	}
	count++;
	if (words != NULL || count >= ENOUGH)
		end_at_once(first);
	errno = saved;
}

static void
install(void)
{
	struct sigaction action, old;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = note;
	sigemptyset(&action.sa_mask);
	sigemptyset(&ours);
	sigprocmask(SIG_BLOCK, NULL, &outside);
	for (i = 0; i < SIGNALS; i++) {
		/* nohup(1) had it ignored: leave it so */
		if (sigaction(stop_signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaddset(&ours, stop_signals[i]);
		sigaction(stop_signals[i], &action, NULL);
	}
}

void
stop_at_once(const struct stop_words *w)
{
	static bool installed;

	words = w;
	if (!installed)
		install();
	installed = true;
	if (held)
		sigprocmask(SIG_SETMASK, &outside, NULL);
	held = false;
}

void
stop_hold(void)
{
	sigprocmask(SIG_BLOCK, &ours, NULL);
	held = true;
	words = NULL;
}

void
stop_enter_call(void)
{
	if (held)
		sigprocmask(SIG_SETMASK, &outside, NULL);
}

void
stop_leave_call(void)
{
	if (held)
		sigprocmask(SIG_BLOCK, &ours, NULL);
}

int
stop_poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec ts;

	ts.tv_sec = ms / 1000;
	ts.tv_nsec = (long)(ms % 1000) * 1000000L;
	return ppoll(fds, n, ms < 0 ? NULL : &ts, &outside);
}

/* Where a stream goes. */
struct sink {
	int fd;
	bool dead; /* nobody reads it any more */
};

/* Wait until something can be written; false where nobody reads. */
static bool
wait_for_reader(struct sink *s)
{
	struct pollfd p = { s->fd, POLLOUT, 0 };
	int n;

	do
		n = stop_poll(&p, 1,
		    count == 0	   ? -1 :
			count == 1 ? PATIENCE :
				     0);
	while (n == -1 && errno == EINTR);
	s->dead = n != 1;
	return n == 1;
}

/* What it leaves unwritten counts as an error of the stream. */
static int
sink_write(void *cookie, const char *buf, int len)
{
	struct sink *s = cookie;
	int done = 0, left;
	ssize_t n;

	while ((left = len - done) > 0) {
		if (s->dead || !wait_for_reader(s)) {
			errno = EAGAIN;
			break;
		}
		/* a pipe takes as much at once; a terminal may block all the
		 * same, until a signal comes */
		stop_enter_call();
		n = write(s->fd, buf + done,
		    (size_t)(left < PIPE_BUF ? left : PIPE_BUF));
		stop_leave_call();
		if (n == -1 && errno == EINTR)
			continue;
		s->dead = n == -1;
		if (s->dead)
			break;
		done += (int)n;
	}
	return done > 0 || len == 0 ? done : -1;
}

static int
sink_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *
stop_stream(int fd)
{
	struct sink *s;
	FILE *fp;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->fd = fd;
	fp = funopen(s, NULL, sink_write, NULL, sink_close);
	if (fp == NULL)
		free(s);
	return fp;
}

/* Take those that are pending. */
static void
collect(void)
{
	if (held)
		stop_poll(NULL, 0, 0);
}

int
stop_signal(void)
{
	collect();
	return first;
}

int
stop_count(void)
{
	collect();
	return count;
}

long long
stop_since(void)
{
	struct timespec now;

	if (stop_signal() == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)(now.tv_sec - since.tv_sec) * 1000 +
	    (now.tv_nsec - since.tv_nsec) / 1000000;
}

void
stop_die(void)
{
	fflush(stdout);
	fflush(stderr);
	signal(first, SIG_DFL);
	sigprocmask(SIG_SETMASK, &outside, NULL);
	raise(first);
	_exit(128 + first);
}
