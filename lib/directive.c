/* Our own directives: comments at the head of a migration's text. */

#include "directive.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "duration.h"
#include "text.h"

#define WORDS_MAX 4

/* A word of a directive; not NUL-terminated. */
struct word {
	const char *s;
	size_t len;
};

struct line {
	const char *path;
	size_t number;
};

enum known {
	NO_TRANSACTION,
	OWN_TRANSACTION,
	REQUIRES,
	LOCK_TIMEOUT,
	RETRY,
	CONCURRENTLY_WAIT,
	STATEMENT_TIMEOUT,
	ROLE,
	REPEATABLE,
	DOWN,
	UNKNOWN
};

/* What a comment line is. */
enum comment {
	COMMENT_OTHER,
	COMMENT_MEANT, /* as a directive, but does not begin as one */
	COMMENT_DIRECTIVE
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool
word_is(const struct word *w, const char *s)
{
	return w->len == strlen(s) && memcmp(w->s, s, w->len) == 0;
}

/* Cut `s` into words, the last of them WORDS_MAX at most. */
static size_t
words_of(const char *s, size_t len, struct word w[WORDS_MAX])
{
	size_t i = 0, n = 0;

	while (n < WORDS_MAX) {
		while (i < len && is_blank(s[i]))
			i++;
		if (i == len)
			break;
		w[n].s = s + i;
		while (i < len && !is_blank(s[i]))
			i++;
		w[n].len = (size_t)(s + i - w[n].s);
		n++;
	}
	return n;
}

/* Which directive it begins. */
static enum known
find_word(const struct word *w)
{
	static const char *const words[] = {
		[NO_TRANSACTION] = "no-transaction",
		[OWN_TRANSACTION] = "own-transaction",
		[REQUIRES] = "requires",
		[LOCK_TIMEOUT] = "lock-timeout",
		[RETRY] = "retry",
		[CONCURRENTLY_WAIT] = "concurrently-wait",
		[STATEMENT_TIMEOUT] = "statement-timeout",
		[ROLE] = "role",
		[REPEATABLE] = "repeatable",
		[DOWN] = "down",
	};
	size_t i;

	for (i = 0; i < UNKNOWN; i++)
		if (word_is(w, words[i]))
			break;
	return (enum known)i;
}

/* Look at a comment behind its dashes, and step over `mig:`. */
static enum comment
comment_kind(const char **s, size_t *len)
{
	struct word w[WORDS_MAX];

	for (; *len > 0 && is_blank(**s); (*len)--)
		(*s)++;
	if (*len < 4 || strncasecmp(*s, "mig", 3) != 0)
		return COMMENT_OTHER;
	*s += 3;
	*len -= 3;
	if (**s == ':') {
		(*s)++;
		(*len)--;
		return COMMENT_DIRECTIVE;
	}
	if (is_blank(**s) && words_of(*s, *len, w) > 0 &&
	    (*w[0].s == ':' || find_word(&w[0]) != UNKNOWN))
		return COMMENT_MEANT;
	return COMMENT_OTHER;
}

static int
bad(const struct line *at, const struct word *w, const char *what,
    struct fault *f)
{
	return fault_set(f, EXIT_STREAM, "%s:%zu: -- mig: %.*s: %s", at->path,
	    at->number, (int)(w->len < 60 ? w->len : 60), w->s, what);
}

/* It parts a file, and what is left of it here has parted none. */
static int
bad_down(const struct line *at, struct fault *f)
{
	return fault_set(f, EXIT_STREAM,
	    "%s:%zu: -- mig: down: parts a file in the plain convention only, "
	    "as a line of its own with nothing before it",
	    at->path, at->number);
}

static int
set_mode(struct directives *d, enum migration_mode mode, const struct line *at,
    const struct word *w, size_t n, struct fault *f)
{
	if (n != 1)
		return bad(at, w, "takes no argument", f);
	if (d->has_mode)
		return bad(at, w, "the mode was said before", f);
	d->has_mode = true;
	d->mode = mode;
	return 0;
}

static int
set_limit(struct directives *d, enum directive_limit limit,
    const struct line *at, const struct word *w, size_t n, struct fault *f)
{
	if (n != 2 ||
	    (d->limits[limit] = duration_parse(w[1].s, w[1].len, 0)) == -1)
		return bad(at, w, "wants a duration: 500ms, 10s, 2min, 0", f);
	if (d->has_limit[limit])
		return bad(at, w, "was said before", f);
	d->has_limit[limit] = true;
	return 0;
}

static int
set_role(struct directives *d, const struct line *at, const struct word *w,
    size_t n, struct fault *f)
{
	if (n != 2)
		return bad(at, w, "wants one name", f);
	if (d->role != NULL)
		return bad(at, w, "was said before", f);
	d->role = strndup(w[1].s, w[1].len);
	return d->role == NULL ? fault_nomem(f) : 0;
}

static int
add_need(struct directives *d, const struct line *at, const struct word *w,
    size_t n, struct fault *f)
{
	struct directive_need *needs, *need;

	if (n != 3)
		return bad(at, w, "wants a series and a version", f);
	needs = reallocarray(d->needs, d->nneeds + 1, sizeof(*needs));
	if (needs == NULL)
		return fault_nomem(f);
	d->needs = needs;
	need = &needs[d->nneeds++];
	need->series = strndup(w[1].s, w[1].len);
	need->version = strndup(w[2].s, w[2].len);
	if (need->series == NULL || need->version == NULL)
		return fault_nomem(f);
	return 0;
}

static int
set_repeatable(struct directives *d, const struct line *at,
    const struct word *w, size_t n, struct fault *f)
{
	if (n != 1)
		return bad(at, w, "takes no argument", f);
	if (d->repeatable > 0)
		return bad(at, w, "was said before", f);
	d->repeatable = at->number;
	return 0;
}

static int
set(struct directives *d, const struct line *at, const struct word *w, size_t n,
    struct fault *f)
{
	switch (find_word(w)) {
	case NO_TRANSACTION:
		return set_mode(d, MODE_NONE, at, w, n, f);
	case OWN_TRANSACTION:
		return set_mode(d, MODE_OWN, at, w, n, f);
	case LOCK_TIMEOUT:
		return set_limit(d, LIMIT_LOCK, at, w, n, f);
	case RETRY:
		return set_limit(d, LIMIT_RETRY, at, w, n, f);
	case CONCURRENTLY_WAIT:
		return set_limit(d, LIMIT_CONCURRENTLY, at, w, n, f);
	case STATEMENT_TIMEOUT:
		return set_limit(d, LIMIT_STATEMENT, at, w, n, f);
	case ROLE:
		return set_role(d, at, w, n, f);
	case REQUIRES:
		return add_need(d, at, w, n, f);
	case REPEATABLE:
		return set_repeatable(d, at, w, n, f);
	case DOWN:
		return bad_down(at, f);
	case UNKNOWN:
		break;
	}
	bad(at, w, "no such directive", f);
	return fault_hint(f,
	    "known are no-transaction, own-transaction, "
	    "requires, lock-timeout, retry, concurrently-wait, "
	    "statement-timeout, role, repeatable and down");
}

/* A comment line behind its dashes. */
static int
comment(struct directives *d, const char *s, size_t len, const struct line *at,
    struct fault *f)
{
	struct word w[WORDS_MAX];
	size_t n;

