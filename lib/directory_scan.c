/* What is in directories: the names, not the files. */

#include "directory_scan.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder that is being read, and those that it is in. */
struct above {
	const struct above *next;
	dev_t dev;
	ino_t ino;
};

static int scan(struct directory_scan *, const char *, bool,
    const struct above *, struct fault *);

char *
directory_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (asprintf(&path, "%.*s%s%s", (int)n, dir,
		n == 1 && dir[0] == '/' ? "" : "/", name) == -1)
		return NULL;
	return path;
}

bool
directory_holds(const char *folder, const char *name)
{
	struct stat st;
	char path[PATH_MAX];
	int n;

	n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	return n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0;
}

static int
add(struct directory_scan *s, char *path, bool folder, struct fault *f)
{
	struct directory_entry *items;
	size_t room;

	if (s->n == s->room) {
		room = s->room == 0 ? 64 : s->room * 2;
		items = reallocarray(s->items, room, sizeof(*items));
		if (items == NULL) {
			free(path);
			return fault_nomem(f);
		}
		s->items = items;
		s->room = room;
	}
	s->items[s->n].path = path;
	s->items[s->n].name = strrchr(path, '/') + 1;
	s->items[s->n].folder = folder;
	s->n++;
	return 0;
}

/*
 * Whether an entry is a folder; the system is asked only where the directory
 * does not say.  A link that leads nowhere is a file: opening it will tell.
 */
static bool
is_folder(const char *path, const struct dirent *e)
{
	struct stat st;

	if (e->d_type == DT_DIR || e->d_type == DT_REG)
		return e->d_type == DT_DIR;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
add_entry(struct directory_scan *s, const char *dir, const struct dirent *e,
    bool recursive, const struct above *up, struct fault *f)
{
	char *path;
	int result;

	if (e->d_name[0] == '.')
		return 0;
	path = directory_join(dir, e->d_name);
	if (path == NULL)
		return fault_nomem(f);
	if (!is_folder(path, e))
		return add(s, path, false, f);
	if (!recursive)
		return add(s, path, true, f);
	result = scan(s, path, true, up, f);
	free(path);
	return result;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Refuse what is no directory, and one that is in itself. */
static int
enter(const char *dir, const struct above *up, struct above *here,
    struct fault *f)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		return fault_errno(f, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return fault_set(f, EXIT_STREAM, "%s: not a directory", dir);
	for (; up != NULL; up = up->next)
		if (up->dev == st.st_dev && up->ino == st.st_ino)
			return fault_set(f, EXIT_STREAM,
			    "%s: a link back to "
			    "a directory that it is in",
			    dir);
	here->dev = st.st_dev;
	here->ino = st.st_ino;
	return 0;
}

static int
scan(struct directory_scan *s, const char *dir, bool recursive,
    const struct above *up, struct fault *f)
{
	struct above here = { up, 0, 0 };
	struct dirent **names;
	int i, n, result = 0;

	if (enter(dir, up, &here, f) == -1)
		return -1;
	n = scandir(dir, &names, NULL, by_bytes);
	if (n == -1)
		return fault_errno(f, "%s", dir);
	for (i = 0; i < n; i++) {
		if (result == 0)
			result = add_entry(s, dir, names[i], recursive, &here,
			    f);
		free(names[i]);
	}
	free(names);
	return result;
}

int
directory_scan(struct directory_scan *s, const char *dir, bool recursive,
    struct fault *f)
{
	return scan(s, dir, recursive, NULL, f);
}

void
directory_scan_free(struct directory_scan *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->items[i].path);
	free(s->items);
	memset(s, 0, sizeof(*s));
}
