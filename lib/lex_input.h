#ifndef LEX_INPUT_H
#define LEX_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text that a lexer was fed and has not done with: where it is read, which
 * of it is kept as the text of an item, and in which line that stands.  A part
 * within the kept text can be left out.  For lexer.c only, which reads and sets
 * `pos`, `token` and `tag` itself.  All offsets are into `buf`, and are mended
 * when it moves.
 */

struct lex_place {
	size_t line, col; /* both from 1; the column in characters */
};

struct lex_input {
	char *buf;
	size_t size, end;    /* allocated; filled, never to the last byte */
	size_t pos;	     /* read so far */
	size_t token;	     /* where the token at hand begins */
	size_t tag;	     /* where a dollar quote's tag stands */
	bool kept;	     /* text is kept, from `start` */
	size_t start;	     /* the kept text */
	size_t part;	     /* its part since the last hole, read here... */
	size_t out;	     /* ...belongs here */
	size_t counted;	     /* lines are counted up to here... */
	struct lex_place at; /* ...which is here */
	size_t skip;	     /* lines that the next line feed leaps over */
	bool finished;	     /* nothing more will come */
};

/* What lex_input_peek() finds where there is no byte. */
enum lex_peek {
	LEX_PEEK_END = -1, /* the end of the text */
	LEX_PEEK_CUT = -2  /* not known before more is fed */
};

void lex_input_init(struct lex_input *);
void lex_input_free(struct lex_input *);

/* Add text at the end.  Returns 0, or -1 without memory. */
int lex_input_add(struct lex_input *, const char *text, size_t len);

/*
 * Put text, at least a byte, before `pos`, to be read next; it stands at
 * `place`, and after its line feed, if it ends in one, what was next is again
 * where it was.  Nothing may be kept.  Returns 0, or -1 without memory.
 */
int lex_input_back(struct lex_input *, const char *text, size_t len,
    struct lex_place place);

/* The byte `n` after `pos`, or one of enum lex_peek. */
int lex_input_peek(const struct lex_input *, size_t n);

/* Whether all was read and more may come. */
bool lex_input_dry(const struct lex_input *);

/* The place of an offset; never before one that was asked for earlier. */
struct lex_place lex_input_place(struct lex_input *, size_t off);

/* Keep the text from `pos` on; keep none. */
void lex_input_keep(struct lex_input *);
void lex_input_drop(struct lex_input *);

/* Leave what stands from `from` to `pos` out of the kept text. */
void lex_input_hole(struct lex_input *, size_t from);

/* Where in the kept text, holes left out, an offset since the last hole is. */
size_t lex_input_in_text(const struct lex_input *, size_t off);

/* Make the kept text, up to `end`, one at buf + start; returns its length. */
size_t lex_input_text(struct lex_input *, size_t end);

#endif
