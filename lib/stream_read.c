/* Reads the streams of mig-stream(5), and believes nothing unsealed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "stream_lines.h"
#include "text.h"

struct stream_reader {
	char *name;
	char *kind;
	bool bare;

	struct stream_lines in;
	size_t line; /* number of the line to be taken next, from 1 */

	bool in_line; /* that is the rest of a long line of text */
	bool in_text; /* the last line was text: its LF is owed */
	bool empty;   /* there is nothing in that line */
	bool over;    /* the record's text has ended without LF */
	char **fields;
	size_t fields_room;

	struct hash hash;
	size_t records;
	char digest[HASH_HEX];
	enum stream_event last; /* STREAM_END and STREAM_FAULT stay */
};

static int
bad(struct stream_reader *r, struct fault *f, const char *what)
{
	r->last = STREAM_FAULT;
	return fault_set(f, EXIT_STREAM, "%s:%zu: %s", r->name, r->line, what);
}

/* A kind of stream as a person calls it. */
static const char *
title(const char *kind)
{
	return strcmp(kind, "list") == 0 ? "listing" : kind;
}

/* How to get a stream of the kind that is wanted. */
static int
hint_pipe(const struct stream_reader *r, struct fault *f)
{
	if (strcmp(r->kind, "list") == 0)
		return fault_hint(f, "mig-ls DIR | mig-plan");
	if (strcmp(r->kind, "plan") == 0)
		return fault_hint(f, "mig-ls DIR | mig-plan | mig-apply");
	return -1;
}

/* The first line is of no stream and no record. */
static int
no_stream(struct stream_reader *r, struct fault *f)
{
	r->last = STREAM_FAULT;
	fault_set(f, EXIT_STREAM, "%s:1: this is no %s", r->name,
	    title(r->kind));
	return hint_pipe(r, f);
}

/* Why there is no line to be had: always -1. */
static int
no_line(struct stream_reader *r, enum stream_line got, struct fault *f)
{
	switch (got) {
	case STREAM_LINE_TOO_LONG:
		return bad(r, f, "the line is too long for a record");
	case STREAM_LINE_CUT:
		return bad(r, f, "truncated: the last line has no newline");
	case STREAM_LINE_NOMEM:
		return fault_nomem(f);
	case STREAM_LINE:
	case STREAM_LINE_END:
	case STREAM_LINE_ERRNO:
		break;
	}
	return fault_errno(f, "%s", r->name);
}

/*
 * Find the next line, its length with its LF; one of text may be cut.  Returns
 * 1, 0 at the end of the input, or -1 with a fault.
 */
static int
get_line(struct stream_reader *r, size_t *len, struct fault *f)
{
	enum stream_line got = stream_lines_next(&r->in, r->in_line, len);

	if (got == STREAM_LINE || got == STREAM_LINE_END)
		return got == STREAM_LINE;
	return no_line(r, got, f);
}

static size_t
split_fields(struct stream_reader *r, char *line, struct fault *f)
{
	char **fields;
	size_t n = 0;

	for (; line != NULL; n++) {
		if (n == r->fields_room) {
			fields = reallocarray(r->fields, n * 2 + 16,
			    sizeof(*fields));
			if (fields == NULL) {
				fault_nomem(f);
				return 0;
			}
			r->fields = fields;
			r->fields_room = n * 2 + 16;
		}
		r->fields[n] = strsep(&line, "\t");
	}
	return n;
}

static bool
is_word(const char *s)
{
	const char *c;

	s += *s == '#';
	for (c = s; *c > ' ' && *c < 0x7f; c++)
		;
	return c > s && *c == '\0';
}

/*
 * Take a record or meta line apart, its LF already a NUL, and undo the
 * escapes.  Returns 0, or -1 with a fault.
 */
static int
parse_record(struct stream_reader *r, char *line, size_t len,
    struct stream_item *item, struct fault *f)
{
	size_t i, n, flen;

	if (memchr(line, '\0', len) != NULL)
		return bad(r, f, "a NUL byte in a record");
	n = split_fields(r, line, f);
	if (n == 0)
		return -1;
	if (n == 1 && r->bare && r->line == 1)
		return no_stream(r, f);
	if (n == 1)
		return bad(r, f, "a record without fields");
	if (!is_word(r->fields[0]))
		return bad(r, f, "a record of no word");
	for (i = 1; i < n; i++) {
		if (strcmp(r->fields[i], "-") == 0) {
			r->fields[i] = NULL;
			continue;
		}
		errno = 0;
		if (text_unescape(r->fields[i], &flen) == -1)
			return errno == ENOMEM ?
			    fault_nomem(f) :
			    bad(r, f, "a field with a bad escape or byte");
		if (strlen(r->fields[i]) != flen)
			return bad(r, f, "a NUL byte in a field");
	}
	item->word = r->fields[0];
	item->fields = r->fields + 1;
	item->nfields = n - 1;
	return 0;
}

