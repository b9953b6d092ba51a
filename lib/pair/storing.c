/* SPDX-License-Identifier: MIT */
#include "storing.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "pair.h"

#include <l2tpha/store.h>

#include <stdio.h>

#define ACQUIRE_US 500 /* between two tries to open it; doubled each time, up to */
#define ACQUIRE_MAX_US 64000

static void take_line(void *user, const char *text)
{
    say(user, L2TPHA_LOG_RF, "%s", text);
}

/* What has come is looked at in storing_service(). */
static void wake(void *user, uint32_t events)
{
    (void)user, (void)events;
}

static const char *blame(struct l2tpha_pair *pair, const char *why)
{
    snprintf(pair->why, sizeof(pair->why), "store: %s", why);
    return pair->why;
}

/* It may be tried again. */
static const char *acquire(struct l2tpha_pair *pair)
{
    const struct l2tpha_store *store = pair->options.store;
    const char *why = "cannot be opened";
    if (pair->store_open)
        return NULL;
    if (store->open(store->user, &why) != L2TPHA_OK)
        return blame(pair, why);
    pair->store_open = true;
    pair->store_watch = (struct watch){.fd = store->fd(store->user), .handler = wake, .user = pair};
    if (pair->store_watch.fd >= 0 && !watch_for(&pair->watcher, &pair->store_watch, EPOLLIN))
        return blame(pair, "its descriptor cannot be watched");
    return NULL;
}

/* The one of those that replace one another is opened by the one that serves. */
const char *storing_open(struct l2tpha_pair *pair)
{
    const struct l2tpha_store *store = pair->options.store;
    if (store == NULL)
        return NULL;
    const char *why = replaces(pair) ? NULL : acquire(pair);
    if (why != NULL)
        return why;
    struct l2tpha_storage_options options = {.size = sizeof(options),
                                             .store = store,
                                             .holds_for_ever = pair->options.store_holds,
                                             .user = pair,
                                             .log = take_line};
    int error = l2tpha_storage_new(pair, &options, &pair->storage);
    return error == L2TPHA_OK ? NULL : blame(pair, l2tpha_strerror(error));
}

/* The predecessor is about to let it go; what is new waits, as for its first copy. */
static bool is_acquired(struct l2tpha_pair *pair)
{
    uint64_t now = l2tpha_pair_now();
    if (pair->store_open || !pair->store_begun || now < pair->store_at)
        return pair->store_open;
    const char *why = acquire(pair);
    if (why == NULL)
        return true;
    if (pair->store_wait < ACQUIRE_MAX_US) {
        pair->store_wait *= 2;
    } else if (!pair->store_told) {
        pair->store_told = true;
        say(pair, L2TPHA_LOG_ERROR, "%s; trying again", why);
    }
    pair->store_at = now + pair->store_wait;
    return false;
}

/* Over tcp the other node may have served, whatever is here; over unix the file of the lock knows
 * who has served last, where this node has one. */
static bool may_have_served(const struct l2tpha_pair *pair, uint64_t epoch)
{
    if (pair->listen.kind == ENDPOINT_TCP || pair->connect.kind == ENDPOINT_TCP)
        return true;
    if (pair->listen.kind == ENDPOINT_UNIX)
        return lock_epoch(&pair->lock) > epoch;
    return pair->connect.kind != ENDPOINT_NONE;
}

static const char *tell_fault(struct l2tpha_pair *pair, int error,
                              const struct l2tpha_store_found *found)
{
    if (found->fault == NULL || error == L2TPHA_ERR_SEAL)
        return blame(pair, found->fault != NULL ? found->fault : l2tpha_strerror(error));
    snprintf(pair->why, sizeof(pair->why),
             "store: %s, at octet %llu of it: --store-repair takes what is before it", found->fault,
             (unsigned long long)found->fault_at);
    return pair->why;
}

