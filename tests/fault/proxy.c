/* Runs a client behind a proxy that knows PostgreSQL's protocol, and does it
 * harm at one message.
 *
 *	proxy [-l LINE] [-w up|down] [-k K] [-f FAULT] [-a ARG] [-n N] [-t FILE]
 *	    SOCKET CLIENT [ARG...]
 *
 * The client finds the proxy by PGHOST and PGPORT; SOCKET is the server's.
 * LINE counts the connections from 1, K the messages of a line that go up to
 * the server or down from it, from 1, those of the startup included.  FAULT:
 *
 *	before, middle, after   close the line before, in the middle of, or
 *	                        right behind the message
 *	hold        from it on nothing gets through, and nobody is told
 *	kill        kill -9 the client; a message that it has sent goes through
 *	terminate, cancel       as pg_terminate_backend() and
 *	                        pg_cancel_backend(), the backend of line ARG
 *	run         run ARG by the shell, wait for it, and close the line if it
 *	            fails
 *
 * With -n so many connections behind the fault are closed at once; with a
 * negative N nobody listens any more.  FILE gets each message, `LINE up|down K
 * TYPE COMMAND-TAG`, and `struck` at the fault.  The exit status is the
 * client's. */

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES 256

/* The first message has no type, but says what it is. */
#define CANCEL_REQUEST 80877102
#define SSL_REQUEST 80877103
#define GSSENC_REQUEST 80877104

enum way { UP, DOWN };

enum fault { NONE, BEFORE, MIDDLE, AFTER, HOLD, KILL, TERMINATE, CANCEL, RUN };

/* What comes from one side. */
struct flow {
	int fd; /* -1: closed */
	char *buf;
	size_t n, room;
	long k; /* messages so far */
};

struct line {
	struct flow from[2]; /* the client, the server */
	bool started;	     /* what the client sends has a type */
	bool asked;	     /* the server answers with a single byte */
	bool held;
	pid_t backend;
};

static const char *const ways[] = { "up", "down" };
static const char *const faults[] = { "none", "before", "middle", "after",
	"hold", "kill", "terminate", "cancel", "run" };

static struct line lines[LINES];
static size_t nlines, fault_line;
static enum way fault_way;
static enum fault fault;
static long fault_k;
static const char *arg = "";
static long refused;
static bool struck;
static struct sockaddr_un server = { .sun_family = AF_UNIX };
static FILE *trace;
static pid_t client;

static uint32_t
number(const char *s)
{
	uint32_t n;

	memcpy(&n, s, sizeof(n));
	return ntohl(n);
}

