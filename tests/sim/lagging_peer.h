/* SPDX-License-Identifier: MIT */
/* A LAC that opens one tunnel and places calls, for takeovers from lagging records. It writes down
 * the numbered SLIs that it processes, in order, and stays whatever the node says about its
 * calls. */
#ifndef SIM_LAGGING_PEER_H
#define SIM_LAGGING_PEER_H

#include "sim/peer_channel.h"

#include <l2tpha/builder.h>
#include <l2tpha/message.h>

#define LAGGING_CALLS 128
#define LAGGING_NUMBERS 512
#define LAGGING_TUNNEL 0x0a0b /* its Assigned Tunnel ID */

enum lagging_call_state { LAGGING_NO_CALL, LAGGING_ASKED, LAGGING_UP };

struct lagging_call {
    enum lagging_call_state state;
    uint16_t node_id;
};

struct lagging_peer {
    struct world *world;
    struct peer_channel channel;
    bool up;
    bool stopped;
    uint16_t node_id;
    uint16_t next_call;                       /* ids are 1 and up */
    struct lagging_call calls[LAGGING_CALLS]; /* by id */
    uint32_t told[LAGGING_NUMBERS];           /* numbers of SLIs */
    uint32_t told_count;
    uint32_t cdns;
    uint32_t hellos;
};

void lagging_peer_init(struct lagging_peer *peer, struct world *world, struct net *net,
                       const struct habits *habits);
void lagging_peer_open(struct lagging_peer *peer);
void lagging_peer_receive(struct lagging_peer *peer, const uint8_t *data, size_t len);
/* Its id, 0 = no room. */
uint16_t lagging_peer_call(struct lagging_peer *peer);
/* A WEN with this number on an established call. */
void lagging_peer_number(struct lagging_peer *peer, uint16_t call, uint32_t number);
void lagging_peer_hello(struct lagging_peer *peer);

#endif
