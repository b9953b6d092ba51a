/* SPDX-License-Identifier: MIT */
/* Recovery tunnels that are over. RFC 2661 5.7 keeps them for a full cycle, for copies of a StopCCN
 * to be acknowledged and for ours to be sent again. Their places are few and others wait for them,
 * so the oldest goes when one is needed: a copy then goes unanswered, and the peer forgets a tunnel
 * that has no use any more at the end of its own cycle. */
#include "control/linger.h"

#include "base/assert.h"

static void join(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    ASSERT(&engine->log, !tunnel->opening && !tunnel->counted_half_open && !tunnel->counted_over);
    tunnel->linger_next = NULL;
    tunnel->linger_prev = engine->linger_tail;
    if (engine->linger_tail)
        engine->linger_tail->linger_next = tunnel;
    else
        engine->linger_head = tunnel;
    engine->linger_tail = tunnel;
}

static void leave(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    ASSERT(&engine->log, (tunnel->linger_prev ? tunnel->linger_prev->linger_next
                                              : engine->linger_head) == tunnel);
    ASSERT(&engine->log, (tunnel->linger_next ? tunnel->linger_next->linger_prev
                                              : engine->linger_tail) == tunnel);
    if (tunnel->linger_prev)
        tunnel->linger_prev->linger_next = tunnel->linger_next;
    else
        engine->linger_head = tunnel->linger_next;
    if (tunnel->linger_next)
        tunnel->linger_next->linger_prev = tunnel->linger_prev;
    else
        engine->linger_tail = tunnel->linger_prev;
}

void tunnel_note_lingering(struct l2tpha_tunnel *tunnel)
{
    bool lingering = tunnel_is_recovery(tunnel) && tunnel_is_over(tunnel);

    if (lingering == tunnel->lingering)
        return;
    tunnel->lingering = lingering;
    if (lingering)
        join(tunnel->engine, tunnel);
    else
        leave(tunnel->engine, tunnel);
}

/* Our StopCCN has to leave once. That its own is acknowledged the peer can do without; to make it
 * wait would cost it more. */
bool linger_may_go(const struct l2tpha_tunnel *tunnel)
{
    return tunnel && (tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPED ||
                      channel_has_said_all(&tunnel->channel));
}

bool tunnel_has_place(const struct engine *engine)
{
    return engine->recovering < ENGINE_RECOVERIES || linger_may_go(engine->linger_head);
}
