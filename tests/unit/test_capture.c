/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <l2tpha/observe.h>
#include <string.h>

/* 192.0.2.1:1701 and 198.51.100.2:50000, as struct sockaddr_in has them where the family is one
 * byte behind a length; other systems are covered by families_of_other_systems. */
static const struct l2tpha_address v4_local = {16, {16, 2, 0x06, 0xa5, 192, 0, 2, 1}};
static const struct l2tpha_address v4_remote = {16, {16, 2, 0xc3, 0x50, 198, 51, 100, 2}};
/* [2001:db8::1]:1701 and [2001:db8::2]:50000 */
static const struct l2tpha_address v6_local = {
    28, {28, 30, 0x06, 0xa5, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, [23] = 1}};
static const struct l2tpha_address v6_remote = {
    28, {28, 30, 0xc3, 0x50, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, [23] = 2}};

static const uint8_t zlb[] = {0xc8, 0x02, 0x00, 0x0c, 0, 1, 0, 0, 0, 2, 0, 3, 0xee};

#define TIME 0x0001020304050607u

static uint8_t file[66000];

static uint32_t u32_at(size_t place)
{
    const uint8_t *p = file + place;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void assert_bytes(const uint8_t *expected, size_t len, int written)
{
    ck_assert_int_eq(written, (int)len);
    ck_assert_mem_eq(file, expected, len);
}

START_TEST(file_begins_with_section_and_interface)
{
    static const uint8_t expected[] = {
        0x0a, 0x0d, 0x0d, 0x0a, 0,    0,    0,    44,   0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, /* */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,                                     /* */
        0,    4,    0,    5,    'l',  '2',  't',  'p',  'd',  0,    0,    0,    0, 0, 0, 0,
        0,    0,    0,    44, /* */
        0,    0,    0,    1,    0,    0,    0,    20,   0,    101,  0,    0,    0, 0, 0, 0,
        0,    0,    0,    20};

    assert_bytes(expected, sizeof(expected), l2tpha_capture_begin(file, sizeof(file), "l2tpd"));
    for (size_t cap = 0; cap < sizeof(expected); cap++)
        assert_error(l2tpha_capture_begin(file, cap, "l2tpd"), L2TPHA_ERR_TOO_SMALL);
    assert_bytes(expected, sizeof(expected), l2tpha_capture_begin(file, sizeof(expected), "l2tpd"));
}
END_TEST

START_TEST(application_may_be_missing_or_long)
{
    char name[1001];

    ck_assert_int_eq(l2tpha_capture_begin(file, sizeof(file), NULL), 28 + 20);
    ck_assert_int_eq(l2tpha_capture_begin(file, sizeof(file), ""), 28 + 20);
    memset(name, 'x', 1000);
    name[1000] = 0;
    ck_assert_int_eq(l2tpha_capture_begin(file, sizeof(file), name), 28 + 4 + 256 + 4 + 20);
    ck_assert_uint_eq(u32_at(24), (4u << 16) | 255);
}
END_TEST

START_TEST(ipv4_packet)
{
    static const uint8_t expected[] = {
        0,    0,    0,    6,    0,    0,    0,    88,   0,  0,  0,    0, /* block */
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0,  0,  0,    41,
        0,    0,    0,    41,                                               /* */
        0x45, 0,    0,    41,   0,    0,    0x40, 0,    64, 17, 0x4e, 0x8d, /* IPv4 */
        198,  51,   100,  2,    192,  0,    2,    1,                        /* */
        0xc3, 0x50, 0x06, 0xa5, 0,    21,   0x93, 0x81,                     /* UDP */
        0xc8, 0x02, 0x00, 0x0c, 0,    1,    0,    0,    0,  2,  0,    3,
        0xee, 0,    0,    0, /* payload */
        0,    2,    0,    4,    0,    0,    0,    1,    0,  0,  0,    0,
        0,    0,    0,    88};
    struct l2tpha_path path = {.local = v4_local, .remote = v4_remote};

    assert_bytes(expected, sizeof(expected),
                 l2tpha_capture_packet(file, sizeof(file), &path, true, zlb, sizeof(zlb), TIME));
    for (size_t cap = 0; cap < sizeof(expected); cap++)
        assert_error(l2tpha_capture_packet(file, cap, &path, true, zlb, sizeof(zlb), TIME),
                     L2TPHA_ERR_TOO_SMALL);
}
END_TEST

START_TEST(ipv6_packet)
{
    static const uint8_t expected[] = {
        0,    0,    0,    6,    0,    0,    0,    108,  0, 0, 0, 0,                  /* block */
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0, 0, 0, 61, 0,    0, 0, 61, /* */
        0x60, 0,    0,    0,    0,    21,   17,   64,                                /* IPv6 */
        0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    0,    0, 0, 0, 0,  0,    0, 0, 1,  /* */
        0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    0,    0, 0, 0, 0,  0,    0, 0, 2,  /* */
        0x06, 0xa5, 0xc3, 0x50, 0,    21,   0x24, 0x44,                              /* UDP */
        0xc8, 0x02, 0x00, 0x0c, 0,    1,    0,    0,    0, 2, 0, 3,  0xee, 0, 0, 0,  /* payload */
        0,    2,    0,    4,    0,    0,    0,    2,    0, 0, 0, 0,  0,    0, 0, 108};
    struct l2tpha_path path = {.local = v6_local, .remote = v6_remote};

    assert_bytes(expected, sizeof(expected),
                 l2tpha_capture_packet(file, sizeof(file), &path, false, zlb, sizeof(zlb), TIME));
    ck_assert_uint_ge(l2tpha_capture_room(sizeof(zlb)), sizeof(expected));
}
END_TEST

/* Where the family takes both bytes, in this machine's order. */
START_TEST(families_of_other_systems)
{
    static const uint16_t families[] = {10, 23, 28, 30};
    static const uint16_t others[] = {0, 1, 2, 16};
    struct l2tpha_path path = {.local = v6_local, .remote = v6_remote};

    for (size_t i = 0; i < 4; i++) {
        memcpy(path.remote.bytes, &families[i], 2);
        l2tpha_capture_packet(file, sizeof(file), &path, true, zlb, sizeof(zlb), 0);
        ck_assert_uint_eq(file[28] >> 4, 6);
        ck_assert_mem_eq(file + 36, v6_remote.bytes + 8, 16);
    }
    path.local.len = 0;
    for (size_t i = 0; i < 4; i++) {
        memcpy(path.remote.bytes, &others[i], 2);
        l2tpha_capture_packet(file, sizeof(file), &path, true, zlb, sizeof(zlb), 0);
        ck_assert_uint_eq(file[28] >> 4, 4);
        ck_assert_uint_eq(u32_at(40), 0);
    }
    path.remote = v4_remote;
    memcpy(path.remote.bytes, &(uint16_t){2}, 2);
    l2tpha_capture_packet(file, sizeof(file), &path, true, zlb, sizeof(zlb), 0);
    ck_assert_mem_eq(file + 40, v4_remote.bytes + 4, 4);
}
END_TEST

/* An unknown end, another family, another transport: shown as unspecified, port 1701. */
START_TEST(ends_that_cannot_be_shown)
{
    struct l2tpha_path path = {.remote = v4_remote};

    l2tpha_capture_packet(file, sizeof(file), &path, false, zlb, sizeof(zlb), 0);
    ck_assert_uint_eq(u32_at(40), 0);
    ck_assert_uint_eq(u32_at(44), 0xc6336402);
    ck_assert_uint_eq(u32_at(48), 0x06a5c350);
    path = (struct l2tpha_path){.local = v6_local, .remote = v4_remote};
    l2tpha_capture_packet(file, sizeof(file), &path, false, zlb, sizeof(zlb), 0);
    ck_assert_uint_eq(file[28], 0x45);
    ck_assert_uint_eq(u32_at(40), 0);
    path = (struct l2tpha_path){.local = v6_local};
    l2tpha_capture_packet(file, sizeof(file), &path, false, zlb, sizeof(zlb), 0);
    ck_assert_uint_eq(file[28], 0x60);
    path = (struct l2tpha_path){.remote = {3, {1, 2, 3}}};
    l2tpha_capture_packet(file, sizeof(file), &path, false, zlb, sizeof(zlb), 0);
    ck_assert_uint_eq(file[28], 0x45);
    ck_assert_uint_eq(u32_at(48), 0x06a506a5);
}
END_TEST

/* The sums of a receiver: ones all over when nothing is wrong (RFC 1071). */
static uint32_t fold(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

START_TEST(checksums_hold_at_every_length)
{
    uint8_t payload[64];
    struct l2tpha_path v4 = {.local = v4_local, .remote = v4_remote};
    struct l2tpha_path v6 = {.local = v6_local, .remote = v6_remote};

    for (size_t len = 0; len <= sizeof(payload); len++) {
        memset(payload, (int)(0xf0 + len), sizeof(payload));
        int size = l2tpha_capture_packet(file, sizeof(file), &v4, true, payload, len, 0);
        ck_assert_int_eq(size % 4, 0);
        ck_assert_uint_eq(u32_at((size_t)size - 4), (uint32_t)size);
        ck_assert_uint_le((size_t)size, l2tpha_capture_room(len));
        ck_assert_uint_eq(fold(file + 28, 20, 0), 0xffff);
        ck_assert_uint_eq(fold(file + 40, 8 + 8 + len, (uint32_t)(17 + 8 + len)), 0xffff);
        size = l2tpha_capture_packet(file, l2tpha_capture_room(len), &v6, true, payload, len, 0);
        ck_assert_int_gt(size, 0);
        ck_assert_uint_eq(fold(file + 36, 32 + 8 + len, (uint32_t)(17 + 8 + len)), 0xffff);
    }
}
END_TEST

START_TEST(longest_datagram)
{
    static uint8_t payload[65508];
    struct l2tpha_path path = {.local = v4_local, .remote = v4_remote};

    ck_assert_int_gt(l2tpha_capture_packet(file, sizeof(file), &path, true, payload, 65507, 0), 0);
    ck_assert_uint_eq(u32_at(28), 0x4500ffff);
    assert_error(l2tpha_capture_packet(file, sizeof(file), &path, true, payload, 65508, 0),
                 L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_capture(void);
Suite *suite_capture(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("capture", &tcase);

    tcase_add_test(tcase, file_begins_with_section_and_interface);
    tcase_add_test(tcase, application_may_be_missing_or_long);
    tcase_add_test(tcase, ipv4_packet);
    tcase_add_test(tcase, ipv6_packet);
    tcase_add_test(tcase, families_of_other_systems);
    tcase_add_test(tcase, ends_that_cannot_be_shown);
    tcase_add_test(tcase, checksums_hold_at_every_length);
    tcase_add_test(tcase, longest_datagram);
    return suite;
}
