/* SPDX-License-Identifier: MIT */
#include "redundancy/audit.h"

#include "base/assert.h"

void link_audit(const struct l2tpha_link *link)
{
    bool active = link->side == SIDE_ACTIVE;

    AUDIT(link->acked <= link->sent);
    AUDIT(!link->up || link->met);
    AUDIT(active || !(link->serving || link->offered || link->handed));
    AUDIT(!(link->offered && link->handed));
    AUDIT(!active || !(link->announced || link->waiting || link->unanswered));
    AUDIT(!active || !(link->stepped_down || link->promoted || link->ack_due));
    AUDIT(!(link->waiting && link->unanswered));
    AUDIT(!link->error || link->ended);
}
