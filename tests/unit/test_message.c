/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "decoded.h"

START_TEST(known_messages_are_read)
{
    bool hidden = strncmp(messages[_i].name, "hidden", 6) == 0;

    wire.len = wire_hex(messages[_i].hex, wire.data, sizeof(wire.data));
    assert_ok(decode_wire());
    ck_assert_uint_eq(message.type, messages[_i].type);
    ck_assert_uint_eq(message.type_mandatory, messages[_i].type < 17);
    ck_assert_uint_eq(message.header.length, wire.len);
    ck_assert_uint_eq(message.ignored, 0);
    ck_assert_uint_eq(message.hidden, hidden ? 3 : 0);
    assert_error(l2tpha_message_check(&message, &fault), hidden ? L2TPHA_ERR_AVP_HIDDEN : 0);
}
END_TEST

/* Cut anywhere, with and without a Length that knows: never more than an error. */
START_TEST(every_cut_is_refused_or_shorter)
{
    size_t len = wire_hex(messages[_i].hex, wire.data, sizeof(wire.data));

    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_ne(decode(wire.data, cut), L2TPHA_OK);
        if (cut < 12)
            continue;
        wire.len = cut;
        wire_close(&wire);
        int error = decode_wire();
        ck_assert(error == L2TPHA_OK || error == L2TPHA_ERR_AVP_LENGTH);
        wire.len = len;
        wire_close(&wire);
    }
}
END_TEST

START_TEST(values_have_their_size)
{
    struct l2tpha_bytes bytes = {NULL, 77};
    uint64_t tie = 0;
    uint32_t word = 77;
    uint16_t half = 77;

    wire_sccrq(&wire);
    wire_avp(&wire, 0, 0, 5, "\1\2\3\4\5\6\7\10", 8);
    assert_ok(open_wire());
    ck_assert(l2tpha_message_u64(&message, 5, &tie) && tie == 0x0102030405060708);
    ck_assert(l2tpha_message_u32(&message, 3, &word) && word == 3);
    ck_assert(l2tpha_message_u16(&message, 2, &half) && half == 0x0100);
    word = half = 77;
    ck_assert(!l2tpha_message_u32(&message, 9, &word) && word == 77);  /* two octets */
    ck_assert(!l2tpha_message_u16(&message, 10, &half) && half == 77); /* absent */
    ck_assert(!l2tpha_message_bytes(&message, 8, &bytes) && bytes.len == 77);
    ck_assert_ptr_null(l2tpha_message_find(&message, L2TPHA_AVP_TYPES));
    ck_assert_ptr_null(l2tpha_message_find(&message, 65535));
}
END_TEST

START_TEST(zlb_is_a_header_alone)
{
    wire_zlb(&wire);
    assert_ok(open_wire());
    ck_assert_uint_eq(message.type, L2TPHA_MESSAGE_ZLB);
    ck_assert_uint_eq(message.avp_count, 0);
    ck_assert_uint_eq(message.header.tunnel_id, 1);
    ck_assert_uint_eq(message.header.session_id, 2);
    ck_assert_uint_eq(message.header.ns, 3);
    ck_assert_uint_eq(message.header.nr, 4);
    /* Octets behind the Length are no message. */
    wire_octets(&wire, "\x80\x08\0\0\0\0\0\1", 8);
    assert_ok(open_wire());
    ck_assert_uint_eq(message.type, L2TPHA_MESSAGE_ZLB);
}
END_TEST

