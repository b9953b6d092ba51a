/* SPDX-License-Identifier: MIT */
/* A tunnel's life outside its machine: making it, its timers, its end. */
#include "control/tunnel.h"

#include "base/assert.h"
#include "control/duplicate.h"
#include "control/event.h"
#include "control/half_open.h"
#include "control/linger.h"
#include "control/opening.h"
#include "control/tunnel_id.h"
#include "control/tunnel_policy.h"
#include "control/tunnel_send.h"

/* So a call costs less than 256 bytes where a tunnel has 16. What few tunnels have at one time is
 * no member, but an object of its own that a member points at. */
_Static_assert(!SIZES_COUNT || sizeof(struct l2tpha_tunnel) <= 832, "a tunnel's bytes");
_Static_assert(offsetof(struct l2tpha_tunnel, entry) == 0, "the table knows the front of a tunnel");
/* Nine lines of the cache, with two of the record's strings between them. */
_Static_assert(!SIZES_COUNT || (TUNNEL_FRONT == 256 && TUNNEL_BACK == 384 && TUNNEL_HOT <= 704),
               "what messages touch");

void tunnel_mark(struct l2tpha_tunnel *tunnel, uint8_t dirty)
{
    if (!tunnel->dying)
        ledger_mark_tunnel(tunnel->engine->ledger, &tunnel->entry, dirty);
}

static void fill_record(struct engine *engine, struct l2tpha_tunnel_record *record)
{
    record->local_window = engine->config.window;
    record->remote_window = record_wire(record)->window;
    if (engine->config.hide_avps)
        record->flags |= L2TPHA_TUNNEL_HIDE;
    if (engine->config.commit == L2TPHA_COMMIT_GATED)
        return;
    record->flags |= L2TPHA_TUNNEL_LAGGING;
    record->resync_packets = (uint16_t)engine->config.resync_packets;
}

bool tunnel_is_open(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel->channel.suspended &&
           !tunnel->channel.unresponsive && !tunnel->channel.lagging;
}

bool tunnel_is_full(const struct engine *engine, bool recovery)
{
    if (recovery)
        return engine->recovering >= ENGINE_RECOVERIES;
    return table_tunnel_count(engine->table) - engine->recovering >= engine->config.max_tunnels;
}

int tunnel_new(struct engine *engine, const struct l2tpha_path *path, uint32_t recovers,
               struct l2tpha_node_record *after, struct l2tpha_tunnel **tunnel)
{
    return tunnel_new_with_id(engine, path, recovers, 0, after, tunnel);
}

int tunnel_new_with_id(struct engine *engine, const struct l2tpha_path *path, uint32_t recovers,
                       uint32_t id, struct l2tpha_node_record *after, struct l2tpha_tunnel **tunnel)
{
    int error;

    if (tunnel_is_full(engine, recovers != 0))
        return L2TPHA_ERR_LIMIT;

    *after = *engine_record(engine);
    if (!id)
        id = tunnel_id_free(engine, after);
    if (!id)
        return L2TPHA_ERR_NO_ID;
    struct tunnel_entry *entry = table_tunnel_add(engine->table, id, &error);
    if (!entry)
        return error;
    error = table_tunnel_set_remote(engine->table, entry, path, 0);
    if (!error) {
        fill_record(engine, &entry->record);
        entry->record.recovers = recovers;
        error = tunnel_start(engine, tunnel_of(entry));
    }
    if (!error) {
        tunnel_of(entry)->started = ++engine->tunnels_started;
        tunnel_take_policy(tunnel_of(entry), NULL);
    }
    if (error) {
        tunnel_remove(engine, tunnel_of(entry));
        return error;
    }
    *tunnel = tunnel_of(entry);
    return L2TPHA_OK;
}

