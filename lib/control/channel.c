/* SPDX-License-Identifier: MIT */
/* Sending is go-back-N: the cursor walks down the queue, whether its messages leave for the first
 * time or again, and a retransmission only sets it back to the oldest. The retransmission timer
 * starts when a message leaves; a message that may not leave yet has none. The control channel
 * timeout, RFC 2661 5.8, starts with it: when the oldest message leaves for the first time, or at
 * the acknowledgement of the one before if it had left by then, since the peer lived that long.
 *
 * Acknowledging: told_nr is what the peer has been told last. Whatever leaves tells it nr_safe, so
 * an acknowledgement of its own is due only when nothing else left in time. */
#include "control/channel.h"

#include "base/assert.h"
#include "base/serial.h"
#include "control/ready.h"
#include "control/recovery_time.h"
#include "control/reorder.h"
#include "control/window.h"
#include "state/order.h"
#include "state/queue.h"
#include "state/record.h"

#include <string.h>

#define NUDGE_US (100 * US_PER_MS)           /* for an answer that is on its way already */
#define CAP_MIN_MS 8000                      /* RFC 2661 5.8: a cap is never below 8 seconds */
#define CYCLE_MIN_US (31 * US_PER_MS * 1000) /* RFC 2661 5.7 */
/* A tunnel goes into one checkpoint with its queue, the host's state for it and its strings: that
 * must stay below L2TPHA_CHECKPOINT_MAX. Each limit may be passed by one message. */
#define OWN_BYTES (448u << 10)
#define ANSWER_BYTES (768u << 10)
#define STOPCCN_BYTES (832u << 10)
/* What a peer may have us hold when others hold much, in spite of the share of the pool. */
#define SHARE_MIN (4u << 10)

_Static_assert(
    OWN_BYTES < ANSWER_BYTES && ANSWER_BYTES < STOPCCN_BYTES &&
        STOPCCN_BYTES + WIRE_DATAGRAM_MAX + CHANNEL_RECORD_BYTES + ENGINE_APP_STATE +
                LEDGER_OPEN_BYTES <
            L2TPHA_CHECKPOINT_MAX,
    "a queue, passed by one message, and the host's state fit one checkpoint that others "
    "have begun");

static uint32_t first_interval_ms(const struct engine *engine)
{
    return engine->config.retransmit_ms;
}

static uint32_t next_interval_ms(const struct engine *engine, uint32_t interval_ms)
{
    uint32_t cap_ms = engine->config.retransmit_cap_ms;
    cap_ms = cap_ms > CAP_MIN_MS ? cap_ms : CAP_MIN_MS;
    return interval_ms <= cap_ms / 2 ? interval_ms * 2 : cap_ms;
}

/* When what leaves now is repeated. */
static uint64_t interval_over(const struct engine *engine, const struct channel *channel)
{
    return engine->now + channel->interval_ms * US_PER_MS;
}

uint64_t channel_cycle_us(const struct engine *engine)
{
    uint32_t interval_ms = first_interval_ms(engine);
    uint64_t cycle = 0;
    for (uint32_t i = 0; i < engine->config.retries; i++) {
        cycle += interval_ms * US_PER_MS;
        interval_ms = next_interval_ms(engine, interval_ms);
    }
    return cycle > CYCLE_MIN_US ? cycle : CYCLE_MIN_US;
}

/* Something may leave now that could not before. */
static void ready(struct engine *engine, struct channel *channel)
{
    engine_ready(engine, channel);
}

static void cursor_to_oldest(struct channel *channel)
{
    channel->cursor = channel->entry->queue_head;
    channel->cursor_ns = channel->entry->record.acked;
}

static void trim(struct engine *engine, struct channel *channel, uint16_t nr)
{
    const struct buffer *message = channel->entry->queue_head;

    ASSERT(&engine->log,
           serial_in_order(channel->entry->record.acked, nr, channel->entry->record.ns));
    for (uint16_t ns = channel->entry->record.acked; ns != nr && message; ns++) {
        channel->queue_bytes -= channel_bytes_of(message);
        message = message->next;
    }
    queue_trim(engine->pool, channel->entry, nr);
    ASSERT(&engine->log, entry_has_queue(channel->entry));
}

