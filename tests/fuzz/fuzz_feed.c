/* SPDX-License-Identifier: MIT */
/* A node with an established tunnel, a call and a standby in sync; the input says what happens:
 * datagrams (with ids and numbers patched to fit; one by one, or kept for a batch), time, calls of
 * the host, polls, confirmations, failing callbacks, death and takeover. Everything sent must
 * decode strictly, every checkpoint in order must apply, and once all is confirmed both nodes must
 * hold the same. */
#include "crypto/crypto.h"
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

#define BATCH 16
#define STEPS 200
#define KEPT 8
#define LAGGING_US 110000
#define PEER_TUNNEL 0x1234
#define PEER_CALL 7

struct world {
    TALLOC_CTX *root;
    struct l2tpha_node *node;
    struct l2tpha_node *standby;
    uint64_t now;
    uint64_t random;
    uint64_t epoch;
    uint64_t applied; /* position of the newest checkpoint that the standby holds */
    uint16_t tunnel;  /* the node's id */
    uint16_t call;    /* the node's id of the call */
    uint16_t ns, nr;  /* the peer's */
    bool no_random, no_secret, refuse;
    struct l2tpha_datagram batch[KEPT];
    struct l2tpha_frame frames[KEPT];
    bool counts[KEPT]; /* a message of the peer's, if it is taken */
    size_t kept;
};

static const struct l2tpha_path path = {.remote = {.len = 2, .bytes = {10, 1}}};
static struct l2tpha_message message;
static uint8_t scratch[L2TPHA_DATAGRAM_MAX];

/* --- the host --- */

static int host_random(void *user, uint8_t *dst, size_t len)
{
    struct world *world = user;

    put_random(&world->random, dst, len);
    return world->no_random ? -1 : 0;
}

static int host_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    struct world *world = user;

    REQUIRE(peer->path && peer->name[peer->name_len] == '\0');
    *len = 0;
    if (world->no_secret)
        return -1;
    (void)dst;
    return 0;
}

static void host_admit_session(void *user, struct l2tpha_tunnel *tunnel,
                               const struct l2tpha_message *request, struct l2tpha_verdict *verdict)
{
    struct world *world = user;

    REQUIRE(tunnel && request->type);
    verdict->result = world->refuse ? 4 : 0;
}

static bool host_same_host(void *user, const struct l2tpha_address *asked,
                           const struct l2tpha_address *answers)
{
    (void)user;
    REQUIRE(asked->len <= L2TPHA_ADDRESS_MAX && answers->len <= L2TPHA_ADDRESS_MAX);
    return true;
}

static struct l2tpha_node *make_node(struct world *world, bool standby)
{
    struct l2tpha_host host = {.size = sizeof(host),
                               .user = world,
                               .random = host_random,
                               .secret = host_secret,
                               .admit_session = host_admit_session,
                               .same_host = host_same_host};
    struct l2tpha_config config;
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = "node";
    config.bearer_caps = 3;
    config.standby = standby;
    config.epoch = world->epoch;
    config.max_queue = 64;
    config.max_sessions = 64;
    config.max_half_open = 8;
    config.crypto = tests_crypto();
    REQUIRE(l2tpha_node_new(world->root, &config, &host, world->now, &node) == L2TPHA_OK);
    return node;
}

/* --- what comes out --- */

static void look_at_datagram(struct world *world, const struct l2tpha_output *output)
{
    uint16_t id;

    REQUIRE(l2tpha_message_open(output->data, output->len, NULL, scratch, sizeof(scratch), &message,
                                NULL) == L2TPHA_OK);
    REQUIRE(message.ignored == 0);
    if (message.header.tunnel_id != PEER_TUNNEL)
        return;
    if (message.type && message.header.ns == world->nr)
        world->nr++;
    if (message.type == L2TPHA_MESSAGE_SCCRP &&
        l2tpha_message_u16(&message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id))
        world->tunnel = id;
    if (message.header.session_id == PEER_CALL && message.type == L2TPHA_MESSAGE_ICRP &&
        l2tpha_message_u16(&message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id))
        world->call = id;
}

/* Checkpoints go to the standby at once; whether the node hears of it is the input's choice. */
static void look_at_checkpoint(struct world *world, const struct l2tpha_output *output)
{
    REQUIRE(l2tpha_checkpoint_apply(world->standby, output->data, output->len, world->now, NULL) ==
            L2TPHA_OK);
    world->applied = output->position;
}

static bool poll_once(struct world *world)
{
    struct l2tpha_output outputs[BATCH];
    size_t count = l2tpha_poll(world->node, outputs, BATCH, world->now);

    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            look_at_datagram(world, &outputs[i]);
        else if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            look_at_checkpoint(world, &outputs[i]);
        else
            REQUIRE(outputs[i].event->text && l2tpha_event_name(outputs[i].event->kind));
    }
    return count > 0;
}

static void confirm(struct world *world)
{
    if (world->applied)
        l2tpha_checkpoint_done(world->node, world->applied, 0, world->now);
}