static void set_recovering(struct l2tpha_tunnel *tunnel, bool recovering)
{
    if (recovering == tunnel->counted_recovering)
        return;
    ASSERT(&tunnel->engine->log, recovering || tunnel->engine->recovering > 0);
    tunnel->counted_recovering = recovering;
    if (recovering)
        tunnel->engine->recovering++;
    else
        tunnel->engine->recovering--;
}

void tunnel_remove(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    ASSERT(&engine->log,
           !tunnel->recovery && !tunnel->sync && !tunnel->lagging && !tunnel->inactivity);
    ASSERT(&engine->log, tunnel->events == 0 && !tunnel->channel.ready);
    ASSERT(&engine->log, !tunnel->opening && !tunnel->lingering);
    ASSERT(&engine->log, !tunnel->counted_half_open && !tunnel->counted_over);
    tunnel_id_give(engine, tunnel->entry.record.local_id);
    if (tunnel->engine)
        set_recovering(tunnel, false);
    id_set_drop(&tunnel->session_ids_taken);
    table_tunnel_remove(engine->table, &tunnel->entry);
}

int tunnel_start(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;

    ASSERT(&engine->log, !tunnel->engine && !tunnel->dying);
    tunnel->engine = engine;
    tunnel_id_take(engine, tunnel->entry.record.local_id);
    set_recovering(tunnel, tunnel_is_recovery(tunnel));
    tunnel->hello.kind = TIMER_HELLO;
    tunnel->timer.kind = TIMER_TUNNEL;
    tunnel->start.kind = TIMER_START;
    tunnel->answered_ms = (uint32_t)(engine->now / US_PER_MS);
    if (state != L2TPHA_TUNNEL_ESTABLISHED || engine->config.commit != L2TPHA_COMMIT_GATED)
        tunnel_set_commit(tunnel);
    channel_start(engine, &tunnel->channel, &tunnel->entry);
    if (state == L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        tunnel_join_opening(tunnel);
    if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN) {
        tunnel_set_half_open(tunnel, true);
        half_open_restored(tunnel);
    }
    half_open_note(tunnel);
    tunnel_note_lingering(tunnel);
    tunnel_note_duplicates(tunnel);
    tunnel_arm(tunnel);
    return L2TPHA_OK;
}

void tunnel_start_later(struct l2tpha_tunnel *tunnel, uint64_t pause_us)
{
    wheel_arm(tunnel->engine->wheel, &tunnel->start, tunnel->engine->now + pause_us);
}

void tunnel_suspend(struct l2tpha_tunnel *tunnel, bool suspended)
{
    struct engine *engine = tunnel->engine;

    if (tunnel->channel.suspended == suspended || tunnel->dying)
        return;
    ASSERT(&engine->log, !suspended || (!tunnel_is_recovery(tunnel) && !tunnel_is_over(tunnel)));
    channel_suspend(engine, &tunnel->channel, suspended);
    if (!suspended) {
        tunnel_arm(tunnel);
        if (tunnel->waiting || tunnel->close_result)
            wheel_arm(engine->wheel, &tunnel->start, engine->now);
        return;
    }
    wheel_disarm(engine->wheel, &tunnel->hello);
    wheel_disarm(engine->wheel, &tunnel->timer);
}

/* --- timers --- */

static void arm_hello(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    bool wanted = tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED &&
                  engine->config.hello_ms > 0 &&
                  !tunnel->channel.suspended; /* data frames come all the same */

    wheel_arm(engine->wheel, &tunnel->hello,
              wanted ? engine->now + engine->config.hello_ms * US_PER_MS : L2TPHA_NEVER);
}

static uint64_t state_limit_us(const struct l2tpha_tunnel *tunnel)
{
    const struct engine *engine = tunnel->engine;

    if (tunnel_is_attached(tunnel) && !tunnel_is_over(tunnel))
        return 0; /* its daemon has timers of its own */
    switch (tunnel->entry.record.state) {
    case L2TPHA_TUNNEL_WAIT_CTL_REPLY:
    case L2TPHA_TUNNEL_WAIT_CTL_CONN:
        return engine->config.setup_ms * US_PER_MS;
    case L2TPHA_TUNNEL_ESTABLISHED:
        return tunnel->entry.session_count || tunnel_is_recovery(tunnel)
                   ? 0
                   : engine->config.idle_ms * US_PER_MS;
    case L2TPHA_TUNNEL_STOPPING:
    case L2TPHA_TUNNEL_STOPPED:
        return channel_cycle_us(engine);
    default:
        return 0;
    }
}

