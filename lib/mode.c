/* How a text wants to be run. */

#include "mode.h"

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "lexer.h"
#include "statement.h"

struct mode {
	const struct convention *convention;
	char *path;
	struct directives head;
	struct lexer *lexer; /* NULL: the words do not matter */
	bool lexed;	     /* the lexer came to the end */
	size_t statements;
	bool control;  /* transaction control was met */
	bool no_block; /* so was what cannot run in a transaction */
};

/* Lexes even where no rule asks for it, with `always`. */
static struct mode *new (const struct convention *c, const char *path,
    bool always)
{
	struct mode *m;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->convention = c;
	m->path = strdup(path);
	if (always || c->rules & (RULE_OWN | RULE_ALONE | RULE_ANY))
		m->lexer = lex_new(c->lex_flags);
	else
		m->lexed = true;
	if (m->path == NULL || (m->lexer == NULL && !m->lexed)) {
		mode_free(m);
		return NULL;
	}
	return m;
}

struct mode *
mode_new(const struct convention *c, const char *path)
{
	return new (c, path, false);
}

static void
judge(struct mode *m, const struct lex_item *item)
{
	m->statements += item->joined ? 2 : 1;
	if (statement_controls_transaction(statement_kind(item)))
		m->control = true;
	if (statement_not_in_transaction(item) != NULL)
		m->no_block = true;
}

/* Look at all that the lexer has whole; what is bad SQL is for mig-plan. */
static int
lex(struct mode *m, struct fault *f)
{
	struct lex_item item;

	while (!m->lexed) {
		switch (lex_next(m->lexer, &item)) {
		case LEX_MORE:
			return 0;
		case LEX_STATEMENT:
			judge(m, &item);
			break;
		case LEX_DATA:
		case LEX_DATA_END:
		case LEX_META:
			break;
		case LEX_END:
		case LEX_BAD:
			m->lexed = true;
			break;
		case LEX_NOMEM:
			return fault_nomem(f);
		}
	}
	return 0;
}

int
mode_feed(struct mode *m, const struct source_piece *p, struct fault *f)
{
	if (directives_read(&m->head, p->text, p->len, m->path, p->line, f) ==
	    -1)
		return -1;
	if (m->lexed)
		return 0;
	if (lex_feed(m->lexer, p->text, p->len) == -1)
		return fault_nomem(f);
	return lex(m, f);
}

const struct directives *
mode_head(const struct mode *m)
{
	return &m->head;
}

static void
finish(struct mode *m)
{
	struct fault f = FAULT_INIT;

	if (m->lexed)
		return;
	lex_finish(m->lexer);
	lex(m, &f);
	fault_free(&f);
}

enum migration_mode
mode_end(struct mode *m, bool none, enum sidecar_mode side,
    enum migration_mode otherwise)
{
	unsigned rules = m->convention->rules;

	finish(m);
	if (m->head.has_mode)
		return m->head.mode;
	if (m->control && rules & RULE_OWN)
		return MODE_OWN;
	switch (side) {
	case SIDECAR_TX:
		return MODE_TX;
	case SIDECAR_NONE:
		return MODE_NONE;
	case SIDECAR_SILENT:
		break;
	}
	if (none ||
	    (m->no_block &&
		(rules & RULE_ANY ||
		    (rules & RULE_ALONE && m->statements == 1))))
		return MODE_NONE;
	return otherwise;
}

void
mode_free(struct mode *m)
{
	if (m == NULL)
		return;
	directives_free(&m->head);
	lex_free(m->lexer);
	free(m->path);
	free(m);
}

/*
 * What the up text's mode says of a down text: in one file `none` holds for
 * both; `own` holds for what does bring transaction control of its own.
 */
static enum migration_mode
otherwise(const struct migration *m, const struct mode *mode)
{
	switch (m->mode) {
	case MODE_TX:
		return MODE_TX;
	case MODE_NONE:
		return m->convention->sections == SECTIONS_PLAIN &&
			strcmp(m->path, m->down_path) == 0 ?
		    MODE_NONE :
		    MODE_TX;
	case MODE_OWN:
		return mode->control ? MODE_OWN : MODE_TX;
	}
	return MODE_TX;
}

static int
feed_down(struct mode *mode, const struct migration *m,
    enum migration_mode *result, struct fault *f)
{
	struct source_piece piece;
	struct sidecar side;
	struct source *s;
	bool none;
	int n;

	s = source_open_part(m, SOURCE_DOWN, f);
	if (s == NULL)
		return -1;
	while ((n = source_next(s, &piece, f)) == 1)
		if (mode_feed(mode, &piece, f) == -1)
			break;
	none = source_says_none(s, SOURCE_DOWN);
	source_close(s);
	if (n != 0 || sidecar_read(&side, m->convention, m->down_path, f) == -1)
		return -1;
	finish(mode);
	*result = mode_end(mode, none, side.mode, otherwise(m, mode));
	return 0;
}

int
mode_of_down(const struct migration *m, enum migration_mode *result,
    struct fault *f)
{
	struct mode *mode;
	int status;

	mode = new (m->convention, m->down_path, m->mode == MODE_OWN);
	if (mode == NULL)
		return fault_nomem(f);
	status = feed_down(mode, m, result, f);
	mode_free(mode);
	return status;
}
