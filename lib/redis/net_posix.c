/* SPDX-License-Identifier: MIT */
#include "net_posix.h"
#include "server/alarm.h"

#include <l2tpha/error.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct posix {
    char *host, *port;
    struct sockaddr_storage address;
    socklen_t address_len; /* 0 = not looked up yet */
    int socket;
    struct alarm *alarm;
    bool wants_room; /* there is more to send than the system takes */
};

static uint64_t now(void *user)
{
    (void)user;
    return alarm_now();
}

static void want_room(struct posix *posix, bool wanted)
{
    if (wanted == posix->wants_room)
        return;
    posix->wants_room = wanted;
    (void)alarm_watch(posix->alarm, posix->socket, EPOLL_CTL_MOD,
                      EPOLLIN | (wanted ? EPOLLOUT : 0u));
}

static int look_up(struct posix *posix)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;

    if (posix->address_len > 0)
        return L2TPHA_OK;
    if (getaddrinfo(posix->host, posix->port, &hints, &found) != 0)
        return L2TPHA_ERR_HOST;
    memcpy(&posix->address, found->ai_addr, found->ai_addrlen);
    posix->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return L2TPHA_OK;
}

static void close_socket(void *user)
{
    struct posix *posix = user;

    if (posix->socket >= 0)
        close(posix->socket); /* epoll forgets it */
    posix->socket = -1;
}

static int begin(void *user)
{
    struct posix *posix = user;
    int on = 1;

    close_socket(user);
    int error = look_up(posix);
    if (error)
        return error;
    posix->socket =
        socket(posix->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (posix->socket < 0)
        return L2TPHA_ERR_HOST;
    (void)setsockopt(posix->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    posix->wants_room = false;
    if (alarm_watch(posix->alarm, posix->socket, EPOLL_CTL_ADD, EPOLLIN) &&
        (connect(posix->socket, (struct sockaddr *)&posix->address, posix->address_len) == 0 ||
         errno == EINPROGRESS)) {
        want_room(posix, true); /* how it has ended is seen then */
        return L2TPHA_OK;
    }
    close_socket(user);
    return L2TPHA_ERR_HOST;
}

static bool is_later(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
}

static int64_t send_some(void *user, const uint8_t *data, size_t len)
{
    struct posix *posix = user;
    ssize_t sent = send(posix->socket, data, len, MSG_NOSIGNAL);

    if (sent < 0 && !is_later())
        return L2TPHA_ERR_HOST;
    want_room(posix, sent < (ssize_t)len);
    return sent < 0 ? 0 : sent;
}

static int64_t receive_some(void *user, uint8_t *dst, size_t room)
{
    const struct posix *posix = user;
    ssize_t got = recv(posix->socket, dst, room, 0);

    if (got == 0 || (got < 0 && !is_later()))
        return L2TPHA_ERR_HOST;
    return got < 0 ? 0 : got;
}

static void wake_at(void *user, uint64_t at)
{
    const struct posix *posix = user;

    alarm_wake_at(posix->alarm, at);
}

static void wait_for_it(void *user)
{
    const struct posix *posix = user;

    alarm_wait(posix->alarm);
}

static int random_octets(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return alarm_random(dst, len);
}

static int descriptor(void *user)
{
    const struct posix *posix = user;

    return alarm_fd(posix->alarm);
}

static void free_posix(void *user)
{
    struct posix *posix = user;

    close_socket(user);
    alarm_free(posix->alarm);
    talloc_free(posix);
}

int net_posix_new(TALLOC_CTX *parent, const char *host, const char *port, struct net *net)
{
    struct posix *posix = talloc_zero(parent, struct posix);

    if (!posix)
        return L2TPHA_ERR_NOMEM;
    posix->host = talloc_strdup(posix, host);
    posix->port = talloc_strdup(posix, port);
    posix->socket = -1;
    int error = posix->host && posix->port ? alarm_new(posix, &posix->alarm) : L2TPHA_ERR_NOMEM;
    if (error) {
        talloc_free(posix);
        return error;
    }
    *net = (struct net){.user = posix,
                        .connect = begin,
                        .send = send_some,
                        .receive = receive_some,
                        .close = close_socket,
                        .now = now,
                        .wake_at = wake_at,
                        .wait = wait_for_it,
                        .random = random_octets,
                        .fd = descriptor,
                        .free = free_posix};
    return L2TPHA_OK;
}
