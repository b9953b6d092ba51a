/* SPDX-License-Identifier: MIT */
#include "sim/end.h"

#include "node/node.h"
#include "control/transaction.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/observe.h>
#include <l2tpha/redundancy.h>
#include <string.h>

#define SPINS_MAX 4000
#define PAYLOAD 8
#define DATA_SETUP_MS 60000 /* config.setup_ms of every node */

static enum l2tpha_role role_of(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(node, &info);
    return info.role;
}

void end_init(struct end *end, struct world *world, struct net *net, unsigned place,
              const struct end_options *options)
{
    *end = (struct end){.world = world,
                        .net = net,
                        .place = place,
                        .options = *options,
                        .root = talloc_named_const(NULL, 0, "end"),
                        .epoch = 1,
                        .takeover_at = L2TPHA_NEVER,
                        .standby_at = world->now};
    replication_init(&end->line, world, options->linked, options->stream_delay,
                     options->stream_delay);
    if (end_make_node(end, false, &end->active.node))
        world_fail(world, "no active");
}

/* What it counted is wanted at the end. */
static void drop(struct end *end, struct side *side)
{
    const struct l2tpha_counters *counters = side->node ? l2tpha_counters(side->node) : NULL;

    if (counters) {
        end->attempts += counters->recovery_attempts;
        end->recoveries += counters->recoveries;
        end->by_peer += counters->recoveries_by_peer;
        end->degraded += counters->recoveries_degraded;
        end->queries += counters->queries_out;
        end->desynced += counters->sessions_desynced;
        end->resets += counters->data_resets;
        end->resyncs += counters->resyncs;
    }
    talloc_free(side->node); /* and its link */
    *side = (struct side){0};
}

void end_free(struct end *end)
{
    drop(end, &end->active);
    drop(end, &end->standby);
    replication_clear(&end->line);
    if (talloc_total_blocks(end->root) != 1)
        world_fail(end->world, "end %u: %zu blocks of memory are left", end->place,
                   talloc_total_blocks(end->root) - 1);
    talloc_free(end->root);
    end->root = NULL;
}

/* --- replication --- */

static void add_standby(struct end *end)
{
    end->standby_at = L2TPHA_NEVER;
    if (!end->active.node || end->line.attached)
        return;
    drop(end, &end->standby);
    if (end_make_node(end, true, &end->standby.node)) {
        world_fail(end->world, "no standby");
        return;
    }
    replication_attach(&end->line, &end->active, &end->standby);
    end_pump(end);
}

/* The standby has not confirmed in time, or has lost the thread. */
static void detach(struct end *end)
{
    world_say(end->world, "end", "end %u goes on alone", end->place);
    replication_detach(&end->line, &end->active, &end->standby);
    end->standby_at = end->world->now + end->options.standby_delay;
}

bool end_is_protected(const struct end *end)
{
    return end->active.node && end->line.attached && end->standby.node &&
           role_of(end->active.node) == L2TPHA_ROLE_ACTIVE;
}

static void move_streams(struct end *end)
{
    while (replication_take_down(&end->line, &end->standby, end->active.node))
        end_drain_standby(end);
    while (replication_take_up(&end->line, &end->active))
        end_pump(end);
}

/* --- death and takeover --- */

void end_arm(struct end *end, uint64_t steps)
{
    end->steps_left = steps;
}

static void die(struct end *end, const char *when)
{
    world_say(end->world, "end", "=== end %u dies %s ===", end->place, when);
    end->steps_left = 0;
    end->deaths++;
    uint64_t last = replication_cut(&end->line);
    drop(end, &end->active);
    end->takeover_at = end->world->now + end->options.takeover_delay;
    if (end->takeover_at < last)
        end->takeover_at = last;
}

bool end_step(struct end *end, const char *what)
{
    if (!end->steps_left || !end_is_protected(end) || --end->steps_left)
        return true;
    die(end, what);
    return false;
}

/* The operator has changed it, and nobody has told the peer. */
static void change_secrets(struct l2tpha_node *node)
{
    static const uint8_t other[] = "another one";
    struct table *table = node->engine.table;
    struct tunnel_entry *entry;
    uint32_t place = 0;

    while ((entry = table_tunnel_next(table, &place)))
        table_tunnel_set_bytes(table, &entry->record.secret, other, sizeof(other));
}

static void take_over(struct end *end)
{
    end->takeover_at = L2TPHA_NEVER;
    replication_detach(&end->line, &end->active, &end->standby);
    end->active = end->standby;
    end->standby = (struct side){0};
    end->takeovers++;
    if (end->options.forgets_secret)
        change_secrets(end->active.node);
    int error =
        l2tpha_takeover_as(end->active.node, ++end->epoch, end->options.trust, end->world->now);
    world_say(end->world, "end", "=== end %u: takeover, epoch %llu ===", end->place,
              (unsigned long long)end->epoch);
    if (error)
        world_fail(end->world, "takeover: %s", l2tpha_strerror(error));
    end->served_since = end->world->now;
    end->answer_calls = true;
    end->standby_at = end->world->now + end->options.standby_delay;
}

