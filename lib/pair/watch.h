/* SPDX-License-Identifier: MIT */
/* What a pair waits for: descriptors and one point in time, behind one descriptor. */
#ifndef PAIR_WATCH_H
#define PAIR_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Of one descriptor; embedded in whatever it belongs to. */
struct watch {
    int fd;
    uint32_t events; /* that are waited for; 0 = it is not watched */
    void (*handler)(void *user, uint32_t events);
    void *user;
};

struct watcher {
    int epoll; /* -1 = none */
    int timer;
    struct watch timer_watch;
    uint64_t timer_at; /* L2TPHA_NEVER = not set */
};

/* False with errno set: then nothing is open. */
bool watcher_open(struct watcher *watcher);
void watcher_close(struct watcher *watcher);

/* EPOLLIN and EPOLLOUT; 0 = neither, and watch_stop() is the same. The end of a stream, or an
 * error, is told as what is waited for. False with errno set: it is not watched. */
bool watch_for(struct watcher *watcher, struct watch *watch, uint32_t events);
/* Before the descriptor is closed. */
void watch_stop(struct watcher *watcher, struct watch *watch);

/* Call the handlers of what is ready, each in its turn. They may stop any watch, their own too. */
void watcher_run(struct watcher *watcher);

/* The descriptor is readable at this time, or earlier; one that is set for an earlier time stays.
 * Microseconds of l2tpha_pair_now(). */
void watcher_wake_at(struct watcher *watcher, uint64_t at);

#endif
