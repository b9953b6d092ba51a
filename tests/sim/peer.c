/* SPDX-License-Identifier: MIT */
#include "sim/peer.h"

#include "crypto/crypto.h"
#include "sim/oracle.h"
#include "sim/peer_send.h"

#include <string.h>

#define STOP_TRIES 12
#define ADMINISTRATIVE 3 /* the one result that the simulated hosts give for a CDN */

void peer_begin(struct peer *peer, struct world *world, struct net *net, struct oracle *oracle,
                unsigned place, const struct peer_options *options)
{
    peer->world = world;
    peer->net = net;
    peer->oracle = oracle;
    peer->options = *options;
    peer->place = place;
    peer->next_id = (uint16_t)(1000 * place);
    peer->next_serial = 0;
    peer->tunnel_count = 0;
}

struct peer_tunnel *peer_add_tunnel(struct peer *peer)
{
    if (peer->tunnel_count == PEER_TUNNELS)
        return NULL;
    struct peer_tunnel *tunnel = &peer->tunnels[peer->tunnel_count++];
    tunnel->state = PEER_IDLE;
    tunnel->by_node = false;
    tunnel->id = ++peer->next_id;
    tunnel->node_id = 0;
    tunnel->messages = 0;
    tunnel->session_count = 0;
    peer_channel_init(&tunnel->channel, peer->world, peer->net, &peer->options.habits, peer->place);
    return tunnel;
}

struct peer_session *peer_add_session(struct peer *peer, struct peer_tunnel *tunnel)
{
    if (tunnel->session_count == PEER_SESSIONS)
        return NULL;
    struct peer_session *session = &tunnel->sessions[tunnel->session_count++];
    *session = (struct peer_session){.id = ++peer->next_id};
    return session;
}

struct peer_tunnel *peer_tunnel(struct peer *peer)
{
    for (uint32_t i = peer->tunnel_count; i > 0; i--)
        if (peer->tunnels[i - 1].state == PEER_ESTABLISHED)
            return &peer->tunnels[i - 1];
    return NULL;
}

struct peer_session *peer_pick(struct peer *peer, struct peer_tunnel *tunnel, enum peer_state state)
{
    uint32_t start = (uint32_t)world_below(peer->world, tunnel->session_count);

    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        struct peer_session *session = &tunnel->sessions[(start + i) % tunnel->session_count];
        if (session->state == state)
            return session;
    }
    return NULL;
}

void peer_open_tunnel(struct peer *peer)
{
    struct peer_tunnel *tunnel = peer_add_tunnel(peer);

    if (!tunnel)
        return;
    tunnel->state = PEER_WAIT_REPLY;
    peer_send_request(peer, tunnel, L2TPHA_MESSAGE_SCCRQ, NULL);
}

/* --- control connection --- */

static void learn(struct peer_tunnel *tunnel, const struct l2tpha_message *message)
{
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &tunnel->node_id);
    l2tpha_message_u16(message, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &tunnel->channel.remote_window);
    tunnel->channel.tunnel_id = tunnel->node_id;
}

/* The node must know the secret too. */
static void check_response(const struct peer *peer, const struct peer_tunnel *tunnel,
                           const struct l2tpha_message *message)
{
    struct l2tpha_bytes got;
    uint8_t expected[16];

    if (!peer->options.secret)
        return;
    peer_response(peer, (uint8_t)message->type, tunnel->challenge, sizeof(tunnel->challenge),
                  expected);
    if (!l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE_RESPONSE, &got) ||
        got.len != sizeof(expected) || memcmp(got.data, expected, sizeof(expected)) != 0)
        world_fail(peer->world, "the node's challenge response is wrong or missing");
}

static void on_control(struct peer *peer, struct peer_tunnel *tunnel,
                       const struct l2tpha_message *message)
{
    struct l2tpha_bytes challenge = {0};

    l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE, &challenge);
    switch (message->type) {
    case L2TPHA_MESSAGE_SCCRQ:
        peer_send_request(peer, tunnel, L2TPHA_MESSAGE_SCCRP, &challenge);
        tunnel->state = PEER_WAIT_CONNECT;
        return;
    case L2TPHA_MESSAGE_SCCRP:
        if (tunnel->state != PEER_WAIT_REPLY)
            return;
        learn(tunnel, message);
        check_response(peer, tunnel, message);
        tunnel->state = PEER_ESTABLISHED;
        peer_send_scccn(peer, tunnel, &challenge);
        return;
    case L2TPHA_MESSAGE_SCCCN:
        check_response(peer, tunnel, message);
        if (tunnel->state == PEER_WAIT_CONNECT)
            tunnel->state = PEER_ESTABLISHED;
        return;
    case L2TPHA_MESSAGE_STOPCCN:
        oracle_node_stops(peer->oracle, tunnel->state == PEER_STOPPING, message);
        peer_channel_abandon(&tunnel->channel);
        tunnel->state = PEER_STOPPED;
        for (uint32_t i = 0; i < tunnel->session_count; i++)
            tunnel->sessions[i].state = PEER_STOPPED;
        return;
    default:
        return;
    }
}

