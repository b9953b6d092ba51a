/* SPDX-License-Identifier: MIT */
#include "base/octets.h"
#include "engine/session_fsm.h"
#include "fixture.h"
#include "sim/wild.h"

#include <l2tpha/failover.h>
#include <l2tpha/policy.h>
#include <l2tpha/serializer.h>
#include <string.h>

#define MESSAGE_BYTES 20 /* a header and a Message Type AVP */
#define TUNNEL_FLAGS 8192
#define FEW_TUNNELS 2
#define FEW_SESSIONS 4
#define FEW_MESSAGES 3

static const uint8_t text[320] = "some bytes of no meaning";

static bool is_wild(struct wild *wild)
{
    return world_chance(&wild->world, wild->percent);
}

static uint32_t below(struct wild *wild, uint32_t limit)
{
    return (uint32_t)world_below(&wild->world, limit);
}

static uint16_t any_u16(struct wild *wild)
{
    static const uint16_t some[] = {0, 1, 2, 3, 10, 32767, 32768, 65534, 65535};

    return some[below(wild, sizeof(some) / sizeof(some[0]))];
}

static struct l2tpha_bytes any_bytes(struct wild *wild, uint32_t longest)
{
    size_t len = world_chance(&wild->world, 50) ? 0 : below(wild, longest);

    return (struct l2tpha_bytes){len ? text + below(wild, 64) : NULL, len};
}

uint32_t wild_id(struct wild *wild)
{
    static const uint32_t odd[] = {65535, 65536, 65537, 70000, 0x80000001u, 0xffffffffu};

    return is_wild(wild) ? odd[below(wild, sizeof(odd) / sizeof(odd[0]))] : 1 + below(wild, 6);
}

void wild_path(struct wild *wild, struct l2tpha_path *path)
{
    *path = (struct l2tpha_path){.local = {.len = 6}, .remote = {.len = 6}};
    path->remote.bytes[0] = (uint8_t)(is_wild(wild) ? below(wild, 3) : 1);
}

static struct wild_tunnel *find(struct wild *wild, uint32_t id)
{
    for (unsigned i = 0; i < wild->count; i++)
        if (wild->tunnels[i].id == id)
            return &wild->tunnels[i];
    return NULL;
}

static void put(struct wild *wild, const struct l2tpha_record *record)
{
    assert_ok(l2tpha_serializer_proto()->put_record(record, &wild->start,
                                                    (size_t)(wild->start - wild->data)));
}

/* --- tunnels --- */

/* The one before ns, and those before it. */
static void put_messages(struct wild *wild, uint32_t tunnel_id, uint16_t ns, unsigned count)
{
    static const uint8_t types[] = {1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 20, 21, 22, 99};

    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[MESSAGE_BYTES] = {
            0xc8,        2,        [3] = MESSAGE_BYTES,
            [12] = 0x80, [13] = 8, [19] = types[below(wild, sizeof(types))]};
        struct l2tpha_record record = {.kind = L2TPHA_RECORD_MESSAGE};
        put_u16(bytes + 8, --ns);
        record.of.message = (struct l2tpha_message_record){
            .tunnel_id = tunnel_id, .ns = ns, .bytes = {bytes, sizeof(bytes)}};
        put(wild, &record);
    }
}

/* An ordinary tunnel that is up. */
static uint32_t recoverable(struct wild *wild)
{
    for (unsigned i = 0; i < wild->count; i++)
        if (wild->tunnels[i].state == L2TPHA_TUNNEL_ESTABLISHED && !wild->tunnels[i].recovers)
            return wild->tunnels[i].id;
    return 0;
}

static void choose_state(struct wild *wild, const struct wild_tunnel *known,
                         struct l2tpha_tunnel_record *record)
{
    uint8_t least = known ? known->state : L2TPHA_TUNNEL_WAIT_CTL_REPLY;

