/* SPDX-License-Identifier: MIT */
#include "redundancy/audit.h"

#include "base/assert.h"

static void audit_queue(const struct byte_queue *queue)
{
    AUDIT(queue->start <= queue->end && queue->end <= queue->cap);
    AUDIT(!queue->data == (queue->cap == 0));
    AUDIT(byte_queue_len(queue) <= queue->limit);
}

void link_audit(const struct l2tpha_link *link)
{
    bool active = link->side == SIDE_ACTIVE;

    AUDIT(link->acked <= link->sent);
    AUDIT(!link->up || link->info.met);
    AUDIT(active || !(link->serving || link->offered || link->handed));
    AUDIT(!(link->offered && link->handed));
    AUDIT(!active || !(link->announced || link->waiting || link->unanswered));
    AUDIT(!active || !(link->stepped_down || link->promoted || link->ack_due));
    AUDIT(!(link->waiting && link->unanswered));
    AUDIT(!link->error || link->ended);
    AUDIT(link->error <= 0);
    AUDIT(!link->ended || !link->serving);
    AUDIT(!link->up || link->peer_side == (active ? SIDE_STANDBY : SIDE_ACTIVE));
    AUDIT(!(link->offered || link->handed) || link->next != 0);
    AUDIT(active ? link->applied == 0 : link->sent == 0);
    AUDIT(link->probe <= link->probes);
    AUDIT(link->sampled <= link->sent);
    AUDIT(!(link->waiting || link->unanswered) || link->announced);
    audit_queue(&link->out);
    audit_queue(&link->in.partial);
}
