/* SPDX-License-Identifier: MIT */
#include "control/audit.h"

#include "base/assert.h"
#include "control/reorder.h"
#include "control/window.h"
#include "state/order.h"

static void audit_cursor(const struct channel *channel)
{
    const struct tunnel_entry *entry = channel->entry;
    const struct l2tpha_tunnel_record *record = &entry->record;
    const struct buffer *at = entry->queue_head;

    AUDIT(serial_in_order(record->acked, channel->cursor_ns, record->ns));
    AUDIT(serial_in_order(record->acked, channel->sent_ns, record->ns));
    AUDIT(!channel->cursor == (channel->cursor_ns == record->ns));
    if (entry->queue_count > AUDIT_LONG)
        return;
    for (uint16_t ns = record->acked; at && ns != channel->cursor_ns; ns++)
        at = at->next;
    AUDIT(channel->cursor == at);
}

/* What is kept has a slot each, and their bytes are counted. */
static void audit_kept(const struct channel *channel)
{
    const struct buffer *const *slots = (const struct buffer *const *)(void *)channel->ahead->data;
    uint32_t slot_count = channel->ahead->len / (uint32_t)sizeof(*slots), count = 0;
    uint32_t bytes = channel->ahead->cap;

    AUDIT(slot_count > 0 && (slot_count & (slot_count - 1)) == 0);
    AUDIT(slot_count >= channel->entry->record.local_window || slot_count > WINDOW_MAX);
    if (slot_count > 2 * AUDIT_LONG)
        return;
    for (uint32_t i = 0; i < slot_count; i++) {
        count += slots[i] != NULL;
        bytes += slots[i] ? slots[i]->cap : 0;
    }
    AUDIT(channel->ahead_count == count);
    AUDIT(channel->ahead_bytes == bytes);
}

static void audit_slots(const struct channel *channel)
{
    if (channel->ahead)
        audit_kept(channel);
    AUDIT(channel->ahead || channel->ahead_count == 0); /* slots stay empty when memory was out */
    AUDIT(channel->ahead || channel->ahead_bytes == 0);
    /* The next one waits there as well until its machine fetches it. */
    bool next = reorder_next_len(channel) > 0;
    AUDIT(channel->ahead_count == 0 ||
          channel->ahead_count - next < channel->entry->record.local_window);
}

void channel_audit(const struct engine *engine, const struct channel *channel)
{
    const struct tunnel_entry *entry = channel->entry;
    uint32_t bytes = 0;

    AUDIT(entry_is_in_order(entry));
    AUDIT(serial_in_order(channel->told_nr, entry->nr_safe, entry->record.nr));
    audit_cursor(channel);
    audit_slots(channel);
    for (const struct buffer *at = entry->queue_count <= AUDIT_LONG ? entry->queue_head : NULL; at;
         at = at->next)
        bytes += channel_bytes_of(at);
    AUDIT(channel->queue_bytes == bytes || entry->queue_count > AUDIT_LONG);
    AUDIT(channel->window >= 1 && channel->window <= WINDOW_MAX);
    AUDIT(channel->threshold >= 1);
    AUDIT(channel->since == L2TPHA_NEVER || entry->queue_count > 0);
    AUDIT(channel->nudge != NUDGE_DUE || timer_armed(&channel->retransmit));
    AUDIT(!channel->suspended || !timer_armed(&channel->retransmit));
    AUDIT(!channel->suspended || !timer_armed(&channel->ack));
    AUDIT(!channel->probe_due || channel->probe);
    AUDIT(channel->lagging || !(channel->held || channel->careful));
    AUDIT(channel->since == L2TPHA_NEVER || channel->since <= engine->now);
}

/* Their places are in a union. */
static void audit_places(const struct l2tpha_tunnel *tunnel)
{
    AUDIT(tunnel->opening + tunnel->lingering +
              (tunnel->counted_half_open || tunnel->counted_over) <=
          1);
    AUDIT(!tunnel->opening || *tunnel->opening_back == tunnel);
    AUDIT(tunnel->opening ==
          (!tunnel->dying && tunnel->entry.record.state == L2TPHA_TUNNEL_WAIT_CTL_REPLY));
    AUDIT(tunnel->lingering ==
          (!tunnel->dying && tunnel_is_recovery(tunnel) && tunnel_is_over(tunnel)));
    AUDIT(!(tunnel->counted_half_open || tunnel->counted_over) || !tunnel_is_recovery(tunnel));
}

