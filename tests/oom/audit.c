/* SPDX-License-Identifier: MIT */
/* A walk over everything that a node holds, from the inside. */
#include "oom/world.h"

#include "failover/recovery.h"
#include "failover/sync.h"
#include "node/node.h"
#include "oom/alloc.h"
#include "state/ledger_private.h"
#include "state/table_private.h"

#include <string.h>

/* Blocks of their own, for what few tunnels or sessions have. */
static const char *const block_names[] = {"struct session_wen", "struct recovery", "struct sync",
                                          "struct lazy", "struct inactivity"};
enum { REPORT, RECOVERY, SYNC, LAZY, INACTIVITY, BLOCKS };

/* What the walk has met, to be compared with what the node says that it holds. */
struct tally {
    uint32_t sessions;
    uint32_t half_open;
    uint32_t resyncing;
    size_t buffers;
    size_t extras;
    uint32_t running; /* recovery tunnels of its own */
    uint32_t waiting; /* recoveries in line */
    size_t blocks[BLOCKS];
};

static void audit_queue(const struct tunnel_entry *entry, struct tally *tally)
{
    const struct buffer *previous = NULL;
    uint32_t count = 0;

    for (const struct buffer *at = entry->queue_head; at; previous = at, at = at->next, count++)
        EXPECT(at->prev == previous, "queue is not linked both ways");
    EXPECT(entry->queue_tail == previous && entry->queue_count == count, "queue of another length");
    EXPECT((uint16_t)(entry->record.ns - entry->record.acked) == count,
           "queue of %u messages from Ns %u to %u", count, entry->record.acked, entry->record.ns);
    tally->buffers += count;
}

/* Each lies in a buffer. */
static size_t strings_of_session(const struct session_extra *extra)
{
    return (extra->request.len > 0) + (extra->connect.len > 0) + (extra->app_state.len > 0) +
           (extra->unknown.len > 0);
}

static size_t strings_of_tunnel(const struct l2tpha_tunnel_record *record)
{
    return (record->peer_name.len > 0) + (record->peer_vendor.len > 0) + (record->secret.len > 0) +
           (record->challenge.len > 0) + (record->app_state.len > 0) + (record->unknown.len > 0);
}

/* Of those that wait for the tunnel, or of those that the peer is asked about. */
static bool stands_in_line(const struct l2tpha_session *session)
{
    return session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL || session->query == QUERY_ASKED ||
           session->query == QUERY_STALE;
}

static void audit_session(const struct engine *engine, const struct session_entry *entry,
                          struct tally *tally)
{
    const struct l2tpha_session *session = session_of((struct session_entry *)(uintptr_t)entry);
    const struct tunnel_entry *tunnel = entry->tunnel;
    bool live = engine->serving;

    EXPECT(entry->local_id != 0 && entry->state != L2TPHA_SESSION_IDLE,
           "idle session in the table");
    EXPECT(*entry->back == entry, "session is not linked both ways");
    EXPECT(table_session_find(engine->table, tunnel, entry->local_id) == entry,
           "session is not found");
    if (entry->remote_id)
        EXPECT(table_session_find_remote(engine->table, tunnel, entry->remote_id) == entry,
               "session is not found by the peer's id");
    if (live)
        EXPECT(!session->wait_back == !stands_in_line(session), "session and its line differ");
    if (live && entry->state != L2TPHA_SESSION_ESTABLISHED)
        EXPECT(timer_armed(&session->timer), "half-open session without a limit");
    tally->sessions++;
    tally->extras += entry->extra != NULL;
    tally->buffers += entry->extra ? strings_of_session(entry->extra) : 0;
    /* It shares its place with the line of those that wait for the tunnel. */
    tally->blocks[REPORT] += entry->state != L2TPHA_SESSION_WAIT_TUNNEL && session->wen;
}

