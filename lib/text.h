#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Text as it stands in a field of a stream (mig-stream(5)) and on a
 * terminal.  Pure: no locale, no globals.
 */

/*
 * Length in bytes of the well-formed UTF-8 sequence at `s` (RFC 3629: no
 * surrogates, no overlong form, at most U+10FFFF), 0 where there is none.
 * NUL counts as a sequence of one byte.
 */
size_t text_utf8(const char *s, size_t len);

/*
 * Offset of the first byte of `s` that is no part of well-formed UTF-8, or
 * is NUL; `len` where the text is sound.
 */
size_t text_bad(const char *s, size_t len);

/* Number of characters in well-formed UTF-8 text. */
size_t text_chars(const char *s, size_t len);

/* Number of line feeds. */
size_t text_lines(const char *s, size_t len);

/*
 * Write `len` bytes at `s` to `fp` as a field: TAB, LF, CR and backslash as
 * \t \n \r \\, other control bytes, DEL and ill-formed UTF-8 as \ooo, a
 * literal "-" as \055, and nothing at all as "-".  A NULL `s` is absent: "-".
 */
void text_escape(FILE *fp, const char *s, size_t len);

/*
 * Undo text_escape() in place.  Returns 0 and sets `*len` to the new length
 * (the text stays NUL-terminated), or -1 where `s` has an unknown escape, or
 * is not in the one spelling that text_escape() gives it, or where there is no
 * memory (errno ENOMEM).  "-" becomes the empty string.
 */
int text_unescape(char *s, size_t *len);

/*
 * Write text for a person: control bytes other than LF and TAB, ill-formed
 * UTF-8, the C1 controls and those of direction as \ooo, so that no terminal
 * acts on them.
 */
void text_show(FILE *fp, const char *s, size_t len);

/*
 * Write text as the inside of a JSON string (RFC 8259), and the same with its
 * quotes.  Ill-formed UTF-8 becomes U+FFFD.  Text may be cut into parts where
 * a character ends.
 */
void text_json_part(FILE *fp, const char *s, size_t len);
void text_json(FILE *fp, const char *s, size_t len);

#endif
