/* Shows how two texts differ, by diff(1). */

#include "diff.h"

#include <sys/wait.h>

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"
#include "text.h"

/* Where the three files stand in the child. */
#define BEFORE_FD 3
#define AFTER_FD 4

/* A temporary file without a name that holds `text`, or NULL with a fault. */
static FILE *
file_of(const char *text, struct fault *f)
{
	FILE *fp;

	fp = tmpfile();
	if (fp == NULL) {
		fault_errno(f, "temporary file");
		return NULL;
	}
	if (fputs(text, fp) == EOF || fflush(fp) == EOF) {
		fault_errno(f, "temporary file");
		fclose(fp);
		return NULL;
	}
	rewind(fp);
	return fp;
}

/*
 * The child's descriptors.  Through a number that none of them has, so that
 * none is overwritten before it was copied.
 */
static int
set_files(posix_spawn_file_actions_t *actions, FILE *const files[3])
{
	static const int place[3] = { BEFORE_FD, AFTER_FD, STDOUT_FILENO };
	int high = 10, i;

	for (i = 0; i < 3; i++)
		if (fileno(files[i]) >= high)
			high = fileno(files[i]) + 1;
	for (i = 0; i < 3; i++)
		if (posix_spawn_file_actions_adddup2(actions, fileno(files[i]),
			high + i) != 0)
			return -1;
	for (i = 0; i < 3; i++)
		if (posix_spawn_file_actions_adddup2(actions, high + i,
			place[i]) != 0 ||
		    posix_spawn_file_actions_addclose(actions, high + i) != 0)
			return -1;
	return 0;
}

static int
spawn(pid_t *pid, char *const argv[], FILE *const files[3], struct fault *f)
{
	posix_spawn_file_actions_t actions;
	int error;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return fault_nomem(f);
	error = set_files(&actions, files) == -1 ?
	    ENOMEM :
	    posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error == 0)
		return 0;
	errno = error;
	return fault_errno(f, "diff");
}

/* Returns 0 where diff(1) did its work: 1 says that the texts differ. */
static int
run(char *const argv[], FILE *const files[3], struct fault *f)
{
	pid_t pid = -1;
	int status = 0;

	if (spawn(&pid, argv, files, f) == -1)
		return -1;
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return fault_errno(f, "diff");
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return fault_set(f, EXIT_STREAM, "diff(1) failed");
	return 0;
}

static enum table_colour
colour_of(const char *line)
{
	switch (*line) {
	case '+':
		return TABLE_GOOD;
	case '-':
		return TABLE_BAD;
	case '@':
		return TABLE_FAINT;
	default:
		return TABLE_PLAIN;
	}
}

static void
show(FILE *fp, FILE *from)
{
	bool coloured = table_coloured(fp);
	enum table_colour colour;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, from)) > 0) {
		if (line[len - 1] == '\n')
			len--;
		colour = coloured ? colour_of(line) : TABLE_PLAIN;
		if (colour != TABLE_PLAIN)
			fputs(table_escape(colour), fp);
		text_show(fp, line, (size_t)len);
		if (colour != TABLE_PLAIN)
			fputs(table_escape(TABLE_PLAIN), fp);
		fputc('\n', fp);
	}
	free(line);
}

static int
compare(FILE *fp, char *old_label, char *new_label, FILE *const files[3],
    struct fault *f)
{
	char name[] = "diff", unified[] = "-u";
	char old[] = "/dev/fd/3", new[] = "/dev/fd/4";
	char *argv[] = { name, unified, old_label, new_label, old, new, NULL };

	if (run(argv, files, f) == -1)
		return -1;
	rewind(files[2]);
	show(fp, files[2]);
	return 0;
}

static int
with_labels(FILE *fp, const char *before, const char *after,
    FILE *const files[3], struct fault *f)
{
	char *old, *new;
	int result;

	if (asprintf(&old, "--label=%s", before) == -1)
		return fault_nomem(f);
	if (asprintf(&new, "--label=%s", after) == -1) {
		free(old);
		return fault_nomem(f);
	}
	result = compare(fp, old, new, files, f);
	free(old);
	free(new);
	return result;
}

int
diff_show(FILE *fp, const struct diff_side *before,
    const struct diff_side *after, struct fault *f)
{
	FILE *files[3] = { NULL, NULL, NULL };
	int i, result = -1;

	if ((files[0] = file_of(before->text, f)) != NULL &&
	    (files[1] = file_of(after->text, f)) != NULL &&
	    (files[2] = file_of("", f)) != NULL)
		result = with_labels(fp, before->label, after->label, files, f);
	for (i = 0; i < 3; i++)
		if (files[i] != NULL)
			fclose(files[i]);
	return result;
}
