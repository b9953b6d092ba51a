/* SPDX-License-Identifier: MIT */
/* A LAC, an LNS and the LNS's standby in one process whose memory runs out. Nothing here gives up
 * on an error: it is noted, and must have a name. */
#ifndef OOM_WORLD_H
#define OOM_WORLD_H

#include <l2tpha/l2tpha.h>

#define SECOND UINT64_C(1000000)

struct buffer;

/* What a call that fails must leave as it was. */
struct snapshot {
    uint64_t digest;
    uint64_t messages;
    uint32_t tunnels;
    uint32_t sessions;
};

struct world {
    TALLOC_CTX *root;
    struct l2tpha_node *lac;
    struct l2tpha_node *lns;
    struct l2tpha_node *standby;    /* of the LNS; NULL = none */
    struct l2tpha_node *double_lac; /* the LAC's; NULL = none */
    struct l2tpha_link *up;         /* the LNS's end of the stream to it; NULL = no stream */
    struct l2tpha_link *down;       /* the standby's */
    uint64_t now;                   /* virtual, microseconds */
    uint64_t seed;                  /* of what is random */
    enum l2tpha_trust trust;        /* in the copy that is taken over with; 0 = exact */
    enum l2tpha_commit commit;      /* of the nodes */
    bool secret;                    /* tunnels are authenticated, AVPs are hidden */
    bool linked;                    /* checkpoints go over a stream, else from hand to hand */
    bool reorder;                   /* the datagrams of one poll arrive last one first */
    bool large;                     /* too large to look at everything with each call */
    bool attached;                  /* the LNS's tunnels: its machines are a daemon's */
    struct snapshot before;         /* what that has, which is about to make a call, */
    bool looked;                    /* ... which is to change nothing if it fails */
    bool dry;                       /* pools keep no buffers: each message needs memory */
    struct buffer *held[2];         /* what they kept, of the LAC and of the LNS */
    unsigned named;                 /* failures that somebody was told of */
    uint32_t answer[64];            /* tunnel and session ids of outgoing calls to be answered */
    size_t answers;
};

/* Ends the program with the scenario, the number of the failed allocation and this. */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__FILE__, __LINE__, __VA_ARGS__);                                                 \
    } while (0)
void fail(const char *file, int line, const char *format, ...) L2TPHA_PRINTF(3, 4);

/* --- world.c --- */
int world_node(struct world *world, const char *name, bool standby, struct l2tpha_node **node);
/* LAC and LNS, with memory. */
void world_open(struct world *world);
void world_close(struct world *world);
/* Give the LNS a standby, or the one that it has a new copy. */
void world_connect(struct world *world);
void world_add_standby(struct world *world);
/* The LAC gets a standby, too; its checkpoints go from hand to hand. */
void world_double_lac(struct world *world);
/* The LNS dies; its standby serves in its place. */
void world_take_over(struct world *world);
/* The LAC dies, likewise. */
void world_lose_lac(struct world *world);
/* Hand over what there is. Whether there was anything. */
bool world_turn(struct world *world);
/* Hand everything over until all are quiet. */
void world_settle(struct world *world);
/* Let time pass, timers included. */
void world_pass(struct world *world, uint64_t us);
/* An error that somebody was told of. */
void world_note(struct world *world, int error);
struct snapshot world_look(struct world *world, const struct l2tpha_node *node);
/* A call on the node has returned: when it failed, nothing has changed. */
int world_check_call(struct world *world, const struct l2tpha_node *node,
                     const struct snapshot *before, int error, const char *what);
enum l2tpha_role world_role(const struct l2tpha_node *node);
/* Failures that a node has counted. */
uint64_t world_counted(const struct l2tpha_node *node);

/* --- attached.c: the LNS's daemon, where its tunnels are attached --- */
void attached_begin(struct world *world, struct l2tpha_node *node);
void attached_end(const struct l2tpha_node *node);
/* The node has taken over. */
void attached_restore(struct world *world, struct l2tpha_node *node);
/* As l2tpha_feed(), l2tpha_expire() and so on, whichever machines the node has. */
int attached_feed(struct world *world, struct l2tpha_node *node, const struct l2tpha_path *path,
                  const uint8_t *data, size_t len);
void attached_told(struct l2tpha_node *node, const struct l2tpha_event *event);
int attached_expire(struct world *world, struct l2tpha_node *node);
uint64_t attached_deadline(const struct l2tpha_node *node);
int attached_session_open(struct world *world, struct l2tpha_tunnel *tunnel,
                          const struct l2tpha_session_options *options);
int attached_session_answered(struct world *world, struct l2tpha_session *session);
int attached_session_close(struct world *world, struct l2tpha_session *session,
                           const struct l2tpha_disconnect *why);
int attached_session_number(struct world *world, struct l2tpha_session *session, bool errors);
int attached_session_note(struct world *world, struct l2tpha_session *session, const uint8_t *data,
                          size_t len);
/* The daemon has what its node has. */
void attached_audit(const struct l2tpha_node *node);

/* --- dry.c --- */
/* Take away what the pools keep, give it back, and do so for good. */
void dry_begin(struct world *world);
void dry_refill(struct world *world);
void dry_end(struct world *world);

/* --- audit.c --- */
/* Nothing in the node contradicts anything else in it, and nothing is kept that nobody holds. */
void audit_node(const struct l2tpha_node *node);
/* What is up at one end is up at the other one. */
void audit_agreement(const struct l2tpha_node *one, const struct l2tpha_node *other);
/* Nothing is half way up. */
void audit_nothing_waits(const struct l2tpha_node *node);
/* Tunnels and sessions. */
uint32_t audit_held(const struct l2tpha_node *node);

#endif
