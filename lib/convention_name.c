/* Taking apart the names of migration files and folders. */

#include <string.h>
#include <strings.h>

#include "convention.h"

/* Text at hand: part of a file name, not NUL-terminated. */
struct span {
	const char *s;
	size_t len;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
at(const struct span *p, size_t i)
{
	return i < p->len ? p->s[i] : '\0';
}

static size_t
digits(const struct span *p, size_t i)
{
	size_t n = 0;

	while (is_digit(at(p, i + n)))
		n++;
	return n;
}

/* Take `word` off the end, whatever its case. */
static bool
chop(struct span *p, const char *word)
{
	size_t n = strlen(word);

	if (p->len < n || strncasecmp(p->s + p->len - n, word, n) != 0)
		return false;
	p->len -= n;
	return true;
}

/* Whether a group of digits ends at `i`: the version may be continued. */
static bool
is_join(char c)
{
	return c == '\0' || c == '_' || c == '.' || c == '-';
}

/*
 * Groups of digits, each behind a character of `joins`, from `i` on; returns
 * where they end.  A group that goes on as text ("2fa") is none.
 */
static size_t
groups(const struct span *p, size_t i, const char *joins)
{
	size_t n;

	while (at(p, i) != '\0' && strchr(joins, at(p, i)) != NULL) {
		n = digits(p, i + 1);
		if (n == 0 || !is_join(at(p, i + 1 + n)))
			break;
		i += 1 + n;
	}
	return i;
}

/* "T113100Z" behind a date, perhaps with dashes in it. */
static size_t
time_of_day(const struct span *p, size_t i)
{
	size_t n;

	if (at(p, i) != 'T' || digits(p, i + 1) < 2)
		return i;
	n = i + 1 + digits(p, i + 1);
	while ((at(p, n) == '-' || at(p, n) == ':') && digits(p, n + 1) == 2)
		n += 3;
	if (at(p, n) == 'Z')
		n++;
	return is_join(at(p, n)) ? n : i;
}

/* "2016-12-01", and what follows of it: "-123456", "-22-00-47", "-0000". */
static size_t
date(const struct span *p, size_t i)
{
	char join[2] = { at(p, i + 4), '\0' };
	size_t end;

	if (digits(p, i) != 4 || (at(p, i) != '1' && at(p, i) != '2') ||
	    join[0] == '\0' || strchr("-_.", join[0]) == NULL ||
	    digits(p, i + 5) != 2 || at(p, i + 7) != join[0] ||
	    digits(p, i + 8) != 2)
		return 0;
	end = time_of_day(p, i + 10);
	return end > i + 10 ? end : groups(p, i + 10, join);
}

/* "-pr1059", "-rc1" behind "1.5.2", as in semver. */
static size_t
prerelease(const struct span *p, size_t i)
{
	size_t n = i + 1;

	if (at(p, i) != '-')
		return i;
	while (is_letter(at(p, n)))
		n++;
	if (n == i + 1 || digits(p, n) == 0)
		return i;
	n += digits(p, n);
	return is_join(at(p, n)) ? n : i;
}

/* Where a plain version that begins at `i` ends; 0: there is none. */
static size_t
plain_version(const struct span *p, size_t i, bool letter)
{
	size_t n = digits(p, i), end;

	if (n == 0)
		return 0;
	if ((end = date(p, i)) > 0)
		return end;
	end = time_of_day(p, i + n);
	if (end > i + n)
		return end;
	end = groups(p, i + n, letter ? "._" : ".");
	if (end == p->len || groups(p, i + n, "._-") == p->len)
		return p->len;
	return end > i + n ? prerelease(p, end) : end;
}

static size_t
skip_joins(const struct span *p, size_t i)
{
	while (at(p, i) != '\0' && strchr("_.-# ", at(p, i)) != NULL)
		i++;
	return i;
}

static void
set_name(struct convention_name *x, size_t from, size_t to)
{
	x->name = from;
	x->name_len = to - from;
}

/* The direction as an infix before ".sql"; false: there must be one. */
static bool
direction(const struct convention *c, struct span *p, struct convention_name *x)
{
	if (c->up == NULL)
		return true;
	if (chop(p, c->down)) {
		x->down = true;
		return true;
	}
	return chop(p, c->up) || c->single;
}

static bool
match_plain(const struct convention *c, struct span *p,
    struct convention_name *x)
{
	size_t end, next;

