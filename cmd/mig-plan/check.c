/* The first pass over the texts: everything is checked, nothing written. */

#include "mig-plan.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "convention.h"
#include "feed.h"
#include "include.h"
#include "lexer.h"
#include "statement.h"

/* Files within files, and how many of them in one migration. */
#define DEPTH_MAX 32
#define FILES_MAX 10000

/* A line of the text that was fed, and which line of the file it is. */
struct mark {
	size_t fed;
	size_t line;
};

/* A text that is being checked. */
struct text {
	struct planner *p;
	const struct step *step;
	struct part *part;
	struct text *outer; /* that reads this one in, or NULL */
	size_t depth;
	size_t *files; /* read in so far */
	dev_t dev;
	ino_t ino;

	struct lexer *lexer;
	struct mark *marks;
	size_t nmarks;
	size_t fed;		   /* lines */
	struct source_piece piece; /* that is being read */
	size_t piece_fed;	   /* lines fed before it */
	size_t included;	   /* line of the last \i as it was fed */
	size_t includes;	   /* \i since the last statement */
	bool stopped;		   /* no sense in reading on */
	bool unread;		   /* it could not be read to its end */
};

/* The line of the file that was fed as line `fed`. */
static size_t
line_of(const struct text *t, size_t fed)
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
static void
complain_at(struct text *t, const struct lex_item *item, enum exits code,
    const char *what, const char *help)
{
	struct fault f = FAULT_INIT;

	fault_set(&f, code, "%s:%zu:%zu: %s", path_of(t),
	    line_of(t, item->line), item->col, what);
	if (help != NULL)
		fault_hint(&f, "%s", help);
	complain_fault(t->p, &f);
}

static void
bad(struct text *t, const struct lex_item *item, const char *what,
    const char *help)
{
	complain_at(t, item, EXIT_STREAM, what, help);
}

/* Remember where a piece stands in its file, if that is not just behind. */
static int
add_mark(struct text *t, const struct source_piece *piece)
{
	struct mark *marks;

	if (line_of(t, t->fed + 1) == piece->line)
		return 0;
	marks = reallocarray(t->marks, t->nmarks + 1, sizeof(*marks));
	if (marks == NULL)
		return fault_nomem(&t->p->f);
	t->marks = marks;
	marks[t->nmarks].fed = t->fed + 1;
	marks[t->nmarks++].line = piece->line;
	return 0;
}

/*
 * What a migration must say that is not to run in a transaction, in the words
 * of its own tool where that has some.
 */
static const char *
no_transaction(const struct convention *c)
{
	if (c == NULL)
		return "-- mig: no-transaction";
	if (c->directive != NULL)
		return c->directive;
	switch (c->sections) {
	case SECTIONS_DBMATE:
		return "-- migrate:up transaction:false";
	case SECTIONS_GOOSE:
		return "-- +goose NO TRANSACTION";
	case SECTIONS_SQL_MIGRATE:
		return "-- +migrate Up notransaction";
	case SECTIONS_TERN:
		return "---- tern: disable-tx ----";
	case SECTIONS_NONE:
	case SECTIONS_PLAIN:
	case SECTIONS_NODE_PG:
		break;
	}
	return "-- mig: no-transaction";
}

/* Where to say it: in the file, or in the one that its tool reads for it. */
static char *
transaction_help(const struct migration *m)
{
	const struct convention *c = m->convention;
	const char *path = m->path == NULL ? "" : m->path, *slash;
	unsigned rules = c == NULL ? 0 : c->rules;
	char *help;
	int n;

	slash = strrchr(path, '/');
	n = slash == NULL ? 0 : (int)(slash - path) + 1;
	if (rules & RULE_CONF)
		n = asprintf(&help,
		    "write executeInTransaction=false into "
		    "%s.conf",
		    path);
	else if (rules & RULE_METADATA)
		n = asprintf(&help,
		    "write run_in_transaction = false into "
		    "%.*smetadata.toml",
		    n, path);
	else
		n = asprintf(&help, "put \"%s\" at the head of the file",
		    no_transaction(c));
	return n == -1 ? NULL : help;
}

