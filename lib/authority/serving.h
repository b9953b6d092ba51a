/* SPDX-License-Identifier: MIT */
/* What a lease does to its node, and tells whoever drives it. */
#ifndef AUTHORITY_SERVING_H
#define AUTHORITY_SERVING_H

#include "authority/lease_private.h"

void say(const struct l2tpha_lease *lease, const char *format, ...) L2TPHA_PRINTF(2, 3);
void serving_tell(struct l2tpha_lease *lease, unsigned kind);
/* Until when what was let out since the lease was asked for at this time may leave. */
uint64_t serving_until(const struct l2tpha_lease *lease, uint64_t asked_at);
/* The claim is ours, by what was asked for at this time. False: too long ago. */
bool serving_begin(struct l2tpha_lease *lease, uint64_t asked_at, uint64_t now);
/* The lease may have ended. */
void serving_lose(struct l2tpha_lease *lease, const char *why, uint64_t now);
/* The claim is another's. */
void serving_end(struct l2tpha_lease *lease, uint64_t now);
/* A node that serves is silent. */
void serving_hold(struct l2tpha_lease *lease, uint64_t now);

#endif
