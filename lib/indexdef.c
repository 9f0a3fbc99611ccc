/* What a CREATE INDEX says of its index. */

#include "indexdef.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lex_cursor.h"
#include "lex_watch.h"
#include "memfile.h"

/*
 * Step over a keyword.  The lexer keeps some words of an item only, and a name
 * must not be taken for what is a keyword: so it is looked for in the text.
 */
static bool
accept_word(struct cursor *c, const char *keyword)
{
	struct cursor start = *c;
	size_t off, len;

	if (cursor_accept_name(c, &off, &len) &&
	    lex_watch_equal(c->item->text + off, len, keyword))
		return true;
	*c = start;
	return false;
}

static bool
accept_part(struct cursor *c, struct indexdef_part *part)
{
	return cursor_accept_name(c, &part->off, &part->len);
}

/* A name, a call of a function, or what is in parentheses. */
static bool
read_value(struct cursor *c, struct indexdef_key *key)
{
	size_t end;

	key->value.off = c->off;
	key->column = accept_part(c, &key->value);
	if (!cursor_at_byte(c, '('))
		return key->column;
	key->column = false;
	if (!cursor_accept_parens(c))
		return false;
	for (end = c->off; c->item->text[end - 1] != ')'; end--)
		;
	key->value.len = end - key->value.off;
	return true;
}

/* Whether no operator class stands here. */
static bool
at_order(struct cursor c)
{
	return accept_word(&c, "ASC") || accept_word(&c, "DESC") ||
	    accept_word(&c, "NULLS");
}

static bool
read_key(struct cursor *c, struct indexdef_key *key)
{
	if (!read_value(c, key) ||
	    (accept_word(c, "COLLATE") && !accept_part(c, &key->collation)))
		return false;
	if (!at_order(*c) && accept_part(c, &key->opclass) &&
	    cursor_at_byte(c, '(') && !cursor_accept_parens(c))
		return false;
	key->descending = accept_word(c, "DESC");
	if (!key->descending)
		accept_word(c, "ASC");
	key->nulls_first = key->descending;
	if (!accept_word(c, "NULLS"))
		return true;
	key->nulls_first = accept_word(c, "FIRST");
	return key->nulls_first || accept_word(c, "LAST");
}

static bool
read_keys(struct indexdef *d, struct cursor *c)
{
	if (!cursor_accept_byte(c, '('))
		return false;
	do
		if (d->nkeys == INDEXDEF_KEYS ||
		    !read_key(c, &d->keys[d->nkeys++]))
			return false;
	while (cursor_accept_byte(c, ','));
	return cursor_accept_byte(c, ')');
}

static bool
read_included(struct indexdef *d, struct cursor *c)
{
	if (!accept_word(c, "INCLUDE"))
		return true;
	if (!cursor_accept_byte(c, '('))
		return false;
	do
		if (d->nincluded == INDEXDEF_KEYS ||
		    !accept_part(c, &d->included[d->nincluded++]))
			return false;
	while (cursor_accept_byte(c, ','));
	return cursor_accept_byte(c, ')');
}

/* What stands behind the columns. */
static bool
read_rest(struct indexdef *d, struct cursor *c)
{
	struct indexdef_part ignored;

	if (!read_included(d, c))
		return false;
	if (accept_word(c, "NULLS")) {
		d->nulls_equal = accept_word(c, "NOT");
		if (!accept_word(c, "DISTINCT"))
			return false;
	}
	if (accept_word(c, "WITH") && !cursor_accept_parens(c))
		return false;
	if (accept_word(c, "TABLESPACE") && !accept_part(c, &ignored))
		return false;
	if (cursor_at_end(c))
		return true;
	if (!accept_word(c, "WHERE") || cursor_at_end(c))
		return false;
	d->where.off = c->off;
	d->where.len = c->item->len - c->off;
	return true;
}

bool
indexdef_read(struct indexdef *d, const struct lex_item *item)
{
	struct indexdef_part ignored;
	struct cursor c;

	memset(d, 0, sizeof(*d));
	d->text = item->text;
	if (item->joined || item->nvars > 0 || item->nwords == 0)
		return false;
	c = cursor_at(item, 0);
	if (!accept_word(&c, "CREATE"))
		return false;
	d->unique = accept_word(&c, "UNIQUE");
	if (!accept_word(&c, "INDEX"))
		return false;
	accept_word(&c, "CONCURRENTLY");
	cursor_accept(&c, "IF NOT EXISTS");
	if (!accept_part(&c, &ignored) || !accept_word(&c, "ON"))
		return false;
	accept_word(&c, "ONLY");
	if (!accept_part(&c, &ignored) ||
	    (accept_word(&c, "USING") && !accept_part(&c, &d->method)))
		return false;
	return read_keys(d, &c) && read_rest(d, &c);
}

/* A byte of a name as the server keeps it; steps on.  NUL: it has ended. */
static char
next_byte(const char **s, const char *end, bool *quoted)
{
	while (*s < end) {
		char c = *(*s)++;

		if (c == '"') {
			if (*quoted && *s < end && **s == '"') {
				(*s)++;
				return c;
			}
			*quoted = !*quoted;
		} else
			return !*quoted && c >= 'A' && c <= 'Z' ?
			    (char)(c - 'A' + 'a') :
			    c;
	}
	return '\0';
}

