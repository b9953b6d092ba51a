/* SPDX-License-Identifier: MIT */
#include "sim/peer_send.h"

#include "crypto/crypto.h"
#include "sim/oracle.h"

#include <l2tpha/builder.h>
#include <string.h>

#define GENERAL_REQUEST 1 /* StopCCN, RFC 2661 4.4.2 */
#define ADMINISTRATIVE 3  /* CDN */

struct letter {
    struct peer *peer;
    struct peer_tunnel *tunnel;
    struct l2tpha_builder builder;
    uint8_t vector[16];
    uint8_t data[CHANNEL_MESSAGE];
};

static void begin(struct letter *letter, struct peer *peer, struct peer_tunnel *tunnel,
                  uint16_t type, uint16_t session_id)
{
    letter->peer = peer;
    letter->tunnel = tunnel;
    l2tpha_builder_begin(&letter->builder, letter->data, sizeof(letter->data), type,
                         tunnel->node_id, session_id);
    if (!peer->options.hides)
        return;
    const struct l2tpha_hiding hiding = {.crypto = tests_crypto(),
                                         .secret = (const uint8_t *)peer->options.secret,
                                         .secret_len = strlen(peer->options.secret)};
    for (size_t i = 0; i < sizeof(letter->vector); i++)
        letter->vector[i] = (uint8_t)world_random(peer->world);
    l2tpha_builder_hide(&letter->builder, &hiding, letter->vector, sizeof(letter->vector));
}

static uint16_t post(struct letter *letter)
{
    size_t len;

    int error = l2tpha_builder_end(&letter->builder, &len);
    if (error) {
        world_fail(letter->peer->world, "the peer cannot build a message: %s",
                   l2tpha_strerror(error));
        return 0;
    }
    return peer_channel_send(&letter->tunnel->channel, letter->data, len);
}

void peer_response(const struct peer *peer, uint8_t type, const uint8_t *challenge, size_t len,
                   uint8_t response[16])
{
    const struct l2tpha_crypto *crypto = tests_crypto();
    const struct l2tpha_bytes parts[] = {
        {&type, 1},
        {(const uint8_t *)peer->options.secret, strlen(peer->options.secret)},
        {challenge, len},
    };

    if (crypto->md5(crypto->user, parts, 3, response))
        world_fail(peer->world, "MD5 failed");
}

static void put_response(struct letter *letter, uint8_t type, const struct l2tpha_bytes *challenge)
{
    uint8_t response[16];

    if (!challenge || !challenge->len)
        return;
    if (!letter->peer->options.secret) {
        world_fail(letter->peer->world, "a challenge without a shared secret");
        return;
    }
    peer_response(letter->peer, type, challenge->data, challenge->len, response);
    l2tpha_builder_put_bytes(&letter->builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response,
                             sizeof(response));
}

void peer_send_request(struct peer *peer, struct peer_tunnel *tunnel, uint16_t type,
                       const struct l2tpha_bytes *challenge)
{
    struct letter letter;

    begin(&letter, peer, tunnel, type, 0);
    l2tpha_builder_put_u8pair(&letter.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_bytes(&letter.builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_BEARER_CAPABILITIES, 3);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, tunnel->id);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE,
                           peer->options.habits.window);
    if (peer->options.secret) {
        for (size_t i = 0; i < sizeof(tunnel->challenge); i++)
            tunnel->challenge[i] = (uint8_t)world_random(peer->world);
        l2tpha_builder_put_bytes(&letter.builder, L2TPHA_AVP_CHALLENGE, tunnel->challenge,
                                 sizeof(tunnel->challenge));
    }
    put_response(&letter, (uint8_t)type, challenge);
    post(&letter);
}

void peer_send_scccn(struct peer *peer, struct peer_tunnel *tunnel,
                     const struct l2tpha_bytes *challenge)
{
    struct letter letter;

    begin(&letter, peer, tunnel, L2TPHA_MESSAGE_SCCCN, 0);
    put_response(&letter, L2TPHA_MESSAGE_SCCCN, challenge);
    post(&letter);
}

void peer_send_reply(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session)
{
    uint16_t type = session->outgoing ? L2TPHA_MESSAGE_OCRP : L2TPHA_MESSAGE_ICRP;
    struct letter letter;

    begin(&letter, peer, tunnel, type, session->node_id);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, session->id);
    post(&letter);
}

void peer_send_connected(struct peer *peer, struct peer_tunnel *tunnel,
                         struct peer_session *session)
{
    uint16_t type = session->outgoing ? L2TPHA_MESSAGE_OCCN : L2TPHA_MESSAGE_ICCN;
    struct letter letter;

    begin(&letter, peer, tunnel, type, session->node_id);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_TX_CONNECT_SPEED, 100000 + session->serial);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    post(&letter);
}

void peer_hello(struct peer *peer, struct peer_tunnel *tunnel)
{
    struct letter letter;

    begin(&letter, peer, tunnel, L2TPHA_MESSAGE_HELLO, 0);
    post(&letter);
}

void peer_close_tunnel(struct peer *peer, struct peer_tunnel *tunnel)
{
    struct letter letter;

    begin(&letter, peer, tunnel, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, tunnel->id);
    l2tpha_builder_put_result(&letter.builder, GENERAL_REQUEST, 0, NULL);
    tunnel->state = PEER_STOPPING;
    for (uint32_t i = 0; i < tunnel->session_count; i++)
        tunnel->sessions[i].state = PEER_STOPPED;
    post(&letter);
}

void peer_open_session(struct peer *peer, struct peer_tunnel *tunnel)
{
    bool incoming = peer->options.side == L2TPHA_LAC;
    struct peer_session *session = peer_add_session(peer, tunnel);
    struct letter letter;

    if (!session)
        return;
    session->state = PEER_WAIT_REPLY;
    session->serial = ++peer->next_serial;
    session->outgoing = !incoming;
    begin(&letter, peer, tunnel, incoming ? L2TPHA_MESSAGE_ICRQ : L2TPHA_MESSAGE_OCRQ, 0);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, session->id);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, session->serial);
    if (!incoming) {
        l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_MINIMUM_BPS, 1000);
        l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_MAXIMUM_BPS, 100000);
        l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_BEARER_TYPE, 1);
        l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_FRAMING_TYPE, 1);
        l2tpha_builder_put_bytes(&letter.builder, L2TPHA_AVP_CALLED_NUMBER, "12345", 5);
    }
    post(&letter);
}

void peer_close_session(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session)
{
    struct letter letter;

    /* Before the reply the peer does not know the node's id: 0 (RFC 2661 4.4.4). */
    begin(&letter, peer, tunnel, L2TPHA_MESSAGE_CDN, session->node_id);
    l2tpha_builder_put_result(&letter.builder, ADMINISTRATIVE, 0, NULL);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, session->id);
    session->state = PEER_STOPPED;
    post(&letter);
}

void peer_send_number(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session)
{
    bool errors = peer->options.side == L2TPHA_LAC;
    uint32_t number = oracle_peer_number(peer->oracle);
    struct letter letter;

    if (!number)
        return;
    begin(&letter, peer, tunnel, errors ? L2TPHA_MESSAGE_WEN : L2TPHA_MESSAGE_SLI,
          session->node_id);
    if (errors)
        l2tpha_builder_put_call_errors(&letter.builder,
                                       &(struct l2tpha_call_errors){.crc = number});
    else
        l2tpha_builder_put_accm(&letter.builder, &(struct l2tpha_accm){.send = number});
    uint16_t ns = post(&letter);
    oracle_peer_sends(peer->oracle, number, tunnel->node_id, session->node_id, ns);
}
