/* SPDX-License-Identifier: MIT */
/* Which id the next call gets. No search takes longer than a fixed time: a tunnel with few calls
 * walks past those in use, one with many has a set of them. */
#include "control/session_id.h"

#include "base/bits.h"

uint64_t session_id_key(const struct l2tpha_node_record *node, uint32_t tunnel_id)
{
    return bits_mix(get_u64(node->tunnel_key) + tunnel_id);
}

/* Where the order of the ids goes on. It must go on where it was after a takeover too: an id that
 * another node gave to a call just ended may still be in messages on their way (RFC 4951 3.3). So
 * the place is part of what is replicated, and costs nothing there: it is Ns plus a shift, and most
 * calls take one place and at once one Ns. The shift changes with calls that wait for their Ns,
 * with ids in use that are passed over, and with jumps of Ns. */
static struct scramble order_of(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint16_t place = (uint16_t)(record->ns + record->session_ids_shift);

    /* There is one id fewer than there are Ns. */
    return (struct scramble){session_id_key(engine_record(tunnel->engine), record->local_id),
                             place == ID_SET_IDS ? 0 : place, ID_SET_IDS};
}

/* The previous active may have given ids to calls that only the peer knows of: as many as its lease
 * had numbers, and any number to calls that waited and to those passed over. */
#define IDS_PASSED 1024

void session_ids_restore(struct l2tpha_tunnel *tunnel)
{
    if (tunnel->entry.record.flags & L2TPHA_TUNNEL_LAGGING)
        tunnel->entry.record.session_ids_shift += IDS_PASSED;
}

/* RFC 4951 3.2.2 moves Ns, and may flush a CDN: the peer still has a call with an id used lately.
 */
void session_ids_reset(struct l2tpha_tunnel *tunnel, uint16_t ns)
{
    tunnel->entry.record.session_ids_shift += (uint16_t)(tunnel->entry.record.ns - ns);
}

/* The set, once it is worth its memory. Without memory for it the next search tries again. */
static const struct id_set *many(struct l2tpha_tunnel *tunnel)
{
    struct id_set *set = &tunnel->session_ids_taken;

    if (set->words)
        return set;
    if (tunnel->entry.session_count < ID_SET_FEW ||
        !id_set_make(tunnel->engine->table, set, ID_SET_IDS))
        return NULL;
    for (const struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next)
        id_set_take(set, entry->local_id);
    return set;
}

uint32_t session_id_free(struct l2tpha_tunnel *tunnel)
{
    const struct id_set *set = many(tunnel);
    struct scramble order = order_of(tunnel);
    uint32_t id = set ? id_set_next(set, &order) : 0;

    /* Many calls and no memory for the set: none is found. */
    for (uint32_t i = 0; !set && !id && i <= ID_SET_FEW; i++) {
        uint32_t next = scramble_next(&order);
        if (!tunnel_session_find(tunnel, next))
            id = next;
    }
    tunnel->next_id_place = order.counter;
    return id;
}

void session_id_taken(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint16_t shift = (uint16_t)(tunnel->next_id_place - record->ns);

    if (shift == record->session_ids_shift)
        return;
    record->session_ids_shift = shift;
    tunnel_mark(tunnel, DIRTY_FULL);
}
