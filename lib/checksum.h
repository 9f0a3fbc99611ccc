#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* As in hash.h: the older calls take plain data and cannot fail. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

/*
 * The checksums that other migration tools keep of their files, over text in
 * pieces of any size.  Pure.
 */

/*
 * Flyway's: the CRC-32 of a text without its line ends, whichever they are.
 * `crc` is that of the pieces before, 0 for none; Flyway takes the result as a
 * signed number.  A byte order mark is not part of the text.
 */
uint32_t checksum_lines(uint32_t crc, const char *text, size_t len);

/* Lower-case hexadecimal SHA-384 (FIPS 180-4) with its NUL. */
#define CHECKSUM_HEX (SHA384_DIGEST_LENGTH * 2 + 1)

/* sqlx's: the SHA-384 of all bytes; plain data, nothing to free. */
struct checksum {
	SHA512_CTX ctx;
};

void checksum_init(struct checksum *);
void checksum_add(struct checksum *, const char *text, size_t len);

/* The same without carriage returns, as sqlx's ignored-chars can have it. */
void checksum_add_no_cr(struct checksum *, const char *text, size_t len);

/* Checksum of all that was added.  It must be begun anew after. */
void checksum_hex(struct checksum *, char hex[CHECKSUM_HEX]);

#endif
