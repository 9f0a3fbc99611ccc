/* Whether a file is the text that another tool ran, by what that has kept. */

#include "adopt.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "diff.h"
#include "feed.h"
#include "source.h"
#include "text.h"

/* A checksum as text: a signed number, or SHA-384. */
struct sum {
	char text[CHECKSUM_HEX];
	char other[CHECKSUM_HEX]; /* sqlx's without CR, else empty */
};

static int
flyway_sum(const struct migration *m, struct sum *sum, struct fault *f)
{
	struct source_piece piece;
	struct source *s;
	uint32_t crc = 0;
	int got;

	s = source_open_part(m, SOURCE_UP, f);
	if (s == NULL)
		return -1;
	while ((got = source_next(s, &piece, f)) == 1)
		crc = checksum_lines(crc, piece.text, piece.len);
	source_close(s);
	snprintf(sum->text, sizeof(sum->text), "%d", (int32_t)crc);
	sum->other[0] = '\0';
	return got;
}

/* The bytes of a file: sqlx drops neither a byte order mark nor a CR. */
static int
sqlx_sum(const struct migration *m, struct sum *sum, struct fault *f)
{
	struct checksum whole, without;
	char buf[16384];
	ssize_t n;
	int fd;

	fd = source_open_raw(m->path, f);
	if (fd == -1)
		return -1;
	checksum_init(&whole);
	checksum_init(&without);
	while ((n = read(fd, buf, sizeof(buf))) > 0 ||
	    (n == -1 && errno == EINTR)) {
		if (n == -1)
			continue;
		checksum_add(&whole, buf, (size_t)n);
		checksum_add_no_cr(&without, buf, (size_t)n);
	}
	if (n == -1)
		fault_errno(f, "%s", m->path);
	close(fd);
	checksum_hex(&whole, sum->text);
	checksum_hex(&without, sum->other);
	return n == -1 ? -1 : 0;
}

static int
file_sum(const struct foreign_tool *tool, const struct migration *m,
    struct sum *sum, struct fault *f)
{
	return tool->check == FOREIGN_LINES ? flyway_sum(m, sum, f) :
					      sqlx_sum(m, sum, f);
}

/*
 * Statements that were kept, next to the text of a file.  Each was cut out of
 * its file where a semicolon ended it, and blank space and semicolons off its
 * ends; a comment is part of the statement behind it.
 */
struct walk {
	const char *kept; /* statements that were not found yet */
	size_t len;	  /* of the first of them */
	size_t number;	  /* of it, from 1 */
	const char *text; /* of the file, behind those that were */
};

static const char join[] = { FOREIGN_JOIN, '\0' };
static const char between[] = " \t\n\v\f\r;";

/*
 * Whether `kept` stands at the head of a text; `*len` is then how much of the
 * text that is, which has LF for CRLF.
 */
static bool
begins_with(const char *text, const char *kept, size_t kept_len, size_t *len)
{
	const char *s = text;
	size_t i;

	for (i = 0; i < kept_len; i++) {
		if (kept[i] == '\r' && i + 1 < kept_len && kept[i + 1] == '\n')
			continue;
		if (*s++ != kept[i])
			return false;
	}
	*len = (size_t)(s - text);
	return *s == '\0' || strchr(between, *s) != NULL;
}

/* Go on to where the two differ; false where they do not. */
static bool
walk(struct walk *w)
{
	size_t len;

	for (;;) {
		w->text += strspn(w->text, between);
		w->len = strcspn(w->kept, join);
		w->number++;
		if (*w->kept == '\0')
			return *w->text != '\0';
		if (!begins_with(w->text, w->kept, w->len, &len))
			return true;
		w->text += len;
		w->kept += w->len;
		w->kept += strspn(w->kept, join);
	}
}

static char *
whole_text(const struct migration *m, struct fault *f)
{
	size_t len;

	return feed_whole(m, SOURCE_UP, SIZE_MAX, &len, NULL, f);
}

