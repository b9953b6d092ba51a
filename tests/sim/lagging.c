/* SPDX-License-Identifier: MIT */
#include "sim/lagging.h"

#include "control/transaction.h"
#include "node/node.h"

#define BATCH 8
#define NEVER (24 * 3600 * SECOND) /* longer than anything here */
#define KEEPER 1                   /* the call that stays */
#define JUDGED 12                  /* numbers each way */
#define FIRST_NEW 1000             /* and what they begin with */

void lagging_options_init(struct lagging_options *options)
{
    *options = (struct lagging_options){
        .commit = L2TPHA_COMMIT_ASYNC,
        .habits = {.keeps_future = true, .window = 16, .first = SECOND, .cap = 8 * SECOND},
        .faults = {.delay = 5 * MS},
        .resync_packets = 8,
        .lag_ms = 50,
        .stream_delay = 50 * MS,
        .takeover_delay = 500 * MS,
        .busy_us = 20000,
        .failovers = 1,
    };
}

void lagging_habits(struct habits *habits, enum lagging_kind kind)
{
    struct lagging_options options;

    lagging_options_init(&options);
    *habits = options.habits;
    switch (kind) {
    case LAGGING_RFC:
        habits->ack_delay = 50 * MS;
        return;
    case LAGGING_NG_L2TP:
        habits->keeps_future = false;
        return;
    case LAGGING_ACCEL_PPP:
        habits->acks_future = true;
        return;
    case LAGGING_GO_L2TP:
        habits->ack_delay = 100 * MS;
        habits->window = 64;
        return;
    case LAGGING_OPENL2TP:
        habits->echoes_duplicates = true;
        return;
    case LAGGING_XL2TPD:
    case LAGGING_KINDS:
        habits->keeps_future = false;
        habits->ignores_odd_zlb = habits->ignores_odd_nr = true;
        habits->window = 4;
    }
}

void lagging_options_draw(struct lagging_options *options, struct world *world)
{
    lagging_options_init(options);
    lagging_habits(&options->habits, (enum lagging_kind)world_below(world, LAGGING_KINDS));
    options->habits.resends_all = world_chance(world, 30);
    options->habits.stale_nr = world_chance(world, 20);
    options->commit = world_chance(world, 70) ? L2TPHA_COMMIT_ASYNC : L2TPHA_COMMIT_BOUNDED;
    options->lag_ms = (uint32_t)world_between(world, 10, 300);
    options->resync_packets = (uint32_t)world_between(world, 1, 16);
    options->faults = (struct net_faults){.loss = (unsigned)world_below(world, 20),
                                          .duplicate = (unsigned)world_below(world, 40),
                                          .straggle = 50,
                                          .delay = 2 * MS,
                                          .jitter = world_below(world, 40 * MS)};
    options->stream_delay = world_between(world, MS, 400 * MS);
    options->stream_jitter = world_below(world, 50 * MS);
    options->takeover_delay = world_below(world, 3 * SECOND);
    options->busy_us = (uint32_t)world_between(world, 2000, 80000);
    options->quiet = world_chance(world, 15);
    options->failovers = world_chance(world, 25) ? 2 : 1;
    options->shift_ns = (uint16_t)world_below(world, 65536);
    options->shift_nr = (uint16_t)world_below(world, 65536);
    if (world_chance(world, 50))
        options->shift_ns = (uint16_t)(65536 - world_below(world, 40));
    if (world_chance(world, 50))
        options->shift_nr = (uint16_t)(65536 - world_below(world, 40));
}

/* --- the node's host --- */

static void on_told(void *user, const struct end *end, const struct l2tpha_event *event)
{
    struct l2tpha_call_errors errors;
    struct lagging_sim *sim = user;

    (void)end;
    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_RESYNCED:
        sim->resynced++;
        return;
    case L2TPHA_EVENT_SESSION_UP:
        sim->ups++;
        return;
    case L2TPHA_EVENT_TUNNEL_DOWN:
        world_fail(&sim->world, "tunnel down: %s", event->text);
        return;
    case L2TPHA_EVENT_SESSION_ERRORS:
        if (sim->told_count < LAGGING_NUMBERS && event->message &&
            l2tpha_avp_call_errors(l2tpha_message_find(event->message, L2TPHA_AVP_CALL_ERRORS),
                                   &errors))
            sim->told[sim->told_count++] = errors.crc;
        return;
    default:
        return;
    }
}

