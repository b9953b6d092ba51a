/* SPDX-License-Identifier: MIT */
/* A standby and records that nobody has ever written: each well-formed, chosen by a seed, and
 * fitting the others or not. What is not refused is taken over by the node, which then lives with
 * it: peers talk to it, its host too, and all it writes goes to a standby of its own. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include "sim/world.h"

#include <l2tpha/node.h>
#include <l2tpha/serializer.h>
#include <talloc.h>

#define HOSTILE_TUNNELS 16
#define HOSTILE_ROOM 16384

/* A tunnel as its last record has said. */
struct hostile_tunnel {
    uint32_t id;
    uint32_t recovers;
    uint16_t ns;
    uint8_t state;
};

struct hostile {
    struct world world;
    struct l2tpha_node *node;
    struct l2tpha_node *next; /* its standby; NULL = none */
    bool copying;             /* the copy is not complete yet */
    unsigned percent;         /* of what is chosen without regard to the rest */
    uint64_t number;          /* of the newest checkpoint */
    size_t read;              /* something of every output, so that it is there */
    unsigned count;
    struct hostile_tunnel tunnels[HOSTILE_TUNNELS];
    uint8_t data[HOSTILE_ROOM];
    struct l2tpha_writing writing; /* into data */
};

/* A standby into which a copy comes; some are complete at once, and empty. */
void hostile_new(struct hostile *hostile, TALLOC_CTX *parent, uint64_t seed);
void hostile_free(struct hostile *hostile);

/* --- hostile_records.c --- */
/* An increment of such records, or an empty checkpoint of another kind; len bytes from
 * hostile->writing.start. */
size_t hostile_write(struct hostile *hostile);
size_t hostile_write_empty(struct hostile *hostile, uint8_t kind);

/* --- hostile.c --- */
/* Give it what has been written. Refused, it has changed nothing but that a counter says so. */
int hostile_feed(struct hostile *hostile, size_t len);
/* Let the copy end, if it has not: likewise. */
int hostile_complete(struct hostile *hostile);
/* It takes over and gets a standby. */
void hostile_take_over(struct hostile *hostile);
/* Some steps of its life, each a datagram, a call of its host or time. */
void hostile_live(struct hostile *hostile, unsigned steps);
/* Nobody says a word for so long; timers run. */
void hostile_rest(struct hostile *hostile, uint64_t time);
/* An address of one of the few peers. */
void hostile_path(struct hostile *hostile, struct l2tpha_path *path);
/* An id: mostly one of a few, rarely one that no datagram can name. */
uint32_t hostile_id(struct hostile *hostile);

#endif
