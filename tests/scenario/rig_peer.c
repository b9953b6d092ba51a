/* SPDX-License-Identifier: MIT */
/* Peers driven by hand: what they say, and the steps that many tests begin with. */
#include "crypto/crypto.h"
#include "scenario/rig.h"

#define IDS_AT 4
#define SEQUENCE_AT 8

/* --- composing --- */

static void put_u16_at(struct wire *wire, size_t place, unsigned value)
{
    wire->data[place] = (uint8_t)(value >> 8);
    wire->data[place + 1] = (uint8_t)value;
}

static void put_avp(struct wire *wire, const struct rig_avp *avp)
{
    uint8_t number[] = {(uint8_t)(avp->number >> 24), (uint8_t)(avp->number >> 16),
                        (uint8_t)(avp->number >> 8), (uint8_t)avp->number};
    const void *value = avp->value || avp->len > 4 ? avp->value : number + 4 - avp->len;

    wire_avp(wire, avp->flags, avp->vendor, avp->type, value, avp->len);
}

void compose(const struct peer *peer, const struct says *message, struct wire *wire)
{
    if (message->type == ZLB)
        wire_zlb(wire);
    else
        wire_begin(wire, message->flags, message->type);
    for (size_t i = 0; i < message->count; i++)
        put_avp(wire, &message->avps[i]);
    put_u16_at(wire, IDS_AT, message->type == SCCRQ ? 0 : peer->node_id);
    put_u16_at(wire, IDS_AT + 2, message->session);
    put_u16_at(wire, SEQUENCE_AT, peer->ns);
    put_u16_at(wire, SEQUENCE_AT + 2, peer->nr);
}

void add(struct says *message, struct rig_avp avp)
{
    ck_assert_uint_lt(message->count, RIG_AVPS);
    message->avps[message->count++] = avp;
}

void add_first(struct says *message, struct rig_avp avp)
{
    add(message, avp);
    memmove(message->avps + 1, message->avps, (message->count - 1) * sizeof(avp));
    message->avps[0] = avp;
}

void leave_out(struct says *message, uint16_t type)
{
    size_t kept = 0;

    for (size_t i = 0; i < message->count; i++)
        if (message->avps[i].vendor || message->avps[i].type != type)
            message->avps[kept++] = message->avps[i];
    message->count = kept;
}

void change(struct says *message, struct rig_avp avp)
{
    leave_out(message, (uint16_t)avp.type);
    add(message, avp);
}

static const struct {
    uint16_t type;
    struct rig_avp avps[8];
} must_have[] = {
    {SCCRQ, {U16_ROW(2, 0x0100), U32_ROW(3, 3), U16_ROW(9, 0), OCTETS_ROW(WIRE_M, 7, "peer", 4)}},
    {SCCRP, {U16_ROW(2, 0x0100), U32_ROW(3, 3), U16_ROW(9, 0), OCTETS_ROW(WIRE_M, 7, "peer", 4)}},
    {STOPCCN, {U16_ROW(9, 0), U16_ROW(1, 1)}},
    {ICRQ, {U16_ROW(14, PEER_CALL), U32_ROW(15, 1)}},
    {ICRP, {U16_ROW(14, PEER_CALL)}},
    {ICCN, {U32_ROW(24, 64000), U32_ROW(19, 1)}},
    {OCRQ,
     {U16_ROW(14, PEER_CALL), U32_ROW(15, 1), U32_ROW(16, 9600), U32_ROW(17, 64000), U32_ROW(18, 1),
      U32_ROW(19, 1), OCTETS_ROW(WIRE_M, 21, "555", 3)}},
    {OCRP, {U16_ROW(14, PEER_CALL)}},
    {OCCN, {U32_ROW(24, 64000), U32_ROW(19, 1)}},
    {CDN, {U16_ROW(1, 3), U16_ROW(14, PEER_CALL)}},
    {WEN, {OCTETS_ROW(WIRE_M, 34, "\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6", 26)}},
    {SLI, {OCTETS_ROW(WIRE_M, 35, "\0\0\xff\xff\xff\xff\0\x0a\0\0", 10)}},
};

struct says valid(const struct peer *peer, uint16_t type)
{
    struct says message = {.type = type, .flags = WIRE_M};

    for (size_t i = 0; i < sizeof(must_have) / sizeof(must_have[0]); i++)
        if (must_have[i].type == type)
            for (const struct rig_avp *avp = must_have[i].avps; avp->len; avp++)
                add(&message, *avp);
    for (size_t i = 0; i < message.count; i++)
        if (message.avps[i].type == L2TPHA_AVP_ASSIGNED_TUNNEL_ID)
            message.avps[i].number = peer->id;
    return message;
}

