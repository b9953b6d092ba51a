/* SPDX-License-Identifier: MIT */
/* Byte streams: listening, connecting, and passing descriptors over unix sockets; whose turn it is
 * is for an event loop to say. */
#ifndef PAIR_SOCKET_H
#define PAIR_SOCKET_H

#include "address.h"

#include <sys/stat.h>
#include <sys/un.h>

/* Where others connect to. */
struct listening {
    int fd;                  /* -1 = nowhere */
    int reserve;             /* to give up, so that a connection can be refused; -1 = none */
    int kind;                /* of the endpoint */
    struct sockaddr_un path; /* of a unix socket, which is removed again: */
    struct stat made;        /* unless another one has the path by then */
    uint64_t refused;        /* connections closed at once since there were no descriptors */
};

/* Listen. A unix socket is made for its owner alone; one left behind by a dead process is removed.
 * NULL, or what is wrong. */
const char *listening_open(struct listening *listening, const struct endpoint *endpoint);
void listening_close(struct listening *listening);

enum listening_result {
    LISTENING_CAME,   /* *fd: the caller's; non-blocking */
    LISTENING_NOBODY, /* or whoever it was has been refused */
    LISTENING_FULL    /* nobody can be refused even: not to be asked for a while */
};
enum listening_result listening_accept(struct listening *listening, int *fd);
#define LISTENING_PAUSE_US 100000
/* That while is over. */
void listening_resume(struct listening *listening);

/* Begin to connect; the descriptor is non-blocking and, over tcp, perhaps not yet connected: it is
 * when it can be written and socket_failed() is 0. -1 with errno set. */
int socket_connect(const struct endpoint *endpoint);
/* ... from the address that this node listens at, if one may lead to the other. */
int socket_connect_from(const struct endpoint *endpoint, const struct endpoint *from);

/* The error that a stream has stored, 0 = none. */
int socket_failed(int fd);

#define SOCKET_DESCRIPTORS_MAX 2

/* Send one byte and some descriptors. */
bool socket_pass(int fd, uint8_t byte, const int *descriptors, size_t count);

/* Receive them. Returns 1 with exactly count descriptors, 0 at the end of the stream, -1 with errno
 * set, EAGAIN and EPROTO among others. */
int socket_accept_passed(int fd, uint8_t *byte, int *descriptors, size_t count);

/* Two ends of a channel for messages, each with a descriptor or none. False with errno set. */
bool socket_channel(int ends[2]);

/* One message; fd -1 = without a descriptor. False with errno set, EAGAIN among others: it is not
 * sent. */
bool socket_send(int channel, const void *data, size_t len, int fd);

/* The next one: its length, 0 at the end, -1 with errno set. *fd: -1 = none came; with *lost, there
 * was one for which this process had no room. */
ssize_t socket_receive(int channel, void *data, size_t size, int *fd, bool *lost);

#endif
