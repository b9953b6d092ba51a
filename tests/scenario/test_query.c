/* SPDX-License-Identifier: MIT */
/* FSQ and FSR with a peer driven by hand: RFC 4951 3.3, 4.1, 4.2, 5.4 and appendix C. */
#include "scenario/rig.h"

#include "engine/tunnel.h"

#define OTHER 4242 /* an id that the peer has for no session on record */
#define MOST 86    /* entries in 1400 octets */

struct pair {
    uint16_t own;    /* the sender's */
    uint16_t remote; /* the receiver's */
};

static struct peer peer;

static void opens_with(unsigned capability)
{
    uint8_t value[] = {0, (uint8_t)capability, 0, 0, 0, 0};

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_OCTETS(0, 76, value, sizeof(value)));
    peer_opens_with(&peer, &sccrq);
}

static void opens(void)
{
    opens_with(1);
}

static void put_state(uint8_t *value, struct pair pair)
{
    memset(value, 0, 10);
    value[4] = (uint8_t)(pair.own >> 8);
    value[5] = (uint8_t)pair.own;
    value[8] = (uint8_t)(pair.remote >> 8);
    value[9] = (uint8_t)pair.remote;
}

/* With as many entries as told, octet by octet: the rig's own form has room for few. */
static int say_states(uint16_t type, const struct pair *pairs, size_t count)
{
    struct says empty = {.type = type};
    uint8_t value[10];

    compose(&peer, &empty, &peer.last);
    for (size_t i = 0; i < count; i++) {
        put_state(value, pairs[i]);
        wire_avp(&peer.last, WIRE_M, 0, 79, value, sizeof(value));
    }
    peer.ns++;
    return say_wire(&peer, &peer.last);
}

static int say_state(uint16_t type, unsigned own, unsigned remote)
{
    struct pair pair = {(uint16_t)own, (uint16_t)remote};

    return say_states(type, &pair, 1);
}

/* The entries of the next datagram, which must be of this type. */
static size_t take_states(uint16_t type, struct pair *pairs, size_t cap)
{
    const struct heard *heard = expect(&peer, type);
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session state;
    size_t count = 0;

    ck_assert_uint_le(heard->len, 1400);
    ck_assert_uint_eq(heard->message.header.session_id, 0);
    while (l2tpha_message_each(&heard->message, 79, &cursor)) {
        ck_assert_uint_lt(count, cap);
        ck_assert(l2tpha_avp_session_state(&cursor.avp, &state));
        pairs[count++] =
            (struct pair){(uint16_t)state.session_id, (uint16_t)state.remote_session_id};
    }
    return count;
}

static void expect_state(uint16_t type, unsigned own, unsigned remote)
{
    struct pair pair;

    ck_assert_uint_eq(take_states(type, &pair, 1), 1);
    ck_assert_uint_eq(pair.own, own);
    ck_assert_uint_eq(pair.remote, remote);
}

static int query(void)
{
    int error = l2tpha_tunnel_query(tunnel_of_peer(&peer), rig.now);

    rig_drain();
    return error;
}

static void expect_synced(uint32_t queried, uint32_t cleared, uint32_t unverified)
{
    const struct told *told = expect_event(L2TPHA_EVENT_SESSIONS_SYNCED);

    ck_assert_uint_eq(told->event.queried, queried);
    ck_assert_uint_eq(told->event.cleared, cleared);
    ck_assert_uint_eq(told->event.unverified, unverified);
    ck_assert_uint_eq(told->event.tunnel_id, peer.node_id);
}

static void expect_cleared(uint16_t session)
{
    const struct told *told = expect_event(L2TPHA_EVENT_SESSION_DOWN);

    ck_assert_uint_eq(told->event.session_id, session);
    ck_assert_int_eq(told->event.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_str_eq(told->text, "the peer has no such session");
    ck_assert_uint_eq(session_state(&peer, session), L2TPHA_SESSION_IDLE);
}

static bool is_up(uint16_t session)
{
    return session_state(&peer, session) == L2TPHA_SESSION_ESTABLISHED;
}

/* --- answering --- */

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
START_TEST(sessions_half_set_up_are_not_doubted)
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

/* --- asking --- */

START_TEST(a_session_that_the_peer_lacks_is_cleared_without_a_word)
{
    opens();
    uint16_t a = peer_dials(&peer, 7), b = peer_dials(&peer, 8), half = peer_rings(&peer, 9);
    struct pair got[3];

    forget_datagrams();
    assert_ok(query());
    ck_assert_uint_eq(take_states(FSQ, got, 3), 2);
    struct pair said[] = {{0, a}, {8, b}};
    assert_ok(say_states(FSR, said, 2));
    expect_zlb(&peer);
    expect_nothing();
    expect_cleared(a);
    expect_synced(2, 1, 0);
    ck_assert(is_up(b));
    ck_assert_uint_eq(session_state(&peer, half), L2TPHA_SESSION_WAIT_CONNECT);
    ck_assert_uint_eq(rig_counters()->sessions_desynced, 1);
    ck_assert_uint_eq(rig_counters()->queries_out, 2);
    assert_ok(say_states(FSR, said, 2)); /* a late copy says nothing new */
    expect_zlb(&peer);
    ck_assert_uint_eq(rig_counters()->answers_ignored, 2);
    ck_assert(is_up(b));
}
END_TEST

START_TEST(without_sessions_it_is_over_at_once)
{
    opens();
    assert_ok(query());
    expect_synced(0, 0, 0);
    expect_nothing();
}
END_TEST

/* Nothing was asked; of another session; of itself after it was confirmed. */
START_TEST(answers_that_nobody_asked_for_are_ignored)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    struct pair said[] = {{0, up}, {0, 999}, {0, 0}, {7, up}};

    assert_ok(say_states(FSR, said, 4));
    expect_zlb(&peer);
    ck_assert_uint_eq(rig_counters()->answers_ignored, 4);
    ck_assert(is_up(up));
    assert_ok(query());
    expect_state(FSQ, up, 7);
    struct pair twice[] = {{7, up}, {0, up}};
    assert_ok(say_states(FSR, twice, 2));
    expect_zlb(&peer);
    ck_assert(is_up(up));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 5);
    expect_synced(1, 0, 0);
    expect_no_event();
}
END_TEST

