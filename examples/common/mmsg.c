/* SPDX-License-Identifier: MIT */
#include "mmsg.h"

#include <stddef.h>

#ifdef EXAMPLES_MMSG

_Static_assert(sizeof(struct mmsg) == sizeof(struct mmsghdr) &&
                   offsetof(struct mmsg, len) == offsetof(struct mmsghdr, msg_len),
               "the same struct");

int mmsg_receive(int fd, struct mmsg *messages, unsigned count)
{
    return recvmmsg(fd, (struct mmsghdr *)(void *)messages, count, MSG_DONTWAIT, NULL);
}

int mmsg_send(int fd, struct mmsg *messages, unsigned count)
{
    return sendmmsg(fd, (struct mmsghdr *)(void *)messages, count, 0);
}

#else

int mmsg_receive(int fd, struct mmsg *messages, unsigned count)
{
    unsigned done = 0;
    for (; done < count; done++) {
        ssize_t got = recvmsg(fd, &messages[done].header, MSG_DONTWAIT);
        if (got < 0)
            break;
        messages[done].len = (unsigned)got;
    }
    return done > 0 || count == 0 ? (int)done : -1;
}

int mmsg_send(int fd, struct mmsg *messages, unsigned count)
{
    unsigned done = 0;
    for (; done < count; done++) {
        ssize_t sent = sendmsg(fd, &messages[done].header, 0);
        if (sent < 0)
            break;
        messages[done].len = (unsigned)sent;
    }
    return done > 0 || count == 0 ? (int)done : -1;
}

#endif
