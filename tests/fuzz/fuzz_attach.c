/* SPDX-License-Identifier: MIT */
/* A node of attached tunnels and its standby; the input is the peer and the daemon: messages of any
 * type with ids and numbers that fit or do not, some octets changed, what the daemon reports,
 * fetches and attaches in any order, time, polls, confirmations, death and takeover. Nothing leaves
 * while a message is handed out, what leaves decodes, every checkpoint applies, and once all is
 * confirmed both nodes hold the same. */
#include "input.h"

#include <l2tpha/l2tpha.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define BATCH 8
#define STEPS 200
#define LAGGING_US 110000
#define IDS 8 /* of tunnels and calls at either end */

struct world {
    TALLOC_CTX *root;
    struct l2tpha_node *node;
    struct l2tpha_node *standby;
    uint64_t now;
    uint64_t random;
    uint64_t epoch;
    uint64_t applied; /* position of the newest checkpoint that the standby holds */
    bool within;      /* a message is handed out */
    uint8_t commit, failover;
};

static const struct l2tpha_path path = {.remote = {.len = 2, .bytes = {10, 1}}};
static struct l2tpha_message message;
static uint8_t scratch[L2TPHA_DATAGRAM_MAX], octets[512];

static int host_random(void *user, uint8_t *dst, size_t len)
{
    struct world *world = user;

    put_random(&world->random, dst, len);
    return 0;
}

static struct l2tpha_node *make_node(struct world *world, bool standby)
{
    const struct l2tpha_host host = {.size = sizeof(host), .user = world, .random = host_random};
    struct l2tpha_config config;
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = "node";
    config.attach = true;
    config.standby = standby;
    config.epoch = world->epoch;
    config.commit = world->commit % 3;
    config.failover = world->failover % 2 ? L2TPHA_FAILOVER_PROTOCOL : L2TPHA_FAILOVER_SILENT;
    config.max_queue = 16;
    config.max_tunnels = 16;
    config.max_sessions = 32;
    config.crypto = l2tpha_crypto_nettle();
    REQUIRE(l2tpha_node_new(world->root, &config, &host, world->now, &node) == L2TPHA_OK);
    return node;
}

/* --- what comes out --- */

static void look_at(struct world *world, const struct l2tpha_output *output)
{
    switch (output->kind) {
    case L2TPHA_OUTPUT_DATAGRAM:
        REQUIRE(l2tpha_message_open(output->data, output->len, NULL, scratch, sizeof(scratch),
                                    &message, NULL) == L2TPHA_OK ||
                !l2tpha_message_is_known(message.type)); /* which a daemon may have */
        break;
    case L2TPHA_OUTPUT_CHECKPOINT:
        REQUIRE(l2tpha_checkpoint_apply(world->standby, output->data, output->len, world->now,
                                        NULL) == L2TPHA_OK);
        world->applied = output->position;
        break;
    case L2TPHA_OUTPUT_EVENT:
        REQUIRE(output->event->text && l2tpha_event_name(output->event->kind));
        break;
    }
}

static bool poll_once(struct world *world)
{
    struct l2tpha_output outputs[BATCH];
    size_t count = l2tpha_poll(world->node, outputs, BATCH, world->now);

    REQUIRE(!world->within || count == 0);
    for (size_t i = 0; i < count; i++)
        look_at(world, &outputs[i]);
    return count > 0;
}

static void confirm(struct world *world)
{
    world->within = false;
    if (world->applied)
        l2tpha_checkpoint_done(world->node, world->applied, 0, world->now);
}

static bool receive(struct world *world, struct l2tpha_tunnel *only)
{
    struct l2tpha_inbound in = {.size = sizeof(in)};
    int got = l2tpha_attach_receive(world->node, only, &in, world->now);

    REQUIRE(got == 0 || (got == 1 && in.tunnel && in.len));
    world->within = got == 1;
    return got;
}

static void settle(struct world *world)
{
    do {
        while (receive(world, NULL) || poll_once(world))
            ;
        confirm(world);
    } while (poll_once(world));
}

/* --- messages --- */

static struct l2tpha_tunnel *pick(const struct world *world, uint8_t at)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(world->node, NULL), *next;

    for (; tunnel && at; at--)
        if ((next = l2tpha_tunnel_next(world->node, tunnel)))
            tunnel = next;
    return tunnel;
}

