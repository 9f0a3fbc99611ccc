/* A proxy that makes a line slow: what goes through it arrives a fixed time
 * later, in both directions, at full bandwidth.  Prints its port. */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES 128
#define PIECE 65536

/* Bytes on their way. */
struct packet {
	struct packet *next;
	long long due; /* microseconds */
	size_t len, sent;
	char data[]; /* nothing: the end */
};

struct direction {
	int from, to;
	struct packet *first, **last;
	bool ended;
};

static struct direction lines[LINES];
static size_t nlines;
static long long delay;

static long long
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
open_line(int from, int to)
{
	struct direction *d;
	size_t i;

	for (i = 0; i < nlines && lines[i].from != -1; i++)
		;
	if (i == LINES)
		errx(1, "too many connections");
	if (i == nlines)
		nlines++;
	d = &lines[i];
	d->from = from;
	d->to = to;
	d->first = NULL;
	d->last = &d->first;
	d->ended = false;
}

static void
receive(struct direction *d)
{
	struct packet *p;
	ssize_t n;

	p = malloc(sizeof(*p) + PIECE);
	if (p == NULL)
		err(1, NULL);
	n = read(d->from, p->data, PIECE);
	if (n <= 0) {
		n = 0;
		d->ended = true;
	}
	p->next = NULL;
	p->due = now() + delay;
	p->len = (size_t)n;
	p->sent = 0;
	*d->last = p;
	d->last = &p->next;
}

/* Send what is due.  Returns false once the end has been sent. */
static bool
deliver(struct direction *d)
{
	struct packet *p;
	ssize_t n;

	while ((p = d->first) != NULL && p->due <= now()) {
		if (p->len == 0) {
			shutdown(d->to, SHUT_WR);
			free(p);
			d->first = NULL;
			return false;
		}
		n = send(d->to, p->data + p->sent, p->len - p->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EAGAIN)
			return true;
		p->sent = n == -1 ? p->len : p->sent + (size_t)n;
		if (p->sent < p->len)
			return true;
		d->first = p->next;
		if (d->first == NULL)
			d->last = &d->first;
		free(p);
	}
	return true;
}

static void
accept_one(int listener, const struct sockaddr_in *server)
{
	int client, upstream, on = 1;

	client = accept(listener, NULL, NULL);
	upstream = socket(AF_INET, SOCK_STREAM, 0);
	if (client == -1 || upstream == -1)
		err(1, "accept");
	if (connect(upstream, (const struct sockaddr *)server,
		sizeof(*server)) == -1)
		err(1, "connect");
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	open_line(client, upstream);
	open_line(upstream, client);
}

static int
listen_somewhere(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, len) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) == -1)
		err(1, "listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

/* Wait for the next thing that happens: at most until a packet is due. */
static void
wait_for(struct pollfd *fds, int listener)
{
	long long left = 1000000, due;
	size_t i;

	fds[0].fd = listener;
	fds[0].events = POLLIN;
	for (i = 0; i < nlines; i++) {
		fds[i + 1].fd = lines[i].ended ? -1 : lines[i].from;
		fds[i + 1].events = POLLIN;
		fds[i + 1].revents = 0;
		if (lines[i].from == -1 || lines[i].first == NULL)
			continue;
		due = lines[i].first->due - now();
		if (due < left)
			left = due < 0 ? 0 : due;
	}
	poll(fds, nlines + 1, (int)((left + 999) / 1000));
}

int
main(int argc, char *argv[])
{
	struct pollfd fds[LINES + 1];
	struct sockaddr_in server;
	size_t i;
	int listener;

	if (argc != 3) {
		fputs("usage: proxy PORT MILLISECONDS\n", stderr);
		return 2;
	}
	memset(&server, 0, sizeof(server));
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	delay = strtoll(argv[2], NULL, 10) * 1000;
	listener = listen_somewhere();
	for (;;) {
		wait_for(fds, listener);
		for (i = 0; i < nlines; i++) {
			if (lines[i].from == -1)
				continue;
			if (fds[i + 1].revents != 0)
				receive(&lines[i]);
			if (!deliver(&lines[i]))
				lines[i].from = -1;
		}
		if (fds[0].revents != 0)
			accept_one(listener, &server);
	}
}
