/* SPDX-License-Identifier: MIT */
/* A tunnel's life outside its machine: making it, its timers, its messages, its end. */
#include "engine/half_open.h"
#include "engine/resync.h"
#include "engine/session.h"

#define US_PER_MS UINT64_C(1000)
#define START_BATCH 64    /* waiting sessions started in one transaction */
#define START_RETRY_MS 50 /* when the queue was full */

/* So a call costs less than 256 bytes where a tunnel has 16. What few tunnels have at one time is
 * no member, but an object of its own that a member points at. */
_Static_assert(sizeof(void *) > 8 || sizeof(struct l2tpha_tunnel) <= 832, "a tunnel's bytes");

void tunnel_mark(struct l2tpha_tunnel *tunnel, uint8_t dirty)
{
    if (!tunnel->dying)
        ledger_mark_tunnel(tunnel->engine->ledger, &tunnel->entry, dirty);
}

/* The set of ids in use, once it is worth its memory. Ids that it lacks are found in the table. */
static const struct id_set *many(struct engine *engine)
{
    struct id_set *set = &engine->tunnel_ids;

    if (set->words)
        return set;
    if (table_tunnel_count(engine->table) < ID_SET_FEW || !id_set_make(engine->table, set))
        return NULL;
    return set;
}

/* After a takeover the set has not heard of all of them yet; what the table tells it stays. */
static uint16_t free_by_set(struct engine *engine, struct scramble *walk)
{
    uint16_t id = id_set_next(&engine->tunnel_ids, walk);

    while (id && table_tunnel_find(engine->table, id)) {
        id_set_take(&engine->tunnel_ids, id);
        id = id_set_next(&engine->tunnel_ids, walk);
    }
    return id;
}

/* The record's place moves on to behind the id. */
static uint16_t free_id(struct engine *engine, struct l2tpha_node_record *record)
{
    struct scramble walk = {get_u64(record->tunnel_key), record->tunnel_place};
    const struct id_set *set = many(engine);
    uint16_t id = 0;

    if (set)
        id = free_by_set(engine, &walk);
    for (uint32_t i = 0; !set && !id && i <= ID_SET_FEW; i++) {
        uint16_t next = scramble_next(&walk);
        if (!table_tunnel_find(engine->table, next))
            id = next;
    }
    record->tunnel_place = (uint16_t)walk.counter;
    return id;
}

static void fill_record(struct engine *engine, struct l2tpha_tunnel_record *record)
{
    record->local_window = engine->config.window;
    record->remote_window = 4; /* RFC 2661 5.8 */
    if (engine->config.hide_avps)
        record->flags |= L2TPHA_TUNNEL_HIDE;
    if (engine->config.commit == L2TPHA_COMMIT_GATED)
        return;
    record->flags |= L2TPHA_TUNNEL_LAZY;
    record->resync_packets = (uint16_t)engine->config.resync_packets;
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
    int error;

    if (tunnel_is_full(engine, recovers != 0))
        return L2TPHA_ERR_LIMIT;

    *after = *engine_record(engine);
    uint32_t id = free_id(engine, after);
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
    tunnel->counted_recovering = recovering;
    if (recovering)
        tunnel->engine->recovering++;
    else
        tunnel->engine->recovering--;
}

void tunnel_remove(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    id_set_give(&engine->tunnel_ids, tunnel->entry.record.local_id);
    if (tunnel->engine)
        set_recovering(tunnel, false);
    id_set_drop(&tunnel->session_ids_taken);
    table_tunnel_remove(engine->table, &tunnel->entry);
}

int tunnel_start(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;

    tunnel->engine = engine;
    id_set_take(&engine->tunnel_ids, tunnel->entry.record.local_id);
    set_recovering(tunnel, tunnel_is_recovery(tunnel));
    tunnel->hello.kind = TIMER_HELLO;
    tunnel->timer.kind = TIMER_TUNNEL;
    tunnel->start.kind = TIMER_START;
    tunnel->answered_ms = (uint32_t)(engine->now / US_PER_MS);
    if (state != L2TPHA_TUNNEL_ESTABLISHED || engine->config.commit != L2TPHA_COMMIT_GATED)
        tunnel_set_commit(tunnel);
    channel_start(engine, &tunnel->channel, &tunnel->entry);
    if (state == L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        tunnel_join_calling(tunnel);
    if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN) {
        tunnel_set_half_open(tunnel, true);
        half_open_restored(tunnel);
    }
    half_open_note(tunnel);
    tunnel_note_lingering(tunnel);
    tunnel_note_twins(tunnel);
    tunnel_arm(tunnel);
    return L2TPHA_OK;
}

