/* SPDX-License-Identifier: MIT */
#include "base/octets.h"
#include "engine/session_fsm.h"
#include "fixture.h"
#include "sim/hostile.h"

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

static bool is_hostile(struct hostile *hostile)
{
    return world_chance(&hostile->world, hostile->percent);
}

static uint32_t below(struct hostile *hostile, uint32_t limit)
{
    return (uint32_t)world_below(&hostile->world, limit);
}

static uint16_t any_u16(struct hostile *hostile)
{
    static const uint16_t some[] = {0, 1, 2, 3, 10, 32767, 32768, 65534, 65535};

    return some[below(hostile, sizeof(some) / sizeof(some[0]))];
}

static struct l2tpha_bytes any_bytes(struct hostile *hostile, uint32_t longest)
{
    size_t len = world_chance(&hostile->world, 50) ? 0 : below(hostile, longest);

    return (struct l2tpha_bytes){len ? text + below(hostile, 64) : NULL, len};
}

uint32_t hostile_id(struct hostile *hostile)
{
    static const uint32_t odd[] = {65535, 65536, 65537, 70000, 0x80000001u, 0xffffffffu};

    return is_hostile(hostile) ? odd[below(hostile, sizeof(odd) / sizeof(odd[0]))]
                               : 1 + below(hostile, 6);
}

void hostile_path(struct hostile *hostile, struct l2tpha_path *path)
{
    *path = (struct l2tpha_path){.local = {.len = 6}, .remote = {.len = 6}};
    path->remote.bytes[0] = (uint8_t)(is_hostile(hostile) ? below(hostile, 3) : 1);
}

static struct hostile_tunnel *find(struct hostile *hostile, uint32_t id)
{
    for (unsigned i = 0; i < hostile->count; i++)
        if (hostile->tunnels[i].id == id)
            return &hostile->tunnels[i];
    return NULL;
}

static void begin(struct hostile *hostile)
{
    uint8_t *end = hostile->data + HOSTILE_ROOM;

    hostile->writing = (struct l2tpha_writing){hostile->data, end, end, 0};
}

static void put(struct hostile *hostile, const struct l2tpha_record *record)
{
    assert_ok(l2tpha_serializer_proto()->put_record(record, &hostile->writing));
}

/* --- tunnels --- */

/* The one before ns, and those before it. */
static void put_messages(struct hostile *hostile, uint32_t tunnel_id, uint16_t ns, unsigned count)
{
    static const uint8_t types[] = {1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 20, 21, 22, 99};

    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[MESSAGE_BYTES] = {
            0xc8,        2,        [3] = MESSAGE_BYTES,
            [12] = 0x80, [13] = 8, [19] = types[below(hostile, sizeof(types))]};
        struct l2tpha_record record = {.kind = L2TPHA_RECORD_MESSAGE};
        put_u16(bytes + 8, --ns);
        record.of.message = (struct l2tpha_message_record){
            .tunnel_id = tunnel_id, .ns = ns, .bytes = {bytes, sizeof(bytes)}};
        put(hostile, &record);
    }
}

/* An ordinary tunnel that is up. */
static uint32_t recoverable(struct hostile *hostile)
{
    for (unsigned i = 0; i < hostile->count; i++)
        if (hostile->tunnels[i].state == L2TPHA_TUNNEL_ESTABLISHED && !hostile->tunnels[i].recovers)
            return hostile->tunnels[i].id;
    return 0;
}

static void choose_state(struct hostile *hostile, const struct hostile_tunnel *known,
                         struct l2tpha_tunnel_record *record)
{
    uint8_t least = known ? known->state : L2TPHA_TUNNEL_WAIT_CTL_REPLY;

    record->state = (uint8_t)(least + below(hostile, L2TPHA_TUNNEL_STOPPED + 1u - least));
    if (!known && world_chance(&hostile->world, 50))
        record->state = L2TPHA_TUNNEL_ESTABLISHED;
    if (is_hostile(hostile))
        record->state = (uint8_t)below(hostile, L2TPHA_TUNNEL_STOPPED + 1);
    if (known)
        record->recovers = known->recovers;
    else if (world_chance(&hostile->world, 25))
        record->recovers = recoverable(hostile);
    if (is_hostile(hostile))
        record->recovers = hostile_id(hostile);
}

