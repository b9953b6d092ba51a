/* SPDX-License-Identifier: MIT */
#include "failover/takeover.h"

#include "failover/silent.h"

#include <l2tpha/failover.h>

static void clear(const struct l2tpha_binding *binding, const struct log *log, uint32_t tunnel_id,
                  const char *why, struct takeover_result *result)
{
    log_line(log, L2TPHA_LOG_RESYNC, tunnel_id, 0, "cleared at takeover: %s", why);
    result->cleared++;
    int error = binding->clear_tunnel(binding->user, tunnel_id);
    if (error)
        log_line(log, L2TPHA_LOG_ERROR, tunnel_id, 0, "clearing failed: %s",
                 l2tpha_strerror(error));
}

static void recover(const struct l2tpha_binding *binding, const struct log *log,
                    struct tunnel_entry *tunnel, struct takeover_result *result)
{
    uint32_t id = tunnel->record.local_id;
    struct silent_result silent = {0};

    if (tunnel->record.effective_method == L2TPHA_FAILOVER_DISABLE) {
        clear(binding, log, id, "failover is disabled", result);
        return;
    }
    int error = silent_recover(binding, tunnel, &silent);
    if (error) {
        clear(binding, log, id, l2tpha_strerror(error), result);
        return;
    }
    if (silent.confirm)
        log_line(log, L2TPHA_LOG_ERROR, id, 0, "peer not asked to confirm: %s",
                 l2tpha_strerror(silent.confirm));
    if (silent.disconnect)
        log_line(log, L2TPHA_LOG_ERROR, id, 0, "%u calls without the host's half stay: %s",
                 silent.halved, l2tpha_strerror(silent.disconnect));
    result->tunnels++;
    result->sessions += silent.sessions;
    result->disconnected += silent.disconnected;
}

void takeover_run(const struct l2tpha_binding *binding, struct table *table, const struct log *log,
                  struct takeover_result *result)
{
    struct tunnel_entry *tunnel;
    uint32_t place = 0;

    *result = (struct takeover_result){0};
    while ((tunnel = table_tunnel_next(table, &place)))
        recover(binding, log, tunnel, result);
}
