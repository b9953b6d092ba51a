/* SPDX-License-Identifier: MIT */
#include "redundancy/link_copy.h"

#include "base/assert.h"

bool link_resume(struct l2tpha_link *link, uint64_t now)
{
    ASSERT(link->ops.log, link->side == SIDE_ACTIVE && link->up);
    if (!link->peer_copy ||
        link->ops.resume_copy(link->ops.user, link->peer_copy, link->info.peer_last, now))
        return false;
    link->serving = true;
    return true;
}

int link_copy(struct l2tpha_link *link, uint64_t now)
{
    ASSERT(link->ops.log, link->side == SIDE_ACTIVE && link->up);
    int error = link->ops.copy(link->ops.user, now);

    link->copied = now;
    link->copy_at = L2TPHA_NEVER;
    link->offered = link->handed = false;
    if (!error)
        link->serving = true;
    return error;
}

/* A copy over a path that is too slow for the gate ends where it began, and each one costs the
 * whole state: the pause doubles, and a standby that was in sync for as long as the longest of them
 * begins with the shortest. */
#define FLAPS_MAX 6 /* 64 times the silence: about a minute */

int link_copy_later(struct l2tpha_link *link, uint64_t now)
{
    uint64_t longest = link->silence_us << FLAPS_MAX;

    if (now - link->copied > longest)
        link->flaps = 0;
    link->copy_at = link->copied + (link->silence_us << link->flaps);
    if (link->flaps < FLAPS_MAX)
        link->flaps++;
    return now >= link->copy_at ? link_copy(link, now) : L2TPHA_OK;
}
