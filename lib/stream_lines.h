#ifndef STREAM_LINES_H
#define STREAM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The lines of a stream as they come in, for its reader (stream_read.c). */
struct stream_lines {
	FILE *fp;
	char *buf; /* from..to: read, not yet taken */
	size_t from, to, room;
	bool eof;
};

enum stream_line {
	STREAM_LINE,	      /* there is one */
	STREAM_LINE_END,      /* of the input */
	STREAM_LINE_TOO_LONG, /* for a record */
	STREAM_LINE_CUT,      /* the last one has no LF */
	STREAM_LINE_NOMEM,
	STREAM_LINE_ERRNO /* reading failed: see errno */
};

/* Begin with what `fp`, which is lent, gives: 0, or -1 without memory. */
int stream_lines_open(struct stream_lines *, FILE *fp);
void stream_lines_close(struct stream_lines *);

/*
 * Find the line that is to be taken next, and its length with its LF.  One of
 * text, which begins with TAB or is the rest of such (`within`), may be cut
 * where the buffer ends.
 */
enum stream_line stream_lines_next(struct stream_lines *, bool within,
    size_t *len);

/* See that something is there to be taken, unless the input has ended. */
enum stream_line stream_lines_fill(struct stream_lines *);

/* What is to be taken next; lent until the next call, and may be changed. */
char *stream_lines_at(struct stream_lines *);

/* Whether it begins with a word. */
bool stream_lines_begin(const struct stream_lines *, const char *word);

/*
 * Of `len` bytes of text, a line or a part of one: how many they are with the
 * lines of text behind it that are there as a whole, so that they go their way
 * together.
 */
size_t stream_lines_of_text(const struct stream_lines *, size_t len);

void stream_lines_take(struct stream_lines *, size_t len);

#endif
