/* SPDX-License-Identifier: MIT */
#include "redundancy/byte_queue.h"

#include <string.h>

#define CAP_MIN 4096

void byte_queue_init(struct byte_queue *queue, TALLOC_CTX *parent, size_t limit)
{
    *queue = (struct byte_queue){.parent = parent, .limit = limit};
}

/* Twice what is needed: the next growth is then as many bytes away as are held. */
static int grow(struct byte_queue *queue, size_t need)
{
    size_t held = byte_queue_len(queue), cap = 2 * need < CAP_MIN ? CAP_MIN : 2 * need;
    uint8_t *data = talloc_array(queue->parent, uint8_t, cap);

    if (!data)
        return L2TPHA_ERR_NOMEM;
    if (held > 0)
        memcpy(data, queue->data + queue->start, held);
    talloc_free(queue->data);
    queue->data = data;
    queue->cap = cap;
    queue->start = 0;
    queue->end = held;
    return L2TPHA_OK;
}

static int make_room(struct byte_queue *queue, size_t len)
{
    size_t held = byte_queue_len(queue);

    if (len > queue->limit - held)
        return L2TPHA_ERR_QUEUE_FULL;
    if (queue->data && len <= queue->cap - queue->end)
        return L2TPHA_OK;
    if (queue->start < held || held + len > queue->cap)
        return grow(queue, held + len);
    memcpy(queue->data, queue->data + queue->start, held);
    queue->start = 0;
    queue->end = held;
    return L2TPHA_OK;
}

uint8_t *byte_queue_add(struct byte_queue *queue, size_t len, int *error)
{
    *error = make_room(queue, len);
    if (*error)
        return NULL;
    queue->end += len;
    return queue->data + queue->end - len;
}

void byte_queue_take(struct byte_queue *queue, size_t len)
{
    queue->start += len < byte_queue_len(queue) ? len : byte_queue_len(queue);
    if (queue->start == queue->end)
        queue->start = queue->end = 0;
}