/* The last of the names that dots join, as of schema and operator class. */
static struct indexdef_part
last_name(const char *text, struct indexdef_part part)
{
	bool quoted = false;
	size_t i, end = part.off + part.len;

	for (i = part.off; i < end; i++)
		if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '.' && !quoted) {
			part.off = i + 1;
			part.len = end - part.off;
		}
	return part;
}

/* One that is written U&"..." is read by the server alone. */
static bool
is_encoded(const char *text, struct indexdef_part name)
{
	return name.len > 1 && text[name.off + 1] == '&';
}

static bool
is_same_name(const char *a_text, struct indexdef_part a, const char *b_text,
    struct indexdef_part b)
{
	const char *s, *t, *s_end, *t_end;
	bool s_quoted = false, t_quoted = false;
	char c;

	a = last_name(a_text, a);
	b = last_name(b_text, b);
	if (is_encoded(a_text, a) || is_encoded(b_text, b))
		return true;
	s = a_text + a.off;
	t = b_text + b.off;
	s_end = s + a.len;
	t_end = t + b.len;
	do {
		c = next_byte(&s, s_end, &s_quoted);
		if (c != next_byte(&t, t_end, &t_quoted))
			return false;
	} while (c != '\0');
	return true;
}

static bool
is_same_method(const struct indexdef *a, const struct indexdef *b)
{
	static const char btree[] = "btree";
	static const struct indexdef_part whole = { 0, sizeof(btree) - 1 };

	return is_same_name(a->method.len > 0 ? a->text : btree,
	    a->method.len > 0 ? a->method : whole,
	    b->method.len > 0 ? b->text : btree,
	    b->method.len > 0 ? b->method : whole);
}

/*
 * What a key may leave out: a statement that does means what goes without
 * saying, and then the server names none either.
 */
static bool
is_same_choice(const struct indexdef *a, struct indexdef_part said,
    struct indexdef_part there, const struct indexdef *named,
    struct indexdef_part name)
{
	if (said.len == 0)
		return there.len == 0;
	return is_same_name(a->text, said, named->text, name);
}

/* Key `i`.  Around a column as well as behind it a collation may stand. */
static const char *
differ_key(const struct indexdef *a, const struct indexdef *b,
    const struct indexdef *named, size_t i)
{
	const struct indexdef_key *x = &a->keys[i], *y = &b->keys[i],
				  *name = &named->keys[i];

	if (x->column && y->column &&
	    !is_same_name(a->text, x->value, b->text, y->value))
		return "the columns";
	if (x->descending != y->descending || x->nulls_first != y->nulls_first)
		return "the order of a column";
	if (!is_same_choice(a, x->opclass, y->opclass, named, name->opclass))
		return "an operator class";
	if (x->column &&
	    !is_same_choice(a, x->collation, y->collation, named,
		name->collation))
		return "a collation";
	return NULL;
}

static const char *
differ_keys(const struct indexdef *a, const struct indexdef *b,
    const struct indexdef *named)
{
	const char *what = NULL;
	size_t i;

	if (a->nkeys != b->nkeys)
		return "the columns";
	for (i = 0; what == NULL && i < a->nkeys; i++)
		what = differ_key(a, b, named, i);
	return what;
}

const char *
indexdef_differ(const struct indexdef *statement, const struct indexdef *there,
    const struct indexdef *named)
{
	const char *what;
	size_t i;

	if (statement->unique != there->unique)
		return "UNIQUE";
	if (!is_same_method(statement, there))
		return "USING";
	what = differ_keys(statement, there, named);
	if (what != NULL)
		return what;
	if (statement->nincluded != there->nincluded)
		return "INCLUDE";
	for (i = 0; i < statement->nincluded; i++)
		if (!is_same_name(statement->text, statement->included[i],
			there->text, there->included[i]))
			return "INCLUDE";
	if (statement->nulls_equal != there->nulls_equal)
		return "NULLS NOT DISTINCT";
	return (statement->where.len > 0) != (there->where.len > 0) ? "WHERE" :
								      NULL;
}

/* Whether only the server can tell if two keys are the same. */
static bool
is_open(const struct indexdef_key *x, const struct indexdef_key *y)
{
	return !(x->column && y->column) && x->collation.len == 0 &&
	    y->collation.len == 0;
}

int
indexdef_query(const struct indexdef *d, const struct indexdef *other,
    const char *table, char **sql)
{
	const char *between = "SELECT";
	const struct indexdef_part *part;
	size_t i, len;
	FILE *fp = memfile_open(sql, &len);

	if (fp == NULL)
		return -1;
	/* a comment may stand at the end of the text */
	for (i = 0; i <= d->nkeys; i++) {
		part = i < d->nkeys ? &d->keys[i].value : &d->where;
		if (i < d->nkeys ? !is_open(&d->keys[i], &other->keys[i]) :
				   part->len == 0)
			continue;
		fprintf(fp, "%s (", between);
		fwrite(d->text + part->off, 1, part->len, fp);
		fputs("\n)", fp);
		between = ",";
	}
	fprintf(fp, " FROM ONLY %s", table);
	if (fclose(fp) != 0)
		return -1;
	if (*between == 'S') {
		free(*sql);
		*sql = NULL;
	}
	return 0;
}
