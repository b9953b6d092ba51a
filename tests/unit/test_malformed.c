/* SPDX-License-Identifier: MIT */
/* Messages that are wrong in every way that peers and attackers have found. */
#include <stdlib.h>
#include <string.h>

#include "decoded.h"

START_TEST(trailing_octets_are_never_avps)
{
    wire_sccrq(&wire);
    wire_u16(&wire, 0x8006); /* would be an unknown AVP with M=1 */
    wire_u16(&wire, 0);
    wire_u16(&wire, 999);
    assert_ok(open_wire());
    ck_assert_uint_eq(message.avp_count, 5);
}
END_TEST

START_TEST(header_faults_name_no_avp)
{
    static const struct {
        const char *hex;
        int error;
    } rows[] = {{"", L2TPHA_ERR_TRUNCATED},
                {"80020000000000", L2TPHA_ERR_HEADER},
                {"c803000c0001000000000000", L2TPHA_ERR_VERSION},
                {"c802000d0001000000000000", L2TPHA_ERR_LENGTH},
                {"c802000b0001000000000000", L2TPHA_ERR_LENGTH},
                {"0002000100020304", L2TPHA_ERR_DATA_MESSAGE},
                {"4802000c0001000000000000", L2TPHA_ERR_DATA_MESSAGE}};
    uint8_t data[32];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_error(decode(data, wire_hex(rows[i].hex, data, sizeof(data))), rows[i].error);
        ck_assert(!fault.is_avp);
        ck_assert_uint_eq(message.avp_count, 0);
    }
}
END_TEST

/* robustness: AVP length 0..5, past the end, octets left over. The framing is lost, whatever M. */
START_TEST(broken_framing_is_a_length_fault)
{
    for (unsigned m = 0; m < 2; m++) {
        for (unsigned length = 0; length < 16; length++) {
            if (length == 8)
                continue;
            wire_begin(&wire, WIRE_M, 6);
            wire_u16(&wire, (m ? WIRE_M : 0) | length);
            wire_octets(&wire, "\0\0\0\x63\0\0", 6);
            wire_close(&wire);
            /* 6 and 7 make an unknown AVP first, and leave octets over. */
            bool unknown = m && (length == 6 || length == 7);
            assert_error(decode_wire(), unknown ? L2TPHA_ERR_AVP_UNKNOWN : L2TPHA_ERR_AVP_LENGTH);
            ck_assert_uint_eq(l2tpha_fault_general_error(&fault), unknown ? 8 : 2);
            ck_assert_uint_eq(message.type, 6);
        }
    }
    for (size_t left = 1; left < 6; left++) {
        wire_begin(&wire, WIRE_M, 6);
        wire_octets(&wire, "\x80\x06\0\0\0", left);
        wire_close(&wire);
        assert_error(decode_wire(), L2TPHA_ERR_AVP_LENGTH);
        ck_assert(!fault.is_avp);
    }
}
END_TEST

START_TEST(message_type_comes_first_and_in_clear)
{
    wire_zlb(&wire);
    wire_avp(&wire, WIRE_M, 0, 7, "peer", 4);
    wire_avp_u16(&wire, WIRE_M, 0, 1);
    assert_blames(L2TPHA_ERR_MALFORMED, 7);
    ck_assert_uint_eq(message.type, 0);

    wire_zlb(&wire);
    wire_avp_u16(&wire, WIRE_M | WIRE_H, 0, 1);
    assert_blames(L2TPHA_ERR_MALFORMED, 0);

    wire_zlb(&wire);
    wire_avp(&wire, WIRE_M, 9, 0, "\0\1", 2); /* type 0 of a vendor */
    assert_blames(L2TPHA_ERR_MALFORMED, 0);

    wire_begin(&wire, WIRE_M | 0x2000, 1);
    assert_blames(L2TPHA_ERR_AVP_RESERVED, 0);

    for (size_t len = 0; len < 5; len++) {
        wire_zlb(&wire);
        wire_avp(&wire, 0, 0, 0, "\0\6\0\0", len);
        assert_error(decode_wire(), len == 2 ? L2TPHA_OK : L2TPHA_ERR_AVP_LENGTH);
    }
}
END_TEST

