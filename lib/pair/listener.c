/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <l2tpha/pair.h>

#include <errno.h>
#include <string.h>

#define RETRY_US 500 /* doubled each time, up to */
#define RETRY_MAX_US 200000

void listener_init(struct listener *listener, struct watcher *watcher,
                   void (*handler)(void *user, int fd), void *user)
{
    *listener = (struct listener){.watcher = watcher,
                                  .handler = handler,
                                  .user = user,
                                  .listening.fd = -1,
                                  .listen_at = L2TPHA_NEVER,
                                  .resume_at = L2TPHA_NEVER};
}

static void on_connection(void *user, uint32_t events)
{
    struct listener *listener = user;
    int fd;
    (void)events;
    switch (listening_accept(&listener->listening, &fd)) {
    case LISTENING_CAME:
        listener->handler(listener->user, fd);
        break;
    case LISTENING_FULL:
        watch_stop(listener->watcher, &listener->watch);
        listener->resume_at = l2tpha_pair_now() + LISTENING_PAUSE_US;
        break;
    case LISTENING_NOBODY:
        break;
    }
}

const char *listener_open(struct listener *listener, const struct endpoint *endpoint)
{
    if (endpoint->kind == ENDPOINT_NONE || listener->listening.fd >= 0)
        return NULL;
    const char *why = listening_open(&listener->listening, endpoint);
    if (why != NULL)
        return why;
    listener->watch =
        (struct watch){.fd = listener->listening.fd, .handler = on_connection, .user = listener};
    if (watch_for(listener->watcher, &listener->watch, EPOLLIN))
        return NULL;
    why = strerror(errno);
    listening_close(&listener->listening);
    return why;
}

const char *listener_keep(struct listener *listener, const struct endpoint *endpoint, uint64_t now)
{
    bool first = listener->listen_at == L2TPHA_NEVER;
    const char *why = listener_open(listener, endpoint);
    if (first)
        listener->wait = RETRY_US;
    listener->listen_at = why == NULL ? L2TPHA_NEVER : now + listener->wait;
    listener->wait = listener->wait < RETRY_MAX_US ? 2 * listener->wait : RETRY_MAX_US;
    return first ? why : NULL;
}

void listener_close(struct listener *listener)
{
    listener->listen_at = listener->resume_at = L2TPHA_NEVER;
    if (listener->listening.fd < 0)
        return;
    watch_stop(listener->watcher, &listener->watch);
    listening_close(&listener->listening);
}

uint64_t listener_deadline(const struct listener *listener)
{
    return listener->listen_at < listener->resume_at ? listener->listen_at : listener->resume_at;
}

void listener_expire(struct listener *listener, const struct endpoint *endpoint, uint64_t now)
{
    if (listener->resume_at <= now) {
        listener->resume_at = L2TPHA_NEVER;
        listening_resume(&listener->listening);
        (void)watch_for(listener->watcher, &listener->watch, EPOLLIN);
    }
    if (listener->listen_at <= now)
        (void)listener_keep(listener, endpoint, now);
}
