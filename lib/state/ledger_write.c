/* SPDX-License-Identifier: MIT */
/* Writing one checkpoint. It is written into a scratch area that is kept, and copied into a buffer
 * of its size; the scratch begins small and grows, up to the longest checkpoint. */
#include "state/ledger_write.h"

#include "base/assert.h"
#include "state/ledger_private.h"

#include <string.h>

#define SCRATCH_FIRST 4096u
#define SCRATCH_GROWS 4 /* times as much, in few steps: each composes anew */

static int resize(struct ledger *ledger, size_t size)
{
    uint8_t *scratch = talloc_size(ledger, size);
    if (!scratch)
        return L2TPHA_ERR_NOMEM;
    talloc_free(ledger->scratch);
    ledger->scratch = scratch;
    ledger->scratch_size = size;
    return 0;
}

static int compose(struct ledger *ledger, struct draft *draft,
                   const struct l2tpha_checkpoint_header *header, draft_fill fill, void *argument)
{
    *draft = draft_over(ledger->options.serializer, ledger->scratch, ledger->scratch_size);
    int error = fill ? fill(draft, ledger, argument) : 0;
    if (error)
        return error;
    return draft->serializer->put_header(header, &draft->start,
                                         (size_t)(draft->start - draft->low));
}

static int enqueue(struct ledger *ledger, const struct draft *draft, uint64_t now)
{
    struct buffer_pool *pool = table_pool(ledger->options.table);
    size_t len = (size_t)(draft->end - draft->start);
    int error;
    struct buffer *blob = buffer_get(pool, len, &error);
    if (!blob)
        return error;
    struct flight *flight = outbox_push(ledger->flights, &error);
    if (!flight) {
        buffer_put(pool, blob);
        return error;
    }
    ASSERT(ledger->options.log, ledger->acknowledged <= ledger->last);
    ASSERT(ledger->options.log, ledger->shipped <= ledger->last);
    memcpy(blob->data, draft->start, len);
    blob->len = (uint32_t)len;
    *flight = (struct flight){.number = ++ledger->last,
                              .since = patience_own(&ledger->patience, now),
                              .made = now,
                              .blob = blob};
    ledger->options.counters->checkpoints++;
    ledger->options.counters->checkpoint_bytes += len;
    return 0;
}

int ledger_write(struct ledger *ledger, struct l2tpha_checkpoint_header *header, draft_fill fill,
                 void *argument, uint64_t now)
{
    struct draft draft;
    int error = ledger->scratch ? 0 : resize(ledger, SCRATCH_FIRST);

    header->version = L2TPHA_CHECKPOINT_VERSION;
    header->epoch = ledger->epoch;
    header->number = ledger->last + 1;
    if (!error)
        error = compose(ledger, &draft, header, fill, argument);
    while (error == L2TPHA_ERR_TOO_SMALL && ledger->scratch_size < L2TPHA_CHECKPOINT_MAX) {
        error = resize(ledger, ledger->scratch_size * SCRATCH_GROWS);
        if (!error)
            error = compose(ledger, &draft, header, fill, argument);
    }
    return error ? error : enqueue(ledger, &draft, now);
}