void tunnel_arm(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    uint64_t limit = state_limit_us(tunnel);

    if (tunnel->channel.suspended)
        return; /* it is armed when that is over */
    wheel_arm(engine->wheel, &tunnel->timer, limit ? engine->now + limit : L2TPHA_NEVER);
    arm_hello(tunnel);
}

void tunnel_hello_timer(struct l2tpha_tunnel *tunnel)
{
    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED);
    ASSERT(&tunnel->engine->log, !tunnel->channel.suspended);
    /* What is outstanding asks the peer already. */
    if (tunnel_hello(tunnel) == L2TPHA_OK) /* else it is armed, and the log has the error */
        arm_hello(tunnel);
}

void tunnel_resynced(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    if (!tunnel->unconfirmed)
        return;
    ASSERT(&engine->log, engine->unconfirmed > 0);
    tunnel->unconfirmed = false;
    engine->unconfirmed--;
    engine_check_takeover(engine);
}

void tunnel_heard(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    struct channel *channel = &tunnel->channel;

    channel->heard = channel->since < engine->now; /* not when nothing is under way */
    if (channel->suspended)
        return; /* data: says nothing of the control channel */
    arm_hello(tunnel);
    if (!tunnel->unconfirmed || channel->lagging)
        return;
    /* The first word since the takeover. What this end has said before may have met nobody there,
     * if the peer has failed, too. */
    channel_nudge(engine, channel);
    engine->resynced++;
    engine_event(engine, L2TPHA_EVENT_TUNNEL_RESYNCED, tunnel, NULL);
    log_line(&engine->log, L2TPHA_LOG_RESYNC, tunnel->entry.record.local_id, 0, "peer confirmed");
    tunnel_resynced(tunnel);
}

void engine_check_takeover(struct engine *engine)
{
    if (!engine->taking_over || engine->unrestored || engine->unconfirmed)
        return;
    engine->taking_over = false;
    engine_event(engine, L2TPHA_EVENT_TAKEOVER_DONE, NULL, NULL);
}

void tunnel_set_commit(struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    bool ungated = config->commit != L2TPHA_COMMIT_GATED;
    bool flagged = record->flags & L2TPHA_TUNNEL_LAGGING;

    ASSERT(&tunnel->engine->log, !tunnel->channel.lagging);
    if (ungated == flagged && (!ungated || record->resync_packets))
        return;
    record->flags ^= ungated == flagged ? 0 : L2TPHA_TUNNEL_LAGGING;
    /* The standby reckons with the lease that was in force here, whatever its own would be. */
    if (ungated && !record->resync_packets)
        record->resync_packets = (uint16_t)config->resync_packets;
    tunnel_mark(tunnel, DIRTY_FULL);
}

void tunnel_say(struct l2tpha_tunnel *tunnel, uint8_t kind, const char *text)
{
    engine_event(tunnel->engine, kind, tunnel, NULL);
    log_line(&tunnel->engine->log, L2TPHA_LOG_EVENT, tunnel->entry.record.local_id, 0, "%s", text);
}

void tunnel_answered(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    if (!tunnel->channel.unresponsive)
        return;
    tunnel->channel.unresponsive = false;
    if (tunnel->down_told)
        return;
    tunnel_say(tunnel, L2TPHA_EVENT_TUNNEL_RESPONSIVE, "peer responsive");
    if (tunnel->waiting)
        wheel_arm(engine->wheel, &tunnel->start, engine->now);
}
