/* SPDX-License-Identifier: MIT */
#include "sim/hostile.h"

#include "base/octets.h"
#include "crypto/crypto.h"
#include "fixture.h"
#include "info.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/l2tpha.h>
#include <string.h>

#define SMALL_TUNNELS 32
#define SMALL_SESSIONS 128
#define TIMERS_MAX 100000 /* in the longest rest: more is a loop */
#define HEADER_BYTES 12   /* of a control message (RFC 2661 3.1) */

static struct l2tpha_node *make_node(struct hostile *hostile, TALLOC_CTX *parent)
{
    const struct l2tpha_host host = {
        .size = sizeof(host), .user = &hostile->world, .random = world_draw};
    struct world *world = &hostile->world;
    struct l2tpha_config config;
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = "hostile";
    config.standby = true;
    config.crypto = tests_crypto();
    config.max_tunnels = SMALL_TUNNELS;
    config.max_sessions = SMALL_SESSIONS;
    config.bearer_caps = 3;
    config.takeover_batch = 1 + (uint32_t)(world->state % 3);
    config.failover = (uint8_t)world_below(world, L2TPHA_FAILOVER_FALLBACK + 1);
    config.commit = (enum l2tpha_commit)world_below(world, L2TPHA_COMMIT_ASYNC + 1);
    config.inactivity_ms = world_below(world, 2) ? 0 : 5000;
    config.idle_ms = world_below(world, 2) ? 0 : 3000;
    assert_ok(l2tpha_node_new(parent, &config, &host, world->now, &node));
    return node;
}

void hostile_new(struct hostile *hostile, TALLOC_CTX *parent, uint64_t seed)
{
    static const unsigned percents[] = {0, 0, 2, 10, 50};

    *hostile = (struct hostile){.world = {.now = SECOND, .state = seed}};
    hostile->percent = percents[seed % (sizeof(percents) / sizeof(percents[0]))];
    hostile->node = make_node(hostile, parent);
    hostile->copying = true;
    assert_ok(hostile_feed(hostile, hostile_write_empty(hostile, L2TPHA_CHECKPOINT_BULK_BEGIN)));
    if (world_below(&hostile->world, 3))
        assert_ok(hostile_complete(hostile));
}

void hostile_free(struct hostile *hostile)
{
    l2tpha_node_free(hostile->next);
    l2tpha_node_free(hostile->node);
}

int hostile_feed(struct hostile *hostile, size_t len)
{
    struct l2tpha_node *node = hostile->node;
    uint64_t before = l2tpha_checkpoint_digest(node);
    uint64_t refused = l2tpha_counters(node)->checkpoints_refused;
    /* at exactly its length, so that reading past its end is found */
    uint8_t *copy = talloc_memdup(node, hostile->writing.start, len);

    int error = l2tpha_checkpoint_apply(node, copy, len, hostile->world.now, NULL);
    talloc_free(copy);
    ck_assert_uint_eq(l2tpha_counters(node)->checkpoints_refused, refused + (error != 0));
    if (error) {
        ck_assert_int_eq(error, L2TPHA_ERR_RECORD);
        ck_assert_uint_eq(l2tpha_checkpoint_digest(node), before);
    }
    return error;
}

int hostile_complete(struct hostile *hostile)
{
    if (!hostile->copying)
        return L2TPHA_OK;
    hostile->copying = false;
    return hostile_feed(hostile, hostile_write_empty(hostile, L2TPHA_CHECKPOINT_BULK_END));
}

/* --- what comes out --- */

/* Whatever the node was given: what it writes itself is in order. */
static void pass_on(struct hostile *hostile, const struct l2tpha_output *output)
{
    struct l2tpha_output none;

    if (!hostile->next)
        return;
    assert_ok(l2tpha_checkpoint_apply(hostile->next, output->data, output->len, hostile->world.now,
                                      NULL));
    while (l2tpha_poll(hostile->next, &none, 1, hostile->world.now))
        ;
    assert_ok(l2tpha_checkpoint_done(hostile->node, output->position, 0, hostile->world.now));
}

