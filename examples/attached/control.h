/* SPDX-License-Identifier: MIT */
/* The control socket: a command is a line, the answer one line of JSON. l2tphactl speaks it. */
#ifndef ATTACHED_CONTROL_H
#define ATTACHED_CONTROL_H

#include "daemon.h"

#include <poll.h>
#include <stdio.h>

#define CONTROL_CLIENTS 16
#define CONTROL_FDS (CONTROL_CLIENTS + 1)

struct client {
    int fd;     /* -1 = nobody */
    bool waits; /* for the end of what it has ordered */
    char line[128];
    size_t len;
};

struct control {
    struct daemon *daemon;
    int listener; /* -1 = none */
    struct client clients[CONTROL_CLIENTS];
};

/* NULL, or what is wrong. */
const char *control_start(struct control *control, struct daemon *daemon);
void control_stop(struct control *control);
/* What to wait for, CONTROL_FDS of them; and what to do when that has come. */
void control_watch(const struct control *control, struct pollfd *fds);
void control_serve(struct control *control, const struct pollfd *fds);
/* This order has come to pass, or why not. */
void control_done(struct control *control, const char *line, const char *why);

#endif