static uint32_t events_about(const struct engine *engine, const struct l2tpha_node *node,
                             uint32_t tunnel_id)
{
    const struct event_item *item;
    uint32_t count = 0;

    for (uint32_t i = 0; (item = outbox_at(engine->events, i)); i++)
        count += item->tunnel_id == tunnel_id;
    for (uint32_t i = 0; i < node->engine.polled_count; i++)
        count += node->engine.polled[i].item.tunnel_id == tunnel_id;
    return count;
}

/* Somebody is at it: its timer is set, or its recovery tunnel's is. */
static void audit_recovery(const struct l2tpha_tunnel *tunnel, struct tally *tally)
{
    const struct recovery *recovery = tunnel->recovery;

    EXPECT(recovery->old == tunnel || recovery->tunnel == tunnel, "another tunnel's recovery");
    if (recovery->old != tunnel)
        return;
    EXPECT(!recovery->tunnel || recovery->tunnel->recovery == recovery,
           "recovery tunnel without its recovery");
    EXPECT(recovery->tunnel || timer_armed(&recovery->timer), "recovery without a limit");
    tally->blocks[RECOVERY]++;
    tally->waiting += recovery->back != NULL;
}

static void audit_failover(const struct l2tpha_tunnel *tunnel, struct tally *tally)
{
    if (tunnel->recovery)
        audit_recovery(tunnel, tally);
    EXPECT(!tunnel->channel.suspended || tunnel->recovery, "a channel rests for ever");
    tally->running += tunnel->counted_running;
    tally->blocks[SYNC] += tunnel->sync != NULL;
    tally->blocks[LAZY] += tunnel->lazy != NULL;
    tally->blocks[INACTIVITY] += tunnel->inactivity != NULL;
}

static void audit_tunnel(const struct l2tpha_node *node, struct tunnel_entry *entry,
                         struct tally *tally)
{
    const struct engine *engine = &node->engine;
    const struct l2tpha_tunnel *tunnel = tunnel_of(entry);
    uint32_t before = tally->sessions;

    EXPECT(entry->record.local_id != 0, "tunnel without an id");
    EXPECT(table_tunnel_find(engine->table, entry->record.local_id) == entry,
           "tunnel is not found");
    audit_queue(entry, tally);
    for (const struct session_entry *at = entry->sessions; at; at = at->next)
        audit_session(engine, at, tally);
    EXPECT(tally->sessions - before == entry->session_count, "tunnel counts its sessions wrong");
    tally->buffers += strings_of_tunnel(&entry->record);
    if (!engine->serving)
        return;
    EXPECT(tunnel->engine == engine, "tunnel was not made live");
    EXPECT(tunnel->dying || entry->record.state != L2TPHA_TUNNEL_IDLE, "idle tunnel in the table");
    EXPECT(!tunnel->dying || (tunnel->events > 0 && entry->session_count == 0),
           "dead tunnel for which nobody waits");
    EXPECT(tunnel->events == events_about(engine, node, entry->record.local_id),
           "tunnel counts its events wrong");
    EXPECT(tunnel->dying || entry->record.state == L2TPHA_TUNNEL_ESTABLISHED ||
               timer_armed(&tunnel->timer),
           "half-open tunnel without a limit");
    EXPECT(entry->queue_count == 0 || tunnel->channel.ready ||
               timer_armed(&tunnel->channel.retransmit) || tunnel->dying ||
               tunnel->channel.suspended || ledger_mode(engine->ledger) == LEDGER_GATED,
           "messages that nobody will send");
    audit_failover(tunnel, tally);
    tally->half_open += tunnel->counted_half_open;
    tally->resyncing += tunnel->resyncing;
    tally->buffers += tunnel->channel.ahead_count + (tunnel->channel.ahead != NULL) +
                      (tunnel->channel.probe != NULL);
}