	if (!chop(p, ".sql") || !direction(c, p, x))
		return false;
	x->version = (at(p, 0) == 'V' || at(p, 0) == 'v') && is_digit(at(p, 1));
	end = plain_version(p, x->version, x->version == 1);
	if (end == 0)
		return false;
	next = skip_joins(p, end);
	if (next == end && end < p->len)
		return false;
	x->version_len = end - x->version;
	set_name(x, next, p->len);
	return true;
}

/* Where the first "__" stands, or the end. */
static size_t
flyway_split(const struct span *p)
{
	size_t i;

	for (i = 0; i + 1 < p->len; i++)
		if (p->s[i] == '_' && p->s[i + 1] == '_')
			return i;
	return p->len;
}

/*
 * Callbacks are the events' names, of which each version of Flyway knows
 * more: beforeMigrate, afterEachMigrateError, createSchema.
 */
static bool
is_callback(const struct span *p, size_t end)
{
	size_t i;

	if (end == 12 && strncmp(p->s, "createSchema", 12) == 0)
		return true;
	if (end > 6 && strncmp(p->s, "before", 6) == 0)
		i = 6;
	else if (end > 5 && strncmp(p->s, "after", 5) == 0)
		i = 5;
	else
		return false;
	if (p->s[i] < 'A' || p->s[i] > 'Z')
		return false;
	while (i < end && is_letter(p->s[i]))
		i++;
	return i == end;
}

static bool
flyway_version(const struct span *p, size_t end)
{
	size_t i, n;

	for (i = 1; i < end; i += n + 1) {
		n = digits(p, i);
		if (n == 0)
			return false;
		if (i + n == end)
			return true;
		if (p->s[i + n] != '.' && p->s[i + n] != '_')
			return false;
	}
	return false;
}

static bool
match_flyway(struct span *p, struct convention_name *x)
{
	size_t end, rest;

	if (!chop(p, ".sql"))
		return false;
	end = flyway_split(p);
	rest = end == p->len ? end : end + 2;
	if (is_callback(p, end)) {
		x->kind = KIND_CALLBACK;
		set_name(x, 0, p->len);
		return true;
	}
	if (at(p, 0) == 'R' && end == 1 && rest < p->len) {
		x->kind = KIND_REPEATABLE;
		set_name(x, rest, p->len);
		return true;
	}
	if (at(p, 0) == '\0' || strchr("VUB", at(p, 0)) == NULL ||
	    !flyway_version(p, end))
		return false;
	x->kind = at(p, 0) == 'B' ? KIND_BASELINE : KIND_VERSIONED;
	x->down = at(p, 0) == 'U';
	x->version = 1;
	x->version_len = end - 1;
	set_name(x, rest, p->len);
	return true;
}

/* "001.do.name.sql": the direction comes before the name. */
static bool
match_do(const struct convention *c, struct span *p, struct convention_name *x)
{
	size_t n = digits(p, 0), k;

	if (n == 0 || !chop(p, ".sql"))
		return false;
	x->down = strncasecmp(p->s + n, c->down, strlen(c->down)) == 0;
	if (!x->down && strncasecmp(p->s + n, c->up, strlen(c->up)) != 0)
		return false;
	k = n + strlen(x->down ? c->down : c->up);
	if (k > p->len || (k < p->len && p->s[k] != '.'))
		return false;
	x->version_len = n;
	set_name(x, k < p->len ? k + 1 : k, p->len);
	return true;
}

/* Length of an integer of 64 bits, with its sign. */
static size_t
integer_len(const struct span *p, size_t i)
{
	static const char max[] = "9223372036854775807";
	size_t from = i, n;

	if (at(p, i) == '-' || at(p, i) == '+')
		i++;
	n = digits(p, i);
	if (n == 0)
		return 0;
	while (n > 1 && at(p, i) == '0') {
		i++;
		n--;
	}
	if (n > sizeof(max) - 1 ||
	    (n == sizeof(max) - 1 && memcmp(p->s + i, max, n) > 0))
		return 0;
	return i + n - from;
}

/* Length of the version at `i` in a shape that is not plain. */
static size_t
version_len(const struct convention *c, const struct span *p, size_t i)
{
	size_t n;

	if (c->shape == SHAPE_INTEGER)
		return integer_len(p, i);
	n = digits(p, i);
	if (c->shape == SHAPE_DECIMAL && n > 0 && at(p, i + n) == '.' &&
	    digits(p, i + n + 1) > 0)
		n += digits(p, i + n + 1) + 1;
	return n;
}

/* Length of the separator behind the version; false: it is missing. */
static bool
separated(const struct convention *c, const struct span *p, size_t i,
    size_t *len)
{
	*len = 0;
	if (i == p->len)
		return c->nameless;
	if (strcmp(c->separator, "__") == 0) {
		*len = 2;
		return at(p, i) == '_' && at(p, i + 1) == '_';
	}
	if (c->separator[0] == '\0') {
		*len = at(p, i) == '_' || at(p, i) == '-';
		return true;
	}
	*len = 1;
	return strchr(c->separator, at(p, i)) != NULL;
}

/*
 * A version of any text: up to the first separator; without a separator of
 * its own, digits, or all of a name that has none in front.
 */
static size_t
any_len(const struct convention *c, const struct span *p)
{
	const char *end;
	size_t n = digits(p, 0);

	if (c->separator[0] == '\0' || c->folder_down == NULL) {
		if (n > 0 &&
		    (n == p->len || c->separator[0] == '\0' ||
			at(p, n) == c->separator[0]))
			return n;
		return p->len;
	}
	end = memchr(p->s, c->separator[0], p->len);
	return end == NULL ? p->len : (size_t)(end - p->s);
}

bool
convention_is_code(const char *file)
{
	static const char *const code[] = { ".go", ".js", ".mjs", ".cjs", ".ts",
		".py", ".rs", ".rb", ".java", ".kt", ".scala", ".cs", ".php",
		".sh", ".pl", ".fizz" };
	struct span p = { file, strlen(file) };
	size_t i;

	for (i = 0; i < sizeof(code) / sizeof(code[0]); i++)
		if (chop(&p, code[i]))
			return true;
	return false;
}

/*
 * ".up.sql" and, for golang-migrate, whatever else follows the direction that
 * may be SQL.
 */
static bool
chop_suffix(const struct convention *c, struct span *p,
    struct convention_name *x)
{
	size_t i;

