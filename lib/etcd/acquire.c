/* SPDX-License-Identifier: MIT */
#include "acquire.h"
#include "ask.h"
#include "state.h"
#include "store_body.h"

#include <stdio.h>
#include <string.h>

#define TRANSACTION "/v3/kv/txn"

static void break_all(struct etcd_store *store, int status)
{
    store->failed = true;
    streams_break(&store->streams, status);
}

void acquire_fenced(struct etcd_store *store)
{
    store->streams.fenced = true;
    snprintf(store->note, sizeof(store->note), "another process has the store");
    break_all(store, L2TPHA_ERR_FENCED);
}

bool acquire_may(const struct etcd_store *store)
{
    const struct state *seen = &store->seen;
    bool mine = state_is_mine(store, seen);

    if (!seen->there || mine || store->streams.acquire == ACQUIRE_TAKE)
        return true;
    return store->streams.acquire == ACQUIRE_SERVE && seen->head.epoch < store->streams.epoch;
}

/* What another one has left is not what is served from now on; and a cluster of another name has
 * been made of a backup. */
static bool stays_exact(const struct etcd_store *store)
{
    const struct state *seen = &store->seen;
    bool goes_on = store->streams.acquire != ACQUIRE_SERVE || state_is_mine(store, seen);

    return seen->exact && seen->complete && goes_on && seen->head.cluster == store->cluster;
}

/* --- the acquisition --- */

static void fail_all(struct etcd_store *store, int status)
{
    store->error = status;
    break_all(store, status);
}

static void acquired(struct etcd_store *store, uint64_t fence)
{
    store->fence = fence;
    store->streams.acquire = ACQUIRE_NONE;
    store->streams.owns = store->streams.sweeps = true;
    store->probe_at = store->now + SECOND;
}

static int take_acquired(struct etcd_store *store, const json_t *answer,
                         const struct header *header);

/* Nobody else has this owner's name, so a head that has it was put by an earlier try. */
static void put_head(struct etcd_store *store)
{
    const struct state *seen = &store->seen;
    char turn[9];

    snprintf(turn, sizeof(turn), "%08x", ++store->turn);
    memcpy(store->head.owner, store->process, PROCESS_DIGITS);
    memcpy(store->head.owner + PROCESS_DIGITS, turn, sizeof(turn));
    store->head.epoch =
        store->streams.acquire == ACQUIRE_TAKE ? seen->head.epoch : store->streams.epoch;
    store->head.copy = seen->head.copy;
    store->head.level = seen->there ? seen->head.level : L2TPHA_LEVEL;
    store->head.level_min = seen->there ? seen->head.level_min : L2TPHA_LEVEL_MIN;
    store->head.cluster = store->cluster;
    store->found_exact = stays_exact(store);
    ask_begin(store, TRANSACTION, body_acquire(store, store->found_exact), take_acquired, fail_all);
}

static void decide(struct etcd_store *store)
{
    if (!acquire_may(store))
        acquire_fenced(store);
    else if (store->now >= store->until)
        fail_all(store, L2TPHA_ERR_TIMEOUT);
    else
        put_head(store);
}

static int refuse_level(struct etcd_store *store)
{
    snprintf(store->note, sizeof(store->note), LEVEL_WHY, store->seen.head.level_min, L2TPHA_LEVEL);
    return L2TPHA_ERR_LEVEL;
}

static int take_state(struct etcd_store *store, const json_t *responses)
{
    int error = state_read(store, responses, &store->seen);

    if (error == L2TPHA_ERR_RECORD_VERSION)
        snprintf(store->note, sizeof(store->note), "another release has written it");
    else if (error)
        snprintf(store->note, sizeof(store->note), "its head is none");
    else if (store->seen.head.level_min > L2TPHA_LEVEL)
        return refuse_level(store);
    return error;
}

static int take_acquired(struct etcd_store *store, const json_t *answer,
                         const struct header *header)
{
    size_t successes = (store->seen.there ? 3 : 2) + store->found_exact;
    const json_t *responses;
    bool succeeded;

    if (!piece_outcome(answer, successes, body_state_reads(store), &succeeded, &responses))
        return L2TPHA_ERR_RECORD;
    if (succeeded && header->revision == 0)
        return L2TPHA_ERR_RECORD;
    int error = succeeded ? L2TPHA_OK : take_state(store, responses);
    if (error)
        return error;
    if (succeeded)
        acquired(store, header->revision);
    else if (state_is_held(store, &store->seen) && store->seen.fence > 0)
        acquired(store, store->seen.fence);
    else
        decide(store);
    return L2TPHA_OK;
}

int acquire_see(struct etcd_store *store, const json_t *answer)
{
    const json_t *responses;
    bool succeeded;

    if (!piece_outcome(answer, body_state_reads(store), 0, &succeeded, &responses) || !succeeded)
        return L2TPHA_ERR_RECORD;
    return take_state(store, responses);
}

static int take_first(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    int error = acquire_see(store, answer);

    (void)header;
    if (!error)
        decide(store);
    return error;
}

void acquire_begin(struct etcd_store *store)
{
    store->error = L2TPHA_OK;
    ask_begin(store, TRANSACTION, body_state(store), take_first, fail_all);
}

/* --- later --- */

static void take_look(struct etcd_store *store, bool lost)
{
    const struct state *seen = &store->seen;

    store->probe_at = store->now + SECOND;
    if (seen->there && !state_is_mine(store, seen)) {
        acquire_fenced(store);
    } else if (lost || !state_is_held(store, seen) || seen->fence != store->fence) {
        store->streams.acquire = ACQUIRE_AGAIN;
        snprintf(store->note, sizeof(store->note), "the cluster has lost what was in it");
        break_all(store, L2TPHA_ERR_GAP);
    }
}

static int take_loss(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    int error = acquire_see(store, answer);

    (void)header;
    if (!error)
        take_look(store, true);
    return error;
}

void acquire_lost(struct etcd_store *store)
{
    ask_begin(store, TRANSACTION, body_state(store), take_loss, fail_all);
}

/* An idle writer has nothing to lose. */
static void fail_probe(struct etcd_store *store, int status)
{
    (void)status;
    store->probe_at = store->now + SECOND;
}

static int take_probe(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    int error = acquire_see(store, answer);

    (void)header;
    if (!error)
        take_look(store, false);
    return error;
}

void acquire_probe(struct etcd_store *store)
{
    ask_begin(store, TRANSACTION, body_state(store), take_probe, fail_probe);
}
