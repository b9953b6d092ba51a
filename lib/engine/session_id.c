/* SPDX-License-Identifier: MIT */
/* Which id the next call gets. No search takes longer than a fixed time: a tunnel with few calls
 * walks past those in use, one with many has a set of them. */
#include "engine/session.h"

#include "base/bits.h"
#include "base/octets.h"
#include "base/serial.h"
#include "state/record.h"

#define FAR_PLACE 32768u

uint64_t session_id_key(const struct l2tpha_node_record *node, uint32_t tunnel_id)
{
    return bits_mix(get_u64(node->tunnel_key) + tunnel_id);
}

/* Where the order of the ids goes on. It must go on where it was after a takeover too: an id that
 * another node gave to a call just ended may still be in messages on their way. So it is not kept
 * but found again from what is replicated: the key from the node's record, the same from the first
 * call on, and the place from Ns, since each call that the peer hears of takes one. Calls that
 * wait for the tunnel take theirs later and so have places of their own, far from the first Ns.
 * There is one id fewer than there are Ns: the last Ns shares a place that is far away too. */
static struct scramble order_of(struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint32_t place = (uint16_t)(record->ns + record->session_ids_shift);

    if (record->state != L2TPHA_TUNNEL_ESTABLISHED)
        place = FAR_PLACE + tunnel->early_ids++ % FAR_PLACE;
    if (place >= ID_SET_IDS)
        place = FAR_PLACE;
    return (struct scramble){session_id_key(engine_record(tunnel->engine), record->local_id),
                             place};
}

/* RFC 4951 3.2.2 moves Ns, 3.3 wants ids not used lately: the reset may have flushed a CDN, and a
 * lease may have been used for calls that this node does not know of. */
void session_ids_reset(struct l2tpha_tunnel *tunnel, uint16_t ns)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint16_t node = (uint16_t)tunnel->engine->config.resync_packets;
    uint16_t lease_end = (uint16_t)(record->acked + record_lease(record, node));
    bool leased = record->flags & L2TPHA_TUNNEL_LAZY && serial_after(lease_end, record->ns);

    record->session_ids_shift += (uint16_t)((leased ? lease_end : record->ns) - ns);
}

/* The set, once it is worth its memory. Without memory for it the next search tries again. */
static const struct id_set *many(struct l2tpha_tunnel *tunnel)
{
    struct id_set *set = &tunnel->session_ids_taken;

    if (set->words)
        return set;
    if (tunnel->entry.session_count < ID_SET_FEW || !id_set_make(tunnel->engine->table, set))
        return NULL;
    for (const struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next)
        id_set_take(set, entry->local_id);
    return set;
}

uint16_t session_id_free(struct l2tpha_tunnel *tunnel)
{
    const struct id_set *set = many(tunnel);
    struct scramble order = order_of(tunnel);

    if (set)
        return id_set_free_from(set, scramble_next(&order));
    for (uint32_t i = 0; i <= ID_SET_FEW; i++) {
        uint16_t id = scramble_next(&order);
        if (!tunnel_session_find(tunnel, id))
            return id;
    }
    return 0; /* many calls and no memory for the set */
}
