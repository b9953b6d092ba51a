/* SPDX-License-Identifier: MIT */
/* What a lease does to its node, and tells whoever drives it. */
#ifndef AUTHORITY_LEASE_NODE_H
#define AUTHORITY_LEASE_NODE_H

#include "authority/lease_private.h"

void lease_say(const struct l2tpha_lease *lease, const char *format, ...) L2TPHA_PRINTF(2, 3);
void lease_node_tell(struct l2tpha_lease *lease, unsigned kind);
/* Until when what was let out since the lease was asked for at this time may leave. */
uint64_t lease_node_until(const struct l2tpha_lease *lease, uint64_t asked_at);
/* The claim is ours, by what was asked for at this time. False: too long ago. */
bool lease_node_begin(struct l2tpha_lease *lease, uint64_t asked_at, uint64_t now);
/* The lease may have ended. */
void lease_node_lose(struct l2tpha_lease *lease, const char *why, uint64_t now);
/* The claim is another's. */
void lease_node_end(struct l2tpha_lease *lease, uint64_t now);
/* It does, or would if it was not held. */
bool lease_node_serves(const struct l2tpha_lease *lease);
/* It has served, holds no tunnel, and hands nothing over. */
bool lease_node_is_empty(const struct l2tpha_lease *lease);
/* A node that serves is silent. */
void lease_node_hold(struct l2tpha_lease *lease, uint64_t now);

#endif
