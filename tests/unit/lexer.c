/* Unit tests of the lexer: every case whole and cut everywhere, the same. */

#include "lexer.h"
#include "unit.h"

#include <err.h>
#include <stdlib.h>

struct run {
	FILE *out;
	char *text;
	size_t len;
	bool in_data;
};

static void
put(FILE *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\n')
			fputs("\\n", out);
		else if (text[i] == '\0')
			fputs("\\0", out);
		else
			fputc(text[i], out);
}

/* Everything in the item, for the comparison of cuttings. */
static void
put_statement(FILE *out, const struct lex_item *item, bool full)
{
	const struct lex_word *w;
	const struct lex_var *v;
	size_t i;

	put(out, item->text, item->len);
	fprintf(out, "%s%s%s", item->semicolon ? ";" : "",
	    item->joined ? "J" : "", item->copy_in ? "C" : "");
	if (!full)
		return;
	for (i = 0; i < item->nwords; i++) {
		w = &item->words[i];
		fprintf(out, "(%zu %zu %u %d %d)", w->off, w->len, w->depth,
		    w->quoted, w->first);
	}
	for (i = 0; i < item->nvars; i++) {
		v = &item->vars[i];
		fprintf(out, "{%d %zu %zu %zu %zu}", v->form, v->off, v->len,
		    v->name, v->name_len);
	}
}

/* Take all that is there.  Returns false when there will be nothing more. */
static bool
drain(struct lexer *lx, struct run *run, bool full)
{
	struct lex_item item;
	enum lex_kind kind;

	for (;;) {
		kind = lex_next(lx, &item);
		if (kind == LEX_MORE)
			return true;
		if (kind == LEX_DATA && run->in_data) {
			put(run->out, item.text, item.len);
			continue;
		}
		fprintf(run->out, "%s%c", ftell(run->out) > 0 ? "|" : "",
		    "?SDEM.BX"[kind]);
		run->in_data = kind == LEX_DATA;
		if (full && kind != LEX_END)
			fprintf(run->out, "%zu:%zu ", item.line, item.col);
		if (kind == LEX_STATEMENT) {
			CHECK_INT(item.text[item.len], '\0');
			put_statement(run->out, &item, full);
		}
		if (kind != LEX_STATEMENT && kind != LEX_END)
			put(run->out, item.text, item.len);
		if (kind == LEX_END || kind == LEX_BAD || kind == LEX_NOMEM)
			return false;
	}
}

/*
 * The items of a text as one line, fed in two pieces cut at `cut`, or byte by
 * byte if that is behind the end.
 */
static char *
lexed(const char *text, size_t len, unsigned flags, size_t cut, bool full)
{
	struct run run = { 0 };
	struct lexer *lx;
	size_t i, n;
	char *piece;

	run.out = open_memstream(&run.text, &run.len);
	lx = lex_new(flags);
	if (run.out == NULL || lx == NULL)
		err(1, "lexed");
	for (i = 0; i < len; i += n) {
		n = cut > len ? 1 : i < cut ? cut - i : len - i;
		piece = malloc(n);
		if (piece == NULL)
			err(1, "lexed");
		memcpy(piece, text + i, n);
		if (lex_feed(lx, piece, n) == -1)
			err(1, "lex_feed");
		free(piece);
		CHECK(drain(lx, &run, full));
	}
	lex_finish(lx);
	CHECK(!drain(lx, &run, full));
	lex_free(lx);
	fclose(run.out);
	return run.text;
}

static void
check_len(const char *text, size_t len, unsigned flags, const char *expected,
    int line)
{
	char *whole, *other;
	size_t cut;

	other = lexed(text, len, flags, len, false);
	if (!unit_str(other, expected, __FILE__, line, text))
		printf("\ttext     %s\n", text);
	free(other);
	whole = lexed(text, len, flags, len, true);
	for (cut = 1; cut <= len + 1; cut++) {
		other = lexed(text, len, flags, cut, true);
		if (!unit_str(other, whole, __FILE__, line, text))
			printf("\tcut at %zu of %zu\n", cut, len);
		free(other);
	}
	free(whole);
}

struct row {
	int line;
	unsigned flags;
	const char *text, *expected;
};

#define ROW(text, expected) \
	{ \
		__LINE__, 0, (text), (expected) \
	}
#define ROWF(flags, text, expected) \
	{ \
		__LINE__, (flags), (text), (expected) \
	}