START_TEST(second_message_type_is_refused)
{
    for (unsigned m = 0; m < 2; m++) {
        wire_begin(&wire, WIRE_M, 6);
        wire_avp_u16(&wire, m ? WIRE_M : 0, 0, 6);
        assert_blames(L2TPHA_ERR_AVP_DUPLICATE, 0);
        wire_begin(&wire, 0, 21);
        wire_avp_u16(&wire, m ? WIRE_M : 0, 0, 21);
        assert_blames(L2TPHA_ERR_AVP_DUPLICATE, 0);
    }
}
END_TEST

/* Not an error of decoding: what it means depends on the M bit, and on the engine. */
START_TEST(unknown_message_types_are_reported)
{
    static const uint16_t types[] = {5, 13, 17, 18, 20, 23, 29, 30, 31, 32, 200, 32767, 65535};

    for (unsigned m = 0; m < 2; m++) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            wire_begin(&wire, m ? WIRE_M : 0, types[i]);
            wire_avp(&wire, WIRE_M, 0, 999, "?", 1); /* not looked at */
            assert_ok(decode_wire());
            ck_assert_uint_eq(message.type, types[i]);
            ck_assert_uint_eq(message.type_mandatory, m);
            ck_assert_uint_eq(message.avp_count, 1);
            assert_error(l2tpha_message_check(&message, &fault), L2TPHA_ERR_MESSAGE_TYPE);
            ck_assert_uint_eq(fault.mandatory, m);
        }
        wire_begin(&wire, m ? WIRE_M : 0, 0); /* must not pass for a ZLB */
        assert_error(decode_wire(), L2TPHA_ERR_MESSAGE_TYPE);
        ck_assert_uint_eq(fault.mandatory, m);
    }
}
END_TEST

/* One AVP more than an SCCRQ needs: refused with M=1, ignored with M=0. */
START_TEST(wrong_avps_follow_the_m_bit)
{
    static const struct {
        unsigned flags, vendor, type;
        size_t len;
        int error, general;
    } rows[] = {
        {0, 0, 999, 1, L2TPHA_ERR_AVP_UNKNOWN, 8},
        {0, 0, 65535, 0, L2TPHA_ERR_AVP_UNKNOWN, 8},
        {0, 0, 20, 0, L2TPHA_ERR_AVP_UNKNOWN, 8},
        {0x2000, 0, 8, 4, L2TPHA_ERR_AVP_RESERVED, 8},
        {0x0400, 0, 8, 4, L2TPHA_ERR_AVP_RESERVED, 8},
        {0, 0, 10, 1, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 10, 2, L2TPHA_ERR_AVP_VALUE, 3},
        {0, 0, 5, 7, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 11, 0, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 76, 5, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 76, 7, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 77, 9, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 77, 11, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 36, 0, L2TPHA_ERR_AVP_LENGTH, 2},
        {0, 0, 79, 10, L2TPHA_ERR_AVP_FORBIDDEN, 6},
        {0, 0, 9, 2, L2TPHA_ERR_AVP_VALUE, 3},
        {WIRE_H, 0, 7, 4, L2TPHA_ERR_MALFORMED, 6},
        {WIRE_H, 0, 36, 4, L2TPHA_ERR_MALFORMED, 6},
    };
    static const uint8_t zeros[16];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wire_sccrq(&wire);
        wire_avp(&wire, WIRE_M | rows[i].flags, rows[i].vendor, rows[i].type, zeros, rows[i].len);
        assert_blames(rows[i].error, rows[i].type);
        ck_assert(fault.mandatory);
        ck_assert_uint_eq(l2tpha_fault_general_error(&fault), rows[i].general);
        ck_assert_uint_eq(message.type, 1);
        ck_assert(l2tpha_message_has(&message, 9)); /* the answer can be addressed */

        wire_sccrq(&wire);
        wire_avp(&wire, rows[i].flags, rows[i].vendor, rows[i].type, zeros, rows[i].len);
        assert_ok(open_wire());
        ck_assert_uint_eq(message.ignored, 1);
        ck_assert_uint_eq(message.ignored_first.error, rows[i].error);
        ck_assert_uint_eq(message.ignored_first.type, rows[i].type);
        ck_assert_uint_eq(message.avp_count, 5);
    }
}
END_TEST

