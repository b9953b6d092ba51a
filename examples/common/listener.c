/* SPDX-License-Identifier: MIT */
#include "listener.h"

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