static const struct row statements[] = {
	ROW("", "."),
	ROW(" \t\n-- only a comment\n", "."),
	ROW("-- no line feed", "."),
	ROW(";;; ;\n;", "."),
	ROW("/* a */ ; /* b */", "."),
	ROW("select 1; select 2", "Sselect 1;|Sselect 2|."),
	ROW("select 1 ;\n\n  select 2  \n", "Sselect 1 ;|Sselect 2|."),
	ROW("-- a\n/* b */ -- c\nselect 1;", "S/* b */ -- c\\nselect 1;|."),
	ROW("select 1 -- a; b\n;", "Sselect 1 -- a; b\\n;|."),
	ROW("select 1 -- a; b", "Sselect 1 -- a; b|."),
	ROW("a --b\rc;d;", "Sa --b\rc;|Sd;|."),
	ROW("a\rb;\r;\rc\r;", "Sa\rb;|Sc\r;|."),
	ROW("select (1;2);3", "Sselect (1;2);|S3|."),
	ROW("create rule r as on insert to t do (a; b);c;",
	    "Screate rule r as on insert to t do (a; b);|Sc;|."),
	ROW("a);b;", "Sa);|Sb;|."),
	ROW("a[1;b;", "Sa[1;|Sb;|."),
	ROW("\xc3\xa4;\xe2\x82\xac;", "S\xc3\xa4;|S\xe2\x82\xac;|."),
};

static const struct row quotes[] = {
	ROW("'a;b''c;d';e;", "S'a;b''c;d';|Se;|."),
	ROW("'';'a'", "S'';|S'a'|."),
	ROW("'a\\';b;", "S'a\\';|Sb;|."),
	ROW("E'a\\';b';c;", "SE'a\\';b';|Sc;|."),
	ROW("e'a\\\\';b;", "Se'a\\\\';|Sb;|."),
	ROW("E'a''b\\';c';d;", "SE'a''b\\';c';|Sd;|."),
	ROW("E'a\\\n';b;", "SE'a\\\\n';|Sb;|."),
	ROW("be'a\\';c;", "Sbe'a\\';|Sc;|."),
	ROW("_e'a\\';c;", "S_e'a\\';|Sc;|."),
	ROW("N'a\\';b;", "SN'a\\';|Sb;|."),
	ROW("B'0;1';X'f;';b;", "SB'0;1';|SX'f;';|Sb;|."),
	ROW("U&'a;\\';b;", "SU&'a;\\';|Sb;|."),
	ROW("U&\"a;\"\"b\";c;", "SU&\"a;\"\"b\";|Sc;|."),
	ROW("u&b;u & 'c;'", "Su&b;|Su & 'c;'|."),
	ROW("u&", "Su&|."),
	ROW("\"a;b\"\"c\";d;", "S\"a;b\"\"c\";|Sd;|."),
	ROW("\"a\\\";d;", "S\"a\\\";|Sd;|."),
	/* psql sees no continuation behind a line feed, so no E here. */
	ROW("E'a'\n'b\\';c;", "SE'a'\\n'b\\';|Sc;|."),
	ROW("a 'b", "Bunterminated quoted string"),
	ROW("a E'b\\'", "Bunterminated quoted string"),
	ROW("a E'b\\", "Bunterminated quoted string"),
	ROW("a \"b", "Bunterminated quoted identifier"),
	ROW("a 'b''", "Bunterminated quoted string"),
	ROWF(LEX_BACKSLASH_QUOTES, "'a\\';b';c;", "S'a\\';b';|Sc;|."),
	ROWF(LEX_BACKSLASH_QUOTES, "U&'a\\';c;", "SU&'a\\';|Sc;|."),
	ROWF(LEX_BACKSLASH_QUOTES, "B'0''a\\';b';c;", "SB'0''a\\';b';|Sc;|."),
	ROWF(LEX_BACKSLASH_QUOTES, "B'a\\';c;", "SB'a\\';|Sc;|."),
	ROWF(LEX_BACKSLASH_QUOTES, "\"a\\\";c;", "S\"a\\\";|Sc;|."),
};

