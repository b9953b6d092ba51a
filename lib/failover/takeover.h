/* SPDX-License-Identifier: MIT */
/* Takeover: every replicated tunnel is recovered by its effective method, through the binding. */
#ifndef FAILOVER_TAKEOVER_H
#define FAILOVER_TAKEOVER_H

#include "base/log.h"
#include "state/table.h"

#include <l2tpha/attach.h>

struct takeover_result {
    uint32_t tunnels;      /* recovered */
    uint32_t sessions;     /* restored */
    uint32_t cleared;      /* tunnels cleared: by policy or since their recovery failed */
    uint32_t disconnected; /* sessions ended with a CDN */
};

/* Recover everything in the table. A tunnel that cannot be recovered is cleared and counted; it
 * does not keep the others waiting. */
void takeover_run(const struct l2tpha_binding *binding, struct table *table, const struct log *log,
                  struct takeover_result *result);

#endif
