#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "fault.h"
#include "hash.h"

/*
 * The one writer and the one reader of all streams; the format stands in
 * mig-stream(5).
 */

/* How records are written. */
enum stream_style {
	STREAM_SEALED,	/* header, records, trailer */
	STREAM_BARE,	/* records alone */
	STREAM_COLUMNS, /* chosen columns alone, without the word */
	STREAM_JSON	/* one JSON object a record */
};

/* What a column holds; in JSON numbers stand without quotes. */
enum stream_type { STREAM_STRING, STREAM_NUMBER };

struct stream_column {
	const char *name;
	enum stream_type type;
};

struct stream_writer {
	FILE *fp;
	enum stream_style style;
	const char *columns; /* STREAM_COLUMNS: names joined by commas */
	struct hash hash;
	size_t records;
	char *line; /* the line at hand */
	size_t line_len;
	FILE *mem;	/* writes to it */
	bool in_text;	/* the last record has text */
	bool at_start;	/* the next byte of text begins a line */
	bool in_object; /* a JSON object is open */
	bool broken;	/* out of memory */
};

/*
 * Begin a stream of a kind ("list", "plan", ...) on `fp`.  `columns` is lent
 * for the writer's life and used with STREAM_COLUMNS alone.  Returns 0, or -1
 * without memory.  What goes wrong in the calls after it is kept and told by
 * stream_end().
 */
int stream_begin(struct stream_writer *, FILE *fp, const char *kind,
    enum stream_style, const char *columns);

/* Write information, `#word TAB value`; nothing where records are bare. */
void stream_meta(struct stream_writer *, const char *word, const char *value);

/*
 * Write who wrote the stream and when: the meta lines "by", from the command's
 * name, and "at".
 */
void stream_origin(struct stream_writer *, const char *command, time_t at);

/*
 * Write a record: its word and the values of `n` columns, NULL for absent.
 */
void stream_record(struct stream_writer *, const char *word,
    const struct stream_column *, const char *const *values, size_t n);

/*
 * Write a piece of the text that belongs to the last record, each line
 * behind one TAB (JSON: as member "text"; bare: left out).  A line may come
 * in several pieces.
 */
void stream_text(struct stream_writer *, const char *text, size_t len);

/* Finish the record at hand and flush, for a stream that is followed live. */
void stream_flush(struct stream_writer *);

/*
 * Write the trailer, flush, free what the writer owns.  Returns 0, or -1 with
 * a fault where anything since stream_begin() could not be written.
 */
int stream_end(struct stream_writer *, struct fault *);

/*
 * Whether `names` (joined by commas) are nothing but names of the `n` known
 * columns; -1 with a usage fault that lists them.
 */
int stream_columns_check(const char *names, const struct stream_column *known,
    size_t n, struct fault *);

enum stream_event {
	STREAM_META,   /* word and one field */
	STREAM_RECORD, /* word and fields */
	STREAM_TEXT,   /* a piece of text: see text, len */
	STREAM_END,    /* the trailer was read and found right */
	STREAM_FAULT   /* the stream is bad: nothing may be done */
};

/* What stream_next() found; lent until the next call. */
struct stream_item {
	const char *word;
	size_t nfields;
	char *const *fields; /* unescaped, NUL-terminated; NULL: absent */
	const char *text;
	size_t len;
	size_t line; /* of the stream, from 1 */
};

struct stream_reader;

/*
 * Begin to read a stream of a kind from `fp`, called `name` in messages.
 * With `bare`, records without header and trailer are taken as well: a first
 * line that is no header is then for stream_next() to judge.  Returns NULL with
 * a fault (EXIT_STREAM) where that line is none of that kind, or is not to be
 * had: at the end of the input, on a read error, without memory.
 */
struct stream_reader *stream_open(FILE *fp, const char *name, const char *kind,
    bool bare, struct fault *);

/* The next event.  After STREAM_END and STREAM_FAULT it says so again. */
enum stream_event stream_next(struct stream_reader *, struct stream_item *,
    struct fault *);

/* Whether the stream came without header and trailer. */
bool stream_is_bare(const struct stream_reader *);

/* Digest of the stream, hexadecimal; after STREAM_END, lent. */
const char *stream_digest(const struct stream_reader *);

void stream_close(struct stream_reader *);

#endif