static const struct row dollars[] = {
	ROW("$$a;b$$;c;", "S$$a;b$$;|Sc;|."),
	ROW("$x$a;$$;$y$;$x$;c;", "S$x$a;$$;$y$;$x$;|Sc;|."),
	ROW("$x$a$x;$x$;c;", "S$x$a$x;$x$;|Sc;|."),
	ROW("$x$a$y$x$;c;", "S$x$a$y$x$;|Sc;|."),
	ROW("$x$a$x$x$;c;", "S$x$a$x$x$;|Sc;|."),
	ROW("$$a$x$$;c;", "S$$a$x$$;|Sc;|."),
	ROW("$xx$ $x$ $xx $xx$;c;", "S$xx$ $x$ $xx $xx$;|Sc;|."),
	ROW("a$$;b$$;c;", "Sa$$;|Sb$$;|Sc;|."),
	ROW("1$$;b$$;c;", "S1$$;b$$;|Sc;|."),
	ROW("$1$$;b$$;c;", "S$1$$;b$$;|Sc;|."),
	ROW("$1;$2;", "S$1;|S$2;|."),
	ROW("$a;b$;", "S$a;|Sb$;|."),
	ROW("$;$", "S$;|S$|."),
	ROW("$\xc3\xa4$;$\xc3\xa4$;c;", "S$\xc3\xa4$;$\xc3\xa4$;|Sc;|."),
	ROW("$a-b$;$a-b$;", "S$a-b$;|S$a-b$;|."),
	ROW("$$abc", "Bunterminated dollar-quoted string"),
	ROW("$a$abc$a", "Bunterminated dollar-quoted string"),
	ROW("$a$abc$", "Bunterminated dollar-quoted string"),
};

static const struct row comments[] = {
	ROW("a /* ; /* ; */ ; */;b;", "Sa /* ; /* ; */ ; */;|Sb;|."),
	ROW("a /*/;*/;b;", "Sa /*/;*/;|Sb;|."),
	ROW("a /***/;b;", "Sa /***/;|Sb;|."),
	ROW("a /* *//*;*/;b;", "Sa /* *//*;*/;|Sb;|."),
	ROW("a /* /**/ ; */;b;", "Sa /* /**/ ; */;|Sb;|."),
	ROW("a +/* ; */;b;", "Sa +/* ; */;|Sb;|."),
	ROW("a */* ; */;b;", "Sa */* ; */;|Sb;|."),
	ROW("a @-- ;\n;b;", "Sa @-- ;\\n;|Sb;|."),
	ROW("a --- ;\n;b;", "Sa --- ;\\n;|Sb;|."),
	ROW("a /-- ;\n;b;", "Sa /-- ;\\n;|Sb;|."),
	ROW("a - -1;b/c;", "Sa - -1;|Sb/c;|."),
	ROW("a -- '\n;b;", "Sa -- '\\n;|Sb;|."),
	ROW("a /* ' \" $$ */;b;", "Sa /* ' \" $$ */;|Sb;|."),
	ROW("'/*';b; '--';", "S'/*';|Sb;|S'--';|."),
	ROW("a /* b", "Bunterminated /* comment"),
	ROW("a /* /* */ b *", "Bunterminated /* comment"),
	ROW("/* b", "Bunterminated /* comment"),
	ROW("a-", "Sa-|."),
	ROW("a/", "Sa/|."),
};

static const struct row bodies[] = {
	ROW("create function f() begin atomic a; b; end;c;",
	    "Screate function f() begin atomic a; b; end;|Sc;|."),
	ROW("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC "
	    "SELECT CASE WHEN a THEN b END; c; END; d;",
	    "SCREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC "
	    "SELECT CASE WHEN a THEN b END; c; END;|Sd;|."),
	ROW("create function f() begin atomic select (case a end); b; end; c;",
	    "Screate function f() begin atomic select (case a end); b; end;"
	    "|Sc;|."),
	ROW("create function f() return case a end;c;",
	    "Screate function f() return case a end;|Sc;|."),
	ROW("create function case() as $$ $$;c;",
	    "Screate function case() as $$ $$;|Sc;|."),
	ROW("create function f(begin int) return 1;c;",
	    "Screate function f(begin int) return 1;|Sc;|."),
	ROW("create table begin (a int);c;",
	    "Screate table begin (a int);|Sc;|."),
	ROW("begin;a;end;", "Sbegin;|Sa;|Send;|."),
	ROW("create function f() as $$ begin ; $$;c;",
	    "Screate function f() as $$ begin ; $$;|Sc;|."),
	ROW("create \\; function f() begin;c;",
	    "Screate ; function f() begin;J|Sc;|."),
	ROW("create function f() begin atomic a;",
	    "BBEGIN without END in a function's body"),
	ROW("select (1;", "Bunclosed parenthesis"),
};

