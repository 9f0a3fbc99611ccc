/*
 * Fuzz target of the lexer.  The first byte gives the flags, the next two the
 * place of a cut.  However the text is cut, the items are the same, lie inside
 * of what was fed and account for no more than that.
 */

#include "lexer.h"

#include "fuzz.h"
#include "statement.h"

static void
check_inside(const struct lex_item *item, size_t off, size_t len)
{
	require(off <= item->len && len <= item->len - off);
}

static void
check_statement(const struct lex_item *item)
{
	enum lex_form form;
	size_t i, off, len, end = 0;

	require(item->len > 0 && item->nwords <= LEX_WORDS);
	for (i = 0; i < item->nwords; i++) {
		check_inside(item, item->words[i].off, item->words[i].len);
		require(item->words[i].off >= end && item->words[i].len > 0);
		end = item->words[i].off + item->words[i].len;
	}
	for (end = i = 0; i < item->nvars; i++) {
		form = item->vars[i].form;
		check_inside(item, item->vars[i].off, item->vars[i].len);
		require(item->vars[i].off >= end);
		end = item->vars[i].off + item->vars[i].len;
		require(item->vars[i].name > item->vars[i].off);
		require(item->vars[i].name_len > 0);
		require(item->vars[i].name + item->vars[i].name_len <= end);
		require(form <= LEX_PLACEHOLDER);
	}
	require(!statement_controls_transaction(STATEMENT_OTHER));
	(void)statement_kind(item);
	(void)statement_not_in_transaction(item);
	(void)statement_keeps_session(item);
	(void)statement_session(item);
	(void)statement_sets_transaction(item);
	(void)statement_is_plain(item);
	(void)statement_alters_extension(item);
	if (statement_table(item, &off, &len))
		check_inside(item, off, len);
	if (statement_builds_index(item, &off, &len))
		check_inside(item, off, len);
}

static void
write_item(FILE *out, enum lex_kind kind, const struct lex_item *item)
{
	size_t i;

	fprintf(out, "%d %zu:%zu %d%d%d ", (int)kind, item->line, item->col,
	    item->joined, item->semicolon, item->copy_in);
	fwrite(item->text, 1, item->len, out);
	for (i = 0; kind == LEX_STATEMENT && i < item->nwords; i++)
		fprintf(out, "(%zu %zu %u %d %d)", item->words[i].off,
		    item->words[i].len, item->words[i].depth,
		    item->words[i].quoted, item->words[i].first);
	for (i = 0; kind == LEX_STATEMENT && i < item->nvars; i++)
		fprintf(out, "{%d %zu %zu %zu %zu}", (int)item->vars[i].form,
		    item->vars[i].off, item->vars[i].len, item->vars[i].name,
		    item->vars[i].name_len);
	fputc('\n', out);
}

/* Take all items that are there; pieces of data become one. */
static bool
drain(struct lexer *lx, FILE *out, size_t *bytes, bool *in_data)
{
	struct lex_item item;
	enum lex_kind kind;

	for (;;) {
		kind = lex_next(lx, &item);
		if (kind == LEX_MORE)
			return true;
		require(kind != LEX_NOMEM);
		if (kind != LEX_BAD)
			*bytes += item.len;
		if (kind == LEX_STATEMENT) {
			require(item.text[item.len] == '\0');
			check_statement(&item);
		}
		if (kind == LEX_DATA && *in_data) {
			fseek(out, -1, SEEK_CUR);
			fwrite(item.text, 1, item.len, out);
			fputc('\n', out);
		} else
			write_item(out, kind, &item);
		*in_data = kind == LEX_DATA;
		if (kind == LEX_END || kind == LEX_BAD)
			return false;
	}
}

static void
feed(struct lexer *lx, const uint8_t *data, size_t len)
{
	char *copy;

	copy = malloc(len + (len == 0));
	require(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	require(lex_feed(lx, copy, len) == 0);
	free(copy);
}

/* The items, fed in pieces of at most `first`, then `step` bytes. */
static char *
lexed(unsigned flags, const uint8_t *data, size_t len, size_t first,
    size_t step, size_t *size)
{
	bool in_data = false;
	size_t bytes = 0, i, n = first;
	struct lexer *lx;
	char *text;
	FILE *out;

	lx = lex_new(flags);
	out = open_memstream(&text, size);
	require(lx != NULL && out != NULL);
	for (i = 0; i < len; i += n, n = step) {
		if (n > len - i)
			n = len - i;
		feed(lx, data + i, n);
		require(drain(lx, out, &bytes, &in_data));
	}
	lex_finish(lx);
	require(!drain(lx, out, &bytes, &in_data));
	require(bytes <= len);
	lex_free(lx);
	fclose(out);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t cut, whole_size, cut_size;
	unsigned flags;
	char *whole, *other;

	if (len < 3)
		return 0;
	flags = data[0] &
	    (LEX_BREAKS | LEX_PLACEHOLDERS | LEX_BACKSLASH_QUOTES);
	cut = (size_t)data[1] | (size_t)data[2] << 8;
	data += 3;
	len -= 3;
	cut = len == 0 ? 1 : cut % len + 1;
	whole = lexed(flags, data, len, len, len, &whole_size);
	other = lexed(flags, data, len, cut, len, &cut_size);
	require(
	    whole_size == cut_size && memcmp(whole, other, whole_size) == 0);
	free(other);
	if (len < 512) {
		other = lexed(flags, data, len, 1, 1, &cut_size);
		require(whole_size == cut_size &&
		    memcmp(whole, other, whole_size) == 0);
		free(other);
	}
	free(whole);
	return 0;
}
