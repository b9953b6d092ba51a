/* SPDX-License-Identifier: MIT */
#include "sim/lagging_peer.h"

#define ROOM_LEFT 64 /* answers to what the node says need it too */

struct letter {
    struct l2tpha_builder builder;
    uint8_t data[CHANNEL_MESSAGE];
};

static void begin(struct letter *letter, const struct lagging_peer *peer, uint16_t type,
                  uint16_t session_id)
{
    l2tpha_builder_begin(&letter->builder, letter->data, sizeof(letter->data), type, peer->node_id,
                         session_id);
}

static void post(struct lagging_peer *peer, struct letter *letter)
{
    size_t len;

    if (l2tpha_builder_end(&letter->builder, &len))
        world_fail(peer->world, "the peer cannot build a message");
    else
        peer_channel_send(&peer->channel, letter->data, len);
}

void lagging_peer_init(struct lagging_peer *peer, struct world *world, struct net *net,
                       const struct habits *habits)
{
    *peer = (struct lagging_peer){.world = world, .next_call = 1};
    peer_channel_init(&peer->channel, world, net, habits, NET_PEER);
}

void lagging_peer_open(struct lagging_peer *peer)
{
    struct letter letter;

    begin(&letter, peer, L2TPHA_MESSAGE_SCCRQ, 0);
    l2tpha_builder_put_u8pair(&letter.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_bytes(&letter.builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, LAGGING_TUNNEL);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE,
                           peer->channel.habits->window);
    post(peer, &letter);
}

uint16_t lagging_peer_call(struct lagging_peer *peer)
{
    struct letter letter;

    if (peer->next_call == LAGGING_CALLS || peer_channel_room(&peer->channel) < ROOM_LEFT)
        return 0;
    uint16_t id = peer->next_call++;
    peer->calls[id].state = LAGGING_ASKED;
    begin(&letter, peer, L2TPHA_MESSAGE_ICRQ, 0);
    l2tpha_builder_put_u16(&letter.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, id);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, id);
    post(peer, &letter);
    return id;
}

void lagging_peer_number(struct lagging_peer *peer, uint16_t call, uint32_t number)
{
    struct letter letter;

    begin(&letter, peer, L2TPHA_MESSAGE_WEN, peer->calls[call].node_id);
    l2tpha_builder_put_call_errors(&letter.builder, &(struct l2tpha_call_errors){.crc = number});
    post(peer, &letter);
}

void lagging_peer_hello(struct lagging_peer *peer)
{
    struct letter letter;

    if (peer_channel_room(&peer->channel) < ROOM_LEFT)
        return;
    begin(&letter, peer, L2TPHA_MESSAGE_HELLO, 0);
    post(peer, &letter);
}

/* --- what the node says --- */

static void on_reply(struct lagging_peer *peer, const struct l2tpha_message *message)
{
    uint16_t id = (uint16_t)message->header.session_id;
    struct letter letter;

    if (id >= LAGGING_CALLS || peer->calls[id].state != LAGGING_ASKED)
        return;
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &peer->calls[id].node_id);
    peer->calls[id].state = LAGGING_UP;
    begin(&letter, peer, L2TPHA_MESSAGE_ICCN, peer->calls[id].node_id);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_TX_CONNECT_SPEED, 56000);
    l2tpha_builder_put_u32(&letter.builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    post(peer, &letter);
}

/* RFC 2661 4.4.4: by the header, or else by the node's own id. */
static void on_cdn(struct lagging_peer *peer, const struct l2tpha_message *message)
{
    uint32_t id = message->header.session_id;
    uint16_t assigned = 0;

    peer->cdns++;
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &assigned);
    for (uint32_t i = 1; !id && i < peer->next_call; i++)
        if (peer->calls[i].state == LAGGING_UP && peer->calls[i].node_id == assigned)
            id = i;
    if (id && id < LAGGING_CALLS)
        peer->calls[id].state = LAGGING_NO_CALL;
}

static void process(struct lagging_peer *peer, const uint8_t *data, size_t len)
{
    struct l2tpha_message message;
    struct l2tpha_accm accm;
    struct letter letter;

    if (l2tpha_message_decode(data, len, &message, NULL)) {
        world_fail(peer->world, "the node's message cannot be decoded");
        return;
    }
    switch (message.type) {
    case L2TPHA_MESSAGE_SCCRP:
        l2tpha_message_u16(&message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &peer->node_id);
        l2tpha_message_u16(&message, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &peer->channel.remote_window);
        peer->channel.tunnel_id = peer->node_id;
        peer->up = true;
        begin(&letter, peer, L2TPHA_MESSAGE_SCCCN, 0);
        post(peer, &letter);
        return;
    case L2TPHA_MESSAGE_ICRP:
        on_reply(peer, &message);
        return;
    case L2TPHA_MESSAGE_CDN:
        on_cdn(peer, &message);
        return;
    case L2TPHA_MESSAGE_SLI:
        if (peer->told_count < LAGGING_NUMBERS &&
            l2tpha_avp_accm(l2tpha_message_find(&message, L2TPHA_AVP_ACCM), &accm))
            peer->told[peer->told_count++] = accm.send;
        return;
    case L2TPHA_MESSAGE_HELLO:
        peer->hellos++;
        return;
    case L2TPHA_MESSAGE_STOPCCN:
        peer->stopped = true;
        return;
    default:
        world_fail(peer->world, "the node sends %s", l2tpha_message_name(message.type));
    }
}

void lagging_peer_receive(struct lagging_peer *peer, const uint8_t *data, size_t len)
{
    const struct peer_message *kept;
    struct l2tpha_header header;

    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(peer->world, "the node's datagram cannot be decoded");
        return;
    }
    if (!peer_channel_receive(&peer->channel, &header, data, len))
        return;
    process(peer, data, len);
    while ((kept = peer_channel_next(&peer->channel)))
        process(peer, kept->data, kept->len);
}
