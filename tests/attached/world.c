/* SPDX-License-Identifier: MIT */
#include "attached/world.h"

#include "fixture.h"

#include <string.h>

const struct l2tpha_path world_peer_path = {.remote = {.len = 2, .bytes = {10, 1}}};
const struct l2tpha_path world_daemon_path = {.remote = {.len = 2, .bytes = {10, 2}}};

int world_random(void *user, uint8_t *dst, size_t len)
{
    struct world *world = user;

    for (size_t i = 0; i < len; i++) {
        world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(world->seed >> 56);
    }
    return L2TPHA_OK;
}

static int world_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    const struct world *world = user;

    (void)peer;
    *len = world->secret ? strlen(world->secret) : 0;
    if (*len)
        memcpy(dst, world->secret, *len);
    return L2TPHA_OK;
}

/* Outgoing calls are welcome as well. */
static void world_admit(void *user, struct l2tpha_tunnel *tunnel,
                        const struct l2tpha_message *request, struct l2tpha_verdict *verdict)
{
    (void)user, (void)tunnel, (void)request;
    verdict->result = 0;
}

static struct daemon make_daemon(struct world *world, struct l2tpha_node *node)
{
    return (struct daemon){.node = node,
                           .name = "daemon",
                           .secret = world->secret,
                           .crypto = l2tpha_crypto_nettle(),
                           .hooks = {.user = world, .random = world_random}};
}

static struct l2tpha_node *make_node(struct world *world, const char *name, bool attach,
                                     bool standby)
{
    const struct l2tpha_host host = {.size = sizeof(host),
                                     .user = world,
                                     .random = world_random,
                                     .secret = world_secret,
                                     .admit_session = world_admit};
    struct l2tpha_config config;
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = name;
    config.attach = attach;
    config.standby = standby;
    config.failover = L2TPHA_FAILOVER_SILENT;
    config.crypto = l2tpha_crypto_nettle();
    if (world->configure)
        world->configure(&config);
    assert_ok(l2tpha_node_new(world->root, &config, &host, world->now, &node));
    return node;
}

void world_open(struct world *world)
{
    unsigned kill_at = world->kill_at;

    world->kill_at = 0; /* not before the standby has its copy */
    world->root = talloc_new(NULL);
    world->now = 1000000;
    world->seed = 7;
    world->epoch = 1;
    world->peer = make_node(world, "peer", false, false);
    world->peers_standby = make_node(world, "peer", false, true);
    for (unsigned i = 0; i < 2; i++)
        world->nodes[i] = make_daemon(world, make_node(world, "library", true, i == 1));
    world->has_standby = true;
    assert_ok(l2tpha_checkpoint_bulk(world->nodes[0].node, world->now));
    assert_ok(l2tpha_checkpoint_bulk(world->peer, world->now));
    world_settle(world);
    world->kill_at = kill_at;
}

void world_close(struct world *world)
{
    for (unsigned i = 0; i < 2; i++)
        daemon_forget(&world->nodes[i]);
    talloc_free(world->root);
}

struct daemon *world_daemon(struct world *world)
{
    return &world->nodes[world->active];
}

static void put(struct world *world, struct wire *wire, const struct l2tpha_output *output)
{
    struct datagram *datagram = &wire->queue[(wire->head + wire->count) % WORLD_QUEUE];

    if (world->lost && ++world->sent % world->lost == 0)
        return;
    assert_true(wire->count < WORLD_QUEUE && output->len <= sizeof(datagram->data));
    datagram->len = output->len;
    memcpy(datagram->data, output->data, output->len);
    wire->count++;
}

static struct datagram *take(struct wire *wire)
{
    struct datagram *datagram = &wire->queue[wire->head];

    wire->head = (wire->head + 1) % WORLD_QUEUE;
    wire->count--;
    return datagram;
}

void world_kill(struct world *world)
{
    assert_true(world->has_standby);
    world->to_daemon.count = 0;
    daemon_forget(world_daemon(world));
    l2tpha_node_free(world_daemon(world)->node);
    world->active ^= 1;
    world->has_standby = false;
    world->kills++;
    assert_ok(l2tpha_takeover_as(world_daemon(world)->node, ++world->epoch,
                                 world->cut_off ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_AUTO,
                                 world->now));
    daemon_restore(world_daemon(world), world->now);
    daemon_work(world_daemon(world), world->now);
}

static bool daemon_output(struct world *world)
{
    struct daemon *daemon = world_daemon(world);
    struct l2tpha_output output;
    if (!l2tpha_poll(daemon->node, &output, 1, world->now))
        return false;
    switch (output.kind) {
    case L2TPHA_OUTPUT_CHECKPOINT:
        if (!world->has_standby || world->cut_off)
            break;
        assert_ok(l2tpha_checkpoint_apply(world->nodes[world->active ^ 1].node, output.data,
                                          output.len, world->now, NULL));
        assert_ok(l2tpha_checkpoint_done(daemon->node, output.position, 0, world->now));
        break;
    case L2TPHA_OUTPUT_DATAGRAM:
        put(world, &world->to_peer, &output);
        break;
    case L2TPHA_OUTPUT_EVENT:
        daemon_told(daemon, output.event);
        break;
    }
    return true;
}

