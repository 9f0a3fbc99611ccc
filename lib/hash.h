#ifndef HASH_H
#define HASH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * OpenSSL would rather see EVP, whose contexts are allocated and may fail; the
 * older calls take plain data and run the same code of the processor's own.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

/* Lower-case hexadecimal SHA-256 (FIPS 180-4) with its NUL. */
#define HASH_HEX (SHA256_DIGEST_LENGTH * 2 + 1)

/* A running digest; plain data, nothing to free. */
struct hash {
	SHA256_CTX ctx;
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);

/* Digest of all that was added, to `hex`.  `h` must be begun anew after. */
void hash_hex(struct hash *h, char hex[HASH_HEX]);

/* Whether a text is such a digest. */
bool hash_is_hex(const char *);

/* `len` bytes of any digest in lower-case hexadecimal, `len` * 2 + 1 bytes. */
void hash_digits(const unsigned char *digest, size_t len, char *hex);

#endif