START_TEST(vendor_avps_are_not_ietf_avps)
{
    uint16_t value;

    wire_sccrq(&wire);
    wire_avp(&wire, 0, 3561, 2, "agent", 5);
    wire_avp(&wire, 0, 9, 9, "\0\7", 2);
    assert_ok(open_wire());
    ck_assert(l2tpha_message_u16(&message, 9, &value) && value == 0x1234);
    const struct l2tpha_avp *avp = l2tpha_message_find_vendor(&message, 3561, 2);
    ck_assert(avp && avp->len == 5 && !avp->mandatory);
    ck_assert_mem_eq(avp->value, "agent", 5);
    ck_assert_ptr_null(l2tpha_message_find_vendor(&message, 3561, 9));
    ck_assert_ptr_null(l2tpha_message_find_vendor(&message, 0, 9));

    wire_avp(&wire, WIRE_M, 3561, 2, "agent", 5);
    assert_blames(L2TPHA_ERR_AVP_UNKNOWN, 2);
    ck_assert_uint_eq(fault.vendor, 3561);

    wire_begin(&wire, WIRE_M, 1);
    wire_avp_u16(&wire, WIRE_M, 2, 0x0100);
    wire_avp(&wire, WIRE_M, 0, 3, "\0\0\0\3", 4);
    wire_avp(&wire, WIRE_M, 0, 7, "peer", 4);
    wire_avp(&wire, 0, 9, 9, "\0\7", 2);
    assert_error(open_wire(), L2TPHA_ERR_AVP_MISSING);
    ck_assert_uint_eq(fault.type, 9);
}
END_TEST

/* Known but out of place: noise, whatever its M bit and its value. */
START_TEST(misplaced_avps_are_ignored)
{
    static const struct {
        uint16_t message, type;
    } rows[] = {{6, 7}, {6, 9}, {14, 15}, {4, 76}, {1, 78}, {1, 13}, {3, 11}, {16, 34}, {12, 21}};

    for (unsigned m = 0; m < 2; m++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            wire_begin(&wire, WIRE_M, rows[i].message);
            wire_avp(&wire, m ? WIRE_M : 0, 0, rows[i].type, "", 0);
            assert_ok(decode_wire());
            ck_assert_uint_eq(message.ignored, 1);
            ck_assert_uint_eq(message.ignored_first.error, L2TPHA_ERR_AVP_FORBIDDEN);
            ck_assert_ptr_null(l2tpha_message_find(&message, rows[i].type));
        }
    }
}
END_TEST

/* RFC 4951 5.2, 5.4: nowhere else. Its Appendix A shows Tunnel Recovery in an SCCRP. */
START_TEST(exclusive_avps_are_forbidden_elsewhere)
{
    static const uint8_t value[10] = {0, 0, 0, 0, 0, 7, 0, 0, 0, 9};
    struct l2tpha_tunnel_recovery recovery;

    wire_begin(&wire, WIRE_M, 3);
    wire_avp(&wire, WIRE_M, 0, 77, value, 10);
    assert_blames(L2TPHA_ERR_AVP_FORBIDDEN, 77);
    wire_begin(&wire, WIRE_M, 10);
    wire_avp(&wire, WIRE_M, 0, 79, value, 10);
    assert_blames(L2TPHA_ERR_AVP_FORBIDDEN, 79);
    wire_begin(&wire, WIRE_M, 2);
    wire_avp(&wire, WIRE_M, 0, 77, value, 10);
    assert_ok(decode_wire());
    ck_assert(l2tpha_avp_tunnel_recovery(l2tpha_message_find(&message, 77), &recovery));
    ck_assert(recovery.tunnel_id == 7 && recovery.remote_tunnel_id == 9);
}
END_TEST

/* Named by an extension that nobody here speaks. */
START_TEST(opaque_avps_are_kept_or_unknown)
{
    struct l2tpha_bytes value;

    wire_begin(&wire, WIRE_M, 12);
    wire_avp(&wire, 0, 0, 49, "options", 7);
    assert_ok(decode_wire());
    ck_assert(l2tpha_message_bytes(&message, 49, &value) && value.len == 7);
    wire_begin(&wire, WIRE_M, 12);
    wire_avp(&wire, WIRE_M, 0, 49, "options", 7);
    assert_blames(L2TPHA_ERR_AVP_UNKNOWN, 49);
}
END_TEST