/* Check the trailer, its LF already a NUL, and that nothing follows. */
static int
check_trailer(struct stream_reader *r, char *line, struct fault *f)
{
	char count[32];
	enum stream_line got;

	if (r->bare)
		return bad(r, f, "a trailer without a header");
	if (split_fields(r, line, f) != 3)
		return r->last == STREAM_FAULT || f->nomem ?
		    -1 :
		    bad(r, f, "the trailer is damaged");
	snprintf(count, sizeof(count), "%zu", r->records);
	hash_hex(&r->hash, r->digest);
	if (strncmp(r->fields[2], "sha256:", 7) != 0)
		return bad(r, f, "the trailer is damaged");
	if (strcmp(r->fields[1], count) != 0)
		return bad(r, f,
		    "records are missing or were added: "
		    "the trailer counts others");
	if (strcmp(r->fields[2] + 7, r->digest) != 0)
		return bad(r, f, "the stream is damaged: its digest differs");
	r->line++;
	got = stream_lines_fill(&r->in);
	if (got != STREAM_LINE)
		return got == STREAM_LINE_END ? 0 : no_line(r, got, f);
	if (stream_lines_begin(&r->in, "#mig\t"))
		return bad(r, f,
		    "a second stream begins here: "
		    "two were joined");
	return bad(r, f, "text after the trailer");
}

/* The stream ends without a trailer: fine for bare records alone. */
static enum stream_event
end_of_input(struct stream_reader *r, struct fault *f)
{
	if (r->bare) {
		hash_hex(&r->hash, r->digest);
		return r->last = STREAM_END;
	}
	bad(r, f, "truncated: there is no trailer");
	fault_hint(f,
	    "the command that wrote it failed, or its output "
	    "was cut; nothing was done");
	return STREAM_FAULT;
}

/* Take out the TAB behind each LF but the last; returns the new length. */
static size_t
drop_tabs(char *text, size_t len)
{
	char *from = text, *to = text, *end = text + len, *lf;

	while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL &&
	    ++lf < end) {
		memmove(to, from, (size_t)(lf - from));
		to += lf - from;
		from = lf + 1;
	}
	memmove(to, from, (size_t)(end - from));
	return (size_t)(to - text) + (size_t)(end - from);
}

/*
 * Give out lines of text.  The TAB before the first becomes the LF of the line
 * before it, so that a last LF is given out only once it is known to be
 * there.
 */
static enum stream_event
take_text(struct stream_reader *r, char *line, size_t len,
    struct stream_item *item)
{
	bool whole = line[len - 1] == '\n';
	bool first = !r->in_text;

	r->empty = whole && len >= 2 && line[len - 2] == '\t' &&
	    (len > 2 ? line[len - 3] == '\n' : !r->in_line);
	len = drop_tabs(line, len);
	item->text = line;
	item->len = whole ? len - 1 : len;
	if (!r->in_line && first) {
		item->text++;
		item->len--;
	} else if (!r->in_line)
		line[0] = '\n';
	r->in_text = true;
	r->in_line = !whole;
	return STREAM_TEXT;
}

/* Look at the line just taken, which is no text. */
static enum stream_event
take_line(struct stream_reader *r, char *line, size_t len,
    struct stream_item *item, struct fault *f)
{
	line[len - 1] = '\0';
	if (strncmp(line, "#mig\t", 5) == 0) {
		bad(r, f, "a second header: two streams were joined");
		return STREAM_FAULT;
	}
	if (strncmp(line, "#end\t", 5) == 0)
		return r->last = check_trailer(r, line, f) == -1 ?
		    STREAM_FAULT :
		    STREAM_END;
	if (parse_record(r, line, len - 1, item, f) == -1)
		return r->last = STREAM_FAULT;
	if (line[0] == '#') {
		item->word++;
		return STREAM_META;
	}
	r->records++;
	r->over = false;
	return STREAM_RECORD;
}

