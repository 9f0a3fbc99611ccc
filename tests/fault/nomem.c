/* A library to preload, by which a command runs out of memory.
 *
 *	NOMEM_AT=K	 the Kth allocation that main() brings about fails
 *	NOMEM_AT=K+	 and so do all behind it
 *	NOMEM_SITES=FILE none fails; a line each of who has called
 *
 * What libraries allocate counts, libc's own too: it calls malloc() by its
 * name.  But getpwuid(3) counts as one allocation: without memory glibc's ends
 * the process, by an assertion or by following NULL. */

#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <execinfo.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many callers tell one place from another. */
#define DEPTH 16

typedef int main_fn(int, char **, char **);

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static struct passwd *(*next_getpwuid)(uid_t);
static int (
    *next_getpwuid_r)(uid_t, struct passwd *, char *, size_t, struct passwd **);
static main_fn *next_main;

static unsigned long count, at;
static bool running, inside, later;
static FILE *sites;

/* dlsym() returns an object, and this is a function. */
static void
find(void *fn, const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(fn, &p, sizeof(p));
}

static void
find_all(void)
{
	find(&next_calloc, "calloc");
	find(&next_realloc, "realloc");
	find(&next_posix_memalign, "posix_memalign");
	find(&next_getpwuid, "getpwuid");
	find(&next_getpwuid_r, "getpwuid_r");
	find(&next_malloc, "malloc");
}

/*
 * The callers of malloc() and its like, which is two frames from here, by where
 * they are in their files: that is the same in each run.
 */
static void
note_site(void)
{
	void *callers[DEPTH + 2];
	Dl_info info;
	const char *slash;
	int i, n;

	n = backtrace(callers, DEPTH + 2);
	for (i = 2; i < n; i++) {
		if (dladdr(callers[i], &info) == 0)
			continue;
		slash = strrchr(info.dli_fname, '/');
		fprintf(sites, " %s+%tx", slash == NULL ? "" : slash + 1,
		    (char *)callers[i] - (char *)info.dli_fbase);
	}
	fputc('\n', sites);
}

/* Whether the allocation at hand is to fail. */
static bool
strikes(void)
{
	if (next_malloc == NULL)
		find_all();
	if (!running || inside)
		return false;
	count++;
	if (sites != NULL) {
		inside = true;
		note_site();
		inside = false;
	}
	if (at == 0 || count < at || (count > at && !later))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return strikes() ? NULL : next_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return strikes() ? NULL : next_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return strikes() ? NULL : next_realloc(p, size);
}

int
posix_memalign(void **p, size_t align, size_t size)
{
	return strikes() ? ENOMEM : next_posix_memalign(p, align, size);
}

struct passwd *
getpwuid(uid_t uid)
{
	struct passwd *pw;

	if (strikes())
		return NULL;
	inside = true;
	pw = next_getpwuid(uid);
	inside = false;
	return pw;
}

int
getpwuid_r(uid_t uid, struct passwd *pw, char *buf, size_t size,
    struct passwd **found)
{
	int result;

	*found = NULL;
	if (strikes())
		return ENOMEM;
	inside = true;
	result = next_getpwuid_r(uid, pw, buf, size, found);
	inside = false;
	return result;
}

static int
counted_main(int argc, char *argv[], char *envp[])
{
	const char *k = getenv("NOMEM_AT"), *path = getenv("NOMEM_SITES");
	char *end;

	if (k != NULL) {
		at = strtoul(k, &end, 10);
		later = *end == '+';
	}
	if (path != NULL) {
		sites = fopen(path, "w");
		if (sites == NULL)
			err(99, "%s", path);
	}
	running = true;
	return next_main(argc, argv, envp);
}

/* What the start of each program calls, with its main(). */
int
__libc_start_main(main_fn *fn, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*ld_fini)(void), void *stack_end)
{
	int (*next)(main_fn *, int, char **, void (*)(void), void (*)(void),
	    void (*)(void), void *);

	find(&next, "__libc_start_main");
	next_main = fn;
	return next(counted_main, argc, argv, init, fini, ld_fini, stack_end);
}
