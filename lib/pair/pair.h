/* SPDX-License-Identifier: MIT */
/* The state of a pair, shared by its files. */
#ifndef PAIR_PAIR_H
#define PAIR_PAIR_H

#include "address.h"
#include "lock.h"
#include "others.h"
#include "passed.h"
#include "watch.h"

#include <l2tpha/pair.h>

struct links;
struct links_events;
struct l2tpha_seal_keys;

#define PAIR_WHY_MAX 512

struct l2tpha_pair {
    struct l2tpha_pair_options options; /* whose texts are not kept: */
    struct endpoint listen, connect;    /* and the others' first one: they are all of one kind */
    struct others others;
    char node_name[L2TPHA_NODE_NAME_MAX + 1];
    struct l2tpha_node *node;
    struct l2tpha_seal_keys *keys; /* NULL = tcp is not sealed */
    struct links *links;
    const struct links_events *events; /* whom the links tell */
    struct watcher watcher;
    struct l2tpha_storage *storage; /* NULL = there is no store */
    struct watch store_watch;
    bool from_store;     /* the node was filled from it */
    struct passed given; /* to standbys; the program's */
    struct passed kept;  /* by the active; this process has them */
    bool reads;          /* the program reads its sockets */
    bool started;
    bool in_service; /* the program may call from within what it is called for: */
    bool draining;   /* ... then neither begins once more */
    bool ending;     /* nothing is taken over any more */
    bool ended;      /* L2TPHA_PAIR_ENDS was told */
    bool ended_well;
    /* who serves: see role.h */
    enum {
        SWITCHOVER_NONE,
        SWITCHOVER_DRAINING, /* waiting for confirmations */
        SWITCHOVER_OFFERED,  /* the standby was asked */
        SWITCHOVER_HANDED,   /* and told to serve */
        SWITCHOVER_ANNOUNCED /* standby: the active was told that this node will serve */
    } switchover;
    uint64_t switchover_until;
    bool step_down;
    bool asked_to_serve;
    bool other_stopped;  /* standby: the active has stopped */
    int declined;        /* by the other end, with this error; 0 = it has not */
    bool stale;          /* the takeover under way may begin from a stale copy */
    uint64_t next_epoch; /* that was announced; 0 = none was */
    bool behind;         /* standby: the active has said that it went on alone */
    bool exact;          /* standby: the active has said that it stopped, in sync */
    bool ungated;        /* standby: the active has not waited for it */
    uint64_t hot_at;     /* standby: when it was in sync last */
    uint64_t began;      /* standby: when it began to look for whom to follow */
    bool held;           /* active: silent until another serves */
    uint64_t offer_at;   /* held: when to offer to hand over to a standby in sync */
    uint64_t offer_wait; /* and how long to wait when it does not take it */
    bool looking;        /* L2TPHA_PAIR_AUTO: for whoever serves */
    bool look_told;
    uint64_t look_at;
    struct lock lock;
    uint64_t lock_at;   /* when to try for it again, */
    uint64_t lock_wait; /* ... and after how long once more */
    char why[PAIR_WHY_MAX];
};

#endif
