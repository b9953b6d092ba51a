/* SPDX-License-Identifier: MIT */
#include "failover/failover.h"

#include "base/assert.h"
#include "control/event.h"
#include "control/restore.h"

void failover_attach(struct failover *failover, struct engine *engine)
{
    *failover = (struct failover){.engine = engine};
    failover->waiting_end = &failover->waiting;
    engine->failover = failover;
}

void failover_note(const struct failover *failover, uint32_t tunnel_id, uint32_t session_id,
                   const char *what, int error)
{
    struct engine *engine = failover->engine;

    if (!error)
        return;
    engine->counters.failover_errors++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel_id, session_id, "%s failed: %s", what,
             l2tpha_strerror(error));
}

void failover_confirm(const struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    ASSERT(&failover->engine->log, !tunnel->channel.suspended); /* the peer would hear nothing */
    failover_note(failover, tunnel->entry.record.local_id, 0, "asking the peer to confirm",
                  tunnel_confirm(tunnel));
}

struct event_item *failover_tell(struct failover *failover, uint8_t kind,
                                 struct l2tpha_tunnel *tunnel)
{
    return engine_event(failover->engine, kind, tunnel, NULL);
}
