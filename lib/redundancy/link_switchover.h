/* SPDX-License-Identifier: MIT */
/* How one node hands over to the other: the frames that say so. */
#ifndef REDUNDANCY_LINK_SWITCHOVER_H
#define REDUNDANCY_LINK_SWITCHOVER_H

#include "redundancy/link_state.h"

int link_take_offer(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_accept(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_go(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_decline(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_announce(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);

#endif
