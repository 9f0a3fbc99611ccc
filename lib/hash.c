/* SHA-256 by libcrypto, which libpq brings along. */

#include "hash.h"

#include <string.h>

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
hash_digits(const unsigned char *digest, size_t len, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		hex[i * 2] = digits[digest[i] >> 4];
		hex[i * 2 + 1] = digits[digest[i] & 15];
	}
	hex[len * 2] = '\0';
}

void
hash_hex(struct hash *h, char hex[HASH_HEX])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256_Final(digest, &h->ctx);
	hash_digits(digest, sizeof(digest), hex);
}

bool
hash_is_hex(const char *s)
{
	return strlen(s) == HASH_HEX - 1 &&
	    strspn(s, "0123456789abcdef") == HASH_HEX - 1;
}
