/* The text of a migration, read from its file in pieces. */

#include "source.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convention.h"
#include "section.h"
#include "text.h"

#define SOURCE_ROOM 65536

struct source {
	int fd;
	char *path;
	const struct convention *convention;
	enum source_part wanted;
	struct section section;
	bool lines; /* each line must be looked at */
	bool first; /* nothing was read yet */
	bool eof;
	bool mid_line;		      /* the last piece ended within a line */
	enum section_verdict verdict; /* on the line at hand */
	size_t line;		      /* at `start` */
	size_t start, end;	      /* sound text that was not given yet */
	size_t held;		      /* raw bytes behind it: not yet judged */
	char buf[SOURCE_ROOM];
};

int
source_open_raw(const char *path, struct fault *f)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return fault_errno(f, "%s", path);
	if (fstat(fd, &st) == -1) {
		fault_errno(f, "%s", path);
	} else if (!S_ISREG(st.st_mode)) {
		fault_set(f, EXIT_STREAM, "%s: not a file", path);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

struct source *
source_open(const char *path, const struct convention *c, enum source_part part,
    struct fault *f)
{
	struct source *s;

	s = malloc(sizeof(*s));
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		fault_nomem(f);
		return NULL;
	}
	s->fd = source_open_raw(path, f);
	if (s->fd == -1) {
		free(s->path);
		free(s);
		return NULL;
	}
	s->convention = c;
	s->wanted = part;
	section_init(&s->section, c, s->path);
	s->lines = c->sections != SECTIONS_NONE ||
	    (c->directive != NULL && !c->directive_first);
	s->first = true;
	s->eof = s->mid_line = false;
	s->verdict = SECTION_UP;
	s->line = 1;
	s->start = s->end = s->held = 0;
	return s;
}

struct source *
source_open_part(const struct migration *m, enum source_part part,
    struct fault *f)
{
	if (part != SOURCE_DOWN)
		return source_open(m->path, m->convention, part, f);
	return source_open(m->down_path, m->convention,
	    strcmp(m->path, m->down_path) == 0 ? part : SOURCE_WHOLE, f);
}

/* Say what is bad at offset `bad` of the text from `start` on. */
static int
bad_text(const struct source *s, size_t bad, struct fault *f)
{
	size_t line = s->line + text_lines(s->buf + s->start, bad - s->start);

	if (s->buf[bad] == '\0')
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: a NUL byte: this "
		    "is no SQL text, or it is in UTF-16",
		    s->path, line);
	fault_set(f, EXIT_STREAM, "%s:%zu: not well-formed UTF-8 (byte 0x%02x)",
	    s->path, line, (unsigned char)s->buf[bad]);
	return fault_hint(f, "convert it: iconv -f ENCODING -t UTF-8");
}

/* Drop the CR of each CRLF in `len` bytes at `p`; returns the new length. */
static size_t
drop_cr(char *p, size_t len)
{
	char *cr, *from, *to, *end = p + len;

	from = memchr(p, '\r', len);
	if (from == NULL)
		return len;
	for (to = from; from < end; from = cr) {
		if (from + 1 < end && from[1] == '\n')
			from++;
		cr = memchr(from + 1, '\r', (size_t)(end - from) - 1);
		if (cr == NULL)
			cr = end;
		memmove(to, from, (size_t)(cr - from));
		to += cr - from;
	}
	return (size_t)(to - p);
}

/* The first bytes of the file: a directive of sqlx, or a BOM to drop. */
static void
look_first(struct source *s)
{
	const char *word = s->convention->directive;

	s->first = false;
	if (word != NULL && s->convention->directive_first &&
	    s->held >= strlen(word) && memcmp(s->buf, word, strlen(word)) == 0)
		s->section.none_up = s->section.none_down = true;
	if (s->held >= 3 && memcmp(s->buf, "\xef\xbb\xbf", 3) == 0) {
		s->held -= 3;
		memmove(s->buf, s->buf + 3, s->held);
	}
}

/*
 * Judge the bytes held behind the text and join to it what is sound; a
 * sequence or a CRLF that may be cut waits for more bytes.
 */
static int
take_held(struct source *s, struct fault *f)
{
	char *p = s->buf + s->end;
	size_t left, good;

	good = text_bad(p, s->held);
	left = s->held - good;
	if (left > 0 && (s->eof || left > 3 || (unsigned char)p[good] < 0xc2))
		return bad_text(s, s->end + good, f);
	if (good > 0 && p[good - 1] == '\r' && !s->eof) {
		good--;
		left++;
	}
	s->end += drop_cr(p, good);
	memmove(s->buf + s->end, p + good, left);
	s->held = left;
	return 0;
}

