/* SPDX-License-Identifier: MIT */
/* The line of tunnels that may have something to send. A tunnel joins it whenever that may have
 * changed and leaves it once its channel has nothing more that may leave, so a poll looks at no
 * other tunnel. */
#include "engine/tunnel.h"

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

/* A tunnel stays in front until it is drained: its window bounds how long that takes. */
bool engine_next_datagram(struct engine *engine, struct l2tpha_output *output)
{
    if (!engine->serving || engine_is_unsure(engine))
        return false;
    while (engine->ready_head) {
        struct l2tpha_tunnel *tunnel = engine->ready_head;
        if (!tunnel_is_hushed(tunnel) && channel_next(engine, &tunnel->channel, output)) {
            tunnel->answers = false;
            engine->counters.datagrams_out++;
            if (output->data == output->zlb)
                engine->counters.zlb_out++;
            return true;
        }
        engine_unready(engine, tunnel);
    }
    return false;
}

void engine_confirmed(void *user, struct tunnel_entry *entry)
{
    engine_ready(user, tunnel_of(entry));
}
