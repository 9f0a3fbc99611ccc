/* Up and down text in one file, parted by markers. */

#include "section.h"

#include <string.h>
#include <strings.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void
trim(const char **s, size_t *len)
{
	while (*len > 0 && is_blank(**s)) {
		(*s)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*s)[*len - 1]))
		(*len)--;
}

/* Whether the text begins with `word`; steps over it. */
static bool
take(const char **s, size_t *len, const char *word)
{
	size_t n = strlen(word);

	if (*len < n || strncasecmp(*s, word, n) != 0)
		return false;
	*s += n;
	*len -= n;
	return true;
}

/* As take(), for a word that ends here or before a blank. */
static bool
take_word(const char **s, size_t *len, const char *word)
{
	const char *at = *s;
	size_t left = *len;

	if (!take(&at, &left, word) || (left > 0 && !is_blank(*at)))
		return false;
	*s = at;
	*len = left;
	trim(s, len);
	return true;
}

/* Whether a line is a `--` comment; steps over its dashes and blanks. */
static bool
take_dashes(const char **s, size_t *len)
{
	if (!take(s, len, "--"))
		return false;
	trim(s, len);
	return true;
}

static int
wrong(const struct section *x, size_t number, const char *what, struct fault *f)
{
	return fault_set(f, EXIT_STREAM, "%s:%zu: %s", x->path, number, what);
}

static void
enter(struct section *x, bool down)
{
	x->down = down;
	if (down)
		x->has_down = true;
	else
		x->has_up = true;
}

static void
says_none(struct section *x)
{
	if (x->down)
		x->none_down = true;
	else
		x->none_up = true;
}

static int
plain_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	if (!take_dashes(&s, &len) || !take(&s, &len, "mig:"))
		return 0;
	trim(&s, &len);
	if (!take_word(&s, &len, "down") || len > 0)
		return 0;
	if (x->has_down)
		return wrong(x, number, "a second -- mig: down", f);
	enter(x, true);
	*v = SECTION_MARK;
	return 0;
}

/* Both of dbmate's markers may carry options. */
static int
dbmate_options(struct section *x, const char *s, size_t len, size_t number,
    bool again, struct fault *f)
{
	bool before = x->down ? x->none_down : x->none_up, now = false;

	while (len > 0) {
		if (take_word(&s, &len, "transaction:false"))
			now = true;
		else if (!take_word(&s, &len, "transaction:true"))
			return wrong(x, number,
			    "unknown option: known are "
			    "transaction:false and transaction:true",
			    f);
	}
	if (again && now != before)
		return wrong(x, number,
		    "sections of one file with and "
		    "without a transaction",
		    f);
	if (now)
		says_none(x);
	return 0;
}

static int
dbmate_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	bool again, down;

	if (!take_dashes(&s, &len))
		return 0;
	if (take_word(&s, &len, "migrate:up"))
		down = false;
	else if (take_word(&s, &len, "migrate:down"))
		down = true;
	else
		return 0;
	if (down && !x->has_up)
		return wrong(x, number,
		    "-- migrate:down before "
		    "-- migrate:up",
		    f);
	if (!x->has_up && x->begun)
		return wrong(x, number, "a statement before -- migrate:up", f);
	again = down ? x->has_down : x->has_up;
	enter(x, down);
	*v = SECTION_MARK;
	return dbmate_options(x, s, len, number, again, f);
}

static int
goose_enter(struct section *x, bool down, size_t number, struct fault *f)
{
	if (!down && x->has_up)
		return wrong(x, number, "a second -- +goose Up", f);
	if (down && (!x->has_up || x->has_down))
		return wrong(x, number,
		    "-- +goose Down must come once, "
		    "behind -- +goose Up",
		    f);
	if (x->block)
		return wrong(x, number,
		    "-- +goose StatementBegin without "
		    "its StatementEnd",
		    f);
	if (x->begun && !x->has_up)
		return wrong(x, number, "a statement before -- +goose Up", f);
	enter(x, down);
	return 0;
}

/* The markers round a statement stay in the text: they end it. */
static int
goose_block(struct section *x, bool begin, size_t number, struct fault *f)
{
	if (begin == x->block || !x->has_up)
		return wrong(x, number,
		    "-- +goose StatementBegin and "
		    "StatementEnd must come in turn, behind -- +goose Up",
		    f);
	x->block = begin;
	return 0;
}

static int
goose_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	if (!take_dashes(&s, &len) || !take_word(&s, &len, "+goose"))
		return 0;
	if (take_word(&s, &len, "StatementBegin") && len == 0)
		return goose_block(x, true, number, f);
	if (take_word(&s, &len, "StatementEnd") && len == 0)
		return goose_block(x, false, number, f);
	*v = SECTION_MARK;
	if (take_word(&s, &len, "Up") && len == 0)
		return goose_enter(x, false, number, f);
	if (take_word(&s, &len, "Down") && len == 0)
		return goose_enter(x, true, number, f);
	if (take_word(&s, &len, "NO") && take_word(&s, &len, "TRANSACTION") &&
	    len == 0) {
		x->none_up = x->none_down = true;
		return 0;
	}
	if (take(&s, &len, "ENVSUB"))
		return wrong(x, number,
		    "-- +goose ENVSUB is not supported: "
		    "give the values as variables to mig-apply",
		    f);
	return wrong(x, number, "unknown goose annotation", f);
}