/* Buffers out besides those of the tunnels. */
static size_t other_buffers(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    const struct ledger *ledger = engine->ledger;
    const struct event_item *item;
    const struct flight *flight;
    size_t count = (ledger->shipping != NULL) + buffer_pool_waiting(engine->pool);

    for (uint32_t i = 0; (item = outbox_at(engine->events, i)); i++)
        count += item->message != NULL;
    for (uint32_t i = 0; i < node->engine.polled_count; i++)
        count += node->engine.polled[i].item.message != NULL;
    for (uint32_t i = 0; (flight = outbox_at(ledger->flights, i)); i++)
        count += flight->blob != NULL;
    return count;
}

static void count_block(const void *block, int depth, int max_depth, int is_ref, void *user)
{
    const char *name = talloc_get_name(block);
    struct tally *held = user;

    (void)depth;
    (void)max_depth;
    (void)is_ref;
    for (size_t i = 0; i < BLOCKS; i++)
        held->blocks[i] += strcmp(name, block_names[i]) == 0;
}

void audit_node(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    struct tally tally = {0}, held = {0};
    struct tunnel_entry *entry;
    uint32_t place = 0;

    alloc_pause();
    while ((entry = table_tunnel_next(engine->table, &place)))
        audit_tunnel(node, entry, &tally);
    EXPECT(tally.sessions == table_session_count(engine->table), "session outside any tunnel");
    EXPECT(tally.half_open == engine->strangers.started.count,
           "half-open tunnels are counted wrong");
    EXPECT(tally.resyncing == engine->resyncing, "tunnels to be confirmed are counted wrong");
    EXPECT(engine->open_events == 0 && !engine->dead && !engine->asking,
           "entry call has not been left");
    EXPECT(tally.buffers + other_buffers(node) == buffer_pool_out(engine->pool),
           "%zu buffers are out, %zu are held", buffer_pool_out(engine->pool),
           tally.buffers + other_buffers(node));
    talloc_report_depth_cb(engine->table, 0, -1, count_block, &held);
    EXPECT(slab_count(engine->table->extras) == tally.extras, "%u extras, %zu are held",
           slab_count(engine->table->extras), tally.extras);
    for (size_t i = 0; i < BLOCKS; i++)
        EXPECT(held.blocks[i] == tally.blocks[i], "%zu of %s, %zu are held", held.blocks[i],
               block_names[i], tally.blocks[i]);
    EXPECT(node->failover.running == tally.running && node->failover.waiting_count == tally.waiting,
           "recoveries are counted wrong");
    alloc_resume();
}

void audit_nothing_waits(const struct l2tpha_node *node)
{
    const struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel))) {
        const struct l2tpha_session *session = NULL;
        EXPECT(tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED, "tunnel stays in %s",
               l2tpha_tunnel_state_name(tunnel->entry.record.state));
        EXPECT(tunnel->entry.queue_count == 0, "messages stay unacknowledged");
        EXPECT(!tunnel->resyncing, "tunnel stays unconfirmed");
        while ((session = l2tpha_session_next(tunnel, session)))
            EXPECT(session->entry.state == L2TPHA_SESSION_ESTABLISHED, "session stays in %s",
                   l2tpha_session_state_name(session->entry.state));
    }
}

void audit_agreement(const struct l2tpha_node *one, const struct l2tpha_node *other)
{
    const struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(one, tunnel))) {
        const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
        const struct l2tpha_tunnel *twin = l2tpha_tunnel_find(other, record->remote_id);
        const struct l2tpha_session *session = NULL;
        EXPECT(twin && twin->entry.record.remote_id == record->local_id,
               "tunnel %u is up at one end only", record->local_id);
        while ((session = l2tpha_session_next(tunnel, session))) {
            const struct l2tpha_session *far =
                l2tpha_session_find(other, record->remote_id, session->entry.remote_id);
            EXPECT(far && far->entry.remote_id == session->entry.local_id,
                   "session %u is up at one end only", session->entry.local_id);
        }
    }
}

uint32_t audit_held(const struct l2tpha_node *node)
{
    const struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel))) {
        count++;
        count += l2tpha_tunnel_sessions(tunnel);
    }
    return count;
}
