/* The first pass over the texts: everything is checked, nothing written. */

#include "check.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "directive.h"

/* The line of the file that was fed as line `fed`. */
size_t
check_line(const struct text *t, size_t fed)
{
	size_t i;

	for (i = t->nmarks; i > 0; i--)
		if (t->marks[i - 1].fed <= fed)
			return t->marks[i - 1].line + fed - t->marks[i - 1].fed;
	return fed;
}

static const char *
path_of(const struct text *t)
{
	if (t->part->path != NULL)
		return t->part->path;
	return t->step->m.name == NULL ? "-" : t->step->m.name;
}

/* Complain about an item: `path:line:col: what`. */
void
check_complain(struct text *t, const struct lex_item *item, enum exits code,
    const char *what, const char *help)
{
	struct fault f = FAULT_INIT;

	fault_set(&f, code, "%s:%zu:%zu: %s", path_of(t),
	    check_line(t, item->line), item->col, what);
	if (help != NULL)
		fault_hint(&f, "%s", help);
	complain_fault(t->p, &f);
}

void
check_bad(struct text *t, const struct lex_item *item, const char *what,
    const char *help)
{
	check_complain(t, item, EXIT_STREAM, what, help);
}

/* Remember where a piece stands in its file, if that is not just behind. */
static int
add_mark(struct text *t, const struct source_piece *piece)
{
	struct mark *marks;

	if (check_line(t, t->fed + 1) == piece->line)
		return 0;
	marks = reallocarray(t->marks, t->nmarks + 1, sizeof(*marks));
	if (marks == NULL)
		return fault_nomem(&t->p->f);
	t->marks = marks;
	marks[t->nmarks].fed = t->fed + 1;
	marks[t->nmarks++].line = piece->line;
	return 0;
}

/* Whether mig-apply knows a variable of itself. */
static bool
is_built_in(const struct lex_item *item, const struct lex_var *v)
{
	static const char flyway[] = "flyway:";

	return v->form == LEX_PLACEHOLDER && v->name_len > sizeof(flyway) - 1 &&
	    memcmp(item->text + v->name, flyway, sizeof(flyway) - 1) == 0;
}

static int
add_needs(struct text *t, const struct lex_item *item)
{
	const struct lex_var *v;
	size_t i;

	for (i = 0; i < item->nvars; i++) {
		v = &item->vars[i];
		if (v->form == LEX_SUBSCRIPT || is_built_in(item, v))
			continue;
		if (need_add(t->p, item->text + v->name, v->name_len) == -1)
			return -1;
	}
	return 0;
}

/* Whether it is what ran already, where the step goes on with a migration. */
static int
check_resume(struct text *t, const struct lex_item *item)
{
	struct fault f = FAULT_INIT;

	if (t->step->resume == NULL ||
	    resume_statement(t->p, t->step, item, &f) == 0)
		return 0;
	if (f.nomem)
		return fault_nomem(&t->p->f);
	check_complain(t, item, f.code, f.text, f.hint);
	fault_free(&f);
	t->stopped = true;
	return 0;
}

static int
check_statement(struct text *t, const struct lex_item *item)
{
	t->part->open_end = !item->semicolon;
	if (check_is_torn(t, item)) {
		check_bad(t, item, "\\i within a statement", NULL);
		t->stopped = true;
	}
	t->includes = 0;
	check_mode(t, item);
	if (check_resume(t, item) == -1)
		return -1;
	return add_needs(t, item);
}

/* Look at all that the lexer has whole. */
static int
drain(struct text *t)
{
	struct lex_item item;
	int result = 0;

	while (result == 0 && !t->stopped) {
		switch (lex_next(t->lexer, &item)) {
		case LEX_MORE:
		case LEX_END:
			return 0;
		case LEX_STATEMENT:
			result = check_statement(t, &item);
			break;
		case LEX_DATA:
		case LEX_DATA_END:
			break;
		case LEX_META:
			result = check_meta(t, &item);
			break;
		case LEX_BAD:
			check_bad(t, &item, item.text, NULL);
			t->stopped = true;
			break;
		case LEX_NOMEM:
			return fault_nomem(&t->p->f);
		}
	}
	return result;
}

static int
read_piece(struct text *t, const struct feed *feed)
{
	if (add_mark(t, &t->piece) == -1)
		return -1;
	if (lex_feed(t->lexer, t->piece.text, t->piece.len) == -1)
		return fault_nomem(&t->p->f);
	t->piece_fed = t->fed;
	t->fed += feed->next - t->piece.line;
	return drain(t);
}

/*
 * A directive in a text that another reads in would do nothing, and a down
 * would even run.
 */
static void
refuse_directives(struct text *t)
{
	struct fault f = FAULT_INIT;

	if (directives_refuse(t->piece.text, t->piece.len, t->part->path,
		t->piece.line, &f) == 0)
		return;
	complain_fault(t->p, &f);
	t->stopped = true;
}

static int
read_pieces(struct text *t, struct feed *feed)
{
	struct fault f = FAULT_INIT;
	int got, result = 0;

	t->piece.text = "";
	while (result == 0 && (got = feed_next(feed, &t->piece, &f)) == 1) {
		if (t->outer != NULL && !t->stopped)
			refuse_directives(t);
		result = t->stopped ? 0 : read_piece(t, feed);
	}
	if (result == -1)
		return -1;
	if (got == -1) {
		complain_fault(t->p, &f);
		t->stopped = t->unread = true;
	}
	lex_finish(t->lexer);
	return drain(t);
}

/* Check a text to its end, and close its feed. */
int
check_text(struct text *t, struct feed *feed)
{
	int result;

	t->lexer = lex_new(t->step->m.convention == NULL ?
		0 :
		t->step->m.convention->lex_flags);
	result = t->lexer == NULL ? fault_nomem(&t->p->f) :
				    read_pieces(t, feed);
	feed_close(feed, t->part->sha256);
	lex_free(t->lexer);
	free(t->marks);
	return result;
}

static void
check_digest(struct planner *p, const struct step *s)
{
	struct fault f = FAULT_INIT;

	if (s->m.sha256 == NULL || strcmp(s->part.sha256, s->m.sha256) == 0)
		return;
	fault_set(&f, EXIT_STREAM, "%s: changed since mig-ls read it",
	    s->m.path == NULL ? s->m.name : s->m.path);
	fault_hint(&f, "list and plan again");
	complain_fault(p, &f);
}

static int
check_step(struct planner *p, struct step *s)
{
	struct fault f = FAULT_INIT;
	struct text t;
	struct stat st;
	struct feed feed;
	size_t files = 0;
	int result;

	if (feed_step(&feed, s, &f) == -1) {
		complain_fault(p, &f);
		return 0;
	}
	memset(&t, 0, sizeof(t));
	t.p = p;
	t.step = s;
	t.part = &s->part;
	t.files = &files;
	s->part.path = s->m.path;
	if (s->m.path != NULL && stat(s->m.path, &st) == 0) {
		t.dev = st.st_dev;
		t.ino = st.st_ino;
	}
	result = check_text(&t, &feed);
	if (result == 0 && !t.unread)
		check_digest(p, s);
	if (result == 0 && s->resume != NULL)
		resume_end(p, s, t.stopped);
	return result;
}

int
check_steps(struct planner *p)
{
	size_t i;

	for (i = 0; i < p->nsteps; i++)
		if (p->steps[i].from != TEXT_NONE &&
		    check_step(p, &p->steps[i]) == -1)
			return -1;
	return 0;
}