/* --- calls --- */

static struct peer_session *find_session(struct peer_tunnel *tunnel,
                                         const struct l2tpha_message *message)
{
    uint16_t assigned = 0;

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &assigned);
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        struct peer_session *session = &tunnel->sessions[i];
        if (message->header.session_id ? session->id == message->header.session_id
                                       : assigned && session->node_id == assigned)
            return session;
    }
    return NULL;
}

/* RFC 4951 3.3: ids come back late. No scenario is long enough for that. */
static void learn_session(struct peer *peer, const struct peer_tunnel *tunnel,
                          struct peer_session *session, const struct l2tpha_message *message)
{
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &session->node_id);
    for (uint32_t i = 0; i < tunnel->session_count && !peer->oracle->excused; i++)
        if (&tunnel->sessions[i] != session && tunnel->sessions[i].node_id == session->node_id)
            world_fail(peer->world, "call %u has the id %u of call %u", session->id,
                       session->node_id, tunnel->sessions[i].id);
}

static void on_call(struct peer *peer, struct peer_tunnel *tunnel,
                    const struct l2tpha_message *message)
{
    struct peer_session *session = peer_add_session(peer, tunnel);

    if (!session) {
        world_fail(peer->world, "the peer has no room for another call");
        return;
    }
    session->by_node = true;
    session->outgoing = message->type == L2TPHA_MESSAGE_OCRQ;
    learn_session(peer, tunnel, session, message);
    l2tpha_message_u32(message, L2TPHA_AVP_CALL_SERIAL_NUMBER, &session->serial);
    world_say(peer->world, "peer", "call %u of the node: serial %u", session->id,
              (unsigned)session->serial);
    for (uint32_t i = 0; i + 1 < tunnel->session_count && !peer->oracle->excused; i++)
        if (tunnel->sessions[i].by_node && tunnel->sessions[i].serial == session->serial)
            world_fail(peer->world, "call %u was asked for twice", (unsigned)session->serial);
    peer_send_reply(peer, tunnel, session);
    session->state = PEER_WAIT_CONNECT;
    if (!session->outgoing)
        return;
    peer_send_connected(peer, tunnel, session);
    session->state = PEER_ESTABLISHED;
}

static void on_reply(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session,
                     const struct l2tpha_message *message)
{
    learn_session(peer, tunnel, session, message);
    if (session->state != PEER_WAIT_REPLY)
        return;
    session->state = PEER_WAIT_CONNECT;
    if (session->outgoing)
        return;
    peer_send_connected(peer, tunnel, session);
    session->state = PEER_ESTABLISHED;
}

static void on_cdn(struct peer *peer, struct peer_session *session,
                   const struct l2tpha_message *message)
{
    struct l2tpha_result result = {0};

    l2tpha_message_result(message, &result);
    if (session->state != PEER_STOPPED && result.result != ADMINISTRATIVE && !peer->oracle->excused)
        world_fail(peer->world, "the node gave up call %u: result %u error %u %.*s", session->id,
                   result.result, result.error, (int)result.text_len, (const char *)result.text);
    session->state = PEER_STOPPED;
}

static void on_link_info(struct peer *peer, const struct l2tpha_message *message)
{
    struct l2tpha_accm accm;
    struct l2tpha_call_errors errors;

    if (l2tpha_avp_accm(l2tpha_message_find(message, L2TPHA_AVP_ACCM), &accm))
        oracle_peer_processed(peer->oracle, accm.send);
    if (l2tpha_avp_call_errors(l2tpha_message_find(message, L2TPHA_AVP_CALL_ERRORS), &errors))
        oracle_peer_processed(peer->oracle, errors.crc);
}

static void on_session(struct peer *peer, struct peer_tunnel *tunnel,
                       const struct l2tpha_message *message)
{
    on_link_info(peer, message);
    if (message->type == L2TPHA_MESSAGE_ICRQ || message->type == L2TPHA_MESSAGE_OCRQ) {
        on_call(peer, tunnel, message);
        return;
    }
    struct peer_session *session = find_session(tunnel, message);
    if (!session)
        return;
    switch (message->type) {
    case L2TPHA_MESSAGE_ICRP:
    case L2TPHA_MESSAGE_OCRP:
        on_reply(peer, tunnel, session, message);
        return;
    case L2TPHA_MESSAGE_ICCN:
    case L2TPHA_MESSAGE_OCCN:
        if (session->state == PEER_WAIT_CONNECT)
            session->state = PEER_ESTABLISHED;
        return;
    case L2TPHA_MESSAGE_CDN:
        on_cdn(peer, session, message);
        return;
    default:
        return;
    }
}

