#ifndef LEX_WATCH_H
#define LEX_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/*
 * Follows the words of a statement for what changes how the text behind them
 * is read: bodies from BEGIN to END, COPY from the client, and the setting
 * standard_conforming_strings.  For lexer.c only.
 */

enum lex_copy {
	LEX_COPY_FIRST, /* no word yet */
	LEX_COPY_TABLE, /* COPY was read */
	LEX_COPY_FROM,	/* COPY ... FROM was read */
	LEX_COPY_NOT	/* it is another statement */
};

struct lex_watch {
	bool begun; /* the statement has a word */
	enum lex_copy copy;
	size_t copies; /* COPY ... FROM STDIN, of all that \; joins */
	size_t count;  /* of unquoted identifiers */
	/* Of the first of them, if they are keywords that lead to a body. */
	char initials[4];
	size_t begins; /* depth of BEGIN and CASE in a body */
};

/* A change of standard_conforming_strings. */
enum lex_strings {
	LEX_STRINGS_KEPT, /* no change */
	LEX_STRINGS_ON,
	LEX_STRINGS_OFF,
	LEX_STRINGS_RESET, /* as it was at the beginning */
	LEX_STRINGS_END	   /* of what SET LOCAL has changed */
};

/* A new item begins; a new statement within it does, behind \; */
void lex_watch_item(struct lex_watch *);
void lex_watch_statement(struct lex_watch *);

/* An unquoted identifier, in `parens` parentheses and `brackets` brackets. */
void lex_watch_identifier(struct lex_watch *, const char *text, size_t len,
    size_t parens, size_t brackets);

/* Any other token but a parenthesis or bracket. */
void lex_watch_other(struct lex_watch *);

/* Which change a whole statement makes, and whether it is SET LOCAL. */
enum lex_strings lex_watch_strings(const struct lex_item *, bool *local);

/* Whether the text is this keyword, given in upper case. */
bool lex_watch_equal(const char *text, size_t len, const char *keyword);

#endif
