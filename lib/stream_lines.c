/* The lines of a stream, from a buffer that is as long as the longest record. */

#include "stream_lines.h"

#include <stdlib.h>
#include <string.h>

/* A line of text longer than the buffer is given out in pieces. */
#define ROOM 65536

/* A record longer than this is not one of ours. */
#define RECORD_MAX (1024UL * 1024 * 1024)

int
stream_lines_open(struct stream_lines *in, FILE *fp)
{
	memset(in, 0, sizeof(*in));
	in->fp = fp;
	in->room = ROOM;
	in->buf = malloc(in->room);
	return in->buf == NULL ? -1 : 0;
}

void
stream_lines_close(struct stream_lines *in)
{
	free(in->buf);
}

/* Make room for more, and read it. */
static enum stream_line
read_more(struct stream_lines *in)
{
	size_t n, room = in->room == 0 ? ROOM : in->room * 2;
	char *buf;

	if (in->from > 0) {
		memmove(in->buf, in->buf + in->from, in->to - in->from);
		in->to -= in->from;
		in->from = 0;
	}
	if (in->to == in->room) {
		if (in->room >= RECORD_MAX)
			return STREAM_LINE_TOO_LONG;
		buf = realloc(in->buf, room);
		if (buf == NULL)
			return STREAM_LINE_NOMEM;
		in->buf = buf;
		in->room = room;
	}
	n = fread(in->buf + in->to, 1, in->room - in->to, in->fp);
	in->to += n;
	if (n == 0 && ferror(in->fp))
		return STREAM_LINE_ERRNO;
	if (n == 0)
		in->eof = true;
	return STREAM_LINE;
}

enum stream_line
stream_lines_next(struct stream_lines *in, bool within, size_t *len)
{
	enum stream_line got;
	const char *lf;
	size_t seen = 0;

	for (;;) {
		lf = memchr(in->buf + in->from + seen, '\n',
		    in->to - in->from - seen);
		if (lf != NULL) {
			*len = (size_t)(lf - (in->buf + in->from)) + 1;
			return STREAM_LINE;
		}
		seen = in->to - in->from;
		if (seen >= ROOM && (within || in->buf[in->from] == '\t')) {
			*len = seen;
			return STREAM_LINE;
		}
		if (in->eof)
			return seen == 0 ? STREAM_LINE_END : STREAM_LINE_CUT;
		got = read_more(in);
		if (got != STREAM_LINE)
			return got;
	}
}

enum stream_line
stream_lines_fill(struct stream_lines *in)
{
	enum stream_line got;

	if (in->from == in->to && !in->eof) {
		got = read_more(in);
		if (got != STREAM_LINE)
			return got;
	}
	return in->from == in->to ? STREAM_LINE_END : STREAM_LINE;
}

char *
stream_lines_at(struct stream_lines *in)
{
	return in->buf + in->from;
}

bool
stream_lines_begin(const struct stream_lines *in, const char *word)
{
	size_t n = strlen(word);

	return in->to - in->from >= n &&
	    memcmp(in->buf + in->from, word, n) == 0;
}

size_t
stream_lines_of_text(const struct stream_lines *in, size_t len)
{
	const char *line = in->buf + in->from, *end = in->buf + in->to;
	const char *next = line + len, *lf;

	while (next[-1] == '\n' && next < end && *next == '\t') {
		lf = memchr(next, '\n', (size_t)(end - next));
		if (lf == NULL)
			break;
		next = lf + 1;
	}
	return (size_t)(next - line);
}

void
stream_lines_take(struct stream_lines *in, size_t len)
{
	in->from += len;
}
