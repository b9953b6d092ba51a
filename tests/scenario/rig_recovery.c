/* SPDX-License-Identifier: MIT */
#include "scenario/rig_recovery.h"

#include "crypto/crypto.h"
#include "info.h"
#include "node/node.h"

#define BATCH 32
#define APART 200 /* ids of a peer's recovery tunnels and of its ordinary ones */
#define NAME "peer"
#define TIE "\x40\0\0\0\0\0\0\1"

static void setup(void)
{
    rig.config.failover = L2TPHA_FAILOVER_PROTOCOL;
    rig.config.recovery_ms = RECOVERY_TIME;
    rig.trust = L2TPHA_TRUST_UNCERTAIN;   /* else there would be nothing to recover */
    rig.config.query = L2TPHA_QUERY_NONE; /* sessions are another matter */
}

Suite *recovery_suite(const char *name, TCase **tcase)
{
    Suite *suite = rig_suite(name, tcase);

    tcase_add_checked_fixture(*tcase, setup, NULL);
    return suite;
}

/* --- AVPs --- */

static const void *keep(const uint16_t *words, size_t count)
{
    static uint8_t kept[16][16];
    static unsigned place;
    uint8_t *octets = kept[place++ % 16];

    for (size_t i = 0; i < count; i++) {
        octets[2 * i] = (uint8_t)(words[i] >> 8);
        octets[2 * i + 1] = (uint8_t)words[i];
    }
    return octets;
}

struct rig_avp avp_capability(unsigned bits, uint32_t recovery_ms)
{
    const uint16_t words[] = {(uint16_t)bits, (uint16_t)(recovery_ms >> 16), (uint16_t)recovery_ms};

    return AVP_OCTETS(0, 76, keep(words, 3), 6);
}

struct rig_avp avp_recovery(unsigned id, unsigned remote_id)
{
    const uint16_t words[] = {0, 0, (uint16_t)id, 0, (uint16_t)remote_id};

    return AVP_OCTETS(WIRE_M, 77, keep(words, 5), 10);
}

struct rig_avp avp_suggested(unsigned ns, unsigned nr)
{
    const uint16_t words[] = {0, (uint16_t)ns, (uint16_t)nr};

    return AVP_OCTETS(0, 78, keep(words, 3), 6);
}

struct rig_avp avp_state(unsigned session, unsigned remote_session)
{
    const uint16_t words[] = {0, 0, (uint16_t)session, 0, (uint16_t)remote_session};

    return AVP_OCTETS(WIRE_M, 79, keep(words, 5), 10);
}

static const uint8_t vector[16] = "0123456789abcdef";

struct rig_avp hiding_vector(void)
{
    return AVP_OCTETS(WIRE_M, 36, vector, sizeof(vector));
}

/* RFC 2661 4.3, of one block. */
struct rig_avp hidden_avp(struct rig_avp avp)
{
    const struct l2tpha_crypto *crypto = tests_crypto();
    static uint8_t octets[4][16];
    static unsigned place;
    uint8_t type[] = {(uint8_t)(avp.type >> 8), (uint8_t)avp.type}, pad[16];
    const struct l2tpha_bytes parts[] = {
        {type, 2}, {(const uint8_t *)rig.secret, strlen(rig.secret)}, {vector, sizeof(vector)}};
    uint8_t *out = octets[place++ % 4];

    assert_ok(crypto->md5(crypto->user, parts, 3, pad));
    memset(out, 0, sizeof(octets[0]));
    out[1] = (uint8_t)avp.len;
    memcpy(out + 2, avp.value, avp.len);
    for (size_t i = 0; i < 2 + avp.len; i++)
        out[i] ^= pad[i];
    return AVP_OCTETS(avp.flags | WIRE_H, avp.type, out, 2 + avp.len);
}

/* --- ordinary tunnels --- */

