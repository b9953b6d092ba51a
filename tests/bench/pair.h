/* SPDX-License-Identifier: MIT */
/* Nodes in one process for the benchmarks: an LNS with or without a standby, and a LAC. Datagrams
 * go from hand to hand, checkpoints are applied and confirmed at once; time is virtual. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <l2tpha/l2tpha.h>

/* What a host does with its node; the library's own calls are those of bench_host. */
struct bench_host {
    void (*configure)(struct l2tpha_config *config, bool is_lns); /* NULL = as it is */
    void (*made)(struct l2tpha_node *node, bool is_lns);          /* NULL = no more */
    int (*feed)(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now);
    void (*told)(struct l2tpha_node *node, const struct l2tpha_event *event); /* NULL = unheard */
    uint64_t (*deadline)(const struct l2tpha_node *node);
    int (*expire)(struct l2tpha_node *node, uint64_t now);
    int (*open_tunnel)(struct l2tpha_node *node, const struct l2tpha_tunnel_options *options,
                       uint64_t now, struct l2tpha_tunnel **tunnel);
    int (*open_session)(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        uint64_t now, struct l2tpha_session **session);
};
extern const struct bench_host bench_host;

struct bench {
    const struct bench_host *host;
    TALLOC_CTX *root;
    struct l2tpha_node *lac;
    struct l2tpha_node *lns;
    struct l2tpha_node *standby; /* NULL = none */
    uint64_t now;                /* virtual, microseconds */
    uint64_t datagrams;          /* handed over so far */
    uint64_t bytes;              /* of them */
    uint64_t seed;               /* of what is random */
    bool is_silent;              /* no HELLO for want of anything else */
    bool looks_ahead;            /* a node asks for the memory that a batch needs before it reads */
};

/* Fails loudly: a benchmark that went wrong has no figures. */
void check(int error, const char *what);
uint64_t clock_ns(void);

void bench_open(struct bench *pair, bool with_standby);
/* Without a standby, with hosts of another kind. */
void bench_open_with(struct bench *pair, const struct bench_host *host, uint64_t seed);
/* Without a standby, and without HELLOs by timer. */
void bench_open_silent(struct bench *pair);
/* Another LNS, in place of the one that is gone. */
void bench_active(struct bench *pair);
/* A standby that is not there yet. */
struct l2tpha_node *bench_standby(struct bench *pair);
/* A datagram of the LNS reaches the LAC. */
void bench_hear(struct bench *pair, const struct l2tpha_output *output);
/* What the LAC has to say, to the LNS at this time. */
void bench_speak(struct bench *pair, uint64_t now);
void bench_close(struct bench *pair);
/* The LAC has something to say on this tunnel. */
void bench_hello(struct bench *pair, struct l2tpha_tunnel *tunnel);
/* One output of the LNS, for the LAC if it is a datagram: then true. */
bool bench_answer(struct bench *pair);
/* A data frame comes to a node of the pair: whose it is. */
struct l2tpha_session *bench_frame(struct bench *pair, struct l2tpha_node *node,
                                   const uint8_t *data, size_t len);
#define BENCH_AHEAD                                                                                \
    16 /* datagrams at most: what is asked for must still be there when it is used */
/* If the pair does so: these will be fed to the node. */
void bench_look_ahead(const struct bench *pair, const struct l2tpha_node *node,
                      const struct l2tpha_bytes *datagrams, size_t count);
/* One round trip: what the LAC has to say, then what the LNS has. Returns whether anything was. */
bool bench_exchange(struct bench *pair);
/* Hand everything over until both sides are quiet. */
void bench_settle(struct bench *pair);
/* Let virtual time pass, timers included. */
void bench_pass(struct bench *pair, uint64_t us);
/* Open tunnels with so many calls each, and settle after each `batch` tunnels. */
void bench_calls(struct bench *pair, uint32_t tunnels, uint32_t sessions, uint32_t batch);

#endif
