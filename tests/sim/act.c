/* SPDX-License-Identifier: MIT */
/* What hosts and peers do of their own. An action that the moment does not allow does nothing. */
#include "sim/sim.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

#define STOP_RESULT 1
#define ADMINISTRATIVE 3

/* Refusals that a host must live with. */
static void judge(struct sim *sim, const char *what, int error)
{
    if (error && error != L2TPHA_ERR_QUEUE_FULL && error != L2TPHA_ERR_STATE)
        world_fail(&sim->world, "%s: %s", what, l2tpha_strerror(error));
}

static bool node_may_act(const struct sim *sim)
{
    return sim->end.active.node && !sim->end.switching;
}

/* Our newest tunnel to a peer that is not ending; NULL = none. */
static struct l2tpha_tunnel *node_tunnel(struct sim *sim, unsigned peer)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(sim->end.active.node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.state <= L2TPHA_TUNNEL_ESTABLISHED &&
            net_place(&record.path.remote) == NET_PEER + peer)
            return tunnel;
    }
    return NULL;
}

/* One of its sessions, by seed; any state, or established ones only. */
static struct l2tpha_session *node_session(struct sim *sim, unsigned peer, bool established)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = node_tunnel(sim, peer);
    struct l2tpha_session *session = NULL, *chosen = NULL;
    uint64_t seen = 0;

    while (tunnel && (session = l2tpha_session_next(tunnel, session))) {
        l2tpha_session_get(session, &record);
        if (established && record.state != L2TPHA_SESSION_ESTABLISHED)
            continue;
        if (world_below(&sim->world, ++seen) == 0)
            chosen = session;
    }
    return chosen;
}

static void node_opens_tunnel(struct sim *sim, unsigned peer)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    net_address(NET_NODE, &options.path.local);
    net_address(NET_PEER + peer, &options.path.remote);
    judge(sim, "tunnel_open",
          host_tunnel_open(sim->end.active.node, &options, sim->world.now, &tunnel));
}

static void node_closes_tunnel(struct sim *sim, unsigned peer)
{
    struct l2tpha_tunnel *tunnel = node_tunnel(sim, peer);

    if (!tunnel)
        return;
    sim->oracle.stopping = true;
    judge(sim, "tunnel_close", host_tunnel_close(tunnel, STOP_RESULT, 0, "bye", sim->world.now));
}

static void node_calls(struct sim *sim, unsigned peer)
{
    bool incoming = sim->plan.side == L2TPHA_LAC;
    static const uint8_t number[] = "555";
    const struct l2tpha_session_options options = {
        .size = sizeof(options),
        .call = incoming ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING,
        .bearer = 1,
        .framing = 1,
        .called = {number, 3},
        .minimum_bps = 1000,
        .maximum_bps = 100000,
        .tx_speed = 64000,
    };
    struct l2tpha_session *session;
    struct l2tpha_tunnel *tunnel = node_tunnel(sim, peer);

    if (tunnel && l2tpha_tunnel_sessions(tunnel) < PEER_SESSIONS / 8)
        judge(sim, "session_open", host_session_open(tunnel, &options, sim->world.now, &session));
}

static void node_hangs_up(struct sim *sim, unsigned peer)
{
    struct l2tpha_session *session = node_session(sim, peer, false);
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = ADMINISTRATIVE};

    if (session)
        judge(sim, "session_close", host_session_close(session, &why, sim->world.now));
}

static void node_sends(struct sim *sim, unsigned peer)
{
    struct l2tpha_session *session = node_session(sim, peer, true);
    uint32_t number = oracle_order_number(&sim->oracle);
    bool errors = sim->plan.side == L2TPHA_LAC;
    int error;

    if (!session || !number)
        return;
    uint32_t tunnel_id = l2tpha_tunnel_id(l2tpha_session_tunnel(session));
    if (errors)
        error = host_session_report_errors(session, &(struct l2tpha_call_errors){.crc = number},
                                           sim->world.now);
    else
        error = host_session_set_link_info(session, number, ~number, sim->world.now);
    judge(sim, "a numbered message", error);
    oracle_ordered(&sim->oracle, error, sim->end.epoch,
                   host_checkpoint(sim->end.active.node, sim->world.now), tunnel_id,
                   errors && !machines_are_attached(true));
}

static void node_app_state(struct sim *sim, unsigned peer)
{
    struct l2tpha_session *session = node_session(sim, peer, false);
    uint8_t state[40];
    size_t len = (size_t)world_below(&sim->world, sizeof(state));

    for (size_t i = 0; i < len; i++)
        state[i] = (uint8_t)world_random(&sim->world);
    if (session)
        judge(sim, "set_app_state",
              host_session_set_app_state(session, state, len, sim->world.now));
}

static void node_acts(struct sim *sim, const struct action *action)
{
    static const struct {
        enum action_kind kind;
        void (*run)(struct sim *sim, unsigned peer);
    } table[] = {
        {ACT_NODE_OPENS_TUNNEL, node_opens_tunnel},
        {ACT_NODE_CLOSES_TUNNEL, node_closes_tunnel},
        {ACT_NODE_CALLS, node_calls},
        {ACT_NODE_HANGS_UP, node_hangs_up},
        {ACT_NODE_SENDS, node_sends},
        {ACT_NODE_APP_STATE, node_app_state},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].kind == action->kind && node_may_act(sim)) {
            table[i].run(sim, action->peer);
            end_pump(&sim->end);
            return;
        }
}

static void peer_acts(struct sim *sim, const struct action *action)
{
    struct peer *peer = &sim->peers[action->peer];
    struct peer_tunnel *tunnel = peer_tunnel(peer);
    struct peer_session *session = NULL;

    if (!tunnel || peer_channel_room(&tunnel->channel) < 8)
        return;
    switch (action->kind) {
    case ACT_PEER_CLOSES_TUNNEL:
        peer_close_tunnel(peer, tunnel);
        return;
    case ACT_PEER_HELLO:
        peer_hello(peer, tunnel);
        return;
    case ACT_PEER_CALLS:
        peer_open_session(peer, tunnel);
        return;
    case ACT_PEER_SENDS:
        session = peer_pick(peer, tunnel, PEER_ESTABLISHED);
        if (session)
            peer_send_number(peer, tunnel, session);
        return;
    case ACT_PEER_HANGS_UP:
        if (world_chance(&sim->world, 30))
            session = peer_pick(peer, tunnel, PEER_WAIT_REPLY);
        if (!session)
            session = peer_pick(peer, tunnel, PEER_ESTABLISHED);
        if (session)
            peer_close_session(peer, tunnel, session);
        return;
    default:
        return;
    }
}

void sim_act(struct sim *sim, const struct action *action)
{
    if (sim_fault_forbids(sim, action))
        return;
    switch (action->kind) {
    case ACT_NOTHING:
        return;
    case ACT_ADD_STANDBY:
        end_add_standby(&sim->end);
        return;
    case ACT_ARM:
        end_arm(&sim->end, action->number);
        return;
    case ACT_BREAK:
        end_detach(&sim->end);
        return;
    case ACT_SWITCHOVER:
        end_switchover(&sim->end);
        return;
    case ACT_PARTITION:
    case ACT_HEAL:
        sim->net.partitioned = action->kind == ACT_PARTITION;
        return;
    case ACT_PEER_OPENS_TUNNEL:
        peer_open_tunnel(&sim->peers[action->peer]);
        return;
    default:
        peer_acts(sim, action);
        node_acts(sim, action);
        return;
    }
}