void channel_start(struct engine *engine, struct channel *channel, struct tunnel_entry *entry)
{
    engine_unready(engine, channel);
    *channel = (struct channel){
        .entry = entry,
        .sent_ns = entry->record.ns,
        .told_nr = entry->record.nr,
        .interval_ms = first_interval_ms(engine),
        .since = L2TPHA_NEVER,
        .retransmit.kind = TIMER_RETRANSMIT,
        .ack.kind = TIMER_ACK,
    };
    for (const struct buffer *message = entry->queue_head; message; message = message->next)
        channel->queue_bytes += channel_bytes_of(message);
    ASSERT(&engine->log, entry_has_queue(entry));
    cursor_to_oldest(channel);
    window_start(channel);
    ready(engine, channel);
}

/* RFC 4951 5.1: the time that a peer asks for runs on while the channel rests, and no number of
 * attempts that come to nothing keeps a tunnel for longer. After the last retransmission, one that
 * could be answered in vain, there is one more of these, and then none. */
static bool has_had_its_chances(const struct engine *engine, const struct channel *channel)
{
    return channel->tries > engine->config.retries + 1 &&
           engine->now >= channel_granted_until(engine, channel);
}

static void resume(struct engine *engine, struct channel *channel)
{
    channel->interval_ms = first_interval_ms(engine);
    cursor_to_oldest(channel);
    if (channel->since == L2TPHA_NEVER)
        return;
    channel->tries++;
    if (has_had_its_chances(engine, channel))
        wheel_arm(engine->wheel, &channel->retransmit, engine->now);
}

void channel_suspend(struct engine *engine, struct channel *channel, bool suspended)
{
    if (suspended == channel->suspended)
        return;
    channel->suspended = suspended;
    if (suspended) {
        wheel_disarm(engine->wheel, &channel->retransmit);
        wheel_disarm(engine->wheel, &channel->ack);
        channel->nudge = NUDGE_NONE; /* its timer is gone; the next one to be due is no nudge */
        return;
    }
    /* What was heard before and not acknowledged yet still wants to be. */
    channel->ack_now = channel->told_nr != channel->entry->record.nr;
    resume(engine, channel);
    ready(engine, channel);
}

void channel_reset(struct engine *engine, struct channel *channel, uint16_t ns, uint16_t nr)
{
    struct tunnel_entry *entry = channel->entry;

    wheel_disarm(engine->wheel, &channel->retransmit);
    wheel_disarm(engine->wheel, &channel->ack);
    reorder_drop(engine, channel);
    trim(engine, channel, entry->record.ns);
    entry->record.ns = entry->record.acked = channel->sent_ns = ns;
    entry->record.nr = channel->told_nr = nr;
    engine->port->restarted(engine, entry);
    ASSERT(&engine->log, entry->queue_count == 0 && entry_is_in_order(entry));
    channel->ack_now = channel->ack_again = false;
    channel->nudge = NUDGE_NONE;
    channel->inherits = channel->lagging = channel->held = channel->careful = channel->probe_due =
        channel->heard = channel->peer_said = false;
    window_start(channel);
    channel->tries = 0;
    channel->interval_ms = first_interval_ms(engine);
    channel->since = L2TPHA_NEVER;
    cursor_to_oldest(channel);
}

static void want_ack(struct engine *engine, struct channel *channel);

void channel_jump(struct engine *engine, struct channel *channel, uint16_t nr)
{
    struct tunnel_entry *entry = channel->entry;

    ASSERT(&engine->log, !serial_before(nr, entry->record.nr));
    for (; entry->record.nr != nr; entry->record.nr++)
        reorder_pass(engine, channel);
    engine->port->changed(engine, entry, DIRTY_SEQUENCE);
    want_ack(engine, channel);
}

