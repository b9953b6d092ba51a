/* SPDX-License-Identifier: MIT */
/* The digest over a whole table: the sum over the node, its tunnels, each with its messages, and
 * sessions, so that the order in which they are found does not count. The next data Ns expected
 * changes with each frame and follows to a standby only with what else is said of the session
 * (l2tpha.proto, data_nr): it does not count either. */
#include "state/table_digest.h"

#include "state/digest.h"
#include "state/draft.h"

#define ROOM_FIRST 65536u

struct summer {
    const struct l2tpha_serializer *serializer;
    uint8_t *room;
    size_t size;
    uint64_t sum;
};

/* One of them, the others are NULL. */
struct item {
    const struct node_entry *node;
    const struct tunnel_entry *tunnel;
    const struct session_entry *session;
};

static int put_session(struct draft *draft, const struct session_entry *entry)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};

    table_session_get(entry, &record.of.session);
    record.of.session.data_nr = 0;
    return draft_put(draft, &record);
}

static int put(struct draft *draft, struct item item)
{
    if (item.node)
        return draft_put_node(draft, item.node);
    return item.tunnel ? draft_put_tunnel(draft, item.tunnel, true)
                       : put_session(draft, item.session);
}

/* False: memory is out. What cannot be encoded at all counts by its error. */
static bool add(struct summer *summer, struct item item)
{
    for (;;) {
        struct draft draft = draft_over(summer->serializer, summer->room, summer->size);
        int error = put(&draft, item);
        if (error != L2TPHA_ERR_TOO_SMALL) {
            summer->sum += error ? bits_mix((uint64_t)error)
                                 : digest_bytes(0, draft.writing.start, draft_bytes(&draft));
            return true;
        }
        uint8_t *larger = talloc_realloc_size(NULL, summer->room, summer->size * 2);
        if (!larger)
            return false;
        summer->room = larger;
        summer->size *= 2;
    }
}

static bool add_all(struct summer *summer, const struct table *table)
{
    struct item item = {.node = table_node(table)};
    uint32_t place = 0;

    if (node_is_set(item.node) && !add(summer, item))
        return false;
    item.node = NULL;
    while ((item.tunnel = table_tunnel_next(table, &place)))
        if (!item.tunnel->gone && !add(summer, item))
            return false;
    place = 0;
    while ((item.session = table_session_next(table, &place)))
        if (!add(summer, item))
            return false;
    return true;
}

uint64_t table_digest(const struct table *table, const struct l2tpha_serializer *serializer)
{
    struct summer summer = {.serializer = serializer, .size = ROOM_FIRST};

    summer.room = talloc_size(NULL, summer.size);
    if (!summer.room || !add_all(&summer, table))
        summer.sum = 0;
    talloc_free(summer.room);
    return summer.sum;
}