static void put_avps(struct l2tpha_builder *b, uint16_t type, uint16_t tunnel_id, uint16_t call)
{
    if (type == L2TPHA_MESSAGE_SCCRQ || type == L2TPHA_MESSAGE_SCCRP) {
        l2tpha_builder_put_u8pair(b, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
        l2tpha_builder_put_u32(b, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
        l2tpha_builder_put_bytes(b, L2TPHA_AVP_HOST_NAME, "somebody", 1 + call);
        l2tpha_builder_put_u16(b, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, call);
    }
    if (type == L2TPHA_MESSAGE_STOPCCN || type == L2TPHA_MESSAGE_CDN)
        l2tpha_builder_put_result(b, 1u + call % 3, 0, NULL);
    if (type == L2TPHA_MESSAGE_SCCRQ || type == L2TPHA_MESSAGE_SCCRP ||
        type == L2TPHA_MESSAGE_STOPCCN)
        l2tpha_builder_put_u16(b, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, tunnel_id);
    if (type == L2TPHA_MESSAGE_ICCN || type == L2TPHA_MESSAGE_OCCN || type == L2TPHA_MESSAGE_OCRQ)
        l2tpha_builder_put_u32(b, L2TPHA_AVP_FRAMING_TYPE, 1);
    if (type == L2TPHA_MESSAGE_ICCN || type == L2TPHA_MESSAGE_OCCN)
        l2tpha_builder_put_u32(b, L2TPHA_AVP_TX_CONNECT_SPEED, 64000);
    else if (l2tpha_message_is_session(type) && type != L2TPHA_MESSAGE_SLI)
        l2tpha_builder_put_u16(b, L2TPHA_AVP_ASSIGNED_SESSION_ID, call);
    if (type == L2TPHA_MESSAGE_ICRQ || type == L2TPHA_MESSAGE_OCRQ)
        l2tpha_builder_put_u32(b, L2TPHA_AVP_CALL_SERIAL_NUMBER, call);
    if (type == L2TPHA_MESSAGE_OCRQ) {
        l2tpha_builder_put_u32(b, L2TPHA_AVP_MINIMUM_BPS, 1);
        l2tpha_builder_put_u32(b, L2TPHA_AVP_MAXIMUM_BPS, 2);
        l2tpha_builder_put_u32(b, L2TPHA_AVP_BEARER_TYPE, 1);
        l2tpha_builder_put_bytes(b, L2TPHA_AVP_CALLED_NUMBER, "1", 1);
    }
    if (type == L2TPHA_MESSAGE_SLI)
        l2tpha_builder_put_accm(b, &(struct l2tpha_accm){.send = call});
}

/* A message, some of its octets changed. Returns its length. */
static size_t compose(struct input *input, uint16_t header_id, uint16_t tunnel_id)
{
    static const uint16_t types[] = {
        L2TPHA_MESSAGE_SCCRQ, L2TPHA_MESSAGE_SCCRP, L2TPHA_MESSAGE_SCCCN, L2TPHA_MESSAGE_STOPCCN,
        L2TPHA_MESSAGE_HELLO, L2TPHA_MESSAGE_OCRQ,  L2TPHA_MESSAGE_OCRP,  L2TPHA_MESSAGE_OCCN,
        L2TPHA_MESSAGE_ICRQ,  L2TPHA_MESSAGE_ICRP,  L2TPHA_MESSAGE_ICCN,  L2TPHA_MESSAGE_CDN,
        L2TPHA_MESSAGE_SLI,   L2TPHA_MESSAGE_FSQ,   L2TPHA_MESSAGE_FSR,   L2TPHA_MESSAGE_ICRQ};
    uint16_t type = types[take(input) % 16];
    uint8_t ids = take(input), changes = take(input) % 64;
    struct l2tpha_builder b;
    size_t len;

    l2tpha_builder_begin(&b, octets, sizeof(octets), type, header_id,
                         l2tpha_message_is_session(type) ? ids % IDS : 0);
    put_avps(&b, type, tunnel_id, ids / IDS % IDS);
    if (l2tpha_builder_end(&b, &len))
        return 0;
    for (; changes >= 56; changes--) {
        size_t at = take(input) % len;
        octets[at] = take(input);
    }
    return len;
}

static void peer_says(struct world *world, struct input *input)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    uint8_t how = take(input);
    struct l2tpha_tunnel *tunnel = how & 1 ? pick(world, how >> 5) : NULL;

    if (tunnel)
        l2tpha_tunnel_get(tunnel, &record);
    size_t len = compose(input, (uint16_t)record.local_id, 1 + take(input) % IDS);
    if (!len)
        return;
    l2tpha_header_stamp(octets, (uint16_t)(record.nr + (how & 2 ? (int8_t)take(input) : 0)),
                        (uint16_t)(record.ns + (how & 4 ? (int8_t)take(input) : 0)));
    world->within = false;
    REQUIRE(l2tpha_feed(world->node, &path, octets, len, world->now) <= 0);
}

/* --- the daemon --- */

static void daemon_says(struct world *world, struct input *input)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = pick(world, take(input) % IDS);

    if (!tunnel)
        return;
    l2tpha_tunnel_get(tunnel, &record);
    size_t len = compose(input, (uint16_t)record.remote_id, (uint16_t)record.local_id);
    if (len)
        l2tpha_attach_send(tunnel, octets, len, world->now);
}

static void daemon_attaches(struct world *world, struct input *input)
{
    struct l2tpha_attach_options options = {.size = sizeof(options), .path = path};
    struct l2tpha_tunnel *tunnel;
    uint8_t how = take(input);

    options.initiator = how & 1;
    options.local_id = how / 2 % IDS;
    options.secret = octets;
    options.secret_len = how & 64 ? 5 : 0;
    REQUIRE(l2tpha_attach_tunnel(world->node, &options, world->now, &tunnel) <= 0);
}

