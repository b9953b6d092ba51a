/* SPDX-License-Identifier: MIT */
/* Writing one checkpoint. It is written into a scratch area that is kept, and copied into a buffer
 * of its size; the scratch begins small and grows, up to the longest checkpoint. */
#include "state/ledger_write.h"

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
    draft->level = table_node(ledger->options.table)->record.level;
    int error = fill ? fill(draft, ledger, argument) : 0;
    if (error)
        return error;
    return draft->serializer->put_header(header, &draft->writing);
}

static int keep(struct ledger *ledger, const struct draft *draft, struct buffer **blob)
{
    size_t len = draft_bytes(draft);
    int error;
    struct buffer *copy = buffer_get(table_pool(ledger->options.table), len, &error);
    if (!copy)
        return error;
    memcpy(copy->data, draft->writing.start, len);
    copy->len = (uint32_t)len;
    ledger->options.counters->checkpoints++;
    ledger->options.counters->checkpoint_bytes += len;
    *blob = copy;
    return 0;
}

int ledger_write(struct ledger *ledger, struct l2tpha_checkpoint_header *header, draft_fill fill,
                 void *argument, struct buffer **blob)
{
    struct draft draft;
    int error = ledger->scratch ? 0 : resize(ledger, SCRATCH_FIRST);

    header->version = L2TPHA_CHECKPOINT_VERSION;
    header->epoch = ledger->epoch;
    header->level = L2TPHA_LEVEL > 1 ? L2TPHA_LEVEL : 0;
    if (!error)
        error = compose(ledger, &draft, header, fill, argument);
    while (error == L2TPHA_ERR_TOO_SMALL && ledger->scratch_size < L2TPHA_CHECKPOINT_MAX) {
        error = resize(ledger, ledger->scratch_size * SCRATCH_GROWS);
        if (!error)
            error = compose(ledger, &draft, header, fill, argument);
    }
    return error ? error : keep(ledger, &draft, blob);
}
