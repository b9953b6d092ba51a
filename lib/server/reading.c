/* SPDX-License-Identifier: MIT */
#include "reading.h"

static void give_items(struct reading *reading, const uint8_t *data, size_t len)
{
    const uint8_t *item;
    size_t at = BATCH_HEAD, item_len;

    while (!reading->error && (item = batch_item(data, len, &at, &item_len))) {
        reading->items++;
        if (reading->fn)
            reading->error = reading->fn(reading->arg, item, item_len);
        reading->octets += reading->fn ? item_len : 0;
    }
}

bool reading_take(struct reading *reading, const uint8_t *data, size_t len)
{
    struct batch_head head;
    const char *fault = data ? batch_read(data, len, &head) : READING_FOREIGN;

    if (!fault && head.log != reading->log)
        fault = "an entry is of another log";
    if (!fault && head.number != reading->batches)
        fault = READING_GAP;
    reading->fault = fault;
    if (fault)
        return false;
    reading->batches++;
    reading->whole |= head.whole;
    reading->epoch = head.epoch;
    give_items(reading, data, len);
    if (!reading->fn)
        reading->octets += len;
    return true;
}

bool reading_is_done(const struct reading *reading)
{
    return reading->ended || reading->fault || reading->error || reading->batches == reading->most;
}

int reading_given(const struct reading *reading, uint64_t batches, struct l2tpha_store_found *found)
{
    found->items = reading->items;
    found->bytes = reading->octets;
    if (reading->error)
        return reading->error;
    return reading->batches == batches ? L2TPHA_OK : L2TPHA_ERR_GAP;
}

int reading_end(struct reading *reading, bool mend, bool exact, struct l2tpha_store_found *found)
{
    if (!reading->fault && !reading->whole)
        reading->fault = "the end of the copy is missing";
    found->fault = reading->fault;
    found->fault_at = reading->fault ? reading->octets : 0;
    found->stale = reading->fault || !exact;
    if (reading->fault && !mend)
        return L2TPHA_ERR_RECORD;
    found->any = reading->whole;
    if (found->any)
        found->epoch = reading->epoch;
    return L2TPHA_OK;
}
