/* SPDX-License-Identifier: MIT */
/* Answers of a server to a store, whatever they are: it ends, frees all, waits for nothing that
 * does not come, and what it gives back or confirms has been said by the server. The first octet
 * says whether it is read or written, the second how many octets come at a time; behind them is an
 * answer to each command, in front of it its length: an octet, or 255 and two more. */
#include "fuzz/input.h"
#include "redis/redis_private.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS 6

struct server {
    struct input answers;
    size_t chunk;
    bool connected;
    size_t skips;       /* octets of a command's argument, */
    uint32_t arguments; /* ... and arguments, that are still to come */
    uint32_t line;      /* the number in the line that has begun */
    uint32_t asked;     /* answers that have not begun */
    size_t owed;        /* octets of the one that has */
    uint64_t now, wakes_at;
};

static int connect_server(void *user)
{
    struct server *server = user;

    server->connected = server->answers.left > 0;
    server->skips = server->owed = 0;
    server->arguments = server->asked = 0;
    return server->connected ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

/* "*" and the number of arguments; for each "$", its length, and it. */
static void take_octet(struct server *server, uint8_t octet)
{
    if (server->skips > 0) {
        if (--server->skips == 0 && --server->arguments == 0)
            server->asked++;
    } else if (octet >= '0' && octet <= '9') {
        server->line = server->line * 10 + octet - '0';
    } else if (octet == '*' || octet == '$') {
        server->line = 0;
    } else if (octet == '\n' && server->arguments > 0) {
        server->skips = server->line + 2;
    } else if (octet == '\n') {
        server->arguments = server->line;
    }
}

static int64_t send_some(void *user, const uint8_t *data, size_t len)
{
    struct server *server = user;

    for (size_t i = 0; i < len; i++)
        take_octet(server, data[i]);
    return server->connected ? (int64_t)len : L2TPHA_ERR_HOST;
}

static void begin_answer(struct server *server)
{
    struct input *answers = &server->answers;

    if (server->owed > 0 || server->asked == 0 || answers->left == 0)
        return;
    server->asked--;
    server->owed = take(answers);
    if (server->owed == 255) {
        server->owed = (size_t)take(answers) << 8;
        server->owed |= take(answers);
    }
}

static int64_t receive_some(void *user, uint8_t *dst, size_t room)
{
    struct server *server = user;
    size_t len = server->chunk < room ? server->chunk : room;

    if (!server->connected)
        return L2TPHA_ERR_HOST;
    begin_answer(server);
    len = len < server->answers.left ? len : server->answers.left;
    len = len < server->owed ? len : server->owed;
    for (size_t i = 0; i < len; i++)
        dst[i] = take(&server->answers);
    server->owed -= len;
    return (int64_t)len;
}

static void close_server(void *user)
{
    struct server *server = user;

    server->connected = false;
}

static uint64_t now(void *user)
{
    const struct server *server = user;

    return server->now;
}

static void wake_at(void *user, uint64_t at)
{
    struct server *server = user;

    server->wakes_at = at;
}

/* Nothing more comes, so it is late. */
static void wait_for_it(void *user)
{
    struct server *server = user;

    if (server->wakes_at == NET_NEVER)
        abort();
    bool comes = server->answers.left > 0 && (server->owed > 0 || server->asked > 0);
    if (!comes && server->wakes_at > server->now)
        server->now = server->wakes_at;
}

static int random_octets(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 7, len);
    return L2TPHA_OK;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static void let_go(void *user)
{
    (void)user;
}

static int take_item(void *user, const uint8_t *data, size_t len)
{
    uint64_t *items = user;

    if (len == 0 || !data)
        abort();
    ++*items;
    return L2TPHA_OK;
}

static void read_it(const struct l2tpha_store *store, bool mend)
{
    struct l2tpha_store_found found;
    uint64_t items = 0;
    int error = store->read(store->user, mend, take_item, &items, &found);

    if (error == L2TPHA_OK && found.any && items != found.items)
        abort();
    if (found.fault && !found.stale)
        abort();
    if (!mend && found.fault && items > 0)
        abort();
}

static void take_events(const struct l2tpha_store *store)
{
    struct l2tpha_store_event event;

    for (unsigned i = 0; store->event(store->user, &event); i++)
        if (i > 100 || event.position > ITEMS)
            abort();
}

static void write_it(const struct l2tpha_store *store, struct server *server)
{
    uint32_t stream;

    if (store->begin(store->user, 7, &stream) != L2TPHA_OK)
        return;
    for (uint64_t i = 1; i <= ITEMS; i++) {
        (void)store->append(store->user, stream, i, (const uint8_t *)"item", 4, i == 2);
        (void)store->commit(store->user);
        take_events(store);
        if (i == 4)
            (void)store->mark_stale(store->user);
        server->now += 400000;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct server server = {.answers = {data, len}, .now = 1, .wakes_at = NET_NEVER};
    const struct net net = {.user = &server,
                            .connect = connect_server,
                            .send = send_some,
                            .receive = receive_some,
                            .close = close_server,
                            .now = now,
                            .wake_at = wake_at,
                            .wait = wait_for_it,
                            .random = random_octets,
                            .fd = descriptor,
                            .free = let_go};
    uint8_t how = take(&server.answers);
    const struct l2tpha_redis_options options = {
        .size = sizeof(options), .exact = how & 4, .password = how & 8 ? "sesame" : NULL};
    struct l2tpha_store *store;
    const char *why = NULL;

    server.chunk = 1 + take(&server.answers);
    if (redis_store_new(NULL, &net, "g", &options, &store) != L2TPHA_OK)
        return 0;
    int error = store->open(store->user, &why);
    if (error && (!why || !why[0]))
        abort();
    if (!error && how % 2 == 0)
        read_it(store, how & 2);
    write_it(store, &server);
    store->free(store->user);
    return 0;
}
