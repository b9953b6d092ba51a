/* SPDX-License-Identifier: MIT */
#include <l2tpha/policy.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define NONE L2TPHA_FAILOVER_NOT_CONFIGURED
#define UNTOUCHED 77

static const uint8_t levels[] = {L2TPHA_FAILOVER_DISABLE, L2TPHA_FAILOVER_PROTOCOL,
                                 L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_FALLBACK, NONE};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* --- levels --- */

START_TEST(nothing_is_configured_at_first)
{
    struct l2tpha_policy policy;

    memset(&policy, 0x5a, sizeof(policy));
    l2tpha_policy_init(&policy);
    ck_assert_uint_eq(policy.size, sizeof(policy));
    ck_assert_uint_eq(policy.profile, NONE);
    ck_assert_uint_eq(policy.radius, NONE);
    ck_assert(policy.ha && policy.announce);
    ck_assert_uint_eq(policy.resync_packets, 0);
}
END_TEST

/* The last word that was said counts, in the order node, profile, RADIUS. */
START_TEST(radius_stands_over_profile_over_the_node)
{
    struct l2tpha_policy policy;
    unsigned tried = 0;

    l2tpha_policy_init(&policy);
    for (uint8_t global = 0; global <= L2TPHA_FAILOVER_FALLBACK; global++)
        for (size_t p = 0; p < LEVELS; p++)
            for (size_t r = 0; r < LEVELS; r++) {
                const uint8_t said[] = {global, levels[p], levels[r]};
                uint8_t expected = NONE;
                for (size_t i = 0; i < sizeof(said); i++)
                    if (said[i] != NONE)
                        expected = said[i];
                policy.profile = levels[p];
                policy.radius = levels[r];
                ck_assert_uint_eq(l2tpha_policy_method(global, &policy), expected);
                tried++;
            }
    ck_assert_uint_eq(tried, 100);
}
END_TEST

START_TEST(without_a_policy_the_node_decides)
{
    for (size_t i = 0; i < LEVELS; i++)
        ck_assert_uint_eq(l2tpha_policy_method(levels[i], NULL), levels[i]);
}
END_TEST

/* "disable" is an answer, "not-configured" is none. */
START_TEST(not_configured_is_not_disable)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    ck_assert_uint_eq(l2tpha_policy_method(L2TPHA_FAILOVER_SILENT, &policy),
                      L2TPHA_FAILOVER_SILENT);
    policy.profile = L2TPHA_FAILOVER_DISABLE;
    ck_assert_uint_eq(l2tpha_policy_method(L2TPHA_FAILOVER_SILENT, &policy),
                      L2TPHA_FAILOVER_DISABLE);
    policy.radius = L2TPHA_FAILOVER_PROTOCOL;
    ck_assert_uint_eq(l2tpha_policy_method(L2TPHA_FAILOVER_SILENT, &policy),
                      L2TPHA_FAILOVER_PROTOCOL);
}
END_TEST

/* --- names --- */