/* Decoding goes on behind a fault, and the first fault stays. */
START_TEST(first_fault_is_told_and_the_rest_is_there)
{
    uint16_t id;

    wire_begin(&wire, WIRE_M, 1);
    wire_avp(&wire, WIRE_M, 0, 998, "", 0);
    wire_avp(&wire, WIRE_M, 0, 999, "", 0);
    wire_avp_u16(&wire, WIRE_M, 9, 0x1234);
    assert_blames(L2TPHA_ERR_AVP_UNKNOWN, 998);
    ck_assert(l2tpha_message_u16(&message, 9, &id) && id == 0x1234);
}
END_TEST

START_TEST(vendor_avps_have_a_limit)
{
    wire_begin(&wire, WIRE_M, 1);
    for (unsigned i = 0; i < L2TPHA_MESSAGE_VENDOR_MAX + 3; i++)
        wire_avp(&wire, 0, 9, i, "", 0);
    wire_avp_u16(&wire, WIRE_M, 9, 0x1234);
    assert_ok(decode_wire());
    ck_assert_uint_eq(message.vendor_count, L2TPHA_MESSAGE_VENDOR_MAX);
    ck_assert_uint_eq(message.ignored, 3);
    ck_assert_uint_eq(message.ignored_first.error, L2TPHA_ERR_TOO_MANY);
    ck_assert(l2tpha_message_has(&message, 9));
}
END_TEST

START_TEST(duplicates_follow_the_m_bit)
{
    static const uint16_t same[] = {0x1234, 0x4321};
    uint16_t id;

    for (size_t i = 0; i < 2; i++) {
        wire_sccrq(&wire);
        wire_avp_u16(&wire, WIRE_M, 9, same[i]);
        assert_blames(L2TPHA_ERR_AVP_DUPLICATE, 9);
        wire_sccrq(&wire);
        wire_avp_u16(&wire, 0, 9, same[i]);
        assert_ok(open_wire());
        ck_assert(l2tpha_message_u16(&message, 9, &id) && id == 0x1234);
        ck_assert_uint_eq(message.ignored, 1);
    }
}
END_TEST

/* robustness: 10,000 empty AVPs. Linear: the counts are exact and it ends. */
START_TEST(very_many_avps_are_walked_once)
{
    wire_begin(&wire, WIRE_M, 6);
    for (unsigned i = 0; i < 10000; i++)
        wire_avp(&wire, 0, 0, 1000 + i, "", 0);
    assert_ok(open_wire());
    ck_assert_uint_eq(message.ignored, 10000);
    ck_assert_uint_eq(message.ignored_first.type, 1000);
    ck_assert_uint_eq(message.avp_count, 1);

    wire_sccrq(&wire);
    static const uint8_t long_value[1017] = "long";
    for (unsigned i = 0; i < 60; i++)
        wire_avp(&wire, 0, 0, 8, long_value, sizeof(long_value));
    assert_ok(open_wire());
    ck_assert_uint_eq(message.ignored, 59);
    ck_assert_uint_eq(l2tpha_message_find(&message, 8)->len, 1017);
}
END_TEST

