/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <l2tpha/crypto.h>
#include <string.h>

Suite *suite_crypto_nettle(void);

static const struct l2tpha_crypto *crypto;

static void setup(void)
{
    fixture_setup();
    crypto = l2tpha_crypto_nettle();
}

/* RFC 1321 A.5, each input cut in two at every place. */
static const struct {
    const char *text;
    uint8_t digest[L2TPHA_MD5_SIZE];
} digests[] = {
    {"",
     {0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42,
      0x7e}},
    {"abc",
     {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f,
      0x72}},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     {0x57, 0xed, 0xf4, 0xa2, 0x2b, 0xe3, 0xc9, 0x55, 0xac, 0x49, 0xda, 0x2e, 0x21, 0x07, 0xb6,
      0x7a}},
};

START_TEST(digest_is_that_of_the_concatenation)
{
    const uint8_t *text = (const uint8_t *)digests[_i].text;
    size_t len = strlen(digests[_i].text);

    for (size_t cut = 0; cut <= len; cut++) {
        const struct l2tpha_bytes parts[] = {{text, cut}, {NULL, 0}, {text + cut, len - cut}};
        uint8_t digest[L2TPHA_MD5_SIZE] = {0};
        assert_ok(crypto->md5(crypto->user, parts, 3, digest));
        ck_assert_mem_eq(digest, digests[_i].digest, sizeof(digest));
    }
}
END_TEST

START_TEST(digest_of_no_parts_is_that_of_nothing)
{
    uint8_t digest[L2TPHA_MD5_SIZE] = {0};

    assert_ok(crypto->md5(crypto->user, NULL, 0, digest));
    ck_assert_mem_eq(digest, digests[0].digest, sizeof(digest));
}
END_TEST

START_TEST(equal_sees_a_difference_in_any_bit)
{
    uint8_t a[L2TPHA_MD5_SIZE], b[L2TPHA_MD5_SIZE];

    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = b[i] = (uint8_t)(i * 17);
    ck_assert(crypto->equal(crypto->user, a, b, sizeof(a)));
    for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!crypto->equal(crypto->user, a, b, sizeof(a)));
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(wipe_overwrites_exactly_what_it_is_given)
{
    uint8_t secret[8], expected[8] = {0xaa, 0, 0, 0, 0, 0, 0, 0xaa};

    memset(secret, 0xaa, sizeof(secret));
    crypto->wipe(crypto->user, secret, 0);
    ck_assert_uint_eq(secret[0], 0xaa);
    crypto->wipe(crypto->user, secret + 1, sizeof(secret) - 2);
    ck_assert_mem_eq(secret, expected, sizeof(secret));
}
END_TEST

START_TEST(struct_is_complete)
{
    ck_assert_uint_eq(crypto->size, sizeof(struct l2tpha_crypto));
    ck_assert_str_eq(crypto->name, "nettle");
    ck_assert(crypto->md5 && crypto->equal && crypto->wipe);
}
END_TEST

Suite *suite_crypto_nettle(void)
{
    Suite *suite = suite_create("crypto_nettle");
    TCase *tcase = tcase_create("crypto_nettle");

    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_loop_test(tcase, digest_is_that_of_the_concatenation, 0,
                        sizeof(digests) / sizeof(digests[0]));
    tcase_add_test(tcase, digest_of_no_parts_is_that_of_nothing);
    tcase_add_test(tcase, equal_sees_a_difference_in_any_bit);
    tcase_add_test(tcase, wipe_overwrites_exactly_what_it_is_given);
    tcase_add_test(tcase, struct_is_complete);
    suite_add_tcase(suite, tcase);
    return suite;
}