/* The lease: what leaves is below the lease of what the standby has confirmed. */
static void on_sent(void *user, const struct l2tpha_output *output)
{
    struct lagging_sim *sim = user;
    const struct end *end = &sim->end;
    struct l2tpha_header header;
    const struct l2tpha_tunnel *known =
        end->standby.node ? l2tpha_tunnel_find(end->standby.node, output->tunnel_id) : NULL;

    if (!known || l2tpha_header_decode(output->data, output->len, &header) ||
        header.length <= header.header_len || info_of(end->active.node).role != L2TPHA_ROLE_ACTIVE)
        return;
    int lead = serial_diff((uint16_t)(header.ns + 1), known->entry.record.acked);
    if (lead > 0 && (uint64_t)lead > sim->worst_lead)
        sim->worst_lead = (uint64_t)lead;
    /* What had left before the copy began is in it. */
    bool old = end->epoch > 1 && serial_diff(header.ns, known->entry.record.ns) < 0;
    if (lead > (int)sim->options.resync_packets && !old)
        world_fail(&sim->world, "Ns %u is beyond the lease from %u", header.ns,
                   known->entry.record.acked);
}

static void on_taken_over(void *user, const struct end *end, uint64_t applied)
{
    struct lagging_sim *sim = user;

    (void)end, (void)applied;
    sim->taken_over = true;
    sim->resynced = sim->ups = sim->told_count = 0;
}

static void on_poll(void *user, struct end *end)
{
    struct lagging_sim *sim = user;

    if (sim->tamper && sim->taken_over)
        sim->tamper(end->active.node);
}

/* --- driving --- */

static void deliver(struct lagging_sim *sim, struct packet *packet)
{
    if (packet->to == NET_NODE)
        end_receive(&sim->end, packet);
    else
        lagging_peer_receive(&sim->peer, packet->data, packet->len);
    net_give_back(&sim->net, packet);
}

static uint64_t next_event(const struct lagging_sim *sim)
{
    return sooner(net_deadline(&sim->net),
                  sooner(peer_channel_deadline(&sim->peer.channel), end_deadline(&sim->end)));
}

void lagging_sim_run(struct lagging_sim *sim, uint64_t us)
{
    uint64_t until = sim->world.now + us, at;

    end_pump(&sim->end);
    while ((at = next_event(sim)) <= until && !sim->world.failed) {
        if (at > sim->world.now)
            sim->world.now = at;
        while (net_deadline(&sim->net) <= sim->world.now && !sim->world.failed)
            deliver(sim, net_take(&sim->net));
        peer_channel_expire(&sim->peer.channel);
        end_expire(&sim->end);
    }
    sim->world.now = until;
}

struct l2tpha_tunnel *lagging_sim_tunnel(struct lagging_sim *sim)
{
    return l2tpha_tunnel_next(sim->end.active.node, NULL);
}

static void attach(struct lagging_sim *sim)
{
    end_add_standby(&sim->end);
    for (unsigned i = 0; i < 1000 && !end_is_protected(&sim->end) && !sim->world.failed; i++)
        lagging_sim_run(sim, 10 * MS);
}

/* Both ends go on with other numbers, as if they had been at it for long. */
static void shift(struct lagging_sim *sim)
{
    struct l2tpha_tunnel *tunnel = lagging_sim_tunnel(sim);
    struct engine *engine = &sim->end.active.node->engine;
    struct peer_channel *channel = &sim->peer.channel;

    channel_reset(engine, &tunnel->channel, sim->options.shift_ns, sim->options.shift_nr);
    engine_leave(engine, 0);
    channel->nr = sim->options.shift_ns;
    channel->ns = channel->sent = channel->acked = sim->options.shift_nr;
}

