/* Reads the text of a step of a plan, statement by statement. */

#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "spool.h"

/* Of COPY, with the five bytes before it, this is whole blocks of libpq's. */
#define PIECE (65536 - 5)

struct script {
	const struct plan *plan;
	const struct plan_step *step;
	struct lexer *lexer;
	size_t at; /* of the text, fed so far */
	bool finished;
	char buf[PIECE];
};

struct script *
script_open(const struct plan *plan, const struct plan_step *step,
    bool backslash_quotes, struct fault *f)
{
	struct script *s;
	unsigned flags;

	flags = step->m.convention == NULL ? 0 : step->m.convention->lex_flags;
	if (backslash_quotes)
		flags |= LEX_BACKSLASH_QUOTES;
	s = malloc(sizeof(*s));
	if (s == NULL) {
		fault_nomem(f);
		return NULL;
	}
	s->plan = plan;
	s->step = step;
	s->at = 0;
	s->finished = false;
	s->lexer = lex_new(flags);
	if (s->lexer == NULL) {
		free(s);
		fault_nomem(f);
		return NULL;
	}
	return s;
}

static int
feed(struct script *s, struct fault *f)
{
	size_t want = s->step->run.len - s->at;
	ssize_t n;

	if (want == 0 || !s->step->run.present) {
		if (s->finished)
			return fault_set(f, EXIT_STREAM,
			    "the text of a step does not end");
		s->finished = true;
		lex_finish(s->lexer);
		return 0;
	}
	n = spool_read(s->plan->spool, s->step->run.off + (off_t)s->at, s->buf,
	    want < PIECE ? want : PIECE, f);
	if (n == -1)
		return -1;
	s->at += (size_t)n;
	return lex_feed(s->lexer, s->buf, (size_t)n) == -1 ? fault_nomem(f) : 0;
}

/* A fault at the place of an item, as path:line:col. */
static enum lex_kind
refuse(const struct script *s, const struct lex_item *item, struct fault *f,
    const char *what)
{
	const char *path;
	size_t line;

	path = plan_where(s->step, item->line, &line);
	fault_set(f, EXIT_STREAM, "%s:%zu:%zu: %.*s%s", path, line, item->col,
	    (int)(item->len > 60 ? 60 : item->len), item->text, what);
	return LEX_BAD;
}

static bool
is_restrict(const struct lex_item *item)
{
	static const char *const words[] = { "\\restrict", "\\unrestrict" };
	size_t i, n;

	for (i = 0; i < 2; i++) {
		n = strlen(words[i]);
		if (item->len >= n && memcmp(item->text, words[i], n) == 0 &&
		    (item->len == n || item->text[n] == ' '))
			return true;
	}
	return false;
}

enum lex_kind
script_next(struct script *s, struct lex_item *item, struct fault *f)
{
	enum lex_kind kind;

	for (;;) {
		kind = lex_next(s->lexer, item);
		switch (kind) {
		case LEX_MORE:
			if (feed(s, f) == -1)
				return LEX_BAD;
			break;
		case LEX_META:
			if (!is_restrict(item))
				return refuse(s, item, f,
				    ": no command of psql runs here");
			break;
		case LEX_BAD:
			return refuse(s, item, f, "");
		case LEX_NOMEM:
			fault_nomem(f);
			return LEX_BAD;
		case LEX_STATEMENT:
		case LEX_DATA:
		case LEX_DATA_END:
		case LEX_END:
			return kind;
		}
	}
}

void
script_close(struct script *s)
{
	if (s == NULL)
		return;
	lex_free(s->lexer);
	free(s);
}
