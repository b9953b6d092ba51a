/* SPDX-License-Identifier: MIT */
/* The line of tunnels that may have something to send. A tunnel joins it whenever that may have
 * changed and leaves it once its channel has nothing more that may leave, so a poll looks at no
 * other tunnel. */
#include "control/ready.h"

void engine_ready(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    if (tunnel->ready || tunnel->dying)
        return;
    tunnel->ready = true;
    tunnel->ready_next = NULL;
    tunnel->ready_prev = engine->ready_tail;
    if (engine->ready_tail)
        engine->ready_tail->ready_next = tunnel;
    else
        engine->ready_head = tunnel;
    engine->ready_tail = tunnel;
}

void engine_unready(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->ready)
        return;
    if (tunnel->ready_prev)
        tunnel->ready_prev->ready_next = tunnel->ready_next;
    else
        engine->ready_head = tunnel->ready_next;
    if (tunnel->ready_next)
        tunnel->ready_next->ready_prev = tunnel->ready_prev;
    else
        engine->ready_tail = tunnel->ready_prev;
    tunnel->ready = false;
}

void engine_confirmed(void *user, struct tunnel_entry *entry)
{
    engine_ready(user, tunnel_of(entry));
}
