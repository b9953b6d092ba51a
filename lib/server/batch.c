/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <string.h>

#define ROOM 4096
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static const uint8_t magic[4] = {'L', '2', 'R', '1'};

static void put(uint8_t *dst, uint64_t number, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        dst[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t *src, unsigned octets)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < octets; i++)
        number |= (uint64_t)src[i] << 8 * i;
    return number;
}

static uint64_t add_to(uint64_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ data[i]) * FNV_PRIME;
    return sum;
}

static uint64_t checksum(const uint8_t *data, size_t len)
{
    return add_to(add_to(FNV_OFFSET, data, 32), data + BATCH_HEAD, len - BATCH_HEAD);
}

struct batch *batch_new(TALLOC_CTX *parent)
{
    struct batch *batch = talloc_zero(parent, struct batch);

    if (batch)
        batch->data = talloc_size(batch, ROOM);
    if (!batch || !batch->data) {
        talloc_free(batch);
        return NULL;
    }
    batch->room = ROOM;
    batch->len = BATCH_HEAD;
    return batch;
}

bool batch_add(struct batch *batch, const uint8_t *data, size_t len)
{
    size_t end = batch->len + 4 + len, room = batch->room;

    while (room < end)
        room *= 2;
    if (room > batch->room) {
        uint8_t *grown = talloc_realloc_size(batch, batch->data, room);
        if (!grown)
            return false;
        batch->data = grown;
        batch->room = room;
    }
    put(batch->data + batch->len, len, 4);
    memcpy(batch->data + batch->len + 4, data, len);
    batch->len = end;
    return true;
}

void batch_close(struct batch *batch, const struct batch_head *head)
{
    memcpy(batch->data, magic, sizeof(magic));
    put(batch->data + 4, head->whole, 4);
    put(batch->data + 8, head->log, 8);
    put(batch->data + 16, head->epoch, 8);
    put(batch->data + 24, head->number, 8);
    put(batch->data + 32, checksum(batch->data, batch->len), 8);
}

const char *batch_read(const uint8_t *data, size_t len, struct batch_head *head)
{
    size_t at = BATCH_HEAD, item;

    if (len < BATCH_HEAD || memcmp(data, magic, sizeof(magic)) != 0)
        return "an entry is none of ours";
    if (get(data + 32, 8) != checksum(data, len))
        return "an entry has changed";
    *head = (struct batch_head){.whole = get(data + 4, 4) & 1,
                                .log = get(data + 8, 8),
                                .epoch = get(data + 16, 8),
                                .number = get(data + 24, 8)};
    while (batch_item(data, len, &at, &item))
        ;
    return at == len ? NULL : "an entry ends within a checkpoint";
}

const uint8_t *batch_item(const uint8_t *data, size_t len, size_t *at, size_t *item_len)
{
    if (len - *at < 4)
        return NULL;
    size_t item = get(data + *at, 4);
    if (item == 0 || item > len - *at - 4)
        return NULL;
    const uint8_t *found = data + *at + 4;
    *at += 4 + item;
    *item_len = item;
    return found;
}