static void settle(struct world *world)
{
    do {
        while (poll_once(world))
            ;
        confirm(world);
    } while (poll_once(world));
}

static void forget(struct l2tpha_node *node, uint64_t now)
{
    struct l2tpha_output outputs[BATCH];

    while (l2tpha_poll(node, outputs, BATCH, now) > 0)
        ;
}

static bool in_sync(const struct world *world)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(world->node, &info);
    return info.role == L2TPHA_ROLE_ACTIVE;
}

/* --- the peer --- */

static void say(struct world *world, uint16_t type, uint16_t session)
{
    struct l2tpha_builder b;
    uint8_t datagram[512];
    size_t len;

    l2tpha_builder_begin(&b, datagram, sizeof(datagram), type, world->tunnel, session);
    if (type == L2TPHA_MESSAGE_SCCRQ) {
        l2tpha_builder_put_u8pair(&b, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
        l2tpha_builder_put_u32(&b, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
        l2tpha_builder_put_bytes(&b, L2TPHA_AVP_HOST_NAME, "peer", 4);
        l2tpha_builder_put_u16(&b, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, PEER_TUNNEL);
    } else if (type == L2TPHA_MESSAGE_ICRQ) {
        l2tpha_builder_put_u16(&b, L2TPHA_AVP_ASSIGNED_SESSION_ID, PEER_CALL);
        l2tpha_builder_put_u32(&b, L2TPHA_AVP_CALL_SERIAL_NUMBER, 1);
    } else if (type == L2TPHA_MESSAGE_ICCN) {
        l2tpha_builder_put_u32(&b, L2TPHA_AVP_TX_CONNECT_SPEED, 64000);
        l2tpha_builder_put_u32(&b, L2TPHA_AVP_FRAMING_TYPE, 1);
    }
    REQUIRE(l2tpha_builder_end(&b, &len) == L2TPHA_OK);
    l2tpha_header_stamp(datagram, world->ns++, world->nr);
    REQUIRE(l2tpha_feed(world->node, &path, datagram, len, world->now) == L2TPHA_OK);
    settle(world);
}

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void take_result(struct world *world, size_t at)
{
    struct l2tpha_datagram *datagram = &world->batch[at];
    struct l2tpha_frame frame;

    REQUIRE(datagram->result <= 0);
    if (datagram->frame && datagram->frame->session)
        REQUIRE(datagram->result == L2TPHA_OK && l2tpha_session_id(datagram->frame->session));
    if (datagram->result == L2TPHA_ERR_DATA_MESSAGE)
        l2tpha_data_receive(world->node, &path, datagram->data, datagram->len, world->now, &frame);
    else if (datagram->result == L2TPHA_OK && world->counts[at])
        world->ns++;
}

/* What was kept goes in by one call, or by one after the other where frames are given. */
static void feed_kept(struct world *world)
{
    size_t done = 0, more;

    for (; done < world->kept; done += more) {
        more = l2tpha_feed_batch(world->node, world->batch + done, world->kept - done, world->now);
        REQUIRE(more > 0 && more <= world->kept - done);
        for (size_t i = done; i < done + more; i++)
            take_result(world, i);
    }
    for (size_t i = 0; i < world->kept; i++)
        free((void *)(uintptr_t)world->batch[i].data);
    world->kept = 0;
}

static void keep(struct world *world, const uint8_t *data, size_t len, bool framed, bool counts)
{
    size_t at = world->kept++;
    uint8_t *exact = malloc(len ? len : 1);

    REQUIRE(exact);
    memcpy(exact, data, len);
    world->counts[at] = counts;
    world->batch[at] = (struct l2tpha_datagram){
        .path = &path, .data = exact, .len = len, .frame = framed ? &world->frames[at] : NULL};
}

static uint16_t next_ns(const struct world *world)
{
    uint16_t ns = world->ns;

    for (size_t i = 0; i < world->kept; i++)
        ns = (uint16_t)(ns + world->counts[i]);
    return ns;
}

/* Octets of the input as AVPs of a message to the tunnel, as a frame, or as a whole datagram. */
static void datagram(struct world *world, struct input *input)
{
    static uint8_t octets[L2TPHA_CONTROL_HEADER + 255];
    uint8_t how = take(input);
    size_t header = how & 1 ? L2TPHA_CONTROL_HEADER : 0, len = header + take(input);
    bool data = how & 128; /* with a header as long */

    for (size_t i = header; i < len; i++)
        octets[i] = take(input);
    if (header) {
        put_u16(octets, data ? 0x4802 : 0xc802);
        put_u16(octets + 2, (uint16_t)len);
        put_u16(octets + 4, how & 2 ? world->tunnel : 0);
        put_u16(octets + 6, how & 4 ? world->call : 0);
        put_u16(octets + 8, (uint16_t)(next_ns(world) + (how & 8 ? (int8_t)take(input) : 0)));
        put_u16(octets + 10, (uint16_t)(world->nr + (how & 16 ? (int8_t)take(input) : 0)));
    }
    keep(world, octets, len, how & 64, !data && header && len > header && how & 2 && !(how & 8));
    if (!(how & 32) || world->kept == KEPT)
        feed_kept(world);
}

/* --- what else may happen --- */

static void pass(struct world *world, struct input *input)
{
    world->now += (uint64_t)take(input) << (take(input) % 20);
    REQUIRE(l2tpha_expire(world->node, world->now) <= 0);
}

static void call_session(struct world *world, uint8_t what, uint8_t argument)
{
    struct l2tpha_session *session = l2tpha_session_find(world->node, world->tunnel, world->call);
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = argument, .has_q931 = true};
    struct l2tpha_call_errors errors = {.crc = argument};
    const struct l2tpha_path *to;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    if (!session)
        return;
    if (what == 0)
        l2tpha_session_close(session, &why, world->now);
    else if (what == 1)
        l2tpha_session_set_link_info(session, argument, 1, world->now);
    else if (what == 2)
        l2tpha_session_set_app_state(session, scratch, argument, world->now);
    else if (what == 3)
        l2tpha_session_report_errors(session, &errors, world->now);
    else
        l2tpha_data_send(session, argument, argument & 1, header, &len, &to, world->now);
}

static void call_tunnel(struct world *world, uint8_t what, uint8_t argument)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(world->node, world->tunnel);
    struct l2tpha_session_options options = {.size = sizeof(options),
                                             .call = argument & 1 ? L2TPHA_CALL_INCOMING
                                                                  : L2TPHA_CALL_OUTGOING,
                                             .framing = 1,
                                             .bearer = 1,
                                             .tx_speed = 64000,
                                             .sequencing_required = argument & 2,
                                             .proxy_authen_type = argument >> 4};
    struct l2tpha_tunnel_options calling = {.size = sizeof(calling), .path = path};
    struct l2tpha_session *session;

    if (what == 5)
        l2tpha_tunnel_open(world->node, &calling, world->now, &tunnel);
    else if (tunnel && what == 6)
        l2tpha_session_open(tunnel, &options, world->now, &session);
    else if (tunnel)
        l2tpha_tunnel_close(tunnel, argument, argument, "bye", world->now);
}

