/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

#define PEACE (900 * SECOND) /* longest time to come to rest */

/* --- driving --- */

static uint64_t next_event(const struct sim *sim)
{
    uint64_t at = sooner(net_deadline(&sim->net), end_deadline(&sim->end));

    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        at = sooner(at, peer_deadline(&sim->peers[i]));
    if (sim->next_action < sim->plan.action_count)
        at = sooner(at, sim->plan.actions[sim->next_action].at);
    return at;
}

static void deliver(struct sim *sim, struct packet *packet)
{
    if (packet->to >= NET_PEER + sim->plan.peer_count) {
        world_fail(&sim->world, "the node answers a stranger");
    } else if (packet->to != NET_NODE) {
        peer_receive(&sim->peers[packet->to - NET_PEER], packet->data, packet->len);
    } else if (!sim->end.active.node && sim->plan.socket_held) {
        /* It waits in the socket that the next active inherits. */
        uint64_t at = sim->end.takeover_at;
        net_defer(&sim->net, packet, (at > sim->world.now ? at : sim->world.now) + 1);
        return;
    } else {
        end_receive(&sim->end, packet);
    }
    net_give_back(&sim->net, packet);
}

static void step(struct sim *sim, uint64_t at)
{
    if (at > sim->world.now)
        sim->world.now = at;
    while (net_deadline(&sim->net) <= sim->world.now && !sim->world.failed)
        deliver(sim, net_take(&sim->net));
    while (sim->next_action < sim->plan.action_count && !sim->world.failed &&
           sim->plan.actions[sim->next_action].at <= sim->world.now)
        sim_act(sim, &sim->plan.actions[sim->next_action++]);
    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        peer_expire(&sim->peers[i]);
    end_expire(&sim->end);
    sim_fault(sim);
}

void sim_run_until(struct sim *sim, uint64_t time)
{
    uint64_t at;

    while (!sim->world.failed && (at = next_event(sim)) <= time)
        step(sim, at);
    if (!sim->world.failed && sim->world.now < time)
        sim->world.now = time;
}

bool sim_run_to(struct sim *sim, bool (*condition)(struct sim *sim), uint64_t time)
{
    uint64_t limit = sim->world.now + time, at;

    while (!condition(sim)) {
        if (sim->world.failed || (at = next_event(sim)) > limit)
            return false;
        step(sim, at);
    }
    return true;
}

/* --- what the oracle sees of our end --- */

static void on_sent(void *user, const struct l2tpha_output *output)
{
    oracle_node_sent(user, output->tunnel_id, output->data, output->len);
}

static void on_told(void *user, const struct end *end, const struct l2tpha_event *event)
{
    oracle_event(user, event, end->epoch);
}

static void on_heard(void *user, const struct end *end, uint32_t number)
{
    oracle_heard(user, number, end->epoch);
}

static void on_taken_over(void *user, const struct end *end, uint64_t applied)
{
    oracle_takeover(user, end->active.node, applied);
}

bool sim_begin(struct sim *sim, const struct plan *plan, uint64_t seed, bool verbose)
{
    const struct end_watch watch = {.user = &sim->oracle,
                                    .sent = on_sent,
                                    .told = on_told,
                                    .heard = on_heard,
                                    .taken_over = on_taken_over};

    sim->world =
        (struct world){.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, .verbose = verbose};
    sim->next_action = 0;
    if (plan)
        sim->plan = *plan;
    else
        plan_generate(&sim->plan, &sim->world);
    if (sim->faults.wanted)
        sim_want_faults(sim, seed);
    if (verbose)
        plan_print(&sim->plan);
    net_init(&sim->net, &sim->world);
    sim->net.faults = sim->plan.faults;
    oracle_init(&sim->oracle, &sim->world);
    end_init(&sim->end, &sim->world, &sim->net, NET_NODE, &sim->plan.ours, &watch);
    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        peer_begin(&sim->peers[i], &sim->world, &sim->net, &sim->oracle, NET_PEER + i,
                   &sim->plan.peers[i]);
    if (sim->plan.restored)
        sim_restore(sim);
    else
        end_start(&sim->end);
    return !sim->world.failed;
}

/* --- the end --- */

static bool at_rest(const struct sim *sim)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    if (sim->net.count || !end_is_idle(&sim->end) || !replication_is_empty(&sim->end.line))
        return false;
    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        if (!peer_idle(&sim->peers[i]))
            return false;
    while ((tunnel = l2tpha_tunnel_next(sim->end.active.node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.acked != record.ns)
            return false;
    }
    return true;
}

/* A standby that is further away is given up whenever something moves: it may never catch up. */
#define NEAR (80 * MS) /* both ways are less than commit_timeout_ms */

/* No more faults, no more deaths, until nothing moves and the replica, where acknowledgements may
 * be late, has caught up. */