uint64_t end_patience(const struct end *end)
{
    const struct engine *engine = &end->active.node->engine;
    uint64_t cycle = channel_cycle_us(engine), granted = engine->config.recovery_ms * MS;

    /* A peer's attempt that comes to nothing may be what ends it. */
    return (granted > cycle ? granted : cycle) + cycle + DATA_SETUP_MS * MS;
}

/* --- driving --- */

void end_pump(struct end *end)
{
    if (!end->active.node)
        return;
    end_drain(end);
    if (end->active.node && end->line.attached && end->line.copying &&
        role_of(end->active.node) == L2TPHA_ROLE_ACTIVE_SOLO)
        detach(end);
}

static void take_data(struct end *end, const struct l2tpha_path *path, const struct packet *packet)
{
    struct l2tpha_tunnel_record tunnel = {.size = sizeof(tunnel)};
    struct l2tpha_session_record session = {.size = sizeof(session)};
    struct l2tpha_frame frame;

    if (l2tpha_data_receive(end->active.node, path, packet->data, packet->len, end->world->now,
                            &frame))
        return;
    l2tpha_session_get(frame.session, &session);
    l2tpha_tunnel_get(l2tpha_session_tunnel(frame.session), &tunnel);
    if (frame.len != PAYLOAD || get_u32(frame.payload) != tunnel.remote_id ||
        get_u32(frame.payload + 4) != session.remote_id)
        world_fail(end->world, "a frame of call %u/%u came to call %u/%u",
                   (unsigned)get_u32(frame.payload), (unsigned)get_u32(frame.payload + 4),
                   (unsigned)tunnel.remote_id, (unsigned)session.remote_id);
}

void end_receive(struct end *end, const struct packet *packet)
{
    struct l2tpha_path path;

    if (!end->active.node)
        return;
    net_address(end->place, &path.local);
    net_address(packet->from, &path.remote);
    int error = l2tpha_feed(end->active.node, &path, packet->data, packet->len, end->world->now);
    if (error == L2TPHA_ERR_DATA_MESSAGE)
        take_data(end, &path, packet);
    else if (error && l2tpha_error_is_fatal(error) && error != L2TPHA_ERR_AUTH)
        world_fail(end->world, "feed: %s", l2tpha_strerror(error));
    else if (error && error != L2TPHA_ERR_DUPLICATE)
        world_say(end->world, "end", "end %u refuses it: %s", end->place, l2tpha_strerror(error));
    end_pump(end);
}

void end_send_data(struct end *end, struct l2tpha_session *session)
{
    uint8_t datagram[12 + PAYLOAD];
    const struct l2tpha_path *path;
    size_t len;

    if (l2tpha_data_send(session, PAYLOAD, false, datagram, &len, &path, end->world->now))
        return;
    put_u32(datagram + len, l2tpha_tunnel_id(l2tpha_session_tunnel(session)));
    put_u32(datagram + len + 4, l2tpha_session_id(session));
    net_send(end->net, end->place, net_place(&path->remote), datagram, len + PAYLOAD);
    end_pump(end);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t end_deadline(const struct end *end)
{
    uint64_t at =
        sooner(end->standby_at, replication_deadline(&end->line, &end->active, &end->standby));

    if (!end->line.down.head)
        at = sooner(at, end->takeover_at);
    if (end->active.node)
        at = sooner(at, l2tpha_deadline(end->active.node));
    return at;
}

static void guard(struct end *end)
{
    if (end->instant != end->world->now)
        end->spins = 0;
    end->instant = end->world->now;
    if (++end->spins > SPINS_MAX)
        world_fail(end->world, "work is due without end at end %u", end->place);
}

bool end_expire(struct end *end)
{
    bool taken = false;

    guard(end);
    move_streams(end);
    replication_expire(&end->line, &end->active, &end->standby);
    if (end->active.node && l2tpha_deadline(end->active.node) <= end->world->now) {
        l2tpha_expire(end->active.node, end->world->now);
        end_pump(end);
    }
    if (end->takeover_at <= end->world->now && !end->line.down.head) {
        take_over(end);
        taken = true;
    }
    if (end->standby_at <= end->world->now && end->active.node)
        add_standby(end);
    return taken;
}

void end_catch_up(struct end *end)
{
    struct engine *engine = &end->active.node->engine;
    struct session_entry *entry;
    uint32_t place = 0;

    while ((entry = table_session_next(engine->table, &place)))
        if (!tunnel_of(entry->tunnel)->dying)
            ledger_mark_session(engine->ledger, entry);
    engine_seal(engine);
    end_pump(end);
}

bool end_is_idle(const struct end *end)
{
    /* A link is never quiet: its heartbeats may follow one another without a gap. */
    bool quiet = end->line.linked || (!end->line.down.head && !end->line.up.head);

    return end_is_protected(end) && quiet &&
           l2tpha_checkpoint_digest(end->active.node) ==
               l2tpha_checkpoint_digest(end->standby.node);
}
