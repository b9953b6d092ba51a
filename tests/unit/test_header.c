/* SPDX-License-Identifier: MIT */
#include <l2tpha/header.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const uint8_t control[] = {0xc8, 2, 0, 12, 0x12, 0x34, 0xab, 0xcd, 0, 7, 0xff, 0xff};

/* Decode from memory of exactly that size, so that a read past the end is seen. */
static int decode(const uint8_t *data, size_t len, struct l2tpha_header *header)
{
    uint8_t *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, len);
    int error = l2tpha_header_decode(exact, len, header);
    free(exact);
    return error;
}

START_TEST(control_header_is_read)
{
    struct l2tpha_header h;

    assert_ok(decode(control, sizeof(control), &h));
    ck_assert(h.control && h.has_length && h.has_sequence && !h.has_offset && !h.priority);
    ck_assert_uint_eq(h.version, 2);
    ck_assert_uint_eq(h.length, 12);
    ck_assert_uint_eq(h.tunnel_id, 0x1234);
    ck_assert_uint_eq(h.session_id, 0xabcd);
    ck_assert_uint_eq(h.ns, 7);
    ck_assert_uint_eq(h.nr, 0xffff);
    ck_assert_uint_eq(h.header_len, 12);
}
END_TEST

START_TEST(every_shorter_datagram_is_truncated)
{
    struct l2tpha_header h, none = {0};

    for (size_t len = 0; len < sizeof(control); len++) {
        memset(&h, 0xff, sizeof(h));
        assert_error(decode(control, len, &h), L2TPHA_ERR_TRUNCATED);
        ck_assert_uint_eq(h.length, none.length);
        ck_assert(!h.control);
    }
}
END_TEST

START_TEST(reserved_bits_are_ignored)
{
    struct l2tpha_header h;
    uint8_t data[12];

    memcpy(data, control, sizeof(data));
    data[0] |= 0x34;
    data[1] |= 0xf0;
    assert_ok(decode(data, sizeof(data), &h));
    ck_assert_uint_eq(h.version, 2);
}
END_TEST

START_TEST(other_versions_are_refused)
{
    struct l2tpha_header h;
    uint8_t data[12];

    memcpy(data, control, sizeof(data));
    for (uint8_t version = 0; version < 16; version++) {
        data[1] = version;
        assert_error(decode(data, sizeof(data), &h), version == 2 ? L2TPHA_OK : L2TPHA_ERR_VERSION);
        data[0] = 0; /* data as well */
        assert_error(decode(data, sizeof(data), &h), version == 2 ? L2TPHA_OK : L2TPHA_ERR_VERSION);
        data[0] = control[0];
    }
}
END_TEST

/* robustness: control without L or S, with O or P */
START_TEST(control_flags_are_strict)
{
    static const uint8_t first[] = {0x80, 0xc0, 0x88, 0xca, 0xc9, 0xcb};
    struct l2tpha_header h;
    uint8_t data[16] = {0};

    memcpy(data, control, sizeof(control));
    data[12] = data[13] = 0xff;
    for (size_t i = 0; i < sizeof(first); i++) {
        data[0] = first[i];
        assert_error(decode(data, sizeof(data), &h), L2TPHA_ERR_HEADER);
    }
    static const uint8_t endless[] = {0x80, 2, 0, 0, 0, 0, 0};
    assert_error(decode(endless, sizeof(endless), &h), L2TPHA_ERR_HEADER);
}
END_TEST

START_TEST(length_field_must_fit)
{
    static const struct {
        uint16_t length;
        int error;
    } rows[] = {{0, L2TPHA_ERR_LENGTH},
                {11, L2TPHA_ERR_LENGTH},
                {12, L2TPHA_OK},
                {19, L2TPHA_OK},
                {20, L2TPHA_OK},
                {21, L2TPHA_ERR_LENGTH},
                {0xffff, L2TPHA_ERR_LENGTH},
                {0x0c00, L2TPHA_ERR_LENGTH}};
    struct l2tpha_header h;
    uint8_t data[20] = {0};

    memcpy(data, control, sizeof(control));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        data[2] = (uint8_t)(rows[i].length >> 8);
        data[3] = (uint8_t)rows[i].length;
        assert_error(decode(data, sizeof(data), &h), rows[i].error);
        ck_assert_uint_eq(h.length, rows[i].error ? 0 : rows[i].length);
    }
}
END_TEST

/* All of L, S, O and P on data, each with and without a pad: what is written is read again, and
 * every cut is noticed. */