static const struct row commands[] = {
	ROW("\\echo a; b\nc;", "M\\echo a; b|Sc;|."),
	ROW("  \\q", "M\\q|."),
	ROW("\\", "M\\|."),
	ROW("a\n\\echo b\nc;d;", "M\\echo b|Sa\\nc;|Sd;|."),
	ROW("a \\echo b\nc;d;", "M\\echo b|Sa \\nc;|Sd;|."),
	ROW("a\\gset\n b;", "M\\gset|Sa\\n b;|."),
	ROW("a;\\echo b;\nc", "Sa;|M\\echo b;|Sc|."),
	ROW("a\n \\x\n \\y\n:b \\z\n'c';",
	    "M\\x|M\\y|M\\z|"
	    "Sa\\n \\n \\n:b \\n'c';|."),
	ROW("/* a */\n\\x\nb;", "M\\x|S/* a */\\nb;|."),
	ROW("a \\; b \\; c;d;", "Sa ; b ; c;J|Sd;|."),
	ROW("\\;;a;", "Sa;|."),
	ROW("a\\:b;", "Sa:b;|."),
	ROW("'\\';\"\\\";$$\\$$;", "S'\\';|S\"\\\";|S$$\\$$;|."),
	ROW("-- \\x\n/* \\x */a;", "S/* \\x */a;|."),
	ROW("(a\\x\nb);", "M\\x|S(a\\nb);|."),
};

static const struct row copies[] = {
	ROW("copy t from stdin;\n1\t;'\n\\.\na;",
	    "Scopy t from stdin;C|D1\t;'\\n|E|Sa;|."),
	ROW("COPY t FROM STDIN;\n\\.\n", "SCOPY t FROM STDIN;C|E|."),
	ROW("COPY t FROM STDIN;", "SCOPY t FROM STDIN;C|E|."),
	ROW("COPY t FROM STDIN", "SCOPY t FROM STDINC|E|."),
	ROW("copy t from stdin;\na", "Scopy t from stdin;C|Da|E|."),
	ROW("copy t from stdin;\na\n\\.", "Scopy t from stdin;C|Da\\n|E|."),
	ROW("copy t from stdin;\na\\.\n\\.b\n\\\n \\.\n\\.\rx\n\\.\r\nc;",
	    "Scopy t from stdin;C|Da\\.\\n\\.b\\n\\\\n \\.\\n\\.\rx\\n|E|"
	    "Sc;|."),
	ROW("copy t from stdin;\n\\..\n\\.\n",
	    "Scopy t from stdin;C|D\\..\\n|E|."),
	ROW("copy t (a, \"from\", to_) from stdin with (format csv);\na\n\\.\n",
	    "Scopy t (a, \"from\", to_) from stdin with (format csv);C|Da\\n"
	    "|E|."),
	ROW("copy binary s.t from stdin;\n\\.\na;",
	    "Scopy binary s.t from stdin;C|E|Sa;|."),
	ROW("copy t from stdin; b; c\n1\n\\.\n d;e;",
	    "Scopy t from stdin;C|D1\\n|E|Sb;|Sc\\n d;|Se;|."),
	ROW("copy t from stdin;copy u from stdin;\n1\n\\.\n2\n\\.\na;",
	    "Scopy t from stdin;C|D1\\n|E|Scopy u from stdin;C|D2\\n|E|Sa;|."),
	ROW("copy t from stdin\\; copy u from stdin;\n1\n\\.\n2\n\\.\na;",
	    "Scopy t from stdin; copy u from stdin;JC|D1\\n|E|D2\\n|E|Sa;|."),
	ROW("copy t from stdin; b", "Scopy t from stdin;C|E|Sb|."),
	ROW("copy t from stdin -- x\n;-- y;\n1\n\\.\n",
	    "Scopy t from stdin -- x\\n;C|D1\\n|E|."),
	ROW("copy t from stdout;\n1\n\\.\n", "Scopy t from stdout;C|D1\\n|E|."),
	ROW("copy t from \"stdin\";a;", "Scopy t from \"stdin\";|Sa;|."),
	ROW("copy t from 'stdin';a;", "Scopy t from 'stdin';|Sa;|."),
	ROW("copy t from 'f' stdin;a;", "Scopy t from 'f' stdin;|Sa;|."),
	ROW("copy t from program 'stdin';a;",
	    "Scopy t from program 'stdin';|Sa;|."),
	ROW("copy t to stdin;a;", "Scopy t to stdin;|Sa;|."),
	ROW("copy (select 1 from stdin) to stdout;a;",
	    "Scopy (select 1 from stdin) to stdout;|Sa;|."),
	ROW("1 copy t from stdin;a;", "S1 copy t from stdin;|Sa;|."),
	ROW("a copy t from stdin;b;", "Sa copy t from stdin;|Sb;|."),
};

