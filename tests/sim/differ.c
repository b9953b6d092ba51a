/* SPDX-License-Identifier: MIT */
#include "sim/differ.h"

#include <string.h>

#define FREE_ID 65535

static struct tunnel_entry *pick_tunnel(const struct table *table, uint64_t chance)
{
    struct tunnel_entry *tunnel = NULL;
    uint32_t place = 0, count = table_tunnel_count(table);

    for (uint64_t i = count ? chance % count + 1 : 0; i; i--)
        tunnel = table_tunnel_next(table, &place);
    return tunnel;
}

static struct session_entry *pick_session(const struct table *table, uint64_t chance)
{
    struct session_entry *session = NULL;
    uint32_t place = 0, count = table_session_count(table);

    for (uint64_t i = count ? chance % count + 1 : 0; i; i--)
        session = table_session_next(table, &place);
    return session;
}

/* Those that no index and no queue hangs on. */
static void flip_tunnel(struct l2tpha_tunnel_record *record, uint64_t chance)
{
    switch (chance % 5) {
    case 0:
        record->remote_window ^= 8;
        break;
    case 1:
        record->resets ^= 2;
        break;
    case 2:
        record->framing_caps ^= 1;
        break;
    case 3:
        record->path.local.bytes[0] ^= 0x40;
        break;
    default:
        record->remote_recovery_ms ^= 0x10000;
        break;
    }
}

static bool flip_name(struct table *table, struct tunnel_entry *tunnel)
{
    struct l2tpha_bytes name = tunnel->record.peer_name;
    uint8_t other[256];

    if (name.len == 0 || name.len > sizeof(other))
        return false;
    memcpy(other, name.data, name.len);
    other[name.len / 2] ^= 0x20;
    return table_tunnel_set_bytes(table, &tunnel->record.peer_name, other, name.len) == 0;
}

static bool flip_message(const struct tunnel_entry *tunnel)
{
    if (!tunnel->queue_head || tunnel->queue_head->len < 13)
        return false;
    tunnel->queue_head->data[12] ^= 1;
    return true;
}

static void flip_session(struct session_entry *session, uint64_t chance)
{
    switch (chance % 4) {
    case 0:
        session->serial ^= 1u << 31;
        break;
    case 1:
        session->tx_speed ^= 1;
        break;
    case 2:
        session->data_ns ^= 0x100;
        break;
    default:
        session->framing ^= 1;
        break;
    }
}

static bool add_tunnel(struct table *table, const struct tunnel_entry *like)
{
    int error;
    struct l2tpha_tunnel_record record = like->record;
    struct tunnel_entry *tunnel = table_tunnel_add(table, FREE_ID, &error);

    if (!tunnel)
        return false;
    record.local_id = FREE_ID;
    record.acked = record.ns;
    record.recovers = 0;
    tunnel->generation = like->generation;
    return table_tunnel_load(table, tunnel, &record) == 0;
}

static bool add_session(struct table *table, struct tunnel_entry *tunnel)
{
    int error;
    struct session_entry *session = table_session_add(table, tunnel, FREE_ID, &error);

    if (!session)
        return false;
    session->side = L2TPHA_LNS;
    session->call = L2TPHA_CALL_INCOMING;
    session->state = L2TPHA_SESSION_ESTABLISHED;
    session->generation = tunnel->generation;
    return true;
}

static bool differ_tunnel(struct table *table, enum differ_kind kind, uint64_t chance)
{
    struct tunnel_entry *tunnel = pick_tunnel(table, chance);

    if (!tunnel)
        return false;
    switch (kind) {
    case DIFFER_TUNNEL:
        flip_tunnel(&tunnel->record, chance >> 32);
        return true;
    case DIFFER_TUNNEL_NAME:
        return flip_name(table, tunnel);
    case DIFFER_MESSAGE:
        return flip_message(tunnel);
    case DIFFER_TUNNEL_LOST:
        table_tunnel_remove(table, tunnel);
        return true;
    case DIFFER_TUNNEL_MORE:
        return add_tunnel(table, tunnel);
    default:
        return tunnel->record.state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel->record.recovers &&
               add_session(table, tunnel);
    }
}

bool differ(struct table *table, enum differ_kind kind, uint64_t chance)
{
    struct session_entry *session;

    switch (kind) {
    case DIFFER_SESSION:
    case DIFFER_SESSION_LOST:
        session = pick_session(table, chance);
        if (!session)
            return false;
        if (kind == DIFFER_SESSION)
            flip_session(session, chance >> 32);
        else
            table_session_remove(table, session);
        return true;
    case DIFFER_NODE:
        if (!node_is_set(table_node(table)))
            return false;
        table_node(table)->record.tunnel_place ^= 1;
        return true;
    default:
        return differ_tunnel(table, kind, chance);
    }
}
