/* SPDX-License-Identifier: MIT */
#include "state/ledger_log.h"

#include "base/assert.h"
#include "state/ledger_private.h"

static void drop_oldest(struct ledger *ledger)
{
    const struct logged *oldest = outbox_head(ledger->log);

    ledger->log_bytes -= oldest->blob->cap;
    buffer_put(table_pool(ledger->options.table), oldest->blob);
    outbox_pop(ledger->log);
}

int ledger_log_add(struct ledger *ledger, struct buffer *blob, uint64_t now)
{
    int error;
    struct logged *logged = outbox_push(ledger->log, &error);

    if (!logged) {
        buffer_put(table_pool(ledger->options.table), blob);
        return error;
    }
    *logged = (struct logged){.number = ++ledger->last, .made = now, .blob = blob};
    ledger->log_bytes += blob->cap;
    return L2TPHA_OK;
}

const struct logged *ledger_log_at(const struct ledger *ledger, uint64_t number)
{
    const struct logged *oldest = outbox_head(ledger->log);

    if (!oldest || number < oldest->number || number > ledger->last)
        return NULL;
    return outbox_at(ledger->log, (uint32_t)(number - oldest->number));
}

uint64_t ledger_log_behind(const struct ledger *ledger, uint64_t number, uint64_t *since)
{
    const struct logged *logged;
    uint64_t bytes = 0;

    *since = 0;
    while ((logged = ledger_log_at(ledger, ++number))) {
        *since = *since ? *since : logged->made;
        bytes += logged->blob->len;
    }
    return bytes;
}

void ledger_log_trim(struct ledger *ledger, uint64_t all)
{
    const struct logged *oldest;

    while ((oldest = outbox_head(ledger->log)) && oldest->number <= all)
        drop_oldest(ledger);
}
