/* A proxy that cuts one connection when so many bytes have gone through it.
 *
 *	cutter PORT LINE up|down BYTES close|hold|once
 *
 * LINE counts the connections from 1; later ones go through unharmed.  With
 * `hold` the server's side stays open, as behind a dead line; with `once` all
 * connections behind the first are refused.  Prints the port where it listens,
 * and at SIGTERM what went through each line. */

#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES 64

struct line {
	int fds[2];    /* the client, the server; -1: closed */
	long bytes[2]; /* from the client, from the server */
};

static struct line lines[LINES];
static size_t nlines, cut_line;
static int cut_way;
static long cut_bytes;
static bool hold, once;
static volatile sig_atomic_t ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

static void
shut(struct line *l, int side)
{
	if (l->fds[side] != -1)
		close(l->fds[side]);
	l->fds[side] = -1;
}

static void
cut(struct line *l)
{
	shut(l, 0);
	if (!hold)
		shut(l, 1);
}

/* Let what has come from one side through to the other. */
static void
pass(struct line *l, int way)
{
	char buf[16384];
	size_t room = sizeof(buf);
	bool last = false;
	ssize_t n;

	if (cut_line == (size_t)(l - lines) + 1 && cut_way == way &&
	    cut_bytes - l->bytes[way] <= (long)room) {
		room = (size_t)(cut_bytes - l->bytes[way]);
		last = true;
	}
	n = room == 0 ? 0 : read(l->fds[way], buf, room);
	if (n > 0) {
		l->bytes[way] += n;
		if (send(l->fds[!way], buf, (size_t)n, MSG_NOSIGNAL) != n)
			n = 0;
	}
	if (last && (room == 0 || (n > 0 && (size_t)n == room)))
		cut(l);
	else if (n <= 0) {
		shut(l, 0);
		shut(l, 1);
	}
}

static int
address(struct sockaddr_in *a, unsigned port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a->sin_port = htons((uint16_t)port);
	if (fd == -1)
		err(1, "socket");
	return fd;
}

static void
open_line(int listener, unsigned port)
{
	struct sockaddr_in a;
	struct line *l = &lines[nlines];

	l->fds[0] = accept(listener, NULL, NULL);
	l->fds[1] = address(&a, port);
	if (nlines + 1 == LINES ||
	    connect(l->fds[1], (struct sockaddr *)&a, sizeof(a)) == -1) {
		shut(l, 0);
		shut(l, 1);
		return;
	}
	nlines++;
}

static void
serve(int listener, unsigned port)
{
	struct pollfd fds[2 * LINES + 1];
	size_t i, n;
	int way;

	fds[0].fd = listener;
	fds[0].events = POLLIN;
	for (i = 0, n = nlines; i < n; i++)
		for (way = 0; way < 2; way++) {
			/* a side whose other side is gone is left alone */
			fds[2 * i + (size_t)way + 1].fd = lines[i].fds[!way] ==
				-1 ?
			    -1 :
			    lines[i].fds[way];
			fds[2 * i + (size_t)way + 1].events = POLLIN;
		}
	if (poll(fds, 2 * n + 1, -1) == -1)
		return;
	for (i = 0; i < n; i++)
		for (way = 0; way < 2; way++)
			if (fds[2 * i + (size_t)way + 1].fd != -1 &&
			    fds[2 * i + (size_t)way + 1].revents != 0 &&
			    lines[i].fds[0] != -1 && lines[i].fds[1] != -1)
				pass(&lines[i], way);
	if (listener != -1 && fds[0].revents != 0)
		open_line(listener, port);
}

int
main(int argc, char *argv[])
{
	struct sigaction action;
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	size_t i;
	int listener;

	if (argc != 6) {
		fputs("usage: cutter PORT LINE up|down BYTES "
		      "close|hold|once\n",
		    stderr);
		return 2;
	}
	cut_line = strtoul(argv[2], NULL, 10);
	cut_way = strcmp(argv[3], "down") == 0;
	cut_bytes = strtol(argv[4], NULL, 10);
	hold = strcmp(argv[5], "hold") == 0;
	once = strcmp(argv[5], "once") == 0;
	memset(&action, 0, sizeof(action));
	action.sa_handler = end;
	sigaction(SIGTERM, &action, NULL);
	listener = address(&a, 0);
	if (bind(listener, (struct sockaddr *)&a, len) == -1 ||
	    listen(listener, 16) == -1 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) == -1)
		err(1, "listen");
	printf("%u\n", ntohs(a.sin_port));
	fflush(stdout);
	while (!ended) {
		serve(listener, (unsigned)strtoul(argv[1], NULL, 10));
		if (once && nlines > 0 && listener != -1) {
			close(listener);
			listener = -1;
		}
	}
	for (i = 0; i < nlines; i++)
		printf("%zu %ld %ld\n", i + 1, lines[i].bytes[0],
		    lines[i].bytes[1]);
	return 0;
}
