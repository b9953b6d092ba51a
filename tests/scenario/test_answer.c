/* SPDX-License-Identifier: MIT */
/* FSQs of a peer driven by hand, and what is wrong with some: RFC 4951 3.3, 4.1, 4.2 and 5.4. And
 * its requests for ids of calls that are up. */
#include "scenario/states.h"

START_TEST(each_entry_gets_its_answer)
{
    opens();
    uint16_t up = peer_dials(&peer, 7), out = peer_orders(&peer, 8), half = peer_rings(&peer, 9);
    struct pair asked[] = {{7, up}, {8, out}, {9, half}, {0, up}, {7, 0}, {0, 0}, {500, 501}};
    struct pair want[] = {{up, 7}, {out, 8}, {half, 9}, {0, 0}, {0, 7}, {0, 0}, {0, 500}};
    struct pair got[8];
    uint64_t digest;

    forget_datagrams();
    digest = rig_digest();
    assert_ok(say_states(FSQ, asked, 7));
    ck_assert_uint_eq(take_states(FSR, got, 8), 7);
    ck_assert_mem_eq(got, want, sizeof(want));
    ck_assert_uint_eq(rig_counters()->queries_in, 7);
    ck_assert_uint_eq(rig_counters()->sessions_stale, 0);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(3000); /* nothing is doubted */
    expect_nothing();
    expect_no_event();
    ck_assert_uint_ne(rig_digest(), digest); /* Ns and Nr have moved */
}
END_TEST

START_TEST(also_a_peer_that_has_announced_nothing_is_answered_and_never_asked)
{
    peer_opens(&peer, 1);
    uint16_t up = peer_dials(&peer, 7);

    assert_ok(say_state(FSQ, 8, up));
    expect_state(FSR, 0, 8);
    ck_assert_uint_eq(rig_counters()->sessions_stale, 0);
    assert_error(query(), L2TPHA_ERR_AVP_MISSING);
    rig_pass_ms(900);
    expect_nothing();
    ck_assert(is_up(up));
}
END_TEST

/* 0: nothing; 1: this end does not announce; 2: the peer has announced the data channel alone */
START_TEST(only_the_capable_are_asked)
{
    rig.config.failover_capability = _i != 1;
    if (_i == 0)
        peer_opens(&peer, 1);
    else
        opens_with(_i == 2 ? 2 : 1);
    peer_dials(&peer, 7);
    assert_error(query(), L2TPHA_ERR_AVP_MISSING);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->queries_out, 0);
}
END_TEST

/* Both ends of a call that the peer pairs otherwise. */
START_TEST(sessions_paired_otherwise_are_asked_about_later)
{
    opens();
    uint16_t a = peer_dials(&peer, 7), b = peer_dials(&peer, 8);
    struct pair got[2];

    assert_ok(say_state(FSQ, 7, b)); /* 7 is a's, and b has 8 */
    expect_state(FSR, 0, 7);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(rig_counters()->sessions_stale, 2);
    assert_ok(say_state(FSQ, 7, b)); /* no matter how often it asks */
    expect_state(FSR, 0, 7);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(rig_counters()->sessions_stale, 2);
    rig_pass_ms(990);
    expect_nothing();
    rig_pass_ms(20);
    ck_assert_uint_eq(take_states(FSQ, got, 2), 2);
    ck_assert_uint_eq(got[0].own, b);
    ck_assert_uint_eq(got[0].remote, 8);
    ck_assert_uint_eq(got[1].own, a);
    ck_assert_uint_eq(got[1].remote, 7);
    ck_assert(is_up(a) && is_up(b));
    struct pair said[] = {{7, a}, {8, b}};
    assert_ok(say_states(FSR, said, 2));
    expect_zlb(&peer);
    expect_synced(2, 0, 0);
    rig_pass_ms(5000);
    expect_nothing();
    ck_assert(is_up(a) && is_up(b));
}
END_TEST

/* Only established sessions are asked about: for the others messages are on their way. */
START_TEST(sessions_half_set_up_are_not_rechecked)
{
    opens();
    uint16_t half = peer_rings(&peer, 9), ours = node_rings(&peer);

    assert_ok(say_state(FSQ, 5, half));
    expect_state(FSR, 0, 5);
    assert_ok(say_state(FSQ, 5, ours));
    expect_state(FSR, 0, 5);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(2000);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->sessions_stale, 0);
}
END_TEST

