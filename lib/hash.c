/* SHA-256 by libcrypto, which libpq brings along. */

#include "hash.h"

void
hash_init(struct hash *h)
{
	SHA256_Init(&h->ctx);
}

void
hash_add(struct hash *h, const void *data, size_t len)
{
	SHA256_Update(&h->ctx, data, len);
}

void
hash_hex(struct hash *h, char hex[HASH_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256_Final(digest, &h->ctx);
	for (i = 0; i < sizeof(digest); i++) {
		hex[i * 2] = digits[digest[i] >> 4];
		hex[i * 2 + 1] = digits[digest[i] & 15];
	}
	hex[HASH_HEX - 1] = '\0';
}