static int
fill(struct source *s, struct fault *f)
{
	size_t have;
	ssize_t n;

	memmove(s->buf, s->buf + s->start, s->end - s->start + s->held);
	s->end -= s->start;
	s->start = 0;
	have = s->end + s->held;
	do {
		n = read(s->fd, s->buf + have, SOURCE_ROOM - have);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return fault_errno(f, "%s", s->path);
	s->eof = n == 0;
	s->held += (size_t)n;
	if (s->first)
		look_first(s);
	return take_held(s, f);
}

/*
 * Length of what can be given of the text: whole lines, or all of it where
 * the file ends or a line is longer than there is room; 0: none yet.
 */
static size_t
ready(const struct source *s)
{
	const char *p = s->buf + s->start, *lf;
	size_t len = s->end - s->start;

	lf = memrchr(p, '\n', len);
	if (lf != NULL)
		return (size_t)(lf - p) + 1;
	if (s->eof || len + s->held + 4 > SOURCE_ROOM)
		return len;
	return 0;
}

/* The line at `off`: its length with its LF, and what it belongs to. */
static int
look_line(struct source *s, size_t off, size_t left, size_t number, size_t *len,
    struct fault *f)
{
	const char *p = s->buf + off, *lf;

	lf = memchr(p, '\n', left);
	*len = lf == NULL ? left : (size_t)(lf - p) + 1;
	if (!s->lines || s->mid_line)
		return 0;
	return section_line(&s->section, p,
	    lf == NULL ? left : (size_t)(lf - p), number, &s->verdict, f);
}

static bool
is_wanted(const struct source *s, enum section_verdict v)
{
	switch (v) {
	case SECTION_UP:
		return s->wanted != SOURCE_DOWN;
	case SECTION_DOWN:
		return s->wanted != SOURCE_UP;
	case SECTION_MARK:
		return false;
	}
	return false;
}

/*
 * Cut the lines that belong together off `len` bytes at `start`.  Sets the
 * verdict on them and their length, and how many lines they are.
 */
static int
cut(struct source *s, size_t len, enum section_verdict *v, size_t *taken,
    size_t *lines, struct fault *f)
{
	struct section before;
	size_t n;

	*taken = *lines = 0;
	while (*taken < len) {
		before = s->section;
		if (look_line(s, s->start + *taken, len - *taken,
			s->line + *lines, &n, f) == -1)
			return -1;
		if (*taken > 0 && s->verdict != *v) {
			s->section = before;
			break;
		}
		*v = s->verdict;
		*taken += n;
		s->mid_line = s->buf[s->start + *taken - 1] != '\n';
		*lines += !s->mid_line;
	}
	return 0;
}

/* As cut(), where the lines need not be looked at. */
static void
cut_all(struct source *s, size_t len, enum section_verdict *v, size_t *taken,
    size_t *lines)
{
	*v = SECTION_UP;
	*taken = len;
	*lines = text_lines(s->buf + s->start, len);
	s->mid_line = len > 0 && s->buf[s->start + len - 1] != '\n';
}

static int
finish(const struct source *s, struct fault *f)
{
	if (s->wanted == SOURCE_WHOLE) {
		if (s->convention->sections == SECTIONS_PLAIN &&
		    s->section.has_down)
			return fault_set(f, EXIT_STREAM,
			    "%s: -- mig: down in "
			    "a down file",
			    s->path);
		return 0;
	}
	return section_end(&s->section, f);
}

int
source_next(struct source *s, struct source_piece *piece, struct fault *f)
{
	enum section_verdict v = SECTION_UP;
	size_t len, taken, lines;

	for (;;) {
		len = ready(s);
		if (len == 0 && s->eof)
			return finish(s, f);
		if (len == 0) {
			if (fill(s, f) == -1)
				return -1;
			continue;
		}
		if (!s->lines)
			cut_all(s, len, &v, &taken, &lines);
		else if (cut(s, len, &v, &taken, &lines, f) == -1)
			return -1;
		piece->text = s->buf + s->start;
		piece->len = taken;
		piece->line = s->line;
		piece->part = v == SECTION_DOWN ? SOURCE_DOWN : SOURCE_UP;
		s->start += taken;
		s->line += lines;
		if (is_wanted(s, v))
			return 1;
	}
}

bool
source_has_down(const struct source *s)
{
	return s->section.has_down;
}

bool
source_says_none(const struct source *s, enum source_part part)
{
	return part == SOURCE_DOWN ? s->section.none_down : s->section.none_up;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s->path);
	free(s);
}