/* --- datagrams --- */

static bool open_message(struct peer *peer, const uint8_t *data, size_t len, uint8_t *scratch,
                         struct l2tpha_message *message)
{
    const char *secret = peer->options.secret;
    const struct l2tpha_hiding hiding = {.crypto = tests_crypto(),
                                         .secret = (const uint8_t *)secret,
                                         .secret_len = secret ? strlen(secret) : 0};
    struct l2tpha_decode_fault fault = {0};

    int error = l2tpha_message_open(data, len, secret ? &hiding : NULL, scratch, CHANNEL_MESSAGE,
                                    message, &fault);
    if (error)
        world_fail(peer->world, "the node sent a malformed message: %s, %s", l2tpha_strerror(error),
                   fault.why ? fault.why : "");
    return !error;
}

static void process(struct peer *peer, struct peer_tunnel *tunnel, const uint8_t *data, size_t len)
{
    uint8_t scratch[CHANNEL_MESSAGE];
    struct l2tpha_message message;

    tunnel->messages++;
    if (!open_message(peer, data, len, scratch, &message) || tunnel->state == PEER_STOPPED)
        return;
    if (tunnel->state == PEER_STOPPING && message.type != L2TPHA_MESSAGE_STOPCCN)
        return;
    if (l2tpha_message_is_session(message.type))
        on_session(peer, tunnel, &message);
    else
        on_control(peer, tunnel, &message);
}

/* What has no tunnel id yet is for the tunnel with the Assigned Tunnel ID that it names; a SCCRQ of
 * none opens a new one. */
static struct peer_tunnel *find_request(struct peer *peer, const uint8_t *data, size_t len)
{
    uint8_t scratch[CHANNEL_MESSAGE];
    struct l2tpha_message message;
    uint16_t assigned = 0;

    if (!open_message(peer, data, len, scratch, &message))
        return NULL;
    l2tpha_message_u16(&message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &assigned);
    for (uint32_t i = 0; i < peer->tunnel_count; i++)
        if (peer->tunnels[i].by_node && peer->tunnels[i].node_id == assigned)
            return &peer->tunnels[i];
    if (message.type != L2TPHA_MESSAGE_SCCRQ)
        return NULL;
    struct peer_tunnel *tunnel = peer_add_tunnel(peer);
    if (!tunnel)
        return NULL;
    tunnel->by_node = true;
    learn(tunnel, &message);
    return tunnel;
}

static struct peer_tunnel *find_tunnel(struct peer *peer, const struct l2tpha_header *header,
                                       const uint8_t *data, size_t len)
{
    if (header->tunnel_id == 0)
        return find_request(peer, data, len);
    for (uint32_t i = 0; i < peer->tunnel_count; i++)
        if (peer->tunnels[i].id == header->tunnel_id)
            return &peer->tunnels[i];
    return NULL;
}

void peer_receive(struct peer *peer, const uint8_t *data, size_t len)
{
    struct l2tpha_header header;

    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(peer->world, "the node sent a malformed header");
        return;
    }
    struct peer_tunnel *tunnel = find_tunnel(peer, &header, data, len);
    if (!tunnel)
        return;
    if (!peer_channel_receive(&tunnel->channel, &header, data, len))
        return;
    process(peer, tunnel, data, len);
    const struct peer_message *kept;
    while ((kept = peer_channel_next(&tunnel->channel)))
        process(peer, tunnel, kept->data, kept->len);
}

uint64_t peer_deadline(const struct peer *peer)
{
    uint64_t soonest = L2TPHA_NEVER;

    for (uint32_t i = 0; i < peer->tunnel_count; i++) {
        uint64_t deadline = peer_channel_deadline(&peer->tunnels[i].channel);
        if (deadline < soonest)
            soonest = deadline;
    }
    return soonest;
}

void peer_expire(struct peer *peer)
{
    for (uint32_t i = 0; i < peer->tunnel_count; i++) {
        struct peer_tunnel *tunnel = &peer->tunnels[i];
        peer_channel_expire(&tunnel->channel);
        /* The node may have gone after a StopCCN of its own. */
        if (tunnel->state == PEER_STOPPING && tunnel->channel.tries > STOP_TRIES)
            peer_channel_abandon(&tunnel->channel);
    }
}

bool peer_idle(const struct peer *peer)
{
    for (uint32_t i = 0; i < peer->tunnel_count; i++)
        if (!peer_channel_idle(&peer->tunnels[i].channel))
            return false;
    return true;
}
