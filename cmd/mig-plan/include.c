/* psql's backslash commands in a migration, as far as they can be planned. */

#include "include.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	enum include_kind kind;
} words[] = { { "i", INCLUDE_FILE }, { "include", INCLUDE_FILE },
	{ "include_relative", INCLUDE_RELATIVE }, { "ir", INCLUDE_RELATIVE },
	{ "restrict", INCLUDE_SKIP }, { "unrestrict", INCLUDE_SKIP } };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void
skip_blanks(const char **s, const char *end)
{
	while (*s < end && is_blank(**s))
		(*s)++;
}

/* A name in quotes, the quote doubled within; NULL where it has no end. */
static char *
quoted(const char **s, const char *end, bool *ended)
{
	const char quote = *(*s)++;
	char *name, *to;

	name = to = calloc(1, (size_t)(end - *s) + 1);
	*ended = false;
	if (name == NULL)
		return NULL;
	while (*s < end && !*ended) {
		if (**s != quote)
			*to++ = *(*s)++;
		else if (*s + 1 < end && (*s)[1] == quote) {
			*to++ = quote;
			*s += 2;
		} else {
			(*s)++;
			*ended = true;
		}
	}
	*to = '\0';
	return name;
}

/* One file's name and nothing behind it; `*bad` where it is not that. */
static char *
name_of(const char *s, const char *end, bool *bad)
{
	const char *from;
	char *name;
	bool ended = true;

	skip_blanks(&s, end);
	*bad = true;
	/* psql would put a variable in, or run a command */
	if (s == end || *s == ':' || *s == '`')
		return NULL;
	if (*s == '\'' || *s == '"') {
		name = quoted(&s, end, &ended);
	} else {
		for (from = s; s < end && !is_blank(*s);)
			s++;
		name = strndup(from, (size_t)(s - from));
	}
	skip_blanks(&s, end);
	*bad = !ended || s < end || (name != NULL && *name == '\0');
	return name;
}

enum include_kind
include_look(const struct lex_item *item, char **name)
{
	const char *s = item->text + 1, *end = item->text + item->len;
	size_t i, len;
	bool bad;

	*name = NULL;
	for (len = 0; s + len < end && !is_blank(s[len]);)
		len++;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len &&
		    memcmp(words[i].word, s, len) == 0)
			break;
	if (i == sizeof(words) / sizeof(words[0]))
		return INCLUDE_NONE;
	if (words[i].kind == INCLUDE_SKIP)
		return INCLUDE_SKIP;
	*name = name_of(s + len, end, &bad);
	if (!bad)
		return words[i].kind;
	free(*name);
	*name = NULL;
	return INCLUDE_BAD;
}

char *
include_path(enum include_kind kind, const char *from, const char *name)
{
	const char *slash = from == NULL ? NULL : strrchr(from, '/');
	char *path;

	if (kind != INCLUDE_RELATIVE || slash == NULL || *name == '/')
		return strdup(name);
	if (asprintf(&path, "%.*s%s", (int)(slash - from) + 1, from, name) ==
	    -1)
		return NULL;
	return path;
}
