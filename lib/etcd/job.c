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
    bool written = false;

    for (uint32_t i = 0; i < STREAMS; i++)
        written |= store->streams[i].state == STREAM_READY;
    return written && !store->fenced;
}

static bool is_swept(const struct etcd_store *store)
{
    return store->sweeps && store->owns && !store->fenced;
}

static bool is_probed(const struct etcd_store *store)
{
    return is_written(store) && store->acquire == ACQUIRE_NONE;
}

static bool has_news(const struct etcd_store *store)
{
    bool news = store->mark_news;

    for (uint32_t i = 0; i < STREAMS; i++)
        news |= store->streams[i].news;
    return news;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the descriptor is to be readable for the time alone. */
static void arm(struct etcd_store *store)
{
    uint64_t at = ask_deadline(store);

    if (has_news(store))
        at = store->now;
    if (!store->ask.under_way && is_swept(store))
        at = earlier(at, store->sweep_at);
    if (!store->ask.under_way && is_probed(store))
        at = earlier(at, store->probe_at);
    alarm_wake_at(store->alarm, at);
}

/* What is to be said of the store goes before what is to be written. */
static void begin_next(struct etcd_store *store)
{
    job_begin(store);
    if (store->mark_asked)
        mark_begin(store);
    else if (is_written(store) && store->acquire != ACQUIRE_NONE)
        acquire_begin(store);
    else if (is_written(store) && append_begin(store))
        ;
    else if (is_swept(store) && store->now >= store->sweep_at)
        sweep_begin(store);
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

static bool tell_stream(struct stream *stream, uint32_t id, struct l2tpha_store_event *event)
{
    if (!stream->news)
        return false;
    stream->news = false;
    *event =
        (struct l2tpha_store_event){.kind = L2TPHA_STORE_PROGRESS,
                                    .stream = id,
                                    .position = stream->newest,
                                    .whole = stream->whole,
                                    .status = stream->state == STREAM_BROKEN ? stream->status : 0};
    return true;
}

bool etcd_job_event(void *user, struct l2tpha_store_event *event)
{
    struct etcd_store *store = user;

    while (ask_turn(store))
        ;
    for (uint32_t i = 0; i < STREAMS; i++)
        if (tell_stream(&store->streams[i], i, event))
            return true;
    if (!store->mark_news) {
        arm(store);
        return false;
    }
    store->mark_news = false;
    *event = (struct l2tpha_store_event){.kind = L2TPHA_STORE_MARKED, .status = store->mark_status};
    return true;
}