START_TEST(names_are_those_that_operators_know)
{
    static const struct {
        uint8_t method;
        const char *name;
    } known[] = {
        {0, "disable"},          {1, "failover-protocol"},
        {2, "silent-failover"},  {3, "failover-protocol-fallback-to-silent-failover"},
        {255, "not-configured"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t method = UNTOUCHED;
        ck_assert_str_eq(l2tpha_failover_method_name(known[i].method), known[i].name);
        assert_ok(l2tpha_policy_method_parse(known[i].name, &method));
        ck_assert_uint_eq(method, known[i].method);
    }
    for (unsigned method = 4; method < 255; method++)
        ck_assert_str_eq(l2tpha_failover_method_name((uint8_t)method), "unknown");
}
END_TEST

START_TEST(other_names_are_refused)
{
    static const char *const wrong[] = {"",
                                        "unknown",
                                        "Disable",
                                        "disable ",
                                        " disable",
                                        "disabl",
                                        "silent",
                                        "failover",
                                        "failover-protocol-fallback-to-silent",
                                        "silent-failover\n",
                                        "0",
                                        "3"};
    uint8_t method = UNTOUCHED;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_error(l2tpha_policy_method_parse(wrong[i], &method), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_policy_method_parse(NULL, &method), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_policy_method_parse("disable", NULL), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(method, UNTOUCHED);
}
END_TEST

/* --- RADIUS 26-90 --- */

START_TEST(radius_values_are_the_methods)
{
    static const uint32_t wrong[] = {4, 5, 254, 255, 256, 257, 259, 0x10000, 0x1000003, UINT32_MAX};
    uint8_t method = UNTOUCHED;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_error(l2tpha_policy_radius_value(wrong[i], &method), L2TPHA_ERR_AVP_VALUE);
    assert_error(l2tpha_policy_radius_value(0, NULL), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(method, UNTOUCHED);
    for (uint32_t value = 0; value <= 3; value++) {
        assert_ok(l2tpha_policy_radius_value(value, &method));
        ck_assert_uint_eq(method, value);
    }
}
END_TEST

/* Read from memory of exactly that size, so that a read past the end is seen. */
static int read_attribute(const void *data, size_t len, uint8_t *method)
{
    uint8_t *exact = malloc(len ? len : 1);

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, len);
    int error = l2tpha_policy_radius_attribute(exact, len, method);
    free(exact);
    return error;
}

#define VENDOR 0, 0, 0x13, 0x0a /* 4874 */
static const uint8_t attribute[] = {26, 12, VENDOR, 90, 6, 0, 0, 0, 2};

START_TEST(the_attribute_is_read)
{
    uint8_t data[sizeof(attribute)];

    memcpy(data, attribute, sizeof(data));
    for (uint8_t value = 0; value <= 3; value++) {
        uint8_t method = UNTOUCHED;
        data[sizeof(data) - 1] = value;
        assert_ok(read_attribute(data, sizeof(data), &method));
        ck_assert_uint_eq(method, value);
    }
}
END_TEST

START_TEST(every_shorter_attribute_is_truncated)
{
    uint8_t method = UNTOUCHED;

    for (size_t len = 0; len < sizeof(attribute); len++)
        assert_error(read_attribute(attribute, len, &method), L2TPHA_ERR_TRUNCATED);
    assert_error(l2tpha_policy_radius_attribute(NULL, 0, &method), L2TPHA_ERR_TRUNCATED);
    assert_error(l2tpha_policy_radius_attribute(NULL, 12, &method), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_policy_radius_attribute(attribute, 12, NULL), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(method, UNTOUCHED);
}
END_TEST

#define BYTES(...)                                                                                 \
    (sizeof((const uint8_t[]){__VA_ARGS__})),                                                      \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const struct {
    int error;
    size_t len;
    uint8_t data[32];
} malformed[] = {
    /* another attribute, vendor, or type of the vendor's */
    {L2TPHA_ERR_NOT_FOUND, BYTES(25, 12, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_NOT_FOUND, BYTES(90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_NOT_FOUND, BYTES(26, 12, 0, 0, 0x13, 0x0b, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_NOT_FOUND, BYTES(26, 12, 1, 0, 0x13, 0x0a, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_NOT_FOUND, BYTES(26, 12, VENDOR, 91, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_NOT_FOUND, BYTES(26, 6, VENDOR)},
    /* lengths of the attribute */
    {L2TPHA_ERR_LENGTH, BYTES(26, 12, VENDOR, 90, 6, 0, 0, 0, 2, 0)},
    {L2TPHA_ERR_LENGTH, BYTES(26, 0, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_LENGTH, BYTES(26, 1, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_LENGTH, BYTES(26, 11, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_TRUNCATED, BYTES(26, 13, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_TRUNCATED, BYTES(26, 255, VENDOR, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_TRUNCATED, BYTES(26, 2)},
    {L2TPHA_ERR_TRUNCATED, BYTES(26, 5, 0, 0, 0x13)},
    /* lengths of the vendor's */
    {L2TPHA_ERR_MALFORMED, BYTES(26, 12, VENDOR, 90, 0, 0, 0, 0, 2)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 12, VENDOR, 90, 1, 0, 0, 0, 2)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 12, VENDOR, 90, 7, 0, 0, 0, 2)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 12, VENDOR, 90, 255, 0, 0, 0, 2)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 7, VENDOR, 90)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 13, VENDOR, 90, 6, 0, 0, 0, 2, 1)},
    {L2TPHA_ERR_MALFORMED, BYTES(26, 14, VENDOR, 91, 0, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_AVP_LENGTH, BYTES(26, 8, VENDOR, 90, 2)},
    {L2TPHA_ERR_AVP_LENGTH, BYTES(26, 9, VENDOR, 90, 3, 2)},
    {L2TPHA_ERR_AVP_LENGTH, BYTES(26, 11, VENDOR, 90, 5, 0, 0, 2)},
    {L2TPHA_ERR_AVP_LENGTH, BYTES(26, 13, VENDOR, 90, 7, 0, 0, 0, 0, 2)},
    /* twice, and out of range */
    {L2TPHA_ERR_AVP_DUPLICATE, BYTES(26, 18, VENDOR, 90, 6, 0, 0, 0, 2, 90, 6, 0, 0, 0, 2)},
    {L2TPHA_ERR_AVP_VALUE, BYTES(26, 12, VENDOR, 90, 6, 0, 0, 0, 4)},
    {L2TPHA_ERR_AVP_VALUE, BYTES(26, 12, VENDOR, 90, 6, 0, 0, 0, 255)},
    {L2TPHA_ERR_AVP_VALUE, BYTES(26, 12, VENDOR, 90, 6, 2, 0, 0, 0)},
    {L2TPHA_ERR_AVP_VALUE, BYTES(26, 12, VENDOR, 90, 6, 0, 0, 1, 2)},
};

START_TEST(a_malformed_attribute_is_refused_by_name)
{
    uint8_t method = UNTOUCHED;

    assert_error(read_attribute(malformed[_i].data, malformed[_i].len, &method),
                 malformed[_i].error);
    ck_assert_uint_eq(method, UNTOUCHED);
}
END_TEST

/* RFC 2865 5.26: one attribute may carry several of the vendor's. */
START_TEST(other_attributes_of_the_vendor_are_passed_over)
{
    static const uint8_t data[] = {26, 21, VENDOR, 1,    2, 90,  6,   0,   0,
                                   0,  3,  33,     0x07, 1, 'a', 'b', 'c', 'd'};
    uint8_t method = UNTOUCHED;

    ck_assert_uint_eq(sizeof(data), 21);
    assert_ok(read_attribute(data, sizeof(data), &method));
    ck_assert_uint_eq(method, L2TPHA_FAILOVER_FALLBACK);
}
END_TEST

/* --- resync-packets --- */

static int read_pair(const char *text, uint32_t *packets)
{
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, len);
    int error = l2tpha_policy_resync_pair(exact, len, packets);
    free(exact);
    return error;
}

START_TEST(a_pair_is_read)
{
    static const struct {
        const char *text;
        uint32_t packets;
    } good[] = {
        {"vpdn:l2tp-tunnel-resync-packets=20", 20}, {"vpdn:l2tp-resync-packets=1", 1},
        {"l2tp-tunnel-resync-packets=255", 255},    {"l2tp-resync-packets*8", 8},
        {"VPDN:L2TP-Resync-Packets=100", 100},      {"vpdn:l2tp-resync-packets=0008", 8},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint32_t packets = UNTOUCHED;
        assert_ok(read_pair(good[i].text, &packets));
        ck_assert_uint_eq(packets, good[i].packets);
    }
}
END_TEST

static const struct {
    int error;
    const char *text;
} bad_pairs[] = {
    {L2TPHA_ERR_NOT_FOUND, ""},
    {L2TPHA_ERR_NOT_FOUND, "="},
    {L2TPHA_ERR_NOT_FOUND, "=8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:=8"},
    {L2TPHA_ERR_NOT_FOUND, "ip:l2tp-resync-packets=8"},
    {L2TPHA_ERR_NOT_FOUND, ":l2tp-resync-packets=8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:vpdn:l2tp-resync-packets=8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:l2tp-resync-packet=8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:l2tp-resync-packetss=8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:l2tp-resync-packets =8"},
    {L2TPHA_ERR_NOT_FOUND, "vpdn:ip-addresses=10.0.0.1"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets="},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets*"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets= 8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=8 "},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=-8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=+8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=0x8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets==8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=8=8"},
    {L2TPHA_ERR_MALFORMED, "vpdn:l2tp-resync-packets=99999999999999999999x"},
    {L2TPHA_ERR_AVP_VALUE, "vpdn:l2tp-resync-packets=0"},
    {L2TPHA_ERR_AVP_VALUE, "vpdn:l2tp-resync-packets=256"},
    {L2TPHA_ERR_AVP_VALUE, "vpdn:l2tp-resync-packets=2550"},
    {L2TPHA_ERR_AVP_VALUE, "vpdn:l2tp-resync-packets=4294967297"},
    {L2TPHA_ERR_AVP_VALUE, "vpdn:l2tp-resync-packets=18446744073709551617"},
};

START_TEST(a_bad_pair_is_refused_by_name)
{
    uint32_t packets = UNTOUCHED;

    assert_error(read_pair(bad_pairs[_i].text, &packets), bad_pairs[_i].error);
    assert_error(l2tpha_policy_resync_pair(NULL, 0, &packets), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_policy_resync_pair("l2tp-resync-packets=8", 21, NULL), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(packets, UNTOUCHED);
}
END_TEST

/* The length counts, not what stands behind it. */
START_TEST(a_pair_ends_where_its_length_says)
{
    uint32_t packets = UNTOUCHED;

    assert_ok(l2tpha_policy_resync_pair("l2tp-resync-packets=255", 22, &packets));
    ck_assert_uint_eq(packets, 25);
    assert_error(l2tpha_policy_resync_pair("l2tp-resync-packets=255", 20, &packets),
                 L2TPHA_ERR_MALFORMED);
    assert_error(l2tpha_policy_resync_pair("l2tp-resync-packets=8\0", 22, &packets),
                 L2TPHA_ERR_MALFORMED);
}
END_TEST

Suite *suite_policy(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("policy", &tcase);

    tcase_add_test(tcase, nothing_is_configured_at_first);
    tcase_add_test(tcase, radius_stands_over_profile_over_the_node);
    tcase_add_test(tcase, without_a_policy_the_node_decides);
    tcase_add_test(tcase, not_configured_is_not_disable);
    tcase_add_test(tcase, names_are_those_that_operators_know);
    tcase_add_test(tcase, other_names_are_refused);
    tcase_add_test(tcase, radius_values_are_the_methods);
    tcase_add_test(tcase, the_attribute_is_read);
    tcase_add_test(tcase, every_shorter_attribute_is_truncated);
    tcase_add_loop_test(tcase, a_malformed_attribute_is_refused_by_name, 0,
                        (int)(sizeof(malformed) / sizeof(malformed[0])));
    tcase_add_test(tcase, other_attributes_of_the_vendor_are_passed_over);
    tcase_add_test(tcase, a_pair_is_read);
    tcase_add_loop_test(tcase, a_bad_pair_is_refused_by_name, 0,
                        (int)(sizeof(bad_pairs) / sizeof(bad_pairs[0])));
    tcase_add_test(tcase, a_pair_ends_where_its_length_says);
    return suite;
}