static void fail(struct world *world, uint8_t what)
{
    world->no_random = what & 1;
    world->no_secret = what & 2;
    world->refuse = what & 4;
}

/* The active dies. What it had polled is with the standby; nothing else is. */
static void take_over(struct world *world)
{
    forget(world->standby, world->now);
    fail(world, 0);
    if (l2tpha_takeover(world->standby, ++world->epoch, world->now))
        return; /* not in sync: the active lives on */
    l2tpha_node_free(world->node);
    world->node = world->standby;
    world->standby = make_node(world, true);
    world->applied = 0;
    REQUIRE(l2tpha_checkpoint_bulk(world->node, world->now) == L2TPHA_OK);
}

static void step(struct world *world, struct input *input)
{
    uint8_t what = take(input), argument;

    if (what % 8 > 1)
        feed_kept(world);
    switch (what % 8) {
    case 0:
    case 1:
        datagram(world, input);
        break;
    case 2:
        pass(world, input);
        break;
    case 3:
        what = take(input) % 8;
        argument = take(input);
        if (what < 5)
            call_session(world, what, argument);
        else
            call_tunnel(world, what, argument);
        break;
    case 4:
        poll_once(world);
        break;
    case 5:
        confirm(world);
        break;
    case 6:
        fail(world, take(input));
        break;
    default:
        take_over(world);
    }
}

static void begin(struct world *world)
{
    *world = (struct world){.root = talloc_new(NULL), .now = 1000000, .random = 1, .epoch = 1};
    world->node = make_node(world, false);
    world->standby = make_node(world, true);
    REQUIRE(l2tpha_checkpoint_bulk(world->node, world->now) == L2TPHA_OK);
    settle(world);
    REQUIRE(in_sync(world));
    say(world, L2TPHA_MESSAGE_SCCRQ, 0);
    say(world, L2TPHA_MESSAGE_SCCCN, 0);
    say(world, L2TPHA_MESSAGE_ICRQ, 0);
    say(world, L2TPHA_MESSAGE_ICCN, world->call);
    REQUIRE(l2tpha_counters(world->node)->sessions_up == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct world world;

    begin(&world);
    for (int i = 0; i < STEPS && input.left; i++)
        step(&world, &input);
    feed_kept(&world);
    settle(&world);
    world.now += LAGGING_US; /* bare acknowledgements are told to the standby late */
    l2tpha_expire(world.node, world.now);
    settle(&world);
    if (in_sync(&world))
        REQUIRE(l2tpha_checkpoint_digest(world.node) == l2tpha_checkpoint_digest(world.standby));
    talloc_free(world.root);
    return 0;
}
