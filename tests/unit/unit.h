/*
 * Macros for the unit programs: each has one main that checks and ends with
 * `return (unit_done("name"));`.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unit_count, unit_failed;

/* Count one check; say where and what when it does not hold. */
#define CHECK(cond) unit_check((cond) ? 1 : 0, __FILE__, __LINE__, #cond)

/* Two strings are equal; NULL equals only NULL. */
#define CHECK_STR(a, b) unit_str((a), (b), __FILE__, __LINE__, #a)

/* Two integers are equal; both are shown when not. */
#define CHECK_INT(a, b) \
	unit_int((long long)(a), (long long)(b), __FILE__, __LINE__, #a)

/*
 * Whether valgrind runs the program: it has descriptors of its own, and exec(3)
 * of what is not there fails in another way.
 */
static inline bool
unit_under_memcheck(void)
{
	return (getenv("MIG_MEMCHECK") != NULL);
}

static inline int
unit_check(int ok, const char *file, int line, const char *what)
{
	unit_count++;
	if (!ok) {
		unit_failed++;
		printf("%s:%d: failed: %s\n", file, line, what);
	}
	return (ok);
}

static inline int
unit_str(const char *a, const char *b, const char *file, int line,
    const char *what)
{
	int ok;

	ok = a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
	if (!unit_check(ok, file, line, what))
		printf("\tis       \"%s\"\n\texpected \"%s\"\n",
		    a == NULL ? "(null)" : a, b == NULL ? "(null)" : b);
	return (ok);
}

static inline int
unit_int(long long a, long long b, const char *file, int line, const char *what)
{
	if (!unit_check(a == b, file, line, what))
		printf("\tis       %lld\n\texpected %lld\n", a, b);
	return (a == b);
}

/* Print the count; the value for main to return. */
static inline int
unit_done(const char *name)
{
	printf("%s: %d checks", name, unit_count);
	if (unit_failed > 0)
		printf(", %d failed", unit_failed);
	printf("\n");
	return (unit_failed > 0);
}

#endif
