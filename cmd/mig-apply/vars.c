/* The variables of mig-apply -v. */

#include "vars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "convention.h"
#include "memfile.h"
#include "text.h"

/* Shorter values would be found everywhere. */
#define SECRET_MIN 4

struct var {
	char *name;
	char *value;
};

struct vars {
	struct var *items;
	size_t n;
};

struct vars *
vars_new(void)
{
	return calloc(1, sizeof(struct vars));
}

void
vars_free(struct vars *vars)
{
	size_t i;

	if (vars == NULL)
		return;
	for (i = 0; i < vars->n; i++) {
		free(vars->items[i].name);
		if (vars->items[i].value != NULL)
			explicit_bzero(vars->items[i].value,
			    strlen(vars->items[i].value));
		free(vars->items[i].value);
	}
	free(vars->items);
	free(vars);
}

static int
add(struct vars *vars, const char *name, size_t len, const char *value,
    struct fault *f)
{
	struct var *items;

	/* a value that cannot be quoted would leave its reference behind */
	if (text_bad(value, strlen(value)) != strlen(value))
		return fault_set(f, EXIT_USAGE,
		    "the value of %.*s is not well-formed UTF-8", (int)len,
		    name);
	items = reallocarray(vars->items, vars->n + 1, sizeof(*items));
	if (items == NULL)
		return fault_nomem(f);
	vars->items = items;
	items[vars->n].name = strndup(name, len);
	items[vars->n].value = strdup(value);
	vars->n++;
	if (items[vars->n - 1].name == NULL || items[vars->n - 1].value == NULL)
		return fault_nomem(f);
	return 0;
}

/*
 * How many bytes of a text are a value, in which each byte of `doubled` stands
 * twice; 0: it does not begin with it.
 */
static size_t
match(const char *text, const char *value, const char *doubled)
{
	const char *s = text;

	for (; *value != '\0'; value++) {
		if (*s++ != *value)
			return 0;
		if (strchr(doubled, *value) != NULL && *s++ != *value)
			return 0;
	}
	return (size_t)(s - text);
}

/*
 * The given value that most of a text begins with, as it is or as it is quoted
 * in SQL, and how many bytes that are; or NULL.
 */
static const struct var *
begins_with(const struct vars *vars, const char *text, size_t *len)
{
	static const char *const doubled[] = { "", "'", "'\\", "\"" };
	const struct var *found = NULL;
	size_t i, k, n;

	*len = 0;
	for (i = 0; i < vars->n; i++) {
		if (strncmp(vars->items[i].name, "flyway:", 7) == 0 ||
		    strlen(vars->items[i].value) < SECRET_MIN)
			continue;
		for (k = 0; k < sizeof(doubled) / sizeof(doubled[0]); k++) {
			n = match(text, vars->items[i].value, doubled[k]);
			if (n <= *len)
				continue;
			found = &vars->items[i];
			*len = n;
		}
	}
	return found;
}

char *
vars_hide(const struct vars *vars, const char *text)
{
	const struct var *v;
	char *hidden;
	size_t len, n;
	FILE *fp;

	fp = memfile_open(&hidden, &len);
	if (fp == NULL)
		return NULL;
	while (*text != '\0') {
		v = begins_with(vars, text, &n);
		if (v == NULL) {
			fputc(*text++, fp);
			continue;
		}
		fprintf(fp, ":%s", v->name);
		text += n;
	}
	return fclose(fp) == 0 ? hidden : NULL;
}

int
vars_add(struct vars *vars, char *arg, struct fault *f)
{
	char *equals = strchr(arg, '=');
	const char *value;
	size_t len = equals == NULL ? strlen(arg) : (size_t)(equals - arg);

	if (len == 0)
		return fault_set(f, EXIT_USAGE,
		    "-v takes NAME=VALUE, or the "
		    "NAME of an environment variable");
	if (equals == NULL) {
		value = getenv(arg);
		if (value == NULL)
			return fault_set(f, EXIT_USAGE,
			    "-v %s: no such "
			    "environment variable",
			    arg);
		return add(vars, arg, len, value, f);
	}
	if (add(vars, arg, len, equals + 1, f) == -1)
		return -1;
	memset(equals + 1, '*', strlen(equals + 1));
	return 0;
}

int
vars_add_flyway(struct vars *vars, PGconn *conn, struct fault *f)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
#define ADD(name, value) add(vars, name, strlen(name), value, f)
	if (ADD("flyway:user", PQuser(conn)) == -1 ||
	    ADD("flyway:database", PQdb(conn)) == -1 ||
	    ADD("flyway:timestamp", stamp) == -1 ||
	    ADD("flyway:defaultSchema", "public") == -1 ||
	    ADD("flyway:table", "flyway_schema_history") == -1)
		return -1;
#undef ADD
	return 0;
}

static bool
name_is(const struct var *var, const char *name, size_t len, bool fold)
{
	if (strlen(var->name) != len)
		return false;
	return (fold ? strncasecmp(var->name, name, len) :
		       strncmp(var->name, name, len)) == 0;
}

