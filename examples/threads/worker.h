/* SPDX-License-Identifier: MIT */
/* A thread and its node: its loop, what comes in and goes out. */
#ifndef EXAMPLES_THREADS_WORKER_H
#define EXAMPLES_THREADS_WORKER_H

#include "port.h"

#include <pthread.h>
#include <tevent.h>

struct partner;

/* What all threads share; none changes it. */
struct setup {
    unsigned nodes;
    const char *name;
    const char *ha; /* path of the sockets between the two processes: PATH.0, PATH.1, ... */
    bool standby;
    bool echo;
    int fd; /* the port, in the process that begins as the active */
    struct port *port;
};

struct worker {
    const struct setup *setup;
    unsigned index;
    pthread_t thread;
    struct tevent_context *ev;
    struct l2tpha_node *node;
    bool serving;
    struct udp *udp; /* a descriptor of the port of its own; NULL on a standby that has none yet */
    struct partner *partner;
    struct tevent_timer *timer;
};

/* Made by the first thread, run by its own. NULL with *why set. */
struct worker *worker_new(const struct setup *setup, unsigned index, const char **why);
/* pthread's; never returns. */
void *worker_run(void *worker);

/* A line for whoever started us: "node 0: ...". */
void worker_tell(const struct worker *worker, const char *format, ...) L2TPHA_PRINTF(2, 3);

/* The port, from the active: owned from now on. */
void worker_inherit(struct worker *worker, int fd);
/* Read the port, and what has come to the inbox before: this node serves. */
void worker_serve(struct worker *worker);

#endif