void channel_stop(struct engine *engine, struct channel *channel)
{
    wheel_disarm(engine->wheel, &channel->retransmit);
    wheel_disarm(engine->wheel, &channel->ack);
    reorder_drop(engine, channel);
    buffer_put(engine->pool, channel->probe);
    channel->probe = NULL;
    channel->probe_due = false;
    channel->cursor = NULL;
    channel->cursor_ns = channel->entry->record.ns;
    channel->ack_now = channel->ack_again = false;
    engine_unready(engine, channel);
    channel->stopped = true;
}

bool channel_idle(const struct channel *channel)
{
    return channel->entry->queue_count == 0;
}

bool channel_has_said_all(const struct channel *channel)
{
    return !channel->cursor;
}

/* --- sending --- */

/* What of a limit the tunnel may use while others hold much of the pool. */
static uint32_t shared(const struct engine *engine, uint32_t limit)
{
    size_t share = buffer_pool_share(engine->pool);

    if (share < SHARE_MIN)
        share = SHARE_MIN;
    return share < limit ? (uint32_t)share : limit;
}

static bool fits(const struct engine *engine, const struct channel *channel, uint32_t messages,
                 uint32_t bytes)
{
    uint32_t limit = engine->config.max_queue;
    if (limit > WINDOW_MAX)
        limit = WINDOW_MAX;
    uint32_t count = channel->entry->queue_count;
    return channel->queue_bytes <= bytes && count <= limit && messages <= limit - count;
}

bool channel_has_room(const struct engine *engine, const struct channel *channel, uint32_t messages)
{
    return fits(engine, channel, messages,
                messages > 1 ? shared(engine, ANSWER_BYTES) : STOPCCN_BYTES);
}

bool channel_has_room_for(const struct engine *engine, const struct channel *channel,
                          uint32_t messages, uint32_t bytes)
{
    uint32_t limit = shared(engine, ANSWER_BYTES);

    return bytes <= limit && fits(engine, channel, messages + 1, limit - bytes);
}

bool channel_has_own_room(const struct engine *engine, const struct channel *channel)
{
    return fits(engine, channel, engine->config.max_queue / 2 + 1, shared(engine, OWN_BYTES));
}

int channel_send(struct engine *engine, struct channel *channel, const uint8_t *data, size_t len)
{
    struct tunnel_entry *entry = channel->entry;
    int error;

    ASSERT(&engine->log, !channel->stopped);
    if (!channel_has_room(engine, channel, 1))
        return L2TPHA_ERR_QUEUE_FULL;
    struct buffer *message = buffer_get(engine->pool, len, &error);
    if (!message)
        return error;
    memcpy(message->data, data, len);
    message->len = (uint32_t)len;
    channel_wire(channel)->stamp(message->data, entry->record.ns, entry->nr_safe);
    queue_append(entry, message);
    channel->queue_bytes += channel_bytes_of(message);
    ASSERT(&engine->log, entry_has_queue(entry));
    engine->port->changed(engine, entry, DIRTY_SEQUENCE);
    if (!channel->cursor)
        channel->cursor = message;
    engine->counters.messages_out++;
    ready(engine, channel);
    return L2TPHA_OK;
}

/* Something is queued and waits for the peer to acknowledge what is out. */
static bool is_stalled(const struct channel *channel)
{
    uint16_t outstanding = (uint16_t)(channel->cursor_ns - channel->entry->record.acked);
    return channel->cursor && outstanding >= window_size(channel);
}

/* So much may be sent to an address that has proved nothing yet. */
static bool is_paid_for(const struct channel *channel, size_t len)
{
    return !channel->unproven || len <= channel->credit;
}

/* Whether the message at the cursor is with the standby and fits the window. */
static bool may_leave(const struct channel *channel)
{
    return channel->cursor && !channel->held &&
           serial_before(channel->cursor_ns, channel->entry->ns_safe) && !is_stalled(channel) &&
           is_paid_for(channel, channel->cursor->len);
}

