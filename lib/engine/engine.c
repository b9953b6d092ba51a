/* SPDX-License-Identifier: MIT */
/* Where input meets the engine: one datagram or one timer in, then one transaction for each message
 * that it lets through. */
#include "base/prefetch.h"
#include "engine/half_open.h"
#include "engine/reorder.h"
#include "engine/session.h"

#include <string.h>

/* Answers that one received message may need, with one left for the StopCCN that ends it all. */
#define ROOM_FOR_ANSWERS 2

int engine_tick(struct engine *engine, uint64_t now)
{
    if (engine->asking)
        return L2TPHA_ERR_REENTERED;
    if (now > ENGINE_TIME_MAX)
        return L2TPHA_ERR_INVALID;
    engine_move_on(engine, now);
    return L2TPHA_OK;
}

int engine_enter(struct engine *engine, uint64_t now)
{
    int error = engine_tick(engine, now);
    if (error)
        return error;
    if (!engine->serving)
        return L2TPHA_ERR_ROLE;
    return engine->draining || engine->held ? L2TPHA_ERR_STATE : L2TPHA_OK;
}

int engine_leave(struct engine *engine, int error)
{
    engine_seal(engine);
    engine_reap(engine);
    return error;
}

int engine_random(struct engine *engine, void *dst, size_t len)
{
    engine->asking = true;
    int error = engine->host.random(engine->host.user, dst, len);
    engine->asking = false;
    if (!error)
        return L2TPHA_OK;
    engine->counters.callback_errors++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0, "the host has no random bytes: %d", error);
    return L2TPHA_ERR_HOST;
}

const struct l2tpha_node_record *engine_record(const struct engine *engine)
{
    const struct node_entry *entry = table_node(engine->table);

    return node_is_set(entry) ? &entry->record : &engine->beginning;
}

void engine_set_record(struct engine *engine, const struct l2tpha_node_record *record)
{
    struct l2tpha_node_record *own = &table_node(engine->table)->record;
    struct l2tpha_bytes unknown = own->unknown; /* the table's, whatever the rest comes from */

    *own = *record;
    own->unknown = unknown;
    ledger_mark_node(engine->ledger);
}

/* What is told of the node itself depends on no checkpoint. */
void engine_close_events(struct engine *engine, uint64_t number)
{
    uint32_t count = outbox_count(engine->events);

    while (engine->open_events > 0) {
        struct event_item *event = outbox_at(engine->events, count - engine->open_events);
        event->depends = event->tunnel_id ? number : 0;
        engine->open_events--;
    }
}

void engine_seal(struct engine *engine)
{
    engine_close_events(engine, ledger_seal(engine->ledger, engine->now));
}

/* --- datagrams --- */

static int process(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_path *path, const uint8_t *data, size_t len)
{
    engine->counters.messages_in++;
    tunnel->channel.ended_call = 0;
    int error = tunnel_process(tunnel, path, data, len);
    if (!tunnel->dying)
        channel_accept(engine, &tunnel->channel);
    return error;
}

/* RFC 2661 5.8: what is not taken is not acknowledged, so the peer sends it again. That is better
 * than to take a message and to be unable to answer it, not even that it has failed, or to tell the
 * host of it. The one answer that may be long is an FSR, which is no longer than its FSQ. */
static int room_for_answers(struct engine *engine, const struct l2tpha_tunnel *tunnel, size_t len)
{
    size_t answer = len > ENGINE_ANSWER ? len : ENGINE_ANSWER;

    if (!channel_has_room(engine, &tunnel->channel, ROOM_FOR_ANSWERS) ||
        tunnel->event_bytes > buffer_pool_share(engine->pool))
        return L2TPHA_ERR_QUEUE_FULL;
    int error = buffer_reserve(engine->pool, answer);
    if (!error && buffer_pool_room(engine->pool) < 2 * answer) /* an event has a copy */
        error = L2TPHA_ERR_LIMIT;
    return error;
}

void engine_process_kept(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    struct buffer *kept;

    while (!tunnel->dying &&
           room_for_answers(engine, tunnel, reorder_next_len(&tunnel->channel)) == L2TPHA_OK &&
           (kept = reorder_take(&tunnel->channel))) {
        engine_seal(engine);
        process(engine, tunnel, &tunnel->entry.record.path, kept->data, kept->len);
        buffer_put(engine->pool, kept);
    }
}