static void
refuse_block(struct text *t, const struct lex_item *item, const char *what)
{
	char *text, *help;

	if (asprintf(&text,
		"%s cannot run in a transaction, and this "
		"migration runs in one",
		what) == -1)
		return;
	help = transaction_help(&t->step->m);
	if (help != NULL)
		bad(t, item, text, help);
	free(help);
	free(text);
}

/* The words of a statement that begins or ends a transaction. */
static const char *
control_name(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_BEGIN:
		return "BEGIN";
	case STATEMENT_COMMIT:
		return "COMMIT";
	case STATEMENT_ROLLBACK:
		return "ROLLBACK";
	case STATEMENT_PREPARE_TRANSACTION:
		return "PREPARE TRANSACTION";
	case STATEMENT_OTHER:
	case STATEMENT_SAVEPOINT:
		break;
	}
	return "transaction control";
}

static void
refuse_control(struct text *t, const struct lex_item *item,
    enum statement_kind kind)
{
	char *text;

	if (asprintf(&text, "%s in a migration that runs in a transaction",
		control_name(kind)) == -1)
		return;
	bad(t, item, text,
	    "take it out, or put \"-- mig: own-transaction\" "
	    "at the head of the file; where another tool runs the files "
	    "as they are, name it: mig-ls -f");
	free(text);
}

