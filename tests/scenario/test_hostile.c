/* SPDX-License-Identifier: MIT */
/* Hostile input: what no peer should send, to a node with a tunnel and calls and to one without.
 * Each is refused with a named error and a counter; what the RFC does not demand to change stays
 * as it was, down to the digest; another tunnel is never touched; the fixture sees leaks. */
#include "scenario/hostile.h"

/* --- 1-4, 32: headers --- */

static const struct {
    const char *what;
    size_t len;
    const char *octets; /* IDS stands for the ids of the tunnel */
} datagrams[] = {
#define IDS "\0\0\0\0"
    {"nothing", 0, ""},
    {"no L, no S, AVP of length 0", 7, "\x80\2\0\0\0\0\0"},
    {"one octet", 1, "\xc8"},
    {"eleven octets", 11, "\xc8\2\0\14" IDS "\0\0\0"},
    {"Length beyond the end", 12, "\xc8\2\0\15" IDS "\0\0\0\0"},
    {"Length of 65535", 12, "\xc8\2\xff\xff" IDS "\0\0\0\0"},
    {"Length shorter than the header", 12, "\xc8\2\0\13" IDS "\0\0\0\0"},
    {"Length 0", 12, "\xc8\2\0\0" IDS "\0\0\0\0"},
    {"no L", 12, "\x88\2\0\14" IDS "\0\0\0\0"},
    {"no S", 12, "\xc0\2\0\14" IDS "\0\0\0\0"},
    {"O with an offset of 0xffff", 14, "\xca\2\0\16" IDS "\0\0\0\0\xff\xff"},
    {"P", 12, "\xc9\2\0\14" IDS "\0\0\0\0"},
    {"version 0", 12, "\xc8\0\0\14" IDS "\0\0\0\0"},
    {"version 1", 12, "\xc8\1\0\14" IDS "\0\0\0\0"},
    {"version 3", 12, "\xc8\3\0\14" IDS "\0\0\0\0"},
    {"version 15", 12, "\xc8\17\0\14" IDS "\0\0\0\0"},
#undef IDS
};
#define DATAGRAMS ((int)(sizeof(datagrams) / sizeof(datagrams[0])))

static void put_ids(uint8_t *octets, size_t len)
{
    if (len < 8)
        return;
    octets[4] = (uint8_t)(peer.node_id >> 8);
    octets[5] = (uint8_t)peer.node_id;
}

