/* SPDX-License-Identifier: MIT */
/* What is said to the service manager that has started the program, as sd_notify(3) has it: one
 * datagram of lines, and maybe a descriptor, to the unix socket that NOTIFY_SOCKET names. */
#ifndef EXAMPLES_NOTIFY_H
#define EXAMPLES_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int fd; /* -1 = nobody wants to know */
    struct sockaddr_un to;
    socklen_t len;
};

/* Where it is: a path, or with @ in front an abstract name. False = neither. */
bool notify_address(const char *text, struct sockaddr_un *to, socklen_t *len);

/* text: of NOTIFY_SOCKET, NULL = there is none. NULL, or what is wrong: then nobody is told. */
const char *notify_open(struct notify *notify, const char *text);
void notify_close(struct notify *notify);

/* fd: a descriptor to keep, -1 = none. It never waits. 0, or an errno, with notify_is_full() of one
 * that may have room later. */
int notify_send(const struct notify *notify, const char *lines, int fd);
bool notify_is_full(int error);

#endif
