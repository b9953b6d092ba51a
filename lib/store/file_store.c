/* SPDX-License-Identifier: MIT */
#include "store/file_private.h"

static int mark_stale(void *user)
{
    struct file_store *store = user;

    store->mark_asked = true;
    return L2TPHA_OK;
}

static void set_level_min(void *user, uint32_t level_min)
{
    struct file_store *store = user;

    store->level_min = level_min;
}

static int descriptor(void *user)
{
    struct file_store *store = user;

    return store->worker.fd(store->worker.user);
}

static void free_store(void *user)
{
    struct file_store *store = user;

    store->worker.free(store->worker.user);
    for (uint32_t i = 0; i < STREAMS; i++)
        file_stream_free(store, &store->streams[i]);
    store->disk.free(store->disk.user);
    talloc_free(store);
}

int file_store_new(TALLOC_CTX *parent, const struct disk *disk, const struct worker *worker,
                   struct l2tpha_store **made)
{
    struct file_store *store = talloc_zero(parent, struct file_store);

    if (!store) {
        worker->free(worker->user);
        disk->free(disk->user);
        return L2TPHA_ERR_NOMEM;
    }
    store->disk = *disk;
    store->worker = *worker;
    store->mark_file = -1;
    store->level_min = L2TPHA_LEVEL_MIN;
    for (uint32_t i = 0; i < STREAMS; i++)
        store->streams[i].file = -1;
    segment_put_mark(store->mark);
    store->store = (struct l2tpha_store){.size = sizeof(store->store),
                                         .name = "file",
                                         .user = store,
                                         .open = file_open,
                                         .read = file_read,
                                         .begin = file_stream_begin,
                                         .append = file_stream_append,
                                         .commit = file_commit,
                                         .event = file_event,
                                         .drop = file_stream_drop,
                                         .mark_stale = mark_stale,
                                         .fd = descriptor,
                                         .look = file_look,
                                         .set_level_min = set_level_min,
                                         .free = free_store};
    *made = &store->store;
    return L2TPHA_OK;
}