/* A peer that is kept for its Recovery Time is not kept until the next retransmission. */
static uint64_t retransmit_at(const struct engine *engine, const struct channel *channel)
{
    uint64_t at = interval_over(engine, channel);
    uint64_t until = channel->unresponsive ? channel_granted_until(engine, channel) : 0;

    return until > engine->now && until < at ? until : at;
}

static struct buffer *leave(struct engine *engine, struct channel *channel)
{
    struct buffer *message = channel->cursor;

    ASSERT(&engine->log, serial_before(channel->cursor_ns, channel->entry->ns_safe));
    /* RFC 2661 5.8: a copy keeps its Ns and carries the current Nr. */
    channel_wire(channel)->stamp(message->data, channel->cursor_ns, channel->entry->nr_safe);
    channel->cursor = message->next;
    channel->cursor_ns++;
    if (serial_after(channel->cursor_ns, channel->sent_ns))
        channel->sent_ns = channel->cursor_ns;
    else
        engine->counters.retransmissions++;
    if (channel->since == L2TPHA_NEVER)
        channel->since = engine->now;
    if (!timer_armed(&channel->retransmit))
        wheel_arm(engine->wheel, &channel->retransmit, retransmit_at(engine, channel));
    return message;
}

/* --- acknowledging --- */

/* Half a window that nobody has told the peer about: waiting longer might stall it. */
static bool half_window_untold(const struct channel *channel)
{
    const struct l2tpha_tunnel_record *record = &channel->entry->record;
    uint32_t untold = (uint16_t)(record->nr - channel->told_nr);
    return untold > 0 && untold >= record->local_window / 2;
}

/* A recovery tunnel has nothing to say later that an acknowledgement could go with, and others wait
 * for its place. Nor does it go with what waits for room in the window, at both ends maybe. */
static void want_ack(struct engine *engine, struct channel *channel)
{
    bool waits =
        channel->entry->record.recovers == 0 && !is_stalled(channel) && !channel->ended_call;
    uint64_t delay = waits ? engine->config.ack_delay_ms * US_PER_MS : 0;

    if (channel->told_nr == channel->entry->record.nr) {
        wheel_stop(engine->wheel, &channel->ack);
        return;
    }
    /* A recovery endpoint is silent until its SCCCN is acknowledged (RFC 4951 3.2.1). */
    if (delay == 0 || half_window_untold(channel)) {
        channel->ack_now = true;
        ready(engine, channel);
        return;
    }
    if (!timer_armed(&channel->ack))
        wheel_arm(engine->wheel, &channel->ack, engine->now + delay);
}

/* A datagram leaves and says nr_safe. What it could not cover waits anew. */
static void told(struct engine *engine, struct channel *channel)
{
    ASSERT(&engine->log,
           serial_in_order(channel->told_nr, channel->entry->nr_safe, channel->entry->record.nr));
    channel->ack_again = false;
    if (channel->told_nr == channel->entry->nr_safe)
        return;
    channel->told_nr = channel->entry->nr_safe;
    channel->ack_now = false;
    wheel_stop(engine->wheel, &channel->ack);
    want_ack(engine, channel);
}

/* Who has proved nothing hears of it with our answer, or would wait for that in vain; but for one
 * that has ended what it began, and has paid for a ZLB. */
static bool may_acknowledge(const struct channel *channel)
{
    return !channel->unproven || (record_is_over(&channel->entry->record) &&
                                  is_paid_for(channel, channel_wire(channel)->ack_len));
}

static bool ack_is_due(const struct channel *channel)
{
    return may_acknowledge(channel) &&
           (channel->ack_again ||
            (channel->ack_now && serial_after(channel->entry->nr_safe, channel->told_nr)));
}

/* xl2tpd calls again once the header of a ZLB has named the call that its CDN has ended, and for
 * others a ZLB is no more than its Nr. RFC 2661 5.8: it takes no number. Its Ns is that of the next
 * message that has not left yet; some peers ignore one with any other. */
