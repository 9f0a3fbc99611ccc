#ifndef STOP_H
#define STOP_H

#include <poll.h>
#include <stdbool.h>

/*
 * Being told to stop: from stop_install() on SIGINT, SIGTERM and SIGHUP are
 * taken only while stop_poll() waits, so that no signal falls between a check
 * and a wait.  Before it they end the process as they always do.
 */
void stop_install(void);

/* As poll(2), with the signals taken; they end it with EINTR. */
int stop_poll(struct pollfd *, nfds_t n, int ms);

/* The first signal that came, 0 for none; and how many came. */
int stop_signal(void);
int stop_count(void);

/* End the process by the signal that came. */
void stop_die(void) __attribute__((noreturn));

#endif