static const struct row breaks[] = {
	ROWF(LEX_BREAKS, "a\n-- +goose StatementEnd\nb;", "Sa|Sb;|."),
	ROWF(LEX_BREAKS, "a b\n  --+goose StatementEnd \nb\n", "Sa b|Sb|."),
	ROWF(LEX_BREAKS, "a;\n-- +goose StatementEnd\nb;", "Sa;|Sb;|."),
	ROWF(LEX_BREAKS, "a -- +goose StatementEnd\nb;",
	    "Sa -- +goose StatementEnd\\nb;|."),
	ROWF(LEX_BREAKS, "a\n-- +migrate StatementEnd", "Sa|."),
	ROWF(LEX_BREAKS, "a\n--> statement-breakpoint\nb", "Sa|Sb|."),
	ROWF(LEX_BREAKS, "a --> statement-breakpoint\nb", "Sa|Sb|."),
	ROWF(LEX_BREAKS, "a;--> statement-breakpoint\nb", "Sa;|Sb|."),
	ROWF(LEX_BREAKS, "$$\n--> statement-breakpoint\n$$",
	    "S$$\\n--> statement-breakpoint\\n$$|."),
	ROWF(LEX_BREAKS, "'\n-- +goose StatementEnd\n'",
	    "S'\\n-- +goose StatementEnd\\n'|."),
	ROWF(LEX_BREAKS, "/* a */\n-- +goose StatementEnd\nb;", "Sb;|."),
	ROWF(LEX_BREAKS, "(a\n-- +goose StatementEnd\nb;", "S(a|Sb;|."),
	ROWF(LEX_BREAKS, "a\n-- +goose StatementBegin\nb;",
	    "Sa\\n-- +goose StatementBegin\\nb;|."),
	ROW("a\n-- +goose StatementEnd\nb;",
	    "Sa\\n-- +goose StatementEnd\\nb;|."),
};

static const struct row settings[] = {
	ROW("set standard_conforming_strings to off;\n'a\\';b';c;",
	    "Sset standard_conforming_strings to off;|S'a\\';b';|Sc;|."),
	ROW("set standard_conforming_strings = 'off'; 'a\\';\n'b\\';c';",
	    "Sset standard_conforming_strings = 'off';|S'a\\';|S'b\\';c';|."),
	ROW("SET SESSION standard_conforming_strings=0;\n'\\';';\n"
	    "reset standard_conforming_strings;\n'\\';a;",
	    "SSET SESSION standard_conforming_strings=0;|S'\\';';|"
	    "Sreset standard_conforming_strings;|S'\\';|Sa;|."),
	ROW("set local standard_conforming_strings = no;\n'\\';';\n"
	    "commit;\n'\\';a;",
	    "Sset local standard_conforming_strings = no;|S'\\';';|Scommit;|"
	    "S'\\';|Sa;|."),
	ROWF(LEX_BACKSLASH_QUOTES,
	    "set standard_conforming_strings = on;\n'\\';a;",
	    "Sset standard_conforming_strings = on;|S'\\';|Sa;|."),
	ROW("set search_path = off;\n'a\\';b;",
	    "Sset search_path = off;|S'a\\';|Sb;|."),
	ROWF(LEX_BACKSLASH_QUOTES,
	    "set standard_conforming_strings to true;\n'\\';a;",
	    "Sset standard_conforming_strings to true;|S'\\';|Sa;|."),
	ROWF(LEX_BACKSLASH_QUOTES,
	    "set standard_conforming_strings = Yes;\n'\\';a;",
	    "Sset standard_conforming_strings = Yes;|S'\\';|Sa;|."),
	ROWF(LEX_BACKSLASH_QUOTES,
	    "set standard_conforming_strings = '1';\n'\\';a;",
	    "Sset standard_conforming_strings = '1';|S'\\';|Sa;|."),
	ROW("set standard_conforming_strings = false;\n'\\';';\n"
	    "set standard_conforming_strings = default;\n'\\';a;",
	    "Sset standard_conforming_strings = false;|S'\\';';|"
	    "Sset standard_conforming_strings = default;|S'\\';|Sa;|."),
	ROW("set standard_conforming_strings = off;\n'\\';';\n"
	    "discard all;\n'\\';a;",
	    "Sset standard_conforming_strings = off;|S'\\';';|"
	    "Sdiscard all;|S'\\';|Sa;|."),
	/* what the server will refuse changes nothing */
	ROW("set standard_conforming_strings = x;\n'\\';a;",
	    "Sset standard_conforming_strings = x;|S'\\';|Sa;|."),
	ROW("set standard_conforming_strings;\n'\\';a;",
	    "Sset standard_conforming_strings;|S'\\';|Sa;|."),
};

