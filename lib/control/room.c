/* SPDX-License-Identifier: MIT */
#include "control/room.h"

/* Answers that one received message may need, with one left for the StopCCN that ends it all. */
#define ROOM_FOR_ANSWERS 2

/* RFC 2661 5.8: what is not taken is not acknowledged, so the peer sends it again. That is better
 * than to take a message and to be unable to answer it, not even that it has failed, or to tell the
 * host of it. The one answer that may be long is an FSR, which is no longer than its FSQ. */
int inorder_room(struct engine *engine, const struct l2tpha_tunnel *tunnel, size_t len)
{
    size_t answer = len > ENGINE_ANSWER ? len : ENGINE_ANSWER;

    if (!channel_has_room(engine, &tunnel->channel, ROOM_FOR_ANSWERS) ||
        tunnel->event_bytes > buffer_pool_share(engine->pool))
        return L2TPHA_ERR_QUEUE_FULL;
    int error = engine_make_room(engine, len);
    if (!error)
        error = buffer_reserve(engine->pool, answer);
    if (!error && buffer_pool_room(engine->pool) < 2 * answer) /* an event has a copy */
        error = L2TPHA_ERR_LIMIT;
    return error;
}
