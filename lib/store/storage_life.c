/* SPDX-License-Identifier: MIT */
/* A storage's beginning and end, and what is known of it. */
#include "store/storage_private.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/consumer.h>
#include <string.h>

#define TIMEOUT_MS 5000
#define TAIL_BYTES (16u << 20)

int l2tpha_storage_new(TALLOC_CTX *parent, const struct l2tpha_storage_options *options,
                       struct l2tpha_storage **made)
{
    if (!options || options->size != sizeof(*options) || !options->store || !made)
        return L2TPHA_ERR_INVALID;
    struct l2tpha_storage *storage = talloc_zero(parent, struct l2tpha_storage);
    if (!storage)
        return L2TPHA_ERR_NOMEM;
    storage->options = *options;
    if (!storage->options.timeout_ms)
        storage->options.timeout_ms = TIMEOUT_MS;
    if (!storage->options.tail_bytes)
        storage->options.tail_bytes = TAIL_BYTES;
    storage->try_at = L2TPHA_NEVER;
    storage->reason = "";
    *made = storage;
    return L2TPHA_OK;
}

void l2tpha_storage_free(struct l2tpha_storage *storage)
{
    if (storage)
        l2tpha_storage_end(storage);
    talloc_free(storage);
}

struct restoring {
    struct l2tpha_node *node;
    uint64_t now;
    bool sealed;
};

static int restore_one(void *user, const uint8_t *data, size_t len)
{
    struct restoring *restoring = user;

    restoring->sealed = data[0] == L2TPHA_STORE_SEALED;
    if (restoring->sealed)
        return L2TPHA_ERR_SEAL;
    return l2tpha_checkpoint_apply(restoring->node, data, len, restoring->now, NULL);
}

int l2tpha_storage_restore(struct l2tpha_storage *storage, struct l2tpha_node *node, bool mend,
                           uint64_t now, struct l2tpha_store_found *found)
{
    const struct l2tpha_store *store = storage->options.store;
    struct restoring restoring = {.node = node, .now = now};

    int error = store->read(store->user, mend, restore_one, &restoring, found);
    if (restoring.sealed)
        found->fault = "it is sealed, and there is no key for it";
    return error;
}

/* The first line holds from the outset; it is filled in the first turn in which the node serves. */
int l2tpha_storage_begin(struct l2tpha_storage *storage, struct l2tpha_node *node, uint64_t now)
{
    if (storage->node)
        return L2TPHA_ERR_STATE;
    storage->retires = storage->marking = false;
    storage->node = node;
    storage->line = &storage->lines[0];
    storage->try_at = now;
    storage->status = L2TPHA_OK;
    int error = storage_add_consumer(storage, storage->line, now);
    if (!error)
        error = l2tpha_consumer_hold(node, storage->line->consumer, true, now);
    if (error) {
        l2tpha_storage_end(storage);
        return error;
    }
    storage->line->lost = true; /* it has nothing: the next one brings it */
    storage_begin_waiting(storage, "the first copy", now);
    return L2TPHA_OK;
}

/* --- what is known --- */

static enum l2tpha_storage_state state(const struct l2tpha_storage *storage)
{
    if (!storage->node)
        return L2TPHA_STORAGE_OFF;
    if (!storage->line)
        return L2TPHA_STORAGE_GOES_ON;
    if (!storage->line->lost)
        return L2TPHA_STORAGE_IN_SYNC;
    return storage->losses > 0 || storage->copies > 0 ? L2TPHA_STORAGE_HOLDS
                                                      : L2TPHA_STORAGE_COPYING;
}

void l2tpha_storage_get(const struct l2tpha_storage *storage, struct l2tpha_storage_info *info)
{
    struct l2tpha_storage_info now = {.size = info->size,
                                      .state = state(storage),
                                      .reason = storage->reason,
                                      .status = storage->status,
                                      .copies = storage->copies,
                                      .items = storage->items,
                                      .bytes = storage->bytes,
                                      .losses = storage->losses,
                                      .since = storage->since};

    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
}

const char *l2tpha_storage_state_name(enum l2tpha_storage_state number)
{
    static const char *const names[] = {
        [L2TPHA_STORAGE_OFF] = "off",         [L2TPHA_STORAGE_COPYING] = "copying",
        [L2TPHA_STORAGE_IN_SYNC] = "in-sync", [L2TPHA_STORAGE_HOLDS] = "holds",
        [L2TPHA_STORAGE_GOES_ON] = "goes-on",
    };

    return (unsigned)number < sizeof(names) / sizeof(names[0]) ? names[number] : "unknown";
}
