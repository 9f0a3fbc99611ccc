/* The text that a lexer was fed: read position, kept text, lines. */

#include "lex_input.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void
lex_input_init(struct lex_input *in)
{
	memset(in, 0, sizeof(*in));
	in->at.line = in->at.col = 1;
}

void
lex_input_free(struct lex_input *in)
{
	free(in->buf);
	in->buf = NULL;
	in->size = in->end = in->pos = 0;
}

static size_t
less(size_t off, size_t n)
{
	return off < n ? 0 : off - n;
}

/* Forget the text before the one in use. */
static void
shift(struct lex_input *in)
{
	size_t n;

	n = in->kept ? in->start : in->pos;
	if (n == 0)
		return;
	lex_input_place(in, n);
	memmove(in->buf, in->buf + n, in->end - n);
	in->end -= n;
	in->pos -= n;
	in->token = less(in->token, n);
	in->tag = less(in->tag, n);
	in->start = less(in->start, n);
	in->part = less(in->part, n);
	in->out = less(in->out, n);
	in->counted -= n;
}

/*
 * Make room for `len` more bytes and a NUL.  Moving is paid for by what was fed since
 * the last time, as the buffer at least doubles when the move frees less than
 * half of it.
 */
static int
reserve(struct lex_input *in, size_t len)
{
	size_t size;
	char *buf;

	if (in->size - in->end > len)
		return 0;
	shift(in);
	if (in->end <= in->size / 2 && in->size - in->end > len)
		return 0;
	if (len > SIZE_MAX / 4 || in->end > SIZE_MAX / 4)
		return -1;
	size = in->size == 0 ? 4096 : in->size;
	while (size < 2 * (in->end + len))
		size *= 2;
	buf = realloc(in->buf, size);
	if (buf == NULL)
		return -1;
	in->buf = buf;
	in->size = size;
	return 0;
}

int
lex_input_add(struct lex_input *in, const char *text, size_t len)
{
	if (len == 0)
		return 0;
	if (reserve(in, len) == -1)
		return -1;
	memcpy(in->buf + in->end, text, len);
	in->end += len;
	return 0;
}

/*
 * The text came from before `pos`, so unless the buffer has moved since then
 * there is room for it, and nothing behind it is touched.
 */
int
lex_input_back(struct lex_input *in, const char *text, size_t len,
    struct lex_place place)
{
	struct lex_place next = lex_input_place(in, in->pos);

	if (in->pos < len) {
		if (reserve(in, len) == -1)
			return -1;
		memmove(in->buf + in->pos + len, in->buf + in->pos,
		    in->end - in->pos);
		in->end += len;
	} else
		in->pos -= len;
	memcpy(in->buf + in->pos, text, len);
	in->counted = in->pos;
	in->at = place;
	if (text[len - 1] == '\n')
		in->skip = next.line - place.line - 1;
	return 0;
}

int
lex_input_peek(const struct lex_input *in, size_t n)
{
	if (in->end - in->pos > n)
		return (unsigned char)in->buf[in->pos + n];
	return in->finished ? LEX_PEEK_END : LEX_PEEK_CUT;
}

bool
lex_input_dry(const struct lex_input *in)
{
	return in->pos == in->end && !in->finished;
}

struct lex_place
lex_input_place(struct lex_input *in, size_t off)
{
	const char *from, *lf;
	size_t len;

	if (off <= in->counted)
		return in->at;
	from = in->buf + in->counted;
	len = off - in->counted;
	lf = memrchr(from, '\n', len);
	if (lf != NULL) {
		lf++;
		in->at.line += text_lines(from, (size_t)(lf - from)) + in->skip;
		in->at.col = 1;
		in->skip = 0;
		len -= (size_t)(lf - from);
		from = lf;
	}
	in->at.col += text_chars(from, len);
	in->counted = off;
	return in->at;
}

void
lex_input_keep(struct lex_input *in)
{
	in->kept = true;
	in->start = in->part = in->out = in->pos;
}

void
lex_input_drop(struct lex_input *in)
{
	in->kept = false;
}

/* Bring the part since the last hole to its place behind the former ones. */
static void
join(struct lex_input *in, size_t end)
{
	lex_input_place(in, in->pos);
	if (in->out != in->part)
		memmove(in->buf + in->out, in->buf + in->part, end - in->part);
	in->out += end - in->part;
}

void
lex_input_hole(struct lex_input *in, size_t from)
{
	join(in, from);
	in->part = in->pos;
}

size_t
lex_input_in_text(const struct lex_input *in, size_t off)
{
	return in->out - in->start + (off - in->part);
}

size_t
lex_input_text(struct lex_input *in, size_t end)
{
	join(in, end);
	in->part = end;
	return in->out - in->start;
}
