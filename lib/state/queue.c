/* SPDX-License-Identifier: MIT */
#include "state/queue.h"

void queue_append(struct tunnel_entry *entry, struct buffer *message)
{
    message->next = NULL;
    message->prev = entry->queue_tail;
    if (entry->queue_tail)
        entry->queue_tail->next = message;
    else
        entry->queue_head = message;
    entry->queue_tail = message;
    entry->queue_count++;
    entry->record.ns++;
}

void queue_trim(struct buffer_pool *pool, struct tunnel_entry *entry, uint16_t acked)
{
    while (entry->record.acked != acked && entry->queue_head) {
        struct buffer *oldest = entry->queue_head;
        entry->queue_head = oldest->next;
        if (entry->queue_head)
            entry->queue_head->prev = NULL;
        else
            entry->queue_tail = NULL;
        entry->queue_count--;
        entry->record.acked++;
        buffer_put(pool, oldest);
    }
}
