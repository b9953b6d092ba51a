/* SPDX-License-Identifier: MIT */
/* A store is read twice: the first time to see that nothing is missing. Whoever reads it has it, so
 * nobody writes in between. */
#include "read.h"
#include "acquire.h"
#include "ask.h"
#include "job.h"
#include "store_body.h"

#include <string.h>

#define TRIES 16               /* a writer may have made another copy meanwhile */
#define PAGE_FIRST 2           /* batches asked for at once; */
#define PAGE_MOST 256          /* ... as many as have */
#define PAGE_OCTETS (1u << 20) /* ... so many together */

static void fail_read(struct etcd_store *store, int status)
{
    store->error = status;
}

/* --- opening --- */

static int take_look(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    (void)header;
    return acquire_see(store, answer);
}

/* Whose the store is stays open until it is read or written: a standby has it open as well. */
int etcd_read_open(void *user, const char **why)
{
    struct etcd_store *store = user;

    job_begin(store);
    store->error = L2TPHA_OK;
    ask_begin(store, "/v3/kv/txn", body_state(store), take_look, fail_read);
    job_wait(store);
    *why = store->note;
    return store->error;
}

/* --- batches --- */

/* A key that is none of a batch's ends the reading as damage. */
static int take_batch(struct etcd_store *store, const json_t *pair)
{
    struct reading *reading = store->reading;
    uint64_t position = key_position(store, reading->log, piece_key(pair));
    size_t room = json_string_length(json_object_get(pair, "value")), len = 0;
    char *value = talloc_size(store, room + 1);

    if (!value)
        return L2TPHA_ERR_NOMEM;
    store->read_items = reading->items;
    bool good = position > store->read_last && piece_value(pair, value, room, &len);
    if (reading_take(reading, good ? (const uint8_t *)value : NULL, len))
        store->read_last = position;
    talloc_free(value);
    return L2TPHA_OK;
}

/* Small batches come in larger pages. */
static uint32_t next_page(size_t octets, size_t batches)
{
    size_t each = octets / batches + 1, page = PAGE_OCTETS / each;

    return page < PAGE_FIRST ? PAGE_FIRST : page > PAGE_MOST ? PAGE_MOST : (uint32_t)page;
}

static int take_page(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    struct reading *reading = store->reading;
    const json_t *pairs, *pair;
    size_t i, octets = 0;
    uint64_t count;

    (void)header;
    if (!piece_pairs(answer, &pairs) || !piece_number(answer, "count", &count) ||
        count < json_array_size(pairs) || (count > 0 && json_array_size(pairs) == 0))
        return L2TPHA_ERR_RECORD;
    json_array_foreach(pairs, i, pair)
    {
        octets += json_string_length(json_object_get(pair, "value"));
        int error = reading_is_done(reading) ? L2TPHA_OK : take_batch(store, pair);
        if (error)
            return error;
    }
    reading->ended = count == json_array_size(pairs);
    store->page = count > 0 ? next_page(octets, json_array_size(pairs)) : PAGE_FIRST;
    return L2TPHA_OK;
}

/* A page that was too long is asked for once more, smaller. */
static void fail_page(struct etcd_store *store, int status)
{
    if (store->ask.too_long && store->page > 1)
        store->page = 1;
    else
        store->error = status;
}

static int read_log(struct etcd_store *store, struct reading *reading)
{
    store->error = L2TPHA_OK;
    store->reading = reading;
    store->page = PAGE_FIRST;
    store->read_last = 0;
    while (!store->error && !reading_is_done(reading)) {
        job_begin(store);
        ask_begin(store, "/v3/kv/range",
                  body_page(store, reading->log, store->read_last, store->page), take_page,
                  fail_page);
        job_wait(store);
    }
    store->reading = NULL;
    return store->error;
}

/* --- the copy --- */

static int acquire_it(struct etcd_store *store)
{
    store->streams.acquire = ACQUIRE_TAKE;
    store->streams.fenced = false;
    job_begin(store);
    acquire_begin(store);
    job_wait(store);
    return store->error;
}

static int give_back(struct etcd_store *store, const struct reading *checked, l2tpha_store_item fn,
                     void *arg, struct l2tpha_store_found *found)
{
    struct reading reading = {.fn = fn, .arg = arg, .log = checked->log, .most = checked->batches};
    int error = read_log(store, &reading);
    int given = reading_given(&reading, checked->batches, found);

    found->level = store->seen.head.level;
    found->level_min = store->seen.head.level_min;
    store->copy = reading.log;
    store->last = store->read_last;
    return error ? error : given;
}

int etcd_read_copy(void *user, bool mend, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found)
{
    struct etcd_store *store = user;
    int error = acquire_it(store);
    struct reading reading = {.log = store->head.copy, .most = UINT64_MAX};

    *found = (struct l2tpha_store_found){0};
    if (error || !store->head.copy)
        return error;
    error = read_log(store, &reading);
    if (!error)
        error = reading_end(&reading, mend, store->found_exact, found);
    return error || !found->any ? error : give_back(store, &reading, fn, arg, found);
}

/* --- a look, beside whoever writes --- */

/* As far as the log goes now. A copy that is not there any more has been replaced. */
static int measure(struct etcd_store *store, struct reading *reading, const char **why)
{
    int error = L2TPHA_OK;

    *reading = (struct reading){0};
    for (uint32_t i = 0; i < TRIES && !error && reading->log != store->seen.head.copy; i++) {
        *reading = (struct reading){.log = store->seen.head.copy, .most = UINT64_MAX};
        error = read_log(store, reading);
        if (!error && !reading->fault && !reading->whole)
            reading->fault = "the end of the copy is missing";
        if (!error && reading->fault)
            error = etcd_read_open(store, why);
    }
    return error;
}

int etcd_read_look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
                   const char **why)
{
    struct etcd_store *store = user;
    struct reading reading;
    int error = etcd_read_open(store, why);

    *found = (struct l2tpha_store_found){0};
    if (!error)
        error = measure(store, &reading, why);
    if (error || !reading.log)
        return error;
    *why = NULL;
    found->any = reading.whole;
    found->epoch = reading.epoch;
    found->stale =
        reading.fault || !store->seen.exact || store->seen.head.cluster != store->cluster;
    if (reading.whole)
        error = give_back(store, &reading, fn, arg, found);
    found->unproven = found->items - store->read_items; /* what follows a batch has proven it */
    found->fault = reading.fault;
    found->fault_at = reading.fault ? reading.octets : 0;
    return !error && reading.fault ? L2TPHA_ERR_RECORD : error;
}