int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct tunnel_input *input)
{
    struct engine *engine = tunnel->engine;
    struct tunnel_input *outer = engine->tunnel_input;

    engine->tunnel_input = input;
    int error = fsm_step(&tunnel_fsm, tunnel->entry.record.state, event, tunnel, input);
    engine->tunnel_input = outer;
    if (error == L2TPHA_ERR_UNEXPECTED)
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "%s is improper in %s", tunnel_fsm.event_names[event],
                 l2tpha_tunnel_state_name(tunnel->entry.record.state));
    return error;
}

void tunnel_suspend(struct l2tpha_tunnel *tunnel, bool suspended)
{
    struct engine *engine = tunnel->engine;

    if (tunnel->channel.suspended == suspended)
        return;
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

/* --- tunnels whose SCCRQ is outstanding, for tie breaking (RFC 2661 4.4.3) --- */

static struct l2tpha_tunnel **bucket_of(struct engine *engine, const struct l2tpha_address *remote)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the host picks whom it calls, no peer does */

    for (uint8_t i = 0; i < remote->len; i++)
        hash = (hash ^ remote->bytes[i]) * 16777619u;
    return &engine->calling[(hash ^ hash >> 16) % ENGINE_CALLING];
}

void tunnel_join_calling(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel **bucket = bucket_of(tunnel->engine, &tunnel->entry.record.path.remote);

    tunnel->calling_next = *bucket;
    tunnel->calling_back = bucket;
    if (*bucket)
        (*bucket)->calling_back = &tunnel->calling_next;
    *bucket = tunnel;
    tunnel->calling = true;
}

void tunnel_leave_calling(struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->calling)
        return;
    *tunnel->calling_back = tunnel->calling_next;
    if (tunnel->calling_next)
        tunnel->calling_next->calling_back = tunnel->calling_back;
    tunnel->calling = false;
}

struct l2tpha_tunnel *tunnel_next_calling(struct engine *engine,
                                          const struct l2tpha_address *remote,
                                          const struct l2tpha_tunnel *previous)
{
    struct l2tpha_tunnel *tunnel = previous ? previous->calling_next : *bucket_of(engine, remote);

    while (tunnel && !address_is(&tunnel->entry.record.path.remote, remote))
        tunnel = tunnel->calling_next;
    return tunnel;
}

/* --- messages --- */

struct l2tpha_hiding tunnel_hiding(const struct l2tpha_tunnel *tunnel)
{
    return (struct l2tpha_hiding){
        .crypto = tunnel->engine->config.crypto,
        .secret = tunnel->entry.record.secret.data,
        .secret_len = tunnel->entry.record.secret.len,
    };
}

void tunnel_build(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);

    l2tpha_builder_begin(builder, engine->build, ENGINE_SCRATCH, type, record->remote_id,
                         session_id);
    if (!(record->flags & L2TPHA_TUNNEL_HIDE) || !hiding.crypto || !hiding.secret_len)
        return;
    int error = engine_random(engine, engine->vector, sizeof(engine->vector));
    if (error && !builder->error)
        builder->error = error;
    l2tpha_builder_hide(builder, &hiding, engine->vector, sizeof(engine->vector));
}

int tunnel_send(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    struct engine *engine = tunnel->engine;
    size_t len;

    int error = l2tpha_builder_end(builder, &len);
    if (!error)
        error = channel_send(engine, &tunnel->channel, engine->build, len);
    if (error)
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "%s not sent: %s", l2tpha_message_name(builder->type), l2tpha_strerror(error));
    else
        log_line(&engine->log, L2TPHA_LOG_DETAIL, tunnel->entry.record.local_id, 0, "sends %s",
                 l2tpha_message_name(builder->type));
    return error;
}

int tunnel_hello(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_builder builder;

    if (!channel_idle(&tunnel->channel))
        return L2TPHA_OK;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_HELLO, 0);
    int error = tunnel_send(tunnel, &builder);
    if (error) /* it is tried again soon, even where no HELLO is due by itself */
        wheel_arm(engine->wheel, &tunnel->hello,
                  engine->now + engine->config.retransmit_ms * US_PER_MS);
    return error;
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

