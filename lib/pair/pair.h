/* SPDX-License-Identifier: MIT */
/* The state of a pair, shared by its files. */
#ifndef PAIR_PAIR_H
#define PAIR_PAIR_H

#include "address.h"
#include "lock.h"
#include "others.h"
#include "passed.h"
#include "watch.h"

#include <l2tpha/consumer.h>
#include <l2tpha/pair.h>

struct links;
struct links_events;
struct l2tpha_seal_keys;

#define PAIR_WHY_MAX 512

/* Of taking.h. A time of 0 = not. */
struct taking {
    uint64_t look_until; /* nobody is followed before the claim was seen, or this time */
    enum l2tpha_lease_want wanted;
    uint64_t again_at;    /* when that is said once more, while somebody waits */
    uint64_t asked_until; /* the active hands over, and nobody has the claim so far */
    uint64_t order_until; /* likewise, an operator's order */
    bool order_stale;
    bool order_checked;   /* the claim was seen since it was given */
    uint64_t order_looks; /* how often it was before */
    bool stale_store;     /* what the node has is of a store that may be behind */
    bool here;            /* the address, when it was looked for last; */
    uint64_t here_at;     /* ... and when it is again */
    enum l2tpha_trust trust;
    uint64_t serve_at;   /* the claim is ours, and could not be served */
    uint64_t give_until; /* the lease is given back by then */
    bool given;
    bool lost;   /* the lease: that was told */
    bool fenced; /* by command: silent until another */
};

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
    bool store_open, store_begun, store_told;
    uint64_t store_at, store_wait; /* when to try to open it, and after how long once more */
    bool from_store;               /* the node was filled from it */
    struct l2tpha_lease *lease;    /* NULL = there is no authority, or no node so far */
    struct watch lease_watch;
    uint32_t ranks[L2TPHA_CONSUMERS_MAX + 1]; /* of standbys, and 1; 0 = not known to the lease */
    uint64_t made_with;                       /* epoch of the next standby that is made */
    struct taking taking;
    bool paused;         /* streams are not read */
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
    const char *taken_back; /* why a node that has handed over is to serve again */
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
    struct lock starting; /* l2tpha_pair_options::replaces: the one successor has it */
    uint64_t replace_until;
    bool refused; /* the two do not go together */
    uint32_t replaced_by;
    int predecessor; /* pidfd of the process that was replaced; -1 = none */
    uint64_t predecessor_until;
    bool note_later;    /* the epoch is noted when the store has it */
    uint64_t lock_at;   /* when to try for it again, */
    uint64_t lock_wait; /* ... and after how long once more */
    char why[PAIR_WHY_MAX];
};

#endif
