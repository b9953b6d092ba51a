/* SPDX-License-Identifier: MIT */
/* A thread and its node: its loop, what comes in and goes out. */
#ifndef EXAMPLES_THREADS_WORKER_H
#define EXAMPLES_THREADS_WORKER_H

#include "port.h"

#include <l2tpha/pair.h>
#include <pthread.h>

/* What all threads share; none changes it. */
struct setup {
    unsigned nodes;
    const char *name;
    const char *ha; /* path of the sockets between the two processes: PATH.0, PATH.1, ... */
    bool standby;
    bool echo;
    struct port *port;
};

struct worker {
    const struct setup *setup;
    unsigned index;
    pthread_t thread;
    struct l2tpha_pair *pair; /* with the node of the same ids in the other process */
    struct udp *udp; /* a descriptor of the port of its own; NULL on a standby that has none yet */
};

/* Made by the first thread, run by its own. NULL with *why set. */
struct worker *worker_new(const struct setup *setup, unsigned index, const char **why);
/* pthread's; returns when another node serves. */
void *worker_run(void *worker);

/* A line for whoever started us: "node 0: ...". */
void worker_tell(const struct worker *worker, const char *format, ...) L2TPHA_PRINTF(2, 3);

#endif