static void drain(struct hostile *hostile)
{
    struct l2tpha_output output;

    while (l2tpha_poll(hostile->node, &output, 1, hostile->world.now)) {
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            hostile->read += output.data[output.len - 1];
        else if (output.kind == L2TPHA_OUTPUT_EVENT)
            hostile->read += strlen(output.event->text);
        else
            pass_on(hostile, &output);
    }
}

void hostile_take_over(struct hostile *hostile)
{
    drain(hostile);
    assert_ok(l2tpha_takeover(hostile->node, 2, hostile->world.now));
    drain(hostile);
    hostile->next = make_node(hostile, talloc_parent(hostile->node));
    assert_ok(l2tpha_checkpoint_bulk(hostile->node, hostile->world.now));
    drain(hostile);
    for (; info_of(hostile->node).role == L2TPHA_ROLE_ACTIVE_BULK;
         hostile->world.now += MS) { /* it begins when all are restored */
        assert_ok(l2tpha_expire(hostile->node, hostile->world.now));
        drain(hostile);
    }
    ck_assert_uint_eq(l2tpha_checkpoint_digest(hostile->next),
                      l2tpha_checkpoint_digest(hostile->node));
}

/* --- what goes in --- */

static uint32_t below(struct hostile *hostile, uint32_t limit)
{
    return (uint32_t)world_below(&hostile->world, limit);
}

/* A message under construction. */
struct letter {
    uint8_t data[256];
    size_t len;
};

/* Without the M bit, so that one of no use to the message costs nothing (RFC 2661 4.1). */
static void put_avp(struct letter *letter, uint16_t type, const void *value, size_t len)
{
    uint8_t *avp = letter->data + letter->len;

    put_u16(avp, (uint16_t)(6 + len));
    put_u16(avp + 2, 0);
    put_u16(avp + 4, type);
    memcpy(avp + 6, value, len);
    letter->len += 6 + len;
}

static void put_number(struct letter *letter, uint16_t type, uint32_t value, size_t len)
{
    uint8_t wide[4];

    put_u32(wide, value);
    put_avp(letter, type, wide + sizeof(wide) - len, len);
}

/* Two ids, as Tunnel Recovery and Failover Session State have them (RFC 4951 5.2, 5.4). */
static void put_ids(struct hostile *hostile, struct letter *letter, uint16_t type)
{
    uint8_t ids[10] = {
        [5] = (uint8_t)(1 + below(hostile, 6)), [9] = (uint8_t)(1 + below(hostile, 6))};

    put_avp(letter, type, ids, sizeof(ids));
}

/* Every AVP that some message may not do without. */
static void put_avps(struct hostile *hostile, struct letter *letter, uint16_t type)
{
    put_number(letter, L2TPHA_AVP_MESSAGE_TYPE, type, 2);
    letter->data[letter->len - 8] |= 0x80;
    put_number(letter, L2TPHA_AVP_RESULT_CODE, 1, 2);
    put_number(letter, L2TPHA_AVP_PROTOCOL_VERSION, 0x100, 2);
    put_number(letter, L2TPHA_AVP_FRAMING_CAPABILITIES, 3, 4);
    put_avp(letter, L2TPHA_AVP_HOST_NAME, "peer", 4);
    put_number(letter, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, 1 + below(hostile, 6), 2);
    put_number(letter, L2TPHA_AVP_ASSIGNED_SESSION_ID, 1 + below(hostile, 6), 2);
    put_number(letter, L2TPHA_AVP_CALL_SERIAL_NUMBER, below(hostile, 100), 4);
    put_number(letter, L2TPHA_AVP_TX_CONNECT_SPEED, 64000, 4);
    put_number(letter, L2TPHA_AVP_FRAMING_TYPE, 1, 4);
    if (below(hostile, 2))
        put_ids(hostile, letter, L2TPHA_AVP_TUNNEL_RECOVERY);
    if (type == L2TPHA_MESSAGE_FSQ || type == L2TPHA_MESSAGE_FSR)
        put_ids(hostile, letter, L2TPHA_AVP_FAILOVER_SESSION_STATE);
}

