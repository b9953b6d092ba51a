/* SPDX-License-Identifier: MIT */
/* Links to the fake server, for whoever asks for a net. */
#include "redis/fake_server.h"

#include <l2tpha/error.h>
#include <stdlib.h>
#include <string.h>

static int connect_link(void *user)
{
    struct fake_link *link = user;

    link->in_len = link->out_len = link->out_given = 0;
    link->connected = !link->server->dead;
    return L2TPHA_OK;
}

static size_t some(const struct fake_link *link, size_t len)
{
    return link->chunk > 0 && len > link->chunk ? link->chunk : len;
}

static int64_t send_to(void *user, const uint8_t *data, size_t len)
{
    struct fake_link *link = user;

    if (!link->connected)
        return L2TPHA_ERR_HOST;
    len = some(link, len);
    link->in = realloc(link->in, link->in_len + len);
    memcpy(link->in + link->in_len, data, len);
    link->in_len += len;
    return (int64_t)len;
}

static int64_t receive_from(void *user, uint8_t *dst, size_t room)
{
    struct fake_link *link = user;
    struct fake_server *server = link->server;

    if (!link->connected)
        return L2TPHA_ERR_HOST;
    if (!server->silent && !link->keeps)
        fake_link_do(link);
    size_t len = link->out_len - link->out_given;
    len = some(link, len < room ? len : room);
    if (server->close_at && server->octets + len >= server->close_at) {
        len = (size_t)(server->close_at - server->octets);
        if (len == 0) {
            link->connected = false;
            server->close_at = 0;
            return L2TPHA_ERR_HOST;
        }
    }
    if (len > 0)
        memcpy(dst, link->out + link->out_given, len);
    link->out_given += len;
    server->octets += len;
    return (int64_t)len;
}

static void close_link(void *user)
{
    struct fake_link *link = user;

    link->connected = false;
}

static uint64_t now(void *user)
{
    const struct fake_link *link = user;

    return link->server->now;
}

static void wake_at(void *user, uint64_t at)
{
    struct fake_link *link = user;

    link->wakes_at = at;
}

/* Nothing is to come before it: all is done when it is sent. */
static void wait_link(void *user)
{
    struct fake_link *link = user;
    bool idle = link->server->silent || (link->out_len == link->out_given && link->in_len == 0);

    if (link->wakes_at == NET_NEVER)
        abort();
    if (idle && link->connected && link->wakes_at > link->server->now)
        link->server->now = link->wakes_at;
}

static int random_octets(void *user, uint8_t *dst, size_t len)
{
    struct fake_link *link = user;

    for (size_t i = 0; i < len; i++) {
        link->server->seed = link->server->seed * 6364136223846793005u + 1;
        dst[i] = (uint8_t)(link->server->seed >> 56);
    }
    return L2TPHA_OK;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static void free_link(void *user)
{
    struct fake_link *link = user;

    free(link->in);
    free(link->out);
    *link = (struct fake_link){.server = link->server};
}

struct net fake_net_of(struct fake_link *link, struct fake_server *server)
{
    *link = (struct fake_link){.server = server, .wakes_at = NET_NEVER};
    return (struct net){.user = link,
                        .connect = connect_link,
                        .send = send_to,
                        .receive = receive_from,
                        .close = close_link,
                        .now = now,
                        .wake_at = wake_at,
                        .wait = wait_link,
                        .random = random_octets,
                        .fd = descriptor,
                        .free = free_link};
}
