/* SPDX-License-Identifier: MIT */
#include "udp.h"
#include "address.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define ERROR_BYTES 512
#define ERRORS_AT_ONCE 64

/* A takeover needs room for what arrives while nobody reads. */
#define RECEIVE_BYTES (8 << 20)

struct udp {
    int fd;
    bool anywhere;         /* bound to no address: each datagram says which it came to */
    in_port_t port;        /* network order */
    bool watches;          /* errors of what was sent are told, on the socket's error queue */
    int trouble;           /* udp_trouble() */
    uint32_t overflowed;   /* datagrams that found it full */
    struct tevent_fd *fde; /* NULL = not reading */
};

static int close_socket(struct udp *udp)
{
    TALLOC_FREE(udp->fde); /* before the descriptor */
    close(udp->fd);
    return 0;
}

/* A peer takes answers only from the address that it has sent to. */
static void ask_for_addresses(struct udp *udp)
{
    struct sockaddr_storage bound = {0};
    const struct sockaddr_in *in = (const struct sockaddr_in *)&bound;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&bound;
    socklen_t len = sizeof(bound);
    int on = 1;
    if (getsockname(udp->fd, (struct sockaddr *)&bound, &len) != 0)
        return;
    if (bound.ss_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY)) {
        udp->port = in->sin_port;
        udp->anywhere = setsockopt(udp->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
    } else if (bound.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr)) {
        udp->port = in6->sin6_port;
        udp->anywhere = setsockopt(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
    }
}

struct udp *udp_adopt(TALLOC_CTX *parent, int fd)
{
    struct udp *udp = talloc_zero(parent, struct udp);
    int on = 1;
    udp->fd = fd;
    ask_for_addresses(udp);
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    talloc_set_destructor(udp, close_socket);
    return udp;
}

void udp_share(struct udp *udp, bool share)
{
    int on = share;
    setsockopt(udp->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

bool udp_is_here(const struct l2tpha_address *address)
{
    struct sockaddr_storage any_port;
    socklen_t len = address_to_socket(address, &any_port);
    ((struct sockaddr_in *)&any_port)->sin_port = 0; /* an IPv6 one's is at the same place */
    int fd = socket(any_port.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool gone = bind(fd, (const struct sockaddr *)&any_port, len) != 0 && errno == EADDRNOTAVAIL;
    close(fd);
    return !gone;
}

static struct udp *open_bound(TALLOC_CTX *parent, const struct l2tpha_address *address, bool beside)
{
    struct sockaddr_storage socket_address;
    socklen_t len = address_to_socket(address, &socket_address);
    int bytes = RECEIVE_BYTES, shared = beside;
    int fd = socket(socket_address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &shared, sizeof(shared));
    if (bind(fd, (const struct sockaddr *)&socket_address, len) == 0) {
        struct udp *udp = udp_adopt(parent, fd);
        udp_share(udp, false);
        return udp;
    }
    int error = errno;
    close(fd);
    errno = error;
    return NULL;
}

struct udp *udp_open(TALLOC_CTX *parent, const struct l2tpha_address *address)
{
    return open_bound(parent, address, false);
}

struct udp *udp_open_beside(TALLOC_CTX *parent, const struct l2tpha_address *address)
{
    return open_bound(parent, address, true);
}

/* With this a send fails for what became of an earlier one, too. */
void udp_watch(struct udp *udp)
{
    int on = 1;
    udp->watches = setsockopt(udp->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0;
    if (setsockopt(udp->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on)) == 0)
        udp->watches = true;
}

int udp_trouble(const struct udp *udp)
{
    return udp->trouble;
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

/* What is beside a datagram: the address of ours that it came to, or is to leave from; and how many
 * others were lost. */
union beside {
    struct cmsghdr header; /* for its alignment */
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
};

static void note_trouble(struct udp *udp, int error)
{
    if (error != EMSGSIZE && error != EAGAIN && error != EINTR)
        udp->trouble = error;
}

/* Empty the error queue, or the socket would be readable for ever. Several sockets of a pair are
 * one, so what is there need not be of this one's sending. */
static void take_errors(struct udp *udp)
{
    union {
        struct cmsghdr header;
        uint8_t bytes[ERROR_BYTES];
    } beside;
    struct msghdr message = {.msg_control = &beside, .msg_controllen = sizeof(beside)};
    for (int i = 0; udp->watches && i < ERRORS_AT_ONCE; i++) {
        message.msg_controllen = sizeof(beside);
        if (recvmsg(udp->fd, &message, MSG_ERRQUEUE) < 0)
            return;
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
             header = CMSG_NXTHDR(&message, header)) {
            struct sock_extended_err error;
            if (!(header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) &&
                !(header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR))
                continue;
            memcpy(&error, CMSG_DATA(header), sizeof(error));
            note_trouble(udp, (int)error.ee_errno);
        }
    }
}

static void arrived_at(const struct udp *udp, const struct cmsghdr *header,
                       struct l2tpha_address *local)
{
    struct sockaddr_storage socket = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&socket;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&socket;
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof(info));
        *in = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = udp->port, .sin_addr = info.ipi_spec_dst};
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof(info));
        *in6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = udp->port, .sin6_addr = info.ipi6_addr};
    } else {
        return;
    }
    address_from_socket(&socket, local);
}

