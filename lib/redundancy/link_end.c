/* SPDX-License-Identifier: MIT */
#include "redundancy/link_end.h"

#include "base/assert.h"
#include "redundancy/link_output.h"

/* The node goes on alone, but not once it has handed over: the standby may be serving already, and
 * the end of the stream does not say that it is not. The host knows, and may cancel. A standby may
 * lag from now on. */
void link_stop_serving(struct l2tpha_link *link, uint64_t now)
{
    ASSERT(link->ops.log, !link->serving || link->side == SIDE_ACTIVE);
    bool stop = link->serving && !link->handed;
    link->serving = false;
    if (link->ended)
        return;
    link->ended = true;
    if (link->side == SIDE_ACTIVE)
        link->ops.leave(link->ops.user, stop, now);
    if (link->side == SIDE_STANDBY && link->up)
        link->ops.cut(link->ops.user, sooner(link_last_heard(link), now), now);
    if (!link->options.taken)
        (void)link->ops.present(link->ops.user, false, L2TPHA_NEVER, now);
}

int link_fail(struct l2tpha_link *link, int error, uint64_t now)
{
    ASSERT(link->ops.log, error < 0);
    if (link->error)
        return link->error;
    link->error = error;
    link_stop_serving(link, now);
    return error;
}

/* The other end waits to be told that this one has stopped. */
int link_fenced(struct l2tpha_link *link, uint64_t epoch, uint64_t now)
{
    int error = link->ops.fence(link->ops.user, epoch, now);

    if (error)
        return link_fail(link, error, now);
    link->serving = false;
    (void)link_put_refuse(link, L2TPHA_ERR_FENCED, now); /* without room the end says it */
    return link_fail(link, L2TPHA_ERR_FENCED, now);
}
