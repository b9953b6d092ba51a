/* SPDX-License-Identifier: MIT */
#include "bench/relay.h"

#include "bench/nodes.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 65536
#define AHEAD_MAX (64u << 20) /* on the way at a time */

struct piece {
    struct piece *next;
    uint64_t at;
    size_t len, sent;
    uint8_t data[];
};

struct direction {
    int from, to;
    struct piece *first, **last;
    size_t bytes;
};

static void need(bool well)
{
    check(well ? L2TPHA_OK : L2TPHA_ERR_HOST, "relay");
}

/* False: it has ended. */
static bool take(struct direction *way, uint64_t delay_ns)
{
    struct piece *piece = malloc(sizeof(*piece) + PIECE);

    need(piece != NULL);
    ssize_t got = recv(way->from, piece->data, PIECE, 0);
    if (got <= 0) {
        free(piece);
        return false;
    }
    piece->next = NULL;
    piece->at = wall_ns() + delay_ns;
    piece->len = (size_t)got;
    piece->sent = 0;
    *way->last = piece;
    way->last = &piece->next;
    way->bytes += piece->len;
    return true;
}

/* What is due, as much as is taken. */
static void give(struct direction *way)
{
    struct piece *piece;

    while ((piece = way->first) && piece->at <= wall_ns()) {
        ssize_t sent = send(way->to, piece->data + piece->sent, piece->len - piece->sent,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        piece->sent += (size_t)sent;
        if (piece->sent < piece->len)
            continue;
        way->first = piece->next;
        way->bytes -= piece->len;
        if (!way->first)
            way->last = &way->first;
        free(piece);
    }
}

static uint64_t due(const struct direction *way, uint64_t soonest)
{
    return way->first && way->first->at < soonest ? way->first->at : soonest;
}

static void carry(struct direction *there, struct direction *back, uint64_t delay_ns)
{
    struct direction *ways[] = {there, back};

    for (;;) {
        uint64_t now = wall_ns(), soonest = due(back, due(there, now + 1000000000u));
        uint64_t wait = soonest > now ? soonest - now : 0;
        struct timespec patience = {.tv_sec = (time_t)(wait / 1000000000u),
                                    .tv_nsec = (long)(wait % 1000000000u)};
        struct pollfd ready[2];
        for (int i = 0; i < 2; i++) {
            bool stuck = ways[i]->first && ways[i]->first->at <= now;
            ready[i].fd = ways[i]->from;
            ready[i].events =
                (short)((ways[i]->bytes < AHEAD_MAX ? POLLIN : 0) |
                        (ways[1 - i]->first && ways[1 - i]->first->at <= now ? POLLOUT : 0));
            if (stuck)
                patience.tv_nsec = 1000000; /* what is due waits for room */
        }
        (void)ppoll(ready, 2, &patience, NULL);
        for (int i = 0; i < 2; i++) {
            if (ready[i].revents & (POLLIN | POLLHUP | POLLERR) && !take(ways[i], delay_ns))
                return;
            give(ways[i]);
        }
    }
}

static void tune(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void relay_run(void *argument)
{
    const struct relay *relay = argument;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0), to = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    need(!bind(listener, (const struct sockaddr *)&relay->from, sizeof(relay->from)));
    need(!listen(listener, 1));
    int from = accept(listener, NULL, NULL);
    need(from >= 0 && !connect(to, (const struct sockaddr *)&relay->to, sizeof(relay->to)));
    tune(from);
    tune(to);
    struct direction there = {.from = from, .to = to}, back = {.from = to, .to = from};
    there.last = &there.first;
    back.last = &back.first;
    carry(&there, &back, relay->delay_us * UINT64_C(1000));
}
