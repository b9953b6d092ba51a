/* SPDX-License-Identifier: MIT */
/* What is in the directory while another process may be writing there. Of a segment only a
 * beginning is read, as long as it was when it was measured. One that is open stays, though its
 * name may go; of those that are not, the list is made anew. */
#include "store/file_private.h"
#include "store/reader.h"

#include <limits.h>

#define TRIES 16

/* Besides errors, and whatever ends the reading. */
enum looked { GONE = INT_MAX - 1, NOT_WHOLE };

static void describe(const struct reader *reader, const struct file_extent *extent,
                     struct l2tpha_store_found *found)
{
    found->any = true;
    found->stale |= reader->marked || extent->damaged;
    found->epoch = reader->header.epoch;
    found->level = reader->header.level;
    found->level_min = reader->header.level_min;
    found->torn = extent->ends_badly && !extent->damaged;
    found->unproven = extent->last > extent->durable ? extent->last - extent->durable : 0;
    if (!extent->damaged)
        return;
    found->fault = file_fault_item;
    found->fault_at = extent->at;
}

/* The writer makes a segment header first. */
static int look_for_header(struct file_store *store, const struct reader *reader,
                           struct l2tpha_store_found *found)
{
    int headless = file_is_headless(store, reader);

    if (headless < 0)
        return headless;
    if (headless > 0) {
        found->stale = true;
        found->fault = file_fault_header;
    }
    return NOT_WHOLE;
}

static int look_at(struct reader *reader, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found)
{
    struct file_extent extent;
    int error = file_measure(reader, &extent);

    if (error || !extent.whole)
        return error ? error : NOT_WHOLE;
    describe(reader, &extent, found);
    reader_return(reader, SEGMENT_HEADER, 0);
    error = file_give_back(reader, extent.items, fn, arg, found);
    if (!error && found->items < extent.items) /* it was there a moment ago */
        error = L2TPHA_ERR_GAP;
    return error;
}

static int look_into(struct file_store *store, uint64_t number, l2tpha_store_item fn, void *arg,
                     struct l2tpha_store_found *found)
{
    struct reader reader;
    int error = reader_open(&reader, store, &store->disk, number);

    if (error == L2TPHA_ERR_NOT_FOUND)
        error = look_for_header(store, &reader, found);
    else if (error && reader.file < 0)
        error = GONE;
    else if (!error)
        error = look_at(&reader, fn, arg, found);
    reader_close(&reader);
    return error;
}

/* The newest one that is whole. */
static int look_once(struct file_store *store, l2tpha_store_item fn, void *arg,
                     struct l2tpha_store_found *found, const char **why)
{
    *found = (struct l2tpha_store_found){0};
    int error = file_find_segments(store, why);
    if (error)
        return error;
    for (uint32_t i = 0; i < store->kept.count; i++) {
        error = look_into(store, store->kept.list[i], fn, arg, found);
        if (error != NOT_WHOLE)
            return error;
    }
    return L2TPHA_OK;
}

int file_look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
              const char **why)
{
    struct file_store *store = user;
    int error = store->disk.look(store->disk.user, why);

    if (error)
        return error;
    error = GONE;
    for (uint32_t i = 0; i < TRIES && error == GONE; i++)
        error = look_once(store, fn, arg, found, why);
    if (error == GONE) {
        *why = "a segment cannot be opened";
        return L2TPHA_ERR_HOST;
    }
    return !error && found->fault ? L2TPHA_ERR_RECORD : error;
}
