/* SPDX-License-Identifier: MIT */
/* The copy for the standby, and when the next one may begin. */
#ifndef REDUNDANCY_LINK_COPY_H
#define REDUNDANCY_LINK_COPY_H

#include "redundancy/link_state.h"

/* Begin a copy for the standby. The next one that follows a failure waits, lest a copy that cannot
 * succeed begins again and again. */
int link_copy(struct l2tpha_link *link, uint64_t now);
/* Or go on without one, with a standby that has its copy and lacks only what is still there. */
bool link_resume(struct l2tpha_link *link, uint64_t now);
/* A copy for a standby that was too slow for the last one: now, or after a pause. */
int link_copy_later(struct l2tpha_link *link, uint64_t now);

#endif
