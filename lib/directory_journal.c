/* Drizzle's journal. */

#include "directory_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory_scan.h"

/* Longer than any name of a file can be. */
#define TAG_MAX 1024

static int
add(struct journal *j, const char *tag)
{
	char **tags;

	tags = reallocarray(j->tags, j->n + 1, sizeof(*tags));
	if (tags == NULL)
		return -1;
	j->tags = tags;
	tags[j->n] = strdup(tag);
	return tags[j->n++] == NULL ? -1 : 0;
}

/*
 * The string whose opening quote was read, as it stands: a tag holds no
 * escapes, and of other strings only that they are none matters.  Returns
 * false where the file ends in it.
 */
static bool
read_string(FILE *fp, char s[TAG_MAX])
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(fp)) != EOF && c != '"') {
		if (n + 2 < TAG_MAX)
			s[n++] = (char)c;
		if (c == '\\' && getc_unlocked(fp) == EOF)
			return false;
	}
	s[n] = '\0';
	return c != EOF;
}

/* Every member "tag": "..." in the order of the file. */
static int
read_tags(struct journal *j, FILE *fp, const char *path, struct fault *f)
{
	char s[TAG_MAX];
	bool key = false; /* the last string was "tag" */
	int c;

	while ((c = getc_unlocked(fp)) != EOF) {
		if (c != '"') {
			key = key && strchr(" \t\r\n:", c) != NULL;
			continue;
		}
		if (!read_string(fp, s))
			return fault_set(f, EXIT_STREAM,
			    "%s: ends within "
			    "a string",
			    path);
		if (key && add(j, s) == -1)
			return fault_nomem(f);
		key = !key && strcmp(s, "tag") == 0;
	}
	return ferror(fp) ? fault_errno(f, "%s", path) : 0;
}

int
journal_read(struct journal *j, const char *dir, struct fault *f)
{
	char *path;
	FILE *fp;
	int result;

	j->tags = NULL;
	j->n = 0;
	path = directory_join(dir, "meta/_journal.json");
	if (path == NULL)
		return fault_nomem(f);
	fp = fopen(path, "re");
	if (fp == NULL) {
		result = fault_errno(f, "%s", path);
	} else {
		result = read_tags(j, fp, path, f);
		fclose(fp);
	}
	free(path);
	return result;
}

size_t
journal_place(const struct journal *j, const char *file)
{
	size_t i, n = strlen(file);

	if (n < 4)
		return 0;
	for (i = 0; i < j->n; i++)
		if (strlen(j->tags[i]) == n - 4 &&
		    memcmp(j->tags[i], file, n - 4) == 0)
			return i + 1;
	return 0;
}

void
journal_free(struct journal *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		free(j->tags[i]);
	free(j->tags);
}
