/* SPDX-License-Identifier: MIT */
/* Takeover: every replicated tunnel is recovered by its effective method, through the binding. */
#ifndef FAILOVER_TAKEOVER_H
#define FAILOVER_TAKEOVER_H

#include "failover/failover.h"

struct takeover_result {
    uint32_t tunnels;      /* recovered, or being so */
    uint32_t sessions;     /* restored */
    uint32_t cleared;      /* tunnels cleared: by policy or since their recovery failed */
    uint32_t disconnected; /* sessions ended with a CDN */
};

/* Recover everything in the table. A tunnel that cannot be recovered is cleared and counted; it
 * does not keep the others waiting. Where the record is not exact, RFC 4951 recovers established
 * tunnels that both ends have announced it for, whatever their method but disable, and FSQ and FSR
 * settle the calls. The others go on silently when it is uncertain, and are cleared with a StopCCN
 * when it is stale. */
void takeover_run(struct failover *failover, enum takeover_trust trust,
                  struct takeover_result *result);

#endif