static void choose_strings(struct hostile *hostile, struct l2tpha_tunnel_record *record)
{
    record->secret = any_bytes(hostile, 20);
    record->peer_name = any_bytes(hostile, 200);
    record->challenge = any_bytes(hostile, 40);
    record->app_state = any_bytes(hostile, 60);
    memcpy(record->tie_breaker, text + below(hostile, 8), sizeof(record->tie_breaker));
    hostile_path(hostile, &record->path);
}

static struct l2tpha_tunnel_record any_tunnel(struct hostile *hostile, uint32_t id, uint16_t ns,
                                              uint16_t queued)
{
    struct l2tpha_tunnel_record record = {
        .size = sizeof(record),
        .local_id = id,
        .remote_id = world_chance(&hostile->world, 80) ? hostile_id(hostile) : 0,
        .configured_method = (uint8_t)below(hostile, L2TPHA_FAILOVER_FALLBACK + 1),
        .effective_method = (uint8_t)below(hostile, L2TPHA_FAILOVER_FALLBACK + 1),
        .flags = below(hostile, TUNNEL_FLAGS),
        .local_window = world_chance(&hostile->world, 20) ? any_u16(hostile) : 128,
        .remote_window = world_chance(&hostile->world, 20) ? any_u16(hostile) : 8,
        .ns = ns,
        .acked = (uint16_t)(ns - queued),
        .nr = any_u16(hostile),
        .session_ids_shift = any_u16(hostile),
        .framing_caps = 3,
        .bearer_caps = 3,
        .remote_failover = below(hostile, 8),
        .remote_recovery_ms = below(hostile, 2) ? UINT32_MAX : 60000,
        .suggested_ns = any_u16(hostile),
        .suggested_nr = any_u16(hostile),
        .resync_packets = (uint16_t)below(hostile, L2TPHA_RESYNC_PACKETS_MAX + 1),
        .result = any_u16(hostile),
        .error = any_u16(hostile),
    };

    choose_strings(hostile, &record);
    return record;
}

static void remember(struct hostile *hostile, const struct l2tpha_tunnel_record *record)
{
    struct hostile_tunnel *known = find(hostile, record->local_id);

    if (!known && hostile->count == HOSTILE_TUNNELS)
        return;
    if (!known)
        known = &hostile->tunnels[hostile->count++];
    *known = (struct hostile_tunnel){record->local_id, record->recovers, record->ns, record->state};
}

static void put_tunnel(struct hostile *hostile)
{
    uint16_t ns = any_u16(hostile), queued = (uint16_t)below(hostile, FEW_MESSAGES + 1);
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_TUNNEL};

    record.of.tunnel = any_tunnel(hostile, hostile_id(hostile), ns, queued);
    choose_state(hostile, find(hostile, record.of.tunnel.local_id), &record.of.tunnel);
    put_messages(hostile, record.of.tunnel.local_id, ns, queued);
    put(hostile, &record);
    remember(hostile, &record.of.tunnel);
}

/* A few messages more. */
static void put_sequence(struct hostile *hostile)
{
    struct hostile_tunnel *known =
        hostile->count ? &hostile->tunnels[below(hostile, hostile->count)] : NULL;
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SEQUENCE};
    uint16_t queued = (uint16_t)below(hostile, FEW_MESSAGES + 1);

    if (!known)
        return;
    record.of.sequence = (struct l2tpha_sequence_record){.tunnel_id = known->id,
                                                         .ns = (uint16_t)(known->ns + queued),
                                                         .acked = known->ns,
                                                         .nr = any_u16(hostile)};
    known->ns = record.of.sequence.ns;
    put_messages(hostile, known->id, known->ns, queued);
    put(hostile, &record);
}

/* --- sessions --- */

static void choose_machine(struct hostile *hostile, struct l2tpha_session_record *record)
{
    bool any = is_hostile(hostile);

    do {
        record->side = (uint8_t)(L2TPHA_LAC + below(hostile, 2));
        record->call = (uint8_t)(L2TPHA_CALL_INCOMING + below(hostile, 2));
        record->state = (uint8_t)below(hostile, L2TPHA_SESSION_ESTABLISHED + 1);
    } while (!any && (record->state == L2TPHA_SESSION_IDLE ||
                      !session_has_state(record->side, record->call, record->state)));
}

