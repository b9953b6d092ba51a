/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <l2tpha/types.h>

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TURNS_MAX 64 /* handlers called in one go; the others in the next */

static void on_timer(void *user, uint32_t events)
{
    struct watcher *watcher = user;
    uint64_t times;
    (void)events;
    if (read(watcher->timer, &times, sizeof(times)) == sizeof(times))
        watcher->timer_at = L2TPHA_NEVER;
}

bool watcher_open(struct watcher *watcher)
{
    watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
    watcher->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    watcher->timer_at = L2TPHA_NEVER;
    watcher->timer_watch =
        (struct watch){.fd = watcher->timer, .handler = on_timer, .user = watcher};
    if (watcher->epoll >= 0 && watcher->timer >= 0 &&
        watch_for(watcher, &watcher->timer_watch, EPOLLIN))
        return true;
    int error = errno;
    watcher_close(watcher);
    errno = error;
    return false;
}

void watcher_close(struct watcher *watcher)
{
    if (watcher->timer >= 0)
        close(watcher->timer);
    if (watcher->epoll >= 0)
        close(watcher->epoll);
    watcher->epoll = watcher->timer = -1;
}

bool watch_for(struct watcher *watcher, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (events == watch->events)
        return true;
    int order = events == 0 ? EPOLL_CTL_DEL : watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(watcher->epoll, order, watch->fd, &event) != 0)
        return false;
    watch->events = events;
    return true;
}

void watch_stop(struct watcher *watcher, struct watch *watch)
{
    (void)watch_for(watcher, watch, 0);
}

/* One at a time: a handler may end what another event would be about. */
void watcher_run(struct watcher *watcher)
{
    struct epoll_event event;
    for (int i = 0; i < TURNS_MAX && epoll_wait(watcher->epoll, &event, 1, 0) == 1; i++) {
        struct watch *watch = event.data.ptr;
        if (event.events & (EPOLLERR | EPOLLHUP))
            event.events |= watch->events;
        watch->handler(watch->user, event.events & watch->events);
    }
}

void watcher_wake_at(struct watcher *watcher, uint64_t at)
{
    if (at == L2TPHA_NEVER || watcher->timer_at <= at)
        return;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at / 1000000), .tv_nsec = (long)(at % 1000000) * 1000}};
    if (at == 0)
        when.it_value.tv_nsec = 1; /* 0 would disarm it */
    if (timerfd_settime(watcher->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0)
        watcher->timer_at = at;
}