START_TEST(data_headers_in_every_form)
{
    struct l2tpha_header in = {.version = 2, .tunnel_id = 65535, .session_id = 1}, out;
    uint8_t data[64];
    size_t len;

    in.has_length = _i & 1;
    in.has_sequence = _i & 2;
    in.has_offset = _i & 4;
    in.priority = _i & 8;
    in.ns = in.has_sequence ? 0x0102 : 0;
    in.nr = in.has_sequence ? 0x0304 : 0;
    in.offset = in.has_offset && _i & 16 ? 5 : 0;
    in.length = 40;
    memset(data, 0xee, sizeof(data));
    assert_ok(l2tpha_header_encode(&in, data, sizeof(data), &len));
    size_t expected = 6u + (_i & 1 ? 2u : 0u) + (_i & 2 ? 4u : 0u) + (_i & 4 ? 2u : 0u) + in.offset;
    ck_assert_uint_eq(len, expected);
    ck_assert_uint_eq(data[len], 0xee);
    ck_assert_uint_eq(data[0] & 0x80, 0);

    assert_ok(decode(data, 40, &out));
    in.header_len = expected;
    ck_assert_uint_eq(out.control, false);
    ck_assert_uint_eq(out.has_length, in.has_length);
    ck_assert_uint_eq(out.has_sequence, in.has_sequence);
    ck_assert_uint_eq(out.has_offset, in.has_offset);
    ck_assert_uint_eq(out.priority, in.priority);
    ck_assert_uint_eq(out.length, 40);
    ck_assert_uint_eq(out.tunnel_id, 65535);
    ck_assert_uint_eq(out.session_id, 1);
    ck_assert_uint_eq(out.ns, in.ns);
    ck_assert_uint_eq(out.nr, in.nr);
    ck_assert_uint_eq(out.offset, in.offset);
    ck_assert_uint_eq(out.header_len, expected);

    for (size_t cut = 0; cut < expected; cut++) {
        ck_assert_int_ne(decode(data, cut, &out), L2TPHA_OK);
        assert_error(l2tpha_header_encode(&in, data, cut, &len), L2TPHA_ERR_TOO_SMALL);
        ck_assert_uint_eq(len, 0);
    }
}
END_TEST

START_TEST(offset_past_the_end_is_refused)
{
    uint8_t data[] = {0x02, 2, 0, 1, 0, 2, 0, 3, 0, 0, 0};
    struct l2tpha_header h;

    assert_ok(decode(data, sizeof(data), &h));
    ck_assert_uint_eq(h.header_len, sizeof(data));
    data[7] = 4;
    assert_error(decode(data, sizeof(data), &h), L2TPHA_ERR_LENGTH);
    data[6] = data[7] = 0xff;
    assert_error(decode(data, sizeof(data), &h), L2TPHA_ERR_LENGTH);
}
END_TEST

START_TEST(data_without_length_has_a_limit)
{
    static uint8_t data[65537] = {0x00, 2, 0, 1, 0, 2};
    struct l2tpha_header h;

    assert_ok(l2tpha_header_decode(data, 65535, &h));
    ck_assert_uint_eq(h.length, 65535);
    assert_error(l2tpha_header_decode(data, 65536, &h), L2TPHA_ERR_LENGTH);
}
END_TEST

START_TEST(control_header_is_written)
{
    struct l2tpha_header h;
    uint8_t data[12];
    size_t len;

    assert_ok(l2tpha_header_decode(control, sizeof(control), &h));
    assert_ok(l2tpha_header_encode(&h, data, sizeof(data), &len));
    ck_assert_uint_eq(len, sizeof(control));
    ck_assert_mem_eq(data, control, sizeof(control));
    l2tpha_header_stamp(data, 0x0102, 0x0304);
    ck_assert_mem_eq(data, control, 8);
    ck_assert_mem_eq(data + 8, "\1\2\3\4", 4);
}
END_TEST

START_TEST(bad_headers_are_not_written)
{
    struct l2tpha_header good, bad;
    uint8_t data[32];
    size_t len;

#define REFUSED(change)                                                                            \
    do {                                                                                           \
        bad = good;                                                                                \
        change;                                                                                    \
        assert_error(l2tpha_header_encode(&bad, data, sizeof(data), &len), L2TPHA_ERR_INVALID);    \
    } while (0)

    assert_ok(l2tpha_header_decode(control, sizeof(control), &good));
    REFUSED(bad.tunnel_id = 65536);
    REFUSED(bad.session_id = 65536);
    REFUSED(bad.version = 3);
    REFUSED(bad.has_length = false);
    REFUSED(bad.has_sequence = false);
    REFUSED(bad.has_offset = true);
    REFUSED(bad.priority = true);
    REFUSED(bad.length = 11);
#undef REFUSED
}
END_TEST

Suite *suite_header(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("header", &tcase);

    tcase_add_test(tcase, control_header_is_read);
    tcase_add_test(tcase, every_shorter_datagram_is_truncated);
    tcase_add_test(tcase, reserved_bits_are_ignored);
    tcase_add_test(tcase, other_versions_are_refused);
    tcase_add_test(tcase, control_flags_are_strict);
    tcase_add_test(tcase, length_field_must_fit);
    tcase_add_loop_test(tcase, data_headers_in_every_form, 0, 32);
    tcase_add_test(tcase, offset_past_the_end_is_refused);
    tcase_add_test(tcase, data_without_length_has_a_limit);
    tcase_add_test(tcase, control_header_is_written);
    tcase_add_test(tcase, bad_headers_are_not_written);
    return suite;
}