#define ROWS(table) check_rows(table, sizeof(table) / sizeof((table)[0]))

static void
check_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_len(rows[i].text, strlen(rows[i].text), rows[i].flags,
		    rows[i].expected, rows[i].line);
}

static void
check_full(int line, unsigned flags, const char *text, const char *expected)
{
	char *s;

	s = lexed(text, strlen(text), flags, strlen(text), true);
	unit_str(s, expected, __FILE__, line, text);
	free(s);
	s = lexed(text, strlen(text), flags, strlen(text), false);
	check_len(text, strlen(text), flags, s, line);
	free(s);
}

/* Words as (off len depth quoted first), variables as {form off len name n}. */
static void
check_details(void)
{
	check_full(__LINE__, 0, "ab (c \"d\") 1.5e3 $2",
	    "S1:1 ab (c \"d\") 1.5e3 $2"
	    "(0 2 0 0 1)(4 1 1 0 0)(6 3 1 1 0)(11 5 0 0 0)|.");
	check_full(__LINE__, 0, "a\\;b", "S1:1 a;bJ(0 1 0 0 1)(2 1 0 0 1)|.");
	check_full(__LINE__, 0, "U&\"a\" E'b' N'c'",
	    "S1:1 U&\"a\" E'b' N'c'(0 5 0 1 1)(11 1 0 0 0)|.");
	check_full(__LINE__, 0, ":a :'b' :\"c\" x[:d] ::e := :f1",
	    "S1:1 :a :'b' :\"c\" x[:d] ::e := :f1"
	    "(13 1 0 0 1)(21 1 0 0 0)"
	    "{0 0 2 1 1}{1 3 4 5 1}{2 8 4 10 1}{3 15 2 16 1}{0 26 3 27 2}|.");
	check_full(__LINE__, 0, ":'a b' :\"\" :- ':c' \":d\" /*:e*/ $$:f$$\\:g",
	    "S1:1 :'a b' :\"\" :- ':c' \":d\" /*:e*/ $$:f$$:g"
	    "(8 2 0 1 1)(19 4 0 1 0)(38 1 0 0 0)|.");
	check_full(__LINE__, LEX_PLACEHOLDERS,
	    "a_${b}_c '${d.e}' $$${f:g}$$ "
	    "/*${h}*/ :i ${}${j",
	    "S1:1 a_${b}_c '${d.e}' $$${f:g}$$ /*${h}*/ :i ${}${j"
	    "(0 2 0 0 1)(6 2 0 0 0)(46 1 0 0 0)"
	    "{4 2 4 4 1}{4 10 6 12 3}{4 20 6 22 3}{4 31 4 33 1}"
	    "{0 38 2 39 1}|.");
	check_full(__LINE__, 0, "${a}", "S1:1 ${a}(2 1 0 0 1)|.");
	check_full(__LINE__, 0, "a \\x\n:b;",
	    "M1:3 \\x|S1:1 a \\n:b;"
	    "(0 1 0 0 1){0 3 2 4 1}|.");
}

