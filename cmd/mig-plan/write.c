/* The second pass: the plan is written, each text as it is read again. */

#include "mig-plan.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed.h"
#include "table.h"
#include "text.h"

/* Where a plan goes: into a stream, or to a person. */
struct output {
	struct planner *p;
	struct stream_writer w;
	bool people;
	bool coloured;
	bool at_start; /* of a line */
};

static void
put_from(struct output *o, const char *path, size_t line)
{
	if (!o->people)
		plan_from(&o->w, path, line);
}

/* Each line indented, for a person. */
static void
show_text(struct output *o, const char *text, size_t len)
{
	const char *lf;
	size_t n;

	while (len > 0) {
		lf = memchr(text, '\n', len);
		n = lf == NULL ? len : (size_t)(lf - text) + 1;
		if (o->at_start && *text != '\n')
			fputs("    ", stdout);
		text_show(stdout, text, n);
		o->at_start = lf != NULL;
		text += n;
		len -= n;
	}
}

static void
put_text(struct output *o, const char *text, size_t len)
{
	if (o->people)
		show_text(o, text, len);
	else
		stream_text(&o->w, text, len);
}

/* What is being written of a text. */
struct writing {
	struct output *o;
	const struct part *part;
	size_t kid;	 /* the next one */
	size_t expected; /* the line that follows without a "from" */
	bool open;	 /* the last line has no LF */
	struct fault *f;
};

static void
put_lines(struct writing *w, const char *text, size_t len, size_t line)
{
	if (len == 0)
		return;
	if (line != w->expected && w->part->path != NULL)
		put_from(w->o, w->part->path, line);
	put_text(w->o, text, len);
	w->open = text[len - 1] != '\n';
}

static int write_kid(struct writing *, const struct part *);

/* Write a piece, and where \i stands in it the file instead. */
static int
write_piece(struct writing *w, const struct source_piece *piece, size_t next)
{
	const char *s = piece->text, *end = s + piece->len, *at, *lf;
	const struct part *kid;
	size_t line = piece->line, n;

	while (w->kid < w->part->nkids) {
		kid = &w->part->kids[w->kid];
		for (at = s, n = line; n < kid->line; n++) {
			lf = memchr(at, '\n', (size_t)(end - at));
			if (lf == NULL)
				break;
			at = lf + 1;
		}
		if (n < kid->line || at == end)
			break;
		put_lines(w, s, (size_t)(at - s), line);
		w->kid++;
		if (write_kid(w, kid) == -1)
			return -1;
		lf = memchr(at, '\n', (size_t)(end - at));
		s = lf == NULL ? end : lf + 1;
		line = kid->line + 1;
		w->expected = 0;
		w->open = false;
	}
	if (s == end)
		return 0;
	put_lines(w, s, (size_t)(end - s), line);
	w->expected = next;
	return 0;
}

static int
write_feed(struct writing *w, struct feed *feed)
{
	struct source_piece piece;
	int got;

	while ((got = feed_next(feed, &piece, w->f)) == 1)
		if (write_piece(w, &piece, feed->next) == -1)
			return -1;
	return got;
}

/* The digest must be that of the first pass. */
static int
end_feed(struct writing *w, struct feed *feed, const char *sha256, int result)
{
	char hex[HASH_HEX];

	feed_close(feed, hex);
	if (result == -1 || strcmp(hex, sha256) == 0)
		return result;
	return fault_set(w->f, EXIT_STREAM,
	    "%s: changed while it was "
	    "planned",
	    w->part->path == NULL ? "-" : w->part->path);
}

static int
write_kid(struct writing *outer, const struct part *kid)
{
	struct writing w;
	struct feed feed;

	memset(&w, 0, sizeof(w));
	w.o = outer->o;
	w.part = kid;
	w.f = outer->f;
	if (feed_file(&feed, kid->path, w.f) == -1 ||
	    end_feed(&w, &feed, kid->sha256, write_feed(&w, &feed)) == -1)
		return -1;
	if (w.open)
		put_text(w.o, "\n", 1);
	/* as psql, which sends what stands at the end of a file */
	if (kid->open_end)
		put_text(w.o, ";\n", 2);
	return 0;
}

