/* What stands beside a migration's text and says how it is run. */

#include "sidecar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "directory_scan.h"

/* A line `key = value` of a file; the value without quotes. */
struct setting {
	const char *path;
	size_t line;
	const char *key, *value;
};

typedef int take_fn(struct sidecar *, const struct setting *, struct fault *);

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		s[--n] = '\0';
	return s;
}

static int
wrong(const struct setting *s, const char *what, struct fault *f)
{
	return fault_set(f, EXIT_STREAM, "%s:%zu: %s = %s: %s", s->path,
	    s->line, s->key, s->value, what);
}

static int
truth(const struct setting *s, bool *yes, struct fault *f)
{
	*yes = strcasecmp(s->value, "true") == 0;
	if (!*yes && strcasecmp(s->value, "false") != 0)
		return wrong(s, "neither true nor false", f);
	return 0;
}

static int
take_flyway(struct sidecar *x, const struct setting *s, struct fault *f)
{
	bool yes;

	if (strcmp(s->key, "executeInTransaction") == 0) {
		if (truth(s, &yes, f) == -1)
			return -1;
		x->mode = yes ? SIDECAR_TX : SIDECAR_NONE;
	} else if (strcmp(s->key, "placeholderReplacement") == 0) {
		if (truth(s, &yes, f) == -1)
			return -1;
		x->raw = !yes;
	} else if (strcmp(s->key, "encoding") == 0) {
		if (strcasecmp(s->value, "UTF-8") != 0 &&
		    strcasecmp(s->value, "UTF8") != 0 &&
		    strcasecmp(s->value, "US-ASCII") != 0)
			return wrong(s,
			    "only UTF-8 is read: convert the "
			    "migration and this line",
			    f);
	} else if (strcmp(s->key, "shouldExecute") == 0) {
		return wrong(s, "not supported: its condition is Flyway's", f);
	} else {
		x->unknown = true;
		snprintf(x->setting, sizeof(x->setting), "%s", s->key);
	}
	return 0;
}

static int
take_diesel(struct sidecar *x, const struct setting *s, struct fault *f)
{
	bool yes;

	if (strcmp(s->key, "run_in_transaction") != 0)
		return 0;
	if (truth(s, &yes, f) == -1)
		return -1;
	x->mode = yes ? SIDECAR_TX : SIDECAR_NONE;
	return 0;
}

/* Cut a line in place; false where it holds no setting. */
static bool
cut_line(char *line, struct setting *s)
{
	char *key = trim(line), *value;
	size_t n;

	if (*key == '\0' || strchr("#!;[", *key) != NULL)
		return false;
	value = strpbrk(key, "=:");
	if (value == NULL) {
		s->key = key;
		s->value = "";
		return true;
	}
	*value = '\0';
	value = trim(value + 1);
	s->key = trim(key);
	n = strcspn(value, "#");
	value[n] = '\0';
	s->value = trim(value);
	return true;
}

/* Read a file of settings.  Returns 1, 0 where there is no such file, or -1. */
static int
read_settings(struct sidecar *x, const char *path, take_fn *take,
    struct fault *f)
{
	struct setting s = { path, 0, NULL, NULL };
	char *line = NULL;
	size_t room = 0;
	int result = 1;
	FILE *fp;

	fp = fopen(path, "re");
	if (fp == NULL)
		return errno == ENOENT ? 0 : fault_errno(f, "%s", path);
	while (result == 1 && getline(&line, &room, fp) != -1) {
		s.line++;
		if (cut_line(line, &s) && take(x, &s, f) == -1)
			result = -1;
	}
	if (result == 1 && ferror(fp))
		result = fault_errno(f, "%s", path);
	free(line);
	fclose(fp);
	return result;
}

static int
read_conf(struct sidecar *x, const char *path, struct fault *f)
{
	char *conf;
	int result;

	if (asprintf(&conf, "%s.conf", path) == -1)
		return fault_nomem(f);
	result = read_settings(x, conf, take_flyway, f);
	free(conf);
	return result == -1 ? -1 : 0;
}

/*
 * diesel takes a metadata.toml without the key for run_in_transaction =
 * false: that is the default of the field, not of the tool.
 */
static int
read_metadata(struct sidecar *x, const char *path, struct fault *f)
{
	char *dir, *toml;
	int result;

	dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	toml = dir == NULL ? NULL : directory_join(dir, "metadata.toml");
	free(dir);
	if (toml == NULL)
		return fault_nomem(f);
	result = read_settings(x, toml, take_diesel, f);
	free(toml);
	if (result == 1 && x->mode == SIDECAR_SILENT)
		x->mode = SIDECAR_NONE;
	return result == -1 ? -1 : 0;
}

int
sidecar_read(struct sidecar *x, const struct convention *c, const char *path,
    struct fault *f)
{
	memset(x, 0, sizeof(*x));
	if (c->rules & RULE_CONF)
		return read_conf(x, path, f);
	if (c->rules & RULE_METADATA)
		return read_metadata(x, path, f);
	if (c->rules & RULE_NAME && strstr(path, ".autocommit.") != NULL)
		x->mode = SIDECAR_NONE;
	return 0;
}