const char *storing_restore(struct l2tpha_pair *pair, bool *restored, enum l2tpha_trust *trust)
{
    struct l2tpha_store_found found = {0};
    *restored = false;
    if (pair->storage == NULL)
        return NULL;
    const char *why = acquire(pair);
    if (why == NULL)
        why = make_node(pair, true);
    if (why != NULL)
        return why;
    int error = l2tpha_storage_restore(pair->storage, pair->node, pair->options.store_mend,
                                       l2tpha_pair_now(), &found);
    if (error != L2TPHA_OK)
        return tell_fault(pair, error, &found);
    bool other = found.any && !leasing_is_used(pair) && /* with a lease the claim says so */
                 may_have_served(pair, info_of(pair).epoch);
    *restored = found.any && !other;
    *trust = found.stale ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EXACT;
    if (other)
        say(pair, L2TPHA_LOG_RF, "store: not gone on from: another node may have served since");
    if (*restored)
        say(pair, L2TPHA_LOG_RF, "store: %llu checkpoints, %llu octets%s%s",
            (unsigned long long)found.items, (unsigned long long)found.bytes,
            found.stale ? ", stale" : "", found.torn ? ", the last ones were not finished" : "");
    else
        free_node(pair);
    return NULL;
}

const char *storing_begin(struct l2tpha_pair *pair)
{
    if (pair->storage == NULL)
        return NULL;
    int error = l2tpha_storage_begin(pair->storage, pair->node, l2tpha_pair_now());
    pair->store_begun = error == L2TPHA_OK;
    pair->store_at = 0;
    pair->store_wait = ACQUIRE_US;
    return error == L2TPHA_OK ? NULL : blame(pair, l2tpha_strerror(error));
}

void storing_end(struct l2tpha_pair *pair)
{
    pair->store_begun = false;
    if (pair->storage != NULL)
        l2tpha_storage_end(pair->storage);
}

void storing_retire(struct l2tpha_pair *pair)
{
    if (pair->storage == NULL)
        return;
    storing_end(pair);
    if (pair->replaced_by != 0) /* it is the successor's */
        return;
    l2tpha_storage_retire(pair->storage);
    (void)storing_service(pair);
}

void storing_free(struct l2tpha_pair *pair)
{
    if (pair->store_watch.fd >= 0)
        watch_stop(&pair->watcher, &pair->store_watch);
    pair->store_watch.fd = -1;
    l2tpha_storage_free(pair->storage);
    pair->storage = NULL;
}

bool storing_take(struct l2tpha_pair *pair, const struct l2tpha_output *output)
{
    return pair->storage != NULL && l2tpha_storage_output(pair->storage, output);
}

/* All that has left is in the store, or that says that it is stale: what it had before is not to be
 * gone on from. */
static void note_epoch(struct l2tpha_pair *pair)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    l2tpha_storage_get(pair->storage, &info);
    if (!pair->note_later ||
        (info.state != L2TPHA_STORAGE_IN_SYNC && info.state != L2TPHA_STORAGE_GOES_ON))
        return;
    pair->note_later = false;
    lock_note(&pair->lock, info_of(pair).epoch);
}

bool storing_service(struct l2tpha_pair *pair)
{
    if (pair->storage == NULL || !is_acquired(pair))
        return false;
    if (pair->replaced_by != 0)
        storing_end(pair);
    bool more = l2tpha_storage_service(pair->storage, l2tpha_pair_now());
    if (pair->reads && info_of(pair).role == L2TPHA_ROLE_FENCED)
        pair->step_down = true; /* another writer has the store */
    note_epoch(pair);
    return more;
}

uint64_t storing_deadline(const struct l2tpha_pair *pair)
{
    if (pair->storage == NULL)
        return L2TPHA_NEVER;
    if (!pair->store_open)
        return pair->store_begun ? pair->store_at : L2TPHA_NEVER;
    return l2tpha_storage_deadline(pair->storage);
}

bool l2tpha_pair_storage(const struct l2tpha_pair *pair, struct l2tpha_storage_info *info)
{
    if (pair->storage != NULL)
        l2tpha_storage_get(pair->storage, info);
    return pair->storage != NULL;
}