static void begin_end(struct lagging_sim *sim)
{
    const struct end_watch watch = {.user = sim,
                                    .polls = on_poll,
                                    .sent = on_sent,
                                    .told = on_told,
                                    .taken_over = on_taken_over};
    struct end_options options = {.name = "node",
                                  .batch = BATCH,
                                  .dies_clean = true,
                                  .trust = L2TPHA_TRUST_AUTO,
                                  .stream_delay = sim->options.stream_delay,
                                  .stream_jitter = sim->options.stream_jitter,
                                  .takeover_delay = sim->options.takeover_delay,
                                  .standby_delay = NEVER};
    struct l2tpha_config *config = &options.config;

    l2tpha_config_init(config);
    config->hello_ms = 0;
    config->retries = 30;
    config->setup_ms = 3600 * 1000;
    config->retransmit_cap_ms = 8000;
    config->commit = sim->options.commit;
    config->commit_lag_ms = sim->options.lag_ms;
    config->commit_timeout_ms = 5000;
    config->resync_packets = sim->options.resync_packets;
    config->max_sessions = 512;
    end_init(&sim->end, &sim->world, &sim->net, NET_NODE, &options, &watch);
    end_start(&sim->end);
}

void lagging_sim_begin(struct lagging_sim *sim, const struct lagging_options *options,
                       uint64_t seed)
{
    bool verbose = sim->world.verbose;

    *sim = (struct lagging_sim){.options = *options, .number = 1};
    sim->world = (struct world){.now = SECOND, .state = seed, .verbose = verbose};
    net_init(&sim->net, &sim->world);
    lagging_peer_init(&sim->peer, &sim->world, &sim->net, &sim->options.habits);
    begin_end(sim);
    lagging_peer_open(&sim->peer);
    lagging_sim_run(sim, 2 * SECOND);
    shift(sim);
    lagging_peer_call(&sim->peer);
    lagging_sim_run(sim, 2 * SECOND);
    attach(sim);
    lagging_sim_run(sim, 5 * SECOND);
    if (!sim->world.failed && sim->peer.calls[KEEPER].state != LAGGING_UP)
        world_fail(&sim->world, "no call before the failure");
    sim->net.faults = sim->options.faults;
}

void lagging_sim_end(struct lagging_sim *sim)
{
    end_free(&sim->end);
    net_free(&sim->net);
}

/* --- traffic --- */

static void node_number(struct lagging_sim *sim, uint32_t number)
{
    uint32_t tunnel_id = l2tpha_tunnel_id(lagging_sim_tunnel(sim));
    struct l2tpha_session *session =
        l2tpha_session_find(sim->end.active.node, tunnel_id, sim->peer.calls[KEEPER].node_id);
    int error = session ? host_session_set_link_info(session, number, 0, sim->world.now)
                        : L2TPHA_ERR_NOT_FOUND;

    if (error)
        world_fail(&sim->world, "SLI %u: %s", (unsigned)number, l2tpha_strerror(error));
}

static void act(struct lagging_sim *sim)
{
    switch (world_below(&sim->world, 6)) {
    case 0:
        lagging_peer_call(&sim->peer);
        return;
    case 1:
        lagging_peer_hello(&sim->peer);
        return;
    case 2:
        if (peer_channel_room(&sim->peer.channel) > CHANNEL_QUEUE / 2)
            lagging_peer_number(&sim->peer, KEEPER, sim->number++);
        return;
    default:
        node_number(sim, sim->number++ % FIRST_NEW);
    }
}

void lagging_sim_traffic(struct lagging_sim *sim, uint64_t us)
{
    uint64_t end = sim->world.now + us;

    while (sim->options.busy_us && sim->world.now < end && !sim->world.failed) {
        act(sim);
        lagging_sim_run(sim, 1 + world_below(&sim->world, 2 * sim->options.busy_us));
    }
}

/* --- takeover --- */

void lagging_sim_take_over(struct lagging_sim *sim)
{
    const struct l2tpha_tunnel_record *was = &lagging_sim_tunnel(sim)->entry.record;
    uint16_t ns = was->ns, nr = was->nr;

    end_kill(&sim->end);
    if (sim->world.failed)
        return;
    const struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(sim->end.standby.node, NULL);
    if (!tunnel) {
        world_fail(&sim->world, "the standby has no tunnel");
        return;
    }
    sim->behind = (uint16_t)(ns - tunnel->entry.record.ns);
    sim->behind_nr = (uint16_t)(nr - tunnel->entry.record.nr);
    lagging_sim_run(sim, sim->options.takeover_delay);
}

