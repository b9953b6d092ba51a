/* SPDX-License-Identifier: MIT */
/* The format of a segment, octet by octet. */
#include "store/segment.h"

#include "fixture.h"
#include "store/crc32c.h"
#include "store/crc32c_table.h"

#include <l2tpha/record.h>
#include <string.h>

static const uint8_t salt[SEGMENT_SALT] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t others[SEGMENT_SALT] = {1, 2, 3, 4, 5, 6, 7, 9};

/* RFC 3720 B.4, and the check value of the polynomial. */
START_TEST(checksums)
{
    uint8_t octets[32];

    memset(octets, 0, sizeof(octets));
    ck_assert_uint_eq(crc32c(0, octets, 32), 0x8a9136aa);
    memset(octets, 0xff, sizeof(octets));
    ck_assert_uint_eq(crc32c(0, octets, 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        octets[i] = (uint8_t)i;
    ck_assert_uint_eq(crc32c(0, octets, 32), 0x46dd794e);
    for (unsigned i = 0; i <= 32; i++)
        ck_assert_uint_eq(crc32c(crc32c(0, octets, i), octets + i, 32 - i), 0x46dd794e);
    ck_assert_uint_eq(crc32c(0, (const uint8_t *)"123456789", 9), 0xe3069283);
}
END_TEST

START_TEST(its_tables)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        ck_assert_uint_eq(crc32c_table[0][i], crc);
        for (unsigned k = 1; k < 8; k++) {
            crc = crc32c_table[0][crc & 0xff] ^ crc >> 8;
            ck_assert_uint_eq(crc32c_table[k][i], crc);
        }
    }
}
END_TEST

START_TEST(a_header)
{
    const struct segment_header header = {
        .number = 7, .epoch = 0x0102030405060708, .level = 2, .level_min = 0x102, .salt = {9}};
    uint8_t octets[SEGMENT_HEADER];
    struct segment_header got;

    segment_put_header(octets, &header);
    ck_assert(segment_get_header(octets, &got));
    ck_assert_uint_eq(got.number, header.number);
    ck_assert_uint_eq(got.epoch, header.epoch);
    ck_assert_uint_eq(got.level, header.level);
    ck_assert_uint_eq(got.level_min, header.level_min);
    ck_assert_mem_eq(got.salt, header.salt, SEGMENT_SALT);
    ck_assert(!segment_is_marked(octets));
    for (unsigned i = 0; i < 52; i++) {
        octets[i] ^= 1;
        ck_assert(!segment_get_header(octets, &got));
        octets[i] ^= 1;
    }
    segment_put_mark(octets + SEGMENT_MARK_AT);
    ck_assert(segment_is_marked(octets));
    ck_assert(segment_get_header(octets, &got));
}
END_TEST

/* It says no level, and is of level 1. */
START_TEST(a_header_of_the_first_release)
{
    uint8_t octets[SEGMENT_HEADER] = "L2TPHASG\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\7"
                                     "\1\2\3\4\5\6\7\10\11";
    struct segment_header got;

    memcpy(octets + 48, "\x3e\x1e\x7d\x4f", 4);
    ck_assert(segment_get_header(octets, &got));
    ck_assert_uint_eq(got.number, 7);
    ck_assert_uint_eq(got.epoch, 0x0102030405060708);
    ck_assert_uint_eq(got.level, 1);
    ck_assert_uint_eq(got.level_min, 1);
}
END_TEST

static enum segment_found get(const uint8_t *octets, size_t len, struct segment_item *item)
{
    size_t size;

    return segment_get_item(octets, len, salt, item, &size);
}

/* Any octet that is another one makes it no item. */
START_TEST(an_item)
{
    uint8_t body[200], octets[300];
    struct segment_item item = {.position = 5, .durable = 3, .whole = _i & 1, .data = body}, got;

    for (unsigned i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 7 + 1);
    item.len = (size_t)_i;
    size_t size = segment_item_size(item.len);
    ck_assert_uint_eq(size % SEGMENT_ALIGN, 0);
    memset(octets, 0xaa, sizeof(octets));
    segment_put_item(octets, salt, &item);
    ck_assert_uint_eq(octets[size], 0xaa);
    ck_assert_int_eq(get(octets, size, &got), SEGMENT_ITEM);
    ck_assert_uint_eq(got.position, 5);
    ck_assert_uint_eq(got.durable, 3);
    ck_assert(got.whole == item.whole);
    ck_assert_uint_eq(got.len, item.len);
    ck_assert_mem_eq(got.data, body, item.len);
    for (size_t len = 1; len < size; len++) /* the length begins with zeros */
        ck_assert_int_eq(get(octets, len, &got), len < 4 ? SEGMENT_END : SEGMENT_MORE);
    for (size_t i = 0; i < SEGMENT_ITEM_HEAD + item.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            octets[i] ^= (uint8_t)(1 << bit);
            ck_assert_int_ne(get(octets, size, &got), SEGMENT_ITEM);
            octets[i] ^= (uint8_t)(1 << bit);
        }
    ck_assert_int_eq(segment_get_item(octets, size, others, &got, &size), SEGMENT_BAD);
}
END_TEST

START_TEST(what_is_none)
{
    uint8_t octets[SEGMENT_ITEM_HEAD] = {0};
    struct segment_item got;

    ck_assert_int_eq(get(octets, sizeof(octets), &got), SEGMENT_END);
    ck_assert_int_eq(get(octets, 7, &got), SEGMENT_END);
    octets[9] = 1;
    ck_assert_int_eq(get(octets, sizeof(octets), &got), SEGMENT_BAD);
    octets[0] = 0xff; /* longer than any checkpoint */
    ck_assert_int_eq(get(octets, sizeof(octets), &got), SEGMENT_BAD);
}
END_TEST

Suite *suite_segment(void);
Suite *suite_segment(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("segment", &tcase);

    tcase_add_test(tcase, checksums);
    tcase_add_test(tcase, its_tables);
    tcase_add_test(tcase, a_header);
    tcase_add_test(tcase, a_header_of_the_first_release);
    tcase_add_loop_test(tcase, an_item, 1, 70);
    tcase_add_test(tcase, what_is_none);
    return suite;
}