static bool peer_output(struct world *world)
{
    struct l2tpha_output output;
    if (!l2tpha_poll(world->peer, &output, 1, world->now))
        return false;
    if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
        put(world, &world->to_daemon, &output);
    if (output.kind == L2TPHA_OUTPUT_CHECKPOINT && world->peers_standby) {
        assert_ok(l2tpha_checkpoint_apply(world->peers_standby, output.data, output.len, world->now,
                                          NULL));
        assert_ok(l2tpha_checkpoint_done(world->peer, output.position, 0, world->now));
    }
    return true;
}

void world_kill_peer(struct world *world)
{
    world->to_peer.count = 0;
    l2tpha_node_free(world->peer);
    world->peer = world->peers_standby;
    world->peers_standby = NULL;
    assert_ok(l2tpha_takeover_as(world->peer, ++world->epoch, L2TPHA_TRUST_STALE, world->now));
}

void world_pair(struct world *world)
{
    unsigned other = world->active ^ 1;

    world->nodes[other] = make_daemon(world, make_node(world, "library", true, true));
    world->has_standby = true;
    assert_ok(l2tpha_checkpoint_bulk(world_daemon(world)->node, world->now));
    world_settle(world);
}

bool world_step(struct world *world)
{
    struct datagram *datagram;

    if (world->kill_at && ++world->steps == world->kill_at)
        world_kill(world);
    if (daemon_output(world))
        return true;
    if (world->to_daemon.count > 0) {
        datagram = take(&world->to_daemon);
        daemon_hear(world_daemon(world), &world_peer_path, datagram->data, datagram->len,
                    world->now);
        return true;
    }
    if (world->to_peer.count > 0) {
        datagram = take(&world->to_peer);
        l2tpha_feed(world->peer, &world_daemon_path, datagram->data, datagram->len, world->now);
        return true;
    }
    return peer_output(world);
}

void world_settle(struct world *world)
{
    while (world_step(world))
        ;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void world_pass(struct world *world, uint64_t us)
{
    uint64_t end = world->now + us;

    do {
        uint64_t due =
            earlier(l2tpha_deadline(world->peer), l2tpha_deadline(world_daemon(world)->node));
        world->now = due <= world->now ? world->now : earlier(due, end);
        l2tpha_expire(world->peer, world->now);
        l2tpha_expire(world_daemon(world)->node, world->now);
        world_settle(world);
    } while (world->now < end);
}

/* --- the judge --- */

unsigned world_peer_calls(const struct world *world)
{
    struct l2tpha_tunnel *tunnel = NULL;
    unsigned calls = 0;

    while ((tunnel = l2tpha_tunnel_next(world->peer, tunnel)))
        calls += l2tpha_tunnel_sessions(tunnel);
    return calls;
}

unsigned world_daemon_calls(const struct world *world)
{
    unsigned calls = 0;

    for (const struct own_tunnel *own = world->nodes[world->active].tunnels; own; own = own->next)
        for (const struct own_call *call = own->calls; call; call = call->next)
            calls++;
    return calls;
}

static const char *call_differs(const struct world *world, const struct own_tunnel *own,
                                const struct own_call *call)
{
    struct l2tpha_session *session =
        l2tpha_session_find(world->peer, own->peers_id, call->peers_id);
    struct l2tpha_session_record record = {.size = sizeof(record)};

    if (!call->up)
        return "a call of the daemon's is not up";
    if (!session)
        return "the peer has no such call";
    l2tpha_session_get(session, &record);
    if (record.state != L2TPHA_SESSION_ESTABLISHED || record.remote_id != call->id)
        return "a call is another one at the peer";
    return l2tpha_session_find(world->nodes[world->active].node, own->id, call->id)
               ? NULL
               : "a call is not in the node's records";
}

static const char *tunnel_differs(const struct world *world, const struct own_tunnel *own)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(world->peer, own->peers_id);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    const char *why = NULL;

    if (!own->up)
        return "a tunnel of the daemon's is not up";
    if (!tunnel)
        return "the peer has no such tunnel";
    l2tpha_tunnel_get(tunnel, &record);
    if (record.state != L2TPHA_TUNNEL_ESTABLISHED || record.remote_id != own->id)
        return "a tunnel is another one at the peer";
    for (const struct own_call *call = own->calls; call && !why; call = call->next)
        why = call_differs(world, own, call);
    return why;
}

const char *world_differs(const struct world *world)
{
    const struct daemon *daemon = &world->nodes[world->active];
    const char *why = NULL;

    for (const struct own_tunnel *own = daemon->tunnels; own && !why; own = own->next)
        why = tunnel_differs(world, own);
    if (!why && world_daemon_calls(world) != world_peer_calls(world))
        why = "the peer has another number of calls";
    return !why && daemon->polled_within ? "something left with half a transaction" : why;
}