void tunnel_timer_due(struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;
    bool up = state == L2TPHA_TUNNEL_ESTABLISHED;
    /* RFC 2661 4.4.2: general request to clear. Of a recovery tunnel that would say that it has
     * done its work; general error, vendor-specific, says that it has not. */
    bool vain = !up && tunnel_is_recovery(tunnel);
    struct tunnel_input input = {.result = vain ? 2 : 1,
                                 .error = vain ? 6 : 0,
                                 .status = up ? 0 : L2TPHA_ERR_TIMEOUT,
                                 .reason = up ? "no sessions" : "not established in time"};

    if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN && tunnel_has_twin(tunnel))
        tunnel_clear(tunnel, input.status, input.reason); /* a StopCCN would end the other one */
    else /* nobody has ever answered: there is nobody to be told */
        tunnel_step(tunnel, tunnel->unproven ? TUNNEL_UNREACHABLE : TUNNEL_TIMEOUT, &input);
}

void tunnel_hello_due(struct l2tpha_tunnel *tunnel)
{
    /* What is outstanding asks the peer already. */
    if (tunnel_hello(tunnel) == L2TPHA_OK) /* else it is armed, and the log has the error */
        arm_hello(tunnel);
}

void tunnel_start_due(struct l2tpha_tunnel *tunnel)
{
    struct tunnel_input input = {.result = tunnel->close_result, .error = tunnel->close_error};

    if (!tunnel->channel.suspended && !tunnel_is_over(tunnel))
        tunnel_step(tunnel, tunnel->close_result ? TUNNEL_CLOSE : TUNNEL_OPEN, &input);
    engine_ready(tunnel->engine, tunnel); /* it may have been hushed */
}

int start_sessions(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;
    struct engine *engine = tunnel->engine;

    (void)argument;
    if (!session_start_waiting(tunnel, START_BATCH) || !tunnel_is_open(tunnel))
        return L2TPHA_OK;
    uint64_t pause = channel_has_own_room(engine, &tunnel->channel) ? 0 : START_RETRY_MS;
    wheel_arm(engine->wheel, &tunnel->start, engine->now + pause * US_PER_MS);
    return L2TPHA_OK;
}

void tunnel_resynced(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    if (!tunnel->resyncing)
        return;
    tunnel->resyncing = false;
    engine->resyncing--;
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
    if (!tunnel->resyncing || channel->resyncing)
        return;
    /* The first word since the takeover. What this end has said before may have met nobody there,
     * if the peer has failed, too. */
    channel_nudge(engine, channel);
    engine->resynced++;
    engine_event(engine, L2TPHA_EVENT_TUNNEL_RESYNCED, tunnel, NULL);
    log_line(&engine->log, L2TPHA_LOG_RESYNC, tunnel->entry.record.local_id, 0, "peer confirmed");
    tunnel_resynced(tunnel);
}

/* --- the end --- */

void tunnel_clear(struct l2tpha_tunnel *tunnel, int status, const char *why)
{
    struct engine *engine = tunnel->engine;
    struct tunnel_input *outer = engine->tunnel_input;
    struct tunnel_input input = {.status = status, .reason = why};

    if (tunnel->dying)
        return;
    engine->tunnel_input = &input;
    tunnel_enter(tunnel, L2TPHA_TUNNEL_IDLE);
    engine->tunnel_input = outer;
}

void tunnel_leave_failover(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    if (tunnel->recovery || tunnel->sync || tunnel->lazy || tunnel->inactivity)
        engine->failover.gone(engine->failover.user, tunnel);
}

/* It stays in the table, found by nobody, until the host has polled the events about it. */
void tunnel_die(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    tunnel_resynced(tunnel);
    if (tunnel->told)
        engine_event(engine, L2TPHA_EVENT_TUNNEL_GONE, tunnel, NULL);
    tunnel_leave_failover(tunnel);
    tunnel_set_half_open(tunnel, false);
    half_open_note(tunnel);
    wheel_disarm(engine->wheel, &tunnel->hello);
    wheel_disarm(engine->wheel, &tunnel->timer);
    wheel_disarm(engine->wheel, &tunnel->start);
    channel_stop(engine, &tunnel->channel);
    ledger_gone_tunnel(engine->ledger, &tunnel->entry);
    tunnel->dying = true;
    if (tunnel->events > 0)
        return;
    tunnel->dead_next = engine->dead;
    engine->dead = tunnel;
}
