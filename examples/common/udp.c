/* SPDX-License-Identifier: MIT */
#include "udp.h"
#include "address.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* A takeover needs room for what arrives while nobody reads. */
#define RECEIVE_BYTES (8 << 20)

struct udp {
    int fd;
    struct tevent_fd *fde; /* NULL = not reading */
};

static int close_socket(struct udp *udp)
{
    TALLOC_FREE(udp->fde); /* before the descriptor */
    close(udp->fd);
    return 0;
}

struct udp *udp_adopt(TALLOC_CTX *parent, int fd)
{
    struct udp *udp = talloc_zero(parent, struct udp);
    udp->fd = fd;
    talloc_set_destructor(udp, close_socket);
    return udp;
}

struct udp *udp_open(TALLOC_CTX *parent, const struct l2tpha_address *address)
{
    struct sockaddr_storage socket_address;
    socklen_t len = address_to_socket(address, &socket_address);
    int bytes = RECEIVE_BYTES;
    int fd = socket(socket_address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (bind(fd, (const struct sockaddr *)&socket_address, len) == 0)
        return udp_adopt(parent, fd);
    int error = errno;
    close(fd);
    errno = error;
    return NULL;
}

int udp_fd(const struct udp *udp)
{
    return udp->fd;
}

void udp_address(const struct udp *udp, struct l2tpha_address *address)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    getsockname(udp->fd, (struct sockaddr *)&bound, &len);
    address_from_socket(&bound, address);
}

void udp_read_start(struct udp *udp, struct tevent_context *ev, tevent_fd_handler_t handler,
                    void *user)
{
    TALLOC_FREE(udp->fde);
    udp->fde = tevent_add_fd(ev, udp, udp->fd, TEVENT_FD_READ, handler, user);
}

void udp_read_stop(struct udp *udp)
{
    TALLOC_FREE(udp->fde);
}

ssize_t udp_receive(struct udp *udp, uint8_t data[UDP_DATAGRAM_MAX], struct l2tpha_path *path)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    ssize_t got = recvfrom(udp->fd, data, UDP_DATAGRAM_MAX, 0, (struct sockaddr *)&from, &len);
    if (got < 0)
        return -1;
    memset(&path->local, 0, sizeof(path->local)); /* the only one */
    address_from_socket(&from, &path->remote);
    return got;
}

bool udp_send(struct udp *udp, const struct l2tpha_path *path, const void *head, size_t head_len,
              const void *body, size_t body_len)
{
    struct sockaddr_storage to;
    struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)head, .iov_len = head_len},
                             {.iov_base = (void *)(uintptr_t)body, .iov_len = body_len}};
    struct msghdr message = {.msg_name = &to, .msg_iov = parts, .msg_iovlen = 2};
    message.msg_namelen = address_to_socket(&path->remote, &to);
    return sendmsg(udp->fd, &message, 0) >= 0;
}
