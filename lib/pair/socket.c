/* SPDX-License-Identifier: MIT */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG_UNIX 16
#define BACKLOG_TCP 128 /* the other node waits a second when strangers have filled it */
#define BUFFER_BYTES (4 << 20)

static void tune(int fd, int kind)
{
    int bytes = BUFFER_BYTES, on = 1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (kind == ENDPOINT_TCP)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int new_socket(const struct endpoint *endpoint)
{
    return socket(endpoint->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket file that nobody listens on any more. */
static bool is_stale(const struct endpoint *endpoint)
{
    struct stat found;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&endpoint->socket;
    if (endpoint->kind != ENDPOINT_UNIX || lstat(un->sun_path, &found) != 0 ||
        !S_ISSOCK(found.st_mode))
        return false;
    int fd = socket_connect(endpoint);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == ECONNREFUSED;
}

static bool bind_and_listen(int fd, const struct endpoint *endpoint)
{
    int on = 1;
    if (endpoint->kind == ENDPOINT_TCP)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    mode_t mask = umask(077); /* secrets travel in checkpoints, orders through control */
    int result = bind(fd, (const struct sockaddr *)&endpoint->socket, endpoint->len);
    int error = errno;
    umask(mask);
    errno = error;
    return result == 0 &&
           listen(fd, endpoint->kind == ENDPOINT_TCP ? BACKLOG_TCP : BACKLOG_UNIX) == 0;
}

static int open_listener(const struct endpoint *endpoint)
{
    int fd = new_socket(endpoint);
    if (fd < 0 || bind_and_listen(fd, endpoint))
        return fd;
    if (errno == EADDRINUSE && is_stale(endpoint)) {
        unlink(((const struct sockaddr_un *)&endpoint->socket)->sun_path);
        if (bind_and_listen(fd, endpoint))
            return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int take_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor is left. Whoever waits to be accepted would wake the loop again and again: it is
 * accepted in place of the reserve and closed, or nobody is accepted for a while. */
static enum listening_result refuse_one(struct listening *listening)
{
    if (listening->reserve >= 0)
        close(listening->reserve);
    int fd = accept4(listening->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        listening->refused++;
    }
    listening->reserve = take_reserve();
    return fd >= 0 && listening->reserve >= 0 ? LISTENING_NOBODY : LISTENING_FULL;
}

enum listening_result listening_accept(struct listening *listening, int *fd)
{
    *fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (*fd < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? LISTENING_NOBODY
                                                                          : refuse_one(listening);
    tune(*fd, listening->kind);
    return LISTENING_CAME;
}

void listening_resume(struct listening *listening)
{
    if (listening->reserve < 0)
        listening->reserve = take_reserve();
}

/* What errno says of a path is not what is the matter with it. */
static const char *blame(int error, const struct endpoint *endpoint)
{
    struct stat found;
    if (error != EADDRINUSE || endpoint->kind != ENDPOINT_UNIX)
        return strerror(error);
    if (lstat(((const struct sockaddr_un *)&endpoint->socket)->sun_path, &found) == 0 &&
        !S_ISSOCK(found.st_mode))
        return S_ISDIR(found.st_mode) ? "that is a directory" : "a file is there that is no socket";
    return "somebody listens there already";
}

const char *listening_open(struct listening *listening, const struct endpoint *endpoint)
{
    *listening = (struct listening){.fd = open_listener(endpoint), .reserve = -1};
    if (listening->fd < 0)
        return blame(errno, endpoint);
    listening->kind = endpoint->kind;
    listening->reserve = take_reserve();
    if (endpoint->kind == ENDPOINT_UNIX) {
        memcpy(&listening->path, &endpoint->socket, sizeof(listening->path));
        lstat(listening->path.sun_path, &listening->made);
    }
    return NULL;
}

/* The path may belong to a successor by now: only what we made is removed. */
void listening_close(struct listening *listening)
{
    struct stat found;
    if (listening->fd < 0)
        return;
    if (listening->kind == ENDPOINT_UNIX && lstat(listening->path.sun_path, &found) == 0 &&
        found.st_dev == listening->made.st_dev && found.st_ino == listening->made.st_ino)
        unlink(listening->path.sun_path);
    close(listening->fd);
    if (listening->reserve >= 0)
        close(listening->reserve);
    listening->fd = listening->reserve = -1;
}

/* So that the other end knows who comes. What cannot be is left to the system. */
static void bind_to(int fd, const struct endpoint *endpoint, const struct endpoint *from)
{
    struct sockaddr_storage any_port = from->socket;
    if (endpoint->kind != ENDPOINT_TCP || from->kind != ENDPOINT_TCP ||
        from->socket.ss_family != endpoint->socket.ss_family ||
        endpoint_is_beyond_loopback(from) != endpoint_is_beyond_loopback(endpoint))
        return;
    ((struct sockaddr_in *)&any_port)->sin_port = 0; /* an IPv6 one's is at the same place */
    (void)bind(fd, (const struct sockaddr *)&any_port, from->len);
}

int socket_connect_from(const struct endpoint *endpoint, const struct endpoint *from)
{
    int fd = new_socket(endpoint);
    if (fd < 0)
        return -1;
    tune(fd, endpoint->kind);
    bind_to(fd, endpoint, from);
    if (connect(fd, (const struct sockaddr *)&endpoint->socket, endpoint->len) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int socket_connect(const struct endpoint *endpoint)
{
    static const struct endpoint anywhere = {.kind = ENDPOINT_NONE};
    return socket_connect_from(endpoint, &anywhere);
}

int socket_failed(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* ---- descriptors beside octets ---- */

/* Room for the control message, aligned. */
union beside {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * SOCKET_DESCRIPTORS_MAX)];
};

static bool send_with(int fd, const void *data, size_t len, const int *descriptors, size_t count)
{
    union beside beside;
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        memset(&beside, 0, sizeof(beside));
        message.msg_control = beside.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

/* *count: how many have come. *lost: there were some for which this process had no room. */
static ssize_t receive_with(int fd, void *data, size_t size, int *descriptors, size_t *count,
                            bool *lost)
{
    union beside beside;
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = beside.bytes,
                             .msg_controllen = sizeof(beside.bytes)};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    *count = 0;
    *lost = false;
    if (got <= 0)
        return got;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(header), sizeof(int) * *count);
    }
    *lost = message.msg_flags & MSG_CTRUNC;
    return got;
}

bool socket_pass(int fd, uint8_t byte, const int *descriptors, size_t count)
{
    return send_with(fd, &byte, 1, descriptors, count);
}

int socket_accept_passed(int fd, uint8_t *byte, int *descriptors, size_t count)
{
    int passed[SOCKET_DESCRIPTORS_MAX];
    size_t came;
    bool lost;
    ssize_t got = receive_with(fd, byte, 1, passed, &came, &lost);
    if (got <= 0)
        return (int)got;
    if (came == count && !lost) {
        memcpy(descriptors, passed, sizeof(int) * count);
        return 1;
    }
    while (came > 0)
        close(passed[--came]);
    errno = EPROTO;
    return -1;
}

bool socket_channel(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0;
}

bool socket_send(int channel, const void *data, size_t len, int fd)
{
    return send_with(channel, data, len, &fd, fd >= 0);
}

ssize_t socket_receive(int channel, void *data, size_t size, int *fd, bool *lost)
{
    int passed[SOCKET_DESCRIPTORS_MAX];
    size_t came;
    ssize_t got = receive_with(channel, data, size, passed, &came, lost);
    *fd = came > 0 ? passed[0] : -1;
    while (came > 1)
        close(passed[--came]);
    return got;
}