static void take_beside(struct udp *udp, struct msghdr *message, struct l2tpha_address *local)
{
    memset(local, 0, sizeof(*local)); /* the only one */
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL)
            memcpy(&udp->overflowed, CMSG_DATA(header), sizeof(udp->overflowed));
        else if (udp->anywhere)
            arrived_at(udp, header, local);
    }
}

ssize_t udp_receive(struct udp *udp, uint8_t data[UDP_DATAGRAM_MAX], struct l2tpha_path *path)
{
    struct sockaddr_storage from = {0};
    union beside beside;
    struct iovec part = {.iov_base = data, .iov_len = UDP_DATAGRAM_MAX};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &beside,
                             .msg_controllen = sizeof(beside)};
    ssize_t got = recvmsg(udp->fd, &message, 0);
    if (got < 0) {
        take_errors(udp);
        return -1;
    }
    udp->trouble = 0;
    take_beside(udp, &message, &path->local);
    address_from_socket(&from, &path->remote);
    return got;
}

uint32_t udp_overflowed(const struct udp *udp)
{
    return udp->overflowed;
}

static void put_beside(struct msghdr *message, union beside *beside, int level, int type,
                       const void *info, size_t len)
{
    message->msg_control = beside;
    message->msg_controllen = CMSG_SPACE(len);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    *header = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    memcpy(CMSG_DATA(header), info, len);
}

/* Without an interface: it is the route's, and a link-local peer's address says it. */
static void leave_from(const struct l2tpha_address *local, struct msghdr *message,
                       union beside *beside)
{
    struct sockaddr_storage socket;
    address_to_socket(local, &socket);
    if (socket.ss_family == AF_INET) {
        struct in_pktinfo info = {.ipi_spec_dst = ((struct sockaddr_in *)&socket)->sin_addr};
        put_beside(message, beside, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    } else if (socket.ss_family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_addr = ((struct sockaddr_in6 *)&socket)->sin6_addr};
        put_beside(message, beside, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
}

bool udp_send(struct udp *udp, const struct l2tpha_path *path, const void *head, size_t head_len,
              const void *body, size_t body_len)
{
    struct sockaddr_storage to;
    union beside beside = {0};
    struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)head, .iov_len = head_len},
                             {.iov_base = (void *)(uintptr_t)body, .iov_len = body_len}};
    struct msghdr message = {.msg_name = &to, .msg_iov = parts, .msg_iovlen = 2};
    message.msg_namelen = address_to_socket(&path->remote, &to);
    if (udp->anywhere)
        leave_from(&path->local, &message, &beside);
    if (sendmsg(udp->fd, &message, 0) >= 0)
        return true;
    note_trouble(udp, errno);
    return udp->watches && sendmsg(udp->fd, &message, 0) >= 0; /* that may have been an old one */
}
