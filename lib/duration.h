#ifndef DURATION_H
#define DURATION_H

#include <stddef.h>

/*
 * A length of time as PostgreSQL's settings have it: 500ms, 10s, 2min, 1h, 1d.
 * Digits alone are a number of `unit` milliseconds; where that is 0, only 0 may
 * stand without a unit.  Returns milliseconds, INT_MAX at most, or -1.
 */
long duration_parse(const char *, size_t len, long unit);

#endif
