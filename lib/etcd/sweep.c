/* SPDX-License-Identifier: MIT */
#include "sweep.h"
#include "ask.h"
#include "state.h"
#include "store_body.h"

/* --- history --- */

/* It is that of all who use the cluster: whoever watches from a revision, or reads at one page
 * after page, gets an error when that is compacted. So it goes when nobody is so far behind. */
static void plan(struct etcd_store *store)
{
    store->compact = store->history_us ? store->gone : 0;
    store->compact_at = store->now + store->history_us;
}

/* Somebody has done so already, or it may not be done: it is the operator's then. */
static void end(struct etcd_store *store, int status)
{
    bool more = store->gone > store->compact;

    (void)status;
    store->compact = 0;
    if (more)
        plan(store);
    else
        store->gone = 0;
}

static int take_compaction(struct etcd_store *store, const json_t *answer,
                           const struct header *header)
{
    (void)answer;
    (void)header;
    end(store, L2TPHA_OK);
    return L2TPHA_OK;
}

void sweep_compact(struct etcd_store *store)
{
    ask_begin(store, "/v3/kv/compaction", body_compact(store, store->compact), take_compaction,
              end);
}

/* --- logs --- */

static void fail_sweep(struct etcd_store *store, int status)
{
    (void)status;
    store->sweep_at = store->now + SECOND;
}

/* Its batches first, then its name. */
static int take_delete(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    uint64_t log = store->swept;

    (void)answer;
    store->gone = header->revision;
    store->swept = 0;
    if (log)
        ask_begin(store, "/v3/kv/deleterange", body_delete(store, log, true), take_delete,
                  fail_sweep);
    else
        sweep_begin(store);
    return L2TPHA_OK;
}

static bool is_wanted(const struct etcd_store *store, uint64_t log)
{
    bool wanted = log == store->seen.head.copy;

    for (uint32_t i = 0; i < STREAMS; i++)
        wanted |= store->streams.list[i].state != STREAM_NONE && store->streams.list[i].log == log;
    return wanted;
}

static uint64_t find_unwanted(const struct etcd_store *store, const json_t *names)
{
    const json_t *pair;
    size_t i;

    json_array_foreach(names, i, pair)
    {
        uint64_t log = key_log(store, piece_key(pair));
        if (log && !is_wanted(store, log))
            return log;
    }
    return 0;
}

static int take_logs(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    size_t reads = body_state_reads(store);
    const json_t *responses, *names;
    bool succeeded;

    (void)header;
    if (!piece_outcome(answer, reads + 1, 0, &succeeded, &responses) || !succeeded ||
        !piece_pairs(json_object_get(json_array_get(responses, reads), "response_range"), &names))
        return L2TPHA_ERR_RECORD;
    int error = state_read(store, responses, &store->seen);
    if (error)
        return error;
    store->swept = state_is_mine(store, &store->seen) ? find_unwanted(store, names) : 0;
    store->streams.sweeps = store->swept != 0;
    if (store->swept)
        ask_begin(store, "/v3/kv/deleterange", body_delete(store, store->swept, false), take_delete,
                  fail_sweep);
    else if (store->gone && !store->compact)
        plan(store);
    return L2TPHA_OK;
}

void sweep_begin(struct etcd_store *store)
{
    ask_begin(store, "/v3/kv/txn", body_logs(store), take_logs, fail_sweep);
}