struct says valid_for(const struct peer *peer, uint16_t type, uint16_t session)
{
    struct says message = valid(peer, type);

    message.session = session;
    return message;
}

/* --- saying --- */

int say_octets(const struct peer *peer, const uint8_t *data, size_t len)
{
    /* A copy of just its size, so that a read past the end is seen. */
    uint8_t *exact = talloc_memdup(root, data, len);
    int error = l2tpha_feed(rig_node(), &peer->path, exact, len, rig.now);

    talloc_free(exact);
    rig_drain();
    return error;
}

int say_wire(const struct peer *peer, const struct wire *wire)
{
    return say_octets(peer, wire->data, wire->len);
}

int say(struct peer *peer, const struct says *message)
{
    compose(peer, message, &peer->last);
    if (message->type != ZLB)
        peer->ns++;
    return say_wire(peer, &peer->last);
}

int say_valid(struct peer *peer, uint16_t type)
{
    return say_valid_for(peer, type, 0);
}

int say_valid_for(struct peer *peer, uint16_t type, uint16_t session)
{
    struct says message = valid_for(peer, type, session);

    return say(peer, &message);
}

int say_again(struct peer *peer)
{
    return say_wire(peer, &peer->last);
}

int peer_acks(struct peer *peer)
{
    struct says zlb = {.type = ZLB};
    struct wire wire;

    compose(peer, &zlb, &wire);
    return say_wire(peer, &wire);
}

void peer_begins(struct peer *peer, unsigned number)
{
    memset(peer, 0, sizeof(*peer));
    peer->path.remote = (struct l2tpha_address){.len = 2, .bytes = {10, (uint8_t)number}};
    peer->id = (uint16_t)(1000 + number);
}

/* --- CHAP, with the MD5 of the crypto operations alone --- */

void chap(uint8_t id, const char *shared, const void *challenge, size_t len, uint8_t digest[16])
{
    const struct l2tpha_crypto *crypto = tests_crypto();
    const struct l2tpha_bytes parts[] = {
        {&id, 1}, {(const uint8_t *)shared, strlen(shared)}, {challenge, len}};

    assert_ok(crypto->md5(crypto->user, parts, 3, digest));
}

void respond(const struct heard *heard, uint8_t id, const char *shared, uint8_t digest[16])
{
    struct l2tpha_bytes challenge;

    ck_assert(l2tpha_message_bytes(&heard->message, L2TPHA_AVP_CHALLENGE, &challenge));
    ck_assert_uint_ge(challenge.len, 1);
    chap(id, shared, challenge.data, challenge.len, digest);
}

/* --- states --- */

struct l2tpha_tunnel *tunnel_of_peer(const struct peer *peer)
{
    return l2tpha_tunnel_find(rig_node(), peer->node_id);
}

struct l2tpha_session *session_of_peer(const struct peer *peer, uint16_t session)
{
    return l2tpha_session_find(rig_node(), peer->node_id, session);
}

uint8_t tunnel_state(const struct peer *peer)
{
    struct l2tpha_tunnel_record record = {.state = L2TPHA_TUNNEL_IDLE};

    if (tunnel_of_peer(peer))
        l2tpha_tunnel_get(tunnel_of_peer(peer), &record);
    return record.state;
}

uint8_t session_state(const struct peer *peer, uint16_t session)
{
    struct l2tpha_session_record record = {.state = L2TPHA_SESSION_IDLE};

    if (session_of_peer(peer, session))
        l2tpha_session_get(session_of_peer(peer, session), &record);
    return record.state;
}

/* --- steps --- */

void peer_opens(struct peer *peer, unsigned number)
{
    peer_begins(peer, number);
    struct says sccrq = valid(peer, SCCRQ);
    peer_opens_with(peer, &sccrq);
}

void peer_opens_with(struct peer *peer, const struct says *sccrq)
{
    assert_ok(say(peer, sccrq));
    expect(peer, SCCRP);
    assert_ok(say_valid(peer, SCCCN));
    expect_zlb(peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    expect_nothing();
}

struct l2tpha_tunnel *node_calls(struct peer *peer, unsigned number)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    peer_begins(peer, number);
    options.path = peer->path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    expect(peer, SCCRQ);
    return tunnel;
}

