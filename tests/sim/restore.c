/* SPDX-License-Identifier: MIT */
/* A beginning near the wrap of the sequence numbers: a standby gets, behind the empty copy of a
 * fresh active, one checkpoint written here, and takes over. */
#include "base/octets.h"
#include "control/session_id.h"
#include "sim/sim.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/serializer.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>
#include <string.h>

#define ROOM 4096
#define CALLS 2

struct writer {
    struct sim *sim;
    struct l2tpha_node_record node;
    uint8_t data[ROOM];
    struct l2tpha_writing out;
};

static void put(struct writer *writer, const struct l2tpha_record *record)
{
    int error = machines_serializer()->put_record(record, &writer->out);

    writer->out.records++;
    if (error)
        world_fail(&writer->sim->world, "put_record: %s", l2tpha_strerror(error));
}

static void put_node(struct writer *writer)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE};

    writer->node.size = sizeof(writer->node);
    put_u64(writer->node.tunnel_key, world_random(&writer->sim->world) | 1);
    record.of.node = writer->node;
    put(writer, &record);
}

static void put_session(struct writer *writer, struct peer *peer, struct peer_tunnel *tunnel,
                        uint16_t node_id)
{
    struct peer_session *session = peer_add_session(peer, tunnel);
    enum l2tpha_side side = writer->sim->plan.side;

    session->state = PEER_ESTABLISHED;
    session->node_id = node_id;
    session->serial = ++peer->next_serial;
    const struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION,
                                         .of.session = {.size = sizeof(record.of.session),
                                                        .tunnel_id = tunnel->node_id,
                                                        .local_id = node_id,
                                                        .remote_id = session->id,
                                                        .state = L2TPHA_SESSION_ESTABLISHED,
                                                        .side = (uint8_t)side,
                                                        .call = L2TPHA_CALL_INCOMING,
                                                        .serial = session->serial,
                                                        .framing = 1,
                                                        .tx_speed = 64000,
                                                        .rx_speed = 64000}};
    put(writer, &record);
}

static void put_tunnel(struct writer *writer, struct peer *peer, uint16_t node_id)
{
    struct world *world = &writer->sim->world;
    struct peer_tunnel *tunnel = peer_add_tunnel(peer);
    uint16_t ns = (uint16_t)(65535 - world_below(world, 24));
    uint16_t nr = (uint16_t)(65535 - world_below(world, 24));
    const char *secret = writer->sim->plan.ours.secret;
    struct l2tpha_record record = {
        .kind = L2TPHA_RECORD_TUNNEL,
        .of.tunnel = {.size = sizeof(record.of.tunnel),
                      .local_id = node_id,
                      .remote_id = tunnel->id,
                      .state = L2TPHA_TUNNEL_ESTABLISHED,
                      .configured_method = L2TPHA_FAILOVER_SILENT,
                      .effective_method = L2TPHA_FAILOVER_SILENT,
                      .flags = writer->sim->plan.ours.config.hide_avps ? L2TPHA_TUNNEL_HIDE : 0,
                      .local_window = writer->sim->plan.ours.config.window,
                      .remote_window = peer->options.habits.window,
                      .framing_caps = 3,
                      .bearer_caps = 3,
                      .ns = ns,
                      .nr = nr,
                      .acked = ns,
                      .peer_name = {(const uint8_t *)"peer", 4},
                      .secret = {(const uint8_t *)secret, secret ? strlen(secret) : 0}}};

    record.of.tunnel.flags |= L2TPHA_TUNNEL_BEARER_CAPS;
    if (machines_are_attached(true))
        record.of.tunnel.flags |= L2TPHA_TUNNEL_ATTACHED;
    net_address(NET_NODE, &record.of.tunnel.path.local);
    net_address(peer->place, &record.of.tunnel.path.remote);
    tunnel->state = PEER_ESTABLISHED;
    tunnel->node_id = node_id;
    tunnel->channel.tunnel_id = node_id;
    tunnel->channel.remote_window = writer->sim->plan.ours.config.window;
    tunnel->channel.nr = ns;
    tunnel->channel.ns = tunnel->channel.sent = tunnel->channel.acked = nr;
    /* Written from the end backwards: what comes first in the stream is put last. The calls have
     * the ids that a node gives to its last ones, or those that a daemon passes over. */
    struct scramble ids = {session_id_key(&writer->node, node_id), ns - CALLS, SCRAMBLE_IDS};
    for (unsigned i = 0; i < CALLS; i++)
        put_session(writer, peer, tunnel,
                    machines_are_attached(true) ? (uint16_t)(i + 1) : scramble_next(&ids));
    put(writer, &record);
}

/* Apply the copy of an active that has nothing; returns the number of its last checkpoint. */
static uint64_t apply_empty_copy(struct sim *sim, struct l2tpha_node *standby)
{
    struct side host;
    struct l2tpha_output output;
    uint64_t number = 0;

    if (end_make_node(&sim->end, false, &host))
        return 0;
    int error = l2tpha_checkpoint_bulk(host.node, 0);
    while (!error && l2tpha_poll(host.node, &output, 1, 0) == 1) {
        if (output.kind != L2TPHA_OUTPUT_CHECKPOINT)
            continue;
        error = l2tpha_checkpoint_apply(standby, output.data, output.len, 0, &number);
        if (!error)
            error = l2tpha_checkpoint_done(host.node, output.position, 0, 0);
    }
    if (error)
        world_fail(&sim->world, "copying nothing: %s", l2tpha_strerror(error));
    machines_end(host.node);
    talloc_free(host.node);
    return number;
}

void sim_restore(struct sim *sim)
{
    struct end *end = &sim->end;
    struct writer writer = {.sim = sim};

    if (end_make_node(end, true, &end->active)) {
        world_fail(&sim->world, "no standby");
        return;
    }
    const struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION,
                                                    .epoch = end->epoch,
                                                    .number =
                                                        apply_empty_copy(sim, end->active.node) + 1,
                                                    .kind = L2TPHA_CHECKPOINT_INCREMENT};
    writer.out = (struct l2tpha_writing){writer.data, writer.data + ROOM, writer.data + ROOM, 0};
    put_node(&writer);
    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        put_tunnel(&writer, &sim->peers[i], (uint16_t)(40001 + i));
    int error = machines_serializer()->put_header(&header, &writer.out);
    if (!error)
        error = l2tpha_checkpoint_apply(end->active.node, writer.out.start,
                                        (size_t)(writer.out.end - writer.out.start), 0, NULL);
    if (!error)
        error = l2tpha_takeover(end->active.node, ++end->epoch, 0);
    if (error)
        world_fail(&sim->world, "restoring: %s", l2tpha_strerror(error));
    if (error)
        return;
    machines_restore(end->active.node, 0);
    end_pump(end);
}
