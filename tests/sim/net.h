/* SPDX-License-Identifier: MIT */
/* A datagram network between one node address and the peers: it loses, doubles, delays and so
 * reorders, by seed. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "sim/world.h"

#define NET_DATAGRAM 1500
#define NET_MAX 1024

enum net_place {
    NET_NODE, /* the address that active and standby share */
    NET_PEER  /* NET_PEER + i is the i-th peer */
};

/* Added to a peer's place: an address that is nobody's. */
#define NET_STRANGER 100

struct net_faults {
    unsigned loss;      /* percent */
    unsigned duplicate; /* percent */
    unsigned straggle;  /* percent of the duplicates: they come seconds later */
    unsigned misroute;  /* percent: a copy comes from another peer's address, too */
    uint64_t delay;     /* us, at least */
    uint64_t jitter;    /* us on top, at most */
};

struct packet {
    uint64_t at;
    uint64_t order; /* among those of the same instant */
    unsigned from;
    unsigned to;
    size_t len;
    struct packet *next;
    uint8_t data[NET_DATAGRAM];
};

struct net {
    struct world *world;
    struct net_faults faults;
    bool partitioned; /* everything is lost */
    uint64_t order;
    size_t count;
    struct packet *heap[NET_MAX]; /* soonest first */
    struct packet *spare;
};

void net_init(struct net *net, struct world *world);
void net_free(struct net *net);
void net_send(struct net *net, unsigned from, unsigned to, const uint8_t *data, size_t len);
/* Hand a datagram over again, later. */
void net_defer(struct net *net, struct packet *packet, uint64_t at);
uint64_t net_deadline(const struct net *net);
/* The soonest datagram; NULL = none. To be given back. */
struct packet *net_take(struct net *net);
void net_give_back(struct net *net, struct packet *packet);
/* The library's form of an address, and back. */
void net_address(unsigned place, struct l2tpha_address *address);
unsigned net_place(const struct l2tpha_address *address);

#endif
