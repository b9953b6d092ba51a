/* SPDX-License-Identifier: MIT */
#include "udp.h"
#include "mmsg.h"
#include "pair/address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define ERROR_BYTES 512
#define ERRORS_AT_ONCE 64

#define FULL_TRIES 3 /* of what is sent together, ... */
#define FULL_MS 2    /* ... after so long a wait each: nothing else is done meanwhile */

#define WAIT_BYTES 2048 /* what is longer does not wait for others */

/* What is beside a datagram: the address of ours that it came to, or is to leave from; and how many
 * others were lost. */
struct beside {
    _Alignas(struct cmsghdr)
        uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
};

/* What system calls for many datagrams want to be told of each. */
struct batch {
    struct mmsg messages[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct sockaddr_storage peers[UDP_BATCH];
    struct beside beside[UDP_BATCH];
};

struct incoming {
    struct batch batch;
    unsigned used; /* by the last call: to be made ready again */
    struct udp_datagram datagrams[UDP_BATCH];
    uint8_t data[UDP_BATCH][UDP_DATAGRAM_MAX]; /* pages that no datagram has filled are not there */
};

struct outgoing {
    struct batch batch;
    unsigned count;
    uint8_t data[UDP_BATCH][WAIT_BYTES];
};

struct udp {
    int fd;
    bool anywhere;       /* bound to no address: each datagram says which it came to */
    in_port_t port;      /* network order */
    bool watches;        /* errors of what was sent are told, on the socket's error queue */
    int trouble;         /* udp_trouble() */
    uint32_t overflowed; /* datagrams that found it full */
    struct incoming *in;
    struct outgoing *out;
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
    udp->in = talloc_size(udp, sizeof(*udp->in));
    udp->in->used = UDP_BATCH;
    udp->out = talloc_size(udp, sizeof(*udp->out));
    udp->out->count = 0;
    ask_for_addresses(udp);
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    talloc_set_destructor(udp, close_socket);
    return udp;
}

static void set_sharing(int fd, int share)
{
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &share, sizeof(share));
}

/* A takeover needs room for what arrives while nobody reads. */
static void ask_for_room(int fd)
{
    int bytes = UDP_ROOM;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

size_t udp_room(const struct udp *udp)
{
    int bytes = 0;
    socklen_t len = sizeof(bytes);
    getsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len);
    return (size_t)bytes / 2; /* the kernel counts as much again for itself */
}

static struct udp *open_bound(TALLOC_CTX *parent, const struct l2tpha_address *address, bool beside)
{
    struct sockaddr_storage socket_address;
    socklen_t len = address_to_socket(address, &socket_address);
    int fd = socket(socket_address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    ask_for_room(fd);
    set_sharing(fd, beside);
    if (bind(fd, (const struct sockaddr *)&socket_address, len) == 0) {
        struct udp *udp = udp_adopt(parent, fd);
        set_sharing(fd, false);
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

/* What is on the error queue of a socket that nobody watches would be there for ever. */
struct udp *udp_take(TALLOC_CTX *parent, int fd)
{
    int off = 0, error;
    socklen_t len = sizeof(error);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    setsockopt(fd, IPPROTO_IP, IP_RECVERR, &off, sizeof(off));
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &off, sizeof(off));
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len); /* the last one, taken off */
    ask_for_room(fd);
    set_sharing(fd, false);
    return udp_adopt(parent, fd);
}

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
    if (udp->fde == NULL)
        udp->fde = tevent_add_fd(ev, udp, udp->fd, TEVENT_FD_READ, handler, user);
}

void udp_read_stop(struct udp *udp)
{
    TALLOC_FREE(udp->fde);
}

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

static void make_ready(struct incoming *in, unsigned at)
{
    struct batch *batch = &in->batch;
    batch->parts[at] = (struct iovec){.iov_base = in->data[at], .iov_len = UDP_DATAGRAM_MAX};
    batch->messages[at].header = (struct msghdr){.msg_name = &batch->peers[at],
                                                 .msg_namelen = sizeof(batch->peers[at]),
                                                 .msg_iov = &batch->parts[at],
                                                 .msg_iovlen = 1,
                                                 .msg_control = &batch->beside[at],
                                                 .msg_controllen = sizeof(batch->beside[at])};
}

