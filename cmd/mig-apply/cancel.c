/* Asking the server to cancel. */

#include "cancel.h"

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "stop.h"

/* Milliseconds that it may take. */
#define PATIENCE 2000

/*
 * PQcancel() waits for the server as long as the line does.  So another process
 * calls it, as a handler for signals may; its end closes the pipe.
 */
static void
cancel_aside(PGcancel *cancel, int fds[2])
{
	struct pollfd p = { fds[0], POLLIN, 0 };
	char error[256];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		PQcancel(cancel, error, sizeof(error));
		_exit(0);
	}
	close(fds[1]);
	if (pid != -1) {
		stop_poll(&p, 1, PATIENCE);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(fds[0]);
}

void
cancel_send(PGconn *conn)
{
	PGcancel *cancel;
	int fds[2];

	cancel = PQgetCancel(conn);
	if (cancel != NULL && pipe(fds) == 0)
		cancel_aside(cancel, fds);
	PQfreeCancel(cancel);
}