void node_opens(struct peer *peer, unsigned number)
{
    node_calls(peer, number);
    assert_ok(say_valid(peer, SCCRP));
    expect(peer, SCCCN);
    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    expect_nothing();
}

struct l2tpha_session_options a_call(enum l2tpha_call call)
{
    return (struct l2tpha_session_options){.size = sizeof(struct l2tpha_session_options),
                                           .call = call,
                                           .framing = 1,
                                           .bearer = 1,
                                           .minimum_bps = 9600,
                                           .maximum_bps = 64000,
                                           .called = {(const uint8_t *)"555", 3},
                                           .tx_speed = 64000};
}

static uint16_t node_asks(struct peer *peer, enum l2tpha_call call)
{
    struct l2tpha_session_options options = a_call(call);
    struct l2tpha_session *session;

    assert_ok(host_session_open(tunnel_of_peer(peer), &options, rig.now, &session));
    uint16_t id = (uint16_t)l2tpha_session_id(session);
    ck_assert_uint_eq(heard_u16(expect(peer, call == L2TPHA_CALL_INCOMING ? ICRQ : OCRQ), 14), id);
    return id;
}

uint16_t node_rings(struct peer *peer)
{
    return node_asks(peer, L2TPHA_CALL_INCOMING);
}

uint16_t node_asks_out(struct peer *peer)
{
    return node_asks(peer, L2TPHA_CALL_OUTGOING);
}

/* The peer's request, answered. */
static uint16_t peer_asks(struct peer *peer, uint16_t request, uint16_t reply, uint16_t call)
{
    struct says message = valid(peer, request);

    change(&message, AVP_U16(14, call));
    assert_ok(say(peer, &message));
    return heard_u16(expect(peer, reply), 14);
}

uint16_t peer_rings(struct peer *peer, uint16_t call)
{
    uint16_t id = peer_asks(peer, ICRQ, ICRP, call);

    assert_ok(peer_acks(peer));
    return id;
}

uint16_t peer_asks_out(struct peer *peer, uint16_t call)
{
    uint16_t id = peer_asks(peer, OCRQ, OCRP, call);

    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_SESSION_CALL);
    return id;
}

uint16_t peer_dials(struct peer *peer, uint16_t call)
{
    uint16_t id = peer_rings(peer, call);

    assert_ok(say_valid_for(peer, ICCN, id));
    expect_zlb(peer);
    expect_event(L2TPHA_EVENT_SESSION_UP);
    return id;
}

static void peer_replies(struct peer *peer, uint16_t reply, uint16_t session, uint16_t call)
{
    struct says message = valid_for(peer, reply, session);

    change(&message, AVP_U16(14, call));
    assert_ok(say(peer, &message));
}

uint16_t node_dials(struct peer *peer, uint16_t call)
{
    uint16_t id = node_rings(peer);

    peer_replies(peer, ICRP, id, call);
    expect(peer, ICCN);
    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_SESSION_UP);
    return id;
}

uint16_t peer_orders(struct peer *peer, uint16_t call)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_OUTGOING);
    uint16_t id = peer_asks_out(peer, call);

    assert_ok(host_session_answered(session_of_peer(peer, id), &options, rig.now));
    expect(peer, OCCN);
    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_SESSION_UP);
    return id;
}

uint16_t node_waits_out(struct peer *peer, uint16_t call)
{
    uint16_t id = node_asks_out(peer);

    peer_replies(peer, OCRP, id, call);
    expect_zlb(peer);
    return id;
}

uint16_t node_orders(struct peer *peer, uint16_t call)
{
    uint16_t id = node_waits_out(peer, call);

    assert_ok(say_valid_for(peer, OCCN, id));
    expect_zlb(peer);
    expect_event(L2TPHA_EVENT_SESSION_UP);
    return id;
}

uint16_t half_call(struct peer *peer, int which, uint16_t call)
{
    switch (which) {
    case 0:
        return peer_rings(peer, call);
    case 1:
        return node_rings(peer);
    case 2:
        return peer_asks_out(peer, call);
    case 3:
        return node_asks_out(peer);
    default:
        return node_waits_out(peer, call);
    }
}

int close_session(const struct peer *peer, uint16_t session, uint16_t result)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = result};
    int error = host_session_close(session_of_peer(peer, session), &why, rig.now);

    rig_drain();
    return error;
}

int close_tunnel(const struct peer *peer, uint16_t result)
{
    int error = l2tpha_tunnel_close(tunnel_of_peer(peer), result, 0, NULL, rig.now);

    rig_drain();
    return error;
}