static int
write_text(struct output *o, const struct step *s, struct fault *f)
{
	struct writing w;
	struct feed feed;

	memset(&w, 0, sizeof(w));
	w.o = o;
	w.part = &s->part;
	w.f = f;
	w.expected = 1;
	if (feed_step(&feed, s, f) == -1)
		return -1;
	o->at_start = true;
	if (end_feed(&w, &feed, s->part.sha256, write_feed(&w, &feed)) == -1)
		return -1;
	if (o->people && w.open)
		putchar('\n');
	return 0;
}

/* Write a text that is kept in the history and not run. */
static int
write_keep(struct output *o, size_t n, const struct step *s, bool down,
    struct fault *f)
{
	const struct migration *m = s->file;
	const char *path = down ? m->down_path : m->path;
	const char *sha256 = down ? m->down_sha256 : m->sha256;
	char hex[HASH_HEX], *text;
	size_t len;

	text = feed_whole(m, down ? SOURCE_DOWN : SOURCE_UP, PLAN_KEEP_MAX,
	    &len, hex, f);
	if (text == NULL)
		return f->code == EXIT_DONE ? fault_nomem(f) : -1;
	if (sha256 == NULL || strcmp(hex, sha256) != 0) {
		free(text);
		fault_set(f, EXIT_STREAM, "%s: changed since mig-ls read it",
		    path);
		return fault_hint(f, "list and plan again");
	}
	if (len > PLAN_KEEP_MAX)
		note(o->p, "%s: too long to be kept in the history", path);
	else
		plan_keep(&o->w, n, down, sha256, path, text);
	free(text);
	return 0;
}

static int
write_keeps(struct output *o, size_t n, const struct step *s, struct fault *f)
{
	if (o->people)
		return 0;
	if (s->keep_up && write_keep(o, n, s, false, f) == -1)
		return -1;
	return s->keep_down ? write_keep(o, n, s, true, f) : 0;
}

static void
write_resume(struct output *o, size_t n, const struct step *s)
{
	const char *first;
	size_t from = resume_from(s, &first);

	plan_resume(&o->w, n, from, first);
}

static int
write_steps(struct output *o)
{
	struct planner *p = o->p;
	const struct step *s;
	size_t i;

	for (i = 0; i < p->nsteps; i++) {
		s = &p->steps[i];
		plan_step(&o->w, i + 1, s->action, &s->m);
		if (s->resume != NULL)
			write_resume(o, i + 1, s);
		if (s->from != TEXT_NONE && write_text(o, s, &p->f) == -1)
			return -1;
		if (write_keeps(o, i + 1, s, &p->f) == -1)
			return -1;
	}
	return 0;
}

/* Note what runs below what is applied, and say whether anything does. */
static bool
any_out_of_order(const struct planner *p)
{
	const struct step *s;
	bool any = false;
	size_t i;

	for (i = 0; i < p->nsteps; i++) {
		s = &p->steps[i];
		if (!s->out_of_order)
			continue;
		any = true;
		note(p, "%s: out of order", s->m.path);
	}
	return any;
}

static int
write_stream(struct output *o)
{
	struct planner *p = o->p;
	struct fault f = FAULT_INIT;
	size_t i;

	if (plan_begin(&o->w, stdout, p->o.style) == -1)
		return fault_nomem(&p->f);
	stream_origin(&o->w, "mig-plan", time(NULL));
	plan_state(&o->w, p->history.state);
	if (any_out_of_order(p))
		plan_allow(&o->w, "out-of-order");
	if (p->foreign.tool != NULL)
		plan_tool(&o->w, p->foreign.tool->name, p->foreign.schema,
		    p->foreign.table, p->foreign.digest);
	for (i = 0; i < p->nneeds; i++)
		plan_need(&o->w, p->needs[i]);
	if (write_steps(o) == -1) {
		/* no trailer: nobody may act on this */
		fclose(o->w.mem);
		free(o->w.line);
		return -1;
	}
	if (stream_end(&o->w, &f) == 0)
		return 0;
	p->f = f;
	return -1;
}

