/* SPDX-License-Identifier: MIT */
/* Each adapter of crypto operations against published digests. */
#include "fixture.h"

#include <l2tpha/crypto.h>
#include <stdio.h>
#include <string.h>

Suite *suite_crypto(void);

static const struct l2tpha_crypto *crypto;
static const char *expected_name;

static void setup_nettle(void)
{
    fixture_setup();
    crypto = l2tpha_crypto_nettle();
    expected_name = "nettle";
}

#ifdef TESTS_MBEDTLS
static void setup_mbedtls(void)
{
    fixture_setup();
    crypto = l2tpha_crypto_mbedtls();
    expected_name = "mbedtls";
}
#endif

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

/* RFC 2202 2 and 3: the keys of some are as long as the digest. */
#define OF_DIGEST 0

static const struct {
    const char *key; /* one octet repeated, or as it is */
    size_t repeat;   /* OF_DIGEST = as long as the digest; 1 = as it is */
    const char *text;
    const char *md5;
    const char *sha1;
} macs[] = {
    {"\x0b", OF_DIGEST, "Hi There", "9294727a3638bb1c13f48ef8158bfc9d",
     "b617318655057264e28bc0b6fb378c8ef146be00"},
    {"Jefe", 1, "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738",
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {"\xaa", OF_DIGEST,
     "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
     "\xdd\xdd"
     "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
     "\xdd\xdd",
     "56be34521d144c88dbb8c733f0e8b3f6", "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
     "\x18"
     "\x19",
     1,
     "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
     "\xcd\xcd"
     "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
     "\xcd\xcd",
     "697eaf0aca3a3aea3a75164746ffaa79", "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
    {"\x0c", OF_DIGEST, "Test With Truncation", "56461ef2342edc00f9bab995690efd4c",
     "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
    {"\xaa", 80, "Test Using Larger Than Block-Size Key - Hash Key First",
     "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd", "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {"\xaa", 80, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
     "6f630fad67cda0ee1fb1f562db3aa53e", "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
};

static struct l2tpha_bytes mac_key(int i, size_t digest_len, uint8_t room[80])
{
    size_t len = macs[i].repeat == OF_DIGEST ? digest_len : macs[i].repeat;

    if (len == 1)
        return (struct l2tpha_bytes){(const uint8_t *)macs[i].key, strlen(macs[i].key)};
    memset(room, macs[i].key[0], len);
    return (struct l2tpha_bytes){room, len};
}

static void assert_hex(const uint8_t *digest, size_t len, const char *hex)
{
    char text[2 * L2TPHA_SHA1_SIZE + 1];

    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(text, hex);
}

/* Each text cut in two at every place. */
START_TEST(macs_are_the_published_ones)
{
    const uint8_t *text = (const uint8_t *)macs[_i].text;
    size_t len = strlen(macs[_i].text);
    uint8_t room[80], md5[L2TPHA_MD5_SIZE], sha1[L2TPHA_SHA1_SIZE];

    for (size_t cut = 0; cut <= len; cut++) {
        const struct l2tpha_bytes parts[] = {{text, cut}, {NULL, 0}, {text + cut, len - cut}};
        struct l2tpha_bytes key = mac_key(_i, sizeof(md5), room);
        assert_ok(crypto->hmac_md5(crypto->user, &key, parts, 3, md5));
        assert_hex(md5, sizeof(md5), macs[_i].md5);
        key = mac_key(_i, sizeof(sha1), room);
        assert_ok(crypto->hmac_sha1(crypto->user, &key, parts, 3, sha1));
        assert_hex(sha1, sizeof(sha1), macs[_i].sha1);
    }
}
END_TEST

/* Of nothing, by Python's hmac. */
START_TEST(macs_of_nothing_with_an_empty_key)
{
    const struct l2tpha_bytes key = {NULL, 0};
    uint8_t md5[L2TPHA_MD5_SIZE], sha1[L2TPHA_SHA1_SIZE];

    assert_ok(crypto->hmac_md5(crypto->user, &key, NULL, 0, md5));
    assert_hex(md5, sizeof(md5), "74e6f7298a9c2d168935f58c001bad88");
    assert_ok(crypto->hmac_sha1(crypto->user, &key, NULL, 0, sha1));
    assert_hex(sha1, sizeof(sha1), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
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
    ck_assert_str_eq(crypto->name, expected_name);
    ck_assert(crypto->md5 && crypto->equal && crypto->wipe && crypto->hmac_md5 &&
              crypto->hmac_sha1);
}
END_TEST

static void add_adapter(Suite *suite, const char *name, SFun setup)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_loop_test(tcase, digest_is_that_of_the_concatenation, 0,
                        sizeof(digests) / sizeof(digests[0]));
    tcase_add_test(tcase, digest_of_no_parts_is_that_of_nothing);
    tcase_add_loop_test(tcase, macs_are_the_published_ones, 0, sizeof(macs) / sizeof(macs[0]));
    tcase_add_test(tcase, macs_of_nothing_with_an_empty_key);
    tcase_add_test(tcase, equal_sees_a_difference_in_any_bit);
    tcase_add_test(tcase, wipe_overwrites_exactly_what_it_is_given);
    tcase_add_test(tcase, struct_is_complete);
    suite_add_tcase(suite, tcase);
}

Suite *suite_crypto(void)
{
    Suite *suite = suite_create("crypto");

    add_adapter(suite, "nettle", setup_nettle);
#ifdef TESTS_MBEDTLS
    add_adapter(suite, "mbedtls", setup_mbedtls);
#endif
    return suite;
}
