/* SPDX-License-Identifier: MIT */
/* Whether the standby's copy is still what the active has: bucket by bucket. */
#ifndef REDUNDANCY_LINK_DIGEST_H
#define REDUNDANCY_LINK_DIGEST_H

#include "redundancy/link_state.h"

/* Active: when link_digest() is to be called at the latest. */
uint64_t link_digest_due(const struct l2tpha_link *link);
/* Active: send what is due, if this is a moment for it. */
int link_digest(struct l2tpha_link *link, uint64_t now);
int link_take_digest(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_verdict(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);

#endif
