/* Going on with a migration that stopped part-way. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "directive.h"
#include "feed.h"
#include "progress.h"
#include "settle.h"
#include "statement.h"

struct resume {
	struct item *item;
	struct progress progress;
	size_t last;  /* the last statement that is done */
	size_t k;     /* the statement at hand, from 1 */
	size_t from;  /* the statement to go on from */
	char *first;  /* SQL that runs before it, or NULL */
	bool open;    /* there is one that was begun outside a transaction */
	PGconn *conn; /* that looks what became of it, or NULL */
	char *unsure; /* why the look may mislead, or NULL */
	bool changed; /* the text does not begin with what ran */
};

int
resume_begin(struct planner *p, struct step *s, struct item *item)
{
	struct resume *r;

	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return fault_nomem(&p->f);
	s->resume = r;
	r->item = item;
	if (progress_read(&r->progress, p->conn, item->m, &p->f) == -1)
		return -1;
	r->open = item->open->pending > 0;
	r->last = progress_done(&r->progress);
	r->from = r->last + 1;
	if (s->m.mode != MODE_TX)
		return 0;
	complain(p, EXIT_STALE, item,
	    "partial %zu/%zu: it stopped there, but now it is to run in one "
	    "transaction",
	    item->open->done, item->open->statements);
	hint("put its \"no-transaction\" back; or put right by hand what is "
	     "left, then mig-plan --forget");
	return 0;
}

void
resume_free(struct resume *r)
{
	if (r == NULL)
		return;
	progress_free(&r->progress);
	free(r->first);
	free(r->unsure);
	db_close(r->conn);
	free(r);
}

size_t
resume_from(const struct step *s, const char **first)
{
	*first = s->resume->first;
	return s->resume->from;
}

/* Whether a statement is the one that ran. */
static bool
is_same(const struct lex_item *item, const struct progress_row *row)
{
	char hex[HASH_HEX];

	progress_digest(item, hex);
	return strcmp(hex, row->sha256) == 0;
}

/* In a session that can change nothing. */
static int
connect_settler(struct planner *p, struct resume *r, struct fault *f)
{
	/* where a pooler is, a transaction is what keeps a setting */
	const char *begin = PQtransactionStatus(p->conn) == PQTRANS_INTRANS ?
	    "BEGIN READ ONLY" :
	    "SET default_transaction_read_only = on";

	if (r->conn != NULL)
		return 0;
	r->conn = db_connect(&p->target, getprogname(), f);
	if (r->conn == NULL)
		return -1;
	return db_exec(r->conn, begin, EXIT_NOVERDICT, "resume", f);
}

/* The look may mislead: a person must settle it. */
static int
be_unsure(struct resume *r, const char *why, struct fault *f)
{
	if (r->unsure == NULL)
		r->unsure = strdup(why);
	return r->unsure == NULL ? fault_nomem(f) : 0;
}

/* Run a setting; one that is not allowed makes us unsure. */
static int
set(struct resume *r, const char *sql, struct fault *f)
{
	struct fault refused = FAULT_INIT;
	int result;

	if (db_exec(r->conn, sql, EXIT_NOVERDICT, sql, &refused) == 0)
		return 0;
	result = be_unsure(r, refused.text == NULL ? sql : refused.text, f);
	fault_free(&refused);
	return result;
}

/*
 * A statement that is done and set something: the catalogs are looked at under
 * the same search_path.
 */
static int
repeat_setting(struct planner *p, struct resume *r, const struct lex_item *item,
    struct fault *f)
{
	char *sql;
	int result;

	/* of a library nothing is looked up */
	if (!r->open || lex_is(item, 0, "LOAD"))
		return 0;
	if (item->nvars > 0)
		return be_unsure(r, "a setting before it holds a variable", f);
	if (connect_settler(p, r, f) == -1)
		return -1;
	sql = strndup(item->text, item->len);
	if (sql == NULL)
		return fault_nomem(f);
	result = set(r, sql, f);
	free(sql);
	return result;
}

