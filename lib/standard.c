/* The three descriptors that a command is started with. */

#include "standard.h"

#include <fcntl.h>
#include <unistd.h>

void
standard_open(void)
{
	static const int wrong[] = { [STDIN_FILENO] = O_WRONLY,
		[STDOUT_FILENO] = O_RDONLY,
		[STDERR_FILENO] = O_RDWR };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", wrong[fd]) == -1)
			_exit(3);
}