static int
migrate_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	bool down;

	if (!take(&s, &len, "-- +migrate "))
		return 0;
	trim(&s, &len);
	if (take_word(&s, &len, "Up"))
		down = false;
	else if (take_word(&s, &len, "Down"))
		down = true;
	else
		return 0;
	if (x->begun && !x->has_up && !x->has_down)
		return wrong(x, number,
		    "sql-migrate leaves out what is "
		    "before the first -- +migrate",
		    f);
	enter(x, down);
	if (take_word(&s, &len, "notransaction"))
		says_none(x);
	*v = SECTION_MARK;
	return 0;
}

static int
node_pg_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	bool down;

	while (len > 0 && (*s == '-' || is_blank(*s))) {
		s++;
		len--;
	}
	if (take_word(&s, &len, "up") && take(&s, &len, "migration"))
		down = false;
	else if (take_word(&s, &len, "down") && take(&s, &len, "migration"))
		down = true;
	else
		return 0;
	if (down ? x->has_down : x->has_up)
		return 0;
	if (x->begun && !x->has_up && !x->has_down)
		return wrong(x, number,
		    down ? "-- Down Migration without "
			   "-- Up Migration: node-pg-migrate runs both as up" :
			   "node-pg-migrate leaves out what is before "
			   "-- Up Migration",
		    f);
	enter(x, down);
	*v = SECTION_MARK;
	return 0;
}

static int
tern_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	trim(&s, &len);
	if (len == strlen("---- tern: disable-tx ----") &&
	    take(&s, &len, "---- tern: disable-tx ----")) {
		says_none(x);
		return 0;
	}
	if (!take(&s, &len, "---- create above / drop below ----") || len > 0)
		return 0;
	if (x->has_down)
		return wrong(x, number,
		    "a second ---- create above / drop "
		    "below ----",
		    f);
	enter(x, true);
	*v = SECTION_MARK;
	return 0;
}

static int
marker_line(struct section *x, const char *s, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	switch (x->convention->sections) {
	case SECTIONS_NONE:
		return 0;
	case SECTIONS_PLAIN:
		return plain_line(x, s, len, number, v, f);
	case SECTIONS_DBMATE:
		return dbmate_line(x, s, len, number, v, f);
	case SECTIONS_GOOSE:
		return goose_line(x, s, len, number, v, f);
	case SECTIONS_SQL_MIGRATE:
		return migrate_line(x, s, len, number, v, f);
	case SECTIONS_NODE_PG:
		return node_pg_line(x, s, len, number, v, f);
	case SECTIONS_TERN:
		return tern_line(x, s, len, number, v, f);
	}
	return 0;
}

/* The directive of a tool that has it as a line of its own. */
static void
directive_line(struct section *x, const char *s, size_t len)
{
	const char *word = x->convention->directive;

	if (word == NULL || x->none_up)
		return;
	trim(&s, &len);
	if (len == strlen(word) && take(&s, &len, word))
		x->none_up = x->none_down = true;
}

/* Whether a line holds nothing but comments; those in a block nest. */
static bool
is_comment(struct section *x, const char *s, size_t len)
{
	while (len > 0) {
		if (take(&s, &len, "/*")) {
			x->depth++;
		} else if (x->depth > 0 && take(&s, &len, "*/")) {
			x->depth--;
		} else if (x->depth > 0 || is_blank(*s)) {
			s++;
			len--;
		} else {
			return take(&s, &len, "--");
		}
	}
	return true;
}

void
section_init(struct section *x, const struct convention *c, const char *path)
{
	memset(x, 0, sizeof(*x));
	x->convention = c;
	x->path = path;
}

int
section_line(struct section *x, const char *line, size_t len, size_t number,
    enum section_verdict *v, struct fault *f)
{
	const char *s = line;
	size_t n = len;
	bool dashes;

	while (n > 0 && is_blank(*s)) {
		s++;
		n--;
	}
	*v = x->down ? SECTION_DOWN : SECTION_UP;
	if (n == 0)
		return 0;
	dashes = n >= 2 && s[0] == '-' && s[1] == '-';
	if (!x->begun && (!dashes || x->depth > 0))
		x->begun = !is_comment(x, s, n);
	if (!dashes)
		return 0;
	directive_line(x, s, n);
	return marker_line(x, line, len, number, v, f);
}

int
section_end(const struct section *x, struct fault *f)
{
	if (x->convention->sections == SECTIONS_DBMATE && !x->has_up)
		return fault_set(f, EXIT_STREAM,
		    "%s: no -- migrate:up: "
		    "dbmate wants it in each file",
		    x->path);
	if (x->convention->sections == SECTIONS_GOOSE && !x->has_up)
		return fault_set(f, EXIT_STREAM,
		    "%s: no -- +goose Up: "
		    "goose wants it in each file",
		    x->path);
	if (x->block)
		return fault_set(f, EXIT_STREAM,
		    "%s: -- +goose "
		    "StatementBegin without its StatementEnd",
		    x->path);
	if (x->convention->sections == SECTIONS_SQL_MIGRATE && !x->has_up &&
	    !x->has_down)
		return fault_set(f, EXIT_STREAM,
		    "%s: no -- +migrate Up: "
		    "sql-migrate wants it in each file",
		    x->path);
	return 0;
}
