/* SPDX-License-Identifier: MIT */
/* Whether what is allocated is what a node holds, as seen from the inside. */
#include "oom/world.h"

#include "failover/recovery.h"
#include "failover/sync.h"
#include "node/audit.h"
#include "oom/alloc.h"
#include "state/ledger_private.h"
#include "state/record_fields.h"

#include <string.h>

/* Blocks of their own, for what few tunnels or sessions have. */
static const char *const block_names[] = {"struct session_wen", "struct recovery", "struct sync",
                                          "struct lagging", "struct inactivity"};
enum { REPORT, RECOVERY, SYNC, LAGGING, INACTIVITY, BLOCKS };

/* What tunnels and sessions hold, as a walk over them finds it. */
struct held {
    size_t buffers;
    size_t blocks[BLOCKS];
};

/* Each lies in a buffer. */
#define STRING(member) (of->member.len > 0) +
static size_t strings_of_session(const struct session_extra *of)
{
    return L2TPHA_SESSION_FIELDS(RECORD_STRING) STRING(unknown) 0;
}

static size_t strings_of_tunnel(const struct l2tpha_tunnel_record *of)
{
    return L2TPHA_TUNNEL_FIELDS(RECORD_STRING) STRING(unknown) 0;
}
#undef STRING

static void add_session(const struct l2tpha_session *session, struct held *held)
{
    const struct session_entry *entry = &session->entry;

    held->buffers += entry->extra ? strings_of_session(entry->extra) : 0;
    /* It shares its place with the line of those that wait for the tunnel. */
    held->blocks[REPORT] += entry->state != L2TPHA_SESSION_WAIT_TUNNEL && session->wen;
}

static void add_tunnel(const struct l2tpha_tunnel *tunnel, bool serving, struct held *held)
{
    const struct tunnel_entry *entry = &tunnel->entry;

    held->buffers += entry->queue_count + strings_of_tunnel(&entry->record);
    for (struct session_entry *at = entry->sessions; at; at = at->next)
        add_session(session_of(at), held);
    if (!serving)
        return;
    EXPECT(tunnel->engine, "tunnel was not made live");
    held->buffers += tunnel->channel.ahead_count + (tunnel->channel.ahead != NULL) +
                     (tunnel->channel.probe != NULL);
    held->blocks[RECOVERY] += tunnel->recovery && tunnel->recovery->old == tunnel;
    held->blocks[SYNC] += tunnel->sync != NULL;
    held->blocks[LAGGING] += tunnel->lagging != NULL;
    held->blocks[INACTIVITY] += tunnel->inactivity != NULL;
}

/* Buffers out besides those of the tunnels. */
static size_t other_buffers(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    const struct ledger *ledger = engine->ledger;
    const struct event_item *item;
    const struct cursor *cursor;
    size_t count = (ledger->shipping != NULL) + buffer_pool_waiting(engine->pool);

    for (uint32_t i = 0; (item = outbox_at(engine->events, i)); i++)
        count += item->message != NULL;
    for (uint32_t i = 0; i < node->engine.polled_count; i++)
        count += node->engine.polled[i].item.message != NULL;
    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        count += cursor->word != NULL;
    count += outbox_count(ledger->log);
    size_t inbox = (node->engine.inbox.request != NULL) + (node->engine.inbox.message != NULL);

    return inbox + count;
}

static void count_block(const void *block, int depth, int max_depth, int is_ref, void *user)
{
    const char *name = talloc_get_name(block);
    struct held *found = user;

    (void)depth;
    (void)max_depth;
    (void)is_ref;
    for (size_t i = 0; i < BLOCKS; i++)
        found->blocks[i] += strcmp(name, block_names[i]) == 0;
}

/* What the library's own walk finds it says itself; here is what has been allocated. */
void audit_node(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    struct held held = {.blocks[RECOVERY] = node->failover.spare != NULL}, found = {0};
    struct tunnel_entry *entry;
    uint32_t place = 0;

    alloc_pause();
    node_audit_whole(node);
    while ((entry = table_tunnel_next(engine->table, &place)))
        add_tunnel(tunnel_of(entry), engine->serving, &held);
    EXPECT(held.buffers + other_buffers(node) == buffer_pool_out(engine->pool),
           "%zu buffers are out, %zu are held", buffer_pool_out(engine->pool),
           held.buffers + other_buffers(node));
    talloc_report_depth_cb(engine->table, 0, -1, count_block, &found);
    for (size_t i = 0; i < BLOCKS; i++)
        EXPECT(found.blocks[i] == held.blocks[i], "%zu of %s, %zu are held", found.blocks[i],
               block_names[i], held.blocks[i]);
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
        EXPECT(!tunnel->unconfirmed, "tunnel stays unconfirmed");
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
