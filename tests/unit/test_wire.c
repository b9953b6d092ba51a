/* SPDX-License-Identifier: MIT */
/* What the table of a wire format says is what its messages are. */
#include "codec/builder.h"
#include "codec/wire_id.h"
#include "fixture.h"

#include <l2tpha/node.h>
#include <l2tpha/session.h>
#include <string.h>

static const struct wire_format *const wire = &wire_l2tpv2;

static const struct l2tpha_header some = {
    .tunnel_id = 0x1234, .session_id = 0x5678, .ns = 0x9abc, .nr = 0xdef0};

static size_t build(uint8_t *data, size_t cap, uint16_t type)
{
    struct l2tpha_builder builder;
    size_t len;

    builder_begin(wire, &builder, data, cap, type, some.tunnel_id, some.session_id);
    assert_ok(l2tpha_builder_end(&builder, &len));
    wire->stamp(data, some.ns, some.nr);
    return len;
}

START_TEST(places_are_those_of_the_header)
{
    uint8_t data[64];
    struct l2tpha_header header;
    size_t len = build(data, sizeof(data), L2TPHA_MESSAGE_HELLO);

    ck_assert_uint_eq(len, wire->header_len + WIRE_MESSAGE_TYPE);
    assert_ok(wire_header_decode(data, len, &header));
    ck_assert_uint_eq(header.version, wire->version);
    ck_assert_uint_eq(header.header_len, wire->header_len);
    ck_assert_uint_eq(header.ns, some.ns);
    ck_assert_uint_eq(header.nr, some.nr);
    ck_assert_uint_eq(wire_ns(wire, data), some.ns);
    ck_assert_uint_eq(wire_nr(wire, data), some.nr);
    ck_assert_uint_eq(wire_session(wire, data), some.session_id);
    ck_assert_uint_eq(wire_type(wire, data, len), L2TPHA_MESSAGE_HELLO);
    ck_assert(!wire_is_ack(wire, &header));
    wire_put_nr(wire, data, 7);
    assert_ok(wire_header_decode(data, len, &header));
    ck_assert_uint_eq(header.ns, some.ns);
    ck_assert_uint_eq(header.nr, 7);
}
END_TEST

/* Without all of the Message Type it might be anything. */
START_TEST(a_type_that_is_not_all_there_is_none)
{
    uint8_t data[64];
    size_t len = build(data, sizeof(data), L2TPHA_MESSAGE_HELLO);

    for (size_t cut = wire->header_len; cut < len; cut++)
        ck_assert_uint_eq(wire_type(wire, data, cut), L2TPHA_MESSAGE_ZLB);
}
END_TEST

START_TEST(an_acknowledgement_is_one)
{
    uint8_t data[L2TPHA_ACK_MAX];
    struct l2tpha_header header, wide = some;

    ck_assert_uint_le(wire->ack_len, sizeof(data));
    assert_ok(wire_acknowledge(wire, &some, data, sizeof(data)));
    assert_ok(wire_header_decode(data, wire->ack_len, &header));
    ck_assert(wire_is_ack(wire, &header));
    ck_assert_uint_eq(header.tunnel_id, some.tunnel_id);
    ck_assert_uint_eq(header.session_id, some.session_id);
    ck_assert_uint_eq(header.ns, some.ns);
    ck_assert_uint_eq(header.nr, some.nr);
    assert_error(wire_acknowledge(wire, &some, data, wire->ack_len - 1u), L2TPHA_ERR_TOO_SMALL);
    wide.tunnel_id = wire->tunnel_id_max + 1;
    assert_error(wire_acknowledge(wire, &wide, data, sizeof(data)), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(data_headers_are_as_long_as_said)
{
    uint8_t data[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    for (int numbered = 0; numbered < 2; numbered++) {
        size_t expected = wire->data_header_len + (numbered ? wire->data_sequence_len : 0u);
        struct l2tpha_header header = some;
        header.version = wire->version;
        header.has_length = true;
        header.has_sequence = numbered;
        header.length = (uint16_t)expected;
        assert_ok(wire->encode(&header, data, sizeof(data), &len));
        ck_assert_uint_eq(len, expected);
        header.session_id = wire->session_id_max;
        assert_ok(wire->encode(&header, data, sizeof(data), &len));
        header.session_id++;
        assert_error(wire->encode(&header, data, sizeof(data), &len), L2TPHA_ERR_INVALID);
    }
}
END_TEST

static void begin_reply(struct l2tpha_builder *builder, uint8_t *data, size_t cap)
{
    builder_begin(wire, builder, data, cap, L2TPHA_MESSAGE_ICRP, 1, 2);
}

START_TEST(ids_are_assigned_up_to_the_widest)
{
    uint8_t data[64];
    struct l2tpha_builder builder;
    struct l2tpha_message message;
    size_t len;

    begin_reply(&builder, data, sizeof(data));
    wire_put_session_id(&builder, wire->session_id_max);
    assert_ok(l2tpha_builder_end(&builder, &len));
    assert_ok(l2tpha_message_decode(data, len, &message, NULL));
    ck_assert_uint_eq(wire_session_id(&message), wire->session_id_max);
    ck_assert_uint_eq(wire_tunnel_id(&message), 0); /* it has none */
    begin_reply(&builder, data, sizeof(data));
    wire_put_session_id(&builder, wire->session_id_max + 1);
    assert_error(l2tpha_builder_end(&builder, &len), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(session_states_are_as_long_as_said)
{
    const struct l2tpha_failover_session state = {.session_id = 1, .remote_session_id = 2};
    uint8_t data[128];
    struct l2tpha_builder builder;
    size_t len;

    builder_begin(wire, &builder, data, sizeof(data), L2TPHA_MESSAGE_FSQ, 1, 0);
    for (int i = 0; i < 3; i++)
        l2tpha_builder_put_session_state(&builder, &state);
    assert_ok(l2tpha_builder_end(&builder, &len));
    ck_assert_uint_eq(len, wire->header_len + WIRE_MESSAGE_TYPE + 3u * wire->session_state_len);
    ck_assert_uint_ge(wire->header_len, WIRE_HEADER_MIN);
    ck_assert_uint_ge(wire->session_state_len, WIRE_SESSION_STATE_MIN);
}
END_TEST

START_TEST(registries_are_the_public_ones)
{
    for (uint16_t type = 0; type < L2TPHA_AVP_TYPES + 10; type++) {
        ck_assert_ptr_eq(wire_avp_info(wire, 0, type), l2tpha_avp_info_find(0, type));
        ck_assert_ptr_null(wire_avp_info(wire, 9, type));
    }
    for (uint16_t type = 0; type < L2TPHA_MESSAGE_TYPES + 10; type++)
        ck_assert((wire_message_info(wire, type) != NULL) == l2tpha_message_is_known(type));
}
END_TEST

Suite *suite_wire(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("wire", &tcase);

    tcase_add_test(tcase, places_are_those_of_the_header);
    tcase_add_test(tcase, a_type_that_is_not_all_there_is_none);
    tcase_add_test(tcase, an_acknowledgement_is_one);
    tcase_add_test(tcase, data_headers_are_as_long_as_said);
    tcase_add_test(tcase, ids_are_assigned_up_to_the_widest);
    tcase_add_test(tcase, session_states_are_as_long_as_said);
    tcase_add_test(tcase, registries_are_the_public_ones);
    return suite;
}
