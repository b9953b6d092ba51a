/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NEXT ".next"

struct listener {
    struct listening listening;
    void (*on_refusal)(void *user);
    struct tevent_context *ev;
    struct tevent_timer *pause; /* not accepting until then */
    struct tevent_fd *fde;
    listener_handler handler;
    void *user;
};

static int end_listener(struct listener *listener)
{
    TALLOC_FREE(listener->fde); /* before the descriptor */
    listening_close(&listener->listening);
    return 0;
}

static void on_pause_over(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                          void *user)
{
    struct listener *listener = user;
    (void)ev, (void)timer, (void)now;
    listener->pause = NULL; /* freed by tevent */
    listening_resume(&listener->listening);
    TEVENT_FD_READABLE(listener->fde);
}

void listener_tell_refusals(struct listener *listener, void (*refused)(void *user))
{
    listener->on_refusal = refused;
}

struct listener *listener_new_next(TALLOC_CTX *parent, struct tevent_context *ev,
                                   const struct endpoint *endpoint, listener_handler handler,
                                   void *user, const char **why)
{
    struct endpoint next;
    char path[sizeof(struct sockaddr_un) + sizeof(NEXT)];
    const struct sockaddr_un *un = (const struct sockaddr_un *)&endpoint->socket;
    snprintf(path, sizeof(path), "%s%s", un->sun_path, NEXT);
    *why = endpoint_unix(path, &next);
    return *why == NULL ? listener_new(parent, ev, &next, handler, user, why) : NULL;
}

const char *listener_take_place(struct listener *listener, const struct endpoint *endpoint,
                                bool replaces)
{
    const struct sockaddr_un *to = (const struct sockaddr_un *)&endpoint->socket;
    int other = replaces ? -1 : socket_connect(endpoint);
    if (other >= 0) {
        close(other);
        return "somebody listens there already";
    }
    if (rename(listener->listening.path.sun_path, to->sun_path) != 0)
        return strerror(errno);
    listener->listening.path = *to;
    return NULL;
}

void listener_give_place(struct listener *listener)
{
    listener->listening.kind = ENDPOINT_NONE;
}

uint64_t listener_refused(const struct listener *listener)
{
    return listener->listening.refused;
}

static void on_connection(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
                          void *private_data)
{
    struct listener *listener = private_data;
    int fd;
    uint64_t refused = listener->listening.refused;
    (void)flags;
    switch (listening_accept(&listener->listening, &fd)) {
    case LISTENING_CAME:
        listener->handler(listener->user, fd);
        return;
    case LISTENING_FULL:
        TEVENT_FD_NOT_READABLE(fde);
        listener->pause =
            tevent_add_timer(ev, listener, tevent_timeval_current_ofs(0, LISTENING_PAUSE_US),
                             on_pause_over, listener);
        break;
    case LISTENING_NOBODY:
        break;
    }
    if (refused != listener->listening.refused && listener->on_refusal != NULL)
        listener->on_refusal(listener->user);
}

struct listener *listener_new(TALLOC_CTX *parent, struct tevent_context *ev,
                              const struct endpoint *endpoint, listener_handler handler, void *user,
                              const char **why)
{
    struct listening listening;
    *why = listening_open(&listening, endpoint);
    if (*why != NULL)
        return NULL;
    struct listener *listener = talloc_zero(parent, struct listener);
    listener->listening = listening;
    listener->ev = ev;
    listener->handler = handler;
    listener->user = user;
    talloc_set_destructor(listener, end_listener);
    listener->fde =
        tevent_add_fd(ev, listener, listening.fd, TEVENT_FD_READ, on_connection, listener);
    return listener;
}