/* RFC 4951 4.1, 4.2: whatever else is in it is ignored; whatever is wrong with it costs nothing. */
static const struct {
    uint16_t type;
    unsigned flags; /* of the Message Type AVP */
    struct rig_avp avps[3];
    int error;
} forms[] = {
    {FSQ, 0, {{0}}, L2TPHA_OK}, /* empty */
    {FSR, 0, {{0}}, L2TPHA_OK},
    {FSQ, WIRE_M, {{0}}, L2TPHA_OK},
    {FSR, WIRE_M, {{0}}, L2TPHA_OK},
    {FSQ, 0, {{WIRE_M, 0, 4711, "x", 1, 0}}, L2TPHA_OK}, /* unknown */
    {FSR, 0, {{WIRE_M, 0, 4711, "x", 1, 0}}, L2TPHA_OK},
    {FSQ, 0, {{WIRE_M, 9, 79, "x", 1, 0}}, L2TPHA_OK}, /* another vendor's */
    {FSQ, 0, {{WIRE_M, 0, 14, NULL, 2, 7}}, L2TPHA_OK},
    {FSR, 0, {{WIRE_M, 0, 1, NULL, 2, 7}}, L2TPHA_OK},
    {FSQ, 0, {{WIRE_M, 0, 79, "\0\0\0\0\0\0\0\0\0", 9, 0}}, L2TPHA_ERR_AVP_LENGTH},
    {FSR, 0, {{WIRE_M, 0, 79, "\0\0\0\0\0\0\0\0\0\0", 11, 0}}, L2TPHA_ERR_AVP_LENGTH},
    {FSQ, 0, {{WIRE_M, 0, 79, "", 0, 0}}, L2TPHA_OK}, /* replaced below: no value at all */
    {FSQ, 0, {{0, 0, 79, "\0\0\0\0\0\0\0\0\0", 9, 0}}, L2TPHA_OK}, /* M=0: left out */
    {FSQ, 0, {{WIRE_M | 0x0400, 0, 79, "\0\0\0\0\0\7\0\0\0\7", 10, 0}}, L2TPHA_ERR_AVP_RESERVED},
    {FSR, 0, {{WIRE_M | 0x0400, 0, 79, "\0\0\0\0\0\7\0\0\0\7", 10, 0}}, L2TPHA_ERR_AVP_RESERVED},
    {FSQ, 0, {{WIRE_M | WIRE_H, 0, 79, "\0\0\0\0\0\7\0\0\0\7", 10, 0}}, L2TPHA_ERR_AVP_HIDDEN},
    {FSR, 0, {{WIRE_M | WIRE_H, 0, 79, "\0\0\0\0\0\7\0\0\0\7", 10, 0}}, L2TPHA_ERR_AVP_HIDDEN},
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

START_TEST(malformed_ones_cost_nothing)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, up, 7);
    struct says message = {.type = forms[_i].type, .flags = forms[_i].flags};

    for (size_t i = 0; i < 3 && forms[_i].avps[i].len; i++)
        add(&message, forms[_i].avps[i]);
    ck_assert_int_eq(say(&peer, &message), forms[_i].error);
    expect_zlb(&peer);
    expect_nothing();
    expect_no_event();
    ck_assert(is_up(up));
    assert_ok(say_state(FSR, 7, up)); /* the tunnel goes on */
    expect_zlb(&peer);
    expect_synced(1, 0, 0);
}
END_TEST

/* One entry more than fits in 1400 octets, and as many as a datagram can bring. */
START_TEST(long_queries_are_answered_in_parts)
{
    static const size_t counts[] = {MOST, MOST + 1, 4093};
    static struct pair pairs[4096], got[MOST];
    size_t count = counts[_i], answered = 0;

    opens();
    uint16_t up = peer_dials(&peer, 7);
    for (size_t i = 0; i < count; i++)
        pairs[i] = i == count - 1 ? (struct pair){7, up}
                                  : (struct pair){(uint16_t)(10000 + i), (uint16_t)(i + 1000)};
    assert_ok(say_states(FSQ, pairs, count));
    while (answered < count) {
        size_t part = take_states(FSR, got, MOST);
        ck_assert_uint_eq(part, count - answered < MOST ? count - answered : MOST);
        for (size_t i = 0; i < part; i++) {
            ck_assert_uint_eq(got[i].remote, pairs[answered + i].own);
            ck_assert_uint_eq(got[i].own, answered + i == count - 1 ? up : 0);
        }
        answered += part;
        assert_ok(peer_acks(&peer));
    }
    expect_nothing();
}
END_TEST

