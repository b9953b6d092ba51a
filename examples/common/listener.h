/* SPDX-License-Identifier: MIT */
/* Listening for streams on tevent. */
#ifndef EXAMPLES_LISTENER_H
#define EXAMPLES_LISTENER_H

#include "pair/socket.h"

#include <talloc.h>
#include <tevent.h>

/* Somebody has connected. The descriptor is the callee's; non-blocking. */
typedef void (*listener_handler)(void *user, int fd);

struct listener;

/* Listen. A unix socket is made for its owner alone; one left behind by a dead process is removed.
 * Freeing it closes the socket and removes its own path. NULL with *why set. */
struct listener *listener_new(TALLOC_CTX *parent, struct tevent_context *ev,
                              const struct endpoint *endpoint, listener_handler handler, void *user,
                              const char **why);

/* The same, at a path with ".next" behind it, for another process may listen at that of endpoint:
 * until this one takes its place, of one that listens there still if that is replaced, and the
 * other one gives it, whose path is not removed then. */
struct listener *listener_new_next(TALLOC_CTX *parent, struct tevent_context *ev,
                                   const struct endpoint *endpoint, listener_handler handler,
                                   void *user, const char **why);
const char *listener_take_place(struct listener *listener, const struct endpoint *endpoint,
                                bool replaces);
void listener_give_place(struct listener *listener);

/* Connections that were closed at once since there were no descriptors for them. */
uint64_t listener_refused(const struct listener *listener);

/* Have each of them told, to the user of the handler. */
void listener_tell_refusals(struct listener *listener, void (*refused)(void *user));

#endif
