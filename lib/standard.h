#ifndef STANDARD_H
#define STANDARD_H

/*
 * Give a number to each of stdin, stdout and stderr that the caller has
 * closed, before anything else is opened: else the first file or connection
 * would get it, and what is printed would go there.  Reading such a stdin and
 * writing such a stdout fails (EBADF); such a stderr is /dev/null.
 */
void standard_open(void);

#endif
