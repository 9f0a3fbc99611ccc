/*
 * Prints how SQL text falls apart, one item a line: as our lexer splits a file
 * (split file), or as a server's JSON log tells what a client sent
 * (split -l log database).  Lines are
 *
 *	S<TAB>statement		M<TAB>backslash command		B<TAB>what is open
 *	D<TAB>data of a COPY
 *
 * with \n, \t and \\ escaped.  Statements come without semicolon and, as psql
 * drops them, without empty lines; those that are empty do not come at all.
 */

#include "lexer.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Print up to `len` bytes of text escaped, blank lines left out. */
static void
put(const char *text, size_t len, bool squeeze)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\n') {
			if (!squeeze || i == 0 || text[i - 1] != '\n')
				fputs("\\n", stdout);
		} else if (text[i] == '\t')
			fputs("\\t", stdout);
		else if (text[i] == '\\')
			fputs("\\\\", stdout);
		else
			putchar(text[i]);
}

static void
put_line(char kind, const char *text, size_t len)
{
	printf("%c\t", kind);
	put(text, len, kind == 'S');
	putchar('\n');
}

static char *
read_file(const char *path, size_t *len)
{
	char *text = NULL;
	FILE *in;
	size_t n, size = 0;

	in = fopen(path, "r");
	if (in == NULL)
		err(1, "%s", path);
	*len = 0;
	do {
		if (size - *len < 65536) {
			size = 2 * size + 131072;
			text = realloc(text, size);
			if (text == NULL)
				err(1, "%s", path);
		}
		n = fread(text + *len, 1, 65536, in);
		*len += n;
	} while (n > 0);
	fclose(in);
	return text;
}

/*
 * Our side
 */

static void
split_file(const char *path)
{
	struct lex_item item;
	struct lexer *lx;
	enum lex_kind kind;
	size_t len;
	char *text;

	text = read_file(path, &len);
	lx = lex_new(0);
	if (lx == NULL || lex_feed(lx, text, len) == -1)
		err(1, "lexer");
	lex_finish(lx);
	while ((kind = lex_next(lx, &item)) != LEX_END) {
		if (kind != LEX_DATA_END)
			put_line(".SD?M?BX"[kind], item.text, item.len);
		if (kind == LEX_BAD || kind == LEX_NOMEM)
			break;
	}
	lex_free(lx);
	free(text);
}

/*
 * The server's side
 */

/* Read a string of JSON up to its closing quote. */
static char *
decode(const char *p, size_t *len)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	char *text, *to, hex[5] = "";
	const char *letter;

	to = text = calloc(strlen(p) + 1, 1);
	if (text == NULL)
		err(1, "decode");
	for (; *p != '"' && *p != '\0'; p++) {
		if (*p == '\\' && p[1] == 'u' && strlen(p) > 5) {
			memcpy(hex, p + 2, 4);
			*to++ = (char)strtoul(hex, NULL, 16);
			p += 5;
		} else if (*p == '\\' && *++p != '\0') {
			letter = strchr(letters, *p);
			*to++ = letter == NULL ? *p : bytes[letter - letters];
		} else
			*to++ = *p;
	}
	*to = '\0';
	*len = (size_t)(to - text);
	return text;
}

/*
 * A field of a line of the log, or NULL.  In a string of it quotes are
 * escaped, so no string looks like the beginning of a field.
 */
static char *
field(const char *line, const char *name, size_t *len)
{
	const char *p;
	char *key;

	if (asprintf(&key, ",\"%s\":\"", name) == -1)
		err(1, "field");
	p = strstr(line, key);
	*len = 0;
	if (p != NULL)
		p += strlen(key);
	free(key);
	return p == NULL ? NULL : decode(p, len);
}

static bool
field_is(const char *line, const char *name, const char *value)
{
	char *text;
	size_t len;
	bool is;

	text = field(line, name, &len);
	is = text != NULL && strcmp(text, value) == 0;
	free(text);
	return is;
}

/* Whether there is nothing but blank space, comments and semicolons. */
static bool
is_empty(const char *text)
{
	size_t depth = 0;

	for (; *text != '\0'; text++)
		if (strncmp(text, "/*", 2) == 0) {
			depth++;
			text++;
		} else if (depth > 0 && strncmp(text, "*/", 2) == 0) {
			depth--;
			text++;
		} else if (depth == 0 && strncmp(text, "--", 2) == 0)
			text += strcspn(text, "\n") - 1;
		else if (depth == 0 && strchr(" \t\n\r\f\v;", *text) == NULL)
			return false;
	return true;
}

/* Print a statement as psql sent it. */
static void
put_sent(const char *text, size_t len)
{
	if (is_empty(text))
		return;
	if (text[len - 1] == ';')
		len--;
	else
		while (strchr(" \t\n\r\f\v", text[len - 1]) != NULL)
			len--;
	put_line('S', text, len);
}

/* An error comes with its statement, and alone if that does not parse. */
static void
put_error(const char *line, const char *last)
{
	char *statement;
	size_t len = 0;

	statement = field(line, "statement", &len);
	if (statement != NULL && (last == NULL || strcmp(last, statement) != 0))
		put_sent(statement, len);
	free(statement);
}

static void
print_log(const char *path, const char *database)
{
	static const char prefix[] = "statement: ";
	char *line = NULL, *last = NULL, *message;
	size_t size = 0, len, n = sizeof(prefix) - 1;
	FILE *in;

	in = fopen(path, "r");
	if (in == NULL)
		err(1, "%s", path);
	while (getline(&line, &size, in) != -1) {
		if (!field_is(line, "dbname", database) ||
		    !field_is(line, "backend_type", "client backend"))
			continue;
		message = field(line, "message", &len);
		if (message != NULL &&
		    field_is(line, "error_severity", "LOG") &&
		    strncmp(message, prefix, n) == 0) {
			free(last);
			last = strdup(message + n);
			put_sent(message + n, len - n);
		} else if (!field_is(line, "error_severity", "LOG")) {
			put_error(line, last);
			free(last);
			last = NULL;
		}
		free(message);
	}
	free(last);
	free(line);
	fclose(in);
}

int
main(int argc, char *argv[])
{
	const char *log = NULL;
	int ch;

	while ((ch = getopt(argc, argv, "l:")) != -1)
		switch (ch) {
		case 'l':
			log = optarg;
			break;
		default:
			return 2;
		}
	if (argc - optind != 1)
		errx(2, "usage: split file | split -l log database");
	if (log == NULL)
		split_file(argv[optind]);
	else
		print_log(log, argv[optind]);
	if (fflush(stdout) != 0 || ferror(stdout))
		err(1, "stdout");
	return 0;
}
