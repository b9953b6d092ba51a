/* SPDX-License-Identifier: MIT */
/* The line of channels that may have something to send. One joins it whenever that may have changed
 * and leaves it once nothing more of it may leave, so a poll looks at no other. */
#include "control/ready.h"

#include "base/assert.h"

void engine_ready(struct engine *engine, struct channel *channel)
{
    if (channel->ready || channel->stopped)
        return;
    channel->ready = true;
    channel->ready_next = NULL;
    channel->ready_prev = engine->ready_tail;
    if (engine->ready_tail)
        engine->ready_tail->ready_next = channel;
    else
        engine->ready_head = channel;
    engine->ready_tail = channel;
}

void engine_unready(struct engine *engine, struct channel *channel)
{
    if (!channel->ready)
        return;
    ASSERT_CHECKED((channel->ready_prev ? channel->ready_prev->ready_next : engine->ready_head) ==
                   channel);
    ASSERT_CHECKED((channel->ready_next ? channel->ready_next->ready_prev : engine->ready_tail) ==
                   channel);
    if (channel->ready_prev)
        channel->ready_prev->ready_next = channel->ready_next;
    else
        engine->ready_head = channel->ready_next;
    if (channel->ready_next)
        channel->ready_next->ready_prev = channel->ready_prev;
    else
        engine->ready_tail = channel->ready_prev;
    channel->ready = false;
}
