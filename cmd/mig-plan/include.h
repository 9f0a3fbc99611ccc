#ifndef INCLUDE_H
#define INCLUDE_H

#include <stdbool.h>
#include <stddef.h>

#include "lexer.h"

/* What one of psql's backslash commands is for us. */
enum include_kind {
	INCLUDE_NONE,	  /* nothing that can be planned */
	INCLUDE_SKIP,	  /* \restrict and \unrestrict */
	INCLUDE_FILE,	  /* \i: from the working directory */
	INCLUDE_RELATIVE, /* \ir: from the file's own directory */
	INCLUDE_BAD	  /* one of these two without one file's name */
};

/*
 * Look at an item of kind LEX_META.  With a file it sets `*name`, owned by the
 * caller (NULL without memory), to what the command says.
 */
enum include_kind include_look(const struct lex_item *, char **name);

/*
 * The path of a file that is named in the file `from`; owned, NULL without
 * memory.
 */
char *include_path(enum include_kind, const char *from, const char *name);

#endif