/* It may never have been live, so its channel has no more than ended. */
static void audit_dead(const struct l2tpha_tunnel *tunnel)
{
    const struct channel *channel = &tunnel->channel;

    AUDIT(!channel->ahead && !channel->probe && !channel->cursor);
    AUDIT(!timer_armed(&channel->retransmit) && !timer_armed(&channel->ack));
    AUDIT(tunnel->events > 0);
    AUDIT(tunnel->entry.session_count == 0);
    AUDIT(tunnel->entry.gone && !tunnel->entry.dirty);
    AUDIT(channel->stopped && !channel->ready && !tunnel->unconfirmed);
    AUDIT(!tunnel->recovery && !tunnel->sync && !tunnel->lagging && !tunnel->inactivity);
    AUDIT(!timer_armed(&tunnel->timer) && !timer_armed(&tunnel->start) &&
          !timer_armed(&tunnel->hello));
}

/* What is queued leaves some time: somebody waits for it, or for what it waits for. */
static bool will_be_sent(const struct l2tpha_tunnel *tunnel)
{
    const struct channel *channel = &tunnel->channel;

    return channel->ready || timer_armed(&channel->retransmit) || channel->suspended ||
           (tunnel->entry.dirty & ~DIRTY_ACKED) || /* with the poll that writes it */
           channel->held || channel->unproven ||
           tunnel->duplicated || /* control/duplicate.c: it may be silent for another */
           ledger_mode(tunnel->engine->ledger) == LEDGER_GATED;
}

static void audit_alive(const struct l2tpha_tunnel *tunnel)
{
    const struct tunnel_entry *entry = &tunnel->entry;

    AUDIT(tunnel->channel.entry == entry);
    AUDIT(!tunnel->channel.stopped && !entry->gone);
    AUDIT(!entry->dirty == !entry->dirty_back);
    AUDIT(tunnel->down_told == tunnel_is_over(tunnel));
    AUDIT(!timer_armed(&tunnel->hello) ||
          (entry->record.state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel->channel.suspended));
    channel_audit(tunnel->engine, &tunnel->channel);
    AUDIT(entry->record.state != L2TPHA_TUNNEL_IDLE);
    AUDIT(!tunnel_is_over(tunnel) || entry->session_count == 0);
    AUDIT(entry->record.state == L2TPHA_TUNNEL_ESTABLISHED || tunnel->channel.suspended ||
          timer_armed(&tunnel->timer) || (tunnel_is_attached(tunnel) && !tunnel_is_over(tunnel)));
    AUDIT(!tunnel->channel.suspended || tunnel->recovery);
    AUDIT(entry->queue_count == 0 || will_be_sent(tunnel));
}

void tunnel_audit(const struct l2tpha_tunnel *tunnel, struct tally *tally)
{
    audit_places(tunnel);
    if (tunnel->dying)
        audit_dead(tunnel);
    else
        audit_alive(tunnel);
    AUDIT(!tunnel->waiting || tunnel->waiting->wait_back == &tunnel->waiting);
    AUDIT(tunnel->counted_recovering == tunnel_is_recovery(tunnel));
    AUDIT(tunnel->event_bytes == 0 || tunnel->events > 0);
    tally->half_open += tunnel->counted_half_open;
    tally->over += tunnel->counted_over;
    tally->unconfirmed += tunnel->unconfirmed;
    tally->recovering += tunnel->counted_recovering;
    tally->ready += tunnel->channel.ready;
}

void tunnel_audit_events(const struct l2tpha_tunnel *tunnel)
{
    const struct engine *engine = tunnel->engine;
    const struct event_item *item;
    uint32_t count = 0;

    for (uint32_t i = 0; (item = outbox_at(engine->events, i)); i++)
        count += item->tunnel == tunnel;
    for (uint32_t i = 0; i < engine->polled_count; i++)
        count += engine->polled[i].item.tunnel == tunnel;
    AUDIT(tunnel->events == count);
}

