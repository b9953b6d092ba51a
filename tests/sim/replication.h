/* SPDX-License-Identifier: MIT */
/* What is between an active and its standby: checkpoints handed over one by one, or the replication
 * link's bytes, over streams that take their time. */
#ifndef SIM_REPLICATION_H
#define SIM_REPLICATION_H

#include "sim/stream.h"

#include <l2tpha/link.h>
#include <l2tpha/node.h>

/* One end of it. */
struct side {
    struct l2tpha_node *node; /* NULL: there is none */
    struct l2tpha_link *link; /* NULL: checkpoints are handed over one by one, or detached */
    char name[20];
};

struct replication {
    struct world *world;
    bool linked;     /* through l2tpha_link, else checkpoint by checkpoint */
    uint64_t delay;  /* us */
    uint64_t jitter; /* us */
    bool faulty;     /* records of the standby differ now and then */
    bool forgives;   /* ... and do now: it may refuse what it gets */
    bool broken;     /* ... and has */
    bool attached;
    bool copying;       /* a checkpoint of this attachment is under way */
    struct stream down; /* to the standby */
    struct stream up;   /* confirmations */
};

void replication_init(struct replication *replication, struct world *world, bool linked,
                      uint64_t delay, uint64_t jitter);
void replication_clear(struct replication *replication);
/* Begin a copy for the standby. */
void replication_attach(struct replication *replication, struct side *active, struct side *standby);
/* Both ends learn that the stream is closed; active->node may be NULL. */
void replication_detach(struct replication *replication, struct side *active, struct side *standby);
/* The active is gone: some of what it had sent still comes. Returns when all of that has come. */
uint64_t replication_cut(struct replication *replication);
/* A checkpoint of the active's. */
void replication_ship(struct replication *replication, struct side *active, uint64_t position,
                      const uint8_t *data, size_t len);
/* What the links have to say. */
void replication_flush_active(struct replication *replication, struct side *active);
void replication_flush_standby(struct replication *replication, struct side *standby);
/* What is due to the standby next goes in; false: nothing is due. alive: there is an active to
 * answer to. */
bool replication_take_down(struct replication *replication, struct side *standby, bool alive);
/* What is due to the active next, likewise. */
bool replication_take_up(struct replication *replication, struct side *active);
/* Nothing is under way either way. */
bool replication_is_empty(const struct replication *replication);
/* When the next of all this is due. */
uint64_t replication_deadline(const struct replication *replication, const struct side *active,
                              const struct side *standby);
/* The links' own timers. */
void replication_expire(struct replication *replication, struct side *active, struct side *standby);
/* The active has drained: it hands its epoch over, at once. */
void replication_hand_over(struct replication *replication, struct side *active,
                           struct side *standby);

#endif
