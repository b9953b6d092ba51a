/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "store_body.h"

#include <string.h>

#define HEAD_TEXT_MAX 1024

static const json_t *find(const json_t *pairs, const struct key *key)
{
    const json_t *pair;
    size_t i;

    json_array_foreach(pairs, i, pair)
    {
        const char *name = piece_key(pair);
        if (name && strcmp(name, key->text) == 0)
            return pair;
    }
    return NULL;
}

static bool revision_of(const json_t *pair, uint64_t *revision)
{
    return !pair || (piece_number(pair, "mod_revision", revision) && *revision > 0);
}

static int read_head(const json_t *pair, struct state *state)
{
    char text[HEAD_TEXT_MAX];
    size_t len;

    if (!revision_of(pair, &state->revision) || !piece_value(pair, text, sizeof(text), &len))
        return L2TPHA_ERR_RECORD;
    state->there = true;
    return head_read(text, len, &state->head);
}

static int read_all(const struct etcd_store *store, const json_t *pairs, struct state *state)
{
    struct key head = key_of(store, "store/head");
    const json_t *pair = find(pairs, &head);
    int error = pair ? read_head(pair, state) : L2TPHA_OK;

    if (error || !pair)
        return error;
    struct key fence = key_of(store, "store/%s/fence", state->head.owner),
               exact = key_of(store, "store/%s/exact", state->head.owner);
    state->exact = find(pairs, &exact);
    return revision_of(find(pairs, &fence), &state->fence) ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

int state_read(const struct etcd_store *store, const json_t *responses, struct state *state)
{
    const json_t *pairs, *last;

    *state = (struct state){.complete = true};
    if (!piece_pairs(json_object_get(json_array_get(responses, 0), "response_range"), &pairs))
        return L2TPHA_ERR_RECORD;
    if (store->copy) {
        if (!piece_pairs(json_object_get(json_array_get(responses, 1), "response_range"), &last))
            return L2TPHA_ERR_RECORD;
        state->complete = json_array_size(last) == 1;
    }
    return read_all(store, pairs, state);
}

bool state_is_mine(const struct etcd_store *store, const struct state *state)
{
    return state->there && memcmp(state->head.owner, store->process, PROCESS_DIGITS) == 0;
}

bool state_is_held(const struct etcd_store *store, const struct state *state)
{
    return state->there && strcmp(state->head.owner, store->head.owner) == 0;
}
