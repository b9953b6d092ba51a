/* SPDX-License-Identifier: MIT */
#include "failover/failover.h"

#include "control/event.h"

void failover_note(const struct failover *failover, uint32_t tunnel_id, uint32_t session_id,
                   const char *what, int error)
{
    struct engine *engine = failover->engine;

    if (!error)
        return;
    engine->counters.binding_errors++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel_id, session_id, "%s failed: %s", what,
             l2tpha_strerror(error));
}

void failover_confirm(const struct failover *failover, const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_binding *binding = failover->binding;
    uint32_t id = tunnel->entry.record.local_id;

    failover_note(failover, id, 0, "asking the peer to confirm",
                  binding->confirm_tunnel(binding->user, id));
}

struct event_item *failover_tell(struct failover *failover, uint8_t kind,
                                 struct l2tpha_tunnel *tunnel)
{
    return engine_event(failover->engine, kind, tunnel, NULL);
}
