/*
 * Fuzz target of directives.  The first byte says how the text, whole lines,
 * is cut in two: that makes no difference to what is found in it.
 */

#include "directive.h"

#include "fuzz.h"

/* What was read, or the fault; owned. */
static char *
read_two(const char *text, size_t cut, size_t len, size_t line)
{
	struct directives d = DIRECTIVES_INIT;
	struct fault f = FAULT_INIT;
	char *out;
	size_t i, out_len;
	FILE *fp;

	fp = open_memstream(&out, &out_len);
	require(fp != NULL);
	if (directives_read(&d, text, cut, "p", 1, &f) == -1 ||
	    directives_read(&d, text + cut, len - cut, "p", line, &f) == -1) {
		require(f.code == EXIT_STREAM && f.text != NULL);
		fprintf(fp, "%s", f.text);
	} else {
		require(f.text == NULL);
		fprintf(fp, "%d %d %zu %d %s", d.has_mode, d.mode, d.repeatable,
		    d.ended, d.role == NULL ? "" : d.role);
		for (i = 0; i < d.nneeds; i++)
			fprintf(fp, " %s %s", d.needs[i].series,
			    d.needs[i].version);
		for (i = 0; i < LIMITS; i++) {
			fprintf(fp, " %d %ld", d.has_limit[i], d.limits[i]);
			require(d.limits[i] >= 0 && d.limits[i] <= 2147483647);
		}
	}
	fclose(fp);
	directives_free(&d);
	fault_free(&f);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data + 1;
	size_t cut, i, line = 1;
	char *whole, *parts;

	if (len < 2)
		return 0;
	len--;
	for (cut = data[0] % len; cut > 0 && text[cut - 1] != '\n'; cut--)
		;
	for (i = 0; i < cut; i++)
		line += text[i] == '\n';
	whole = read_two(text, len, len, line);
	parts = read_two(text, cut, len, line);
	require(strcmp(whole, parts) == 0);
	free(whole);
	free(parts);
	return 0;
}