/* RFC 2661 5.7: once the StopCCN is acknowledged nothing keeps the tunnel. */
static void check_delivered(struct l2tpha_tunnel *tunnel)
{
    struct tunnel_input input = {0};

    if (!tunnel->dying && tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPING &&
        channel_idle(&tunnel->channel))
        tunnel_step(tunnel, TUNNEL_DELIVERED, &input);
}

static void check_moved(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    bool said = tunnel_is_recovery(tunnel) && channel_idle(&tunnel->channel);
    bool owed = tunnel->entry.record.flags & L2TPHA_TUNNEL_UNSYNCED;
    bool recovered = !tunnel_is_recovery(tunnel) && tunnel->recovery;

    if (!tunnel->dying && (said || owed || recovered || tunnel->sync))
        engine->failover.moved(engine->failover.user, tunnel);
}

/* RFC 4951 3.2.2: the peer takes its SCCCN for read once that is acknowledged, and the old tunnel
 * for recovered. One that comes too late is read by nobody. */
static bool is_vain(const struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header,
                    const uint8_t *data, size_t len)
{
    return tunnel_is_recovery(tunnel) && tunnel_is_over(tunnel) &&
           channel_type_of(data, len, header->header_len) == L2TPHA_MESSAGE_SCCCN;
}

/* What acknowledged it before has met nobody, nor has what went with that. */
static void take_duplicate(struct engine *engine, struct l2tpha_tunnel *tunnel,
                           const struct l2tpha_header *header, const uint8_t *data, size_t len)
{
    struct l2tpha_decode_fault fault = {0};

    if (tunnel_is_recovery(tunnel) || (tunnel->restored && !tunnel->channel.resyncing))
        channel_nudge(engine, &tunnel->channel);
    if (!tunnel_is_recovery(tunnel) ||
        channel_type_of(data, len, header->header_len) != L2TPHA_MESSAGE_SCCRP)
        return;
    l2tpha_message_decode(data, len, &engine->message, &fault);
    if (!fault.error)
        engine->failover.answered_again(engine->failover.user, tunnel, &engine->message);
}

int engine_deliver(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_path *path, const struct l2tpha_header *header,
                   const uint8_t *data, size_t len)
{
    int error = L2TPHA_OK;

    /* RFC 4951 3.2.1: until the reset nothing on the old channel counts. */
    if (tunnel->channel.suspended &&
        !engine->failover.heard(engine->failover.user, tunnel, header)) {
        engine->counters.suspended_drops++;
        return L2TPHA_OK;
    }
    enum channel_verdict verdict = channel_receive(engine, &tunnel->channel, header, data, len);
    if (tunnel->channel.tries == 0)
        tunnel_answered(tunnel);
    if (tunnel->unproven && tunnel->entry.record.acked)
        half_open_proved(tunnel);
    switch (verdict) {
    case CHANNEL_IN_ORDER:
        if (is_vain(tunnel, header, data, len)) {
            error = L2TPHA_ERR_UNEXPECTED;
            break;
        }
        error = room_for_answers(engine, tunnel, len);
        if (error) {
            engine->counters.queue_full++;
            return error;
        }
        error = process(engine, tunnel, path, data, len);
        engine_process_kept(engine, tunnel);
        break;
    case CHANNEL_DUPLICATE:
        error = L2TPHA_ERR_DUPLICATE;
        take_duplicate(engine, tunnel, header, data, len);
        break;
    case CHANNEL_BEYOND:
        error = L2TPHA_ERR_OUT_OF_WINDOW;
        break;
    case CHANNEL_ACK_ONLY:
    case CHANNEL_KEPT:
        break;
    }
    if (tunnel->lazy)
        engine->failover.passed(engine->failover.user, tunnel, header);
    if (!tunnel->dying)
        tunnel_heard(tunnel);
    check_delivered(tunnel);
    check_moved(engine, tunnel);
    return error;
}

static bool is_same_host(struct engine *engine, const struct l2tpha_address *asked,
                         const struct l2tpha_address *answers)
{
    if (!engine->host.same_host)
        return false;
    engine->asking = true;
    bool same = engine->host.same_host(engine->host.user, asked, answers);
    engine->asking = false;
    return same;
}

/* RFC 2661 8.1: the answer to an SCCRQ may come from a port of the peer's choice, the SCCRP from
 * anywhere; from then on both ends stay. A StopCCN has nothing to be checked by, so it has to be
 * the first word of the host that was asked, and to acknowledge what that was asked. */