START_TEST(malformed_headers_change_nothing)
{
    uint8_t octets[32];
    size_t len = datagrams[_i / 2].len;

    set(_i % 2);
    memcpy(octets, datagrams[_i / 2].octets, len);
    put_ids(octets, len);
    uint64_t digest = rig_digest(), refused = sum_of_refusals();
    ck_assert_int_lt(say_octets(&peer, octets, len), 0);
    ck_assert_uint_eq(sum_of_refusals(), refused + 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
    bystander_is_well();
}
END_TEST

START_TEST(every_cut_of_a_message_is_refused)
{
    struct says iccn;
    struct wire wire;

    set(1);
    iccn = valid_for(&peer, ICCN, call);
    compose(&peer, &iccn, &wire);
    uint64_t digest = rig_digest();
    for (size_t len = 0; len < wire.len; len++) {
        ck_assert_int_lt(say_octets(&peer, wire.data, len), 0);
        ck_assert_uint_eq(rig_digest(), digest);
    }
    expect_nothing();
    bystander_is_well();
}
END_TEST

START_TEST(octets_behind_the_length_are_never_avps)
{
    struct says hello;
    struct wire wire;

    set(1);
    hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    size_t len = wire.len;
    wire_avp(&wire, WIRE_M, 0, 999, "x", 1);
    wire.data[3] = (uint8_t)len;
    peer.ns++;
    assert_ok(say_wire(&peer, &wire));
    expect_zlb(&peer);
    ck_assert(tunnel_is_up());
}
END_TEST

START_TEST(malformed_data_is_dropped_and_counted)
{
    static const struct {
        uint8_t octets[16];
        size_t len;
    } frames[] = {
        {{0}, 0},
        {{0x00, 2, 0}, 3},
        {{0x02, 2, 0, 0, 0, 0, 0xff, 0xff}, 8},         /* offset past the end */
        {{0x42, 2, 0, 10, 0, 0, 0, 0, 0xff, 0xff}, 10}, /* likewise */
        {{0x40, 2, 0, 7, 0, 0, 0, 0}, 8},               /* Length too small */
        {{0x40, 2, 0, 99, 0, 0, 0, 0}, 8},              /* Length too large */
        {{0x48, 2, 0, 11, 0, 0, 0, 0, 0, 0, 0}, 11},    /* half an Nr */
        {{0x40, 3, 0, 8, 0, 0, 0, 0}, 8},               /* another version */
        {{0x40, 2, 0, 8, 0xfe, 0xdc, 0, 1}, 8},         /* no such tunnel */
    };
    uint8_t octets[16];
    struct l2tpha_frame frame;

    set(1);
    memcpy(octets, frames[_i].octets, sizeof(octets));
    uint64_t digest = rig_digest(), refused = sum_of_refusals();
    ck_assert_int_lt(
        l2tpha_data_receive(rig.node, &peer.path, octets, frames[_i].len, rig.now, &frame), 0);
    ck_assert_uint_eq(sum_of_refusals(), refused + 1);
    ck_assert_uint_eq(rig_counters()->data_in, 0);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
    bystander_is_well();
}
END_TEST

/* --- 5-24: AVPs in an SCCRQ --- */

/* What answers an SCCRQ with one AVP changed: StopCCN with result and error, or SCCRP. */
static const char long_text[1017] = "%n%s\x1b[2J\n";

static const struct {
    struct rig_avp avp;
    uint16_t result, error; /* result 0: accepted */
    uint16_t ignored;
} sccrq_avps[] = {
    {OCTETS_ROW(WIRE_M, 999, "x", 1), 2, 8, 0},           /* 9 */
    {OCTETS_ROW(0, 999, "x", 1), 0, 0, 1},                /* 9 */
    {OCTETS_ROW(WIRE_M, 65535, "x", 1), 2, 8, 0},         /* 9 */
    {OCTETS_ROW(0, 65535, "x", 1), 0, 0, 1},              /* 9 */
    {{0, 3561, 2, "agent", 5, 0}, 0, 0, 0},               /* 10 */
    {{0, 3561, 9, "\0\0", 2, 0}, 0, 0, 0},                /* 10 */
    {{WIRE_M, 3561, 2, "agent", 5, 0}, 2, 8, 0},          /* 10 */
    {OCTETS_ROW(WIRE_M | 0x0400, 8, "x", 1), 2, 8, 0},    /* 11 */
    {OCTETS_ROW(0x0400, 8, "x", 1), 0, 0, 1},             /* 11 */
    {OCTETS_ROW(WIRE_M | WIRE_H, 9, "0123", 4), 2, 6, 0}, /* 12: no vector, no secret */
    {OCTETS_ROW(WIRE_H, 8, "0123", 4), 0, 0, 1},          /* 12 */
    {OCTETS_ROW(WIRE_M, 36, NULL, 0), 2, 2, 0},           /* 14 */
    {OCTETS_ROW(WIRE_M, 7, NULL, 0), 2, 2, 0},            /* 15 */
    {OCTETS_ROW(WIRE_M, 7, long_text, 254), 0, 0, 0},     /* 15 */
    {OCTETS_ROW(WIRE_M, 7, long_text, 255), 0, 0, 0},     /* 15 */
    {OCTETS_ROW(WIRE_M, 7, long_text, 1017), 0, 0, 0},    /* 15 */
    {OCTETS_ROW(0, 8, long_text, 1017), 0, 0, 0},         /* 15 */
    {OCTETS_ROW(0, 8, NULL, 0), 0, 0, 0},                 /* 15 */
    {U16_ROW(9, 0), 2, 3, 0},                             /* 18 */
    {OCTETS_ROW(WIRE_M, 9, "\1", 1), 2, 2, 0},            /* 18 */
    {OCTETS_ROW(WIRE_M, 9, "\0\0\1", 3), 2, 2, 0},        /* 18 */
    {U16_ROW(10, 0), 2, 3, 0},                            /* 20 */
    {U16_ROW(10, 65535), 0, 0, 0},                        /* 20 */
    {OCTETS_ROW(WIRE_M, 10, "\1", 1), 2, 2, 0},           /* 20 */
    {OCTETS_ROW(WIRE_M, 11, NULL, 0), 2, 2, 0},           /* 21 */
    {OCTETS_ROW(WIRE_M, 11, long_text, 1017), 4, 0, 0},   /* 21: no secret */
    {U16_ROW(2, 0x0200), 5, 2, 0},                        /* 22 */
    {U16_ROW(2, 0x01ff), 0, 0, 0},                        /* 22 */
    {OCTETS_ROW(0, 5, "1234567", 7), 0, 0, 1},            /* 23 */
    {OCTETS_ROW(WIRE_M, 3, "\0\0\3", 3), 2, 2, 0},
};
#define SCCRQ_AVPS ((int)(sizeof(sccrq_avps) / sizeof(sccrq_avps[0])))

START_TEST(wrong_avps_of_sccrq_follow_the_m_bit)
{
    struct says sccrq;

    set(0);
    sccrq = valid(&peer, SCCRQ);
    if (sccrq_avps[_i].avp.vendor)
        add(&sccrq, sccrq_avps[_i].avp);
    else
        change(&sccrq, sccrq_avps[_i].avp);
    uint64_t refused = sum_of_refusals();
    int error = say(&peer, &sccrq);
    if (sccrq_avps[_i].result) {
        ck_assert_int_lt(error, 0);
        expect_stopccn(&peer, sccrq_avps[_i].result, sccrq_avps[_i].error);
        ck_assert_uint_gt(sum_of_refusals(), refused);
    } else {
        assert_ok(error);
        expect(&peer, SCCRP);
        ck_assert_uint_eq(rig_counters()->ignored_avp, sccrq_avps[_i].ignored);
    }
    bystander_is_well();
}
END_TEST

START_TEST(a_name_is_kept_verbatim)
{
    static const char name[] = "a\0%n\x1b\n\xff";
    struct l2tpha_tunnel_record record;
    struct says sccrq;

    set(0);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_OCTETS(WIRE_M, 7, name, sizeof(name)));
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
    l2tpha_tunnel_get(tunnel_of_peer(&peer), &record);
    ck_assert_uint_eq(record.peer_name.len, sizeof(name));
    ck_assert_mem_eq(record.peer_name.data, name, sizeof(name));
}
END_TEST

