/* SPDX-License-Identifier: MIT */
/* Byte streams: listening, connecting, and passing descriptors over unix sockets. */
#ifndef EXAMPLES_STREAM_H
#define EXAMPLES_STREAM_H

#include "address.h"

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

/* Connections that were closed at once since there were no descriptors for them. */
uint64_t listener_refused(const struct listener *listener);

/* Have each of them told, to the user of the handler. */
void listener_tell_refusals(struct listener *listener, void (*refused)(void *user));

/* Begin to connect; the descriptor is non-blocking and, over tcp, perhaps not yet connected: it is
 * when it can be written and stream_failed() is 0. -1 with errno set. */
int stream_connect(const struct endpoint *endpoint);

/* The error that a stream has stored, 0 = none. */
int stream_failed(int fd);

#define STREAM_DESCRIPTORS_MAX 2

/* Send one byte and some descriptors. */
bool stream_pass(int fd, uint8_t byte, const int *descriptors, size_t count);

/* Receive them. Returns 1 with exactly count descriptors, 0 at the end of the stream, -1 with errno
 * set, EAGAIN and EPROTO among others. */
int stream_accept_passed(int fd, uint8_t *byte, int *descriptors, size_t count);

#endif