/* No room for parts: one FSR as long as the FSQ. No room at all: the FSQ is not taken, and is
 * answered when the peer says it again. */
START_TEST(answers_are_not_lost_for_want_of_room)
{
    static struct pair pairs[1000];

    rig.config.max_queue = 4;
    opens();
    for (size_t i = 0; i < 1000; i++)
        pairs[i] = (struct pair){(uint16_t)(i + 1), (uint16_t)(i + 1)};
    assert_ok(say_states(FSQ, pairs, 1000));
    const struct heard *heard = expect(&peer, FSR);
    ck_assert_uint_eq(heard->len, 20 + 1000 * 16);
    assert_ok(peer_acks(&peer));
    for (unsigned i = 0; i < 3; i++)
        assert_ok(say_state(FSQ, 1, 1)); /* none of the answers is acknowledged */
    assert_error(say_state(FSQ, 2, 2), L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_eq(rig_counters()->queries_in, 1003);
    for (unsigned i = 0; i < 3; i++) {
        expect_state(FSR, 0, 1);
        assert_ok(peer_acks(&peer));
    }
    expect_nothing();
    assert_ok(say_again(&peer));
    expect_state(FSR, 0, 2);
    ck_assert_uint_eq(rig_counters()->queries_in, 1004);
}
END_TEST

/* RFC 4951 5.4 allows it: each of them hidden, behind one Random Vector or one of its own. */
START_TEST(hidden_entries_are_answered_in_clear)
{
    static const uint8_t vector[16] = {1, 2, 3, 4};
    struct l2tpha_hiding hiding = {
        .crypto = rig.config.crypto, .secret = (const uint8_t *)"secret", .secret_len = 6};
    struct l2tpha_builder builder;
    struct pair got[2];
    uint8_t fsq[256];
    size_t len;

    opens();
    uint16_t up = peer_dials(&peer, 7);
    struct l2tpha_tunnel *tunnel = tunnel_of_peer(&peer);
    assert_ok(table_tunnel_set_bytes(tunnel->engine->table, &tunnel->entry.record.secret,
                                     hiding.secret, hiding.secret_len));
    tunnel->entry.record.flags |= L2TPHA_TUNNEL_HIDE;
    l2tpha_builder_begin(&builder, fsq, sizeof(fsq), FSQ, peer.node_id, 0);
    l2tpha_builder_hide(&builder, &hiding, vector, sizeof(vector));
    for (unsigned i = 0; i < 2; i++)
        l2tpha_builder_put_session_state(
            &builder,
            &(struct l2tpha_failover_session){.session_id = 7 + i, .remote_session_id = up});
    assert_ok(l2tpha_builder_end(&builder, &len));
    l2tpha_header_stamp(fsq, peer.ns++, peer.nr);
    assert_ok(say_octets(&peer, fsq, len));
    ck_assert_uint_eq(take_states(FSR, got, 2), 2);
    ck_assert_uint_eq(got[0].own, up);
    ck_assert_uint_eq(got[0].remote, 7);
    ck_assert_uint_eq(got[1].own, 0);
    ck_assert_uint_eq(got[1].remote, 8);
}
END_TEST

/* FSQs that came ahead of their turn, each with its answer. */
START_TEST(queries_out_of_order_are_answered_in_order)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    uint16_t first = peer.ns++;

    assert_ok(say_state(FSQ, 7, up));
    assert_ok(say_state(FSQ, 8, 1));
    forget_datagrams();
    peer.ns = first;
    assert_ok(say_valid(&peer, HELLO));
    peer.ns = (uint16_t)(first + 3);
    expect_state(FSR, up, 7);
    assert_ok(peer_acks(&peer));
    expect_state(FSR, 0, 8);
}
END_TEST

/* --- a request for an id that an established call has: RFC 4951 3.3 --- */