static int
show_table(const struct planner *p)
{
	static const struct table_column columns[] = {
		{ "step", true, false },
		{ "action", false, false },
		{ "series", false, false },
		{ "version", false, false },
		{ "mode", false, false },
		{ "name", false, true },
	};
	const char *values[6];
	struct table *t;
	struct fault f = FAULT_INIT;
	char number[24];
	size_t i;
	int result = 0;

	t = table_new(stdout, columns, 6);
	for (i = 0; t != NULL && result == 0 && i < p->nsteps; i++) {
		snprintf(number, sizeof(number), "%zu", i + 1);
		values[0] = number;
		values[1] = plan_action_name(p->steps[i].action);
		values[2] = p->steps[i].m.series;
		values[3] = p->steps[i].m.version;
		values[4] = migration_mode_name(p->steps[i].m.mode);
		values[5] = p->steps[i].m.name;
		result = table_row(t, values,
		    p->steps[i].out_of_order ? TABLE_WAIT : TABLE_PLAIN);
	}
	result = t == NULL || result == -1 ? -1 : table_print(t, &f);
	fault_free(&f);
	table_free(t);
	return result;
}

static void
show_heading(const struct output *o, size_t n, const struct step *s)
{
	const char *colour = o->coloured ? table_escape(TABLE_GOOD) : "";
	const char *off = o->coloured ? table_escape(TABLE_PLAIN) : "";
	const char *name = s->m.path != NULL ? s->m.path : s->m.name;
	const char *first;

	printf("\n%s%zu %s ", colour, n, plan_action_name(s->action));
	text_show(stdout, name, strlen(name));
	printf("%s\n", off);
	if (s->resume == NULL)
		return;
	printf("    from statement %zu", resume_from(s, &first));
	if (first != NULL) {
		printf(", and before it: ");
		text_show(stdout, first, strlen(first));
	}
	putchar('\n');
}

/* A name as a terminal may see it, between two texts. */
static void
show_around(const char *before, const char *name, const char *behind)
{
	fputs(before, stdout);
	text_show(stdout, name, strlen(name));
	fputs(behind, stdout);
}

static int
write_people(struct output *o)
{
	struct planner *p = o->p;
	const struct step *s;
	size_t i;

	if (show_table(p) == -1)
		return fault_nomem(&p->f);
	any_out_of_order(p);
	for (i = 0; i < p->nsteps; i++) {
		s = &p->steps[i];
		if (s->from == TEXT_NONE)
			continue;
		show_heading(o, i + 1, s);
		if (write_text(o, s, &p->f) == -1)
			return -1;
	}
	for (i = 0; i < p->nneeds; i++)
		show_around(i == 0 ? "\nneeds a variable: mig-apply -v " :
				     "needs a variable: mig-apply -v ",
		    p->needs[i], "=...\n");
	if (p->nsteps > 0)
		printf("\n%zu step%s for", p->nsteps,
		    p->nsteps == 1 ? "" : "s");
	show_around(p->nsteps > 0 ? " database " : "nothing to do in database ",
	    PQdb(p->conn),
	    p->nsteps > 0 ? "; to carry out: ... | mig-plan ... | mig-apply\n" :
			    "\n");
	if (fflush(stdout) == EOF || ferror(stdout))
		return fault_errno(&p->f, "cannot write the output");
	return 0;
}

int
write_plan(struct planner *p)
{
	struct output o;

	memset(&o, 0, sizeof(o));
	o.p = p;
	o.people = p->o.people;
	o.coloured = table_coloured(stdout);
	return o.people ? write_people(&o) : write_stream(&o);
}
