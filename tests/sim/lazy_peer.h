/* SPDX-License-Identifier: MIT */
/* A LAC that opens one tunnel and places calls, for takeovers from lazy records. It writes down the
 * numbered SLIs that it processes, in order, and stays whatever the node says about its calls. */
#ifndef SIM_LAZY_PEER_H
#define SIM_LAZY_PEER_H

#include "sim/peer_channel.h"

#include <l2tpha/builder.h>
#include <l2tpha/message.h>

#define LAZY_CALLS 128
#define LAZY_NUMBERS 512
#define LAZY_TUNNEL 0x0a0b /* its Assigned Tunnel ID */

enum lazy_call_state { LAZY_NO_CALL, LAZY_ASKED, LAZY_UP };

struct lazy_call {
    enum lazy_call_state state;
    uint16_t node_id;
};

struct lazy_peer {
    struct world *world;
    struct peer_channel channel;
    bool up;
    bool stopped;
    uint16_t node_id;
    uint16_t next_call;                 /* ids are 1 and up */
    struct lazy_call calls[LAZY_CALLS]; /* by id */
    uint32_t told[LAZY_NUMBERS];        /* numbers of SLIs */
    uint32_t told_count;
    uint32_t cdns;
    uint32_t hellos;
};

void lazy_peer_init(struct lazy_peer *peer, struct world *world, struct net *net,
                    const struct habits *habits);
void lazy_peer_open(struct lazy_peer *peer);
void lazy_peer_receive(struct lazy_peer *peer, const uint8_t *data, size_t len);
/* Its id, 0 = no room. */
uint16_t lazy_peer_call(struct lazy_peer *peer);
/* A WEN with this number on an established call. */
void lazy_peer_number(struct lazy_peer *peer, uint16_t call, uint32_t number);
void lazy_peer_hello(struct lazy_peer *peer);

#endif