/* A tunnel that is there, if any is; the host knows of all but recovery tunnels. */
static struct l2tpha_tunnel *any_tunnel(struct hostile *hostile)
{
    struct l2tpha_tunnel *tunnel = NULL;

    for (unsigned steps = 1 + below(hostile, 6); steps > 0; steps--)
        tunnel = l2tpha_tunnel_next(hostile->node, tunnel);
    return tunnel;
}

/* A header of RFC 2661 3.1, its numbers often those that are expected. */
static void put_header(struct hostile *hostile, struct letter *letter, uint16_t tunnel_id,
                       const struct l2tpha_tunnel_record *tunnel)
{
    bool fits = world_chance(&hostile->world, 80);

    put_u16(letter->data, 0xc802);
    put_u16(letter->data + 2, (uint16_t)letter->len);
    put_u16(letter->data + 4, tunnel_id);
    put_u16(letter->data + 6, (uint16_t)below(hostile, 7));
    put_u16(letter->data + 8, (uint16_t)(fits ? tunnel->nr : below(hostile, 65536)));
    put_u16(letter->data + 10, (uint16_t)(fits ? tunnel->ns : below(hostile, 65536)));
}

static void hear(struct hostile *hostile)
{
    static const uint8_t types[] = {0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 21, 22};
    uint16_t type = types[below(hostile, sizeof(types))];
    struct l2tpha_tunnel_record record = {.local_id = 1 + below(hostile, 6)};
    struct l2tpha_tunnel *tunnel = any_tunnel(hostile);
    struct letter letter = {.len = HEADER_BYTES};
    struct l2tpha_path path;

    record.size = sizeof(record);
    if (tunnel && type != L2TPHA_MESSAGE_SCCRQ)
        l2tpha_tunnel_get(tunnel, &record);
    if (type != 0) /* a ZLB */
        put_avps(hostile, &letter, type);
    put_header(hostile, &letter, (uint16_t)(type == L2TPHA_MESSAGE_SCCRQ ? 0 : record.local_id),
               &record);
    hostile_path(hostile, &path);
    l2tpha_feed(hostile->node, &path, letter.data, letter.len, hostile->world.now);
}

static void call_host(struct hostile *hostile)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options),
        .call = below(hostile, 2) ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING};
    struct l2tpha_tunnel *tunnel = any_tunnel(hostile);
    struct l2tpha_session *session;

    if (!tunnel)
        return;
    if (below(hostile, 3))
        l2tpha_session_open(tunnel, &options, hostile->world.now, &session);
    else if (below(hostile, 2))
        l2tpha_tunnel_query(tunnel, hostile->world.now);
    else
        l2tpha_tunnel_close(tunnel, 1, 0, NULL, hostile->world.now);
}

static void wait_for(struct hostile *hostile, uint64_t time)
{
    hostile->world.now += time;
    assert_ok(l2tpha_expire(hostile->node, hostile->world.now));
}

void hostile_live(struct hostile *hostile, unsigned steps)
{
    for (unsigned step = 0; step < steps; step++) {
        uint64_t due = l2tpha_deadline(hostile->node);
        switch (below(hostile, 6)) {
        case 0:
            wait_for(hostile, due != L2TPHA_NEVER && due > hostile->world.now
                                  ? due - hostile->world.now
                                  : 0);
            break;
        case 1:
            wait_for(hostile, below(hostile, 5 * SECOND));
            break;
        case 2:
            call_host(hostile);
            break;
        default:
            hear(hostile);
        }
        drain(hostile);
    }
}

void hostile_rest(struct hostile *hostile, uint64_t time)
{
    uint64_t end = hostile->world.now + time, due;
    unsigned timers = 0;

    while ((due = l2tpha_deadline(hostile->node)) <= end) {
        ck_assert_uint_lt(timers++, TIMERS_MAX);
        wait_for(hostile, due > hostile->world.now ? due - hostile->world.now : 0);
        drain(hostile);
    }
    wait_for(hostile, end - hostile->world.now);
    drain(hostile);
}
