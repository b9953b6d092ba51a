/* SPDX-License-Identifier: MIT */
/* Batches, one after the other. A request without an answer is asked for again, of another member,
 * whose refusal has the batch beside it if the first one has come to pass. */
#include "append.h"
#include "acquire.h"
#include "ask.h"
#include "store_body.h"

#include <stdio.h>
#include <string.h>

static struct batch *finish(struct etcd_store *store)
{
    struct batch *batch = store->writing.batch;

    store->writing.batch = NULL;
    store->probe_at = store->now + SECOND;
    return batch;
}

/* What of it is whole is what is read from now on, whether its stream is wanted or not. */
static void confirmed(struct etcd_store *store, uint64_t revision)
{
    struct stream *stream = store->writing.to;
    struct batch *batch = finish(store);

    if (batch->whole) {
        store->copy = store->writing.log;
        store->streams.sweeps = true;
        store->failed = false;
    }
    if (store->copy == store->writing.log)
        store->last = batch->position;
    if (batch->whole)
        store->head.copy = store->copy;
    if (stream) {
        stream->batches++;
        stream->durable = batch->position;
        store->revisions[stream - store->streams.list] = revision;
        stream->whole |= batch->whole;
        stream->news = true;
    }
    talloc_free(batch);
}

static void not_written(struct etcd_store *store, int status)
{
    talloc_free(finish(store));
    store->failed = true;
    if (store->writing.to)
        stream_break(store->writing.to, status);
}

/* Of another turn of this process it may come to pass still, and then must not. */
static void fail_append(struct etcd_store *store, int status)
{
    if (store->streams.acquire == ACQUIRE_NONE)
        store->streams.acquire = ACQUIRE_AGAIN;
    not_written(store, status);
}

/* --- why it was refused --- */

static bool has_it(const struct batch *batch, const json_t *pair)
{
    char *value = talloc_size(NULL, batch->len);
    size_t len = 0;
    bool same = value && piece_value(pair, value, batch->len, &len) && len == batch->len &&
                memcmp(value, batch->data, len) == 0;

    talloc_free(value);
    return same;
}

static bool pair_of(const json_t *responses, size_t i, const json_t **pair, uint64_t *revision)
{
    const json_t *pairs;

    *revision = 0;
    if (!piece_pairs(json_object_get(json_array_get(responses, i), "response_range"), &pairs))
        return false;
    *pair = json_array_get(pairs, 0);
    return !*pair || (piece_number(*pair, "mod_revision", revision) && *revision > 0);
}

static int take_refusal(struct etcd_store *store, const json_t *responses)
{
    const json_t *fence, *batch;
    uint64_t fence_revision, revision;

    if (!pair_of(responses, 0, &fence, &fence_revision) ||
        !pair_of(responses, 1, &batch, &revision))
        return L2TPHA_ERR_RECORD;
    if (batch && has_it(store->writing.batch, batch)) {
        confirmed(store, revision);
    } else if (fence_revision != store->fence) {
        talloc_free(finish(store));
        acquire_lost(store);
    } else {
        snprintf(store->note, sizeof(store->note), "the cluster has lost what was in it");
        fail_append(store, L2TPHA_ERR_GAP);
    }
    return L2TPHA_OK;
}

static int take_append(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    const struct writing *writing = &store->writing;
    size_t successes = 1 + writing->first + (writing->batch->whole ? 2 : 0);
    const json_t *responses;
    bool succeeded;

    if (!piece_outcome(answer, successes, APPEND_READS, &succeeded, &responses) ||
        header->revision == 0)
        return L2TPHA_ERR_RECORD;
    if (!succeeded)
        return take_refusal(store, responses);
    confirmed(store, header->revision);
    return L2TPHA_OK;
}

/* --- the next one --- */

static struct batch *next_batch(struct etcd_store *store, struct stream **to)
{
    struct batch *batch = NULL;

    for (uint32_t i = 0; i < STREAMS && !batch; i++) {
        *to = &store->streams.list[store->turn_of++ % STREAMS];
        if ((*to)->state == STREAM_READY)
            batch = backlog_take(&(*to)->backlog);
    }
    return batch;
}

bool append_begin(struct etcd_store *store)
{
    struct stream *to;
    struct batch *batch = next_batch(store, &to);

    if (!batch)
        return false;
    batch_close(batch, &(struct batch_head){.whole = batch->whole,
                                            .log = to->log,
                                            .epoch = to->epoch,
                                            .number = to->batches});
    store->writing =
        (struct writing){.batch = batch, .to = to, .log = to->log, .first = to->batches == 0};
    ask_begin(store, "/v3/kv/txn", body_append(store, to, batch), take_append, fail_append);
    return true;
}