	switch (comment_kind(&s, &len)) {
	case COMMENT_OTHER:
		return 0;
	case COMMENT_MEANT:
		return fault_set(f, EXIT_STREAM,
		    "%s:%zu: a directive begins with \"-- mig:\"", at->path,
		    at->number);
	case COMMENT_DIRECTIVE:
		break;
	}
	n = words_of(s, len, w);
	if (n == 0)
		return fault_set(f, EXIT_STREAM, "%s:%zu: -- mig: says nothing",
		    at->path, at->number);
	return set(d, at, w, n, f);
}

/* Length of what opens or closes a block comment at `s`, and the new depth. */
static size_t
block(struct directives *d, const char *s, size_t len)
{
	if (len >= 2 && s[0] == '/' && s[1] == '*')
		d->depth++;
	else if (len >= 2 && s[0] == '*' && s[1] == '/' && d->depth > 0)
		d->depth--;
	else
		return 0;
	return 2;
}

/*
 * Whether the comment from `s` to `end` is a directive or was meant as one, with
 * its word; behind something else in the line only if that is one of ours.
 */
static bool
is_late(const char *text, const char *s, const char *end, struct word *word)
{
	struct word w[WORDS_MAX] = { { s, 0 } };
	const char *p = s + 2;
	size_t len = (size_t)(end - p);
	enum comment kind = comment_kind(&p, &len);

	words_of(p, len, w);
	*word = w[0];
	while (s > text && is_blank(s[-1]))
		s--;
	if (s == text || s[-1] == '\n')
		return kind != COMMENT_OTHER;
	return kind == COMMENT_DIRECTIVE && find_word(word) != UNKNOWN;
}

/* The first comment of a line that is one; NULL: none is. */
static const char *
find_late(const char *text, size_t len, struct word *word)
{
	const char *s = text, *end = text + len, *lf;

	while ((s = memmem(s, (size_t)(end - s), "--", 2)) != NULL) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		if (is_late(text, s, lf, word))
			return s;
		s = lf;
	}
	return NULL;
}