START_TEST(repeated_avps_are_iterated)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_ppp_cause cause;

    wire_begin(&wire, WIRE_M, 14);
    wire_avp(&wire, 0, 0, 46, "\0\1\xc0\x21", 4); /* short: ignored */
    wire_avp(&wire, 0, 0, 46, "\0\3\xc0\x21\1", 5);
    wire_avp(&wire, 0, 9, 46, "\0\4\xc0\x21\1", 5);      /* of a vendor */
    wire_avp(&wire, 0x0400, 0, 46, "\0\5\xc0\x21\1", 5); /* reserved bit */
    wire_avp_u16(&wire, WIRE_M, 14, 5);
    wire_avp(&wire, 0, 0, 46, "\0\x11\x80\x21\2why", 8);
    assert_ok(decode_wire());
    ck_assert_uint_eq(message.ignored, 2);
    ck_assert(l2tpha_message_each(&message, 46, &cursor));
    ck_assert(l2tpha_avp_ppp_cause(&cursor.avp, &cause) && cause.code == 3);
    ck_assert(l2tpha_message_each(&message, 46, &cursor));
    ck_assert(l2tpha_avp_ppp_cause(&cursor.avp, &cause) && cause.code == 17);
    ck_assert_uint_eq(cause.text_len, 3);
    ck_assert(!l2tpha_message_each(&message, 46, &cursor));
    ck_assert(!l2tpha_message_each(&message, 46, &cursor)); /* and stays at the end */

    cursor = (struct l2tpha_avp_cursor){0};
    ck_assert(!l2tpha_message_each(&message, 79, &cursor)); /* absent */
    ck_assert(!l2tpha_message_each(&message, 14, &cursor)); /* not repeatable */
    ck_assert(!l2tpha_message_each(&message, 999, &cursor));
}
END_TEST

START_TEST(session_states_are_all_there)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session state;
    uint32_t count = 0;

    wire_begin(&wire, 0, 22);
    for (uint16_t id = 1; id <= 4000; id++) {
        uint8_t value[10] = {0, 0, 0, 0, (uint8_t)(id >> 8), (uint8_t)id, 0, 0, 1, 0};
        wire_avp(&wire, WIRE_M, 0, 79, value, sizeof(value));
    }
    assert_ok(open_wire());
    ck_assert_uint_eq(message.avp_count, 2);
    while (l2tpha_message_each(&message, 79, &cursor)) {
        ck_assert(l2tpha_avp_session_state(&cursor.avp, &state));
        ck_assert_uint_eq(state.session_id, ++count);
        ck_assert_uint_eq(state.remote_session_id, 256);
    }
    ck_assert_uint_eq(count, 4000);
}
END_TEST

/* RFC 4951 4.1: others are ignored, even where the base rule says the end. */
START_TEST(failover_messages_ignore_the_rest)
{
    static const uint8_t value[10] = {0, 0, 0, 0, 0, 7, 0, 0, 0, 9};

    for (uint16_t type = 21; type < 23; type++) {
        wire_begin(&wire, 0, type);
        wire_avp(&wire, WIRE_M, 0, 999, "", 0);
        wire_avp(&wire, WIRE_M, 9, 79, value, 10);
        wire_avp(&wire, WIRE_M | 0x0400, 0, 7, "x", 1);
        wire_avp(&wire, WIRE_M | WIRE_H, 0, 9, "x", 1);
        wire_avp(&wire, WIRE_M, 0, 36, "0123456789abcdef", 16);
        wire_avp(&wire, WIRE_M, 0, 79, value, 10);
        assert_ok(open_wire());
        ck_assert_uint_eq(message.ignored, 4);
        ck_assert_uint_eq(message.hidden, 0);
        ck_assert(l2tpha_message_has(&message, 79));

        wire_avp(&wire, WIRE_M, 0, 79, value, 9);
        assert_blames(L2TPHA_ERR_AVP_LENGTH, 79);
        wire_begin(&wire, 0, type);
        assert_ok(open_wire()); /* empty: acknowledged and ignored */
    }
}
END_TEST

