#ifndef VERSION_H
#define VERSION_H

/*
 * Versions as file names have them: numbers of any length, in parts joined
 * by "." or "_" or "-", with other text perhaps: "9", "001", "1.10",
 * "2016-12-01-123456", "1.5.2-pr1059".
 *
 * Compares part by part, numbers by their value whatever their length
 * ("9" < "10", "1.2" < "1.10"), other text by its bytes, a number before
 * other text.  A missing part counts as 0 ("1" equals "1.0" and "001").
 * Returns less than, equal to or greater than 0.
 */
int version_cmp(const char *a, const char *b);

#endif
