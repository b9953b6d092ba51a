/* SPDX-License-Identifier: MIT */
/* A standby and records that nobody has ever written: each well-formed, chosen by a seed, and
 * fitting the others or not. What is not refused is taken over by the node, which then lives with
 * it: peers talk to it, its host too, and all it writes goes to a standby of its own. */
#ifndef SIM_WILD_H
#define SIM_WILD_H

#include "sim/world.h"

#include <l2tpha/node.h>
#include <l2tpha/record.h>
#include <talloc.h>

#define WILD_TUNNELS 16
#define WILD_ROOM 16384

/* A tunnel as its last record has said. */
struct wild_tunnel {
    uint32_t id;
    uint32_t recovers;
    uint16_t ns;
    uint8_t state;
};

struct wild {
    struct world world;
    struct l2tpha_node *node;
    struct l2tpha_node *next; /* its standby; NULL = none */
    bool copying;             /* the copy is not complete yet */
    unsigned percent;         /* of what is chosen without regard to the rest */
    uint64_t number;          /* of the newest checkpoint */
    size_t read;              /* something of every output, so that it is there */
    unsigned count;
    struct wild_tunnel tunnels[WILD_TUNNELS];
    uint8_t data[WILD_ROOM];
    uint8_t *start; /* of what has been written into data, from its end backwards */
};

/* A standby into which a copy comes; some are complete at once, and empty. */
void wild_new(struct wild *wild, TALLOC_CTX *parent, uint64_t seed);
void wild_free(struct wild *wild);

/* --- wild_records.c --- */
/* An increment of such records, or an empty checkpoint of another kind; len bytes from
 * wild->start. */
size_t wild_write(struct wild *wild);
size_t wild_write_empty(struct wild *wild, uint8_t kind);

/* --- wild.c --- */
/* Give it what has been written. Refused, it has changed nothing but that a counter says so. */
int wild_feed(struct wild *wild, size_t len);
/* Let the copy end, if it has not: likewise. */
int wild_complete(struct wild *wild);
/* It takes over and gets a standby. */
void wild_take_over(struct wild *wild);
/* Some steps of its life, each a datagram, a call of its host or time. */
void wild_live(struct wild *wild, unsigned steps);
/* Nobody says a word for so long; timers run. */
void wild_rest(struct wild *wild, uint64_t time);
/* An address of one of the few peers. */
void wild_path(struct wild *wild, struct l2tpha_path *path);
/* An id: mostly one of a few, rarely one that no datagram can name. */
uint32_t wild_id(struct wild *wild);

#endif
