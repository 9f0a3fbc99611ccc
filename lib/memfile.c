/* Text that is written to memory, without losing any. */

#include "memfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct memfile {
	char **text; /* where the caller wants them */
	size_t *len;
	size_t room;
	bool broken;
};

/* Room for `need` bytes and a NUL. */
static int
grow(struct memfile *m, size_t need)
{
	size_t room = m->room;
	char *text;

	while (room <= need) {
		if (room > SIZE_MAX / 2)
			return -1;
		room *= 2;
	}
	if (room == m->room)
		return 0;
	text = realloc(*m->text, room);
	if (text == NULL)
		return -1;
	*m->text = text;
	m->room = room;
	return 0;
}

static ssize_t
add(void *cookie, const char *buf, size_t n)
{
	struct memfile *m = cookie;

	if (m->broken || n > SIZE_MAX - *m->len - 1 ||
	    grow(m, *m->len + n) == -1) {
		m->broken = true;
		errno = ENOMEM;
		return 0;
	}
	memcpy(*m->text + *m->len, buf, n);
	*m->len += n;
	(*m->text)[*m->len] = '\0';
	return (ssize_t)n;
}

/* Tell where it is, or begin anew; nothing else. */
static int
seek(void *cookie, off64_t *off, int whence)
{
	struct memfile *m = cookie;

	if (*off != 0 || whence == SEEK_END) {
		errno = EINVAL;
		return -1;
	}
	if (whence == SEEK_SET) {
		*m->len = 0;
		(*m->text)[0] = '\0';
	}
	*off = (off64_t)*m->len;
	return 0;
}

static int
finish(void *cookie)
{
	struct memfile *m = cookie;
	bool broken = m->broken;

	if (broken) {
		free(*m->text);
		*m->text = NULL;
		*m->len = 0;
	}
	free(m);
	if (broken)
		errno = ENOMEM;
	return broken ? -1 : 0;
}

FILE *
memfile_open(char **text, size_t *len)
{
	static const cookie_io_functions_t functions = { NULL, add, seek,
		finish };
	struct memfile *m;
	FILE *fp = NULL;

	*text = NULL;
	*len = 0;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->text = text;
	m->len = len;
	m->room = 128;
	*text = malloc(m->room);
	if (*text != NULL)
		fp = fopencookie(m, "w", functions);
	if (fp == NULL) {
		free(*text);
		*text = NULL;
		free(m);
		return NULL;
	}
	(*text)[0] = '\0';
	return fp;
}
