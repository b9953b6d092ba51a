/* SPDX-License-Identifier: MIT */
/* A segment that is read: whatever is in the file, the reader ends, gives back only what has a
 * checksum, in order, and says that it is damaged where something that was there is missing. The
 * input's first octet says whether it is the file itself or a list of items, which are then written
 * as a store does, and damaged at one place. */
#include "fuzz/input.h"
#include "store/file_store.h"
#include "store/segment.h"

#include <l2tpha/store.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 10)

static uint8_t file[FILE_MAX];
static size_t file_len;

static int lock(void *user, const char **why)
{
    (void)user, (void)why;
    return L2TPHA_OK;
}

static int list(void *user, uint64_t *numbers, uint32_t most, uint32_t *count)
{
    (void)user, (void)most;
    numbers[0] = 1;
    *count = 1;
    return L2TPHA_OK;
}

static int open_file(void *user, uint64_t number, bool make, int *handle)
{
    (void)user, (void)number;
    *handle = 0;
    return make ? L2TPHA_ERR_HOST : L2TPHA_OK;
}

static void close_file(void *user, int handle)
{
    (void)user, (void)handle;
}

static int64_t read_file(void *user, int handle, uint64_t at, uint8_t *dst, size_t len)
{
    (void)user, (void)handle;
    if (at >= file_len)
        return 0;
    len = len < file_len - at ? len : file_len - (size_t)at;
    memcpy(dst, file + at, len);
    return (int64_t)len;
}

static int sync_file(void *user, int handle)
{
    (void)user, (void)handle;
    return L2TPHA_OK;
}

static int sync_directory(void *user)
{
    (void)user;
    return L2TPHA_OK;
}

static void let_go(void *user)
{
    (void)user;
}

static int no_worker(void *user)
{
    (void)user;
    return -1;
}

static void write_items(struct input *input)
{
    struct segment_header header = {.number = 1, .epoch = 7, .salt = {1, 2, 3}};
    uint64_t position = 1 + take(input), durable = 0;

    segment_put_header(file, &header);
    file_len = SEGMENT_HEADER;
    while (input->left > 0) {
        uint8_t what = take(input);
        size_t len = 1 + what % 100;
        if (file_len + segment_item_size(len) > FILE_MAX)
            break;
        uint8_t body[100];
        memset(body, what, sizeof(body));
        struct segment_item item = {.position = position++,
                                    .durable = durable,
                                    .whole = what > 200,
                                    .data = body,
                                    .len = len};
        if (what % 3 == 0)
            durable = item.position;
        segment_put_item(file + file_len, header.salt, &item);
        file_len += segment_item_size(len);
    }
}

struct taken {
    uint64_t items;
    uint64_t octets;
};

static int take_item(void *user, const uint8_t *data, size_t len)
{
    struct taken *taken = user;

    if (len == 0 || !data)
        abort();
    taken->items++;
    taken->octets += len;
    return L2TPHA_OK;
}

static void read_twice(struct l2tpha_store *store)
{
    for (int mend = 0; mend < 2; mend++) {
        struct taken taken = {0};
        struct l2tpha_store_found found;
        int error = store->read(store->user, mend, take_item, &taken, &found);
        if (error != L2TPHA_OK && taken.items > 0)
            abort();
        if (error == L2TPHA_OK && found.any &&
            (taken.items != found.items || taken.octets != found.bytes))
            abort();
        if (mend && error != L2TPHA_OK)
            abort();
        if (found.fault && !found.stale)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct disk disk = {.lock = lock,
                                     .list = list,
                                     .open = open_file,
                                     .close = close_file,
                                     .read = read_file,
                                     .sync = sync_file,
                                     .sync_directory = sync_directory,
                                     .free = let_go};
    static const struct worker worker = {.fd = no_worker, .free = let_go};
    struct input input = {data, len};
    struct l2tpha_store *store;
    const char *why;

    if (take(&input) % 2 == 0) {
        file_len = input.left < FILE_MAX ? input.left : FILE_MAX;
        memcpy(file, data + 1, file_len);
    } else {
        uint8_t change = take(&input);
        size_t at = (size_t)take(&input) << 8 | take(&input);
        write_items(&input);
        if (at < file_len)
            file[at] ^= change;
    }
    if (file_store_new(NULL, &disk, &worker, &store) != L2TPHA_OK)
        return 0;
    if (store->open(store->user, &why) != L2TPHA_OK)
        abort();
    read_twice(store);
    store->free(store->user);
    return 0;
}