static void
shut(struct flow *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

static void
cut(struct line *l)
{
	shut(&l->from[UP]);
	shut(&l->from[DOWN]);
}

/* How long the message at the front is; 0: that is not known yet. */
static size_t
length(const struct line *l, enum way way)
{
	const struct flow *f = &l->from[way];
	size_t type = way == UP && !l->started ? 0 : 1;

	if (way == DOWN && l->asked)
		return f->n > 0 ? 1 : 0;
	return f->n < type + 4 ? 0 : type + number(f->buf + type);
}

/* Learn from the message at the front what is of concern here. */
static void
note(struct line *l, enum way way, size_t len)
{
	const char *buf = l->from[way].buf;
	char type = '-';
	uint32_t code;

	if (way == DOWN && l->asked)
		l->asked = false;
	else if (way == UP && !l->started) {
		code = number(buf + 4);
		l->asked = code == SSL_REQUEST || code == GSSENC_REQUEST;
		l->started = !l->asked && code != CANCEL_REQUEST;
	} else
		type = buf[0];
	if (way == DOWN && type == 'K')
		l->backend = (pid_t)number(buf + 5);
	if (trace != NULL)
		fprintf(trace, "%td %s %ld %c %.*s\n", l - lines + 1, ways[way],
		    l->from[way].k, type,
		    way == DOWN && type == 'C' ? (int)len - 6 : 0, buf + 5);
}

/* Let bytes from the front through to the other side. */
static bool
pass(struct line *l, enum way way, size_t len)
{
	return len == 0 ||
	    send(l->from[!way].fd, l->from[way].buf, len, MSG_NOSIGNAL) ==
	    (ssize_t)len;
}

/* The kernel throws away what comes, and so acknowledges nothing. */
static void
hold(struct line *l)
{
	struct sock_filter nothing = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog program = { 1, &nothing };

	if (setsockopt(l->from[UP].fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		sizeof(program)) == -1)
		err(1, "SO_ATTACH_FILTER");
	l->held = true;
}

static bool
run(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", arg, (char *)NULL);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		err(1, "%s", arg);
	return status == 0;
}

/* A signal for the backend of a line, if there is one. */
static void
hit(int sig)
{
	size_t i = strtoul(arg, NULL, 10);

	if (i >= 1 && i <= nlines && lines[i - 1].backend > 0)
		kill(lines[i - 1].backend, sig);
}

/* Do the harm at a message.  Returns whether the line is still there. */
static bool
strike(struct line *l, enum way way, size_t len)
{
	size_t through = len;

	struck = true;
	if (trace != NULL)
		fputs("struck\n", trace);
	if (fault == BEFORE || fault == HOLD || (fault == KILL && way == DOWN))
		through = 0;
	else if (fault == MIDDLE)
		through = len / 2;
	if (fault == KILL)
		kill(client, SIGKILL);
	else if (fault == TERMINATE)
		hit(SIGTERM);
	else if (fault == RUN && !run())
		return false;
	/* an idle backend takes no notice of this one */
	else if (fault == CANCEL && way == DOWN)
		hit(SIGINT);
	if (!pass(l, way, through))
		return false;
	if (fault == CANCEL && way == UP)
		hit(SIGINT);
	if (fault == HOLD)
		hold(l);
	return fault >= TERMINATE || fault == HOLD;
}

/* Let the messages that are there in full through. */
static bool
pass_all(struct line *l, enum way way)
{
	struct flow *f = &l->from[way];
	size_t len;

	while (!l->held && (len = length(l, way)) > 0 && len <= f->n) {
		f->k++;
		note(l, way, len);
		if (fault != NONE && fault_k == f->k && fault_way == way &&
		    fault_line == (size_t)(l - lines) + 1) {
			if (!strike(l, way, len))
				return false;
			if (l->held)
				break;
		} else if (!pass(l, way, len))
			return false;
		f->n -= len;
		memmove(f->buf, f->buf + len, f->n);
	}
	return true;
}

/* One side has something, or its end. */
static void
take(struct line *l, enum way way)
{
	struct flow *f = &l->from[way];
	ssize_t n;

	if (f->room - f->n < 16384) {
		f->room += 65536;
		f->buf = realloc(f->buf, f->room);
		if (f->buf == NULL)
			err(1, NULL);
	}
	n = read(f->fd, f->buf + f->n, f->room - f->n);
	if (n <= 0) {
		cut(l);
		return;
	}
	f->n += (size_t)n;
	if (!pass_all(l, way))
		cut(l);
}

static void
open_line(int listener)
{
	struct line *l = &lines[nlines];
	int up = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int down = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (up == -1 || down == -1 || nlines + 1 == LINES)
		err(1, "socket");
	if ((struck && refused > 0 && refused-- > 0) ||
	    connect(down, (struct sockaddr *)&server, sizeof(server)) == -1) {
		close(up);
		close(down);
		return;
	}
	l->from[UP].fd = up;
	l->from[DOWN].fd = down;
	nlines++;
}

/* Wait, and let through what has come; false when the client has ended. */
static bool
serve(int listener, int ended)
{
	struct pollfd fds[2 * LINES + 2];
	size_t i, n = 2 * nlines;

	for (i = 0; i < n; i++)
		fds[i].fd = lines[i / 2].held ? -1 :
						lines[i / 2].from[i % 2].fd;
	fds[n].fd = listener;
	fds[n + 1].fd = ended;
	for (i = 0; i < n + 2; i++) {
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	if (poll(fds, n + 2, -1) == -1)
		err(1, "poll");
	for (i = 0; i < n; i++)
		if (fds[i].revents != 0 && lines[i / 2].from[i % 2].fd != -1)
			take(&lines[i / 2], i % 2 == 0 ? UP : DOWN);
	if (fds[n].revents != 0)
		open_line(listener);
	return fds[n + 1].revents == 0;
}

static int
listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	char port[8];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, len) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		err(1, "listen");
	snprintf(port, sizeof(port), "%u", ntohs(a.sin_port));
	setenv("PGHOST", "127.0.0.1", 1);
	setenv("PGPORT", port, 1);
	return fd;
}

/* Start the client; what is returned ends when it does. */
static int
start(char *argv[])
{
	int fds[2];

	if (pipe(fds) == -1 || (client = fork()) == -1)
		err(1, "fork");
	if (client == 0) {
		/* it does not outlive us */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	close(fds[1]);
	return fds[0];
}

static void
usage(void)
{
	fputs("usage: proxy [-l LINE] [-w up|down] [-k K] [-f FAULT] "
	      "[-a ARG] [-n N] [-t FILE]\n"
	      "             SOCKET CLIENT [ARG...]\n",
	    stderr);
	exit(2);
}

static enum fault
fault_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i], name) == 0)
			return (enum fault)i;
	usage();
	return NONE;
}

int
main(int argc, char *argv[])
{
	int c, listener, ended, status;

	while ((c = getopt(argc, argv, "+a:f:k:l:n:t:w:")) != -1) {
		switch (c) {
		case 'a':
			arg = optarg;
			break;
		case 'f':
			fault = fault_of(optarg);
			break;
		case 'k':
			fault_k = strtol(optarg, NULL, 10);
			break;
		case 'l':
			fault_line = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			refused = strtol(optarg, NULL, 10);
			break;
		case 't':
			trace = fopen(optarg, "we");
			if (trace == NULL)
				err(1, "%s", optarg);
			break;
		case 'w':
			fault_way = strcmp(optarg, "down") == 0 ? DOWN : UP;
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 2 ||
	    strlen(argv[optind]) >= sizeof(server.sun_path))
		usage();
	memcpy(server.sun_path, argv[optind], strlen(argv[optind]));
	listener = listen_somewhere();
	ended = start(argv + optind + 1);
	while (serve(listener, ended))
		if (struck && refused < 0 && listener != -1) {
			close(listener);
			listener = -1;
		}
	if (waitpid(client, &status, 0) == -1)
		err(1, "waitpid");
	if (trace != NULL && fclose(trace) == EOF)
		err(1, "trace");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
