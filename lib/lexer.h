#ifndef LEXER_H
#define LEXER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Splits SQL text into statements exactly as psql does, and finds in it what
 * planning and applying must know: variables, COPY data, backslash commands.
 * Pure and streaming: text is fed in pieces of any size, cut anywhere; only
 * the statement at hand is held, COPY data passes through.  Time is linear in
 * the input, and nothing recurses on it.
 *
 *	lx = lex_new(LEX_BREAKS);
 *	for (;;) {
 *		switch (lex_next(lx, &item)) {
 *		case LEX_MORE:		lex_feed(...) or, at the end, lex_finish()
 *		case LEX_STATEMENT:	...
 */

enum lex_flags {
	/*
	 * A statement also ends, without a semicolon, at a comment, outside of
	 * quotes, that begins a line as "-- +goose StatementEnd" or
	 * "-- +migrate StatementEnd" do (blank space may stand before and
	 * behind the --), or as "--> statement-breakpoint" anywhere in it.
	 */
	LEX_BREAKS = 1 << 0,
	/* Flyway's ${name} is a variable, anywhere in a statement. */
	LEX_PLACEHOLDERS = 1 << 1,
	/* standard_conforming_strings is off: backslashes escape in '...'. */
	LEX_BACKSLASH_QUOTES = 1 << 2
};

enum lex_kind {
	LEX_MORE,      /* nothing whole yet: feed more */
	LEX_STATEMENT, /* an SQL statement, without its semicolon */
	LEX_DATA,      /* a piece of COPY data, to be sent as it is */
	LEX_DATA_END,  /* it is complete: \. was read, or all was */
	LEX_META,      /* a backslash command, to the end of its line */
	LEX_END,       /* all was read; only after lex_finish() */
	LEX_BAD,       /* the text ends within something: see `text` */
	LEX_NOMEM
};

enum lex_form {
	LEX_PLAIN,	/* :name   */
	LEX_LITERAL,	/* :'name' */
	LEX_IDENTIFIER, /* :"name" */
	LEX_SUBSCRIPT,	/* :name within [ ]: may be an array slice */
	LEX_PLACEHOLDER /* ${name} */
};

/* A variable in a statement; offsets are into the item's text. */
struct lex_var {
	enum lex_form form;
	size_t off, len;       /* the whole reference */
	size_t name, name_len; /* the name in it */
};

/* A word (identifier, keyword or number) outside of quotes and comments. */
struct lex_word {
	size_t off, len; /* in the item's text */
	unsigned depth;	 /* of parentheses and brackets round it */
	bool quoted;	 /* "..." : the quotes are part of it */
	bool first;	 /* of its statement; one more is behind each \; */
};

/*
 * Words kept of each item: enough to tell what it is.  Those within parentheses
 * and brackets are only kept among the first ones, lest a long list of columns
 * leaves no room for what follows it.
 */
#define LEX_WORDS 32
#define LEX_INNER_WORDS 16

/*
 * What lex_next() found.  Everything in it is lent until the next call of a
 * lex_ function.  A statement's text is the file's, byte for byte, from its
 * first token (blank space and -- comments before it are dropped, block
 * comments kept, as in psql) to its last byte before the semicolon.
 */
struct lex_item {
	/* NUL-terminated if a statement's; LEX_BAD: what is open. */
	const char *text;
	size_t len;
	/* Where it begins, both from 1, the column in characters. */
	size_t line, col;
	/* It holds a \; : several statements, sent as one, without the \. */
	bool joined;
	/* Ended by one, not by a break or the end; LEX_DATA_END: by \. */
	bool semicolon;
	bool copy_in; /* COPY ... FROM STDIN: its data follows */
	size_t nwords;
	struct lex_word words[LEX_WORDS];
	size_t nvars;
	const struct lex_var *vars;
};

struct lexer;

/* A new lexer, or NULL without memory.  `flags` are of enum lex_flags. */
struct lexer *lex_new(unsigned flags);
void lex_free(struct lexer *);

/* Add text.  Returns 0, or -1 without memory. */
int lex_feed(struct lexer *, const char *text, size_t len);

/* Say that no more text comes. */
void lex_finish(struct lexer *);

/*
 * A lexer of a text that is there as a whole, which is copied; NULL without
 * memory.
 */
struct lexer *lex_text(const char *text, size_t len, unsigned flags);

/* Find the next item.  After LEX_END and LEX_BAD it returns the same again. */
enum lex_kind lex_next(struct lexer *, struct lex_item *);

/*
 * Whether word `n` of an item is this keyword (given in upper case), whatever
 * its case in the text; a quoted word never is.  False beyond the last word.
 */
bool lex_is(const struct lex_item *, size_t n, const char *keyword);

#endif