/*
 * A directive below the head would do nothing, and nobody would know; what is
 * behind a down that parts nothing would even run.
 */
static int
refuse_late(const char *text, size_t len, const struct line *from,
    struct fault *f)
{
	struct line at = *from;
	struct word word;
	const char *late = find_late(text, len, &word);

	if (late == NULL)
		return 0;
	at.number += text_lines(text, (size_t)(late - text));
	if (find_word(&word) == DOWN)
		return bad_down(&at, f);
	return fault_set(f, EXIT_STREAM,
	    "%s:%zu: -- mig: behind the first "
	    "statement: directives stand before it",
	    at.path, at.number);
}

int
directives_refuse(const char *text, size_t len, const char *path, size_t line,
    struct fault *f)
{
	struct word word;
	const char *found = find_late(text, len, &word);

	if (found == NULL)
		return 0;
	fault_set(f, EXIT_STREAM,
	    "%s:%zu: -- mig: holds in no file that \\i reads in", path,
	    line + text_lines(text, (size_t)(found - text)));
	return fault_hint(f, "put it into the file that reads this one in");
}

int
directives_read(struct directives *d, const char *text, size_t len,
    const char *path, size_t line, struct fault *f)
{
	struct line at = { path, line };
	const char *lf;
	size_t i = 0, n;

	while (i < len && !d->ended) {
		if (text[i] == '\n')
			at.number++;
		if ((n = block(d, text + i, len - i)) > 0) {
			i += n;
		} else if (d->depth > 0 || text[i] == '\n' ||
		    is_blank(text[i])) {
			i++;
		} else if (len - i >= 2 && memcmp(text + i, "--", 2) == 0) {
			lf = memchr(text + i, '\n', len - i);
			n = lf == NULL ? len - i : (size_t)(lf - text) - i;
			if (comment(d, text + i + 2, n - 2, &at, f) == -1)
				return -1;
			i += n;
		} else {
			d->ended = true;
		}
	}
	return refuse_late(text + i, len - i, &at, f);
}

void
directives_free(struct directives *d)
{
	size_t i;

	for (i = 0; i < d->nneeds; i++) {
		free(d->needs[i].series);
		free(d->needs[i].version);
	}
	free(d->needs);
	free(d->role);
	memset(d, 0, sizeof(*d));
}
