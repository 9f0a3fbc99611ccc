/*
 * Fuzz target of streams and fields.  The first byte says which kind is wanted,
 * whether bare records are taken, and whether the rest is to be sealed here, as
 * no fuzzer finds a digest.  What is read to its end is written
 * again and must be the same bytes, as everything has one spelling; and any
 * bytes at all survive being escaped and unescaped.
 */

#include "stream.h"

#include "fuzz.h"
#include "text.h"

static void
check_field(const char *s, size_t len)
{
	size_t n, field_len;
	char *field;
	FILE *fp;

	if (len == 0)
		return;
	fp = open_memstream(&field, &field_len);
	text_escape(fp, s, len);
	fclose(fp);
	require(text_bad(field, field_len) == field_len);
	require(text_unescape(field, &n) == 0);
	require(n == len && memcmp(field, s, len) == 0);
	free(field);
}

static void
write_again(struct stream_writer *w, const struct stream_item *item)
{
	struct stream_column *columns;
	size_t i;

	columns = calloc(item->nfields, sizeof(*columns));
	for (i = 0; i < item->nfields; i++)
		columns[i].name = "x";
	stream_record(w, item->word, columns, (const char *const *)item->fields,
	    item->nfields);
	free(columns);
}

/* Read it all; with a writer, write what was read. */
static int
read_all(const char *s, size_t len, const char *kind, bool bare,
    struct stream_writer *w)
{
	struct fault f = FAULT_INIT;
	struct stream_reader *r;
	struct stream_item item;
	enum stream_event event = STREAM_FAULT;
	char *copy;
	FILE *fp;

	copy = malloc(len + 1);
	memcpy(copy, s, len);
	fp = fmemopen(copy, len, "r");
	r = stream_open(fp, "in", kind, bare, &f);
	if (r != NULL) {
		while ((event = stream_next(r, &item, &f)) == STREAM_META ||
		    event == STREAM_RECORD || event == STREAM_TEXT) {
			if (w == NULL)
				continue;
			if (event == STREAM_META && item.nfields == 1)
				stream_meta(w, item.word, item.fields[0]);
			else if (event == STREAM_META)
				w = NULL;
			else if (event == STREAM_RECORD)
				write_again(w, &item);
			else
				stream_text(w, item.text, item.len);
		}
	}
	require((event == STREAM_FAULT) == (f.text != NULL));
	fault_free(&f);
	stream_close(r);
	fclose(fp);
	free(copy);
	return event == STREAM_END && (w != NULL);
}

static void
check_stream(const char *s, size_t len, const char *kind, bool bare)
{
	struct fault f = FAULT_INIT;
	struct stream_writer w;
	size_t out_len;
	bool same, sealed = strncmp(s, "#mig\t", 5) == 0;
	char *out;
	FILE *fp;

	read_all(s, len, kind, bare, NULL);
	fp = open_memstream(&out, &out_len);
	stream_begin(&w, fp, kind, sealed ? STREAM_SEALED : STREAM_BARE, NULL);
	same = read_all(s, len, kind, bare, &w);
	require(stream_end(&w, &f) == 0);
	fclose(fp);
	/* bare records lose their text, and that alone */
	if (same && sealed)
		require(out_len == len && memcmp(out, s, len) == 0);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = { "list", "plan", "report",
		"status" };
	const char *kind;
	size_t len;
	char *text;

	if (size < 2)
		return 0;
	kind = kinds[data[0] % 4];
	check_field((const char *)data + 1, size - 1);
	if (data[0] & 8)
		text = fuzz_seal(kind, (const char *)data + 1, size - 1, &len);
	else {
		text = fuzz_string(data + 1, size - 1);
		len = strlen(text);
	}
	if (len > 0)
		check_stream(text, len, kind, data[0] & 4);
	free(text);
	return 0;
}
