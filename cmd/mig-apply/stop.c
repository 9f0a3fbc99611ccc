/* Being told to stop. */

#include "stop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t first;
static volatile sig_atomic_t count;
static sigset_t outside; /* what is blocked while waiting */

static void
note(int sig)
{
	if (first == 0)
		first = sig;
	count++;
}

void
stop_install(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action, old;
	sigset_t set;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = note;
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* nohup(1) had it ignored: leave it so */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, &outside);
}

int
stop_poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec ts;

	ts.tv_sec = ms / 1000;
	ts.tv_nsec = (long)(ms % 1000) * 1000000L;
	return ppoll(fds, n, ms < 0 ? NULL : &ts, &outside);
}

int
stop_signal(void)
{
	return first;
}

int
stop_count(void)
{
	return count;
}

void
stop_die(void)
{
	signal(first, SIG_DFL);
	sigprocmask(SIG_SETMASK, &outside, NULL);
	raise(first);
	_exit(128 + first);
}