void peer_opens_capable(struct peer *peer, unsigned number)
{
    peer_begins(peer, number);
    struct says sccrq = valid(peer, SCCRQ);
    add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    add(&sccrq, AVP_U32(4, 3)); /* Bearer Capabilities */
    peer_opens_with(peer, &sccrq);
}

void peer_opens_proven(struct peer *peer, unsigned number, const char *secret)
{
    uint8_t digest[16];

    rig.secret = secret;
    peer_begins(peer, number);
    struct says sccrq = valid(peer, SCCRQ);
    add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    assert_ok(say(peer, &sccrq));
    respond(expect(peer, SCCRP), SCCCN, secret, digest);
    struct says scccn = valid(peer, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_ok(say(peer, &scccn));
    expect_zlb(peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}

void node_opens_capable(struct peer *peer, unsigned number)
{
    node_calls(peer, number);
    struct says sccrp = valid(peer, SCCRP);
    add(&sccrp, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    add(&sccrp, AVP_U32(4, 3));
    assert_ok(say(peer, &sccrp));
    expect(peer, SCCCN);
    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}

/* --- the peer has failed --- */

void peer_returns(struct peer *fresh, const struct peer *old)
{
    static unsigned count;

    memset(fresh, 0, sizeof(*fresh));
    fresh->path = old->path;
    fresh->id = (uint16_t)(old->id + APART * ++count);
}

struct says recovery_request(const struct peer *fresh, const struct peer *old)
{
    struct says sccrq = valid(fresh, SCCRQ);

    add(&sccrq, avp_recovery(old->id, old->node_id));
    add(&sccrq, AVP_OCTETS(0, 5, TIE, 8));
    return sccrq;
}

/* RFC 4951 5.3: the values are those of the recovery endpoint, here the peer. */
void peer_asks_back(struct peer *fresh, struct peer *old)
{
    peer_returns(fresh, old);
    struct says sccrq = recovery_request(fresh, old);
    assert_ok(say(fresh, &sccrq));
    const struct heard *sccrp = expect_on(fresh, SCCRP);
    const struct l2tpha_avp *suggested = l2tpha_message_find(&sccrp->message, 78);
    ck_assert_ptr_nonnull(suggested);
    ck_assert_uint_eq(suggested->len, 6);
    old->ns = (uint16_t)(suggested->value[2] << 8 | suggested->value[3]);
    old->nr = (uint16_t)(suggested->value[4] << 8 | suggested->value[5]);
    ck_assert(expect_event(L2TPHA_EVENT_TUNNEL_RECOVERING)->event.by_peer);
}

void peer_takes_back(struct peer *fresh, struct peer *old)
{
    peer_asks_back(fresh, old);
    assert_ok(say_valid(fresh, SCCCN));
    expect_zlb(fresh);
    ck_assert(expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED)->event.by_peer);
}

/* --- the node has failed --- */

static void copy_to(struct l2tpha_node *heir)
{
    struct l2tpha_output outputs[BATCH];
    uint64_t position = 0;
    size_t count;

    assert_ok(l2tpha_checkpoint_bulk(rig_node(), rig.now));
    while ((count = l2tpha_poll(rig.node, outputs, BATCH, rig.now)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
                ck_abort_msg("a datagram left while the standby was made");
            if (outputs[i].kind != L2TPHA_OUTPUT_CHECKPOINT)
                continue;
            assert_ok(
                l2tpha_checkpoint_apply(heir, outputs[i].data, outputs[i].len, rig.now, NULL));
            position = outputs[i].position;
        }
        assert_ok(l2tpha_checkpoint_done(rig.node, position, 0, rig.now));
    }
    ck_assert_int_eq(info_of(rig.node).role, L2TPHA_ROLE_ACTIVE);
}

void node_fails(void)
{
    struct l2tpha_node *heir;
    uint64_t epoch;

    rig_drain();
    expect_nothing();
    forget_events();
    heir = rig_make(true);
    copy_to(heir);
    epoch = info_of(rig.node).epoch;
    l2tpha_node_free(rig.node);
    rig.node = heir;
    assert_ok(l2tpha_takeover_as(heir, epoch + 1, rig.trust, rig.now));
    rig_pass_ms(5);
    forget_events();
}

const struct heard *expect_request(struct peer *fresh, const struct peer *old)
{
    peer_returns(fresh, old);
    const struct heard *sccrq = expect(fresh, SCCRQ);
    const struct l2tpha_avp *pair = l2tpha_message_find(&sccrq->message, 77);
    struct rig_avp wanted = avp_recovery(old->node_id, old->id);

    ck_assert_ptr_nonnull(pair);
    ck_assert_uint_eq(pair->len, wanted.len);
    ck_assert_mem_eq(pair->value, wanted.value, wanted.len);
    ck_assert_uint_ne(fresh->node_id, old->node_id);
    ck_assert_uint_eq(sccrq->message.header.ns, 0);
    ck_assert_uint_eq(sccrq->message.header.nr, 0);
    return sccrq;
}

struct says recovery_reply(const struct peer *fresh, unsigned ns, unsigned nr)
{
    struct says sccrp = valid(fresh, SCCRP);

    add(&sccrp, avp_suggested(ns, nr));
    return sccrp;
}

void node_claims(struct peer *fresh, struct peer *old)
{
    node_fails();
    expect_request(fresh, old);
    struct says sccrp = recovery_reply(fresh, 3, 100);
    assert_ok(say(fresh, &sccrp));
    expect_on(fresh, SCCCN);
    expect_nothing();
    old->ns = 100;
    old->nr = 3;
}

void node_recovers(struct peer *fresh, struct peer *old)
{
    node_claims(fresh, old);
    assert_ok(peer_acks(fresh));
    expect_stopccn(fresh, 1, 0);
    assert_ok(peer_acks(fresh));
    ck_assert_uint_eq(expect_on(old, HELLO)->message.header.ns, 3);
    assert_ok(peer_acks(old));
    forget_events();
}

/* --- looking --- */

const struct heard *expect_on(struct peer *peer, uint16_t type)
{
    const struct heard *heard = expect(peer, type);

    ck_assert_uint_eq(heard->message.header.tunnel_id, peer->id);
    return heard;
}

void assert_alive(struct peer *peer)
{
    assert_ok(say_valid(peer, HELLO));
    expect_zlb(peer);
}

void assert_rests(struct peer *peer)
{
    uint64_t before = rig_counters()->suspended_drops;

    say_valid(peer, HELLO);
    peer->ns--;
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->suspended_drops, before + 1);
}

void assert_data_flows(const struct peer *peer, uint16_t session)
{
    const uint8_t datagram[] = {0,
                                2,
                                (uint8_t)(peer->node_id >> 8),
                                (uint8_t)peer->node_id,
                                (uint8_t)(session >> 8),
                                (uint8_t)session,
                                0xff,
                                3};
    const struct l2tpha_path *path;
    struct l2tpha_frame frame;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    assert_ok(
        l2tpha_data_receive(rig_node(), &peer->path, datagram, sizeof(datagram), rig.now, &frame));
    ck_assert_uint_eq(frame.len, 2);
    assert_ok(
        l2tpha_data_send(session_of_peer(peer, session), 2, false, header, &len, &path, rig.now));
    ck_assert_mem_eq(&path->remote, &peer->path.remote, sizeof(path->remote));
}

struct l2tpha_tunnel_record record_of(const struct peer *peer)
{
    struct l2tpha_tunnel_record record = {.state = L2TPHA_TUNNEL_IDLE};

    if (tunnel_of_peer(peer))
        l2tpha_tunnel_get(tunnel_of_peer(peer), &record);
    return record;
}

unsigned tunnels_of_node(void)
{
    struct l2tpha_tunnel *tunnel = NULL;
    unsigned count = 0;

    while ((tunnel = l2tpha_tunnel_next(rig_node(), tunnel)))
        count++;
    return count;
}
