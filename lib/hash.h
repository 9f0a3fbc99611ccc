#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <sys/types.h>
#include <sha2.h>

/* Lower-case hexadecimal SHA-256 (FIPS 180-4) with its NUL. */
#define HASH_HEX (SHA256_DIGEST_LENGTH * 2 + 1)

/* A running digest; plain data, nothing to free. */
struct hash {
	SHA2_CTX ctx;
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);

/* Digest of all that was added, to `hex`.  `h` must be begun anew after. */
void hash_hex(struct hash *h, char hex[HASH_HEX]);

#endif