static void make_peace(struct sim *sim)
{
    uint64_t limit = sim->world.now + PEACE;
    struct end_options *options = &sim->end.options;

    options->stream_delay = sooner(options->stream_delay, NEAR);
    options->stream_jitter = sooner(options->stream_jitter, NEAR - options->stream_delay);
    sim->net.partitioned = false;
    sim->net.faults.loss = sim->net.faults.duplicate = sim->net.faults.misroute = 0;
    end_arm(&sim->end, 0);
    while (!sim->world.failed && !(at_rest(sim) && end_is_copied(&sim->end))) {
        uint64_t at = next_event(sim);
        if (at > limit)
            world_fail(&sim->world, at_rest(sim) ? "the replica differs" : "it finds no rest");
        else
            step(sim, at);
    }
}

static void compare_session(struct sim *sim, const struct peer_tunnel *tunnel,
                            const struct peer_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_session *ours =
        l2tpha_session_find(sim->end.active.node, tunnel->node_id, session->node_id);

    if (session->state == PEER_STOPPED)
        return;
    if (session->state != PEER_ESTABLISHED) {
        world_fail(&sim->world, "call %u is half open at the peer", session->id);
        return;
    }
    if (!ours) {
        world_fail(&sim->world, "call %u lives at the peer only", session->id);
        return;
    }
    l2tpha_session_get(ours, &record);
    if (record.state != L2TPHA_SESSION_ESTABLISHED)
        world_fail(&sim->world, "call %u is %s at the node", session->id,
                   l2tpha_session_state_name(record.state));
    if (record.remote_id != session->id || record.serial != session->serial)
        world_fail(&sim->world, "call %u is confused with another", session->id);
}

static void compare_tunnel(struct sim *sim, const struct peer_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *ours = l2tpha_tunnel_find(sim->end.active.node, tunnel->node_id);
    uint32_t alive = 0;

    if (tunnel->state != PEER_ESTABLISHED) {
        if (tunnel->state < PEER_ESTABLISHED)
            world_fail(&sim->world, "tunnel %u is half open at the peer", tunnel->id);
        return;
    }
    if (!ours) {
        world_fail(&sim->world, "tunnel %u lives at the peer only", tunnel->id);
        return;
    }
    l2tpha_tunnel_get(ours, &record);
    if (record.state != L2TPHA_TUNNEL_ESTABLISHED || record.remote_id != tunnel->id)
        world_fail(&sim->world, "tunnel %u is %s at the node", tunnel->id,
                   l2tpha_tunnel_state_name(record.state));
    if (record.nr != tunnel->channel.ns || record.ns != tunnel->channel.nr)
        world_fail(&sim->world, "tunnel %u: node has Ns=%u Nr=%u, peer Ns=%u Nr=%u", tunnel->id,
                   record.ns, record.nr, tunnel->channel.ns, tunnel->channel.nr);
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        compare_session(sim, tunnel, &tunnel->sessions[i]);
        alive += tunnel->sessions[i].state != PEER_STOPPED;
    }
    if (l2tpha_tunnel_sessions(ours) != alive)
        world_fail(&sim->world, "tunnel %u: %u calls at the node, %u at the peer", tunnel->id,
                   (unsigned)l2tpha_tunnel_sessions(ours), (unsigned)alive);
}

/* The node knows of no live tunnel that its peer does not know. */
static void compare_back(struct sim *sim)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(sim->end.active.node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.state > L2TPHA_TUNNEL_ESTABLISHED)
            continue;
        const struct peer *peer = &sim->peers[net_place(&record.path.remote) - NET_PEER];
        bool known = false;
        for (uint32_t i = 0; i < peer->tunnel_count; i++)
            known |= peer->tunnels[i].state == PEER_ESTABLISHED &&
                     peer->tunnels[i].id == record.remote_id;
        if (!known)
            world_fail(&sim->world, "tunnel %u is %s and lives at the node only",
                       (unsigned)record.local_id, l2tpha_tunnel_state_name(record.state));
    }
}

static void check_end(struct sim *sim)
{
    const struct l2tpha_node *active = sim->end.active.node;

    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        for (uint32_t t = 0; t < sim->peers[i].tunnel_count; t++)
            compare_tunnel(sim, &sim->peers[i].tunnels[t]);
    compare_back(sim);
    if (machines_fault(active, true))
        world_fail(&sim->world, "%s", machines_fault(active, true));
    oracle_check_orders(&sim->oracle, active);
    oracle_check_news(&sim->oracle, active);
}

void sim_end(struct sim *sim)
{
    end_free(&sim->end);
    net_free(&sim->net);
}

bool sim_finish(struct sim *sim)
{
    make_peace(sim);
    if (!sim->world.failed)
        check_end(sim);
    sim_end(sim);
    return !sim->world.failed;
}

bool sim_run_plan(struct sim *sim, const struct plan *plan, uint64_t seed, bool verbose)
{
    if (sim_begin(sim, plan, seed, verbose))
        sim_run_until(sim, sim->plan.end + 1);
    return sim_finish(sim);
}

bool sim_run_seed(struct sim *sim, uint64_t seed, bool verbose)
{
    return sim_run_plan(sim, NULL, seed, verbose);
}