    record->state = (uint8_t)(least + below(wild, L2TPHA_TUNNEL_STOPPED + 1u - least));
    if (!known && world_chance(&wild->world, 50))
        record->state = L2TPHA_TUNNEL_ESTABLISHED;
    if (is_wild(wild))
        record->state = (uint8_t)below(wild, L2TPHA_TUNNEL_STOPPED + 1);
    if (known)
        record->recovers = known->recovers;
    else if (world_chance(&wild->world, 25))
        record->recovers = recoverable(wild);
    if (is_wild(wild))
        record->recovers = wild_id(wild);
}

static void choose_strings(struct wild *wild, struct l2tpha_tunnel_record *record)
{
    record->secret = any_bytes(wild, 20);
    record->peer_name = any_bytes(wild, 200);
    record->challenge = any_bytes(wild, 40);
    record->app_state = any_bytes(wild, 60);
    memcpy(record->tie_breaker, text + below(wild, 8), sizeof(record->tie_breaker));
    wild_path(wild, &record->path);
}

static struct l2tpha_tunnel_record any_tunnel(struct wild *wild, uint32_t id, uint16_t ns,
                                              uint16_t queued)
{
    struct l2tpha_tunnel_record record = {
        .size = sizeof(record),
        .local_id = id,
        .remote_id = world_chance(&wild->world, 80) ? wild_id(wild) : 0,
        .configured_method = (uint8_t)below(wild, L2TPHA_FAILOVER_FALLBACK + 1),
        .effective_method = (uint8_t)below(wild, L2TPHA_FAILOVER_FALLBACK + 1),
        .flags = below(wild, TUNNEL_FLAGS),
        .local_window = world_chance(&wild->world, 20) ? any_u16(wild) : 128,
        .remote_window = world_chance(&wild->world, 20) ? any_u16(wild) : 8,
        .ns = ns,
        .acked = (uint16_t)(ns - queued),
        .nr = any_u16(wild),
        .session_ids_shift = any_u16(wild),
        .framing_caps = 3,
        .bearer_caps = 3,
        .remote_failover = below(wild, 8),
        .remote_recovery_ms = below(wild, 2) ? UINT32_MAX : 60000,
        .suggested_ns = any_u16(wild),
        .suggested_nr = any_u16(wild),
        .resync_packets = (uint16_t)below(wild, L2TPHA_RESYNC_PACKETS_MAX + 1),
        .result = any_u16(wild),
        .error = any_u16(wild),
    };

    choose_strings(wild, &record);
    return record;
}

static void remember(struct wild *wild, const struct l2tpha_tunnel_record *record)
{
    struct wild_tunnel *known = find(wild, record->local_id);

    if (!known && wild->count == WILD_TUNNELS)
        return;
    if (!known)
        known = &wild->tunnels[wild->count++];
    *known = (struct wild_tunnel){record->local_id, record->recovers, record->ns, record->state};
}

static void put_tunnel(struct wild *wild)
{
    uint16_t ns = any_u16(wild), queued = (uint16_t)below(wild, FEW_MESSAGES + 1);
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_TUNNEL};

    record.of.tunnel = any_tunnel(wild, wild_id(wild), ns, queued);
    choose_state(wild, find(wild, record.of.tunnel.local_id), &record.of.tunnel);
    put_messages(wild, record.of.tunnel.local_id, ns, queued);
    put(wild, &record);
    remember(wild, &record.of.tunnel);
}

/* A few messages more. */
static void put_sequence(struct wild *wild)
{
    struct wild_tunnel *known = wild->count ? &wild->tunnels[below(wild, wild->count)] : NULL;
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SEQUENCE};
    uint16_t queued = (uint16_t)below(wild, FEW_MESSAGES + 1);

    if (!known)
        return;
    record.of.sequence = (struct l2tpha_sequence_record){.tunnel_id = known->id,
                                                         .ns = (uint16_t)(known->ns + queued),
                                                         .acked = known->ns,
                                                         .nr = any_u16(wild)};
    known->ns = record.of.sequence.ns;
    put_messages(wild, known->id, known->ns, queued);
    put(wild, &record);
}

/* --- sessions --- */