/* ICRQ and OCRQ, for calls of all four machines. */
START_TEST(a_request_for_a_live_id_ends_the_old_call_by_one_cdn)
{
    static uint16_t (*const calls[])(struct peer *, uint16_t) = {peer_dials, node_dials,
                                                                 peer_orders, node_orders};
    uint16_t request = _i % 2 ? OCRQ : ICRQ;

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_U32(4, 3));
    peer_opens_with(&peer, &sccrq);
    uint16_t old = calls[_i / 2](&peer, 77), bystander = peer_dials(&peer, 78);
    uint32_t asked = rig.asked_session;
    struct says message = valid(&peer, request);
    change(&message, AVP_U16(14, 77));
    assert_error(say(&peer, &message), L2TPHA_ERR_EXISTS);
    const struct heard *cdn = expect_cdn(&peer, 2, 5);
    ck_assert_uint_eq(heard_u16(cdn, 14), old);
    ck_assert_uint_eq(cdn->message.header.session_id, 77);
    assert_ok(peer_acks(&peer));
    expect_nothing();
    const struct told *told = expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_uint_eq(told->event.session_id, old);
    ck_assert_int_eq(told->event.status, L2TPHA_ERR_REFUSED);
    expect_no_event();
    ck_assert_uint_eq(session_state(&peer, old), L2TPHA_SESSION_IDLE);
    ck_assert(is_up(bystander));
    ck_assert_uint_eq(rig.asked_session, asked);
    uint16_t fresh = peer_dials(&peer, 77); /* and the id is free */
    ck_assert(is_up(fresh) && fresh != old);
}
END_TEST

/* ... also while it is being asked about. */
START_TEST(a_request_for_a_live_id_answers_the_query_too)
{
    opens();
    uint16_t old = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, old, 7);
    struct says message = valid(&peer, ICRQ);
    assert_error(say(&peer, &message), L2TPHA_ERR_EXISTS);
    expect_cdn(&peer, 2, 5);
    assert_ok(peer_acks(&peer));
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    rig_pass_ms(1);
    expect_synced(1, 0, 0);
}
END_TEST

/* The end that asked for such a call, since it knows nothing of the old one. The CDN is for the
 * call asked for, whose id it is addressed to, and has the peer's id of another one: 0 and 1, of a
 * call that is up here as well; 2 and 3, of one that is not known here any more. */
START_TEST(a_cdn_with_the_id_of_another_session_refuses_the_call_asked_for)
{
    uint16_t (*const asks)(struct peer *) = _i % 2 ? node_asks_out : node_rings;

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_U32(4, 3));
    peer_opens_with(&peer, &sccrq);
    uint16_t bystander = peer_dials(&peer, 77), refused = asks(&peer);
    struct says cdn = valid_for(&peer, CDN, refused);
    change(&cdn, AVP_U16(14, _i < 2 ? 77 : 78));
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    expect_nothing();
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.session_id, refused);
    expect_no_event();
    ck_assert_uint_eq(session_state(&peer, refused), L2TPHA_SESSION_IDLE);
    ck_assert(is_up(bystander));
    uint16_t again = _i % 2 ? node_orders(&peer, 79) : node_dials(&peer, 79);
    ck_assert(is_up(again));
    ck_assert_uint_ne(again, refused);
    ck_assert_uint_ne(again, bystander);
}
END_TEST

Suite *suite_answer(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("answer", &tcase);

    tcase_add_test(tcase, each_entry_gets_its_answer);
    tcase_add_test(tcase, also_a_peer_that_has_announced_nothing_is_answered_and_never_asked);
    tcase_add_loop_test(tcase, only_the_capable_are_asked, 0, 3);
    tcase_add_test(tcase, sessions_paired_otherwise_are_asked_about_later);
    tcase_add_test(tcase, sessions_half_set_up_are_not_rechecked);
    tcase_add_loop_test(tcase, malformed_ones_cost_nothing, 0, FORMS);
    tcase_add_loop_test(tcase, long_queries_are_answered_in_parts, 0, 3);
    tcase_add_test(tcase, answers_are_not_lost_for_want_of_room);
    tcase_add_test(tcase, hidden_entries_are_answered_in_clear);
    tcase_add_test(tcase, queries_out_of_order_are_answered_in_order);
    tcase_add_loop_test(tcase, a_request_for_a_live_id_ends_the_old_call_by_one_cdn, 0, 8);
    tcase_add_test(tcase, a_request_for_a_live_id_answers_the_query_too);
    tcase_add_loop_test(tcase, a_cdn_with_the_id_of_another_session_refuses_the_call_asked_for, 0,
                        4);
    return suite;
}
