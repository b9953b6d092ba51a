/* SPDX-License-Identifier: MIT */
/* The old active may have taken a CDN of which the standby was not told. Nobody says so: the peer
 * has no reason to, and data for a session that it does not have it drops. Session objects remember
 * that nothing was heard of them (`unheard`), which the first sign of life clears; one walk, some
 * time after the takeover, clears those that are left. No CDN is sent: some peers end the tunnel
 * upon one for a session that they do not have, and a peer that has it after all is told as soon as
 * it says anything (control/resync.c). */
#include "failover/inactivity.h"

#include "base/assert.h"
#include "base/patience.h"
#include "control/session.h"

#define STEPS 1024              /* sessions looked at in one event */
#define STEP_PAUSE_US US_PER_MS /* before the next */

void inactivity_start(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = failover->engine;

    if (engine->config.inactivity_ms == 0 || tunnel->inactivity)
        return;
    struct inactivity *fresh = talloc_zero(engine->table, struct inactivity);
    if (!fresh) {
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "inactive sessions not looked for: no memory");
        return;
    }
    fresh->tunnel = tunnel;
    fresh->absences = engine->absences;
    fresh->timer.kind = TIMER_INACTIVITY;
    tunnel->inactivity = fresh;
    wheel_arm(engine->wheel, &fresh->timer, engine->now + engine->config.inactivity_ms * US_PER_MS);
}

void inactivity_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct inactivity *inactivity = tunnel->inactivity;

    if (!inactivity)
        return;
    wheel_disarm(failover->engine->wheel, &inactivity->timer);
    tunnel->inactivity = NULL;
    talloc_free(inactivity);
}

void inactivity_session_removed(struct l2tpha_session *session)
{
    struct inactivity *inactivity = session_tunnel(session)->inactivity;

    ASSERT(&session_engine(session)->log,
           inactivity && inactivity->tunnel == session_tunnel(session));
    if (inactivity->cursor == &session->entry)
        inactivity->cursor = session->entry.next;
}

static void check(struct failover *failover, struct l2tpha_session *session)
{
    if (!session->unheard || session->entry.state != L2TPHA_SESSION_ESTABLISHED)
        return;
    failover->engine->counters.sessions_inactive++;
    machine_clear_session(session, L2TPHA_ERR_NOT_IN_SYNC,
                          "nothing was heard of it after a takeover");
}

/* A node that is stopped hears nothing; but one that is stopped ever again is not excused for ever
 * (base/patience.h). */
static bool is_excused(struct inactivity *inactivity, const struct engine *engine)
{
    if (inactivity->absences == engine->absences || inactivity->excused == PATIENCE_ABSENCES)
        return false;
    inactivity->excused++;
    return true;
}

/* Nor does a tunnel that does not carry: its sessions are not checked then. */
void inactivity_timer(struct failover *failover, struct timer *timer)
{
    struct inactivity *inactivity = container_of(timer, struct inactivity, timer);
    struct engine *engine = failover->engine;
    struct l2tpha_tunnel *tunnel = inactivity->tunnel;

    ASSERT(&engine->log, tunnel->inactivity == inactivity && !tunnel->dying);
    ASSERT(&engine->log, !inactivity->cursor || inactivity->cursor->tunnel == &tunnel->entry);
    if (!tunnel_is_open(tunnel) || is_excused(inactivity, engine)) {
        inactivity->cursor = NULL;
        inactivity->absences = engine->absences;
        wheel_arm(engine->wheel, timer, engine->now + engine->config.inactivity_ms * US_PER_MS);
        return;
    }
    if (!inactivity->cursor)
        inactivity->cursor = tunnel->entry.sessions;
    for (unsigned i = 0; i < STEPS && inactivity->cursor; i++) {
        struct session_entry *entry = inactivity->cursor;
        inactivity->cursor = entry->next;
        check(failover, session_of(entry));
    }
    if (inactivity->cursor)
        wheel_arm(engine->wheel, timer, engine->now + STEP_PAUSE_US);
    else
        inactivity_stop(failover, tunnel);
}