/* The directives of the step's text. */
static int
read_head(const struct step *s, struct directives *d, struct fault *f)
{
	struct source_piece piece;
	struct feed feed;
	int got;

	if (feed_step(&feed, s, f) == -1)
		return -1;
	while (!d->ended && (got = feed_next(&feed, &piece, f)) != 0)
		if (got == -1 ||
		    directives_read(d, piece.text, piece.len,
			s->m.path == NULL ? "-" : s->m.path, piece.line,
			f) == -1)
			break;
	feed_close(&feed, NULL);
	return f->code == EXIT_DONE && !f->nomem ? 0 : -1;
}

/* The role of the step's directive: its schema may be in the search_path. */
static int
take_role(struct resume *r, const struct step *s, struct fault *f)
{
	struct directives d = DIRECTIVES_INIT;
	char *quoted = NULL, *sql = NULL;
	int result;

	result = read_head(s, &d, f);
	if (result == 0 && d.role != NULL) {
		quoted = PQescapeIdentifier(r->conn, d.role, strlen(d.role));
		if (quoted == NULL ||
		    asprintf(&sql, "SET ROLE %s", quoted) == -1)
			result = fault_nomem(f);
		else
			result = set(r, sql, f);
	}
	directives_free(&d);
	PQfreemem(quoted);
	free(sql);
	return result;
}

/* The statement that was begun is done: go on behind it. */
static void
go_behind(struct resume *r)
{
	r->from = r->k + 1;
}

/* Whether a person, who has looked, says how it ended. */
static bool
settled_by_person(struct planner *p, struct resume *r)
{
	if (picture_chosen(&p->o.settle_done, r->item)) {
		go_behind(r);
		note(p, "%s: statement %zu is done, as --settle says",
		    r->item->m->path, r->k);
		return true;
	}
	if (!picture_chosen(&p->o.settle_again, r->item))
		return false;
	note(p, "%s: statement %zu runs again, as --settle says",
	    r->item->m->path, r->k);
	return true;
}

static int
refuse_unknown(const struct resume *r, const char *why, struct fault *f)
{
	const struct migration *m = r->item->m;

	fault_set(f, EXIT_STALE,
	    "statement %zu was begun outside of a transaction, and how it "
	    "ended is not known: %s",
	    r->k, why);
	return fault_hint(f,
	    "look, put right what it has left, then mig-plan --settle "
	    "%s:%s=done or =again",
	    m->series, m->version == NULL ? m->name : m->version);
}

static int
take_verdict(struct planner *p, struct resume *r, struct settle *s,
    struct fault *f)
{
	static const char *const then[] = {
		[SETTLE_AGAIN] = "it runs again",
		[SETTLE_DONE] = "it is done",
		[SETTLE_FIRST] = "that is dropped, and it runs again",
		[SETTLE_INSTEAD] = "that is finished instead",
	};

	switch (s->verdict) {
	case SETTLE_BUSY:
		fault_set(f, EXIT_BUSY, "statement %zu: %s", r->k, s->why);
		return fault_hint(f, "wait until it is done, and plan again");
	case SETTLE_UNKNOWN:
		return settled_by_person(p, r) ? 0 :
						 refuse_unknown(r, s->why, f);
	case SETTLE_DONE:
	case SETTLE_INSTEAD:
		go_behind(r);
		break;
	case SETTLE_AGAIN:
	case SETTLE_FIRST:
		break;
	}
	r->first = s->sql;
	s->sql = NULL;
	note(p, "%s: statement %zu: %s: %s", r->item->m->path, r->k, s->why,
	    then[s->verdict]);
	return 0;
}

/* A statement whose end nobody saw. */
static int
settle_statement(struct planner *p, const struct step *step,
    const struct lex_item *item, struct fault *f)
{
	struct resume *r = step->resume;
	struct settle s;
	int result;

	if (connect_settler(p, r, f) == -1 || take_role(r, step, f) == -1)
		return -1;
	if (r->unsure != NULL)
		return settled_by_person(p, r) ?
		    0 :
		    refuse_unknown(r, r->unsure, f);
	if (settle_look(&s, r->conn, item, item, false, f) == -1)
		return -1;
	result = take_verdict(p, r, &s, f);
	settle_free(&s);
	return result;
}

