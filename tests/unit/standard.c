/* Closed descriptors. */

#include "standard.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

/* What a child ends with that has these descriptors closed. */
static int
status_of(int (*child)(void), const int *closed, size_t n)
{
	int status = 0;
	pid_t pid;
	size_t i;

	fflush(stdout);
	pid = fork();
	if (pid == -1)
		abort();
	if (pid == 0) {
		for (i = 0; i < n; i++)
			close(closed[i]);
		_exit(child());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* None is left for a file, and neither stdin nor stdout is of any use. */
static int
all_closed(void)
{
	char c = 'c';

	standard_open();
	if (open("/dev/null", O_RDONLY) != 3)
		return 10;
	if (read(STDIN_FILENO, &c, 1) != -1 || errno != EBADF)
		return 11;
	if (write(STDOUT_FILENO, &c, 1) != -1 || errno != EBADF)
		return 12;
	return write(STDERR_FILENO, &c, 1) == 1 ? 0 : 13;
}

static int
one_closed(void)
{
	standard_open();
	return fcntl(STDOUT_FILENO, F_GETFL) == -1 ? 10 : 0;
}

static int
no_descriptor(void)
{
	struct rlimit limit = { 0, 0 };

	setrlimit(RLIMIT_NOFILE, &limit);
	standard_open();
	return 10;
}

int
main(void)
{
	static const int all[] = { 0, 1, 2, 3 };

	CHECK_INT(status_of(all_closed, all, 4), 0);
	CHECK_INT(status_of(one_closed, all + 1, 1), 0);
	CHECK_INT(status_of(one_closed, NULL, 0), 0);
	if (!unit_under_memcheck())
		CHECK_INT(status_of(no_descriptor, all + 1, 1), 3);
	return unit_done("standard");
}
