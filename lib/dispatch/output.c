/* SPDX-License-Identifier: MIT */
/* The next datagram that may leave. */
#include "dispatch/output.h"

#include "base/assert.h"
#include "control/duplicate.h"
#include "control/ready.h"

/* A tunnel stays in front until it is drained: its window bounds how long that takes. */
bool engine_next_datagram(struct engine *engine, struct l2tpha_output *output)
{
    if (!engine->serving || engine_is_unsure(engine))
        return false;
    while (engine->ready_head) {
        struct channel *channel = engine->ready_head;
        struct l2tpha_tunnel *tunnel = container_of(channel, struct l2tpha_tunnel, channel);
        ASSERT_CHECKED(channel->ready && !channel->stopped);
        if (!tunnel_is_hushed(tunnel) && channel_next(engine, channel, output)) {
            tunnel->answers = false;
            engine->counters.datagrams_out++;
            if (output->data == output->ack)
                engine->counters.zlb_out++;
            return true;
        }
        engine_unready(engine, channel);
    }
    return false;
}