static void
check_places(void)
{
	check_full(__LINE__, 0, "\n -- x\n  a;\xc3\xa4\xc3\xb6;b;\n;\n\tc",
	    "S3:3 a;(0 1 0 0 1)|S3:5 \xc3\xa4\xc3\xb6;(0 4 0 0 1)|"
	    "S3:8 b;(0 1 0 0 1)|S5:2 c(0 1 0 0 1)|.");
	check_full(__LINE__, 0, "copy t from stdin; b; c\n1\n2\n\\.\nd;e;",
	    "S1:1 copy t from stdin;C(0 4 0 0 1)(5 1 0 0 0)(7 4 0 0 0)"
	    "(12 5 0 0 0)|D2:1 1\\n2\\n|E4:1 |S1:20 b;(0 1 0 0 1)|"
	    "S1:23 c\\nd;(0 1 0 0 1)(2 1 0 0 0)|S5:3 e;(0 1 0 0 1)|.");
	check_full(__LINE__, 0, "a\n'b", "B2:1 unterminated quoted string");
	check_full(__LINE__, 0, "a\n E'b", "B2:2 unterminated quoted string");
	check_full(__LINE__, 0, "a\n$x$b",
	    "B2:1 unterminated dollar-quoted string");
	check_full(__LINE__, 0, "a (\n(b)", "B1:3 unclosed parenthesis");
	check_full(__LINE__, 0, "/*\n/*", "B1:1 unterminated /* comment");
	check_full(__LINE__, 0, "a\n\\x\n\\y\n(\n",
	    "M2:1 \\x|M3:1 \\y|"
	    "B4:1 unclosed parenthesis");
}

/* A NUL is a byte like another. */
static void
check_nul(void)
{
	static const char text[] =
	    "a\0;'\0;';$\0$;\0b;--\0\n/*\0*/c;\\\0\n:\0;";

	check_len(text, sizeof(text) - 1, 0,
	    "Sa\\0;|S'\\0;';|S$\\0$;|S\\0b;|S/*\\0*/c;|M\\\\0|S:\\0;|.",
	    __LINE__);
}

static void
check_many_words(void)
{
	struct lex_item item;
	struct lexer *lx;
	int i;

	lx = lex_new(0);
	CHECK(lx != NULL);
	for (i = 0; i < 100; i++)
		CHECK_INT(lex_feed(lx, "word :v ", 8), 0);
	CHECK_INT(lex_feed(lx, NULL, 0), 0);
	CHECK_INT(lex_next(lx, &item), LEX_MORE);
	lex_finish(lx);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(item.nwords, LEX_WORDS);
	CHECK_INT(item.nvars, 100);
	CHECK_INT(item.vars[99].off, 99 * 8 + 5);
	CHECK(lex_is(&item, 0, "WORD"));
	CHECK(!lex_is(&item, 0, "WOR"));
	CHECK(!lex_is(&item, 0, "WORDS"));
	CHECK(!lex_is(&item, LEX_WORDS, "WORD"));
	CHECK_INT(lex_next(lx, &item), LEX_END);
	CHECK_INT(lex_next(lx, &item), LEX_END);
	lex_free(lx);
	lex_free(NULL);
}

/* The buffer moves under all kinds of tokens, and no line is lost. */
static void
check_moves(size_t size, size_t blanks)
{
	static const char one[] =
	    "select $t_1$ a body with a ; in it $t_1$, "
	    "E';', :v, \"w\" /* ; */\n;\n-- a comment, dropped\n";
	const size_t text = strlen(strstr(one, ";\n--"));
	static char many[1000 * (sizeof(one) - 1)];
	size_t len = sizeof(one) - 1, fed = 0, count = 0, wrong = 0;
	struct lex_item item;
	enum lex_kind kind;
	struct lexer *lx;

	for (fed = 0; fed < sizeof(many); fed += len)
		memcpy(many + fed, one, len);
	lx = lex_new(0);
	CHECK(lx != NULL);
	for (fed = 0; fed < blanks; fed++)
		wrong += lex_feed(lx, " ", 1) != 0;
	for (fed = 0; fed < sizeof(many); fed += size) {
		if (size > sizeof(many) - fed)
			size = sizeof(many) - fed;
		wrong += lex_feed(lx, many + fed, size) != 0;
		while ((kind = lex_next(lx, &item)) == LEX_STATEMENT) {
			wrong += item.line != 3 * count++ + 1 ||
			    item.col != 1 + (count == 1) * blanks;
			wrong += item.len != len - text || item.nwords != 2 ||
			    memcmp(item.text, one, len - text) != 0 ||
			    item.nvars != 1 || item.vars[0].name_len != 1;
		}
		wrong += kind != LEX_MORE;
	}
	CHECK_INT(count, 1000);
	CHECK_INT(wrong, 0);
	lex_free(lx);
}

