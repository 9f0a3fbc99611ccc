#ifndef LEX_STATE_H
#define LEX_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lex_input.h"
#include "lex_watch.h"
#include "lexer.h"

/*
 * The lexer's inside: what it knows between two bytes, and the functions that
 * its files share.  For lexer.c, lex_statement.c, lex_plain.c, lex_token.c and
 * lex_data.c only.
 *
 * Each state has a handler.  It reads on from `in.pos` and returns true when
 * lex_next() has something to return, which is LEX_MORE if the text fed so far
 * does not tell how to go on; it is then called again with more.  It returns
 * false to have the handler of the state that is now at hand called.
 */

enum state {
	STATE_PLAIN, /* between tokens */
	STATE_WORD,
	STATE_NUMBER,	   /* or a parameter: $1 */
	STATE_QUOTE,	   /* '...' or "..." */
	STATE_TAG,	   /* perhaps the beginning of a dollar quote */
	STATE_DOLLAR,	   /* a dollar quote's body */
	STATE_COMMENT,	   /* to the end of the line */
	STATE_BLOCK,	   /* a block comment */
	STATE_VARIABLE,	   /* perhaps a psql variable */
	STATE_PLACEHOLDER, /* perhaps ${name} */
	STATE_META,	   /* a backslash command */
	STATE_LINE,	   /* the rest of the line of a COPY */
	STATE_DATA,	   /* COPY data */
	STATE_DONE	   /* `last` is all there is to say */
};

struct lexer {
	unsigned flags;
	enum state state;
	enum lex_kind kind; /* what the handler of a state has found */
	struct lex_input in;

	/* The statement at hand. */
	bool begun; /* its first token or block comment was met */
	bool solid; /* it has a token */
	struct lex_watch watch;
	struct lex_item item;
	struct lex_var *vars;
	size_t vars_size;
	size_t parens, brackets;
	/* Of the outermost parenthesis or, if that is open, BEGIN. */
	struct lex_place outer;

	/* The token at hand. */
	struct lex_place opened;
	char quote;
	bool escapes;	/* a backslash escapes */
	bool doubles;	/* the quote doubled is a quote */
	size_t tag_len; /* of the dollar quote, with both $ */
	size_t matched; /* so much of it was seen at its end */
	size_t nest;	/* of block comments, less one */

	/* COPY. */
	size_t copies; /* data is to come for so many */
	bool line_start;
	char *held; /* what follows the COPY in its line */
	size_t held_len;
	struct lex_place held_at;

	/* Whether backslashes escape in '...'. */
	bool escaping;
	bool session_escaping; /* without SET LOCAL */
	bool next_escaping;    /* from `next_line` on */
	size_t next_line;

	struct lex_item last; /* of LEX_END and LEX_BAD */
};

typedef bool lexer_handler(struct lexer *, struct lex_item *);

/* Kinds of bytes; of none of them is what lex_input_peek() finds at the end. */
static inline bool
lexer_is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
lexer_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool
lexer_is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c >= 0x80;
}

/* Of psql's variable names and dollar quotes' tags. */
static inline bool
lexer_is_name(int c)
{
	return lexer_is_name_start(c) || lexer_is_digit(c);
}

/* Of the name in ${name}. */
static inline bool
lexer_is_placeholder(int c)
{
	return lexer_is_name(c) || c == '.' || c == ':' || c == '-';
}

/* The byte at `off` in what was fed. */
static inline int
lexer_at(const struct lexer *lx, size_t off)
{
	return (unsigned char)lx->in.buf[off];
}

/* What a handler returns: this is found, or more is needed. */
bool lexer_found(struct lexer *, enum lex_kind);
bool lexer_more(struct lexer *);

/* And when it is the last: LEX_END and LEX_NOMEM, or LEX_BAD. */
bool lexer_done(struct lexer *, struct lex_item *, enum lex_kind);
bool lexer_bad(struct lexer *, struct lex_item *, const char *what,
    struct lex_place);

/* A block comment, a token begins at `pos`, and with it maybe a statement. */
void lexer_begin(struct lexer *);
void lexer_begin_token(struct lexer *);

/* Note the token that ends at `pos`, a variable.  False without memory. */
void lexer_add_word(struct lexer *, bool quoted);
bool lexer_add_var(struct lexer *, const struct lex_var *);

/* The statement, if there is one, ends before `end`. */
bool lexer_end_statement(struct lexer *, struct lex_item *, size_t end,
    bool semicolon);

/* All was read, and no token is open. */
bool lexer_end_text(struct lexer *, struct lex_item *);

/* A quote opens at `pos`; the token, with its prefix, before. */
void lexer_open_quote(struct lexer *, bool escapes, bool doubles);

lexer_handler lexer_scan_plain, lexer_scan_word, lexer_scan_number,
    lexer_scan_quote, lexer_scan_tag, lexer_scan_dollar, lexer_scan_comment,
    lexer_scan_block, lexer_scan_variable, lexer_scan_placeholder,
    lexer_scan_meta, lexer_scan_line, lexer_scan_data;

#endif