/* The call that was asked about goes, and another gets its id. */
START_TEST(a_late_answer_is_about_no_other_call)
{
    opens();
    uint16_t old = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, old, 7);
    struct says cdn = valid_for(&peer, CDN, old);
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    rig_pass_ms(1);
    expect_synced(1, 0, 0);
    /* The walk over the ids comes round, sooner than it would. */
    tunnel_of_peer(&peer)->session_ids_shift -= 2;
    uint16_t again = peer_dials(&peer, 7);
    ck_assert_uint_eq(again, old);
    assert_ok(say_state(FSR, 0, again));
    expect_zlb(&peer);
    ck_assert(is_up(again));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 1);
    expect_no_event();
}
END_TEST

/* RFC 4951 3.3: an id other than 0 means established. It is asked about again, not for ever. */
START_TEST(another_id_keeps_the_session_and_is_asked_about_again)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    for (unsigned i = 0; i < rig.config.query_tries; i++) {
        expect_state(FSQ, up, 7);
        assert_ok(say_state(FSR, OTHER, up));
        expect_zlb(&peer);
        ck_assert(is_up(up));
        assert_ok(say_state(FSR, 0, up)); /* not asked now */
        expect_zlb(&peer);
        ck_assert(is_up(up));
        rig_pass_ms(995);
        expect_nothing();
        expect_no_event();
        rig_pass_ms(10);
    }
    expect_nothing();
    expect_synced(1, 0, 1);
    ck_assert_uint_eq(rig_counters()->sessions_stale, rig.config.query_tries);
    ck_assert_uint_eq(rig_counters()->sessions_unverified, 1);
    ck_assert(is_up(up));
}
END_TEST

START_TEST(a_query_without_an_answer_is_repeated_and_given_up)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    for (unsigned i = 0; i < rig.config.query_tries; i++) {
        expect_state(FSQ, up, 7);
        assert_ok(peer_acks(&peer)); /* by the channel alone */
        rig_pass_ms(rig.config.query_ms - 10);
        expect_nothing();
        expect_no_event();
        rig_pass_ms(10);
    }
    expect_nothing();
    expect_synced(1, 0, 1);
    ck_assert(is_up(up));
    assert_ok(say_state(FSR, 0, up)); /* too late */
    expect_zlb(&peer);
    ck_assert(is_up(up));
}
END_TEST

/* The last try is answered. */
START_TEST(a_lost_answer_is_made_up_for)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(rig.config.query_ms);
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(rig.config.query_ms);
    expect_state(FSQ, up, 7);
    assert_ok(say_state(FSR, 0, up));
    expect_zlb(&peer);
    expect_cleared(up);
    expect_synced(1, 1, 0);
    ck_assert_uint_eq(rig_counters()->queries_out, 3);
}
END_TEST

START_TEST(a_query_may_begin_anew)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    assert_ok(query());
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    expect_state(FSQ, up, 7);
    assert_ok(say_state(FSR, 7, up));
    expect_zlb(&peer);
    expect_synced(1, 0, 0);
    expect_no_event();
}
END_TEST

/* While it is being walked through and asked about, each session may go. */
START_TEST(sessions_may_go_while_they_are_asked_about)
{
    static struct pair got[MOST];
    uint16_t ids[300];
    size_t asked = 0;

    opens(); /* the peer's window is 4: FSQs go one by one */
    for (uint16_t i = 0; i < 300; i++)
        ids[i] = peer_dials(&peer, (uint16_t)(100 + i));
    assert_ok(query());
    asked = take_states(FSQ, got, MOST);
    ck_assert_uint_eq(asked, MOST);
    for (size_t i = 0; i < 300; i++) {
        struct says cdn = valid_for(&peer, CDN, ids[i]);
        change(&cdn, AVP_U16(14, (uint32_t)(100 + i)));
        assert_ok(say(&peer, &cdn));
    }
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    forget_datagrams();
    for (unsigned i = 0; i < 300; i++)
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
    rig_pass_ms(1);
    ck_assert_int_eq(expect_event(L2TPHA_EVENT_SESSIONS_SYNCED)->event.cleared, 0);
}
END_TEST