/* 5, 6: AVP lengths of all kinds in a HELLO on a tunnel */
START_TEST(broken_framing_of_avps_ends_the_tunnel_or_nothing)
{
    static const uint16_t lengths[] = {0, 1, 2, 3, 4, 5, 7, 100, 1023};
    bool tail = _i >= 9; /* 6: five octets where no AVP fits */
    struct says hello;
    struct wire wire;

    set(1);
    hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    if (tail) {
        wire_octets(&wire, "\x80\6\0\0\0", 5);
    } else {
        wire_u16(&wire, WIRE_M | lengths[_i]);
        wire_u16(&wire, 0);
        wire_u16(&wire, 8);
    }
    wire_close(&wire);
    ck_assert_int_lt(say_wire(&peer, &wire), 0);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
    expect_stopccn(&peer, 2, 2);
    bystander_is_well();
}
END_TEST

/* 7, 14: Message Type wrong in itself */
START_TEST(a_wrong_message_type_avp_is_refused)
{
    static const struct {
        const char *octets;
        size_t len;
    } firsts[] = {
        {"\x80\7\0\0\0\0\6", 7},    {"\x80\12\0\0\0\0\0\6\0\0", 10},
        {"\xc0\10\0\0\0\0\0\6", 8}, {"\x80\10\0\0\0\0\0\6\x80\10\0\0\0\0\0\6", 16},
        {"\x80\10\0\0\0\7\0\6", 8}, {"\x80\10\0\11\0\0\0\6", 8},
    };
    struct says zlb = {.type = ZLB};
    struct wire wire;

    set(1);
    compose(&peer, &zlb, &wire);
    wire_octets(&wire, firsts[_i].octets, firsts[_i].len);
    wire_close(&wire);
    ck_assert_int_lt(say_wire(&peer, &wire), 0);
    ck_assert_uint_gt(sum_of_refusals(), 0);
    expect(&peer, STOPCCN);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    bystander_is_well();
}
END_TEST

/* 13: a hidden value whose deciphered length is a lie; any ciphertext will do */
START_TEST(hidden_values_that_lie_are_refused)
{
    struct says sccrq;
    uint8_t value[40];

    set(0);
    rig.secret = "secret";
    for (unsigned i = 0; i < 500; i++) {
        struct peer fresh;
        peer_begins(&fresh, 1);
        fresh.id = (uint16_t)(2000 + i);
        for (size_t k = 0; k < sizeof(value); k++)
            value[k] = (uint8_t)(i * 31 + k * (i + 7));
        sccrq = valid(&fresh, SCCRQ);
        add(&sccrq, AVP_OCTETS(WIRE_M, 36, value, 16));
        add(&sccrq, AVP_OCTETS(WIRE_M | WIRE_H, 11, value, i % 40));
        int error = say(&fresh, &sccrq);
        assert_true(error < 0 || i % 40 > 2); /* by chance a length fits */
        forget_datagrams();
    }
    ck_assert_uint_ge(rig_counters()->bad_avp, 450);
}
END_TEST