static void choose_machine(struct wild *wild, struct l2tpha_session_record *record)
{
    bool any = is_wild(wild);

    do {
        record->side = (uint8_t)(L2TPHA_LAC + below(wild, 2));
        record->call = (uint8_t)(L2TPHA_CALL_INCOMING + below(wild, 2));
        record->state = (uint8_t)below(wild, L2TPHA_SESSION_ESTABLISHED + 1);
    } while (!any && (record->state == L2TPHA_SESSION_IDLE ||
                      !session_has_state(record->side, record->call, record->state)));
}

static void put_session(struct wild *wild)
{
    uint32_t tunnel = recoverable(wild);
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
    struct l2tpha_session_record *session = &record.of.session;

    if (is_wild(wild) || !tunnel)
        tunnel = wild->count ? wild->tunnels[below(wild, wild->count)].id : wild_id(wild);
    *session = (struct l2tpha_session_record){
        .size = sizeof(*session),
        .tunnel_id = tunnel,
        .local_id = 1 + below(wild, 65535),
        .remote_id = 1 + below(wild, 65535),
        .flags = (uint8_t)below(wild, 32),
        .serial = below(wild, UINT32_MAX),
        .framing = below(wild, 4),
        .bearer = below(wild, 4),
        .data_ns = any_u16(wild),
        .data_nr = any_u16(wild),
        .request = any_bytes(wild, 100),
        .connect = any_bytes(wild, 100),
        .app_state = any_bytes(wild, 50),
    };
    if (is_wild(wild))
        session->local_id = session->remote_id = wild_id(wild);
    if (world_chance(&wild->world, 20))
        session->remote_id = 0;
    choose_machine(wild, session);
    put(wild, &record);
}

/* --- the rest --- */

static void put_node(struct wild *wild)
{
    static const uint8_t future[] = {0xc0, 0x3e, 0x05}; /* field 1000 */
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE};

    record.of.node =
        (struct l2tpha_node_record){.size = sizeof(record.of.node),
                                    .tunnel_key = {1, 2, 3},
                                    .tunnel_place = (uint16_t)below(wild, 65535),
                                    .call_serial = below(wild, UINT32_MAX),
                                    .unknown = {future, below(wild, 2) ? sizeof(future) : 0}};
    put(wild, &record);
}

static void put_gone(struct wild *wild)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_GONE};
    struct wild_tunnel *known = find(wild, 1 + below(wild, 6));

    record.of.gone = (struct l2tpha_gone_record){known ? known->id : wild_id(wild),
                                                 below(wild, 2) ? 0 : wild_id(wild)};
    put(wild, &record);
    if (known && record.of.gone.session_id == 0)
        *known = wild->tunnels[--wild->count];
}

static size_t close_checkpoint(struct wild *wild, uint8_t kind)
{
    const struct l2tpha_checkpoint_header header = {
        .version = L2TPHA_CHECKPOINT_VERSION,
        .epoch = 1,
        .number = ++wild->number,
        .kind = kind,
        .generation = kind == L2TPHA_CHECKPOINT_INCREMENT ? 0 : 1};

    assert_ok(l2tpha_serializer_proto()->put_header(&header, &wild->start,
                                                    (size_t)(wild->start - wild->data)));
    return (size_t)(wild->data + WILD_ROOM - wild->start);
}

size_t wild_write_empty(struct wild *wild, uint8_t kind)
{
    wild->start = wild->data + WILD_ROOM;
    return close_checkpoint(wild, kind);
}

/* Written from its end: what comes first in it is put last. */
size_t wild_write(struct wild *wild)
{
    unsigned sessions = below(wild, FEW_SESSIONS), tunnels = below(wild, FEW_TUNNELS);

    wild->start = wild->data + WILD_ROOM;
    if (wild->count == 0)
        tunnels++;
    for (unsigned i = 0; i < sessions && wild->count > 0; i++)
        put_session(wild);
    for (unsigned i = 0; i < tunnels; i++)
        put_tunnel(wild);
    if (tunnels == 0 && below(wild, 2))
        put_sequence(wild);
    if (below(wild, 3) == 0)
        put_node(wild);
    if (below(wild, 4) == 0)
        put_gone(wild);
    return close_checkpoint(wild, L2TPHA_CHECKPOINT_INCREMENT);
}
