/* SPDX-License-Identifier: MIT */
#include "job.h"
#include "mark.h"
#include "read.h"

#include <stdio.h>
#include <sys/epoll.h>

#define TIMEOUT_MS 4000
#define HISTORY_S 600

static uint64_t now(void *user)
{
    (void)user;
    return alarm_now();
}

static void wait_for(void *user, const struct alarm *alarm)
{
    (void)user;
    alarm_wait(alarm);
}

static int descriptor(void *user)
{
    const struct etcd_store *store = user;

    return alarm_fd(store->alarm);
}

static const char *note(void *user)
{
    const struct etcd_store *store = user;

    return store->note;
}

/* --- streams --- */

static int name_log(void *user, uint64_t *log)
{
    (void)user;
    return alarm_random((uint8_t *)log, sizeof(*log));
}

static int begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct etcd_store *store = user;

    return streams_begin(&store->streams, epoch, name_log, store, id);
}

static int append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                  bool whole)
{
    struct etcd_store *store = user;

    return streams_append(store, &store->streams, id, position, data, len, ITEM_MAX, whole);
}

static int drop(void *user, uint32_t id, bool keep)
{
    struct etcd_store *store = user;

    (void)keep;
    if (id < STREAMS && store->writing.to == &store->streams.list[id])
        store->writing.to = NULL;
    return streams_drop(&store->streams, id);
}

static void set_level_min(void *user, uint32_t level_min)
{
    struct etcd_store *store = user;

    store->streams.level_min = level_min;
}

/* --- life --- */

static void free_parts(struct etcd_store *store)
{
    if (store->http)
        http_free(store->http);
    if (store->alarm)
        alarm_free(store->alarm);
    talloc_free(store);
}

/* What was asked for is answered, or late. */
static void free_store(void *user)
{
    struct etcd_store *store = user;
    struct l2tpha_store_event event;

    for (uint32_t i = 0; i < STREAMS; i++)
        (void)drop(store, i, true);
    do {
        job_wait(store);
        while (etcd_job_event(store, &event))
            ;
        (void)etcd_job_commit(store);
    } while (store->ask.under_way);
    free_parts(store);
}

static int name_process(struct etcd_store *store)
{
    uint8_t octets[PROCESS_DIGITS / 2];
    int error = alarm_random(octets, sizeof(octets));

    for (size_t i = 0; i < sizeof(octets); i++)
        snprintf(store->process + 2 * i, 3, "%02x", octets[i]);
    return error;
}

static int prepare(struct etcd_store *store, const char *place,
                   const struct l2tpha_etcd_store_options *options)
{
    uint32_t timeout_ms = options ? options->timeout_ms : 0;

    store->timeout_us = (timeout_ms ? timeout_ms : TIMEOUT_MS) * UINT64_C(1000);
    store->history_us = (options && options->history_s ? options->history_s : HISTORY_S) * SECOND;
    if (options && options->keeps_history)
        store->history_us = 0;
    int error = place_read(place, &store->place);
    if (!error)
        error = name_process(store);
    if (!error)
        error = http_new(store, &store->place, options ? options->tls : NULL, STORE_ANSWER_MAX,
                         &store->http);
    if (!error)
        error = alarm_new(store, &store->alarm);
    if (!error && !alarm_watch(store->alarm, http_fd(store->http), EPOLL_CTL_ADD, EPOLLIN))
        error = L2TPHA_ERR_HOST;
    return error;
}

int etcd_store_new(TALLOC_CTX *parent, const char *place,
                   const struct l2tpha_etcd_store_options *options, const struct clock *clock,
                   struct etcd_store **made)
{
    struct etcd_store *store = talloc_zero(parent, struct etcd_store);

    if (!store)
        return L2TPHA_ERR_NOMEM;
    store->clock = *clock;
    int error = prepare(store, place, options);
    if (error) {
        free_parts(store);
        return error;
    }
    store->store = (struct l2tpha_store){.size = sizeof(store->store),
                                         .name = "etcd",
                                         .user = store,
                                         .open = etcd_read_open,
                                         .read = etcd_read_copy,
                                         .begin = begin,
                                         .append = append,
                                         .commit = etcd_job_commit,
                                         .event = etcd_job_event,
                                         .drop = drop,
                                         .mark_stale = mark_stale,
                                         .fd = descriptor,
                                         .free = free_store,
                                         .note = note,
                                         .look = etcd_read_look,
                                         .set_level_min = set_level_min};
    *made = store;
    return L2TPHA_OK;
}

int l2tpha_etcd_store_new(TALLOC_CTX *parent, const char *place,
                          const struct l2tpha_etcd_store_options *options,
                          struct l2tpha_store **made)
{
    const struct clock clock = {.now = now, .wait = wait_for};
    struct etcd_store *store;

    if (!place || !made || (options && options->size != sizeof(*options)) ||
        (options && options->tls && options->tls->size != sizeof(*options->tls)))
        return L2TPHA_ERR_INVALID;
    int error = etcd_store_new(parent, place, options, &clock, &store);
    if (!error)
        *made = &store->store;
    return error;
}
