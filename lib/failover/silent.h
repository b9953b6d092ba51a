/* SPDX-License-Identifier: MIT */
/* Silent recovery of one tunnel from an exact record. */
#ifndef FAILOVER_SILENT_H
#define FAILOVER_SILENT_H

#include "control/machine.h"

struct silent_result {
    uint32_t sessions;     /* restored */
    uint32_t disconnected; /* ended with a CDN, since the host's half was missing */
    uint32_t halved;       /* lack the host's half, and ending them with a CDN has failed */
    int disconnect;        /* 0, or why it has failed for the last of these */
    int confirm;           /* 0, or why the peer could not be asked yet; the tunnel lives on */
};

/* Install the tunnel and its sessions, then have the peer confirm. An error is one of installing:
 * such a tunnel cannot go on. */
int silent_recover(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   struct silent_result *result);

/* End the sessions of an installed tunnel that lack the host's half. */
void silent_dismiss(struct l2tpha_tunnel *tunnel, struct silent_result *result);
/* Install the tunnel and its sessions without a word. */
int silent_install(struct engine *engine, struct l2tpha_tunnel *tunnel, bool suspended,
                   struct silent_result *result);

#endif