static int
same_text(const struct foreign_entry *e, const struct migration *m,
    struct fault *f)
{
	struct walk w = { e->checksum, 0, 0, NULL };
	char *text;
	bool differs;

	text = whole_text(m, f);
	if (text == NULL)
		return -1;
	w.text = text;
	differs = walk(&w);
	free(text);
	return differs ? 0 : 1;
}

int
adopt_same(const struct foreign_tool *tool, const struct foreign_entry *e,
    const struct migration *m, struct fault *f)
{
	struct sum sum;

	if (tool->check == FOREIGN_TEXT)
		return same_text(e, m, f);
	if (file_sum(tool, m, &sum, f) == -1)
		return -1;
	return strcmp(sum.text, e->checksum) == 0 ||
	    strcmp(sum.other, e->checksum) == 0;
}

/*
 * How much of the file stands where the statement at hand was: all before the
 * next one that was kept.
 */
static size_t
changed_len(const struct walk *w)
{
	const char *next = w->kept + w->len, *s = w->text;
	size_t next_len, len;

	next += strspn(next, join);
	next_len = strcspn(next, join);
	for (; *s != '\0'; s++)
		if (next_len > 0 &&
		    (s == w->text || strchr(between, s[-1]) != NULL) &&
		    begins_with(s, next, next_len, &len))
			break;
	while (s > w->text && strchr(between, s[-1]) != NULL)
		s--;
	return (size_t)(s - w->text);
}

/* A copy that ends its last line, for a difference that shows lines. */
static char *
copy_lines(const char *text, size_t len)
{
	char *copy;

	if (len > INT_MAX ||
	    asprintf(&copy, "%.*s%s", (int)len, text, len > 0 ? "\n" : "") ==
		-1)
		return NULL;
	return copy;
}

static size_t
line_of(const char *text, const char *at)
{
	size_t n = 1;

	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

/* The first statement that differs, before and after. */
static int
show_statement(const struct walk *w, const char *text,
    const struct migration *m, struct fault *f)
{
	struct diff_side before, after;
	char *labels[2] = { NULL, NULL }, *texts[2];
	int result = -1;

	texts[0] = copy_lines(w->kept, w->len);
	texts[1] = copy_lines(w->text, changed_len(w));
	if (texts[0] == NULL || texts[1] == NULL ||
	    asprintf(&labels[0], "Supabase, statement %zu", w->number) == -1 ||
	    asprintf(&labels[1], "%s:%zu", m->path, line_of(text, w->text)) ==
		-1)
		fault_nomem(f);
	else {
		before.label = labels[0];
		before.text = texts[0];
		after.label = labels[1];
		after.text = texts[1];
		result = diff_show(stderr, &before, &after, f);
	}
	free(labels[0]);
	free(labels[1]);
	free(texts[0]);
	free(texts[1]);
	return result;
}

static int
show_text(const struct foreign_entry *e, const struct migration *m,
    struct fault *f)
{
	struct walk w = { e->checksum, 0, 0, NULL };
	char *text;
	int result = 0;

	text = whole_text(m, f);
	if (text == NULL)
		return -1;
	w.text = text;
	if (walk(&w))
		result = show_statement(&w, text, m, f);
	free(text);
	return result;
}

static int
show_sum(const struct foreign_tool *tool, const struct foreign_entry *e,
    const struct migration *m, struct fault *f)
{
	const char *name = tool->check == FOREIGN_LINES ? "CRC-32" : "SHA-384";
	struct sum sum;

	if (file_sum(tool, m, &sum, f) == -1)
		return -1;
	fprintf(stderr, "    %s %s in %s\n    %s %s of ", name, e->checksum,
	    tool->title, name, sum.text);
	text_show(stderr, m->path, strlen(m->path));
	fputc('\n', stderr);
	return 0;
}

int
adopt_show(const struct foreign_tool *tool, const struct foreign_entry *e,
    const struct migration *m, struct fault *f)
{
	return tool->check == FOREIGN_TEXT ? show_text(e, m, f) :
					     show_sum(tool, e, m, f);
}
