/* SPDX-License-Identifier: MIT */
/* Many datagrams in one call of the system, where it has one for that; else one by one. */
#ifndef EXAMPLES_MMSG_H
#define EXAMPLES_MMSG_H

#include <sys/socket.h>

/* As struct mmsghdr, which not every system has. */
struct mmsg {
    struct msghdr header;
    unsigned len; /* bytes received, or sent */
};

/* Receive up to count that are there. How many; -1 with errno when there is none, or something is
 * wrong with the socket. */
int mmsg_receive(int fd, struct mmsg *messages, unsigned count);

/* Send count, in their order, up to the first one that the system does not take. How many; -1 with
 * errno when it is the first of all. */
int mmsg_send(int fd, struct mmsg *messages, unsigned count);

#endif