void lagging_sim_await(struct lagging_sim *sim, uint64_t us)
{
    uint64_t begin = sim->world.now;

    while (!sim->resynced && !sim->world.failed && sim->world.now - begin < us)
        lagging_sim_run(sim, 10 * MS);
    sim->resync_took = sim->world.now - begin;
    if (!sim->resynced)
        world_fail(&sim->world, "not in step after %llu s", (unsigned long long)(us / SECOND));
}

/* Numbers from FIRST_NEW on, each once and in order. */
static void judge_numbers(struct lagging_sim *sim, const char *who, const uint32_t *told,
                          uint32_t count)
{
    uint32_t next = FIRST_NEW;

    for (uint32_t i = 0; i < count; i++) {
        if (told[i] < FIRST_NEW)
            continue;
        if (told[i] != next)
            world_fail(&sim->world, "%s: number %u instead of %u", who, (unsigned)told[i],
                       (unsigned)next);
        next++;
    }
    if (next != FIRST_NEW + JUDGED)
        world_fail(&sim->world, "%s: number %u is missing", who, (unsigned)next);
}

static bool is_at_rest(struct lagging_sim *sim)
{
    const struct l2tpha_tunnel *tunnel = lagging_sim_tunnel(sim);

    return !tunnel || (channel_idle(&tunnel->channel) && peer_channel_idle(&sim->peer.channel));
}

void lagging_sim_judge(struct lagging_sim *sim)
{
    uint16_t call = 0;

    for (unsigned i = 0; i < 600 && peer_channel_room(&sim->peer.channel) < CHANNEL_QUEUE / 2; i++)
        lagging_sim_run(sim, SECOND);
    for (uint32_t i = 0; i < JUDGED && !sim->world.failed; i++) {
        node_number(sim, FIRST_NEW + i);
        lagging_peer_number(&sim->peer, KEEPER, FIRST_NEW + i);
        if (i == JUDGED / 2)
            call = lagging_peer_call(&sim->peer);
        lagging_sim_run(sim, world_below(&sim->world, 200 * MS));
    }
    for (unsigned i = 0; i < 100 && !is_at_rest(sim) && !sim->world.failed; i++)
        lagging_sim_run(sim, 10 * SECOND);
    if (sim->world.failed)
        return;
    judge_numbers(sim, "peer", sim->peer.told, sim->peer.told_count);
    judge_numbers(sim, "host", sim->told, sim->told_count);
    if (call && (sim->peer.calls[call].state != LAGGING_UP || sim->ups == 0))
        world_fail(&sim->world, "the next call fails");
    if (sim->peer.stopped)
        world_fail(&sim->world, "the tunnel was ended");
    const struct l2tpha_tunnel_record *record = &lagging_sim_tunnel(sim)->entry.record;
    if (!sim->world.failed && (record->ns != sim->peer.channel.nr || record->acked != record->ns ||
                               record->nr != sim->peer.channel.ns))
        world_fail(&sim->world, "numbers differ");
}

void lagging_sim_whole(struct lagging_sim *sim, const struct lagging_options *options,
                       uint64_t seed, void (*tamper)(struct l2tpha_node *node))
{
    lagging_sim_begin(sim, options, seed);
    sim->tamper = tamper;
    lagging_sim_traffic(sim, world_between(&sim->world, 200 * MS, 2 * SECOND));
    if (options->quiet)
        lagging_sim_run(sim, 60 * SECOND);
    for (unsigned i = 0; i < options->failovers && !sim->world.failed; i++) {
        if (i > 0) {
            /* The next one dies while it is still at it, or soon after. */
            attach(sim);
            lagging_sim_run(sim, world_below(&sim->world, 3 * SECOND));
        }
        lagging_sim_take_over(sim);
    }
    lagging_sim_await(sim, 200 * SECOND);
    if (!sim->world.failed)
        lagging_sim_judge(sim);
    lagging_sim_end(sim);
}
