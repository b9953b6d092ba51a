/* SPDX-License-Identifier: MIT */
#include "control/window.h"

#include "state/record.h"

static uint16_t lesser(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

/* The record's, since it may become known, or change, while the channel runs. One that has not
 * spoken yet has that of a peer that names no Receive Window Size (RFC 2661 4.4.3). */
static uint16_t peer_window(const struct channel *channel)
{
    const struct l2tpha_tunnel_record *record = &channel->entry->record;
    uint16_t window = record->remote_window ? record->remote_window : record_wire(record)->window;

    return lesser(window, WINDOW_MAX);
}

void window_start(struct channel *channel)
{
    channel->window = 1;
    channel->window_part = 0;
    channel->threshold = WINDOW_MAX;
}

void window_grow(struct channel *channel, uint32_t messages)
{
    uint16_t limit = peer_window(channel);

    for (; messages > 0 && channel->window < limit; messages--) {
        /* From SSTHRESH on it takes CWND acknowledgements to grow by one message. */
        if (channel->window >= channel->threshold && ++channel->window_part < channel->window)
            continue;
        channel->window++;
        channel->window_part = 0;
    }
}

void window_collapse(struct channel *channel)
{
    uint16_t half = window_size(channel) / 2;
    channel->threshold = half ? half : 1;
    channel->window = 1;
    channel->window_part = 0;
}

uint16_t window_size(const struct channel *channel)
{
    if (channel->careful)
        return 1;
    return lesser(channel->window, peer_window(channel));
}