static int
refuse_changed(struct resume *r, const struct progress_row *row,
    struct fault *f)
{
	const struct migration *m = r->item->m;

	r->changed = true;
	fault_set(f, EXIT_STALE,
	    "statement %zu is not the one that %s: the text was changed before "
	    "the place where it stopped",
	    r->k, row->open ? "was begun" : "ran");
	if (!row->open)
		return fault_hint(f,
		    "put the old beginning back; what comes behind may change");
	return fault_hint(f,
	    "put it back; or take away what it has left, then mig-plan "
	    "--settle %s:%s=again",
	    m->series, m->version == NULL ? m->name : m->version);
}

int
resume_statement(struct planner *p, const struct step *step,
    const struct lex_item *item, struct fault *f)
{
	struct resume *r = step->resume;
	const struct progress_row *row = progress_find(&r->progress, ++r->k);

	if (r->changed)
		return 0;
	if (row != NULL && !is_same(item, row))
		return row->open && settled_by_person(p, r) ?
		    0 :
		    refuse_changed(r, row, f);
	if (row != NULL && row->open)
		return settle_statement(p, step, item, f);
	/* one without a row was rolled back */
	if (r->k > r->last || row == NULL)
		return 0;
	switch (
	    row->session ? STATEMENT_LEAVES_OBJECT : statement_session(item)) {
	case STATEMENT_LEAVES_NOTHING:
		return 0;
	case STATEMENT_LEAVES_SETTING:
		return repeat_setting(p, r, item, f);
	case STATEMENT_LEAVES_OBJECT:
		break;
	}
	fault_set(f, EXIT_STALE,
	    "statement %zu left something in its session, which is gone: the "
	    "rest cannot go on without it",
	    r->k);
	return fault_hint(f,
	    "put right by hand what is left, then mig-plan --forget");
}

/* Show on stderr how the text differs from what ran, if that is known. */
static void
show_change(struct planner *p, const struct step *s)
{
	const struct item *item = s->resume->item;
	struct diff_side before = { "what ran", NULL }, after = { NULL, NULL };
	struct fault f = FAULT_INIT;
	char *ran, *now = NULL;
	size_t len;

	if (!s->resume->changed || item->open->seq == 0)
		return;
	ran = history_text(p->conn, item->open->seq, false, &f);
	if (ran != NULL)
		now = feed_whole(item->m,
		    s->from == TEXT_DOWN ? SOURCE_DOWN : SOURCE_UP,
		    PLAN_KEEP_MAX, &len, NULL, &f);
	if (now != NULL) {
		before.text = ran;
		after.label = s->m.path;
		after.text = now;
		diff_show(stderr, &before, &after, &f);
	}
	if (f.code != EXIT_DONE || f.nomem)
		print_fault(p, &f);
	fault_free(&f);
	free(ran);
	free(now);
}

/* The last statement that is done or was begun. */
static size_t
last_begun(const struct resume *r)
{
	const struct progress *p = &r->progress;

	return p->n == 0 ? 0 : p->rows[p->n - 1].statement;
}

void
resume_end(struct planner *p, const struct step *s, bool stopped)
{
	struct resume *r = s->resume;

	if (r->changed) {
		show_change(p, s);
		return;
	}
	if (stopped)
		return;
	if (r->k < r->last ||
	    (r->k < last_begun(r) && !settled_by_person(p, r))) {
		r->changed = true;
		complain(p, EXIT_STALE, r->item,
		    "the text has %zu statements now, but %zu had run "
		    "or begun",
		    r->k, last_begun(r));
		show_change(p, s);
		return;
	}
	if (p->code != EXIT_DONE)
		return;
	if (r->from > r->k)
		note(p, "%s: nothing of it is left to run", r->item->m->path);
	else
		note(p, "%s: goes on from statement %zu of %zu",
		    r->item->m->path, r->from, r->k);
}
