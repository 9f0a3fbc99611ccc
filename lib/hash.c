/* SHA-256 by libmd. */

#include "hash.h"

#include <stdint.h>

void
hash_init(struct hash *h)
{
	SHA256Init(&h->ctx);
}

void
hash_add(struct hash *h, const void *data, size_t len)
{
	SHA256Update(&h->ctx, data, len);
}

void
hash_hex(struct hash *h, char hex[HASH_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256Final(digest, &h->ctx);
	for (i = 0; i < sizeof(digest); i++) {
		hex[i * 2] = digits[digest[i] >> 4];
		hex[i * 2 + 1] = digits[digest[i] & 15];
	}
	hex[HASH_HEX - 1] = '\0';
}
