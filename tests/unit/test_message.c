/* SPDX-License-Identifier: MIT */
#include <l2tpha/message.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "wire.h"

static struct wire wire;
static struct l2tpha_message message;
static struct l2tpha_decode_fault fault;

/* Decode from memory of exactly that size, so that a read past the end is seen; the views are then
 * moved to the wire. */
static int decode(const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, len);
    int error = l2tpha_message_decode(exact, len, &message, &fault);
    for (size_t i = 0; i < message.avp_count; i++)
        message.avps[i].value = data + (message.avps[i].value - exact);
    if (message.body)
        message.body = data + (message.body - exact);
    free(exact);
    ck_assert_int_eq(error, fault.error);
    ck_assert_uint_eq(error != 0, fault.why != NULL);
    return error;
}

static int decode_wire(void)
{
    return decode(wire.data, wire.len);
}

static int open_wire(void)
{
    int error = decode_wire();

    return error ? error : l2tpha_message_check(&message, &fault);
}

#define assert_blames(error, of_type)                                                              \
    do {                                                                                           \
        assert_error(decode_wire(), error);                                                        \
        ck_assert(fault.is_avp);                                                                   \
        ck_assert_uint_eq(fault.type, of_type);                                                    \
    } while (0)

static const struct {
    const char *name;
    uint16_t type;
    const char *hex;
} messages[] = {
#define MESSAGE(name, type, datagram) {name, type, datagram},
#include "vectors/messages.inc"
#undef MESSAGE
};
#define MESSAGES ((int)(sizeof(messages) / sizeof(messages[0])))

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
START_TEST(mutations_never_yield_nonsense)
{
    uint32_t random = (uint32_t)_i + 1;
    size_t len = wire_hex(messages[_i % MESSAGES].hex, wire.data, sizeof(wire.data));

    for (int round = 0; round < 2000; round++) {
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

Suite *suite_message(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("message", &tcase);

    tcase_add_loop_test(tcase, known_messages_are_read, 0, MESSAGES);
    tcase_add_loop_test(tcase, every_cut_is_refused_or_shorter, 0, MESSAGES);
    tcase_add_test(tcase, zlb_is_a_header_alone);
    tcase_add_test(tcase, trailing_octets_are_never_avps);
    tcase_add_test(tcase, header_faults_name_no_avp);
    tcase_add_test(tcase, broken_framing_is_a_length_fault);
    tcase_add_test(tcase, message_type_comes_first_and_in_clear);
    tcase_add_test(tcase, second_message_type_is_refused);
    tcase_add_test(tcase, unknown_message_types_are_reported);
    tcase_add_test(tcase, wrong_avps_follow_the_m_bit);
    tcase_add_test(tcase, first_fault_is_told_and_the_rest_is_there);
    tcase_add_test(tcase, vendor_avps_are_not_ietf_avps);
    tcase_add_test(tcase, vendor_avps_have_a_limit);
    tcase_add_test(tcase, misplaced_avps_are_ignored);
    tcase_add_test(tcase, exclusive_avps_are_forbidden_elsewhere);
    tcase_add_test(tcase, opaque_avps_are_kept_or_unknown);
    tcase_add_test(tcase, duplicates_follow_the_m_bit);
    tcase_add_test(tcase, repeated_avps_are_iterated);
    tcase_add_test(tcase, session_states_are_all_there);
    tcase_add_test(tcase, failover_messages_ignore_the_rest);
    tcase_add_test(tcase, very_many_avps_are_walked_once);
    tcase_add_test(tcase, strings_are_verbatim);
    tcase_add_test(tcase, result_codes_have_three_lengths);
    tcase_add_test(tcase, each_required_avp_is_missed);
    tcase_add_test(tcase, faults_are_readable);
    tcase_add_loop_test(tcase, mutations_never_yield_nonsense, 0, MESSAGES);
    return suite;
}
