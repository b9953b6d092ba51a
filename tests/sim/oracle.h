/* SPDX-License-Identifier: MIT */
/* The judge. It watches the wire and both ends and knows, of every numbered message, who sent it,
 * whether its checkpoint has survived and who has processed it. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "sim/world.h"

#include <l2tpha/message.h>
#include <l2tpha/observe.h>

#define ORACLE_TUNNELS 16
#define ORACLE_BOUND 256 /* Ns remembered of each tunnel */
#define ORACLE_NUMBERS 256

/* What the node has put on the wire for one tunnel. */
struct oracle_tunnel {
    uint32_t local_id;
    uint32_t remote_id; /* 0 = the SCCRQ, which is sent before it is known */
    bool any;
    uint16_t highest_ns;
    bool acknowledged;
    uint16_t highest_nr;
    struct {
        bool used;
        uint16_t ns;
        uint64_t hash;
    } bound[ORACLE_BOUND]; /* by Ns */
};

/* A numbered message of the node's, as its host asked for it. */
struct oracle_order {
    uint64_t epoch;
    uint64_t checkpoint;
    uint32_t tunnel_id;
    bool vanished; /* its checkpoint died with the node: it must never appear */
    bool final;    /* its checkpoint has survived a failover */
    bool optional; /* WEN: a later report may take its place */
    unsigned processed;
};

/* A numbered message of a peer's. */
struct oracle_news {
    uint32_t tunnel_id;
    uint32_t session_id;
    uint16_t ns;
    bool excused; /* processed by a node that died before its event was fetched */
    unsigned told;
    uint64_t told_epoch;
};

struct oracle {
    struct world *world;
    uint32_t tunnel_count;
    struct oracle_tunnel tunnels[ORACLE_TUNNELS];
    uint32_t order_count;
    struct oracle_order orders[ORACLE_NUMBERS];
    uint32_t last_processed;
    uint32_t news_count;
    struct oracle_news news[ORACLE_NUMBERS];
    bool stopping; /* some host has asked a tunnel to close */
    bool excused;  /* state was lost, and the hosts know: tunnels and calls may be given up */
};

void oracle_init(struct oracle *oracle, struct world *world);

/* --- what the node says --- */
void oracle_node_sent(struct oracle *oracle, uint32_t tunnel_id, const uint8_t *data, size_t len);
/* The host orders a numbered message; 0 = none left. Then, with the checkpoint that it depends on,
 * or with L2TPHA_ERR_* when the node has refused it. */
uint32_t oracle_order_number(struct oracle *oracle);
void oracle_ordered(struct oracle *oracle, int error, uint64_t epoch, uint64_t checkpoint,
                    uint32_t tunnel_id, bool optional);
/* An event that the host has fetched: a peer's number, or a tunnel that nobody wanted to end. */
void oracle_event(struct oracle *oracle, const struct l2tpha_event *event, uint64_t epoch);

/* A daemon with machines of its own has dealt with a peer's number, and notes so with the call. */
void oracle_heard(struct oracle *oracle, uint32_t number, uint64_t epoch);

/* --- what the peers say --- */
uint32_t oracle_peer_number(struct oracle *oracle);
void oracle_peer_sends(struct oracle *oracle, uint32_t number, uint32_t tunnel_id,
                       uint32_t session_id, uint16_t ns);
void oracle_peer_processed(struct oracle *oracle, uint32_t number);
void oracle_node_stops(struct oracle *oracle, bool mutual, const struct l2tpha_message *message);

/* --- a failover --- */
/* The node has just taken over from one of an earlier epoch; applied is the last checkpoint that
 * its replica got. */
void oracle_takeover(struct oracle *oracle, const struct l2tpha_node *node, uint64_t applied);

/* --- the end --- */
/* Every order that has not vanished was processed, for tunnels that are still there. */
void oracle_check_orders(struct oracle *oracle, const struct l2tpha_node *node);
/* Every piece of news was told, for sessions that are still there. */
void oracle_check_news(struct oracle *oracle, const struct l2tpha_node *node);

#endif
