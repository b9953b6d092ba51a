/* SPDX-License-Identifier: MIT */
/* What is in the directory when a process begins: the newest segment with a whole copy is what was
 * served last, for the older one goes only when the newer is whole. */
#include "store/file_private.h"
#include "store/reader.h"

#include <l2tpha/record.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int newer_first(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return one < other ? 1 : one > other ? -1 : 0;
}

/* One whose header cannot be read is seen to when it is read. */
static int check_level(struct file_store *store, uint64_t number, const char **why)
{
    struct reader reader;
    int error = reader_open(&reader, store, &store->disk, number);
    bool is_above = !error && reader.header.level_min > L2TPHA_LEVEL;

    reader_close(&reader);
    if (!is_above)
        return error == L2TPHA_ERR_NOMEM ? error : L2TPHA_OK;
    snprintf(store->why, sizeof(store->why),
             "a release that needs level %u has written it: this one has %d",
             reader.header.level_min, L2TPHA_LEVEL);
    *why = store->why;
    return L2TPHA_ERR_LEVEL;
}

int file_find_segments(struct file_store *store, const char **why)
{
    struct numbers *kept = &store->kept;
    int error = store->disk.list(store->disk.user, kept->list, SEGMENTS_MAX, &kept->count);

    *why = "the directory cannot be read";
    if (error)
        return error;
    *why = "there are too many segments";
    if (kept->count > SEGMENTS_MAX)
        return L2TPHA_ERR_LIMIT;
    qsort(kept->list, kept->count, sizeof(kept->list[0]), newer_first);
    store->newest = kept->count > 0 ? kept->list[0] : 0;
    *why = NULL;
    for (uint32_t i = 0; i < kept->count && !error; i++)
        error = check_level(store, kept->list[i], why);
    return error;
}

int file_open(void *user, const char **why)
{
    struct file_store *store = user;
    int error = store->disk.lock(store->disk.user, why);

    return error ? error : file_find_segments(store, why);
}

const char file_fault_header[] = "a segment's header cannot be read";
const char file_fault_item[] = "what was on the disk cannot be read any more";

/* Who reads beside a writer may have met an item before all of it was there, and something behind
 * it after that: at the second look it is there, unless it is damaged. */
int file_measure(struct reader *reader, struct file_extent *extent)
{
    struct segment_item item;
    int found, damaged;
    bool again;

    *extent = (struct file_extent){0};
    do {
        while ((found = reader_next(reader, &item)) == SEGMENT_ITEM) {
            extent->whole |= item.whole;
            extent->items++;
            extent->durable = item.durable > extent->durable ? item.durable : extent->durable;
        }
        again = extent->damaged && extent->at == reader->at;
        extent->last = reader->last;
        extent->at = reader->at;
        extent->ends_badly = found == SEGMENT_BAD;
        damaged = extent->ends_badly && extent->whole ? reader_is_damaged(reader) : 0;
        extent->damaged = damaged > 0;
        reader_return(reader, extent->at, extent->last);
    } while (damaged > 0 && !again);
    return found < 0 ? found : damaged < 0 ? damaged : L2TPHA_OK;
}

int file_give_back(struct reader *reader, uint64_t items, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found)
{
    struct segment_item item;
    int error = L2TPHA_OK;

    while (found->items < items && !error && reader_next(reader, &item) == SEGMENT_ITEM) {
        error = fn(arg, item.data, item.len);
        found->items++;
        found->bytes += item.len;
    }
    return error;
}

/* The header is on the disk before anything behind it, so this one was there once. */
int file_is_headless(const struct file_store *store, const struct reader *reader)
{
    const struct disk *disk = &store->disk;
    uint8_t behind[SEGMENT_ITEM_HEAD] = {0}, zeros[SEGMENT_ITEM_HEAD] = {0};
    int64_t got = disk->read(disk->user, reader->file, SEGMENT_HEADER, behind, sizeof(behind));

    return got < 0 ? (int)got : memcmp(behind, zeros, sizeof(zeros)) != 0;
}

static int refuse_headless(struct file_store *store, const struct reader *reader, bool mend,
                           struct l2tpha_store_found *found)
{
    int headless = file_is_headless(store, reader);

    if (headless <= 0)
        return headless;
    found->stale = true;
    found->fault = file_fault_header;
    return mend ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

/* Whether this segment has a whole copy; then what is to be said of it. */
static int examine(struct file_store *store, uint64_t number, bool mend, struct file_extent *extent,
                   struct l2tpha_store_found *found)
{
    struct reader reader;
    int error = reader_open(&reader, store, &store->disk, number);

    *extent = (struct file_extent){0};
    if (error == L2TPHA_ERR_NOT_FOUND)
        error = refuse_headless(store, &reader, mend, found);
    else if (!error)
        error = file_measure(&reader, extent);
    if (!error && extent->whole) {
        *found = (struct l2tpha_store_found){.any = true,
                                             .stale = reader.marked || found->stale,
                                             .fault = found->fault,
                                             .epoch = reader.header.epoch,
                                             .level = reader.header.level,
                                             .level_min = reader.header.level_min,
                                             .torn = extent->ends_badly && !extent->damaged,
                                             .fault_at = extent->at};
        if (extent->damaged) {
            found->stale = true;
            found->fault = file_fault_item;
            error = mend ? L2TPHA_OK : L2TPHA_ERR_RECORD;
        }
    }
    reader_close(&reader);
    return error;
}

/* What a process that was killed has left in the system's cache is served from now on, so it has to
 * be on the disk first. */
static int read_segment(struct file_store *store, uint64_t number, uint64_t items,
                        l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found)
{
    const struct disk *disk = &store->disk;
    struct reader reader;
    int error = reader_open(&reader, store, disk, number);

    if (!error)
        error = disk->sync(disk->user, reader.file);
    if (!error)
        error = disk->sync_directory(disk->user);
    if (!error)
        error = file_give_back(&reader, items, fn, arg, found);
    reader_close(&reader);
    return error;
}

/* The newest one that is whole; the others are of no use any more. */
int file_read(void *user, bool mend, l2tpha_store_item fn, void *arg,
              struct l2tpha_store_found *found)
{
    struct file_store *store = user;
    struct numbers all = store->kept;
    struct file_extent extent = {0};
    uint64_t chosen = 0;
    int error = L2TPHA_OK;

    *found = (struct l2tpha_store_found){0};
    for (uint32_t i = 0; i < all.count && !error && !found->any; i++) {
        chosen = all.list[i];
        error = examine(store, chosen, mend, &extent, found);
    }
    if (error || !found->any)
        return error;
    error = read_segment(store, chosen, extent.items, fn, arg, found);
    if (error)
        return error;
    store->kept.count = 0;
    for (uint32_t i = 0; i < all.count; i++)
        numbers_add(all.list[i] == chosen ? &store->kept : &store->gone, all.list[i]);
    return L2TPHA_OK;
}
