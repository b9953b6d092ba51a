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

#define BACKLOG 16
#define BUFFER_BYTES (4 << 20)

#define PAUSE_US 100000

struct listener {
    int fd;
    int reserve; /* a descriptor to give up, so that a connection can be refused; -1 = none */
    uint64_t refused;
    void (*on_refusal)(void *user);
    struct tevent_context *ev;
    struct tevent_timer *pause; /* not accepting until then */
    struct tevent_fd *fde;
    listener_handler handler;
    void *user;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* "" = tcp */
    struct stat made;
};

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
    int fd = stream_connect(endpoint);
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
    return result == 0 && listen(fd, BACKLOG) == 0;
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

/* The path may belong to a successor by now: only what we made is removed. */
static int end_listener(struct listener *listener)
{
    struct stat found;
    if (listener->path[0] != '\0' && lstat(listener->path, &found) == 0 &&
        found.st_dev == listener->made.st_dev && found.st_ino == listener->made.st_ino)
        unlink(listener->path);
    TALLOC_FREE(listener->fde); /* before the descriptor */
    close(listener->fd);
    if (listener->reserve >= 0)
        close(listener->reserve);
    return 0;
}

static int take_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_pause_over(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                          void *user)
{
    struct listener *listener = user;
    (void)ev, (void)timer, (void)now;
    listener->pause = NULL; /* freed by tevent */
    if (listener->reserve < 0)
        listener->reserve = take_reserve();
    TEVENT_FD_READABLE(listener->fde);
}

/* No descriptor is left. Whoever waits to be accepted would wake the loop again and again: it is
 * accepted in place of the reserve and closed, or nobody is accepted for a while. */
static void refuse_one(struct listener *listener)
{
    if (listener->reserve >= 0)
        close(listener->reserve);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        listener->refused++;
    }
    listener->reserve = take_reserve();
    if (fd >= 0 && listener->on_refusal != NULL)
        listener->on_refusal(listener->user);
    if (fd >= 0 && listener->reserve >= 0)
        return;
    TEVENT_FD_NOT_READABLE(listener->fde);
    listener->pause = tevent_add_timer(
        listener->ev, listener, tevent_timeval_current_ofs(0, PAUSE_US), on_pause_over, listener);
}

void listener_tell_refusals(struct listener *listener, void (*refused)(void *user))
{
    listener->on_refusal = refused;
}

uint64_t listener_refused(const struct listener *listener)
{
    return listener->refused;
}

static void on_connection(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
                          void *private_data)
{
    struct listener *listener = private_data;
    (void)ev, (void)fde, (void)flags;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            refuse_one(listener);
        return;
    }
    tune(fd, listener->path[0] != '\0' ? ENDPOINT_UNIX : ENDPOINT_TCP);
    listener->handler(listener->user, fd);
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

struct listener *listener_new(TALLOC_CTX *parent, struct tevent_context *ev,
                              const struct endpoint *endpoint, listener_handler handler, void *user,
                              const char **why)
{
    int fd = open_listener(endpoint);
    if (fd < 0) {
        *why = blame(errno, endpoint);
        return NULL;
    }
    struct listener *listener = talloc_zero(parent, struct listener);
    listener->fd = fd;
    listener->ev = ev;
    listener->reserve = take_reserve();
    listener->handler = handler;
    listener->user = user;
    if (endpoint->kind == ENDPOINT_UNIX) {
        strcpy(listener->path, ((const struct sockaddr_un *)&endpoint->socket)->sun_path);
        lstat(listener->path, &listener->made);
    }
    talloc_set_destructor(listener, end_listener);
    listener->fde = tevent_add_fd(ev, listener, fd, TEVENT_FD_READ, on_connection, listener);
    return listener;
}

int stream_connect(const struct endpoint *endpoint)
{
    int fd = new_socket(endpoint);
    if (fd < 0)
        return -1;
    tune(fd, endpoint->kind);
    if (connect(fd, (const struct sockaddr *)&endpoint->socket, endpoint->len) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int stream_failed(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* Room for the control message, aligned. */
union passed {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * STREAM_DESCRIPTORS_MAX)];
};

bool stream_pass(int fd, uint8_t byte, const int *descriptors, size_t count)
{
    union passed control;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    memset(&control, 0, sizeof(control));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

/* Close what came with a message that is refused. */
static void close_passed(struct cmsghdr *header)
{
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return;
    for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header->cmsg_len; at += sizeof(int)) {
        int fd;
        memcpy(&fd, (char *)header + at, sizeof(fd));
        close(fd);
    }
}

int stream_accept_passed(int fd, uint8_t *byte, int *descriptors, size_t count)
{
    union passed control;
    struct iovec part = {.iov_base = byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0)
        return (int)got;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int) * count)) {
        close_passed(header);
        errno = EPROTO;
        return -1;
    }
    memcpy(descriptors, CMSG_DATA(header), sizeof(int) * count);
    return 1;
}
