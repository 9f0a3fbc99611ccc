/* Writes the streams of mig-stream(5). */

#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memfile.h"
#include "text.h"

/* Text goes out in blocks of this size. */
#define BLOCK 32768

/* Send the line that was built in memory on its way, and begin a new one. */
static void
flush_line(struct stream_writer *w)
{
	if (w->broken || fflush(w->mem) != 0 || ferror(w->mem)) {
		w->broken = true;
		return;
	}
	hash_add(&w->hash, w->line, w->line_len);
	fwrite(w->line, 1, w->line_len, w->fp);
	rewind(w->mem);
}

int
stream_begin(struct stream_writer *w, FILE *fp, const char *kind,
    enum stream_style style, const char *columns)
{
	memset(w, 0, sizeof(*w));
	w->fp = fp;
	w->style = style;
	w->columns = columns;
	hash_init(&w->hash);
	w->mem = memfile_open(&w->line, &w->line_len);
	if (w->mem == NULL) {
		w->broken = true;
		return -1;
	}
	if (style == STREAM_SEALED) {
		fprintf(w->mem, "#mig\t%s\t1\n", kind);
		flush_line(w);
	}
	return 0;
}

/* Finish the text of the last record, and its JSON object. */
static void
close_record(struct stream_writer *w)
{
	if (w->in_object) {
		fputs(w->in_text ? "\"}\n" : "}\n", w->fp);
		w->in_object = false;
	} else if (w->in_text && !w->at_start) {
		/* the text's last line has no LF: end it, and say so */
		fputs("\nnolf\t-\n", w->mem);
		flush_line(w);
		w->records++;
	}
	w->in_text = false;
}

void
stream_meta(struct stream_writer *w, const char *word, const char *value)
{
	if (w->broken || w->style != STREAM_SEALED)
		return;
	close_record(w);
	fprintf(w->mem, "#%s\t", word);
	text_escape(w->mem, value, value == NULL ? 0 : strlen(value));
	fputc('\n', w->mem);
	flush_line(w);
}