static bool write_ack(const struct channel *channel, uint8_t ack[L2TPHA_ACK_MAX])
{
    const struct l2tpha_header numbers = {
        .tunnel_id = channel->entry->record.remote_id,
        .session_id =
            channel->entry->nr_safe == channel->entry->record.nr ? channel->ended_call : 0,
        .ns = channel->sent_ns,
        .nr = channel->entry->nr_safe,
    };

    return wire_acknowledge(channel_wire(channel), &numbers, ack, L2TPHA_ACK_MAX) == L2TPHA_OK;
}

static const struct buffer *leave_probe(struct channel *channel)
{
    channel->probe_due = false;
    channel_wire(channel)->stamp(channel->probe->data, channel->probe_ns, channel->entry->nr_safe);
    return channel->probe;
}

bool channel_next(struct engine *engine, struct channel *channel, struct l2tpha_output *output)
{
    if (channel->suspended || (engine->config.commit == L2TPHA_COMMIT_BOUNDED &&
                               engine->port->holds(engine, channel->entry)))
        return false;
    if (channel->probe_due) {
        const struct buffer *probe = leave_probe(channel);
        output->data = probe->data;
        output->len = probe->len;
    } else if (may_leave(channel)) {
        const struct buffer *message = leave(engine, channel);
        output->data = message->data;
        output->len = message->len;
    } else if (ack_is_due(channel) && write_ack(channel, output->ack)) {
        output->data = output->ack;
        output->len = channel_wire(channel)->ack_len;
    } else {
        return false;
    }
    ASSERT(&engine->log, is_paid_for(channel, output->len));
    channel->credit -= channel->unproven ? (uint32_t)output->len : 0;
    told(engine, channel);
    output->kind = L2TPHA_OUTPUT_DATAGRAM;
    output->tunnel_id = channel->entry->record.local_id;
    output->path = &channel->entry->record.path;
    output->number = 0;
    output->event = NULL;
    return true;
}

void channel_ack_timer(struct engine *engine, struct channel *channel)
{
    channel->ack_now = channel->told_nr != channel->entry->record.nr;
    ready(engine, channel);
}

int channel_retransmit_timer(struct engine *engine, struct channel *channel)
{
    const struct l2tpha_tunnel_record *record = &channel->entry->record;

    ASSERT(&engine->log, !channel->suspended && !channel->stopped);
    if (channel->since == L2TPHA_NEVER) /* nothing is under way any more */
        return L2TPHA_OK;
    ASSERT(&engine->log, !channel_idle(channel));
    if (channel->nudge == NUDGE_DUE) { /* no try less: the peer has the same time as ever */
        channel->nudge = NUDGE_DONE;
        cursor_to_oldest(channel);
        ready(engine, channel);
        return L2TPHA_OK;
    }
    if (channel->tries >= engine->config.retries)
        return L2TPHA_ERR_TIMEOUT;
    channel->tries++;
    log_line(&engine->log, L2TPHA_LOG_DETAIL, record->local_id, 0,
             "no acknowledgement of Ns %u, retransmission %u", record->acked, channel->tries);
    channel_repeat(engine, channel);
    return L2TPHA_OK;
}

void channel_nudge(struct engine *engine, struct channel *channel)
{
    uint64_t at = engine->now + NUDGE_US;

    if (channel->suspended || channel->nudge != NUDGE_NONE ||
        channel->cursor_ns == channel->entry->record.acked || !timer_armed(&channel->retransmit) ||
        channel->retransmit.at <= at)
        return;
    channel->nudge = NUDGE_DUE;
    wheel_arm(engine->wheel, &channel->retransmit, at);
}

void channel_repeat(struct engine *engine, struct channel *channel)
{
    channel->interval_ms = next_interval_ms(engine, channel->interval_ms);
    channel->nudge = NUDGE_NONE;
    window_collapse(channel);
    cursor_to_oldest(channel);
    if (channel->cursor && !is_paid_for(channel, channel->cursor->len)) {
        engine->counters.unproven_held++;
        wheel_arm(engine->wheel, &channel->retransmit, interval_over(engine, channel));
    }
    ready(engine, channel);
}