static void put_session(struct hostile *hostile)
{
    uint32_t tunnel = recoverable(hostile);
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
    struct l2tpha_session_record *session = &record.of.session;

    if (is_hostile(hostile) || !tunnel)
        tunnel = hostile->count ? hostile->tunnels[below(hostile, hostile->count)].id
                                : hostile_id(hostile);
    *session = (struct l2tpha_session_record){
        .size = sizeof(*session),
        .tunnel_id = tunnel,
        .local_id = 1 + below(hostile, 65535),
        .remote_id = 1 + below(hostile, 65535),
        .flags = (uint8_t)below(hostile, 32),
        .serial = below(hostile, UINT32_MAX),
        .framing = below(hostile, 4),
        .bearer = below(hostile, 4),
        .data_ns = any_u16(hostile),
        .data_nr = any_u16(hostile),
        .request = any_bytes(hostile, 100),
        .connect = any_bytes(hostile, 100),
        .app_state = any_bytes(hostile, 50),
    };
    if (is_hostile(hostile))
        session->local_id = session->remote_id = hostile_id(hostile);
    if (world_chance(&hostile->world, 20))
        session->remote_id = 0;
    choose_machine(hostile, session);
    put(hostile, &record);
}

/* --- the rest --- */

static void put_node(struct hostile *hostile)
{
    static const uint8_t future[] = {0xc0, 0x3e, 0x05}; /* field 1000 */
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE};

    record.of.node =
        (struct l2tpha_node_record){.size = sizeof(record.of.node),
                                    .tunnel_key = {1, 2, 3},
                                    .tunnel_place = (uint16_t)below(hostile, 65535),
                                    .call_serial = below(hostile, UINT32_MAX),
                                    .unknown = {future, below(hostile, 2) ? sizeof(future) : 0}};
    put(hostile, &record);
}

static void put_gone(struct hostile *hostile)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_GONE};
    struct hostile_tunnel *known = find(hostile, 1 + below(hostile, 6));

    record.of.gone = (struct l2tpha_gone_record){known ? known->id : hostile_id(hostile),
                                                 below(hostile, 2) ? 0 : hostile_id(hostile)};
    put(hostile, &record);
    if (known && record.of.gone.session_id == 0)
        *known = hostile->tunnels[--hostile->count];
}

static size_t close_checkpoint(struct hostile *hostile, uint8_t kind)
{
    const struct l2tpha_checkpoint_header header = {
        .version = L2TPHA_CHECKPOINT_VERSION,
        .epoch = 1,
        .number = kind == L2TPHA_CHECKPOINT_INCREMENT ? ++hostile->number : hostile->number,
        .kind = kind,
        .generation = kind == L2TPHA_CHECKPOINT_INCREMENT ? 0 : 1,
        .part = kind == L2TPHA_CHECKPOINT_BULK_END ? 1 : 0};

    assert_ok(l2tpha_serializer_proto()->put_header(&header, &hostile->writing));
    return (size_t)(hostile->writing.end - hostile->writing.start);
}

size_t hostile_write_empty(struct hostile *hostile, uint8_t kind)
{
    begin(hostile);
    return close_checkpoint(hostile, kind);
}

/* Written from its end: what comes first in it is put last. */
size_t hostile_write(struct hostile *hostile)
{
    unsigned sessions = below(hostile, FEW_SESSIONS), tunnels = below(hostile, FEW_TUNNELS);

    begin(hostile);
    if (hostile->count == 0)
        tunnels++;
    for (unsigned i = 0; i < sessions && hostile->count > 0; i++)
        put_session(hostile);
    for (unsigned i = 0; i < tunnels; i++)
        put_tunnel(hostile);
    if (tunnels == 0 && below(hostile, 2))
        put_sequence(hostile);
    if (below(hostile, 3) == 0)
        put_node(hostile);
    if (below(hostile, 4) == 0)
        put_gone(hostile);
    return close_checkpoint(hostile, L2TPHA_CHECKPOINT_INCREMENT);
}
