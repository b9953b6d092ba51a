/* SPDX-License-Identifier: MIT */
/* What the suites about FSQ and FSR share: a peer that has announced RFC 4951, and what it says and
 * hears of sessions. */
#ifndef SCENARIO_STATES_H
#define SCENARIO_STATES_H

#include "scenario/rig.h"

#define MOST 86 /* entries in 1400 octets */

struct pair {
    uint16_t own;    /* the sender's */
    uint16_t remote; /* the receiver's */
};

static struct peer peer;

static inline void opens_with(unsigned capability)
{
    uint8_t value[] = {0, (uint8_t)capability, 0, 0, 0, 0};

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_OCTETS(0, 76, value, sizeof(value)));
    peer_opens_with(&peer, &sccrq);
}

static inline void opens(void)
{
    opens_with(1);
}

static inline void put_state(uint8_t *value, struct pair pair)
{
    memset(value, 0, 10);
    value[4] = (uint8_t)(pair.own >> 8);
    value[5] = (uint8_t)pair.own;
    value[8] = (uint8_t)(pair.remote >> 8);
    value[9] = (uint8_t)pair.remote;
}

/* With as many entries as told, octet by octet: the rig's own form has room for few. */
static inline int say_states(uint16_t type, const struct pair *pairs, size_t count)
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

static inline int say_state(uint16_t type, unsigned own, unsigned remote)
{
    struct pair pair = {(uint16_t)own, (uint16_t)remote};

    return say_states(type, &pair, 1);
}

/* The entries of the next datagram, which must be of this type. */
static inline size_t take_states(uint16_t type, struct pair *pairs, size_t cap)
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

static inline void expect_state(uint16_t type, unsigned own, unsigned remote)
{
    struct pair pair;

    ck_assert_uint_eq(take_states(type, &pair, 1), 1);
    ck_assert_uint_eq(pair.own, own);
    ck_assert_uint_eq(pair.remote, remote);
}

static inline int query(void)
{
    int error = l2tpha_tunnel_query(tunnel_of_peer(&peer), rig.now);

    rig_drain();
    return error;
}

static inline void expect_synced(uint32_t queried, uint32_t cleared, uint32_t unverified)
{
    const struct told *told = expect_event(L2TPHA_EVENT_SESSIONS_SYNCED);

    ck_assert_uint_eq(told->event.queried, queried);
    ck_assert_uint_eq(told->event.cleared, cleared);
    ck_assert_uint_eq(told->event.unverified, unverified);
    ck_assert_uint_eq(told->event.tunnel_id, peer.node_id);
}

static inline void expect_cleared(uint16_t session)
{
    const struct told *told = expect_event(L2TPHA_EVENT_SESSION_DOWN);

    ck_assert_uint_eq(told->event.session_id, session);
    ck_assert_int_eq(told->event.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_str_eq(told->text, "the peer has no such session");
    ck_assert_uint_eq(session_state(&peer, session), L2TPHA_SESSION_IDLE);
}

static inline bool is_up(uint16_t session)
{
    return session_state(&peer, session) == L2TPHA_SESSION_ESTABLISHED;
}

#endif