static void
check_mode(struct text *t, const struct lex_item *item)
{
	enum statement_kind kind = statement_kind(item);
	const char *what = statement_not_in_transaction(item);

	if (what != NULL)
		refuse_block(t, item, what);
	else if (statement_controls_transaction(kind))
		refuse_control(t, item, kind);
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

/*
 * Whether a \i stood within a statement.  Before its first word is before
 * it, but for a block comment; the lines of each \i are not in its text.
 */
static bool
is_torn(const struct text *t, const struct lex_item *item)
{
	size_t i, line = item->line + t->includes;

	if (t->included == 0 || item->line > t->included)
		return false;
	for (i = 0; item->nwords > 0 && i < item->words[0].off; i++)
		line += item->text[i] == '\n';
	return line <= t->included;
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
	complain_at(t, item, f.code, f.text, f.hint);
	fault_free(&f);
	t->stopped = true;
	return 0;
}

static int
check_statement(struct text *t, const struct lex_item *item)
{
	t->part->open_end = !item->semicolon;
	if (is_torn(t, item)) {
		bad(t, item, "\\i within a statement", NULL);
		t->stopped = true;
	}
	t->includes = 0;
	if (t->step->m.mode == MODE_TX)
		check_mode(t, item);
	if (check_resume(t, item) == -1)
		return -1;
	return add_needs(t, item);
}

/* Whether nothing but blanks stands before an item in its line. */
static bool
is_first(const struct text *t, const struct lex_item *item)
{
	const char *s = t->piece.text, *end = s + t->piece.len;
	size_t line;

	if (item->line <= t->piece_fed)
		return false;
	for (line = t->piece_fed + 1; line < item->line; line++) {
		s = memchr(s, '\n', (size_t)(end - s));
		if (s == NULL)
			return false;
		s++;
	}
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s < end && *s == '\\';
}

static bool
is_loop(const struct text *t, const struct stat *st)
{
	for (; t != NULL; t = t->outer)
		if (t->dev == st->st_dev && t->ino == st->st_ino)
			return true;
	return false;
}

static struct part *
add_kid(struct text *t, char *path, size_t line)
{
	struct part *kids, *kid;

	kids = reallocarray(t->part->kids, t->part->nkids + 1, sizeof(*kids));
	if (kids == NULL)
		return NULL;
	t->part->kids = kids;
	kid = &kids[t->part->nkids++];
	memset(kid, 0, sizeof(*kid));
	kid->path = path;
	kid->line = line;
	return kid;
}

static int check_text(struct text *, struct feed *);

/* Check the file that \i names; `path` is owned by the part from here on. */
static int
check_kid(struct text *t, const struct lex_item *item, struct part *kid)
{
	struct fault f = FAULT_INIT;
	struct text inner;
	struct stat st;
	struct feed feed;

	/* a file that is not there is told of when it is opened */
	memset(&st, 0, sizeof(st));
	memset(&inner, 0, sizeof(inner));
	inner.p = t->p;
	inner.step = t->step;
	inner.part = kid;
	inner.outer = t;
	inner.depth = t->depth + 1;
	inner.files = t->files;
	if (stat(kid->path, &st) == 0 && is_loop(t, &st)) {
		bad(t, item, "a file that reads itself in", NULL);
		return 0;
	}
	if (inner.depth > DEPTH_MAX || ++*t->files > FILES_MAX) {
		bad(t, item, "too many files within files", NULL);
		return 0;
	}
	inner.dev = st.st_dev;
	inner.ino = st.st_ino;
	if (feed_file(&feed, kid->path, &f) == -1) {
		bad(t, item, f.text == NULL ? "out of memory" : f.text, NULL);
		fault_free(&f);
		return 0;
	}
	return check_text(&inner, &feed);
}

static int
check_include(struct text *t, const struct lex_item *item,
    enum include_kind kind, const char *name)
{
	struct part *kid;
	char *path;

	t->included = item->line;
	t->includes++;
	if (t->step->from == TEXT_GIVEN) {
		bad(t, item, "\\i in a text that is in no file", NULL);
		return 0;
	}
	if (!is_first(t, item)) {
		bad(t, item, "\\i must be alone in its line", NULL);
		return 0;
	}
	path = include_path(kind, t->part->path, name);
	if (path == NULL)
		return fault_nomem(&t->p->f);
	kid = add_kid(t, path, line_of(t, item->line));
	if (kid == NULL) {
		free(path);
		return fault_nomem(&t->p->f);
	}
	return check_kid(t, item, kid);
}

static int
refuse_meta(struct text *t, const struct lex_item *item)
{
	char *text;
	int n = 0;

	while ((size_t)n < item->len && n < 40 &&
	    strchr(" \t\r", item->text[n]) == NULL)
		n++;
	if (asprintf(&text,
		"%.*s: of psql's commands only \\i, \\ir, "
		"\\restrict and \\unrestrict can be planned",
		n, item->text) == -1)
		return fault_nomem(&t->p->f);
	bad(t, item, text, NULL);
	free(text);
	return 0;
}

static int
check_meta(struct text *t, const struct lex_item *item)
{
	char *name;
	int result = 0;

	switch (include_look(item, &name)) {
	case INCLUDE_NONE:
		return refuse_meta(t, item);
	case INCLUDE_SKIP:
		break;
	case INCLUDE_BAD:
		bad(t, item, "one file's name is wanted", NULL);
		break;
	case INCLUDE_FILE:
		result = name == NULL ?
		    fault_nomem(&t->p->f) :
		    check_include(t, item, INCLUDE_FILE, name);
		break;
	case INCLUDE_RELATIVE:
		result = name == NULL ?
		    fault_nomem(&t->p->f) :
		    check_include(t, item, INCLUDE_RELATIVE, name);
		break;
	}
	free(name);
	return result;
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
			bad(t, &item, item.text, NULL);
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

static int
read_pieces(struct text *t, struct feed *feed)
{
	struct fault f = FAULT_INIT;
	int got, result = 0;

	t->piece.text = "";
	while (result == 0 && (got = feed_next(feed, &t->piece, &f)) == 1)
		result = t->stopped ? 0 : read_piece(t, feed);
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
static int
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
