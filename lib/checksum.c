/* The checksums that other migration tools keep of their files. */

#include "checksum.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "hash.h"

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

uint32_t
checksum_lines(uint32_t crc, const char *text, size_t len)
{
	const char *end = text + len, *from;

	while (text < end) {
		for (from = text; text < end && !is_line_end(*text); text++)
			;
		crc = (uint32_t)crc32_z(crc, (const Bytef *)from,
		    (size_t)(text - from));
		while (text < end && is_line_end(*text))
			text++;
	}
	return crc;
}

void
checksum_init(struct checksum *c)
{
	SHA384_Init(&c->ctx);
}

void
checksum_add(struct checksum *c, const char *text, size_t len)
{
	SHA384_Update(&c->ctx, text, len);
}

void
checksum_add_no_cr(struct checksum *c, const char *text, size_t len)
{
	const char *end = text + len, *cr;

	while ((cr = memchr(text, '\r', (size_t)(end - text))) != NULL) {
		checksum_add(c, text, (size_t)(cr - text));
		text = cr + 1;
	}
	checksum_add(c, text, (size_t)(end - text));
}

void
checksum_hex(struct checksum *c, char hex[CHECKSUM_HEX])
{
	unsigned char digest[SHA384_DIGEST_LENGTH];

	SHA384_Final(digest, &c->ctx);
	hash_digits(digest, sizeof(digest), hex);
}
