/* SPDX-License-Identifier: MIT */
/* A daemon with machines of its own, its standby, and a peer with the built-in ones: one thing
 * happens at a time, so that the daemon's node can be killed between any two. */
#ifndef ATTACHED_WORLD_H
#define ATTACHED_WORLD_H

#include "attached/daemon.h"

#include <talloc.h>

#define WORLD_QUEUE 256

struct datagram {
    size_t len;
    uint8_t data[1500];
};

struct wire {
    struct datagram queue[WORLD_QUEUE];
    unsigned head, count;
};

struct world {
    TALLOC_CTX *root;
    uint64_t now, seed, epoch;
    struct l2tpha_node *peer, *peers_standby;
    struct daemon nodes[2];
    unsigned active; /* of nodes[] */
    bool has_standby;
    bool cut_off; /* the standby hears nothing any more */
    struct wire to_daemon, to_peer;
    unsigned steps;
    unsigned kill_at; /* step before which the active dies; 0 = never */
    unsigned kills;
    unsigned lost; /* every lost-th datagram is; 0 = none */
    unsigned sent;
    const char *secret; /* shared by both ends; NULL = none */
    void (*configure)(struct l2tpha_config *config);
};

int world_random(void *user, uint8_t *dst, size_t len);
void world_open(struct world *world);
void world_close(struct world *world);
struct daemon *world_daemon(struct world *world);
/* The active dies; what is on its way to it is lost, and its standby serves, however old what it
 * knows is. */
void world_kill(struct world *world);
/* A standby for the one that serves, in sync. */
void world_pair(struct world *world);
/* The peer dies, and its standby serves. */
void world_kill_peer(struct world *world);
/* One thing happens; false: there is nothing. */
bool world_step(struct world *world);
/* Until nothing happens any more. */
void world_settle(struct world *world);
void world_pass(struct world *world, uint64_t us);
/* NULL = daemon and peer have the same tunnels and calls, all up; else what is not so. */
const char *world_differs(const struct world *world);
unsigned world_peer_calls(const struct world *world);
unsigned world_daemon_calls(const struct world *world);
extern const struct l2tpha_path world_peer_path, world_daemon_path;

#endif