START_TEST(faults_are_readable)
{
    char text[64], tiny[5];

    wire_begin(&wire, WIRE_M, 6);
    wire_avp(&wire, WIRE_M, 0, 999, "", 0);
    assert_blames(L2TPHA_ERR_AVP_UNKNOWN, 999);
    ck_assert_uint_eq(l2tpha_fault_text(&fault, text, sizeof(text)), strlen(text));
    ck_assert_str_eq(text, "unknown AVP 999: not known here");
    ck_assert_uint_eq(l2tpha_fault_text(&fault, tiny, sizeof(tiny)), 4);
    ck_assert_str_eq(tiny, "unkn");
    ck_assert_uint_eq(l2tpha_fault_text(&fault, NULL, 0), 0);

    wire_begin(&wire, WIRE_M, 6);
    wire_avp(&wire, WIRE_M, 9, 7, "", 0);
    assert_blames(L2TPHA_ERR_AVP_UNKNOWN, 7);
    l2tpha_fault_text(&fault, text, sizeof(text));
    ck_assert_str_eq(text, "vendor AVP 7 of vendor 9: not known here");

    wire_begin(&wire, WIRE_M, 1);
    assert_error(open_wire(), L2TPHA_ERR_AVP_MISSING);
    l2tpha_fault_text(&fault, text, sizeof(text));
    ck_assert_str_eq(text, "Protocol Version 2: missing");
    ck_assert_uint_eq(l2tpha_fault_general_error(&fault), 6);

    wire_begin(&wire, WIRE_M, 200);
    assert_error(open_wire(), L2TPHA_ERR_MESSAGE_TYPE);
    l2tpha_fault_text(&fault, text, sizeof(text));
    ck_assert_str_eq(text, "unknown message type 200");

    ck_assert_int_eq(l2tpha_message_decode(NULL, 0, &message, &fault), L2TPHA_ERR_TRUNCATED);
    l2tpha_fault_text(&fault, text, sizeof(text));
    ck_assert_str_eq(text, "malformed header");
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Broken copies of good messages: whatever is found lies inside the datagram and is well-formed. */
START_TEST(mutations_never_decode_to_nonsense)
{
    uint32_t random = (uint32_t)_i + 1;
    size_t len = wire_hex(messages[_i % MESSAGES].hex, wire.data, sizeof(wire.data));

    for (int round = 0; round < 500; round++) {
        uint8_t data[512];
        memcpy(data, wire.data, len);
        for (uint32_t flips = next_random(&random) % 4 + 1; flips > 0; flips--)
            data[next_random(&random) % len] ^= (uint8_t)(1u << next_random(&random) % 8);
        if (decode(data, len) != L2TPHA_OK && !fault.is_avp)
            continue;
        for (size_t i = 0; i < message.avp_count; i++) {
            const struct l2tpha_avp *avp = &message.avps[i];
            const struct l2tpha_avp_info *info = l2tpha_avp_info_find(avp->vendor, avp->type);
            ck_assert(avp->value >= data && avp->value + avp->len <= data + len);
            ck_assert(info || !avp->mandatory);
            if (!info)
                continue;
            ck_assert_ptr_eq(l2tpha_message_find(&message, avp->type), avp);
            ck_assert(avp->hidden || (avp->len >= info->min && avp->len <= info->max));
            ck_assert(!avp->hidden || info->hideable);
        }
    }
}
END_TEST

Suite *suite_malformed(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("malformed", &tcase);

    tcase_add_test(tcase, trailing_octets_are_never_avps);
    tcase_add_test(tcase, header_faults_name_no_avp);
    tcase_add_test(tcase, broken_framing_is_a_length_fault);
    tcase_add_test(tcase, message_type_comes_first_and_in_clear);
    tcase_add_test(tcase, second_message_type_is_refused);
    tcase_add_test(tcase, unknown_message_types_are_reported);
    tcase_add_test(tcase, wrong_avps_follow_the_m_bit);
    tcase_add_test(tcase, first_fault_is_told_and_the_rest_is_there);
    tcase_add_test(tcase, vendor_avps_have_a_limit);
    tcase_add_test(tcase, duplicates_follow_the_m_bit);
    tcase_add_test(tcase, very_many_avps_are_walked_once);
    tcase_add_test(tcase, faults_are_readable);
    tcase_add_loop_test(tcase, mutations_never_decode_to_nonsense, 0, MESSAGES);
    return suite;
}