static bool is_answer(const struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                      const struct l2tpha_header *header, uint16_t type)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (record->state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return false;
    return type == L2TPHA_MESSAGE_SCCRP ||
           (type == L2TPHA_MESSAGE_STOPCCN && header->ns == record->nr &&
            header->nr == record->ns &&
            is_same_host(tunnel->engine, &record->path.remote, &path->remote));
}

static int receive_bound(struct engine *engine, const struct l2tpha_path *path,
                         const struct l2tpha_header *header, const uint8_t *data, size_t len)
{
    struct l2tpha_tunnel *tunnel = engine_tunnel_find(engine, header->tunnel_id);

    if (!tunnel) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    prefetch(tunnel, sizeof(*tunnel));
    if (!address_is(&tunnel->entry.record.path.remote, &path->remote) &&
        !is_answer(tunnel, path, header, channel_type_of(data, len, header->header_len))) {
        engine->counters.wrong_peer++;
        /* Not a line of that tunnel: its peer has done nothing. */
        log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0,
                 "datagram for tunnel %u from another address dropped", header->tunnel_id);
        return L2TPHA_ERR_WRONG_PEER;
    }
    if (!engine_wake(engine, tunnel)) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    return engine_deliver(engine, tunnel, path, header, data, len);
}

int engine_receive(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                   size_t len)
{
    struct l2tpha_header header;

    if (!engine->serving) {
        engine->counters.fenced_drops++;
        return L2TPHA_ERR_ROLE;
    }
    if (path->remote.len > L2TPHA_ADDRESS_MAX || path->local.len > L2TPHA_ADDRESS_MAX)
        return L2TPHA_ERR_INVALID;
    engine->counters.datagrams_in++;
    int error = l2tpha_header_decode(data, len, &header);
    if (error) {
        if (error == L2TPHA_ERR_VERSION)
            engine->counters.bad_version++;
        else
            engine->counters.bad_header++;
        return error;
    }
    if (!header.control)
        return L2TPHA_ERR_DATA_MESSAGE;
    if (header.tunnel_id)
        error = receive_bound(engine, path, &header, data, header.length);
    else
        error = tunnel_process_unbound(engine, path, &header, data, header.length);
    engine_seal(engine);
    return error;
}

/* --- a takeover under way --- */

struct l2tpha_tunnel *engine_wake(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    if (tunnel && !tunnel->engine)
        engine->failover.wake(engine->failover.user, tunnel);
    return tunnel && !tunnel->dying ? tunnel : NULL;
}

void engine_check_takeover(struct engine *engine)
{
    if (!engine->taking_over || engine->unrestored || engine->resyncing)
        return;
    engine->taking_over = false;
    engine_event(engine, L2TPHA_EVENT_TAKEOVER_DONE, NULL, NULL);
}

/* --- timers --- */

static struct l2tpha_tunnel *tunnel_of_channel(struct channel *channel)
{
    return container_of(channel, struct l2tpha_tunnel, channel);
}

static void retransmit_due(struct engine *engine, struct channel *channel)
{
    if (channel_retransmit_due(engine, channel) == L2TPHA_ERR_TIMEOUT)
        tunnel_unanswered(tunnel_of_channel(channel));
}

void engine_timer(struct engine *engine, struct timer *timer)
{
    switch ((enum timer_kind)timer->kind) {
    case TIMER_RETRANSMIT:
        retransmit_due(engine, container_of(timer, struct channel, retransmit));
        break;
    case TIMER_ACK:
        channel_ack_due(engine, container_of(timer, struct channel, ack));
        break;
    case TIMER_HELLO:
        tunnel_hello_due(container_of(timer, struct l2tpha_tunnel, hello));
        break;
    case TIMER_TUNNEL:
        tunnel_timer_due(container_of(timer, struct l2tpha_tunnel, timer));
        break;
    case TIMER_START:
        tunnel_start_due(container_of(timer, struct l2tpha_tunnel, start));
        break;
    case TIMER_RECOVERY:
    case TIMER_SYNC:
    case TIMER_LAZY:
    case TIMER_INACTIVITY:
        engine->failover.due(engine->failover.user, timer);
        break;
    case TIMER_SESSION:
        session_timer_due(container_of(timer, struct l2tpha_session, timer));
        break;
    }
    engine_seal(engine);
}

void engine_reap(struct engine *engine)
{
    while (engine->dead) {
        struct l2tpha_tunnel *tunnel = engine->dead;
        engine->dead = tunnel->dead_next;
        tunnel_remove(engine, tunnel);
    }
}
