/* SPDX-License-Identifier: MIT */
/* Places, claims and base64 as text. */
#include "etcd/base64.h"
#include "etcd/claim.h"
#include "etcd/place.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

/* RFC 4648 10 */
static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};

START_TEST(base64)
{
    char text[16], data[8];
    size_t len;

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        base64_encode(vectors[i][0], strlen(vectors[i][0]), text);
        ck_assert_str_eq(text, vectors[i][1]);
        ck_assert(base64_decode(text, strlen(text), data, sizeof(data), &len));
        ck_assert_uint_eq(len, strlen(vectors[i][0]));
        ck_assert_mem_eq(data, vectors[i][0], len);
    }
    ck_assert(!base64_decode("Zm9vYmFy", 8, data, 5, &len));
    ck_assert(!base64_decode("Zm9", 3, data, sizeof(data), &len));
    ck_assert(!base64_decode("Z===", 4, data, sizeof(data), &len));
    ck_assert(!base64_decode("Zm=v", 4, data, sizeof(data), &len));
    ck_assert(!base64_decode("Zm9-", 4, data, sizeof(data), &len));
}
END_TEST

START_TEST(base64_of_all_octets)
{
    char data[256], text[BASE64_SIZE(256)], back[256];
    size_t len;

    for (int i = 0; i < 256; i++)
        data[i] = (char)(i * 7);
    base64_encode(data, sizeof(data), text);
    ck_assert(base64_decode(text, strlen(text), back, sizeof(back), &len));
    ck_assert_uint_eq(len, 256);
    ck_assert_mem_eq(data, back, 256);
}
END_TEST

START_TEST(the_longest_claim)
{
    struct l2tpha_claim claim = {.epoch = UINT64_MAX, .count = L2TPHA_CLAIM_NODES_MAX}, back;
    char *text;

    for (int i = 0; i < L2TPHA_CLAIM_NODES_MAX; i++) {
        memset(claim.in_sync[i], '\1', L2TPHA_CLAIM_NAME_MAX); /* the longest escape */
        claim.in_sync[i][0] = (char)('a' + i);
    }
    strcpy(claim.owner, claim.in_sync[7]);
    assert_ok(claim_text(root, &claim, &text));
    ck_assert_uint_le(strlen(text), CLAIM_TEXT_MAX);
    assert_ok(claim_read(text, strlen(text), &back));
    ck_assert(claim_same(&claim, &back));
    back.in_sync[3][9] = 'x';
    ck_assert(!claim_same(&claim, &back));
    talloc_free(text);
}
END_TEST

/* Nobody holds anything. */
START_TEST(a_void_claim)
{
    struct l2tpha_claim claim = {.epoch = 256, .owner = "a"}, back;
    char *text;

    assert_ok(claim_text(root, &claim, &text));
    ck_assert_str_eq(text, "{\"epoch\":\"0000000000000100\",\"in_sync\":[],\"owner\":\"a\"}");
    assert_ok(claim_read(text, strlen(text), &back));
    ck_assert(claim_same(&claim, &back));
    strcpy(back.in_sync[0], "a");
    back.count = 1;
    ck_assert(!claim_same(&claim, &back));
    talloc_free(text);
}
END_TEST

static const char *const no_claims[] = {
    "",
    "[]",
    "{\"epoch\":256,\"in_sync\":[\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"256\",\"in_sync\":[\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"000000000000010G\",\"in_sync\":[\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000000\",\"in_sync\":[\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[]}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":{},\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":null,\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"b\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"b\",\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\",\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\",7],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":\"a\",\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"\",\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\"]}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
    "\"8\",\"a\"],\"owner\":\"a\"}",
    "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\"],\"owner\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"};

START_TEST(no_claim)
{
    struct l2tpha_claim claim;

    assert_error(claim_read(no_claims[_i], strlen(no_claims[_i]), &claim), L2TPHA_ERR_RECORD);
}
END_TEST

START_TEST(claims_of_later_releases)
{
    static const char later[] =
        "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\"],\"owner\":\"a\","
        "\"since\":[7]}";
    struct l2tpha_claim claim;

    assert_ok(claim_read(later, strlen(later), &claim));
}
END_TEST

START_TEST(places)
{
    struct place place;

    assert_ok(place_read("192.0.2.1:1,[2001:db8::1]:65535,192.0.2.3,[::1]/lns-1.a_b", &place));
    ck_assert_uint_eq(place.count, 4);
    ck_assert_str_eq(place.group, "lns-1.a_b");
    ck_assert_str_eq(place.members[0].host, "192.0.2.1");
    ck_assert_str_eq(place.members[0].port, "1");
    ck_assert_str_eq(place.members[1].host, "[2001:db8::1]");
    ck_assert_str_eq(place.members[1].port, "65535");
    ck_assert_str_eq(place.members[2].port, "2379");
    ck_assert_str_eq(place.members[3].port, "2379");
    ck_assert_str_eq(place.members[3].resolved, "");
    assert_ok(place_read("localhost:7/g", &place));
    ck_assert_str_eq(place.members[0].host, "localhost");
    ck_assert(strcmp(place.members[0].resolved, "localhost:7:127.0.0.1") == 0 ||
              strcmp(place.members[0].resolved, "localhost:7:::1") == 0);
}
END_TEST

static const char *const no_places[] = {"",
                                        "192.0.2.1",
                                        "192.0.2.1/",
                                        "/g",
                                        ",/g",
                                        "192.0.2.1,/g",
                                        "192.0.2.1:/g",
                                        "192.0.2.1:0/g",
                                        "192.0.2.1:65536/g",
                                        "192.0.2.1:+7/g",
                                        "192.0.2.1:7x/g",
                                        "2001:db8::1/g",
                                        "[2001:db8::1/g",
                                        "[192.0.2.1]/g",
                                        "[]/g",
                                        "a@b/g",
                                        "a?b/g",
                                        "192.0.2.1/g/h",
                                        "192.0.2.1/g h",
                                        "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
                                        "1.1.1.1,1.1.1.1/g"};

START_TEST(no_place)
{
    struct place place;

    assert_error(place_read(no_places[_i], &place), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(lengths_of_places)
{
    char text[512];
    struct place place;

    memset(text, 'a', sizeof(text));
    snprintf(text + 300, 10, "/g");
    assert_error(place_read(text, &place), L2TPHA_ERR_INVALID);
    memcpy(text, "1.1.1.1/", 8);
    text[8 + GROUP_MAX] = '\0';
    memset(text + 8, 'g', GROUP_MAX);
    assert_ok(place_read(text, &place));
    text[8 + GROUP_MAX] = 'g';
    text[9 + GROUP_MAX] = '\0';
    assert_error(place_read(text, &place), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_values(void);
Suite *suite_values(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("values", &tcase);

    tcase_add_test(tcase, base64);
    tcase_add_test(tcase, base64_of_all_octets);
    tcase_add_test(tcase, the_longest_claim);
    tcase_add_test(tcase, a_void_claim);
    tcase_add_loop_test(tcase, no_claim, 0, (int)(sizeof(no_claims) / sizeof(no_claims[0])));
    tcase_add_test(tcase, claims_of_later_releases);
    tcase_add_test(tcase, places);
    tcase_add_loop_test(tcase, no_place, 0, (int)(sizeof(no_places) / sizeof(no_places[0])));
    tcase_add_test(tcase, lengths_of_places);
    return suite;
}
