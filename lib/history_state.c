/* The state of a history: one digest for what is applied. */

#include "history_state.h"

#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "text.h"

/* A line of the state: what is applied, or where it stopped. */
static char *
state_line(const char *series, const char *version, const char *name,
    const char *sha256, const struct history_open *o)
{
	const char *fields[4];
	char *line;
	size_t i, len;
	FILE *fp;

	fp = memfile_open(&line, &len);
	if (fp == NULL)
		return NULL;
	fields[0] = series;
	fields[1] = version;
	fields[2] = version == NULL ? name : NULL;
	fields[3] = sha256;
	for (i = 0; i < 4; i++) {
		text_escape(fp, fields[i],
		    fields[i] == NULL ? 0 : strlen(fields[i]));
		fputc('\t', fp);
	}
	if (o == NULL)
		fputs("applied\n", fp);
	else
		fprintf(fp, "partial %s %zu/%zu+%zu\n", o->action, o->done,
		    o->statements, o->pending);
	return fclose(fp) == 0 ? line : NULL;
}

static int
line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
free_lines(char **lines, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
}

/*
 * The state: SHA-256 over a line a migration, sorted by bytes.  Nothing in it
 * is local to one database.
 */
int
history_state(struct history *h, struct fault *f)
{
	struct hash hash;
	char **lines;
	size_t i, n = 0;
	bool broken = false;

	lines = calloc(h->n + h->nopen + 1, sizeof(*lines));
	if (lines == NULL)
		return fault_nomem(f);
	for (i = 0; i < h->n; i++) {
		const struct migration *m = &h->entries[i].m;

		lines[n] = state_line(m->series, m->version, m->name, m->sha256,
		    NULL);
		broken |= lines[n++] == NULL;
	}
	for (i = 0; i < h->nopen; i++) {
		const struct history_open *o = &h->open[i];

		if (o->statements == 0)
			continue;
		lines[n] = state_line(o->series, o->version, o->name, NULL, o);
		broken |= lines[n++] == NULL;
	}
	if (broken) {
		free_lines(lines, n);
		return fault_nomem(f);
	}
	qsort(lines, n, sizeof(*lines), line_cmp);
	hash_init(&hash);
	for (i = 0; i < n; i++)
		hash_add(&hash, lines[i], strlen(lines[i]));
	hash_hex(&hash, h->state);
	free_lines(lines, n);
	return 0;
}
