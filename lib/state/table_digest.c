/* SPDX-License-Identifier: MIT */
/* The digest over a whole table, or a part of it: the sum over the node, its tunnels, each with its
 * messages, and sessions, so that the order in which they are found does not count. The next data
 * Ns expected changes with each frame and follows to a standby only with what else is said of the
 * session (l2tpha.proto, data_nr): it does not count either. */
#include "state/table_digest.h"

#include "base/bits.h"
#include "state/digest.h"
#include "state/draft.h"

#define ROOM_FIRST 65536u

static int put_session(struct draft *draft, const struct session_entry *entry)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};

    table_session_get(entry, &record.of.session);
    record.of.session.data_nr = 0;
    return draft_put(draft, &record);
}

static int put(struct draft *draft, struct table_item item)
{
    if (item.node)
        return draft_put_node(draft, item.node);
    return item.tunnel ? draft_put_tunnel(draft, item.tunnel, true)
                       : put_session(draft, item.session);
}

static bool make_room(struct table_sum *sum, size_t size)
{
    uint8_t *room = talloc_realloc_size(sum->parent, sum->room, size);

    if (!room)
        return false;
    sum->room = room;
    sum->size = size;
    return true;
}

bool table_sum_add(struct table_sum *sum, struct table_item item)
{
    while (sum->room || make_room(sum, sum->size)) {
        struct draft draft = draft_over(sum->serializer, sum->room, sum->size);
        int error = put(&draft, item);
        if (error != L2TPHA_ERR_TOO_SMALL) {
            sum->sum += error ? bits_mix((uint64_t)error)
                              : digest_bytes(0, draft.writing.start, draft_bytes(&draft));
            return true;
        }
        if (!make_room(sum, sum->size * 2))
            return false;
    }
    return false;
}

static bool add_all(struct table_sum *sum, const struct table *table)
{
    struct table_item item = {.node = table_node(table)};
    uint32_t place = 0;

    if (node_is_set(item.node) && !table_sum_add(sum, item))
        return false;
    item.node = NULL;
    while ((item.tunnel = table_tunnel_next(table, &place)))
        if (!item.tunnel->gone && !table_sum_add(sum, item))
            return false;
    place = 0;
    while ((item.session = table_session_next(table, &place)))
        if (!table_sum_add(sum, item))
            return false;
    return true;
}

uint64_t table_digest(const struct table *table, const struct l2tpha_serializer *serializer)
{
    struct table_sum sum = {.serializer = serializer, .size = ROOM_FIRST};

    if (!add_all(&sum, table))
        sum.sum = 0;
    talloc_free(sum.room);
    return sum.sum;
}