	if (c->folder_up != NULL)
		return true;
	if (c->single || c->rules & RULE_NAME)
		return chop(p, ".sql") && direction(c, p, x);
	if (convention_is_code(p->s))
		return false;
	for (i = p->len; i-- > 0;) {
		if (p->s[i] != '.')
			continue;
		p->len = i;
		if (direction(c, p, x))
			return true;
	}
	return false;
}

/* pop: "name[.dialect][.autocommit]"; other databases' files are not ours. */
static bool
chop_dialect(struct span *p, struct convention_name *x)
{
	const char *dot;

	x->autocommit = chop(p, ".autocommit");
	if (chop(p, ".postgres") || chop(p, ".postgresql"))
		x->dialect = true;
	dot = memchr(p->s, '.', p->len);
	return dot == NULL;
}

static bool
match_row(const struct convention *c, struct span *p, struct convention_name *x)
{
	size_t i = 0, n, sep;

	if (!chop_suffix(c, p, x))
		return false;
	if (c->rules & RULE_NAME && !chop_dialect(p, x))
		return false;
	if (c->letters != NULL) {
		if (at(p, 0) == '\0' || strchr(c->letters, at(p, 0)) == NULL)
			return false;
		i = 1;
	}
	n = c->shape == SHAPE_ANY ? any_len(c, p) : version_len(c, p, i);
	if (n == 0 || !separated(c, p, i + n, &sep))
		return false;
	x->version = i;
	x->version_len = n;
	set_name(x, i + n + sep, p->len);
	return true;
}

bool
convention_match(const struct convention *c, const char *file,
    struct convention_name *x)
{
	struct span p = { file, strlen(file) };

	memset(x, 0, sizeof(*x));
	x->kind = KIND_VERSIONED;
	switch (c->shape) {
	case SHAPE_PLAIN:
		return match_plain(c, &p, x);
	case SHAPE_FLYWAY:
		return match_flyway(&p, x);
	case SHAPE_DO:
		return match_do(c, &p, x);
	case SHAPE_INTEGER:
	case SHAPE_DIGITS:
	case SHAPE_DECIMAL:
	case SHAPE_ANY:
		return match_row(c, &p, x);
	}
	return false;
}