START_TEST(a_tunnel_may_go_while_it_asks)
{
    opens();
    for (uint16_t i = 0; i < 100; i++)
        peer_dials(&peer, (uint16_t)(100 + i));
    assert_ok(query());
    expect(&peer, FSQ);
    assert_ok(close_tunnel(&peer, 1));
    rig_pass_ms(40000);
    forget_datagrams();
    while (rig.told)
        if (rig.told->event.kind == L2TPHA_EVENT_SESSIONS_SYNCED)
            ck_abort_msg("the tunnel is gone, nothing is in sync");
        else
            expect_event(rig.told->event.kind);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
}
END_TEST

START_TEST(a_tunnel_that_is_not_established_is_not_asked_about)
{
    struct l2tpha_tunnel *tunnel = node_calls(&peer, 1);

    assert_error(l2tpha_tunnel_query(tunnel, rig.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_tunnel_query(NULL, rig.now), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_tunnel_query(tunnel, L2TPHA_NEVER), L2TPHA_ERR_INVALID);
    forget_datagrams();
}
END_TEST

/* RFC 4951 appendix C, the node in each of the two parts. As there the recovery endpoint has
 * (A, B) and (C, D), the remote endpoint (B, C). */
START_TEST(appendix_c_as_recovery_endpoint)
{
    struct pair got[2];

    opens();
    uint16_t a = peer_dials(&peer, 20), c = peer_dials(&peer, 30);
    assert_ok(query());
    ck_assert_uint_eq(take_states(FSQ, got, 2), 2);
    /* The peer has no (B, A), but (B, C). Of C it is asked as well, at once. */
    struct pair said[] = {{0, a}, {0, 0}};
    assert_ok(say_states(FSR, said, 1));
    expect_zlb(&peer);
    expect_cleared(a);
    /* Some time later it asks for (B, C): there is none such here. */
    assert_ok(say_state(FSQ, 20, c));
    expect_state(FSR, 0, 20);
    ck_assert(is_up(c)); /* not cleared; it is being asked about already */
    assert_ok(peer_acks(&peer));
    assert_ok(say_state(FSR, 0, c));
    expect_zlb(&peer);
    expect_cleared(c);
    expect_synced(2, 2, 0);
}
END_TEST

START_TEST(appendix_c_as_remote_endpoint)
{
    opens();
    uint16_t b = peer_dials(&peer, 30); /* paired with C */

    assert_ok(say_state(FSQ, 10, b)); /* (A, B) */
    expect_state(FSR, 0, 10);
    ck_assert(is_up(b)); /* stale, not cleared */
    ck_assert_uint_eq(rig_counters()->sessions_stale, 1);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(1000);
    expect_state(FSQ, b, 30); /* (B, C) */
    assert_ok(say_state(FSR, 0, b));
    expect_zlb(&peer);
    expect_cleared(b);
    expect_synced(1, 1, 0);
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

Suite *suite_query(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("query", &tcase);

    tcase_add_test(tcase, each_entry_gets_its_answer);
    tcase_add_test(tcase, also_a_peer_that_has_announced_nothing_is_answered_and_never_asked);
    tcase_add_loop_test(tcase, only_the_capable_are_asked, 0, 3);
    tcase_add_test(tcase, sessions_paired_otherwise_are_asked_about_later);
    tcase_add_test(tcase, sessions_half_set_up_are_not_doubted);
    tcase_add_loop_test(tcase, malformed_ones_cost_nothing, 0, FORMS);
    tcase_add_loop_test(tcase, long_queries_are_answered_in_parts, 0, 3);
    tcase_add_test(tcase, answers_are_not_lost_for_want_of_room);
    tcase_add_test(tcase, a_session_that_the_peer_lacks_is_cleared_without_a_word);
    tcase_add_test(tcase, without_sessions_it_is_over_at_once);
    tcase_add_test(tcase, answers_that_nobody_asked_for_are_ignored);
    tcase_add_test(tcase, a_late_answer_is_about_no_other_call);
    tcase_add_test(tcase, another_id_keeps_the_session_and_is_asked_about_again);
    tcase_add_test(tcase, a_query_without_an_answer_is_repeated_and_given_up);
    tcase_add_test(tcase, a_lost_answer_is_made_up_for);
    tcase_add_test(tcase, a_query_may_begin_anew);
    tcase_add_test(tcase, sessions_may_go_while_they_are_asked_about);
    tcase_add_test(tcase, a_tunnel_may_go_while_it_asks);
    tcase_add_test(tcase, a_tunnel_that_is_not_established_is_not_asked_about);
    tcase_add_test(tcase, appendix_c_as_recovery_endpoint);
    tcase_add_test(tcase, appendix_c_as_remote_endpoint);
    tcase_add_loop_test(tcase, a_request_for_a_live_id_ends_the_old_call_by_one_cdn, 0, 8);
    tcase_add_test(tcase, a_request_for_a_live_id_answers_the_query_too);
    return suite;
}
