/* Bytes in memory, or in a temporary file when there are many. */

#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From this size on a spool is kept in a file. */
#define SPOOL_MEMORY (2UL * 1024 * 1024)

struct spool {
	char *buf;
	size_t room;
	off_t size;
	int fd; /* -1: in memory */
};

struct spool *
spool_new(void)
{
	struct spool *s;

	s = calloc(1, sizeof(*s));
	if (s != NULL)
		s->fd = -1;
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		close(s->fd);
	free(s->buf);
	free(s);
}

static int
write_all(int fd, const char *data, size_t len, struct fault *f)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, "temporary file");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Move what is in memory to a temporary file. */
static int
to_file(struct spool *s, struct fault *f)
{
	const char *dir = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/mig.XXXXXXXXXX",
		dir == NULL || *dir == '\0' ? "/tmp" : dir) == -1)
		return fault_nomem(f);
	s->fd = mkstemp(path);
	if (s->fd == -1) {
		fault_errno(f, "%s", path);
		free(path);
		return fault_hint(f,
		    "TMPDIR names a directory with room for "
		    "the whole plan");
	}
	unlink(path);
	free(path);
	if (write_all(s->fd, s->buf, (size_t)s->size, f) == -1)
		return -1;
	free(s->buf);
	s->buf = NULL;
	s->room = 0;
	return 0;
}

static int
grow(struct spool *s, size_t need, struct fault *f)
{
	size_t room = s->room == 0 ? 65536 : s->room;
	char *buf;

	while (room < need)
		room *= 2;
	if (room == s->room)
		return 0;
	buf = realloc(s->buf, room);
	if (buf == NULL)
		return fault_nomem(f);
	s->buf = buf;
	s->room = room;
	return 0;
}

int
spool_add(struct spool *s, const void *data, size_t len, struct fault *f)
{
	size_t size = (size_t)s->size;

	if (len == 0)
		return 0;
	if (s->fd == -1 && size + len > SPOOL_MEMORY && to_file(s, f) == -1)
		return -1;
	if (s->fd != -1) {
		if (write_all(s->fd, data, len, f) == -1)
			return -1;
	} else {
		if (grow(s, size + len, f) == -1)
			return -1;
		memcpy(s->buf + size, data, len);
	}
	s->size += (off_t)len;
	return 0;
}

off_t
spool_size(const struct spool *s)
{
	return s->size;
}

ssize_t
spool_read(const struct spool *s, off_t off, void *buf, size_t len,
    struct fault *f)
{
	char *to = buf;
	size_t left, got = 0;
	ssize_t n;

	left = (size_t)(s->size - off);
	if (len > left)
		len = left;
	if (s->fd == -1) {
		if (len > 0)
			memcpy(to, s->buf + off, len);
		return (ssize_t)len;
	}
	while (got < len) {
		n = pread(s->fd, to + got, len - got, off + (off_t)got);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, "temporary file");
		if (n == 0)
			return fault_set(f, EXIT_STREAM,
			    "temporary file: shorter than it was written");
		got += (size_t)n;
	}
	return (ssize_t)got;
}
