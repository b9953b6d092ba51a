/* SPDX-License-Identifier: MIT */
/* The digest over a whole table: the sum over its tunnels, each with its messages, and sessions, so
 * that the order in which they are found does not count. */
#include "state/digest.h"
#include "state/ledger.h"

#define ROOM_FIRST 65536u

struct summer {
    const struct l2tpha_serializer *serializer;
    uint8_t *room;
    size_t size;
    uint64_t sum;
};

static int put(struct draft *draft, const struct tunnel_entry *tunnel,
               const struct session_entry *session)
{
    return tunnel ? draft_put_tunnel(draft, tunnel, true) : draft_put_session(draft, session);
}

/* False: memory is out. What cannot be encoded at all counts by its error. */
static bool add(struct summer *summer, const struct tunnel_entry *tunnel,
                const struct session_entry *session)
{
    for (;;) {
        struct draft draft = draft_over(summer->serializer, summer->room, summer->size);
        int error = put(&draft, tunnel, session);
        if (error != L2TPHA_ERR_TOO_SMALL) {
            summer->sum += error ? bits_mix((uint64_t)error)
                                 : digest_bytes(0, draft.start, (size_t)(draft.end - draft.start));
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
    const struct tunnel_entry *tunnel;
    const struct session_entry *session;
    uint32_t place = 0;

    while ((tunnel = table_tunnel_next(table, &place)))
        if (!tunnel->gone && !add(summer, tunnel, NULL))
            return false;
    place = 0;
    while ((session = table_session_next(table, &place)))
        if (!add(summer, NULL, session))
            return false;
    return true;
}

uint64_t ledger_digest(const struct table *table, const struct l2tpha_serializer *serializer)
{
    struct summer summer = {.serializer = serializer, .size = ROOM_FIRST};

    summer.room = talloc_size(NULL, summer.size);
    if (!summer.room || !add_all(&summer, table))
        summer.sum = 0;
    talloc_free(summer.room);
    return summer.sum;
}
