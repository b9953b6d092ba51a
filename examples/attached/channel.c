/* SPDX-License-Identifier: MIT */
#include "channel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LONGEST_S 8 /* between two tries */

void channel_start(struct channel *channel, uint16_t window, uint64_t now)
{
    channel->window = window > 0 ? window : 1;
    channel->due = NEVER;
    channel->heard = now;
}

static void drop_oldest(struct channel *channel)
{
    struct said *oldest = channel->queue;
    channel->queue = oldest->next;
    free(oldest);
}

void channel_clear(struct channel *channel)
{
    while (channel->queue)
        drop_oldest(channel);
    channel->outstanding = 0;
    channel->due = NEVER;
}

static void transmit(struct tunnel *tunnel, uint8_t *data, size_t len, uint16_t ns)
{
    message_number(data, ns, tunnel->channel.nr);
    (void)sendto(tunnel->daemon->udp, data, len, MSG_DONTWAIT,
                 (const struct sockaddr *)&tunnel->peer, sizeof(tunnel->peer));
    tunnel->channel.owes = false; /* Nr is in it */
}

bool channel_send(struct tunnel *tunnel, const struct outgoing *out)
{
    struct channel *channel = &tunnel->channel;
    struct said **at = &channel->queue;
#ifdef ATTACHED_HA
    return l2tpha_attach_send(tunnel->handle, out->data, out->len, l2tpha_pair_now()) == L2TPHA_OK;
#endif
    struct said *said = malloc(sizeof(*said) + out->len);
    if (!said)
        return false;
    while (*at)
        at = &(*at)->next;
    *said = (struct said){.ns = channel->ns++, .len = out->len};
    memcpy(said->data, out->data, out->len);
    *at = said;
    return true;
}

static void take_acknowledgement(struct tunnel *tunnel, uint16_t nr)
{
    struct channel *channel = &tunnel->channel;
    while (channel->outstanding > 0 && (int16_t)(nr - channel->queue->ns) > 0) {
        drop_oldest(channel);
        channel->outstanding--;
        channel->tries = 0;
        channel->due = channel->outstanding > 0 ? channel->heard + SECOND : NEVER;
    }
    if (!channel->queue && tunnel->state == TUNNEL_STOPPING)
        tunnel->state = TUNNEL_STOPPED;
}

bool channel_receive(struct tunnel *tunnel, const struct message *message)
{
    struct channel *channel = &tunnel->channel;
    int16_t ahead = (int16_t)(message->ns - channel->nr);
    channel->heard = tunnel->daemon->now;
    take_acknowledgement(tunnel, message->nr);
    if (message->type == ZLB || ahead > 0) /* the peer says again what was lost before it */
        return false;
    channel->owes = true; /* a second time for what has come before */
    channel->owes_call = 0;
    channel->nr += ahead == 0;
    return ahead == 0;
}

void channel_flush(struct tunnel *tunnel)
{
    struct channel *channel = &tunnel->channel;
    struct said *said = channel->queue;
    for (unsigned place = 0; said && place < channel->window; place++, said = said->next) {
        if (place < channel->outstanding)
            continue;
        transmit(tunnel, said->data, said->len, said->ns);
        channel->outstanding++;
        if (channel->due == NEVER)
            channel->due = tunnel->daemon->now + SECOND;
    }
    if (channel->owes) { /* alone: it has the Ns of the next message that will leave */
        struct outgoing ack;
        message_begin(&ack, ZLB, tunnel->peers_id, channel->owes_call);
        transmit(tunnel, ack.data, ack.len, said ? said->ns : channel->ns);
    }
}

static uint64_t pause_after(unsigned tries)
{
    uint64_t seconds = tries < 4 ? UINT64_C(1) << tries : LONGEST_S;
    return (seconds < LONGEST_S ? seconds : LONGEST_S) * SECOND;
}

bool channel_expire(struct tunnel *tunnel)
{
    struct channel *channel = &tunnel->channel;
    if (channel->due > tunnel->daemon->now)
        return true;
    if (channel->tries++ >= tunnel->daemon->retries)
        return false;
    transmit(tunnel, channel->queue->data, channel->queue->len, channel->queue->ns);
    channel->due = tunnel->daemon->now + pause_after(channel->tries);
    return true;
}
