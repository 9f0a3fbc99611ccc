/* Tables for a person at a terminal, by libsmartcols. */

#include "table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "memfile.h"
#include "text.h"

/* A narrow terminal loses columns, but not these. */
#define COLUMNS_KEPT 4

/* So much of a column that may be cut should be seen, and of any other. */
#define CUT_WIDTH 16
#define LONG_WIDTH 24

struct column {
	size_t width; /* of its widest text */
	bool cut;
};

struct table {
	struct libscols_table *table;
	struct libscols_line *last;
	struct column *columns;
	size_t n;
	locale_t utf8; /* what libsmartcols measures text by */
};

static const char *const escapes[] = { [TABLE_PLAIN] = "\033[0m",
	[TABLE_GOOD] = "\033[32m",
	[TABLE_WAIT] = "\033[33m",
	[TABLE_BAD] = "\033[31m",
	[TABLE_FAINT] = "\033[2m" };

const char *
table_escape(enum table_colour colour)
{
	return escapes[colour];
}

bool
table_wanted(FILE *fp)
{
	return isatty(fileno(fp)) == 1;
}

bool
table_coloured(FILE *fp)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return table_wanted(fp) && (no == NULL || *no == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

/* Columns are measured in UTF-8, whatever the user's locale. */
static locale_t
enter(const struct table *t)
{
	return uselocale(t->utf8 == (locale_t)0 ? LC_GLOBAL_LOCALE : t->utf8);
}

/* Note how wide a column gets; the locale is that of enter(). */
static void
measure(struct column *column, const char *text)
{
	wchar_t wide;
	size_t n, width = 0;
	int w;

	for (; *text != '\0'; text += n) {
		n = (size_t)mbtowc(&wide, text, strlen(text));
		if (n == (size_t)-1)
			n = 1;
		w = wcwidth(wide);
		width += w < 0 ? 1 : (size_t)w;
	}
	if (width > column->width)
		column->width = width;
}

static int
add_columns(struct table *t, const struct table_column *columns)
{
	size_t i;
	int flags;

	t->columns = calloc(t->n, sizeof(*t->columns));
	if (t->columns == NULL)
		return -1;
	for (i = 0; i < t->n; i++) {
		t->columns[i].cut = columns[i].cut;
		measure(&t->columns[i], columns[i].title);
		flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
		    (columns[i].cut ? SCOLS_FL_TRUNC : 0);
		if (scols_table_new_column(t->table, columns[i].title, 0,
			flags) == NULL)
			return -1;
	}
	return 0;
}

struct table *
table_new(FILE *fp, const struct table_column *columns, size_t n)
{
	struct table *t;
	bool nomem;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->n = n;
	errno = 0;
	t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	nomem = t->utf8 == (locale_t)0 && errno == ENOMEM;
	t->table = scols_new_table();
	if (nomem || t->table == NULL || add_columns(t, columns) == -1 ||
	    scols_table_set_stream(t->table, fp) != 0 ||
	    scols_table_set_column_separator(t->table, "  ") != 0) {
		table_free(t);
		return NULL;
	}
	scols_table_enable_colors(t->table, table_coloured(fp));
	return t;
}

/* A copy that no terminal acts on, on one line. */
static char *
shown(const char *value)
{
	char *text;
	size_t i, len;
	FILE *mem;

	mem = memfile_open(&text, &len);
	if (mem == NULL)
		return NULL;
	text_show(mem, value, strlen(value));
	if (fclose(mem) != 0)
		return NULL;
	for (i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	return text;
}

static int
set_cell(struct table *t, size_t i, const char *value)
{
	char *text;

	text = shown(value == NULL ? "" : value);
	if (text == NULL)
		return -1;
	if (scols_line_refer_data(t->last, i, text) != 0) {
		free(text);
		return -1;
	}
	measure(&t->columns[i], text);
	return 0;
}

int
table_row(struct table *t, const char *const *values, enum table_colour colour)
{
	locale_t before = enter(t);
	size_t i;
	int result = 0;

	t->last = scols_table_new_line(t->table, NULL);
	if (t->last == NULL)
		result = -1;
	for (i = 0; result == 0 && i < t->n; i++)
		result = set_cell(t, i, values[i]);
	if (result == 0 && colour != TABLE_PLAIN &&
	    scols_line_set_color(t->last, escapes[colour]) != 0)
		result = -1;
	uselocale(before);
	return result;
}

int
table_cell(struct table *t, size_t column, enum table_colour colour)
{
	struct libscols_cell *cell;

	cell = scols_line_get_cell(t->last, column);
	return scols_cell_set_color(cell, escapes[colour]) == 0 ? 0 : -1;
}

static size_t
needed(const struct column *c)
{
	size_t most = c->cut ? CUT_WIDTH : LONG_WIDTH;

	return 2 + (c->width > most ? most : c->width);
}

/* Let columns that are long and were not to be cut be cut all the same. */
static void
cut_long(struct table *t)
{
	struct libscols_column *column;
	size_t i;

	for (i = 0; i < t->n; i++) {
		column = scols_table_get_column(t->table, i);
		if (!t->columns[i].cut && t->columns[i].width > LONG_WIDTH)
			scols_column_set_flags(column, SCOLS_FL_TRUNC);
	}
}

/* Hide columns from the right until the rows fit the terminal. */
static void
hide_columns(struct table *t)
{
	struct libscols_column *column;
	size_t i, total = 0, whole = 0;

	for (i = 0; i < t->n; i++) {
		total += needed(&t->columns[i]);
		whole += 2 +
		    (t->columns[i].cut ? needed(&t->columns[i]) - 2 :
					 t->columns[i].width);
	}
	if (whole > scols_table_get_termwidth(t->table) + 2)
		cut_long(t);
	for (i = t->n; i > COLUMNS_KEPT &&
	     total > scols_table_get_termwidth(t->table) + 2;
	     i--) {
		if (t->columns[i - 1].cut)
			continue;
		column = scols_table_get_column(t->table, i - 1);
		scols_column_set_flags(column, SCOLS_FL_HIDDEN);
		total -= needed(&t->columns[i - 1]);
	}
}

int
table_print(struct table *t, struct fault *f)
{
	locale_t before;
	bool nomem;
	int result;

	if (scols_table_is_empty(t->table))
		return 0;
	before = enter(t);
	hide_columns(t);
	/* without memory it may leave cells empty and say that all is well */
	errno = 0;
	result = scols_print_table(t->table);
	nomem = errno == ENOMEM;
	uselocale(before);
	if (nomem)
		return fault_nomem(f);
	return result == 0 ?
	    0 :
	    fault_set(f, EXIT_STREAM, "cannot write the output");
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	scols_unref_table(t->table);
	free(t->columns);
	if (t->utf8 != (locale_t)0)
		freelocale(t->utf8);
	free(t);
}
