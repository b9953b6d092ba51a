/* SPDX-License-Identifier: MIT */
#include "sim/peer_channel.h"

#include <string.h>

void peer_channel_init(struct peer_channel *channel, struct world *world, struct net *net,
                       const struct habits *habits, unsigned place)
{
    channel->world = world;
    channel->net = net;
    channel->habits = habits;
    channel->place = place;
    channel->tunnel_id = 0;
    channel->ns = channel->sent = channel->acked = channel->nr = 0;
    channel->tries = 0;
    channel->remote_window = 4; /* RFC 2661 4.4.3: when none was sent */
    channel->interval = channel->habits->first;
    channel->retransmit_at = channel->ack_at = L2TPHA_NEVER;
    for (size_t i = 0; i < CHANNEL_QUEUE; i++)
        channel->ahead[i].len = 0;
}

unsigned peer_channel_room(const struct peer_channel *channel)
{
    return CHANNEL_QUEUE - 1u - (unsigned)serial_diff(channel->ns, channel->acked);
}

static void transmit(struct peer_channel *channel, uint16_t ns, bool again)
{
    struct peer_message *message = &channel->queue[ns % CHANNEL_QUEUE];

    if (!again)
        message->first_nr = channel->nr;
    bool stale = again && channel->habits->stale_nr;
    l2tpha_header_stamp(message->data, ns, stale ? message->first_nr : channel->nr);
    net_send(channel->net, channel->place, NET_NODE, message->data, message->len);
    if (!stale)
        channel->ack_at = L2TPHA_NEVER;
}

/* What the node's window lets out. */
static void push(struct peer_channel *channel)
{
    while (channel->sent != channel->ns &&
           serial_diff(channel->sent, channel->acked) < channel->remote_window) {
        transmit(channel, channel->sent++, false);
        if (channel->retransmit_at == L2TPHA_NEVER)
            channel->retransmit_at = channel->world->now + channel->interval;
    }
}

uint16_t peer_channel_send(struct peer_channel *channel, const uint8_t *data, size_t len)
{
    uint16_t ns = channel->ns++;
    struct peer_message *message = &channel->queue[ns % CHANNEL_QUEUE];

    message->len = len;
    memcpy(message->data, data, len);
    push(channel);
    return ns;
}

static void send_zlb(struct peer_channel *channel, uint16_t nr)
{
    const struct l2tpha_header header = {.control = true,
                                         .has_length = true,
                                         .has_sequence = true,
                                         .version = 2,
                                         .length = L2TPHA_CONTROL_HEADER,
                                         .tunnel_id = channel->tunnel_id,
                                         .ns = channel->sent,
                                         .nr = nr};
    uint8_t data[L2TPHA_CONTROL_HEADER];
    size_t len;

    if (l2tpha_header_encode(&header, data, sizeof(data), &len))
        world_fail(channel->world, "the peer cannot encode a ZLB");
    net_send(channel->net, channel->place, NET_NODE, data, len);
}

static void take_nr(struct peer_channel *channel, uint16_t nr)
{
    if (serial_diff(nr, channel->sent) > 0)
        world_fail(channel->world, "Nr=%u acknowledges what the peer never sent (next is %u)", nr,
                   channel->sent);
    if (serial_diff(nr, channel->acked) <= 0 || serial_diff(nr, channel->sent) > 0)
        return;
    channel->acked = nr;
    channel->tries = 0;
    channel->interval = channel->habits->first;
    channel->retransmit_at =
        channel->acked == channel->sent ? L2TPHA_NEVER : channel->world->now + channel->interval;
    push(channel);
}

static void take_future(struct peer_channel *channel, uint16_t ns, int ahead, const uint8_t *data,
                        size_t len)
{
    struct peer_message *slot = &channel->ahead[ns % CHANNEL_QUEUE];

    if (ahead >= channel->habits->window) {
        world_fail(channel->world, "Ns=%u is outside the peer's window of %u from %u", ns,
                   channel->habits->window, channel->nr);
        return;
    }
    if (!channel->habits->keeps_future)
        return;
    if (!slot->len) {
        slot->len = len;
        memcpy(slot->data, data, len);
    }
    if (channel->habits->acks_future)
        send_zlb(channel, channel->nr);
}

static void want_ack(struct peer_channel *channel)
{
    uint64_t at = channel->world->now + channel->habits->ack_delay;

    if (at < channel->ack_at)
        channel->ack_at = at;
}

bool peer_channel_receive(struct peer_channel *channel, const struct l2tpha_header *header,
                          const uint8_t *data, size_t len)
{
    int ahead = serial_diff(header->ns, channel->nr);
    bool zlb = len == L2TPHA_CONTROL_HEADER;

    if (!ahead || !(zlb ? channel->habits->ignores_odd_zlb : channel->habits->ignores_odd_nr))
        take_nr(channel, header->nr);
    if (zlb)
        return false;
    if (len > CHANNEL_MESSAGE) {
        world_fail(channel->world, "a message of %zu bytes is too long for the peer", len);
        return false;
    }
    if (ahead < 0)
        send_zlb(channel,
                 channel->habits->echoes_duplicates ? (uint16_t)(header->ns + 1) : channel->nr);
    else if (ahead > 0)
        take_future(channel, header->ns, ahead, data, len);
    if (ahead != 0)
        return false;
    channel->ahead[channel->nr % CHANNEL_QUEUE].len = 0;
    channel->nr++;
    want_ack(channel);
    return true;
}

const struct peer_message *peer_channel_next(struct peer_channel *channel)
{
    struct peer_message *slot = &channel->ahead[channel->nr % CHANNEL_QUEUE];
    struct peer_message *taken = &channel->taken;

    if (!slot->len)
        return NULL;
    *taken = *slot;
    slot->len = 0;
    channel->nr++;
    want_ack(channel);
    return taken;
}

uint64_t peer_channel_deadline(const struct peer_channel *channel)
{
    return channel->ack_at < channel->retransmit_at ? channel->ack_at : channel->retransmit_at;
}

void peer_channel_expire(struct peer_channel *channel)
{
    if (channel->retransmit_at <= channel->world->now) {
        uint16_t end =
            channel->habits->resends_all ? channel->sent : (uint16_t)(channel->acked + 1);
        for (uint16_t ns = channel->acked; ns != end; ns++)
            transmit(channel, ns, true);
        channel->tries++;
        channel->interval *= 2;
        if (channel->interval > channel->habits->cap)
            channel->interval = channel->habits->cap;
        channel->retransmit_at = channel->world->now + channel->interval;
    }
    if (channel->ack_at <= channel->world->now) {
        channel->ack_at = L2TPHA_NEVER;
        send_zlb(channel, channel->nr);
    }
}

bool peer_channel_idle(const struct peer_channel *channel)
{
    return channel->acked == channel->ns && channel->ack_at == L2TPHA_NEVER;
}

void peer_channel_abandon(struct peer_channel *channel)
{
    channel->acked = channel->ns = channel->sent;
    channel->retransmit_at = L2TPHA_NEVER;
}
