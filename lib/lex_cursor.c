/* Goes through the text of a statement that the lexer has found. */

#include "lex_cursor.h"
#include "lex_watch.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (unsigned char)c >= 0x80 || is_digit(c) || c == '$';
}

/* Whether two bytes stand at an offset. */
static bool
at_pair(const struct lex_item *item, size_t off, const char *pair)
{
	return item->len - off >= 2 && memcmp(item->text + off, pair, 2) == 0;
}

static size_t
skip_block(const struct lex_item *item, size_t off)
{
	size_t depth = 0;

	while (off < item->len)
		if (at_pair(item, off, "/*")) {
			depth++;
			off += 2;
		} else if (at_pair(item, off, "*/")) {
			off += 2;
			if (--depth == 0)
				break;
		} else
			off++;
	return off;
}

static size_t
skip_blank(const struct lex_item *item, size_t off)
{
	while (off < item->len)
		if (is_blank(item->text[off]))
			off++;
		else if (at_pair(item, off, "--"))
			while (off < item->len && item->text[off] != '\n' &&
			    item->text[off] != '\r')
				off++;
		else if (at_pair(item, off, "/*"))
			off = skip_block(item, off);
		else
			break;
	return off;
}

/* Step to the first token at `off` or behind. */
static void
step_to(struct cursor *c, size_t off)
{
	c->off = skip_blank(c->item, off);
	while (
	    c->word < c->item->nwords && c->item->words[c->word].off < c->off)
		c->word++;
}

struct cursor
cursor_at(const struct lex_item *item, size_t word)
{
	struct cursor c = { .item = item, .word = word };

	step_to(&c, word == 0 ? 0 : item->words[word].off);
	while (word == 0 && cursor_accept_byte(&c, ';'))
		;
	return c;
}

bool
cursor_next(const struct lex_item *item, size_t *n, struct cursor *c)
{
	while (*n < item->nwords && !item->words[*n].first)
		++*n;
	if (*n == item->nwords)
		return false;
	*c = cursor_at(item, (*n)++);
	return true;
}

bool
cursor_at_last(const struct cursor *c)
{
	return c->word >= c->item->nwords || c->item->words[c->word].first;
}

/* Step over one keyword of `len` letters. */
static bool
accept_one(struct cursor *c, const char *keyword, size_t len)
{
	const struct lex_item *item = c->item;
	const struct lex_word *word;
	size_t i;
	char upper;

	if (c->word >= item->nwords)
		return false;
	word = &item->words[c->word];
	if (word->off != c->off || word->quoted || word->len != len)
		return false;
	for (i = 0; i < len; i++) {
		upper = item->text[word->off + i];
		if (upper >= 'a' && upper <= 'z')
			upper = (char)(upper - 'a' + 'A');
		if (upper != keyword[i])
			return false;
	}
	step_to(c, word->off + len);
	return true;
}

bool
cursor_accept(struct cursor *c, const char *keywords)
{
	struct cursor start = *c;
	size_t n;

	for (; *keywords != '\0'; keywords += n) {
		keywords += *keywords == ' ';
		n = strcspn(keywords, " ");
		if (!accept_one(c, keywords, n)) {
			*c = start;
			return false;
		}
	}
	return true;
}

bool
cursor_accept_any(struct cursor *c, const char *const *keywords)
{
	for (; *keywords != NULL; keywords++)
		if (accept_one(c, *keywords, strlen(*keywords)))
			return true;
	return false;
}

bool
cursor_at_end(const struct cursor *c)
{
	return c->off >= c->item->len;
}

bool
cursor_at_byte(const struct cursor *c, char byte)
{
	return !cursor_at_end(c) && c->item->text[c->off] == byte;
}

bool
cursor_accept_byte(struct cursor *c, char byte)
{
	if (!cursor_at_byte(c, byte))
		return false;
	step_to(c, c->off + 1);
	return true;
}

bool
cursor_accept_number(struct cursor *c)
{
	const struct lex_item *item = c->item;
	size_t end = c->off;

	while (end < item->len && is_digit(item->text[end]))
		end++;
	if (end == c->off)
		return false;
	step_to(c, end);
	return true;
}

/* The end of the quote that begins at `off`. */
static size_t
skip_quote(const struct lex_item *item, size_t off)
{
	char quote = item->text[off];

	for (off++; off < item->len; off++)
		if (item->text[off] == quote) {
			off++;
			if (off == item->len || item->text[off] != quote)
				break;
		}
	return off;
}

/*
 * The end of the quote that begins at `off`; 0 where a backslash might escape
 * in it, and so the end is not sure.
 */
static size_t
skip_sure_quote(const struct lex_item *item, size_t off)
{
	size_t end = skip_quote(item, off);

	return item->text[off] == '\'' &&
		memchr(item->text + off, '\\', end - off) != NULL ?
	    0 :
	    end;
}

bool
cursor_accept_literal(struct cursor *c)
{
	size_t end;

	if (!cursor_at_byte(c, '\''))
		return false;
	end = skip_sure_quote(c->item, c->off);
	if (end == 0)
		return false;
	step_to(c, end);
	return true;
}

bool
cursor_accept_parens(struct cursor *c)
{
	const struct lex_item *item = c->item;
	size_t depth = 0, off = c->off, end;
	char byte;

	if (!cursor_at_byte(c, '('))
		return false;
	do {
		byte = item->text[off];
		end = byte == '\'' || byte == '"' ? skip_sure_quote(item, off) :
						    off + 1;
		if (byte == '\\' || byte == '$' || end == 0)
			return false;
		if (byte == '(')
			depth++;
		if (byte == ')' && --depth == 0) {
			step_to(c, end);
			return true;
		}
		off = skip_blank(item, end);
	} while (off < item->len);
	return false;
}

/* The variable that begins at `off`, or NULL. */
static const struct lex_var *
variable_at(const struct lex_item *item, size_t off)
{
	size_t i;

	if (item->text[off] != ':' && item->text[off] != '$')
		return NULL;
	for (i = 0; i < item->nvars; i++)
		if (item->vars[i].off == off)
			return item->vars[i].form == LEX_LITERAL ?
			    NULL :
			    &item->vars[i];
	return NULL;
}

/* The end of one part of a name; `off` itself if none begins there. */
static size_t
skip_part(const struct lex_item *item, size_t off)
{
	const struct lex_var *var;
	size_t start = off;

	if (at_pair(item, off, "U&") || at_pair(item, off, "u&"))
		start = off += 2;
	if (off < item->len && item->text[off] == '"')
		return skip_quote(item, off);
	if (off < item->len && is_digit(item->text[off]))
		return start;
	while (off < item->len)
		if ((var = variable_at(item, off)) != NULL)
			off += var->len;
		else if (is_name(item->text[off]))
			off++;
		else
			break;
	return off;
}

bool
cursor_accept_name(struct cursor *c, size_t *off, size_t *len)
{
	struct cursor start = *c;
	size_t end;

	*off = c->off;
	for (;;) {
		end = skip_part(c->item, c->off);
		if (end == c->off) {
			*c = start;
			return false;
		}
		step_to(c, end);
		if (!cursor_accept_byte(c, '.'))
			break;
	}
	*len = end - *off;
	return true;
}
