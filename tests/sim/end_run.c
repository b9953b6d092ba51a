/* SPDX-License-Identifier: MIT */
/* An end in time: what comes from the net, what is due, when it is at rest. */
#include "control/transaction.h"
#include "node/node.h"
#include "sim/end.h"

#include <l2tpha/checkpoint.h>

#define SPINS_MAX 2000
#define PAYLOAD 8
#define VERSION 2 /* of a data header with nothing but ids */

void end_pump(struct end *end)
{
    end->turn_at = L2TPHA_NEVER;
    if (!end->active.node)
        return;
    end_drain(end);
    end->read = 0;
    if (!end->active.node || !end->line.attached || !end->line.copying)
        return;
    /* The standby has not confirmed in time, or has lost the thread. */
    if (info_of(end->active.node).role == L2TPHA_ROLE_ACTIVE_SOLO) {
        end_detach(end);
        return;
    }
    if (end->switching && l2tpha_switchover_ready(end->active.node))
        end_hand_over(end);
}

/* --- what comes from the net --- */

static void take_data(struct end *end, const struct l2tpha_path *path, const struct packet *packet)
{
    struct l2tpha_tunnel_record tunnel = {.size = sizeof(tunnel)};
    struct l2tpha_session_record session = {.size = sizeof(session)};
    struct l2tpha_frame frame;

    if (host_takes_data(end->active.node, packet->data, packet->len, end->world->now))
        return;
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

static bool is_excused(const struct end *end, int error)
{
    return !l2tpha_error_is_fatal(error) || (error == L2TPHA_ERR_AUTH && end->options.distrusted);
}

/* More may come before it polls. */
static void go_on_reading(struct end *end)
{
    if (end_perish(end) || !end_step(end, "while it reads on"))
        return;
    end->turn_at = sooner(end->turn_at, end->world->now + end->options.turn);
}

void end_receive(struct end *end, const struct packet *packet)
{
    struct l2tpha_path path;

    net_address(end->place, &path.local);
    net_address(packet->from, &path.remote);
    if (end->retired.node) {
        host_feed(end->retired.node, &path, packet->data, packet->len, end->world->now);
        end_drain_silent(end, &end->retired, "the fenced node");
    }
    if (!end->active.node)
        return;
    const uint64_t *read = &l2tpha_counters(end->active.node)->messages_in, before = *read;
    int error = host_feed(end->active.node, &path, packet->data, packet->len, end->world->now);
    if (error == L2TPHA_ERR_DATA_MESSAGE)
        take_data(end, &path, packet);
    else if (error && !is_excused(end, error))
        world_fail(end->world, "feed: %s", l2tpha_strerror(error));
    else if (error && error != L2TPHA_ERR_DUPLICATE)
        world_say(end->world, end->active.name, "refuses it: %s", l2tpha_strerror(error));
    end->read += *read - before;
    if (end->options.turn)
        go_on_reading(end);
    else
        end_pump(end);
}

/* The header by hand, RFC 2661 3.1: without a number. */
static bool put_header(const struct l2tpha_session *session, uint8_t *datagram, size_t *len,
                       struct l2tpha_path *path)
{
    struct l2tpha_tunnel_record tunnel = {.size = sizeof(tunnel)};
    struct l2tpha_session_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(l2tpha_session_tunnel(session), &tunnel);
    l2tpha_session_get(session, &record);
    put_u16(datagram, VERSION);
    put_u16(datagram + 2, (uint16_t)tunnel.remote_id);
    put_u16(datagram + 4, (uint16_t)record.remote_id);
    *len = 6;
    *path = tunnel.path;
    return record.state == L2TPHA_SESSION_ESTABLISHED;
}

static bool begin_frame(const struct end *end, struct l2tpha_session *session, uint8_t *datagram,
                        size_t *len, struct l2tpha_path *path)
{
    const struct l2tpha_path *way;

    if (host_sends_data(session))
        return put_header(session, datagram, len, path);
    if (l2tpha_data_send(session, PAYLOAD, false, datagram, len, &way, end->world->now))
        return false;
    *path = *way;
    return true;
}

void end_send_data(struct end *end, struct l2tpha_session *session)
{
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + PAYLOAD];
    struct l2tpha_path path;
    size_t len;

    if (!begin_frame(end, session, datagram, &len, &path))
        return;
    put_u32(datagram + len, l2tpha_tunnel_id(l2tpha_session_tunnel(session)));
    put_u32(datagram + len + 4, l2tpha_session_id(session));
    net_send(end->net, end->place, net_place(&path.remote), datagram, len + PAYLOAD);
    end_pump(end);
}

/* --- what is due --- */

uint64_t end_deadline(const struct end *end)
{
    uint64_t at =
        sooner(end->standby_at, replication_deadline(&end->line, &end->active, &end->standby));

    at = sooner(at, end->turn_at);
    if (!end->line.down.head)
        at = sooner(at, end->takeover_at);
    if (end->active.node)
        at = sooner(at, host_deadline(end->active.node));
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

static void move_streams(struct end *end)
{
    while (replication_take_down(&end->line, &end->standby, end->active.node))
        end_drain_silent(end, &end->standby, "the standby");
    while (replication_take_up(&end->line, &end->active))
        end_pump(end);
}

void end_expire(struct end *end)
{
    guard(end);
    move_streams(end);
    if (end->line.broken)
        end_detach(end);
    replication_expire(&end->line, &end->active, &end->standby);
    if (end->active.node && host_deadline(end->active.node) <= end->world->now) {
        host_expire(end->active.node, end->world->now);
        end_pump(end);
    }
    if (end->retired.node) {
        host_expire(end->retired.node, end->world->now);
        end_drain_silent(end, &end->retired, "the fenced node");
    }
    if (end->turn_at <= end->world->now)
        end_pump(end);
    if (end->takeover_at <= end->world->now && !end->line.down.head)
        end_take_over(end);
    if (end->standby_at <= end->world->now)
        end_add_standby(end);
}

/* --- rest --- */

bool end_is_idle(const struct end *end)
{
    /* A link is never quiet: its heartbeats may follow one another without a gap. */
    bool quiet = end->line.linked || replication_is_empty(&end->line);

    return end->active.node && end->line.attached && quiet && end->turn_at == L2TPHA_NEVER &&
           info_of(end->active.node).role == L2TPHA_ROLE_ACTIVE;
}

bool end_is_copied(const struct end *end)
{
    return l2tpha_checkpoint_digest(end->active.node) ==
           l2tpha_checkpoint_digest(end->standby.node);
}

void end_catch_up(struct end *end)
{
    struct engine *engine = &end->active.node->engine;
    struct session_entry *entry;
    uint32_t place = 0;

    while ((entry = table_session_next(engine->table, &place)))
        if (!tunnel_of(entry->tunnel)->dying)
            ledger_mark_session(engine->ledger, entry);
    engine_commit(engine);
    end_pump(end);
}

uint64_t end_patience(const struct end *end)
{
    const struct engine *engine = &end->active.node->engine;
    uint64_t cycle = channel_cycle_us(engine), granted = engine->config.recovery_ms * MS;

    /* A peer's attempt that comes to nothing may be what ends it. */
    return (granted > cycle ? granted : cycle) + cycle + engine->config.setup_ms * MS;
}