void session_audit(const struct l2tpha_session *session, struct tally *tally)
{
    const struct session_entry *entry = &session->entry;
    const struct l2tpha_tunnel *tunnel = session_tunnel(session);
    bool waits = entry->state == L2TPHA_SESSION_WAIT_TUNNEL;

    AUDIT(waits || entry->tunnel->record.state == L2TPHA_TUNNEL_ESTABLISHED);
    AUDIT(!tunnel_is_recovery(tunnel));
    AUDIT(serial_in_order(entry->sent_ns, session->lease_end, entry->data_ns));
    AUDIT(!tunnel->session_ids_taken.words ||
          id_set_has(&tunnel->session_ids_taken, entry->local_id));
    if (waits) {
        AUDIT(session->wait_back && *session->wait_back == session);
        AUDIT(!session->wait_next || session->wait_next->wait_back == &session->wait_next);
    } else if (session->query_back) {
        AUDIT(session->entry.state == L2TPHA_SESSION_ESTABLISHED);
        AUDIT(*session->query_back == session);
        AUDIT(session_tunnel(session)->sync);
    }
    AUDIT(session->entry.state == L2TPHA_SESSION_ESTABLISHED || timer_armed(&session->timer) ||
          tunnel_is_attached(session_tunnel(session)));
    AUDIT(!session->wen || waits || session->entry.side == L2TPHA_LAC);
    AUDIT(!session->connecting || session->entry.state == L2TPHA_SESSION_ESTABLISHED);
    tally->waiting += waits;
    tally->asked += !waits && session->query_back;
}

static uint32_t count_ready(const struct engine *engine)
{
    const struct channel *previous = NULL;
    uint32_t count = 0;

    for (const struct channel *at = engine->ready_head; at;
         previous = at, at = at->ready_next, count++)
        AUDIT(at->ready && at->ready_prev == previous);
    AUDIT(engine->ready_tail == previous);
    return count;
}

void engine_audit(const struct engine *engine)
{
    AUDIT(!engine->dead && !engine->gone.head && !engine->parts_gone);
    AUDIT(!engine->asking);
    AUDIT(engine->open_events == 0);
    AUDIT(engine->events_done + outbox_count(engine->events) + engine->polled_count ==
          engine->events_made);
    AUDIT(!engine->gone.head == !engine->gone.tail);
    AUDIT(!engine->buried.head == !engine->buried.tail);
    AUDIT(!engine->buried.head || engine->buried.head->gone_at > engine->events_done);
    AUDIT(!engine->ready_head == !engine->ready_tail);
    AUDIT(!engine->draining || engine->serving);
    AUDIT(!engine->handed || engine->draining);
    AUDIT(engine->before <= engine->now);
    AUDIT(engine->recovering <= ENGINE_RECOVERIES);
    AUDIT(engine->linger_head ? engine->linger_tail && !engine->linger_head->linger_prev
                              : !engine->linger_tail);
}

static void audit_line_of_tunnels(const struct tunnel_line *line, unsigned which)
{
    const struct l2tpha_tunnel *previous = NULL;
    uint32_t count = 0;

    for (const struct l2tpha_tunnel *at = line->head; at;
         previous = at, at = at->places[which].next, count++)
        AUDIT(at->places[which].prev == previous);
    AUDIT(line->tail == previous);
    AUDIT(line->count == count);
}

/* Whoever is half open is in one line by its source as well. */
static void audit_strangers(const struct strangers *strangers)
{
    uint32_t count = 0;

    audit_line_of_tunnels(&strangers->started, TUNNEL_LINE);
    audit_line_of_tunnels(&strangers->over, TUNNEL_LINE);
    for (size_t i = 0; i < ENGINE_SOURCES; i++) {
        audit_line_of_tunnels(&strangers->sources[i], TUNNEL_SOURCE);
        count += strangers->sources[i].count;
    }
    AUDIT(strangers->started.count == count);
}

void engine_audit_counts(const struct engine *engine, const struct tally *tally)
{
    AUDIT(engine->strangers.started.count == tally->half_open);
    AUDIT(engine->strangers.over.count == tally->over);
    AUDIT(engine->unconfirmed == tally->unconfirmed);
    AUDIT(engine->recovering == tally->recovering);
    AUDIT(count_ready(engine) == tally->ready);
    audit_strangers(&engine->strangers);
}