/* 16: Result Code of a StopCCN */
START_TEST(result_codes_of_all_kinds_end_the_tunnel_quietly)
{
    static const char text[1017] = "\0\2\0\6%n";
    static const size_t lengths[] = {1, 2, 3, 4, 1017};
    struct says stopccn;

    set(1);
    stopccn = valid(&peer, STOPCCN);
    if (_i < 5)
        change(&stopccn, AVP_OCTETS(WIRE_M, 1, text, lengths[_i]));
    else
        change(&stopccn, AVP_U16(1, 0x0300)); /* octets swapped */
    bool odd = _i == 0 || _i == 2;
    ck_assert_int_eq(say(&peer, &stopccn) == 0, !odd);
    ck_assert_uint_eq(rig_counters()->bad_avp, odd);
    expect_zlb(&peer); /* however it is written, the peer is going */
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPED);
    bystander_is_well();
}
END_TEST

/* 17: Q.931 Cause Code of a CDN; 18 for calls */
START_TEST(wrong_avps_of_calls_end_that_call_only)
{
    struct says message;

    set(1);
    uint16_t sessions = (uint16_t)l2tpha_tunnel_sessions(tunnel_of_peer(&peer));
    message = _i == 0 ? valid_for(&peer, CDN, call) : valid(&peer, ICRQ);
    if (_i == 3)
        change(&message, AVP_U16(14, 98));
    if (_i == 0)
        add(&message, AVP_OCTETS(WIRE_M, 12, "\0\20", 2));
    else if (_i == 1)
        change(&message, AVP_U16(14, 0));
    else if (_i == 2)
        change(&message, AVP_OCTETS(WIRE_M, 14, "\1", 1));
    else
        add(&message, AVP_U16(14, 99));
    ck_assert_int_lt(say(&peer, &message), 0);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
    if (_i == 0)
        expect_zlb(&peer);
    else
        expect(&peer, CDN);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)),
                      _i == 0 ? sessions - 1u : sessions);
    ck_assert(tunnel_is_up());
    bystander_is_well();
}
END_TEST

/* 18: an id twice */
START_TEST(two_ids_are_malformed)
{
    struct says sccrq;

    set(0);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_U16(9, 4711));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect(&peer, STOPCCN);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
}
END_TEST

/* 24: as many AVPs as fit */
START_TEST(very_many_avps_are_one_message)
{
    struct says sccrq;
    struct wire wire;

    set(0);
    sccrq = valid(&peer, SCCRQ);
    compose(&peer, &sccrq, &wire);
    while (wire.len + (_i ? 1023 : 6) <= 60000)
        wire_avp(&wire, 0, 0, 900, long_text, _i ? 1017 : 0);
    wire_close(&wire);
    assert_ok(say_wire(&peer, &wire));
    expect(&peer, SCCRP);
    ck_assert_uint_ge(rig_counters()->ignored_avp, _i ? 58 : 9900);
}
END_TEST

Suite *suite_hostile(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("hostile", &tcase);

    tcase_add_loop_test(tcase, malformed_headers_change_nothing, 0, 2 * DATAGRAMS);
    tcase_add_test(tcase, every_cut_of_a_message_is_refused);
    tcase_add_test(tcase, octets_behind_the_length_are_never_avps);
    tcase_add_loop_test(tcase, malformed_data_is_dropped_and_counted, 0, 9);
    tcase_add_loop_test(tcase, wrong_avps_of_sccrq_follow_the_m_bit, 0, SCCRQ_AVPS);
    tcase_add_test(tcase, a_name_is_kept_verbatim);
    tcase_add_loop_test(tcase, broken_framing_of_avps_ends_the_tunnel_or_nothing, 0, 10);
    tcase_add_loop_test(tcase, a_wrong_message_type_avp_is_refused, 0, 6);
    tcase_add_test(tcase, hidden_values_that_lie_are_refused);
    tcase_add_loop_test(tcase, result_codes_of_all_kinds_end_the_tunnel_quietly, 0, 6);
    tcase_add_loop_test(tcase, wrong_avps_of_calls_end_that_call_only, 0, 4);
    tcase_add_test(tcase, two_ids_are_malformed);
    tcase_add_loop_test(tcase, very_many_avps_are_one_message, 0, 2);
    return suite;
}
