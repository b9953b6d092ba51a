/* SPDX-License-Identifier: MIT */
/* Where the other node finds this one. */
#ifndef PAIR_LISTENER_H
#define PAIR_LISTENER_H

#include "socket.h"
#include "watch.h"

struct listener {
    struct watcher *watcher;
    void (*handler)(void *user,
                    int fd); /* somebody has connected; the descriptor is the callee's */
    void *user;
    struct listening listening;
    struct watch watch;
    uint64_t listen_at; /* when to try again; L2TPHA_NEVER = not waiting */
    uint64_t wait;      /* ... and after how long once more */
    uint64_t resume_at; /* nobody is accepted before, likewise */
};

void listener_init(struct listener *listener, struct watcher *watcher,
                   void (*handler)(void *user, int fd), void *user);
/* NULL, or what is wrong. */
const char *listener_open(struct listener *listener, const struct endpoint *endpoint);
/* Try again and again until it listens. Returns what is wrong, once; else NULL. */
const char *listener_keep(struct listener *listener, const struct endpoint *endpoint, uint64_t now);
void listener_close(struct listener *listener);

uint64_t listener_deadline(const struct listener *listener);
void listener_expire(struct listener *listener, const struct endpoint *endpoint, uint64_t now);

#endif
