/* SPDX-License-Identifier: MIT */
/* What the link says: 0, L2TPHA_ERR_QUEUE_FULL or L2TPHA_ERR_NOMEM. */
#ifndef REDUNDANCY_LINK_OUTPUT_H
#define REDUNDANCY_LINK_OUTPUT_H

#include "redundancy/link_state.h"

int link_put(struct l2tpha_link *link, enum frame_type type, size_t len, uint64_t now,
             struct writer *out);
int link_put_number(struct l2tpha_link *link, enum frame_type type, uint64_t number, uint64_t now);
int link_put_hello(struct l2tpha_link *link, uint64_t now);
int link_put_refuse(struct l2tpha_link *link, int why, uint64_t now);
/* One for all that was applied since the last one, if anything was. */
int link_put_ack(struct l2tpha_link *link, uint64_t now);

#endif
