/* What the words of a statement tell about how to read what follows. */

#include "lex_watch.h"

#include <string.h>

static unsigned char
upper(unsigned char c)
{
	return c >= 'a' && c <= 'z' ? (unsigned char)(c - 'a' + 'A') : c;
}

bool
lex_watch_equal(const char *text, size_t len, const char *keyword)
{
	size_t i;

	for (i = 0; i < len && keyword[i] != '\0'; i++)
		if (upper((unsigned char)text[i]) != (unsigned char)keyword[i])
			return false;
	return i == len && keyword[i] == '\0';
}

bool
lex_is(const struct lex_item *item, size_t n, const char *keyword)
{
	const struct lex_word *word;

	if (n >= item->nwords)
		return false;
	word = &item->words[n];
	return !word->quoted &&
	    lex_watch_equal(item->text + word->off, word->len, keyword);
}

void
lex_watch_item(struct lex_watch *watch)
{
	memset(watch, 0, sizeof(*watch));
}

void
lex_watch_statement(struct lex_watch *watch)
{
	watch->begun = false;
	watch->copy = LEX_COPY_FIRST;
	watch->count = 0;
	memset(watch->initials, 0, sizeof(watch->initials));
}

/* The letter by which psql notes a word among the first four, or 0. */
static char
initial(const char *text, size_t len)
{
	static const char *const words[] = { "CREATE", "FUNCTION", "PROCEDURE",
		"OR", "REPLACE" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (lex_watch_equal(text, len, words[i]))
			return words[i][0];
	return 0;
}

static bool
creates_routine(const char *initials)
{
	if (initials[0] != 'C')
		return false;
	if (initials[1] == 'O' && initials[2] == 'R')
		initials += 2;
	return initials[1] == 'F' || initials[1] == 'P';
}

/*
 * psql's own rule for bodies (psqlscan.l, psqlscan_track_identifier): any BEGIN
 * in a CREATE FUNCTION or PROCEDURE counts, with or without ATOMIC.
 */
static void
follow_body(struct lex_watch *watch, const char *text, size_t len)
{
	if (watch->count < sizeof(watch->initials))
		watch->initials[watch->count++] = initial(text, len);
	if (!creates_routine(watch->initials))
		return;
	if (lex_watch_equal(text, len, "BEGIN"))
		watch->begins++;
	else if (lex_watch_equal(text, len, "CASE")) {
		if (watch->begins > 0)
			watch->begins++;
	} else if (lex_watch_equal(text, len, "END") && watch->begins > 0)
		watch->begins--;
}

/*
 * COPY table [(columns)] FROM STDIN.  The grammar takes STDOUT for STDIN here
 * (gram.y, copy_file_name); FROM is a reserved word, so no table or column has
 * it as an unquoted name.  psql has the same rule since its releases of August
 * 2026: what follows is data even if the server refuses the COPY.
 */
static void
follow_copy(struct lex_watch *watch, const char *text, size_t len)
{
	switch (watch->copy) {
	case LEX_COPY_FIRST:
		watch->copy = lex_watch_equal(text, len, "COPY") ?
		    LEX_COPY_TABLE :
		    LEX_COPY_NOT;
		break;
	case LEX_COPY_TABLE:
		if (lex_watch_equal(text, len, "FROM"))
			watch->copy = LEX_COPY_FROM;
		else if (lex_watch_equal(text, len, "TO"))
			watch->copy = LEX_COPY_NOT;
		break;
	case LEX_COPY_FROM:
		if (lex_watch_equal(text, len, "STDIN") ||
		    lex_watch_equal(text, len, "STDOUT"))
			watch->copies++;
		watch->copy = LEX_COPY_NOT;
		break;
	case LEX_COPY_NOT:
		break;
	}
}

void
lex_watch_identifier(struct lex_watch *watch, const char *text, size_t len,
    size_t parens, size_t brackets)
{
	if (parens == 0)
		follow_body(watch, text, len);
	if (parens + brackets == 0)
		follow_copy(watch, text, len);
}

void
lex_watch_other(struct lex_watch *watch)
{
	if (watch->copy == LEX_COPY_FIRST || watch->copy == LEX_COPY_FROM)
		watch->copy = LEX_COPY_NOT;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value behind = or TO, as far as it tells bool values apart. */
static enum lex_strings
string_value(const char *p, size_t len)
{
	size_t i, n;

	for (i = 0; i < len && (is_blank(p[i]) || p[i] == '='); i++)
		;
	if (len - i > 2 && lex_watch_equal(p + i, 2, "TO") &&
	    is_blank(p[i + 2]))
		i += 2;
	for (; i < len && (is_blank(p[i]) || p[i] == '\''); i++)
		;
	p += i;
	n = len - i;
	if (n == 0)
		return LEX_STRINGS_KEPT;
	switch (upper((unsigned char)*p)) {
	case 'T':
	case 'Y':
	case '1':
		return LEX_STRINGS_ON;
	case 'F':
	case 'N':
	case '0':
		return LEX_STRINGS_OFF;
	case 'D':
		return LEX_STRINGS_RESET;
	case 'O':
		return n > 1 && upper((unsigned char)p[1]) == 'N' ?
		    LEX_STRINGS_ON :
		    LEX_STRINGS_OFF;
	default:
		return LEX_STRINGS_KEPT;
	}
}

enum lex_strings
lex_watch_strings(const struct lex_item *item, bool *local)
{
	static const char name[] = "STANDARD_CONFORMING_STRINGS";
	size_t n, end;

	*local = lex_is(item, 0, "SET") && lex_is(item, 1, "LOCAL");
	if (lex_is(item, 0, "COMMIT") || lex_is(item, 0, "END") ||
	    lex_is(item, 0, "ROLLBACK") || lex_is(item, 0, "ABORT"))
		return LEX_STRINGS_END;
	if (lex_is(item, 0, "RESET"))
		return lex_is(item, 1, "ALL") || lex_is(item, 1, name) ?
		    LEX_STRINGS_RESET :
		    LEX_STRINGS_KEPT;
	if (lex_is(item, 0, "DISCARD") && lex_is(item, 1, "ALL"))
		return LEX_STRINGS_RESET;
	if (!lex_is(item, 0, "SET"))
		return LEX_STRINGS_KEPT;
	n = *local || lex_is(item, 1, "SESSION") ? 2 : 1;
	if (!lex_is(item, n, name))
		return LEX_STRINGS_KEPT;
	end = item->words[n].off + item->words[n].len;
	return string_value(item->text + end, item->len - end);
}