/* The tag that a long body is to end with moves with the buffer. */
static void
check_tag_moves(void)
{
	struct lex_item item;
	struct lexer *lx;
	int i;

	lx = lex_new(0);
	CHECK(lx != NULL);
	CHECK_INT(lex_feed(lx, "select 1;\nselect $t_1$", 22), 0);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(lex_next(lx, &item), LEX_MORE);
	for (i = 0; i < 1000; i++)
		CHECK_INT(lex_feed(lx, "a body ;$", 9), 0);
	CHECK_INT(lex_next(lx, &item), LEX_MORE);
	CHECK_INT(lex_feed(lx, "$t_1$;", 6), 0);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(item.len, 12 + 9000 + 5);
	lex_free(lx);
}

/*
 * What follows a COPY in its line waits until the data are over; by then the
 * buffer may have moved, and there is no room left before them.
 */
static void
check_held(size_t rows)
{
	static char held[10000];
	struct lex_item item;
	struct lexer *lx;
	size_t i;
	int bad = 0;

	memset(held, 'a', sizeof(held));
	lx = lex_new(0);
	CHECK(lx != NULL);
	CHECK_INT(lex_feed(lx, "copy t from stdin; ", 19), 0);
	CHECK_INT(lex_feed(lx, held, sizeof(held)), 0);
	CHECK_INT(lex_feed(lx, ";\n", 2), 0);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	for (i = 0; i < rows; i++) {
		bad |= lex_feed(lx, "a row of ten\n", 13);
		bad |= lex_next(lx, &item) != LEX_DATA;
		bad |= item.len != 13 || item.line != i + 2;
		bad |= lex_next(lx, &item) != LEX_MORE;
	}
	CHECK(!bad);
	CHECK_INT(lex_feed(lx, "\\.\nb;", 5), 0);
	CHECK_INT(lex_next(lx, &item), LEX_DATA_END);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(item.len, sizeof(held));
	CHECK(memcmp(item.text, held, sizeof(held)) == 0);
	CHECK_INT(item.line, 1);
	CHECK_INT(item.col, 20);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(item.len, 1);
	CHECK_INT(item.line, rows + 3);
	lex_free(lx);
}

/* One statement of 16 MB in pieces: quadratic work would take minutes. */
static void
check_long(const char *open, const char *piece, const char *close)
{
	size_t total = 0, len = strlen(piece);
	struct lex_item item;
	struct lexer *lx;
	int bad = 0;

	lx = lex_new(LEX_BREAKS | LEX_PLACEHOLDERS);
	CHECK(lx != NULL);
	CHECK_INT(lex_feed(lx, open, strlen(open)), 0);
	for (; total < 16 << 20; total += len) {
		bad |= lex_feed(lx, piece, len);
		bad |= lex_next(lx, &item) != LEX_MORE;
	}
	CHECK(!bad);
	CHECK_INT(lex_feed(lx, close, strlen(close)), 0);
	CHECK_INT(lex_next(lx, &item), LEX_STATEMENT);
	CHECK_INT(item.len, strlen(open) + total + strlen(close) - 1);
	lex_free(lx);
}

int
main(void)
{
	size_t blanks, rows;

	ROWS(statements);
	ROWS(quotes);
	ROWS(dollars);
	ROWS(comments);
	ROWS(bodies);
	ROWS(commands);
	ROWS(copies);
	ROWS(breaks);
	ROWS(settings);
	check_details();
	check_places();
	check_nul();
	check_many_words();
	for (blanks = 0; blanks < 100; blanks += 7) {
		check_moves(1, blanks);
		check_moves(97, blanks);
		check_moves(4097, blanks);
	}
	check_tag_moves();
	for (rows = 0; rows < 3000; rows += 60)
		check_held(rows);
	check_long("select '", "0123456789abcde\n", "';");
	check_long("select $a$", "$b$a $b$ $", "$a$;");
	check_long("select a", "aaaaaaaaaaaaaaaa", ";");
	check_long("select /*", "/* * / */ /*x*/", "*/ 1;");
	check_long("select (", "1, :a, ${b}, [2] -- c\n", "0);");
	return unit_done("lexer");
}
