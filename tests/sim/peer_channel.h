/* SPDX-License-Identifier: MIT */
/* A peer's reliable channel, RFC 2661 5.8, written from the RFC alone and with the habits of
 * deployed peers. It shares no code with the library's. */
#ifndef SIM_PEER_CHANNEL_H
#define SIM_PEER_CHANNEL_H

#include "sim/net.h"

#include <l2tpha/header.h>

#define CHANNEL_MESSAGE 600
#define CHANNEL_QUEUE 128

/* Habits; each is some deployed peer's. */
struct habits {
    bool keeps_future;      /* keeps what is ahead of its turn; else drops it silently */
    bool acks_future;       /* ... and acknowledges what it has */
    bool echoes_duplicates; /* answers a duplicate with its Ns + 1 instead of what is expected */
    bool ignores_odd_zlb;   /* a ZLB counts only when its Ns is the one expected */
    bool ignores_odd_nr;    /* ... and so does any other message's Nr */
    bool stale_nr;          /* retransmissions repeat the Nr of the first transmission */
    bool resends_all;       /* a timeout repeats everything outstanding, else the oldest */
    uint16_t window;        /* Receive Window Size, advertised */
    uint64_t ack_delay;     /* us an acknowledgement waits for company */
    uint64_t first;         /* us: first retransmission interval */
    uint64_t cap;           /* us: longest one */
};

struct peer_message {
    size_t len;
    uint16_t first_nr;
    uint8_t data[CHANNEL_MESSAGE];
};

struct peer_channel {
    struct world *world;
    struct net *net;
    const struct habits *habits;
    unsigned place;
    uint16_t tunnel_id; /* the node's, for the header of a ZLB */
    uint16_t ns;        /* next to be given out */
    uint16_t sent;      /* next to be transmitted for the first time */
    uint16_t acked;     /* oldest not acknowledged */
    uint16_t nr;        /* next expected */
    uint16_t remote_window;
    uint32_t tries; /* retransmissions since the last acknowledgement */
    uint64_t interval;
    uint64_t retransmit_at;
    uint64_t ack_at;
    struct peer_message queue[CHANNEL_QUEUE]; /* by ns */
    struct peer_message ahead[CHANNEL_QUEUE]; /* by ns; len 0 = free */
    struct peer_message taken;                /* the one that peer_channel_next() gave */
};

void peer_channel_init(struct peer_channel *channel, struct world *world, struct net *net,
                       const struct habits *habits, unsigned place);
/* How many more messages may be queued. */
unsigned peer_channel_room(const struct peer_channel *channel);
/* Queue a built message; returns its Ns. */
uint16_t peer_channel_send(struct peer_channel *channel, const uint8_t *data, size_t len);
/* A datagram has come. True when it is a message whose turn it is; nr has moved on then. */
bool peer_channel_receive(struct peer_channel *channel, const struct l2tpha_header *header,
                          const uint8_t *data, size_t len);
/* A message kept earlier whose turn has come; NULL = none. */
const struct peer_message *peer_channel_next(struct peer_channel *channel);
uint64_t peer_channel_deadline(const struct peer_channel *channel);
void peer_channel_expire(struct peer_channel *channel);
/* The tunnel is over: what is outstanding will not be sent any more. */
void peer_channel_abandon(struct peer_channel *channel);
/* Nothing of its own is outstanding and no acknowledgement is due. */
bool peer_channel_idle(const struct peer_channel *channel);

#endif
