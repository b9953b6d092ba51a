/* SPDX-License-Identifier: MIT */
#include "mark.h"
#include "acquire.h"
#include "ask.h"
#include "state.h"
#include "store_body.h"

int mark_stale(void *user)
{
    struct etcd_store *store = user;

    (void)streams_mark(&store->streams);
    return L2TPHA_OK;
}

static void end(struct etcd_store *store, int status)
{
    streams_marked(&store->streams, status);
    if (store->streams.owns && store->streams.acquire == ACQUIRE_NONE)
        store->streams.acquire = ACQUIRE_AGAIN; /* its fence may have gone */
}

static int take_before(struct etcd_store *store, const json_t *answer, const struct header *header);

/* Whoever has acquired it meanwhile is seen by the next look. */
static int take_delete(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    (void)answer;
    (void)header;
    ask_begin(store, "/v3/kv/txn", body_state(store), take_before, end);
    return L2TPHA_OK;
}

static int take_before(struct etcd_store *store, const json_t *answer, const struct header *header)
{
    int error = acquire_see(store, answer);
    const struct state *seen = &store->seen;

    (void)header;
    if (error)
        return error;
    if (!acquire_may(store)) {
        acquire_fenced(store);
        end(store, L2TPHA_ERR_FENCED);
    } else if (!seen->there || (!seen->exact && !seen->fence)) {
        end(store, L2TPHA_OK);
    } else {
        ask_begin(store, "/v3/kv/deleterange", body_mark(store), take_delete, end);
    }
    return L2TPHA_OK;
}

void mark_begin(struct etcd_store *store)
{
    store->streams.mark_asked = false;
    store->streams.marking = true;
    ask_begin(store, "/v3/kv/txn", body_state(store), take_before, end);
}