size_t udp_receive(struct udp *udp, const struct udp_datagram **datagrams)
{
    struct incoming *in = udp->in;
    for (unsigned i = 0; i < in->used; i++)
        make_ready(in, i);
    int got = mmsg_receive(udp->fd, in->batch.messages, UDP_BATCH);
    in->used = got > 0 ? (unsigned)got : 0;
    if (got < 0)
        take_errors(udp);
    else
        udp->trouble = 0;
    for (unsigned i = 0; i < in->used; i++) {
        struct udp_datagram *datagram = &in->datagrams[i];
        datagram->data = in->data[i];
        datagram->len = in->batch.messages[i].len;
        take_beside(udp, &in->batch.messages[i].header, &datagram->path.local);
        address_from_socket(&in->batch.peers[i], &datagram->path.remote);
    }
    *datagrams = in->datagrams;
    return in->used;
}

uint32_t udp_overflowed(const struct udp *udp)
{
    return udp->overflowed;
}

static void put_beside(struct msghdr *message, struct beside *beside, int level, int type,
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
                       struct beside *beside)
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

/* Socket or device is full at the moment, or a signal came: the same may be taken when there is
 * room. */
static bool has_room_again(const struct udp *udp, unsigned *tries)
{
    struct pollfd room = {.fd = udp->fd, .events = POLLOUT};
    int error = errno;
    if ((error != EAGAIN && error != ENOBUFS && error != EINTR) || *tries == 0)
        return false;
    --*tries;
    poll(&room, 1, FULL_MS);
    errno = error;
    return true;
}

/* On a socket that is watched a send fails for what became of an earlier one, too: then it is tried
 * once more. */
static bool send_again(struct udp *udp, const struct msghdr *message)
{
    note_trouble(udp, errno);
    return udp->watches && sendmsg(udp->fd, message, 0) >= 0;
}

size_t udp_flush(struct udp *udp)
{
    struct mmsg *messages = udp->out->batch.messages;
    unsigned at = 0, count = udp->out->count, tries = FULL_TRIES;
    size_t lost = 0;
    while (at < count) {
        int sent = mmsg_send(udp->fd, messages + at, count - at);
        if (sent > 0) {
            at += (unsigned)sent;
            continue;
        }
        if (has_room_again(udp, &tries))
            continue;
        lost += !send_again(udp, &messages[at].header);
        at++;
    }
    udp->out->count = 0;
    return lost;
}

size_t udp_drop(struct udp *udp)
{
    size_t lost = udp->out->count;
    udp->out->count = 0;
    return lost;
}

unsigned udp_waiting(const struct udp *udp)
{
    return udp->out->count;
}

static void address_message(const struct udp *udp, const struct l2tpha_path *path,
                            struct msghdr *message, struct sockaddr_storage *to,
                            struct beside *beside)
{
    message->msg_name = to;
    message->msg_namelen = address_to_socket(&path->remote, to);
    memset(beside, 0, sizeof(*beside));
    if (udp->anywhere)
        leave_from(&path->local, message, beside);
}

static size_t send_now(struct udp *udp, const struct l2tpha_path *path, const void *head,
                       size_t head_len, const void *body, size_t body_len)
{
    struct sockaddr_storage to;
    struct beside beside;
    struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)head, .iov_len = head_len},
                             {.iov_base = (void *)(uintptr_t)body, .iov_len = body_len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    address_message(udp, path, &message, &to, &beside);
    unsigned tries = FULL_TRIES;
    while (sendmsg(udp->fd, &message, 0) < 0)
        if (!has_room_again(udp, &tries))
            return !send_again(udp, &message);
    return 0;
}

size_t udp_queue(struct udp *udp, const struct l2tpha_path *path, const void *head, size_t head_len,
                 const void *body, size_t body_len)
{
    struct outgoing *out = udp->out;
    struct batch *batch = &out->batch;
    bool is_long = head_len + body_len > WAIT_BYTES;
    size_t lost = is_long || out->count == UDP_BATCH ? udp_flush(udp) : 0;
    if (is_long)
        return lost + send_now(udp, path, head, head_len, body, body_len);
    unsigned at = out->count++;
    memcpy(out->data[at], head, head_len);
    if (body_len > 0)
        memcpy(out->data[at] + head_len, body, body_len);
    batch->parts[at] = (struct iovec){.iov_base = out->data[at], .iov_len = head_len + body_len};
    batch->messages[at].header = (struct msghdr){.msg_iov = &batch->parts[at], .msg_iovlen = 1};
    address_message(udp, path, &batch->messages[at].header, &batch->peers[at], &batch->beside[at]);
    return lost;
}