/* Strings of any content are kept as they are. */
START_TEST(strings_are_verbatim)
{
    static const size_t sizes[] = {0, 1, 254, 255, 256, 1017};
    static const char nasty[] = "a\0%n\x1b[2J\n\xff";
    uint8_t value[1017];
    struct l2tpha_bytes got;

    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (uint8_t)nasty[i % sizeof(nasty)];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        wire_begin(&wire, WIRE_M, 1);
        wire_avp(&wire, WIRE_M, 0, 7, value, sizes[i]);
        wire_avp(&wire, 0, 0, 8, value, sizes[i]);
        assert_error(decode_wire(), sizes[i] ? L2TPHA_OK : L2TPHA_ERR_AVP_LENGTH);
        for (uint16_t type = sizes[i] ? 7 : 8; type < 9; type++) {
            ck_assert(l2tpha_message_bytes(&message, type, &got));
            ck_assert_uint_eq(got.len, sizes[i]);
            if (got.len)
                ck_assert_mem_eq(got.data, value, got.len);
        }
    }
}
END_TEST

START_TEST(result_codes_have_three_lengths)
{
    struct l2tpha_result result;
    uint8_t value[1017] = {3, 0, 0, 9};

    for (size_t len = 0; len <= sizeof(value); len = len < 6 ? len + 1 : len + 337) {
        wire_begin(&wire, WIRE_M, 4);
        wire_avp(&wire, WIRE_M, 0, 1, value, len);
        bool valid = len == 2 || len >= 4;
        assert_error(decode_wire(), valid ? L2TPHA_OK : L2TPHA_ERR_AVP_LENGTH);
        ck_assert_uint_eq(l2tpha_message_result(&message, &result), valid);
        if (!valid)
            continue;
        ck_assert_uint_eq(result.result, 0x0300); /* swapped by the peer: unknown, not fatal */
        ck_assert_uint_eq(result.text_len, len > 4 ? len - 4 : 0);
        ck_assert_uint_eq(result.has_error, len >= 4);
    }
}
END_TEST

START_TEST(each_required_avp_is_missed)
{
    static const uint8_t value[1017] = {1, 1, 1, 1};

    for (uint16_t type = 1; type <= 22; type++) {
        for (size_t left_out = 0; l2tpha_message_required(type, left_out); left_out++) {
            uint16_t missing = l2tpha_message_required(type, left_out), required;
            wire_begin(&wire, WIRE_M, type);
            for (size_t i = 0; (required = l2tpha_message_required(type, i)) != 0; i++)
                if (required != missing)
                    wire_avp(&wire, WIRE_M, 0, required, value,
                             l2tpha_avp_info_find(0, required)->min);
            assert_error(open_wire(), L2TPHA_ERR_AVP_MISSING);
            ck_assert_uint_eq(fault.type, missing);
            wire_avp(&wire, WIRE_M, 0, missing, value, l2tpha_avp_info_find(0, missing)->min);
            assert_ok(open_wire());
        }
    }
}
END_TEST

Suite *suite_message(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("message", &tcase);

    tcase_add_loop_test(tcase, known_messages_are_read, 0, MESSAGES);
    tcase_add_loop_test(tcase, every_cut_is_refused_or_shorter, 0, MESSAGES);
    tcase_add_test(tcase, values_have_their_size);
    tcase_add_test(tcase, zlb_is_a_header_alone);
    tcase_add_test(tcase, vendor_avps_are_not_ietf_avps);
    tcase_add_test(tcase, misplaced_avps_are_ignored);
    tcase_add_test(tcase, exclusive_avps_are_forbidden_elsewhere);
    tcase_add_test(tcase, opaque_avps_are_kept_or_unknown);
    tcase_add_test(tcase, repeated_avps_are_iterated);
    tcase_add_test(tcase, session_states_are_all_there);
    tcase_add_test(tcase, failover_messages_ignore_the_rest);
    tcase_add_test(tcase, strings_are_verbatim);
    tcase_add_test(tcase, result_codes_have_three_lengths);
    tcase_add_test(tcase, each_required_avp_is_missed);
    return suite;
}
