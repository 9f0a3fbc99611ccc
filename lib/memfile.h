#ifndef MEMFILE_H
#define MEMFILE_H

#include <stdio.h>

/*
 * open_memstream(3) that says when there was no memory: glibc's drops what it
 * has no room for, and flushes and closes as if nothing were.
 *
 * `*text` and `*len` are set by fflush(3) and fclose(3); the text has a NUL
 * behind it and is the caller's to free.  After rewind(3) it begins anew.
 * Whatever could not be kept, fflush() or fclose() returns EOF, and `*text` is
 * NULL once it was closed so.  Returns NULL without memory.
 */
FILE *memfile_open(char **text, size_t *len);

#endif
