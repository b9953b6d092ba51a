/* SPDX-License-Identifier: MIT */
/* How the numbers of a tunnel stand to one another. */
#ifndef STATE_ORDER_H
#define STATE_ORDER_H

#include "base/serial.h"
#include "state/entry.h"

/* Of a tunnel that is served: acked <= ns_safe <= ns_committed <= ns, and nr_safe <= nr. */
static inline bool entry_is_in_order(const struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;

    return serial_in_order(record->acked, entry->ns_safe, entry->ns_committed) &&
           serial_in_order(record->acked, entry->ns_committed, record->ns) &&
           !serial_after(entry->nr_safe, record->nr);
}

/* The queue has the messages from acked on, each once. */
static inline bool entry_has_queue(const struct tunnel_entry *entry)
{
    return entry->queue_count == (uint16_t)(entry->record.ns - entry->record.acked) &&
           !entry->queue_head == (entry->queue_count == 0) &&
           !entry->queue_tail == (entry->queue_count == 0);
}

#endif