/* The value of a variable, the last given first; NULL where there is none. */
static const char *
find(const struct vars *vars, const struct plan_step *step, const char *name,
    size_t len, bool fold)
{
	static const char filename[] = "flyway:filename";
	const char *slash;
	size_t i;

	for (i = vars->n; i > 0; i--)
		if (name_is(&vars->items[i - 1], name, len, fold))
			return vars->items[i - 1].value;
	if (fold && step != NULL && step->m.path != NULL &&
	    len == sizeof(filename) - 1 &&
	    strncasecmp(name, filename, len) == 0) {
		slash = strrchr(step->m.path, '/');
		return slash == NULL ? step->m.path : slash + 1;
	}
	return NULL;
}

/* Whether a text has `${name}`, where case does not count. */
static bool
has_placeholders(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].m.convention != NULL &&
		    (plan->steps[i].m.convention->lex_flags &
			LEX_PLACEHOLDERS) != 0)
			return true;
	return false;
}

int
vars_check(const struct vars *vars, const struct plan *plan, struct fault *f)
{
	const char *need;
	bool fold = has_placeholders(plan);
	char *missing;
	size_t i, len, n = 0;
	FILE *fp;

	fp = memfile_open(&missing, &len);
	if (fp == NULL)
		return fault_nomem(f);
	for (i = 0; i < plan->nneeds; i++) {
		need = plan->needs[i];
		if (find(vars, NULL, need, strlen(need), fold) == NULL)
			fprintf(fp, "%s%s", n++ > 0 ? ", " : "", need);
	}
	if (fclose(fp) != 0)
		return fault_nomem(f);
	if (n > 0) {
		fault_set(f, EXIT_USAGE, "the plan needs variable%s %s",
		    n > 1 ? "s" : "", missing);
		fault_hint(f,
		    "-v NAME=VALUE, or -v NAME with the value in "
		    "the environment");
	}
	free(missing);
	return n > 0 ? -1 : 0;
}

/*
 * What a reference becomes: owned, or NULL where it stays as it is.  Returns 0,
 * or -1 where it cannot be put in.
 */
static int
expand(const struct vars *vars, PGconn *conn, const struct plan_step *step,
    const struct lex_item *item, const struct lex_var *var, char **text)
{
	const char *value;
	char *quoted = NULL;

	*text = NULL;
	value = find(vars, step, item->text + var->name, var->name_len,
	    var->form == LEX_PLACEHOLDER);
	if (value == NULL)
		return 0;
	switch (var->form) {
	case LEX_PLAIN:
	case LEX_SUBSCRIPT:
	case LEX_PLACEHOLDER:
		*text = strdup(value);
		return *text == NULL ? -1 : 0;
	case LEX_LITERAL:
		quoted = PQescapeLiteral(conn, value, strlen(value));
		break;
	case LEX_IDENTIFIER:
		quoted = PQescapeIdentifier(conn, value, strlen(value));
		break;
	}
	if (quoted != NULL)
		*text = strdup(quoted);
	PQfreemem(quoted);
	return *text == NULL ? -1 : 0;
}

/* Write a statement with its variables put in. */
static int
put(const struct vars *vars, PGconn *conn, const struct plan_step *step,
    const struct lex_item *item, FILE *fp, struct fault *f)
{
	const struct lex_var *var;
	char *value;
	size_t i, at = 0;

	for (i = 0; i < item->nvars; i++) {
		var = &item->vars[i];
		if (expand(vars, conn, step, item, var, &value) == -1)
			return fault_nomem(f);
		if (value == NULL)
			continue;
		fwrite(item->text + at, 1, var->off - at, fp);
		fputs(value, fp);
		at = var->off + var->len;
		free(value);
	}
	fwrite(item->text + at, 1, item->len - at, fp);
	return 0;
}

int
vars_put(const struct vars *vars, PGconn *conn, const struct plan_step *step,
    const struct lex_item *item, struct vars_text *out, struct fault *f)
{
	FILE *fp;
	int result;

	out->text = item->text;
	out->len = item->len;
	out->owned = NULL;
	if (item->nvars == 0)
		return 0;
	fp = memfile_open(&out->owned, &out->len);
	if (fp == NULL)
		return fault_nomem(f);
	result = put(vars, conn, step, item, fp, f);
	if (fclose(fp) != 0)
		result = fault_nomem(f);
	if (result == -1) {
		vars_text_free(out);
		return -1;
	}
	out->text = out->owned;
	return 0;
}

void
vars_text_free(struct vars_text *text)
{
	if (text->owned != NULL)
		explicit_bzero(text->owned, text->len);
	free(text->owned);
	text->owned = NULL;
}

size_t
vars_origin(const struct vars *vars, PGconn *conn, const struct plan_step *step,
    const struct lex_item *item, size_t off)
{
	const struct lex_var *var;
	size_t i, len, sent = 0, at = 0;
	char *value;

	for (i = 0; i < item->nvars; i++) {
		var = &item->vars[i];
		if (expand(vars, conn, step, item, var, &value) == -1 ||
		    value == NULL)
			continue;
		len = strlen(value);
		free(value);
		if (off < sent + (var->off - at))
			break;
		sent += var->off - at;
		if (off < sent + len)
			return var->off;
		sent += len;
		at = var->off + var->len;
	}
	at += off - sent;
	return at > item->len ? item->len : at;
}
