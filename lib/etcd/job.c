/* SPDX-License-Identifier: MIT */
#include "job.h"
#include "acquire.h"
#include "append.h"
#include "ask.h"
#include "mark.h"
#include "sweep.h"

void job_begin(struct etcd_store *store)
{
    store->now = store->clock.now(store->clock.user);
    store->until = store->now + store->timeout_us;
}

static bool is_written(const struct etcd_store *store)
{
    return streams_are_used(&store->streams) && !store->streams.fenced;
}

static bool is_swept(const struct etcd_store *store)
{
    return store->streams.sweeps && store->streams.owns && !store->streams.fenced;
}

static bool is_compacted(const struct etcd_store *store)
{
    return store->compact && store->streams.owns && !store->streams.fenced;
}

static bool is_probed(const struct etcd_store *store)
{
    return is_written(store) && store->streams.acquire == ACQUIRE_NONE;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the descriptor is to be readable for the time alone. */
static void arm(struct etcd_store *store)
{
    uint64_t at = ask_deadline(store);

    if (streams_have_news(&store->streams))
        at = store->now;
    if (!store->ask.under_way && is_swept(store))
        at = earlier(at, store->sweep_at);
    if (!store->ask.under_way && is_compacted(store))
        at = earlier(at, store->compact_at);
    if (!store->ask.under_way && is_probed(store))
        at = earlier(at, store->probe_at);
    alarm_wake_at(store->alarm, at);
}

/* What is to be said of the store goes before what is to be written. */
static void begin_next(struct etcd_store *store)
{
    job_begin(store);
    if (store->streams.mark_asked)
        mark_begin(store);
    else if (is_written(store) && store->streams.acquire != ACQUIRE_NONE)
        acquire_begin(store);
    else if (is_written(store) && append_begin(store))
        ;
    else if (is_swept(store) && store->now >= store->sweep_at)
        sweep_begin(store);
    else if (is_compacted(store) && store->now >= store->compact_at)
        sweep_compact(store);
    else if (is_probed(store) && store->now >= store->probe_at)
        acquire_probe(store);
}

int etcd_job_commit(void *user)
{
    struct etcd_store *store = user;

    if (!store->ask.under_way)
        begin_next(store);
    arm(store);
    return L2TPHA_OK; /* what fails is an event */
}

void job_wait(struct etcd_store *store)
{
    while (store->ask.under_way) {
        if (ask_turn(store))
            continue;
        alarm_wake_at(store->alarm, ask_deadline(store));
        store->clock.wait(store->clock.user, store->alarm);
    }
}

/* --- what has come of it --- */

bool etcd_job_event(void *user, struct l2tpha_store_event *event)
{
    struct etcd_store *store = user;

    while (ask_turn(store))
        ;
    if (streams_event(&store->streams, event))
        return true;
    arm(store);
    return false;
}