enum stream_event
stream_next(struct stream_reader *r, struct stream_item *item, struct fault *f)
{
	enum stream_event event;
	char *line;
	size_t len;
	int got;

	if (r->last == STREAM_END || r->last == STREAM_FAULT)
		return r->last;
	memset(item, 0, sizeof(*item));
	got = get_line(r, &len, f);
	if (got == -1)
		return r->last = STREAM_FAULT;
	line = stream_lines_at(&r->in);
	item->line = r->line;
	if (got == 1 && (r->in_line || line[0] == '\t')) {
		if (!r->in_line && (r->records == 0 || r->over)) {
			bad(r, f, "text without a record before it");
			return STREAM_FAULT;
		}
		len = stream_lines_of_text(&r->in, len);
		hash_add(&r->hash, line, len);
		stream_lines_take(&r->in, len);
		r->line += text_lines(line, len);
		return take_text(r, line, len, item);
	}
	if (r->in_text) {
		/* the last line of a text: has it its LF? */
		r->in_text = false;
		if (got == 0 || !stream_lines_begin(&r->in, "nolf\t-\n")) {
			item->text = "\n";
			item->len = 1;
			return STREAM_TEXT;
		}
		if (r->empty) {
			bad(r, f, "a text that ends with nothing");
			return STREAM_FAULT;
		}
		hash_add(&r->hash, line, len);
		stream_lines_take(&r->in, len);
		r->line++;
		r->records++;
		r->over = true;
		return stream_next(r, item, f);
	}
	if (got == 0)
		return end_of_input(r, f);
	if (!stream_lines_begin(&r->in, "#end\t"))
		hash_add(&r->hash, line, len);
	stream_lines_take(&r->in, len);
	event = take_line(r, line, len, item, f);
	if (event != STREAM_FAULT && event != STREAM_END)
		r->line++;
	return event;
}

/* Check the first line.  Returns 0, or -1 with a fault. */
static int
check_header(struct stream_reader *r, char *line, struct fault *f)
{
	if (split_fields(r, line, f) != 3)
		return f->nomem ? -1 : bad(r, f, "the header is damaged");
	if (strcmp(r->fields[2], "1\r") == 0)
		return bad(r, f,
		    "the lines end in CR LF: something has "
		    "rewritten the stream");
	if (strcmp(r->fields[2], "1") != 0)
		return bad(r, f,
		    "another version of the format than 1: "
		    "written by another mig-tools");
	if (strcmp(r->fields[1], r->kind) == 0)
		return 0;
	r->last = STREAM_FAULT;
	fault_set(f, EXIT_STREAM, "%s:1: this is a %s, but a %s is wanted",
	    r->name, title(r->fields[1]), title(r->kind));
	return hint_pipe(r, f);
}

static int
read_header(struct stream_reader *r, bool bare, struct fault *f)
{
	char *line;
	size_t len = 0;
	int got;

	got = get_line(r, &len, f);
	if (got == -1)
		return -1;
	if (got == 0) {
		fault_set(f, EXIT_STREAM, "%s: empty, but a %s is wanted",
		    r->name, title(r->kind));
		return fault_hint(f,
		    "the command before it in the pipe "
		    "failed or found nothing; nothing was done");
	}
	line = stream_lines_at(&r->in);
	if (stream_lines_begin(&r->in, "#mig\t")) {
		hash_add(&r->hash, line, len);
		line[len - 1] = '\0';
		stream_lines_take(&r->in, len);
		if (check_header(r, line, f) == -1)
			return -1;
		r->line++;
		return 0;
	}
	if (bare) {
		r->bare = true;
		return 0;
	}
	bad(r, f, "no stream of mig-tools: the header is missing");
	return hint_pipe(r, f);
}

struct stream_reader *
stream_open(FILE *fp, const char *name, const char *kind, bool bare,
    struct fault *f)
{
	struct stream_reader *r;

	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		fault_nomem(f);
		return NULL;
	}
	r->line = 1;
	r->last = STREAM_META;
	r->name = strdup(name);
	r->kind = strdup(kind);
	hash_init(&r->hash);
	if (r->name == NULL || r->kind == NULL ||
	    stream_lines_open(&r->in, fp) == -1) {
		fault_nomem(f);
		stream_close(r);
		return NULL;
	}
	if (read_header(r, bare, f) == -1) {
		stream_close(r);
		return NULL;
	}
	return r;
}

bool
stream_is_bare(const struct stream_reader *r)
{
	return r->bare;
}

const char *
stream_digest(const struct stream_reader *r)
{
	return r->digest;
}

void
stream_close(struct stream_reader *r)
{
	if (r == NULL)
		return;
	free(r->name);
	free(r->kind);
	stream_lines_close(&r->in);
	free(r->fields);
	free(r);
}
