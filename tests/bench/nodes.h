/* SPDX-License-Identifier: MIT */
/* An active in this process, its standbys in processes of their own, and between them the streams
 * that programs have: libl2tpha-pair's. The LAC is beside the active. Time is the clock's. */
#ifndef BENCH_NODES_H
#define BENCH_NODES_H

#include "bench/pair.h"

#include <l2tpha/pair.h>

#include <stddef.h>
#include <sys/types.h>

#define NODES_STANDBYS 3

enum way { WAY_UNIX, WAY_TCP, WAY_SEALED, WAYS };
const char *way_name(enum way way);
/* Text of a key file, for WAY_SEALED; NULL = not. And the crypto for it. */
const char *way_keys(enum way way);
const struct l2tpha_crypto *way_crypto(void);

/* Another process. It begins when it is let. */
struct process {
    pid_t pid; /* 0 = none */
    int begin;
};

struct process process_fork(void (*run)(void *argument), void *argument);
void process_begin(struct process *process);
bool process_is_over(struct process *process);
void process_end(struct process *process);
/* Nanoseconds of the processor that it has used. */
uint64_t process_ns(const struct process *process);
uint64_t wall_ns(void);

struct nodes {
    struct bench pair; /* its LNS is the active */
    struct l2tpha_pair *active;
    enum way way;
    unsigned standbys;
    uint32_t delay_us; /* of each direction, to the standbys: a relay stands between; 0 = none */
    char folder[32];
    uint16_t port;
    int socket;
    struct process standby[NODES_STANDBYS], relay[NODES_STANDBYS];
    unsigned made;      /* which standby is being made */
    uint64_t datagrams; /* of the active */
};

/* The active with its calls, and standbys that have not begun. */
void nodes_open(struct nodes *nodes, uint32_t tunnels, uint32_t calls);
/* The standby begins; until all that have begun are in sync. */
void nodes_join(struct nodes *nodes, unsigned which);
/* One standby is gone. */
void nodes_part(struct nodes *nodes, unsigned which);
void nodes_close(struct nodes *nodes);
/* One turn of the active's loop; if `waits` it begins with a wait for something to do. */
void nodes_turn(struct nodes *nodes, bool waits);
struct l2tpha_redundancy_info nodes_info(const struct nodes *nodes);

#endif