static void daemon_reports(struct world *world, struct input *input)
{
    uint8_t what = take(input), call = take(input) % IDS;
    struct l2tpha_tunnel *tunnel = pick(world, what >> 5);
    struct l2tpha_session *session =
        tunnel ? l2tpha_session_find(world->node, l2tpha_tunnel_id(tunnel), call) : NULL;

    if (!tunnel)
        return;
    switch (what % 8) {
    case 0:
    case 1:
        l2tpha_attach_state(tunnel, call,
                            call ? L2TPHA_SESSION_ESTABLISHED : L2TPHA_TUNNEL_ESTABLISHED,
                            world->now);
        break;
    case 2:
        l2tpha_attach_state(tunnel, call, take(input), world->now);
        break;
    case 3:
        l2tpha_attach_gone(tunnel, call, world->now);
        break;
    case 4:
        l2tpha_attach_orphan(tunnel, call, world->now);
        break;
    case 5:
        l2tpha_tunnel_set_app_state(tunnel, scratch, take(input), world->now);
        break;
    case 6:
        if (session)
            l2tpha_session_set_app_state(session, scratch, take(input), world->now);
        break;
    default:
        receive(world, tunnel);
    }
}

/* --- what else may happen --- */

static void pass(struct world *world, struct input *input)
{
    world->now += (uint64_t)take(input) << (take(input) % 20);
    world->within = false;
    REQUIRE(l2tpha_expire(world->node, world->now) <= 0);
}

/* The active dies. What it had polled is with the standby; nothing else is. */
static void take_over(struct world *world)
{
    struct l2tpha_output outputs[BATCH];

    while (l2tpha_poll(world->standby, outputs, BATCH, world->now) > 0)
        ;
    if (l2tpha_takeover(world->standby, ++world->epoch, world->now))
        return; /* not in sync: the active lives on */
    l2tpha_node_free(world->node);
    world->node = world->standby;
    world->standby = make_node(world, true);
    world->applied = 0;
    world->within = false;
    REQUIRE(l2tpha_checkpoint_bulk(world->node, world->now) == L2TPHA_OK);
}

static void step(struct world *world, struct input *input)
{
    switch (take(input) % 12) {
    case 0:
    case 1:
        peer_says(world, input);
        break;
    case 2:
    case 3:
        daemon_says(world, input);
        break;
    case 4:
        daemon_attaches(world, input);
        break;
    case 5:
    case 6:
        daemon_reports(world, input);
        break;
    case 7:
        receive(world, NULL);
        break;
    case 8:
        poll_once(world);
        break;
    case 9:
        confirm(world);
        break;
    case 10:
        pass(world, input);
        break;
    default:
        take_over(world);
    }
}

static bool in_sync(const struct world *world)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(world->node, &info);
    return info.role == L2TPHA_ROLE_ACTIVE;
}

/* A tunnel that the daemon has asked for, and a call that the peer has, as an input says it. */
static void set_up(struct world *world)
{
    static const uint8_t script[] = {
        4, 3,               /* attach tunnel 1 */
        2, 0, 0, 56, 0,     /* SCCRQ */
        0, 1, 4, 1,  56, 0, /* the peer: SCCRP, its tunnel 5 */
        7,                  /* fetch it */
        2, 0, 2, 0,  0,     /* SCCCN */
        5, 0, 0,            /* established */
        0, 1, 0, 8,  24, 0, /* the peer: ICRQ, its call 3 */
        7,                  /* fetch it */
        2, 0, 9, 19, 0,     /* ICRP, call 2 */
        0, 1, 0, 10, 2,  0, /* the peer: ICCN */
        7,                  /* fetch it */
        5, 0, 2,            /* established */
    };
    struct input input = {script, sizeof(script)};

    while (input.left) {
        step(world, &input);
        if (!world->within)
            settle(world);
    }
    settle(world);
    REQUIRE(l2tpha_counters(world->node)->sessions_up == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct world world = {.root = talloc_new(NULL), .now = 1000000, .random = 1, .epoch = 1};

    world.commit = take(&input);
    world.failover = take(&input);
    world.node = make_node(&world, false);
    world.standby = make_node(&world, true);
    REQUIRE(l2tpha_checkpoint_bulk(world.node, world.now) == L2TPHA_OK);
    settle(&world);
    set_up(&world);
    for (int i = 0; i < STEPS && input.left; i++)
        step(&world, &input);
    settle(&world);
    world.now += LAGGING_US; /* bare acknowledgements are told to the standby late */
    l2tpha_expire(world.node, world.now);
    settle(&world);
    if (in_sync(&world))
        REQUIRE(l2tpha_checkpoint_digest(world.node) == l2tpha_checkpoint_digest(world.standby));
    talloc_free(world.root);
    return 0;
}
