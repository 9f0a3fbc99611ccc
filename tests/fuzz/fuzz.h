/*
 * What fuzz targets share.  Each has a LLVMFuzzerTestOneInput() that stops
 * the program where something does not hold.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static inline void
require(int holds)
{
	if (!holds)
		abort();
}

/* Bytes as a string, up to the first NUL; owned. */
static inline char *
fuzz_string(const void *data, size_t len)
{
	char *s;

	s = strndup(data, len);
	require(s != NULL);
	return s;
}

/*
 * Lines with the header of a stream and its trailer, as no fuzzer finds a
 * digest; owned.
 */
static inline char *
fuzz_seal(const char *kind, const char *s, size_t len, size_t *out_len)
{
	const char *end = s + len, *lf;
	struct hash hash;
	char hex[HASH_HEX], header[64], *out;
	size_t records = 0;
	FILE *fp;

	snprintf(header, sizeof(header), "#mig\t%s\t1\n", kind);
	hash_init(&hash);
	hash_add(&hash, header, strlen(header));
	hash_add(&hash, s, len);
	hash_hex(&hash, hex);
	fp = open_memstream(&out, out_len);
	require(fp != NULL);
	fputs(header, fp);
	fwrite(s, 1, len, fp);
	for (; s < end; s = lf + 1) {
		records += *s != '\t' && *s != '#';
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			break;
	}
	fprintf(fp, "#end\t%zu\tsha256:%s\n", records, hex);
	fclose(fp);
	return out;
}

/* A folder of this program's own, removed at the end with the file in it. */
static char fuzz_dir[] = "/tmp/mig-fuzz.XXXXXX";
static char fuzz_path[64];

static inline void
fuzz_remove(void)
{
	unlink(fuzz_path);
	rmdir(fuzz_dir);
}

/* Write a file there, instead of the one before, and return its path. */
static inline const char *
fuzz_file(const char *name, const void *text, size_t len)
{
	FILE *fp;

	if (*fuzz_path == '\0')
		require(mkdtemp(fuzz_dir) != NULL && atexit(fuzz_remove) == 0);
	else
		unlink(fuzz_path);
	snprintf(fuzz_path, sizeof(fuzz_path), "%s/%s", fuzz_dir, name);
	fp = fopen(fuzz_path, "w");
	require(
	    fp != NULL && fwrite(text, 1, len, fp) == len && fclose(fp) == 0);
	return fuzz_path;
}

#endif
