/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

bool notify_address(const char *text, struct sockaddr_un *to, socklen_t *len)
{
    size_t length = strlen(text);
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof(to->sun_path) || (text[0] != '/' && text[0] != '@'))
        return false;
    memcpy(to->sun_path, text, length);
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (text[0] == '@')
        to->sun_path[0] = '\0';
    else
        ++*len; /* its end */
    return true;
}

const char *notify_open(struct notify *notify, const char *text)
{
    notify->fd = -1;
    if (text == NULL)
        return NULL;
    if (!notify_address(text, &notify->to, &notify->len))
        return "neither a path nor an abstract name";
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return notify->fd >= 0 ? NULL : strerror(errno);
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

int notify_send(const struct notify *notify, const char *lines, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } beside = {0};
    struct sockaddr_un to = notify->to;
    char copy[512];
    size_t length = strlen(lines);
    if (length > sizeof(copy))
        return EMSGSIZE;
    memcpy(copy, lines, length);
    struct iovec part = {.iov_base = copy, .iov_len = length};
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = notify->len, .msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &beside;
        message.msg_controllen = sizeof(beside);
        beside.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd))};
        memcpy(CMSG_DATA(&beside.header), &fd, sizeof(fd));
    }
    return sendmsg(notify->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

bool notify_is_full(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == EINTR || error == ETOOMANYREFS;
}
