/* SPDX-License-Identifier: MIT */
/* Answering, RFC 4951 3.3: one entry for each that was asked about. Nothing is cleared here, since
 * what the peer believes of a session says nothing of the one that it is paired with. */
#include "failover/answer.h"

#include "base/assert.h"
#include "control/session.h"
#include "control/tunnel_send.h"
#include "failover/lagging.h"
#include "failover/sync.h"

/* Whether a session of this end is what the peer says; one that is paired otherwise is checked
 * again, whichever of its ids the peer has named. */
static bool is_paired(struct failover *failover, struct l2tpha_tunnel *tunnel,
                      const struct l2tpha_failover_session *query, bool old)
{
    struct l2tpha_session *own = tunnel_session_find(tunnel, query->remote_session_id);

    if (query->session_id == 0 || query->remote_session_id == 0)
        return false;
    if (own && own->entry.remote_id == query->session_id) {
        own->unheard = own->unheard && old;
        sync_named(own);
        return true; /* even with its CDN still to come: the wish may die with this node */
    }
    struct session_entry *other =
        table_session_find_remote(failover->engine->table, &tunnel->entry, query->session_id);
    if (own)
        sync_recheck(failover, own);
    if (other)
        sync_recheck(failover, session_of(other));
    return false;
}

static size_t count_states(const struct l2tpha_message *fsq)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session query;
    size_t count = 0;

    while (l2tpha_message_each(fsq, L2TPHA_AVP_FAILOVER_SESSION_STATE, &cursor))
        count += l2tpha_avp_session_state(&cursor.avp, &query);
    return count;
}

static void put_state(struct failover *failover, struct l2tpha_tunnel *tunnel,
                      const struct l2tpha_failover_session *query, bool old,
                      struct l2tpha_builder *builder)
{
    bool paired = is_paired(failover, tunnel, query, old);
    struct l2tpha_failover_session state = {
        .session_id = paired ? query->remote_session_id : 0,
        .remote_session_id = query->session_id,
    };

    l2tpha_builder_put_session_state(builder, &state);
}

/* Entries to a message. There is always room for one FSR as long as the FSQ: its answer never gets
 * lost because there is no room for many. */
static size_t share_of(const struct failover *failover, const struct l2tpha_tunnel *tunnel,
                       size_t count)
{
    struct engine *engine = failover->engine;
    const size_t most = failover_states(tunnel);
    uint32_t messages = (uint32_t)((count + most - 1) / most);
    uint32_t bytes = messages * ENGINE_ANSWER;

    if (messages > 1 && (!channel_has_room_for(engine, &tunnel->channel, messages, bytes) ||
                         buffer_reserve(engine->pool, bytes)))
        return count;
    return most;
}

int answer_query(struct failover *failover, struct l2tpha_tunnel *tunnel,
                 const struct l2tpha_message *fsq)
{
    ASSERT(&failover->engine->log, !tunnel_is_recovery(tunnel) && !tunnel->channel.suspended);
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session query;
    struct l2tpha_builder builder;
    const size_t count = count_states(fsq);
    const size_t share = share_of(failover, tunnel, count);
    bool old = lagging_is_old(tunnel, &fsq->header);
    int error = L2TPHA_OK;

    failover->engine->counters.queries_in += count;
    for (size_t at = 0; at < count;) { /* all are looked at, whatever can be answered */
        l2tpha_message_each(fsq, L2TPHA_AVP_FAILOVER_SESSION_STATE, &cursor);
        if (!l2tpha_avp_session_state(&cursor.avp, &query))
            continue;
        if (at % share == 0)
            tunnel_build_states(tunnel, &builder, L2TPHA_MESSAGE_FSR);
        put_state(failover, tunnel, &query, old, &builder);
        at++;
        if (!error && (at % share == 0 || at == count))
            error = tunnel_send_states(tunnel, &builder);
    }
    return error;
}