/* --- receiving --- */

/* One past what the peer may have: what the previous active has sent counts as well. */
static uint16_t may_be_acked(struct channel *channel)
{
    channel->inherits &= serial_after(channel->ceiling, channel->sent_ns);
    return channel->inherits ? channel->ceiling : channel->sent_ns;
}

/* RFC 2661 5.8: any control message's Nr flushes the queue, a duplicate's and a ZLB's included. */
static void take_nr(struct engine *engine, struct channel *channel, uint16_t nr)
{
    struct tunnel_entry *entry = channel->entry;
    int news = serial_diff(nr, entry->record.acked);

    channel->peer_nr = nr;
    channel->peer_said = channel->tries > 0;
    if (news <= 0)
        return;
    uint16_t limit = may_be_acked(channel);
    if (news > serial_diff(limit, entry->record.acked)) {
        engine->counters.ack_unsent++;
        log_line(&engine->log, L2TPHA_LOG_ERROR, entry->record.local_id, 0,
                 "Nr %u acknowledges beyond %u, ignored", nr, limit);
        return;
    }
    if (serial_after(nr, channel->sent_ns))
        channel->sent_ns = nr;
    int out = serial_diff(channel->cursor_ns, entry->record.acked);
    bool overtaken = news > out;
    trim(engine, channel, nr);
    engine->port->changed(engine, entry, DIRTY_ACKED);
    if (overtaken)
        cursor_to_oldest(channel);
    window_grow(channel, (uint32_t)(overtaken && out > 0 ? out : news));
    channel->tries = 0;
    channel->heard = channel->peer_said = false;
    channel->nudge = NUDGE_NONE;
    channel->interval_ms = first_interval_ms(engine);
    bool under_way = channel->cursor_ns != nr;
    channel->since = under_way ? engine->now : L2TPHA_NEVER;
    ASSERT(&engine->log, serial_in_order(nr, channel->cursor_ns, channel->sent_ns));
    wheel_arm(engine->wheel, &channel->retransmit,
              under_way ? interval_over(engine, channel) : L2TPHA_NEVER);
    ready(engine, channel);
}

void channel_acknowledge_again(struct engine *engine, struct channel *channel)
{
    channel->ack_again = true;
    ready(engine, channel);
}

void channel_say_again(struct engine *engine, struct channel *channel)
{
    if (!channel_idle(channel))
        cursor_to_oldest(channel);
    channel_acknowledge_again(engine, channel);
}

enum channel_verdict channel_receive(struct engine *engine, struct channel *channel,
                                     const struct l2tpha_header *header, const uint8_t *data,
                                     size_t len)
{
    const struct l2tpha_tunnel_record *record = &channel->entry->record;

    ASSERT(&engine->log, !channel->suspended && !channel->stopped);
    take_nr(engine, channel, header->nr);
    if (wire_is_ack(channel_wire(channel), header)) {
        engine->counters.zlb_in++;
        return CHANNEL_ACK_ONLY;
    }
    int ahead = serial_diff(header->ns, record->nr);
    if (ahead == 0)
        return CHANNEL_IN_ORDER;
    /* The peer lacks an acknowledgement or a message of its own was lost: tell it where we are. */
    channel_acknowledge_again(engine, channel);
    if (ahead < 0) {
        engine->counters.duplicates++;
        return CHANNEL_DUPLICATE;
    }
    if (ahead >= record->local_window) {
        engine->counters.out_of_window++;
        return CHANNEL_BEYOND;
    }
    return reorder_keep(engine, channel, header->ns, data,
                        header->length < len ? header->length : len);
}

void channel_accept(struct engine *engine, struct channel *channel)
{
    struct tunnel_entry *entry = channel->entry;

    /* A copy that was kept, and not taken when its turn had come, must not come again one round of
     * slots later. */
    reorder_pass(engine, channel);
    entry->record.nr++;
    engine->port->changed(engine, entry, DIRTY_SEQUENCE);
    want_ack(engine, channel);
}