void
stream_origin(struct stream_writer *w, const char *command, time_t at)
{
	char text[64];
	struct tm tm;

	snprintf(text, sizeof(text), "%s %s", command, MIG_VERSION);
	stream_meta(w, "by", text);
	if (gmtime_r(&at, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		stream_meta(w, "at", text);
}

static void
write_fields(struct stream_writer *w, const char *word,
    const char *const *values, size_t n)
{
	size_t i;

	fputs(word, w->mem);
	for (i = 0; i < n; i++) {
		fputc('\t', w->mem);
		text_escape(w->mem, values[i],
		    values[i] == NULL ? 0 : strlen(values[i]));
	}
	fputc('\n', w->mem);
	flush_line(w);
}

static void
write_json(struct stream_writer *w, const char *word,
    const struct stream_column *columns, const char *const *values, size_t n)
{
	size_t i;

	fprintf(w->fp, "{\"record\":\"%s\"", word);
	for (i = 0; i < n; i++) {
		fprintf(w->fp, ",\"%s\":", columns[i].name);
		if (values[i] == NULL)
			fputs("null", w->fp);
		else if (columns[i].type == STREAM_NUMBER)
			fputs(values[i], w->fp);
		else
			text_json(w->fp, values[i], strlen(values[i]));
	}
	w->in_object = true;
}

/* Take the next name off a list joined by commas; false at its end. */
static bool
next_name(const char **list, const char **name, size_t *len)
{
	if (**list == '\0')
		return false;
	*name = *list;
	*len = strcspn(*list, ",");
	*list += *len;
	if (**list == ',')
		(*list)++;
	return true;
}

static const struct stream_column *
find_column(const struct stream_column *columns, size_t n, const char *name,
    size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(columns[i].name) == len &&
		    memcmp(columns[i].name, name, len) == 0)
			return &columns[i];
	return NULL;
}

static void
write_columns(struct stream_writer *w, const struct stream_column *columns,
    const char *const *values, size_t n)
{
	const struct stream_column *c;
	const char *list = w->columns, *name, *value, *tab = "";
	size_t len;

	while (next_name(&list, &name, &len)) {
		c = find_column(columns, n, name, len);
		value = c == NULL ? NULL : values[c - columns];
		fputs(tab, w->mem);
		text_escape(w->mem, value, value == NULL ? 0 : strlen(value));
		tab = "\t";
	}
	fputc('\n', w->mem);
	flush_line(w);
}

void
stream_record(struct stream_writer *w, const char *word,
    const struct stream_column *columns, const char *const *values, size_t n)
{
	if (w->broken)
		return;
	close_record(w);
	w->records++;
	switch (w->style) {
	case STREAM_SEALED:
	case STREAM_BARE:
		write_fields(w, word, values, n);
		break;
	case STREAM_COLUMNS:
		write_columns(w, columns, values, n);
		break;
	case STREAM_JSON:
		write_json(w, word, columns, values, n);
		break;
	}
}

static void
put(struct stream_writer *w, const char *bytes, size_t len)
{
	hash_add(&w->hash, bytes, len);
	fwrite(bytes, 1, len, w->fp);
}

/* Write text with a TAB before each of its lines, a block at a time. */
static void
write_lines(struct stream_writer *w, const char *text, size_t len)
{
	char block[BLOCK];
	const char *lf;
	size_t have = 0, n;

	for (; len > 0; text += n, len -= n) {
		if (w->at_start)
			block[have++] = '\t';
		n = len < BLOCK - have ? len : BLOCK - have;
		lf = memchr(text, '\n', n);
		if (lf != NULL)
			n = (size_t)(lf - text) + 1;
		memcpy(block + have, text, n);
		have += n;
		w->at_start = lf != NULL;
		/* room for a TAB and a byte behind it */
		if (have > BLOCK - 2) {
			put(w, block, have);
			have = 0;
		}
	}
	put(w, block, have);
}

void
stream_text(struct stream_writer *w, const char *text, size_t len)
{
	if (w->broken || len == 0)
		return;
	switch (w->style) {
	case STREAM_SEALED:
		if (!w->in_text)
			w->at_start = true;
		write_lines(w, text, len);
		break;
	case STREAM_JSON:
		if (!w->in_text)
			fputs(",\"text\":\"", w->fp);
		text_json_part(w->fp, text, len);
		break;
	case STREAM_BARE:
	case STREAM_COLUMNS:
		return;
	}
	w->in_text = true;
}

void
stream_flush(struct stream_writer *w)
{
	close_record(w);
	fflush(w->fp);
}

int
stream_end(struct stream_writer *w, struct fault *f)
{
	char hex[HASH_HEX];
	int broken;

	if (w->mem != NULL) {
		close_record(w);
		if (w->style == STREAM_SEALED && !w->broken) {
			hash_hex(&w->hash, hex);
			fprintf(w->fp, "#end\t%zu\tsha256:%s\n", w->records,
			    hex);
		}
		fclose(w->mem);
		free(w->line);
		w->mem = NULL;
	}
	broken = w->broken;
	if (fflush(w->fp) == EOF || ferror(w->fp))
		return fault_errno(f, "cannot write the output");
	return broken ? fault_nomem(f) : 0;
}

int
stream_columns_check(const char *names, const struct stream_column *known,
    size_t n, struct fault *f)
{
	const char *list = names, *name;
	char *text = NULL;
	size_t i, len, text_len;
	FILE *mem;

	while (next_name(&list, &name, &len)) {
		if (find_column(known, n, name, len) != NULL)
			continue;
		mem = memfile_open(&text, &text_len);
		if (mem == NULL)
			return fault_nomem(f);
		for (i = 0; i < n; i++)
			fprintf(mem, "%s%s", i > 0 ? "," : "", known[i].name);
		if (fclose(mem) != 0)
			return fault_nomem(f);
		fault_set(f, EXIT_USAGE, "no column \"%.*s\"", (int)len, name);
		fault_hint(f, "the columns are %s", text);
		free(text);
		return -1;
	}
	if (*names == '\0')
		return fault_set(f, EXIT_USAGE, "no column named");
	return 0;
}
