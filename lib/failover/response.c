/* SPDX-License-Identifier: MIT */
/* What the peer answers, RFC 4951 3.3. */
#include "failover/response.h"

#include "base/assert.h"
#include "control/session.h"
#include "failover/answer.h"
#include "failover/lagging.h"
#include "failover/sync_private.h"

/* RFC 4951 3.3: 0 clears without a CDN. */
static void clear(struct failover *failover, struct l2tpha_session *session)
{
    failover->engine->counters.sessions_desynced++;
    machine_clear_session(session, L2TPHA_ERR_NOT_IN_SYNC, "the peer has no such session");
}

/* An id other than the one on record still says that the session is there. */
static void take_answer(struct sync *sync, struct l2tpha_session *session, uint32_t peers_id)
{
    if (peers_id == session->entry.remote_id) {
        session->unheard = false;
        sync_close_query(sync, session);
        session->query = sync->alone ? QUERY_ANSWERED : QUERY_NONE;
        session->query_at = sync_now_ms(sync);
    } else if (peers_id != 0) {
        sync_leave(sync, session);
        sync_join(sync, session, QUERY_STALE);
        sync_engine(sync)->counters.sessions_stale++;
    } else {
        sync_close_query(sync, session);
        sync->cleared++;
        clear(sync->failover, session);
    }
}

/* What the peer has said to the previous active is on its way no longer than its channel lasts. */
static bool may_be_corrected(const struct failover *failover, const struct l2tpha_session *session)
{
    const struct engine *engine = failover->engine;
    uint32_t ago = (uint32_t)(engine->now / US_PER_MS) - session->query_at;

    return session->query == QUERY_ANSWERED && ago * US_PER_MS <= channel_cycle_us(engine);
}

int sync_take_response(struct failover *failover, struct l2tpha_tunnel *tunnel,
                       const struct l2tpha_message *fsr)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session state;
    bool old = lagging_is_old(tunnel, &fsr->header); /* the previous active had asked */

    while (l2tpha_message_each(fsr, L2TPHA_AVP_FAILOVER_SESSION_STATE, &cursor)) {
        if (!l2tpha_avp_session_state(&cursor.avp, &state))
            continue;
        struct l2tpha_session *session = tunnel_session_find(tunnel, state.remote_session_id);
        if (session && session->query == QUERY_ASKED && !old) {
            ASSERT(&failover->engine->log, tunnel->sync);
            take_answer(tunnel->sync, session, state.session_id);
        } else if (session && state.session_id == 0 && may_be_corrected(failover, session)) {
            clear(failover, session); /* what it had said before was older than our question */
        } else {
            failover->engine->counters.answers_ignored++;
        }
    }
    return L2TPHA_OK;
}

static int take(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_message *message)
{
    return message->type == L2TPHA_MESSAGE_FSQ ? answer_query(failover, tunnel, message)
                                               : sync_take_response(failover, tunnel, message);
}

/* RFC 4951 4: both have M=0, so that whatever is wrong with one costs no tunnel. A recovery tunnel
 * carries none. */
int sync_states(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                const struct l2tpha_decode_fault *fault)
{
    struct engine *engine = tunnel->engine;

    if (fault->error)
        return fault->error;
    if (tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel_is_recovery(tunnel))
        return take(engine->failover, tunnel, message);
    engine->counters.unexpected_message++;
    return L2TPHA_ERR_UNEXPECTED;
}
