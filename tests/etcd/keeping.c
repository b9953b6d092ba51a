/* SPDX-License-Identifier: MIT */
#include "keeping.h"

#include "etcd/store_private.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define G "l2tpha/g/"

uint64_t keeping_skipped;
struct l2tpha_etcd_store_options keeping_options;

static uint64_t now(void *user)
{
    (void)user;
    return alarm_now() + keeping_skipped;
}

/* What would wait only for a time does not. */
static void skip_pauses(void)
{
    for (unsigned i = 0; i < STORES; i++) {
        const struct etcd_store *store = stores.list[i] ? stores.list[i]->user : NULL;
        if (store && store->ask.under_way && store->ask.again_at > now(NULL))
            keeping_skipped += store->ask.again_at - now(NULL);
    }
}

static void carry(int fd)
{
    skip_pauses();
    if (cluster.silent)
        keeping_skipped += SECOND / 4;
    cluster_turn(fd, cluster.silent ? 0 : 1);
}

static void wait_for(void *user, const struct alarm *alarm)
{
    (void)user;
    carry(alarm_fd(alarm));
}

static void begin(void)
{
    keeping_skipped = 0;
    keeping_options = (struct l2tpha_etcd_store_options){.size = sizeof(keeping_options)};
    cluster_open(3);
}

static void end(void)
{
    cluster_close();
}

void keeping_end(void)
{
    memset(cluster.faults, 0, sizeof(cluster.faults));
    stores_end();
}

static int make(unsigned process, struct l2tpha_store **made)
{
    const struct clock clock = {.now = now, .wait = wait_for};
    struct etcd_store *store;

    (void)process;
    int error = etcd_store_new(root, cluster_place("g"), &keeping_options, &clock, &store);
    if (!error)
        *made = &store->store;
    return error;
}

static bool turn(unsigned process)
{
    const struct etcd_store *store = stores.list[process]->user;
    bool any = store->ask.under_way;

    if (any)
        carry(store->store.fd(store->store.user));
    return any;
}

/* What it is at may come to pass, and nothing behind it. */
static void kill_process(unsigned process, bool power)
{
    struct etcd_store *store = stores.list[process]->user;

    (void)power;
    store->streams.owns = store->streams.sweeps = store->streams.mark_asked = false;
}

static uint32_t copies(void)
{
    return cluster_keys(G "logs/");
}

static void spoil(uint64_t number)
{
    size_t len;
    char *octets = cluster_octets(cluster_key(G "log/", (uint32_t)(number - 1) / 2), &len);

    octets[len - 1] ^= 1;
}

static void fill(bool full)
{
    cluster.full = full;
}

static uint64_t state(void)
{
    return cluster.revision;
}

static void clear(void)
{
    const char *key;

    while ((key = cluster_key(G, 0)))
        cluster_put(key, NULL);
}

bool keeping_is_exact(void)
{
    const char *key;

    for (uint32_t i = 0; (key = cluster_key(G "store/", i)); i++)
        if (strstr(key, "/exact"))
            return true;
    return false;
}

const struct kind kind_etcd = {.shared = true,
                               .most = ITEM_MAX,
                               .begin = begin,
                               .end = end,
                               .make = make,
                               .turn = turn,
                               .kill = kill_process,
                               .copies = copies,
                               .spoil = spoil,
                               .fill = fill,
                               .state = state,
                               .clear = clear,
                               .repeats = true};
