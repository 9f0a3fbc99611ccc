/* SHA-256: the examples of FIPS 180-4, added in one piece and in many. */

#include "hash.h"

#include "unit.h"

static void
check(const char *text, size_t times, size_t step, const char *expected)
{
	struct hash h;
	char hex[HASH_HEX];
	size_t len = strlen(text), i, n;

	hash_init(&h);
	for (; times > 0; times--)
		for (i = 0; i < len; i += n) {
			n = len - i < step ? len - i : step;
			hash_add(&h, text + i, n);
		}
	hash_hex(&h, hex);
	CHECK_STR(hex, expected);
}

int
main(void)
{
	static const char two[] =
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const unsigned char bytes[] = { 0x00, 0x0f, 0xf0, 0xff, 0x1a };
	char hex[2 * sizeof(bytes) + 1];
	size_t step;

	check("", 1, 1,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	for (step = 1; step < 60; step++) {
		check("abc", 1, step,
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad");
		check(two, 1, step,
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1");
	}
	check("aaaaaaaaaa", 100000, 10,
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
	hash_digits(bytes, sizeof(bytes), hex);
	CHECK_STR(hex, "000ff0ff1a");
	hash_digits(bytes, 0, hex);
	CHECK_STR(hex, "");
	return unit_done("hash");
}
