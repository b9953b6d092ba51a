/* SPDX-License-Identifier: MIT */
/* Silent recovery of one tunnel from an exact record. */
#ifndef FAILOVER_SILENT_H
#define FAILOVER_SILENT_H

#include "state/table.h"

#include <l2tpha/attach.h>

/* RFC 2661 4.4.2: call disconnected for the reason in the error code; 4 = no resources. */
#define SILENT_RESULT_GENERAL 2

struct silent_result {
    uint32_t sessions;     /* restored */
    uint32_t disconnected; /* ended with a CDN, since the host's half was missing */
    uint32_t halved;       /* lack the host's half, and ending them with a CDN has failed */
    int disconnect;        /* 0, or why it has failed for the last of these */
    int confirm;           /* 0, or why the peer could not be asked yet; the tunnel lives on */
};

/* Install the tunnel and its sessions through the binding, then have the peer confirm. An error is
 * one of installing: such a tunnel cannot go on. */
int silent_recover(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                   struct silent_result *result);
/* End the sessions of an installed tunnel that lack the host's half. */
void silent_dismiss(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                    struct silent_result *result);
/* Install the tunnel and its sessions without a word. */
int silent_install(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                   bool suspended, struct silent_result *result);

#endif
